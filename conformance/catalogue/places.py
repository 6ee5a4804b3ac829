"""Where the declarative folders are: in an installed wheel, or beside the package in a checkout."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from conformance.errors import ProfileError

_PACKAGE = "conformance"
_SHIPPED = "_shipped"


def folder(name: str) -> Traversable:
    """A declarative folder (`profiles`, `samples`): the shipped copy of a wheel, else the one beside the package.

    Raises ProfileError (`catalogue.no-folder`) when there is neither.
    """
    shipped = files(_PACKAGE) / _SHIPPED / name
    if shipped.is_dir():
        return shipped
    beside = Path(str(files(_PACKAGE))).parent / name
    if beside.is_dir():
        return beside
    raise ProfileError("catalogue.no-folder", where=str(beside), name=name)


def profiles() -> Traversable:
    """The folder of the profiles, their shared bodies, the options and the schemas."""
    return folder("profiles")


def display(place: Traversable) -> str:
    """How a file is named to a person: from its declarative folder on (`profiles/pfi.yaml`), else as given."""
    parts = Path(str(place)).parts
    for name in ("profiles", "samples"):
        if name in parts:
            at = len(parts) - 1 - parts[::-1].index(name)
            return "/".join(parts[at:])
    return str(place)

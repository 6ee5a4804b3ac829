"""The HL7 v2 data types that XDS metadata borrow: CX, XCN, XON, and coded values (IHE ITI TF-3 4.2.3.1.7)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded value: code, coding scheme (an OID or a name), label. All may be empty."""

    code: str
    scheme: str = ""
    label: str = ""


def _components(raw: str) -> list[str]:
    return raw.split("^")


def _authority(components: list[str], number: int) -> str:
    """The OID in component `number` (1-based), `[namespace]&OID&ISO`."""
    parts = _at(components, number).split("&")
    return parts[1] if len(parts) > 1 else ""


def _at(components: list[str], number: int) -> str:
    return components[number - 1] if len(components) >= number else ""


@dataclass(frozen=True, slots=True)
class Cx:
    """An identifier: `id^^^&authority&ISO^type`, `raw` as sent. `type` is NH for an INS, PI for an IPP."""

    raw: str
    id: str
    authority: str
    type: str

    @classmethod
    def parse(cls, raw: str) -> Cx:
        """Read any text as a CX; missing components are empty."""
        c = _components(raw)
        return cls(raw, _at(c, 1), _authority(c, 4), _at(c, 5))


@dataclass(frozen=True, slots=True)
class Xcn:
    """A person or device: id, family, given, assigning authority OID, name type (D, U), id type (IDNPS, EI, RI, NH)."""

    raw: str
    id: str
    family: str
    given: str
    authority: str
    name_type: str
    id_type: str

    @classmethod
    def parse(cls, raw: str) -> Xcn:
        """Read any text as an XCN; missing components are empty."""
        c = _components(raw)
        return cls(raw, _at(c, 1), _at(c, 2), _at(c, 3), _authority(c, 9), _at(c, 10), _at(c, 13))


@dataclass(frozen=True, slots=True)
class Xon:
    """An organisation: name, assigning authority OID, id type (IDNST), id."""

    raw: str
    name: str
    authority: str
    id_type: str
    id: str

    @classmethod
    def parse(cls, raw: str) -> Xon:
        """Read any text as an XON; missing components are empty."""
        c = _components(raw)
        return cls(raw, _at(c, 1), _authority(c, 6), _at(c, 7), _at(c, 10))


@dataclass(frozen=True, slots=True)
class Author:
    """One author classification: persons, institutions, roles and specialties, in order."""

    persons: tuple[Xcn, ...] = ()
    institutions: tuple[Xon, ...] = ()
    roles: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()

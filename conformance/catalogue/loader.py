"""Reads `profiles/` into values: strict YAML, JSON Schema, shared bodies, then the model."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from conformance.catalogue.model import Options, Profile, Requirement


def load_profile(dsr_or_path: str | Path) -> Profile:
    """The profile of a DSR (`PFI`, any case) or of a YAML file; raises ProfileError with file, line, key and remedy."""
    raise NotImplementedError


def all_profiles() -> tuple[Profile, ...]:
    """Every shipped profile, by DSR name; raises ProfileError."""
    raise NotImplementedError


def load_options() -> Options:
    """The options and standard reasons of `profiles/options.yaml`; raises ProfileError."""
    raise NotImplementedError


def resolve_options(options: Options, declared: Iterable[str]) -> frozenset[str]:
    """The options that hold: the defaults, plus the names declared, minus those declared as `!name`.

    Raises TargetError (`catalogue.unknown-option`) on a name that does not exist, with the nearest ones.
    """
    raise NotImplementedError


def applicable(requirement: Requirement, options: Collection[str], claims: Collection[str]) -> bool:
    """Whether a row applies. `options` come from `resolve_options`; `claims` are the keys of the PEUT rows claimed."""
    raise NotImplementedError


def digest(profile: Profile) -> str:
    """SHA-256 (hexadecimal) of everything the profile was made from: it changes when any row, option or text does."""
    return profile.digest

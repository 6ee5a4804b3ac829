"""Settings of the pilot, accounts, Pro Santé Connect, the directory and third-party connections: all optional."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.reference.config_reader import Address, Reader

SECTIONS = ("pilot", "accounts", "psc", "annuaire", "third_party")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the pilot listens, if it does."""

    pilot: Address | None = None


def read(reader: Reader) -> Access:
    """The optional sections; raises ConfigError."""
    pilot = reader.table("pilot", ("listen",), needed=False)
    return Access(reader.address("pilot.listen", pilot["listen"], zero=True) if "listen" in pilot else None)

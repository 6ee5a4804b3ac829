"""Accounts and sessions as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ATTRIBUTES = ("family", "given", "mail", "profession", "rpps")
"""What identifies a professional, and may be changed."""


class Denied(Exception):
    """The platform says no: why, for a person. The text never holds a password."""


@dataclass(slots=True)
class Account:
    """One account. `secret` is a digest or empty; `source` says which base it is kept from.

    `looked_up` is when its RPPS was last searched (by the platform's calendar), None when it still must be.
    """

    login: str
    family: str = ""
    given: str = ""
    mail: str = ""
    profession: str = ""
    rpps: str = ""
    permissions: frozenset[str] = frozenset()
    active: bool = True
    source: Literal["own", "directory", "provider"] = "own"
    secret: str = ""
    failures: int = 0
    looked_up: datetime | None = None

    def shown(self) -> dict[str, object]:
        """What may be read of it."""
        return {
            "login": self.login,
            **{name: getattr(self, name) for name in ATTRIBUTES},
            "permissions": sorted(self.permissions),
            "active": self.active,
        }


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says has signed in. `rpps` has 11 digits, or is empty."""

    subject: str
    rpps: str
    family: str
    given: str


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: whose, by which means, since when; the id_token is needed to sign out at the provider."""

    name: str
    login: str
    means: Literal["password", "openid"]
    started: datetime
    rpps: str = ""
    id_token: str = ""


def plain_rpps(national: str) -> str:
    """The RPPS of a national identifier of a professional (`8` then 11 digits), or of an RPPS; else an empty text."""
    digits = national.strip()
    if len(digits) == 12 and digits.startswith("8"):
        digits = digits[1:]
    return digits if len(digits) == 11 and digits.isdigit() else ""

"""What a seeded violation is: a named replacement of one small decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Area = Literal["documents", "mail", "access", "identity"]
"""Whose decision is replaced: `rules.Behaviour`, `mail.rules.MailBehaviour`, `access.rules.AccessBehaviour`,
`ri.rules.IdentityBehaviour`."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One violation: its name, the requirement that owns it, a sentence in two languages, what it replaces by what.

    `restart` marks the defects that rest on what the process remembers between messages: they are chosen when it
    starts, not over the admin socket. `area` says which decisions `replaces` belongs to. `also` are the keys of the
    same official row in other DSRs whose reference vendor has the same decision.
    """

    name: str
    key: str
    fr: str
    en: str
    replaces: str
    by: Callable[..., Any]
    restart: bool = False
    area: Area = "documents"
    also: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every requirement that must catch it, one at most in each DSR."""
        return (self.key, *self.also)


class UnknownDefect(ValueError):
    """A defect was asked for that does not exist."""


def of_mail(name: str, key: str, replaces: str, by: Callable[..., Any], fr: str, en: str) -> Defect:
    """A violation of the mail half; `key` without its DSR."""
    return Defect(name, f"PFI/{key}", fr, en, replaces, by, area="mail")

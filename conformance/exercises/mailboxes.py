"""Whose mailboxes a run writes to and reads from: settings of the target, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, str] = {
    "mss_application_mailbox": "pfi@banc.mssante.fr",
    "mss_return_mailbox": "accueil@banc.mssante.fr",
    "mss_personal_mailbox": "ps801234567897@banc.mssante.fr",
}


def mailbox(settings: Mapping[str, object], kind: str) -> str:
    """The address of the `application`, `return` or `personal` mailbox of the vendor's system."""
    name = f"mss_{kind}_mailbox"
    return str(settings.get(name) or DEFAULTS[name])

"""Text spoilt by a wrong decoding: UTF-8 read as Latin-1 or Windows-1252, characters replaced because unreadable."""

from __future__ import annotations

import re

# An accented capital A followed by what the second byte of an accented letter becomes, a quote in three pieces, the
# replacement character, and the controls that Windows-1252 letters become in Latin-1.
_ODD = re.compile(
    "\u00c3[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|\u00e2\u20ac|\ufffd|[\u0080-\u009f]"
)
_LOST = "\ufffd"


def odd(text: str) -> list[str]:
    """The odd sequences of a text, in order."""
    return _ODD.findall(text)


def is_certain(found: list[str]) -> bool:
    """True when the sequences found cannot be meant: a lost character, or three odd pairs; one alone may be."""
    return len(found) > 2 or _LOST in found


def around(text: str, piece: str) -> str:
    """A little of the text around a piece of it."""
    at = text.index(piece)
    return " ".join(text[max(0, at - 15) : at + 15].split())

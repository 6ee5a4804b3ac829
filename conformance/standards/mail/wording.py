"""The words of a mail: text of its parts, HTML without its markup, what two parts have in common."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from lxml import etree

from conformance.standards.ins import traits
from conformance.standards.mail.syntax import Mail, Part

LIMIT = 2 * 1024 * 1024
"""Characters of a part that are read."""

_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript"})
_TAIL_LINES, _TAIL = 12, 1_200

AUTOMATIC = re.compile(r"\bAUTOMATI(?:QUE|QUEMENT|SE|SEE)S?\b|\bAUTOMATED\b|\bAUTOMATICALLY\b")
"""What says that a message was sent by a machine, in text made plain."""
REPLACES = re.compile(r"\bANNULE(?:NT)?(?: ET)? REMPLACE|\bREMPLAC\w+|\bRECTIFICATI\w+|\bCORRECTI(?:F|VE)\b")
"""A mention of the type `annule et remplace`, in text made plain: its wording is left to the vendor."""


def of_mail(mail: Mail) -> str:
    """The words of a mail: its text/plain part, else its HTML one as text, else nothing."""
    part = mail.wording
    if part is None:
        return ""
    parts = [p for p in part.walk() if not p.parts]
    chosen = next((p for p in parts if p.type == "text/plain"), next((p for p in parts if p.type == "text/html"), None))
    return "" if chosen is None else of_part(chosen)


def of_part(part: Part) -> str:
    """The words of a text part; markup of HTML is left out."""
    text = part.text[:LIMIT]
    return of_html(text) if part.type == "text/html" else text


@lru_cache(maxsize=64)
def of_html(text: str) -> str:
    """The text that an HTML document shows, a line for each run of characters; empty when there is none."""
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ""
    if root is None:
        return ""
    found: list[str] = []
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            silent += element.tag in _SILENT
            if not silent and element.text:
                found.append(element.text)
            continue
        silent -= element.tag in _SILENT
        if not silent and element.tail:
            found.append(element.tail)
    return "\n".join(found)


def letters(text: str) -> str:
    """Only the letters and digits of a text, without case: what two wordings have in common."""
    bare = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in bare if c.isalnum())


def plain(text: str) -> str:
    """A text in capitals without accents, everything but letters and digits made one blank."""
    return re.sub(r"[^A-Z0-9]+", " ", traits.normalise(text)).strip()


def tail(text: str) -> str:
    """The end of a message: its last lines that say something."""
    lines = [line.strip() for line in text[-20_000:].splitlines() if line.strip()]
    return "\n".join(lines[-_TAIL_LINES:])[-_TAIL:]

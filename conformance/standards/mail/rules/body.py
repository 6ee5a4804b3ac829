"""The body: its form and its words (référentiel socle MSSanté n° 2, ECO.2.2.3 and 2.2.4; MSS/va1.11)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.standards.mail import wording
from conformance.standards.mail.rules.core import Hit, Letter, Rule, Rules
from conformance.standards.mail.syntax import Part

ALTERNATIVE = ("text/plain", "text/html")


def _absent(letter: Letter) -> Iterator[Hit]:
    if letter.mail.wording is None:
        yield Hit("body", letter.mail.root.type, "text/plain | multipart/alternative")


def _type(letter: Letter) -> Iterator[Hit]:
    part = letter.mail.wording
    if part is not None and part.type not in ("text/plain", "multipart/alternative"):
        yield Hit("body/Content-Type", part.type, "text/plain | multipart/alternative", part.type)


def _alternatives(letter: Letter) -> tuple[Part, ...]:
    part = letter.mail.wording
    return part.parts if part is not None and part.type == "multipart/alternative" else ()


def _forms(letter: Letter) -> Iterator[Hit]:
    part = letter.mail.wording
    if part is None or part.type != "multipart/alternative":
        return
    seen = tuple(p.type for p in part.parts)
    if seen != ALTERNATIVE:
        yield Hit("body/multipart", ", ".join(seen)[:200], ", ".join(ALTERNATIVE))


def _wording(letter: Letter) -> Iterator[Hit]:
    parts = _alternatives(letter)
    if tuple(p.type for p in parts) != ALTERNATIVE:
        return
    text, html = (wording.of_part(p) for p in parts)
    ours, theirs = wording.letters(text), wording.letters(html)
    if ours != theirs:
        at = next(
            (n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
        )
        start = max(0, at - 20)
        yield Hit("body/text/html", theirs[start : at + 40], ours[start : at + 40])


def _charset(letter: Letter) -> Iterator[Hit]:
    part = letter.mail.wording
    for held in part.walk() if part is not None else ():
        if held.type.startswith("text/") and held.charset not in ("utf-8", "utf8", "us-ascii"):
            yield Hit("body/Content-Type/charset", held.charset, "utf-8")


RULES: Rules = (
    Rule("mail.body.absent", _absent),
    Rule("mail.body.type", _type),
    Rule("mail.body.forms", _forms),
    Rule("mail.body.wording", _wording),
    Rule("mail.body.charset", _charset),
)

"""The text that a PDF shows, and whether it says something: tolerant of case, accents, line breaks and hyphens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from conformance.errors import Malformed
from conformance.standards.ins import traits
from conformance.standards.pdf import bounds

PAGES = 200
LIMIT_CHARACTERS = 2_000_000
LIMIT_WANTED = 300

_BROKEN = re.compile(r"[-\u00ad\ufffe\u2010]\s*[\r\n]+\s*")
_INVISIBLE = 3


def pages(data: bytes) -> tuple[str, ...]:
    """The text of each page, in reading order as PDFium gives it; text that is not painted is left out.

    Raises Malformed as `bounds.opened` does; SetupError without the libraries.
    """
    bounds.checked(data)
    pdfium = bounds.library("pypdfium2")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise Malformed("pdf.syntax.broken", "xref", str(error)[:200]) from None
    found: list[str] = []
    left = LIMIT_CHARACTERS
    try:
        for number in range(min(len(document), PAGES)):
            try:
                page = document[number]
            except pdfium.PdfiumError:
                found.append("")
                continue
            try:
                found.append(_text(pdfium, page, left))
            finally:
                page.close()
            left -= len(found[-1])
    finally:
        document.close()
    return tuple(found)


def _text(pdfium: Any, page: Any, limit: int) -> str:
    held = page.get_textpage()
    try:
        count = min(held.count_chars(), max(limit, 0))
        if count <= 0:
            return ""
        raw = pdfium.raw
        if not _hides(raw, pdfium, page):
            return str(held.get_text_range(0, count))
        shown = []
        for index in range(count):
            drawn = raw.FPDFText_GetTextObject(held.raw, index)
            if not drawn or raw.FPDFTextObj_GetTextRenderMode(drawn) != _INVISIBLE:
                shown.append(chr(raw.FPDFText_GetUnicode(held.raw, index)))
        return "".join(shown)
    finally:
        held.close()


def _hides(raw: Any, pdfium: Any, page: Any) -> bool:
    """True when a page has invisible text and no image under it that would show the same (a scan read by OCR)."""
    hidden = False
    for number, held in enumerate(page.get_objects(max_depth=3)):
        if held.type == raw.FPDF_PAGEOBJ_IMAGE:
            return False
        if held.type == raw.FPDF_PAGEOBJ_TEXT:
            hidden = hidden or raw.FPDFTextObj_GetTextRenderMode(held.raw) == _INVISIBLE
        if number > 20_000:
            break
    return hidden


def plain(text: str) -> str:
    """Capitals without accents, words cut at the end of a line joined again, blanks reduced to one space."""
    return " ".join(traits.normalise(_BROKEN.sub("-", text)).split())


def says(text: str, wanted: str) -> bool:
    """True when a text (already `plain`) says some words, not inside longer ones.

    Between words anything but letters and digits may stand; inside a word, what spaced letters or a column put there.
    """
    words = re.findall(r"[A-Z0-9]+", plain(wanted[:LIMIT_WANTED]))
    spaced = (r"[^A-Z0-9]{0,2}".join(word) for word in words)
    return bool(words) and re.search(rf"(?<![A-Z0-9]){r'[^A-Z0-9]{0,6}'.join(spaced)}(?![A-Z0-9])", text) is not None


def mentions(text: str, wanted: str) -> bool:
    """True when a text says a configured mention word for word (DOC/va1.03, DOC/va1.18); blanks do not count."""
    sought = re.sub(r"\s+", "", plain(wanted))
    return bool(sought) and sought in re.sub(r"\s+", "", plain(text))


def compact(text: str) -> str:
    """Letters and digits alone, in capitals."""
    return re.sub(r"[^A-Z0-9]", "", text)


_MONTHS = (
    "JANVIER", "FEVRIER", "MARS", "AVRIL", "MAI", "JUIN", "JUILLET", "AOUT", "SEPTEMBRE", "OCTOBRE", "NOVEMBRE",
    "DECEMBRE",
)  # fmt: skip


def date_patterns(text: str) -> Iterator[str]:
    """Regular expressions of the ways to write a date given as AAAA, AAAAMM or AAAAMMJJ, in a `plain` text."""
    parsed = traits.parse_birth(text)
    if parsed is None:
        return
    year, month, day = parsed
    if month is None:
        yield rf"(?<!\d){year:04d}(?!\d)"
        return
    name = _MONTHS[month - 1]
    # Not `JUI`, which is the start of two months.
    spelled = "(?:" + "|".join(name[:n] for n in range(len(name), 3 if month in (6, 7) else 2, -1)) + r")\.?"
    days = "" if day is None else rf"0?{day}(?:ER)?"
    separator = r"\s?[/.\-]\s?"
    if day is None:
        yield rf"(?<!\d)0?{month}{separator}{year:04d}(?!\d)"
        yield rf"{spelled}\s{year:04d}(?!\d)"
        return
    yield rf"(?<!\d){days}{separator}0?{month}{separator}{year:04d}(?!\d)"
    yield rf"(?<!\d){year:04d}{separator}0?{month}{separator}0?{day}(?!\d)"
    yield rf"(?<!\d){days}[\s\-]{{0,2}}{spelled}[\s\-]{{0,2}}{year:04d}(?!\d)"
    yield rf"(?<!\d){day:02d}\s{month:02d}\s{year:04d}(?!\d)"
    yield rf"(?<!\d)(?:{day:02d}{month:02d}{year:04d}|{year:04d}{month:02d}{day:02d})(?!\d)"


def says_date(text: str, wanted: str) -> bool:
    """True when a text (already `plain`) says a date, in one of the usual ways."""
    return _any(date_patterns(wanted), text)


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(re.search(p, text) for p in patterns)

"""The facts of one font that PDF/A-1 asks about (ISO 19005-1, 6.3; PDF Reference 1.4, 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from conformance.standards.pdf.objects import entry, is_stream, items, name, string, whole

STANDARD = frozenset(
    f"{family}{style}"
    for family, styles in {
        "Helvetica": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "Courier": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "Times": ("-Roman", "-Bold", "-Italic", "-BoldItalic"),
        "Symbol": ("",),
        "ZapfDingbats": ("",),
    }.items()
    for style in styles
)
_SUBSET = re.compile(r"[A-Z]{6}\+")
_PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")


@dataclass(frozen=True, slots=True)
class Font:
    """A font used to show text; for a composite font, `descendant` tells its CIDFont.

    `modes` are the text rendering modes it was shown with (3 is invisible). `encoding` is a name, `differences` tells
    that it is a dictionary with Differences. `ordering` is (registry, ordering) of the CIDFont and of the CMap.
    """

    name: str
    subtype: str
    descendant: str
    embedded: bool
    modes: frozenset[int]
    program: str
    symbolic: bool | None
    encoding: str
    differences: bool
    missing: tuple[str, ...]
    char_set: bool
    cid_set: bool
    cid_to_gid: bool
    cmap_embedded: bool
    ordering: tuple[str, str]
    unicode: bool

    @property
    def visible(self) -> bool:
        """True when some text is really shown with it."""
        return bool(self.modes - {3})

    @property
    def subset(self) -> bool:
        """True when its name says that only some glyphs are embedded."""
        return _SUBSET.match(self.name) is not None

    @property
    def standard(self) -> bool:
        """True for one of the fourteen fonts every reader has."""
        return self.name in STANDARD


def font_of(held: Any, modes: frozenset[int]) -> Font:
    """The facts of a font dictionary."""
    subtype = name(entry(held, "/Subtype"))
    below = next(iter(items(entry(held, "/DescendantFonts"))), None) if subtype == "Type0" else None
    descriptor = entry(held if below is None else below, "/FontDescriptor")
    program = next((p for p in _PROGRAMS if is_stream(entry(descriptor, p))), "")
    flags = whole(entry(descriptor, "/Flags"))
    encoding = entry(held, "/Encoding")
    embedded_cmap = subtype == "Type0" and is_stream(encoding)
    base = entry(encoding, "/CMapName" if embedded_cmap else "/BaseEncoding")
    return Font(
        name=name(entry(held, "/BaseFont")),
        subtype=subtype,
        descendant=name(entry(below, "/Subtype")),
        embedded=bool(program) or subtype == "Type3",
        modes=modes,
        program=name(entry(entry(descriptor, program), "/Subtype")) or program[1:],
        symbolic=None if flags is None else bool(flags & 4),
        encoding=name(encoding) or name(base),
        differences=entry(encoding, "/Differences") is not None,
        missing=tuple(_missing(held, subtype)),
        char_set=entry(descriptor, "/CharSet") is not None,
        cid_set=entry(descriptor, "/CIDSet") is not None,
        cid_to_gid=entry(below, "/CIDToGIDMap") is not None,
        cmap_embedded=embedded_cmap,
        ordering=(_system(below), _system(encoding) if embedded_cmap else ""),
        unicode=entry(held, "/ToUnicode") is not None,
    )


def _missing(held: Any, subtype: str) -> list[str]:
    """Entries that a simple font lacks, or whose widths do not count as many as its characters."""
    if subtype not in ("Type1", "TrueType", "MMType1", "Type3"):
        return []
    if subtype == "Type1" and name(entry(held, "/BaseFont")) in STANDARD:
        return []
    found = [k for k in ("FirstChar", "LastChar", "Widths") if entry(held, "/" + k) is None]
    first, last = whole(entry(held, "/FirstChar")), whole(entry(held, "/LastChar"))
    if first is not None and last is not None and not found and len(items(entry(held, "/Widths"))) != last - first + 1:
        found.append("Widths")
    return found


def _system(held: Any) -> str:
    system = entry(held, "/CIDSystemInfo")
    if system is None:
        return ""
    return f"{string(entry(system, '/Registry'))}-{string(entry(system, '/Ordering'))}"

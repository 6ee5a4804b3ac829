"""The rules of PDF/A-1 that are judged here, one row each: code, clause and test number of ISO 19005-1, what breaks it.

Clauses and test numbers are those of the veraPDF profile of PDF/A-1b, so that both judges can be laid side by side.
Not judged here: the insides of font programs (widths and presence of glyphs, 6.3.5-1, 6.3.6), limits of numbers,
names and arrays (6.1.12, but the nesting of q), the types of XMP properties (6.7.8, 6.7.9-3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from conformance.standards.pdf import xmp
from conformance.standards.pdf.content import INTENTS
from conformance.standards.pdf.reader import Annotation, Pdf

Broken = tuple[str, str]
"""(where, what was seen) of one breach."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its finding code, its clause (`6.3.4`) and test number, and the breaches it finds in a PDF."""

    code: str
    clause: str
    test: int
    breaches: Callable[[Pdf], Iterable[Broken]]


def _if(broken: bool, where: str, seen: object = "") -> Iterator[Broken]:
    if broken:
        yield where, str(seen)


def _feature(word: str, where: str) -> Callable[[Pdf], Iterable[Broken]]:
    return lambda pdf: _if(word in pdf.features, where, word)


def _states(key: str, *allowed: str) -> Callable[[Pdf], Iterable[Broken]]:
    return lambda pdf: (("ExtGState", f"{k} {v}") for k, v in pdf.states if k == key and v not in allowed)


def _opaque(key: str) -> Callable[[Pdf], Iterable[Broken]]:
    return lambda pdf: (("ExtGState", f"{k} {v}") for k, v in pdf.states if k == key and not _is_one(v))


def _is_one(text: str) -> bool:
    try:
        return abs(float(text) - 1) < 1e-6
    except ValueError:
        return False


def _device(pdf: Pdf, device: str, *spaces: str) -> Iterator[Broken]:
    for name, count, where in pdf.devices:
        if name == device and not (set(pdf.intents) & set(spaces)):
            yield where, f"{device} (x{count})"


def _entries(word: str) -> Callable[[Pdf], Iterable[Broken]]:
    return lambda pdf: ((i.path, word) for i in pdf.images if word in i.entries)


def _annotated(broken: Callable[[Annotation], object]) -> Callable[[Pdf], Iterable[Broken]]:
    return lambda pdf: (
        (f"page[{a.page}]/Annots", f"{a.subtype} {seen}".strip() if seen is not True else a.subtype)
        for a in pdf.annotations
        if (seen := broken(a))
    )


def _fonts(pdf: Pdf) -> Iterator[tuple[str, Broken]]:
    """(test, breach) of every rule on fonts that are shown."""
    for font in pdf.fonts:
        where = f"font {font.name or font.subtype}"
        if font.subtype not in ("Type1", "MMType1", "TrueType", "Type3", "Type0"):
            yield "6.3.2-2", (where, font.subtype)
        if font.subtype != "Type3" and not font.name:
            yield "6.3.2-3", (where, font.subtype)
        for number, entry in ((4, "FirstChar"), (5, "LastChar"), (6, "Widths")):
            if entry in font.missing:
                yield f"6.3.2-{number}", (where, entry)
        if font.visible and not font.embedded:
            yield "6.3.4-1", (where, "not embedded")
        if font.subtype in ("Type1", "MMType1") and font.subset and not font.char_set:
            yield "6.3.5-2", (where, "no CharSet")
        if font.subtype == "Type0":
            if font.subset and not font.cid_set:
                yield "6.3.5-3", (where, "no CIDSet")
            if font.visible and font.descendant == "CIDFontType2" and not font.cid_to_gid:
                yield "6.3.3.2-1", (where, "no CIDToGIDMap")
            if font.encoding not in ("Identity-H", "Identity-V"):
                if not font.cmap_embedded:
                    yield "6.3.3.3-1", (where, font.encoding)
                elif font.ordering[0] != font.ordering[1]:
                    yield "6.3.3.1-1", (where, " / ".join(font.ordering))
        if font.subtype == "TrueType" and font.symbolic is not True:
            if font.encoding not in ("MacRomanEncoding", "WinAnsiEncoding") or font.differences:
                yield "6.3.7-1", (where, font.encoding or "no Encoding")
        elif font.subtype == "TrueType" and (font.encoding or font.differences):
            yield "6.3.7-2", (where, font.encoding or "Differences")


def _font(test: str) -> Callable[[Pdf], Iterable[Broken]]:
    return lambda pdf: (breach for number, breach in _fonts(pdf) if number == test)


def _info(key: str, *names: str, date: bool = False) -> Callable[[Pdf], Iterable[Broken]]:
    """An entry of Info must be said by XMP too, and equal (6.7.3)."""

    def breaches(pdf: Pdf) -> Iterator[Broken]:
        told = pdf.info.get(key)
        if told is None:
            return
        held = pdf.packet.properties if pdf.packet else {}
        said = next((held[n] for n in names if n in held), None)
        if date and said is not None:
            same = xmp.instant(told) is not None and xmp.instant(told) == xmp.instant(said)
        else:
            same = said is not None and said.strip("\x00") == told.strip("\x00")
        if same and key == "Author" and pdf.packet is not None:
            same = pdf.packet.counts.get(names[0], 1) == 1
        if not same:
            yield f"Info/{key}", f"{told} / {said}"

    return breaches


def _profiles(use: str, classes: tuple[str, ...], spaces: tuple[str, ...]) -> Callable[[Pdf], Iterable[Broken]]:
    def breaches(pdf: Pdf) -> Iterator[Broken]:
        for profile in pdf.profiles:
            sound = profile.device_class in classes and profile.space in spaces and profile.version < 3
            if profile.use == use and not sound:
                yield f"ICC profile ({use})", f"{profile.device_class} {profile.space} version {profile.version}"

    return breaches


_COMPONENTS = {1: ("GRAY",), 3: ("RGB ", "Lab "), 4: ("CMYK",)}


def _components(pdf: Pdf) -> Iterator[Broken]:
    for profile in pdf.profiles:
        if profile.space not in _COMPONENTS.get(profile.components or 0, ()):
            yield f"ICC profile ({profile.use})", f"N {profile.components}, {profile.space}"


def _undeclared(pdf: Pdf) -> Iterator[Broken]:
    return (("Metadata", uri) for uri in (pdf.packet.undeclared if pdf.packet else ()))


def _claimed(pdf: Pdf) -> str:
    return str(pdf.claim) if pdf.claim else ""


def _packet_header(word: str) -> Callable[[Pdf], Iterable[Broken]]:
    return lambda pdf: _if(pdf.packet is not None and f"{word}=" in pdf.packet.header, "Metadata", word)


_ANNOTATIONS = frozenset(
    {
        "Text", "Link", "FreeText", "Line", "Square", "Circle", "Highlight", "Underline", "Squiggly", "StrikeOut",
        "Stamp", "Ink", "Popup", "Widget", "PrinterMark", "TrapNet",
    }
)  # fmt: skip
_ACTIONS = frozenset({"GoTo", "GoToR", "Thread", "URI", "SubmitForm"})
_NAMED = frozenset(f"Named {word}" for word in ("NextPage", "PrevPage", "FirstPage", "LastPage"))


def _flags(annotation: Annotation) -> object:
    """Print set, Hidden, Invisible and NoView clear (PDF Reference 1.4, 8.4.2)."""
    flags = annotation.flags
    return f"F {flags}" if flags is None or not flags & 4 or flags & (1 | 2 | 32) else False


RULES: tuple[Rule, ...] = (
    Rule("pdf.a.header", "6.1.2", 1, lambda p: _if(p.layout.header_at != 0, "header", f"offset {p.layout.header_at}")),
    Rule("pdf.a.header", "6.1.2", 2, lambda p: _if(not p.layout.binary, "header", "no comment of four binary bytes")),
    Rule("pdf.a.trailer-id", "6.1.3", 1, lambda p: _if(not p.has_id, "trailer/ID", "absent")),
    Rule("pdf.a.encrypted", "6.1.3", 2, _feature("encrypted", "trailer/Encrypt")),
    Rule(
        "pdf.a.after-end",
        "6.1.3",
        3,
        lambda p: _if(p.layout.after_end > 0, "%%EOF", f"{p.layout.after_end} bytes after"),
    ),
    Rule("pdf.a.xref", "6.1.4", 1, lambda p: (("xref", fault) for fault in p.layout.xref_faults)),
    Rule("pdf.a.xref", "6.1.4", 3, lambda p: _if(p.layout.xref_stream, "xref", "a stream")),
    Rule("pdf.a.stream", "6.1.7", 1, lambda p: ((f, f) for f in p.layout.stream_faults if "length" in f)),
    Rule("pdf.a.stream", "6.1.7", 2, lambda p: ((f, f) for f in p.layout.stream_faults if "length" not in f)),
    Rule("pdf.a.stream", "6.1.7", 3, lambda p: ((where, f) for f, where in p.filters if f == "external")),
    Rule("pdf.a.object", "6.1.8", 1, lambda p: ((fault, "spacing") for fault in p.layout.object_faults)),
    Rule("pdf.a.filter", "6.1.10", 1, lambda p: ((where, f) for f, where in p.filters if f in ("LZWDecode", "LZW"))),
    Rule("pdf.a.embedded-files", "6.1.11", 1, _feature("file-with-content", "Filespec/EF")),
    Rule("pdf.a.embedded-files", "6.1.11", 2, _feature("embedded-files", "Names/EmbeddedFiles")),
    Rule("pdf.a.nesting", "6.1.12", 8, lambda p: _if(p.drawn.nesting > 28, "content", f"q nested {p.drawn.nesting}")),
    Rule("pdf.a.optional-content", "6.1.13", 1, _feature("optional-content", "OCProperties")),
    Rule("pdf.a.profile", "6.2.2", 1, _profiles("intent", ("prtr", "mntr"), ("RGB ", "CMYK", "GRAY"))),
    Rule(
        "pdf.a.profile",
        "6.2.3.2",
        1,
        _profiles("space", ("prtr", "mntr", "scnr", "spac"), ("RGB ", "CMYK", "GRAY", "Lab ")),
    ),
    Rule("pdf.a.profile", "6.2.3.2", 2, _components),
    Rule("pdf.a.device-colour", "6.2.3.3", 1, lambda p: _device(p, "DeviceRGB", "RGB ")),
    Rule("pdf.a.device-colour", "6.2.3.3", 2, lambda p: _device(p, "DeviceCMYK", "CMYK")),
    Rule("pdf.a.device-colour", "6.2.3.3", 3, lambda p: _device(p, "DeviceGray", "RGB ", "CMYK", "GRAY")),
    Rule("pdf.a.image", "6.2.4", 1, _entries("Alternates")),
    Rule("pdf.a.image", "6.2.4", 2, _entries("OPI")),
    Rule("pdf.a.image", "6.2.4", 3, _entries("Interpolate")),
    Rule(
        "pdf.a.image",
        "6.2.4",
        4,
        lambda p: ((i.path, f"{i.bits} bits") for i in p.images if i.bits not in (None, 1, 2, 4, 8)),
    ),
    Rule("pdf.a.form-xobject", "6.2.5", 1, lambda p: ((where, k) for k, where in p.forms if k == "PS")),
    Rule("pdf.a.form-xobject", "6.2.6", 1, lambda p: ((where, k) for k, where in p.forms if k == "Ref")),
    Rule("pdf.a.graphics-state", "6.2.8", 1, _states("TR")),
    Rule("pdf.a.graphics-state", "6.2.8", 2, _states("TR2", "Default")),
    Rule("pdf.a.intent", "6.2.9", 1, lambda p: (("content", word) for word in sorted(p.drawn.intents - INTENTS))),
    Rule("pdf.a.operator", "6.2.10", 1, lambda p: (("content", word) for word in sorted(p.drawn.unknown))),
    Rule("pdf.a.font", "6.3.2", 2, _font("6.3.2-2")),
    Rule("pdf.a.font", "6.3.2", 3, _font("6.3.2-3")),
    Rule("pdf.a.font", "6.3.2", 4, _font("6.3.2-4")),
    Rule("pdf.a.font", "6.3.2", 5, _font("6.3.2-5")),
    Rule("pdf.a.font", "6.3.2", 6, _font("6.3.2-6")),
    Rule("pdf.a.font", "6.3.3.1", 1, _font("6.3.3.1-1")),
    Rule("pdf.a.font", "6.3.3.2", 1, _font("6.3.3.2-1")),
    Rule("pdf.a.font", "6.3.3.3", 1, _font("6.3.3.3-1")),
    Rule("pdf.a.font-embedded", "6.3.4", 1, _font("6.3.4-1")),
    Rule("pdf.a.font-subset", "6.3.5", 2, _font("6.3.5-2")),
    Rule("pdf.a.font-subset", "6.3.5", 3, _font("6.3.5-3")),
    Rule("pdf.a.font-encoding", "6.3.7", 1, _font("6.3.7-1")),
    Rule("pdf.a.font-encoding", "6.3.7", 2, _font("6.3.7-2")),
    Rule("pdf.a.transparency", "6.4", 1, _states("SMask", "None")),
    Rule("pdf.a.transparency", "6.4", 2, _entries("SMask")),
    Rule("pdf.a.transparency", "6.4", 3, lambda p: ((where, "Group") for where in p.groups)),
    Rule("pdf.a.transparency", "6.4", 4, _states("BM", "Normal", "Compatible")),
    Rule("pdf.a.transparency", "6.4", 5, _opaque("CA")),
    Rule("pdf.a.transparency", "6.4", 6, _opaque("ca")),
    Rule("pdf.a.annotation", "6.5.2", 1, _annotated(lambda a: a.subtype not in _ANNOTATIONS)),
    Rule("pdf.a.annotation", "6.5.3", 1, _annotated(lambda a: a.opacity not in (None, 1.0) and f"CA {a.opacity}")),
    Rule("pdf.a.annotation", "6.5.3", 2, _annotated(_flags)),
    Rule(
        "pdf.a.annotation",
        "6.5.3",
        4,
        _annotated(lambda a: a.appearance not in (None, ("N",)) and " ".join(a.appearance or ())),
    ),
    Rule(
        "pdf.a.annotation",
        "6.5.3",
        6,
        _annotated(lambda a: a.appearance == ("N",) and a.state != "stream" and not a.button),
    ),
    Rule(
        "pdf.a.action",
        "6.6.1",
        1,
        lambda p: ((where, kind) for kind, where in p.actions if kind not in _ACTIONS and not kind.startswith("Named")),
    ),
    Rule(
        "pdf.a.action",
        "6.6.1",
        2,
        lambda p: ((where, kind) for kind, where in p.actions if kind.startswith("Named") and kind not in _NAMED),
    ),
    Rule("pdf.a.action", "6.6.1", 3, _annotated(lambda a: a.subtype == "Widget" and "A" in a.entries)),
    Rule("pdf.a.action", "6.6.2", 1, _annotated(lambda a: a.subtype == "Widget" and "AA" in a.entries)),
    Rule("pdf.a.action", "6.6.2", 2, _feature("field-actions", "AcroForm")),
    Rule("pdf.a.action", "6.6.2", 3, _feature("additional-actions", "AA")),
    Rule("pdf.a.metadata", "6.7.2", 1, lambda p: _if(p.metadata == "absent", "Metadata", "absent")),
    Rule("pdf.a.metadata", "6.7.2", 2, lambda p: _if(p.metadata == "filtered", "Metadata", "filtered")),
    Rule("pdf.a.info", "6.7.3", 1, _info("CreationDate", f"{{{xmp.XMP}}}CreateDate", date=True)),
    Rule("pdf.a.info", "6.7.3", 2, _info("Title", f"{{{xmp.DC}}}title")),
    Rule("pdf.a.info", "6.7.3", 3, _info("Author", f"{{{xmp.DC}}}creator")),
    Rule("pdf.a.info", "6.7.3", 4, _info("Subject", f"{{{xmp.DC}}}description")),
    Rule("pdf.a.info", "6.7.3", 5, _info("Keywords", f"{{{xmp.PDF}}}Keywords")),
    Rule("pdf.a.info", "6.7.3", 6, _info("Creator", f"{{{xmp.XMP}}}CreatorTool")),
    Rule("pdf.a.info", "6.7.3", 7, _info("Producer", f"{{{xmp.PDF}}}Producer")),
    Rule("pdf.a.info", "6.7.3", 8, _info("ModDate", f"{{{xmp.XMP}}}ModifyDate", date=True)),
    Rule("pdf.a.xmp", "6.7.5", 1, _packet_header("bytes")),
    Rule("pdf.a.xmp", "6.7.5", 2, _packet_header("encoding")),
    Rule("pdf.a.xmp", "6.7.9", 1, lambda p: _if(bool(p.packet_fault), "Metadata", p.packet_fault)),
    Rule("pdf.a.xmp", "6.7.9", 2, _undeclared),
    Rule("pdf.a.claim", "6.7.11", 1, lambda p: _if(p.metadata != "absent" and p.claim is None, "Metadata", "no claim")),
    Rule(
        "pdf.a.claim", "6.7.11", 2, lambda p: _if(p.claim is not None and p.claim.part != "1", "Metadata", _claimed(p))
    ),
    Rule(
        "pdf.a.claim",
        "6.7.11",
        3,
        lambda p: _if(p.claim is not None and p.claim.conformance not in ("A", "B"), "Metadata", _claimed(p)),
    ),
    Rule(
        "pdf.a.claim",
        "6.7.11",
        4,
        lambda p: _if(
            p.claim is not None and p.claim.prefix != "pdfaid", "Metadata", p.claim.prefix if p.claim else ""
        ),
    ),
    Rule("pdf.a.form-field", "6.9", 1, _feature("need-appearances", "AcroForm")),
    Rule("pdf.a.form-field", "6.9", 2, _annotated(lambda a: a.subtype == "Widget" and a.appearance is None)),
)

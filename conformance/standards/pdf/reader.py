"""Reading a PDF: every fact that its judges use, within bounds (ISO 32000-1; ISO 19005-1)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.errors import Malformed
from conformance.standards.pdf import bounds, objects, raw, xmp
from conformance.standards.pdf.content import Drawn, Walker, devices
from conformance.standards.pdf.fonts import Font, font_of
from conformance.standards.pdf.objects import (
    each,
    entry,
    is_dictionary,
    is_stream,
    items,
    keys,
    name,
    place,
    string,
    whole,
)
from conformance.standards.pdf.raw import Layout
from conformance.standards.pdf.xmp import Claim, Packet

LIMIT_ITEMS = 2_000
LIMIT_NESTED = 4


@dataclass(frozen=True, slots=True)
class Image:
    """An image drawn: where it is held, its size in pixels, and the entries that PDF/A restricts, when present."""

    path: str
    width: int
    height: int
    entries: frozenset[str]
    bits: int | None


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation: page, subtype, flags (None when absent), keys of its appearance, opacity, entries present.

    `state` tells the normal appearance: `stream`, `dict`, or empty; `button` a field of type Btn.
    """

    page: int
    subtype: str
    flags: int | None
    appearance: tuple[str, ...] | None
    state: str
    opacity: float | None
    entries: frozenset[str]
    button: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """An ICC profile: where it is used (`intent`, `space`), N declared, its class, colour space and major version."""

    use: str
    components: int | None
    device_class: str
    space: str
    version: int


@dataclass(frozen=True)
class Pdf:
    """A PDF read. Texts are empty and tuples are empty when a thing is absent.

    `pages` are (width, height) in points; `claim` is what the XMP says of PDF/A; `info` the Info dictionary by name;
    `metadata` is `absent`, `plain` or `filtered`; `actions` are (kind, where); `features` are plain words for what the
    file holds (`encrypted`, `javascript`, `embedded-files`, `optional-content`, `forms`, `signatures`, `tagged`...).
    """

    size: int
    layout: Layout
    pages: tuple[tuple[float, float], ...]
    claim: Claim | None
    packet: Packet | None
    packet_fault: str
    metadata: str
    info: Mapping[str, str]
    has_id: bool
    fonts: tuple[Font, ...]
    images: tuple[Image, ...]
    annotations: tuple[Annotation, ...]
    actions: tuple[tuple[str, str], ...]
    profiles: tuple[Profile, ...]
    intents: tuple[str, ...]
    devices: tuple[tuple[str, int, str], ...]
    filters: tuple[tuple[str, str], ...]
    states: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    forms: tuple[tuple[str, str], ...]
    features: frozenset[str]
    drawn: Drawn = field(repr=False, default_factory=Drawn)

    @property
    def version(self) -> str:
        """The version of the header, e.g. `1.4`."""
        return self.layout.version


def read(data: bytes) -> Pdf:
    """The facts of a PDF. Raises Malformed as `bounds.opened` does; SetupError without pikepdf."""
    pdf = bounds.opened(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pikepdf warns of content that stops short: it is judged as it is
            return _Reader(pdf, data).facts()
    except Malformed:
        raise
    except Exception as error:  # noqa: BLE001 - a tree so broken that the library gives up half-way
        raise Malformed("pdf.syntax.broken", "objects", f"{type(error).__name__} {error}"[:200]) from None
    finally:
        pdf.close()


class _Reader:
    def __init__(self, pdf: Any, data: bytes) -> None:
        self.pdf, self.data = pdf, data
        self.root = pdf.Root
        self.walker = Walker()
        self.features: set[str] = set()

    def facts(self) -> Pdf:
        pages: list[tuple[float, float]] = []
        annotations: list[Annotation] = []
        groups: list[str] = []
        for number, page in enumerate(self.pdf.pages, 1):
            box = [float(v) for v in page.mediabox]
            pages.append((abs(box[2] - box[0]), abs(box[3] - box[1])))
            self.walker.page(page, number)
            annotations += self._annotations(page.obj, number)
            groups += self._group(page.obj, f"page[{number}]")
        drawn = self.walker.drawn
        for form in drawn.forms.values():
            groups += self._group(form, place(form))
        packet, fault, metadata = self._packet()
        self._structure()
        return Pdf(
            size=len(self.data),
            layout=raw.layout(self.data),
            pages=tuple(pages),
            claim=packet.claim if packet else None,
            packet=packet,
            packet_fault=fault,
            metadata=metadata,
            info=self._info(),
            has_id=self._has_id(),
            fonts=tuple(font_of(f, frozenset(modes)) for f, modes in drawn.fonts.values()),
            images=tuple(self._image(i) for i in drawn.images.values()),
            annotations=tuple(annotations),
            actions=tuple(dict.fromkeys(self._actions())),
            profiles=tuple(self._profiles(drawn)),
            intents=tuple(self._intents()),
            devices=tuple(devices(drawn)),
            filters=tuple(self._filters()),
            states=tuple(self._states(drawn)),
            groups=tuple(dict.fromkeys(groups)),
            forms=tuple(self._forms(drawn)),
            features=frozenset(self.features),
            drawn=drawn,
        )

    def _has_id(self) -> bool:
        return len(items(self.pdf.trailer.get("/ID"))) == 2

    def _info(self) -> dict[str, str]:
        held = self.pdf.trailer.get("/Info")
        return {k: v for k in keys(held) if (v := string(entry(held, "/" + k))) is not None}

    def _packet(self) -> tuple[Packet | None, str, str]:
        held = entry(self.root, "/Metadata")
        if not is_stream(held):
            return None, "", "absent"
        state = "filtered" if held.get("/Filter") is not None else "plain"
        try:
            return xmp.read(held.read_bytes()), "", state
        except Malformed as error:
            return None, error.seen, state
        except Exception as error:  # noqa: BLE001 - a filter that does not decode
            return None, str(error)[:200], state

    def _structure(self) -> None:
        names, form = entry(self.root, "/Names"), entry(self.root, "/AcroForm")
        present = {
            "encrypted": bool(self.pdf.is_encrypted),
            "embedded-files": entry(names, "/EmbeddedFiles") is not None,
            "javascript": entry(names, "/JavaScript") is not None,
            "optional-content": entry(self.root, "/OCProperties") is not None,
            "additional-actions": entry(self.root, "/AA") is not None,
            "forms": bool(items(entry(form, "/Fields"))),
            "need-appearances": entry(form, "/NeedAppearances") is True,
            "tagged": entry(self.root, "/StructTreeRoot") is not None
            and entry(entry(self.root, "/MarkInfo"), "/Marked") is True,
            "cut": self.walker.drawn.cut,
        }
        self.features |= {word for word, yes in present.items() if yes}

    def _group(self, held: Any, where: str) -> Iterator[str]:
        group = entry(held, "/Group")
        if name(entry(group, "/S")) == "Transparency":
            self.walker.group(entry(group, "/CS"), entry(held, "/Resources"), where)
            yield where

    def _annotations(self, page: Any, number: int) -> Iterator[Annotation]:
        for held in items(entry(page, "/Annots")):
            if not is_dictionary(held):
                continue
            shown = entry(held, "/AP")
            normal = entry(shown, "/N")
            kind = name(entry(held, "/FT")) or name(entry(entry(held, "/Parent"), "/FT"))
            yield Annotation(
                page=number,
                subtype=name(entry(held, "/Subtype")),
                flags=whole(entry(held, "/F")),
                appearance=keys(shown) if is_dictionary(shown) else None,
                state="stream" if is_stream(normal) else "dict" if is_dictionary(normal) else "",
                opacity=objects.number(entry(held, "/CA")),
                entries=frozenset(keys(held)),
                button=kind == "Btn",
            )

    def _actions(self) -> Iterator[tuple[str, str]]:
        """(kind, where) of every action, in dictionaries wherever they are; also marks signatures and file specs."""
        for held in self.pdf.objects:
            if is_dictionary(held):
                yield from self._within(held, place(held), 0)
            else:
                for number, item in enumerate(items(held)[:LIMIT_ITEMS]):
                    if is_dictionary(item) and tuple(item.objgen) == (0, 0):
                        yield from self._within(item, f"{place(held)}[{number}]", 0)

    def _within(self, held: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
        kind, type_ = name(entry(held, "/S")), name(entry(held, "/Type"))
        if type_ == "Action" or kind in _ACTIONS:
            named = name(entry(held, "/N"))
            yield f"Named {named}" if kind == "Named" else kind, where
        if entry(held, "/EF") is not None:
            self.features.add("file-with-content")
        if type_ == "Sig" or (name(entry(held, "/FT")) == "Sig" and is_dictionary(entry(held, "/V"))):
            self.features.add("signatures")
        if entry(held, "/AA") is not None and name(entry(held, "/FT")):
            self.features.add("field-actions")
        if depth >= LIMIT_NESTED:
            return
        for key in keys(held):
            value = entry(held, "/" + key)
            for number, item in enumerate(items(value)[:LIMIT_ITEMS] or (value,)):
                if is_dictionary(item) and tuple(item.objgen) == (0, 0):
                    inner = f"{where}/{key}[{number}]" if items(value) else f"{where}/{key}"
                    yield from self._within(item, inner, depth + 1)

    def _filters(self) -> Iterator[tuple[str, str]]:
        """(filter or external entry, where) of every stream that PDF/A restricts."""
        for held in self.pdf.objects:
            if not is_stream(held):
                continue
            for filter_ in each(held.get("/Filter")):
                if name(filter_) in ("LZWDecode", "LZW", "Crypt", "JPXDecode"):
                    yield name(filter_), place(held)
            if any(held.get(key) is not None for key in ("/F", "/FFilter", "/FDecodeParms")):
                yield "external", place(held)
        for known in self.walker.drawn.inline_filters & {"LZW", "LZWDecode"}:
            yield known, "inline image"

    def _image(self, held: Any) -> Image:
        present = {k for k in keys(held) if k in ("Alternates", "OPI", "SMask")}
        present |= {k for k in ("Interpolate", "ImageMask") if entry(held, "/" + k) is True}
        return Image(
            place(held),
            whole(entry(held, "/Width")) or 0,
            whole(entry(held, "/Height")) or 0,
            frozenset(present),
            whole(entry(held, "/BitsPerComponent")),
        )

    def _intents(self) -> Iterator[str]:
        """The colour space of the profile of each PDF/A output intent."""
        for held in items(entry(self.root, "/OutputIntents")):
            profile = entry(held, "/DestOutputProfile")
            if name(entry(held, "/S")) == "GTS_PDFA1" and is_stream(profile):
                yield _profile(profile, "intent").space

    def _profiles(self, drawn: Drawn) -> Iterator[Profile]:
        for held in items(entry(self.root, "/OutputIntents")):
            profile = entry(held, "/DestOutputProfile")
            if is_stream(profile):
                yield _profile(profile, "intent")
        for space in drawn.spaces.values():
            parts = items(space)
            if len(parts) > 1 and name(parts[0]) == "ICCBased" and is_stream(parts[1]):
                yield _profile(parts[1], "space")

    def _states(self, drawn: Drawn) -> Iterator[tuple[str, str]]:
        """(entry, value) of every graphics state used, for the entries that PDF/A restricts."""
        for held in drawn.states.values():
            for key in ("SMask", "BM", "CA", "ca", "TR", "TR2", "RI"):
                value = entry(held, "/" + key)
                if value is not None:
                    first = next(iter(each(value)), None)
                    yield key, name(first) or ("set" if is_dictionary(first) else str(first))

    def _forms(self, drawn: Drawn) -> Iterator[tuple[str, str]]:
        for held in drawn.forms.values():
            yield from ((key, place(held)) for key in ("Ref", "PS", "OPI") if held.get("/" + key) is not None)
            if name(held.get("/Subtype2")) == "PS":
                yield "PS", place(held)
        for held in drawn.images.values():
            if name(held.get("/Subtype")) == "PS":
                yield "PS", place(held)


_ACTIONS = frozenset(
    {
        "JavaScript", "Launch", "Sound", "Movie", "ResetForm", "ImportData", "SetState", "NOP", "Hide", "Rendition",
        "Trans", "GoTo3DView", "SetOCGState", "GoToE", "URI", "GoTo", "GoToR", "Named", "SubmitForm", "Thread",
    }
)  # fmt: skip


def _profile(held: Any, use: str) -> Profile:
    try:
        head = held.read_bytes()[:128]
    except Exception:  # noqa: BLE001 - a profile that does not decode has no header
        head = b""
    return Profile(
        use=use,
        components=whole(entry(held, "/N")),
        device_class=head[12:16].decode("latin-1"),
        space=head[16:20].decode("latin-1"),
        version=head[8] if len(head) > 8 else 0,
    )

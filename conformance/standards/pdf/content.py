"""What the pages of a PDF draw with: colour spaces, fonts and how they show, graphics states, forms, images.

Content streams are walked as a reader would, forms, patterns and Type 3 glyphs included, within a number of operators.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.standards.pdf import bounds
from conformance.standards.pdf.objects import (
    each,
    entry,
    identity,
    is_dictionary,
    is_stream,
    items,
    keys,
    name,
    whole,
)

LIMIT_OPERATORS = 1_500_000
LIMIT_TOKENS = 1_000_000
"""Tokens of one stream: read whole, a million take about 230 MB."""
LIMIT_DEPTH = 20

_FILL = frozenset({"f", "F", "f*"})
_STROKE = frozenset({"S", "s"})
_BOTH = frozenset({"B", "B*", "b", "b*"})
_SHOW = frozenset({"Tj", "TJ", "'", '"'})
_DEVICE = {
    "g": ("fill", "DeviceGray"),
    "rg": ("fill", "DeviceRGB"),
    "k": ("fill", "DeviceCMYK"),
    "G": ("stroke", "DeviceGray"),
    "RG": ("stroke", "DeviceRGB"),
    "K": ("stroke", "DeviceCMYK"),
}
_SHORT = {"G": "DeviceGray", "RGB": "DeviceRGB", "CMYK": "DeviceCMYK", "I": "Indexed"}
_DEFAULTS = {"DeviceGray": "/DefaultGray", "DeviceRGB": "/DefaultRGB", "DeviceCMYK": "/DefaultCMYK"}
# Operators of PDF Reference 1.4, appendix A.
_KNOWN = frozenset(
    {
        "INLINE IMAGE", "b", "B", "b*", "B*", "BDC", "BI", "BMC", "BT", "BX", "c", "cm", "CS", "cs", "d",
        "d0", "d1", "Do", "DP", "EI", "EMC", "ET", "EX", "f", "F", "f*", "G", "g", "gs", "h", "i", "ID", "j",
        "J", "K", "k", "l", "m", "M", "MP", "n", "q", "Q", "re", "RG", "rg", "ri", "s", "S", "SC", "sc",
        "SCN", "scn", "sh", "T*", "Tc", "Td", "TD", "Tf", "Tj", "TJ", "TL", "Tm", "Tr", "Ts", "Tw", "Tz", "v",
        "w", "W", "W*", "y", "'", '"',
    }
)  # fmt: skip
INTENTS = frozenset({"RelativeColorimetric", "AbsoluteColorimetric", "Perceptual", "Saturation"})


@dataclass
class Drawn:
    """What was met while walking: devices with how often and where first, fonts with their rendering modes...

    `fonts`, `states`, `forms`, `images` map an identity to the object itself; `cut` is true when the bound of
    operators was reached, and nothing beyond was seen.
    """

    devices: dict[str, list[Any]] = field(default_factory=dict)
    spaces: dict[object, Any] = field(default_factory=dict)
    fonts: dict[object, tuple[Any, set[int]]] = field(default_factory=dict)
    states: dict[object, Any] = field(default_factory=dict)
    forms: dict[object, Any] = field(default_factory=dict)
    images: dict[object, Any] = field(default_factory=dict)
    intents: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    nesting: int = 0
    inline_filters: set[str] = field(default_factory=set)
    hidden_text: bool = False
    shown_text: bool = False
    operators: int = 0
    cut: bool = False


@dataclass(slots=True)
class _State:
    fill: tuple[str, ...] = ("DeviceGray",)
    stroke: tuple[str, ...] = ("DeviceGray",)
    mode: int = 0
    font: object = None

    def copy(self) -> _State:
        return _State(self.fill, self.stroke, self.mode, self.font)


class Walker:
    """Walks the content of pages one after another, collecting into `drawn`."""

    def __init__(self) -> None:
        self.pikepdf = bounds.library("pikepdf")
        self.drawn = Drawn()
        self._walked: set[object] = set()

    def page(self, page: Any, number: int) -> None:
        """Walk one page (a pikepdf Page) and the appearances of its annotations."""
        where = f"page[{number}]"
        self._stream(page.obj, _resources(page), _State(), where, 0)
        for annotation in items(entry(page.obj, "/Annots")):
            normal = entry(entry(annotation, "/AP"), "/N")
            for shown in [normal] if is_stream(normal) else [entry(normal, "/" + key) for key in keys(normal)]:
                if is_stream(shown):
                    self._form(shown, None, _State(), f"{where}/Annots", 0)

    def group(self, space: Any, resources: Any, where: str) -> None:
        """Count the colour space that a transparency group blends in."""
        self._devices(self._space(space, resources, 0), where)

    def _stream(self, held: Any, resources: Any, state: _State, where: str, depth: int) -> None:
        if depth > LIMIT_DEPTH or self.drawn.cut:
            return
        if _tokens(held) > LIMIT_TOKENS:
            self.drawn.cut = True
            return
        try:
            instructions = self.pikepdf.parse_content_stream(held)
        except Exception:  # noqa: BLE001 - a content stream that cannot be read draws nothing
            return
        stack: list[_State] = []
        for instruction in instructions:
            self.drawn.operators += 1
            if self.drawn.operators > LIMIT_OPERATORS:
                self.drawn.cut = True
                return
            word = str(instruction.operator)
            if word == "q":
                stack.append(state.copy())
                self.drawn.nesting = max(self.drawn.nesting, len(stack))
            elif word == "Q":
                state = stack.pop() if stack else state
            else:
                self._operator(word, instruction, resources, state, where, depth)

    def _operator(self, word: str, instruction: Any, resources: Any, state: _State, where: str, depth: int) -> None:
        operands = instruction.operands if word != "INLINE IMAGE" else ()
        if word in _DEVICE:
            side, device = _DEVICE[word]
            setattr(state, side, self._space(self.pikepdf.Name("/" + device), resources, 0))
        elif word in ("cs", "CS") and operands:
            setattr(state, "fill" if word == "cs" else "stroke", self._space(operands[0], resources, 0))
        elif word in ("scn", "SCN") and operands and isinstance(operands[-1], self.pikepdf.Name):
            self._pattern(_named(resources, "/Pattern", operands[-1]), resources, state, where, depth)
        elif word in _FILL or word in _STROKE or word in _BOTH:
            self._painted(state, word not in _STROKE, word not in _FILL, where)
        elif word in _SHOW:
            self._shown(state, resources, where, depth)
        elif word == "Tr" and operands:
            state.mode = whole(operands[0]) or 0
        elif word == "Tf" and operands:
            state.font = _named(resources, "/Font", operands[0])
        elif word == "gs" and operands:
            self._graphics(_named(resources, "/ExtGState", operands[0]), state)
        elif word == "Do" and operands:
            self._object(_named(resources, "/XObject", operands[0]), resources, state, where, depth)
        elif word == "sh" and operands:
            shading = _named(resources, "/Shading", operands[0])
            self._devices(self._space(entry(shading, "/ColorSpace"), resources, 0), where)
        elif word == "ri" and operands:
            self.drawn.intents.add(name(operands[0]))
        elif word == "INLINE IMAGE":
            self._inline(instruction, resources, state, where)
        elif word not in _KNOWN:
            self.drawn.unknown.add(word[:20])

    def _painted(self, state: _State, fill: bool, stroke: bool, where: str) -> None:
        if fill:
            self._devices(state.fill, where)
        if stroke:
            self._devices(state.stroke, where)

    def _shown(self, state: _State, resources: Any, where: str, depth: int) -> None:
        mode = state.mode
        if mode in (3, 7):
            self.drawn.hidden_text = True
        else:
            self.drawn.shown_text = True
            self._painted(state, mode in (0, 2, 4, 6), mode in (1, 2, 5, 6), where)
        font = state.font
        if not is_dictionary(font):
            return
        known = self.drawn.fonts.setdefault(identity(font), (font, set()))[1]
        if mode in known:
            return
        known.add(mode)
        if name(entry(font, "/Subtype")) == "Type3":
            glyphs, own = entry(font, "/CharProcs"), entry(font, "/Resources")
            for key in keys(glyphs):
                if is_stream(entry(glyphs, "/" + key)):
                    self._form(entry(glyphs, "/" + key), resources if own is None else own, state, where, depth + 1)

    def _graphics(self, held: Any, state: _State) -> None:
        if not is_dictionary(held):
            return
        self.drawn.states.setdefault(identity(held), held)
        font = items(entry(held, "/Font"))
        if font:
            state.font = font[0]

    def _pattern(self, held: Any, resources: Any, state: _State, where: str, depth: int) -> None:
        if is_stream(held):
            self._form(held, resources, state, where, depth + 1)
        elif is_dictionary(held):
            self._devices(self._space(entry(entry(held, "/Shading"), "/ColorSpace"), resources, 0), where)
            self._graphics(entry(held, "/ExtGState"), state)

    def _object(self, held: Any, resources: Any, state: _State, where: str, depth: int) -> None:
        if not is_stream(held):
            return
        if name(entry(held, "/Subtype")) == "Form":
            self.drawn.forms.setdefault(identity(held), held)
            self._form(held, resources, state, where, depth + 1)
            return
        self.drawn.images.setdefault(identity(held), held)
        if entry(held, "/ImageMask") is True:
            self._devices(state.fill, where)
        else:
            self._devices(self._space(entry(held, "/ColorSpace"), resources, 0), where)
        if name(entry(held, "/Intent")):
            self.drawn.intents.add(name(entry(held, "/Intent")))

    def _inline(self, instruction: Any, resources: Any, state: _State, where: str) -> None:
        image = instruction.iimage.obj
        get = {key: entry(image, "/" + key) for key in ("ColorSpace", "CS", "ImageMask", "IM", "Filter", "F")}
        filters = get["F"] if get["Filter"] is None else get["Filter"]
        self.drawn.inline_filters |= {name(f) for f in each(filters)}
        if True in (get["ImageMask"], get["IM"]):
            self._devices(state.fill, where)
        else:
            self._devices(
                self._space(get["CS"] if get["ColorSpace"] is None else get["ColorSpace"], resources, 0), where
            )

    def _form(self, held: Any, resources: Any, state: _State, where: str, depth: int) -> None:
        """Walk a stream once for each pair of colours it inherits."""
        key = (identity(held), state.fill, state.stroke, state.mode)
        if key in self._walked:
            return
        self._walked.add(key)
        own = entry(held, "/Resources")
        self._stream(held, own if is_dictionary(own) else resources, state.copy(), where, depth)

    def _devices(self, devices: tuple[str, ...], where: str) -> None:
        for device in devices:
            self.drawn.devices.setdefault(device, [0, where])[0] += 1

    def _space(self, space: Any, resources: Any, depth: int) -> tuple[str, ...]:
        """The device colour spaces that a colour space rests on: itself, its base, its alternate."""
        if space is None or depth > 8:
            return ()
        if plain := name(space):
            if plain in _DEFAULTS:
                default = entry(entry(resources, "/ColorSpace"), _DEFAULTS[plain])
                return (plain,) if default is None else self._space(default, None, depth + 1)
            if plain in ("Pattern", "Indexed"):
                return ()
            return self._space(entry(entry(resources, "/ColorSpace"), f"/{plain}"), resources, depth + 1)
        parts = items(space)
        kind = name(parts[0]) if parts else ""
        if not kind:
            return ()
        if kind in _DEFAULTS:
            return self._space(parts[0], resources, depth + 1)
        self.drawn.spaces.setdefault(identity(space), space)
        below = {"Indexed": 1, "Pattern": 1, "Separation": 2, "DeviceN": 2}.get(kind)
        return () if below is None or len(parts) <= below else self._space(parts[below], resources, depth + 1)


def _resources(page: Any) -> Any:
    try:
        return page.resources
    except Exception:  # noqa: BLE001 - inherited resources of a broken tree
        return entry(page.obj, "/Resources")


def devices(drawn: Drawn) -> Iterator[tuple[str, int, str]]:
    """(device, how often, page where first) of each device colour space used."""
    for device, (count, where) in sorted(drawn.devices.items()):
        yield device, int(count), str(where)


def _named(resources: Any, kind: str, key: Any) -> Any:
    """A resource by its kind and name, None when absent."""
    return entry(entry(resources, kind), f"/{name(key)}") if name(key) else None


def _tokens(held: Any) -> int:
    """About how many tokens a content stream, or all those of a page, would give; 0 when it does not decode."""
    found = 0
    for stream in [held] if is_stream(held) else each(entry(held, "/Contents")):
        try:
            body = stream.read_bytes()
        except Exception:  # noqa: BLE001 - what does not decode draws nothing
            continue
        found += sum(body.count(mark) for mark in (b" ", b"\n", b"\r", b"\t", b"(", b"[", b"/", b"<"))
    return found

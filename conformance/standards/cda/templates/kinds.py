"""Named checks that the rule tables use by `is`: what a path and a value cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from conformance.standards.cda.document import Document
from conformance.standards.cda.syntax import tag
from conformance.standards.cda.templates.paths import NotationError
from conformance.standards.xml.syntax import Element

Kind = Callable[[Element, Document], Iterator[tuple[str, str, str]]]
"""A named check of one node: yields (code after `cda.template.`, seen, expected) for what is wrong."""

NULLS = frozenset({"UNK", "NASK", "ASKU", "NAV", "MSK"})
"""The null flavors that the CI-SIS admits (Structuration minimale 3.5.7.2)."""

_TIME = re.compile(r"(?:[0-9]{4}|[0-9]{6}|[0-9]{8}|[0-9]{8}[0-9]+(?:\.[0-9]+)?[+-][0-9]{4})")


def time(node: Element, document: Document) -> Iterator[tuple[str, str, str]]:
    """A TS or the bounds of an IVL_TS as the CI-SIS writes them: AAAA, AAAAMM, AAAAMMJJ, or more with an offset.

    A time may be replaced by an admitted nullFlavor; `high` is not before `low`.
    """
    if node.get("nullFlavor") is not None and node.get("nullFlavor") not in NULLS:
        yield "time", node.get("nullFlavor", ""), " | ".join(sorted(NULLS))
    bounds = [c for name in ("low", "center", "high") for c in node.iterchildren(tag(name))]
    for held in (node, *bounds):
        value = held.get("value")
        if value is not None and not _valid(value):
            yield "time", value, "AAAA | AAAAMM | AAAAMMJJ | AAAAMMJJhhmm[ss]±ZZzz"
    low, high = (next(iter(node.iterchildren(tag(name))), None) for name in ("low", "high"))
    if low is not None and high is not None:
        first, last = low.get("value", ""), high.get("value", "")
        size = min(len(first), len(last), 8)
        if size and first[:size] > last[:size]:
            yield "time", f"{first} > {last}", "low ≤ high"


def _valid(value: str) -> bool:
    if _TIME.fullmatch(value) is None:
        return False
    month, day, hour = value[4:6], value[6:8], value[8:10]
    return (not month or 1 <= int(month) <= 12) and (not day or 1 <= int(day) <= 31) and (not hour or int(hour) < 24)


def after_birth(node: Element, document: Document) -> Iterator[tuple[str, str, str]]:
    """A time, or the low bound of a period, that is not before the birth of the patient."""
    birth = document.birth
    for held in (node, *node.iterchildren(tag("low"))):
        value = held.get("value", "")
        size = min(len(value), len(birth), 8)
        if size >= 4 and value[:size] < birth[:size]:
            yield "time", value, f"≥ birthTime {birth}"


def done(node: Element, document: Document) -> Iterator[tuple[str, str, str]]:
    """The time of something done when the document was made: not before the birth, not after `effectiveTime`.

    Days are compared: hours would need offsets that older documents leave out.
    """
    yield from after_birth(node, document)
    made = document.effective
    for held in (node, *node.iterchildren(tag("low"))):
        value = held.get("value", "")
        size = min(len(value), len(made), 8)
        if size >= 4 and value[:size] > made[:size]:
            yield "time", value, f"≤ effectiveTime {made}"


def received(node: Element, document: Document) -> Iterator[tuple[str, str, str]]:
    """The collection of a specimen: the day of its reception in the laboratory is not before it."""
    collected = [t.get("value", "") for t in (*_times(node), *(low for t in _times(node) for low in _lows(t)))]
    first = min((value for value in collected if value), default="")
    for act in node.iterfind("/".join(map(tag, ("entryRelationship", "act")))):
        code = act.find(tag("code"))
        if code is None or code.get("code") != "SPRECEIVE":
            continue
        for held in _times(act):
            value = held.get("value", "")
            size = min(len(value), len(first), 8)
            if size >= 4 and value[:size] < first[:size]:
                yield "time", value, f"≥ {first}"


def _times(element: Element) -> Iterator[Element]:
    return element.iterchildren(tag("effectiveTime"))


def _lows(element: Element) -> Iterator[Element]:
    return element.iterchildren(tag("low"))


def documented(node: Element, document: Document) -> Iterator[tuple[str, str, str]]:
    """The id of a DICOM study: one of those of the acts that the header documents."""
    acts = document.root.iterfind("/".join(map(tag, ("documentationOf", "serviceEvent", "id"))))
    known = {act.get("root") for act in acts}
    if node.get("root") not in known:
        yield "condition", node.get("root", ""), "documentationOf/serviceEvent/id"


VOLETS = "1.2.250.1.213.1.1.1."
"""The arc of the document models of ANS; `1` below it is the header that all share."""


def modelled(node: Element, document: Document) -> Iterator[tuple[str, str, str]]:
    """A structured document: it declares the model of document that it follows, besides the common header."""
    if not any(oid.startswith(VOLETS) and oid != f"{VOLETS}1" for oid in document.templates):
        yield "missing", "0", f"templateId {VOLETS}*"


_KINDS: dict[str, Kind] = {
    "time": time,
    "after-birth": after_birth,
    "done": done,
    "received": received,
    "documented": documented,
    "modelled": modelled,
}


def get(name: str) -> Kind:
    """The named check; raises NotationError when there is none."""
    try:
        return _KINDS[name]
    except KeyError:
        raise NotationError(f"no named check `{name}` (there are: {', '.join(sorted(_KINDS))})") from None

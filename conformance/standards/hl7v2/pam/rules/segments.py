"""Segments of a PAM message: which, in which order, those not used in France, Z segments (ITI-30, ITI-31)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from conformance.standards.hl7v2.pam import events, structures
from conformance.standards.hl7v2.pam.rules.fields import empty
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.rules.structure import Gap


def _local(name: str) -> bool:
    """A Z segment that the extension does not define."""
    return name.startswith("Z") and name not in structures.Z_SEGMENTS


@lru_cache(maxsize=4096)
def _fits(event: str, names: tuple[bytes, ...]) -> bool:
    """Messages of one source have few shapes: each is compared with the structure once."""
    grammar = structures.grammar(event)
    return grammar is None or grammar.fits(name.decode("ascii", "replace") for name in names)


def _gaps(m: AdtMessage) -> list[Gap]:
    segments = m.message.segments
    if _fits(m.event, tuple(s.raw[:3] for s in segments)):
        return []
    grammar = structures.grammar(m.event)
    return [] if grammar is None else grammar.gaps(tuple(s for s in segments if not _local(s.name)))


def _missing(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    for gap in _gaps(m):
        if gap.missing:
            yield Hit(gap.name, gap.line, expected=f"{gap.name} ({gap.after} +)", subject=gap.name)


def _no_tracking(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in events.TRACKING and m.zbe is None:
        yield Hit("ZBE", None, expected="ZBE")


def _unexpected(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    for gap in _gaps(m):
        if not gap.missing:
            # The place of the optional Z segments is only known through readings of 2.11.2.
            certain = not gap.name.startswith("Z") or gap.name == "ZBE"
            yield Hit(gap.name, gap.line, seen=f"{gap.after} {gap.name}", subject=gap.name, certain=certain)


def _groups(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in ("A40", "A47", "A49") and m.groups > 1:
        second = list(m.message.all("PID"))[1]
        yield Hit("PID(2)", second.line, seen=f"{m.groups} PID", expected="1")


def _unused(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    unused = structures.UNUSED.get(m.event)
    if unused is None:
        return
    for segment in m.message.segments:
        if segment.name in unused:
            yield Hit(segment.name, segment.line, seen=segment.name, subject=segment.name)


def _stay_segments(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """An identity message has a pseudo PV1 and nothing else of a stay: no PV2, and in A28 no ROL after PV1."""
    if m.event not in ("A28", "A31"):
        return
    names = [s.raw[:3] for s in m.message.segments]
    for n, segment in enumerate(m.message.segments):
        stays = names[n] == b"PV2" or (names[n] == b"ROL" and names[n - 1] in (b"PV1", b"PV2") and m.event == "A28")
        if stays:
            yield Hit(segment.name, segment.line, seen=segment.name, subject=segment.name)


def _local_z(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    for segment in m.message.segments:
        if segment.raw[:1] == b"Z" and _local(segment.name):
            yield Hit(segment.name, segment.line, seen=segment.name, subject=segment.name)


def _empty(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    for segment in m.message.segments:
        if segment.raw[:1] == b"Z" and empty(segment.fields):
            yield Hit(segment.name, segment.line, seen=segment.raw.decode("ascii", "replace"), subject=segment.name)


def _no_zfv(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in structures.ZFV_EXPECTED and m.message.first("ZFV") is None:
        yield Hit("ZFV", None, expected="ZFV")


def _no_zfm(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in structures.ZFM_EXPECTED and m.message.first("ZFM") is None:
        yield Hit("ZFM", None, expected="ZFM")


SEGMENT_RULES: Rules = (
    Rule("hl7v2.pam.segment-missing", _missing),
    Rule("hl7v2.pam.tracking-without-movement", _no_tracking, to_pfi="2.11"),
    Rule("hl7v2.pam.segment-unexpected", _unexpected),
    Rule("hl7v2.pam.patient-groups", _groups),
    Rule("hl7v2.pam.segment-unused", _unused, to_pfi="2.11"),
    Rule("hl7v2.pam.segment-of-stay", _stay_segments),
    Rule("hl7v2.pam.z-local", _local_z),
    Rule("hl7v2.pam.z-empty", _empty, to_pfi="2.11"),
    Rule("hl7v2.pam.zfv-absent", _no_zfv),
    Rule("hl7v2.pam.zfm-absent", _no_zfm),
)

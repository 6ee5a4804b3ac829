"""MSH and EVN: required fields, type, version, character set, profile, times, direction (volets, section MSH)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.standards.hl7v2.rules.core import TIMESTAMP, Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.rules.structure import mixed_separators
from conformance.standards.hl7v2.syntax import DEFAULT
from conformance.standards.hl7v2.values import Ack, DocumentMessage, Read, Zam

REQUIRED = (3, 4, 5, 6, 7, 9, 10, 11, 12, 17, 18)
TYPES: Mapping[str, tuple[str, ...]] = {
    "ORU": ("ORU^R01^ORU_R01",),
    "MDM": ("MDM^T02^MDM_T02", "MDM^T10^MDM_T02", "MDM^T04^MDM_T02"),
    "ZAM": ("ZAM^Z01^ZAM_Z01", "ZAM^Z02^ZAM_Z01", "ZAM^Z03^ZAM_Z01"),
    "ACK": tuple(f"ACK^{event}^ACK" for event in ("R01", "T02", "T10", "T04", "Z01", "Z02", "Z03")),
}
PROFILES: Mapping[str, tuple[str, ...]] = {
    "CISIS_CDA_HL7_V1": ("1.2",),
    "CISIS_CDA_HL7_V2": ("2.0", "2.1"),
    "CISIS_CDA_HL7_LPS": ("1.0", "1.1"),
}
CHARSETS = ("UNICODE UTF-8", "8859/15")


def _required(m: Read, _: Settings) -> Iterator[Hit]:
    msh = m.message.segments[0]
    for number in REQUIRED if isinstance(m, Ack) else (*REQUIRED, 21):
        if not msh.raw_field(number):
            yield Hit(f"MSH-{number}", m.header.line, subject=f"MSH-{number}")


def _type(m: Read, _: Settings) -> Iterator[Hit]:
    h = m.header
    known = TYPES.get(h.code, ())
    said = "^".join(filter(None, (h.code, h.trigger, h.structure)))
    if known and said not in known:
        yield Hit("MSH-9", h.line, seen=said, expected=", ".join(known))


def _version(m: Read, _: Settings) -> Iterator[Hit]:
    h = m.header
    expected = "2.5" if h.code == "ORU" or (h.code == "ACK" and h.trigger == "R01") else "2.6"
    if h.code in TYPES and h.version and m.message.segments[0].value(12) != expected:
        yield Hit("MSH-12", h.line, seen=m.message.segments[0].value(12), expected=expected)


def _processing(m: Read, _: Settings) -> Iterator[Hit]:
    if m.header.processing and m.header.processing not in ("P", "T", "D"):
        yield Hit("MSH-11", m.header.line, seen=m.header.processing, expected="P, T, D")


def _country(m: Read, _: Settings) -> Iterator[Hit]:
    if m.header.country not in ("", "FRA"):
        yield Hit("MSH-17", m.header.line, seen=m.header.country, expected="FRA")


def _charset(m: Read, _: Settings) -> Iterator[Hit]:
    if m.header.charset and m.header.charset not in CHARSETS:
        yield Hit("MSH-18", m.header.line, seen=m.header.charset, expected=" | ".join(CHARSETS))


def _profile(m: Read, _: Settings) -> Iterator[Hit]:
    msh, h = m.message.segments[0], m.header
    raw = msh.value(21)
    if not raw:
        return
    versions = PROFILES.get(h.profile_name)
    # Blanks around the two parts are a known misprint of the guide: readable, but not to be reproduced.
    if versions is None or h.profile not in versions or msh.components(21) != [h.profile, h.profile_name]:
        expected = " | ".join(f"{v}^{name}" for name, known in PROFILES.items() for v in known)
        yield Hit("MSH-21", h.line, seen=raw, expected=expected)


def _zam_profile(z: Zam, _: Settings) -> Iterator[Hit]:
    if z.header.profile_name not in ("", "CISIS_CDA_HL7_V2"):
        yield Hit("MSH-21", z.header.line, seen=z.header.profile_name, expected="CISIS_CDA_HL7_V2")


def _ack_profile(a: Ack, _: Settings) -> Iterator[Hit]:
    if a.header.profile:
        yield Hit("MSH-21", a.header.line, seen=a.message.segments[0].value(21))


def _sent_at(m: Read, _: Settings) -> Iterator[Hit]:
    if m.header.sent_at and TIMESTAMP.fullmatch(m.header.sent_at) is None:
        yield Hit("MSH-7", m.header.line, seen=m.header.sent_at, expected="AAAAMMJJhhmm[ss][+zzzz]")


def delimiters(m: Read, _: Settings) -> Iterator[Hit]:
    """A delimiter that is not one ASCII character, which no receiver can find in bytes whatever the charset."""
    d = m.message.delimiters
    if any(len(c) > 1 or not c.isascii() for c in (d.field, d.component, d.repetition, d.escape, d.subcomponent)):
        seen = d.encoding_characters.decode("utf-8", "replace")
        yield Hit("MSH-2", m.header.line, seen=seen, expected="^~\\&")


def _unusual_delimiters(m: Read, settings: Settings) -> Iterator[Hit]:
    d = m.message.delimiters
    if d != DEFAULT and not any(delimiters(m, settings)):
        seen = (d.field + d.encoding_characters).decode("ascii", "replace")
        yield Hit("MSH-2", m.header.line, seen=seen, expected="|^~\\&")


def _undecodable(m: Read, _: Settings) -> Iterator[Hit]:
    message = m.message
    try:
        message.raw.decode(message.charset)
    except UnicodeDecodeError as error:
        line = message.raw.count(message.separator, 0, error.start) + 1
        yield Hit("MSH-18", line, seen=message.raw[error.start : error.start + 4].hex(" "), expected=m.header.charset)


def _utf8_in_8859(m: Read, _: Settings) -> Iterator[Hit]:
    """Declared as one byte a character, while every non-ASCII byte belongs to a valid UTF-8 sequence."""
    message = m.message
    if message.charset.startswith("iso8859") and not message.raw.isascii():
        try:
            message.raw.decode("utf-8")
        except UnicodeDecodeError:
            return
        yield Hit("MSH-18", m.header.line, seen=m.header.charset, expected="UNICODE UTF-8")


def _separators(m: Read, _: Settings) -> Iterator[Hit]:
    return mixed_separators(m.message)


def _segment_names(m: Read, _: Settings) -> Iterator[Hit]:
    for segment in m.message.segments:
        name = segment.fields[0]
        if len(name) != 3 or not name.isalnum() or not name.isascii() or name != name.upper():
            yield Hit("", segment.line, seen=name[:20].decode("ascii", "replace"), expected="[A-Z][A-Z0-9]{2}")


def _before_event(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for name, number in (("EVN", 2), ("TXA", 4)):
        segment = m.message.first(name)
        moment = segment.value(number, 1) if segment is not None else ""
        if moment and earlier(m.header.sent_at, moment):
            yield Hit("MSH-7", m.header.line, seen=m.header.sent_at, expected=f">= {name}-{number} = {moment}")
            return


def earlier(one: str, other: str) -> bool:
    """True when a timestamp is before another at their common precision (offsets, rare here, must be the same)."""
    a, b = TIMESTAMP.fullmatch(one), TIMESTAMP.fullmatch(other)
    if a is None or b is None or (a["zone"] and b["zone"] and a["zone"] != b["zone"]):
        return False
    left, right = (f"{m['day']}{(m['time'] or '').split('.')[0]}" for m in (a, b))
    size = min(len(left), len(right))
    return left[:size] < right[:size]


def _direction(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """The volet says which side is the PFI; applications that name themselves PFI tell a message sent backwards."""
    sender, receiver = (side[0].upper().startswith("PFI") for side in (m.header.sending, m.header.receiving))
    if sender == receiver or m.flow is None:
        return
    if (m.flow == "to-lps") == receiver:
        said = f"{m.header.sending[0]} -> {m.header.receiving[0]}"
        yield Hit("MSH-3", m.header.line, seen=said, expected=m.header.profile_name)


def _former_dialect(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.header.profile_name == "CISIS_CDA_HL7_V1":
        yield Hit("MSH-21", m.header.line, seen=m.message.segments[0].value(21), expected="2.1^CISIS_CDA_HL7_V2")


SYNTAX_RULES: Rules = (
    Rule("hl7v2.msh.delimiters", delimiters),
    Rule("hl7v2.msh.delimiters-unusual", _unusual_delimiters),
    Rule("hl7v2.charset.undecodable", _undecodable),
    Rule("hl7v2.charset.utf8-declared-8859", _utf8_in_8859),
    Rule("hl7v2.structure.separators", _separators),
    Rule("hl7v2.structure.segment-name", _segment_names),
)
"""For any message, whatever its profile."""

HEADER_RULES: Rules = (
    Rule("hl7v2.msh.required", _required),
    Rule("hl7v2.msh.type", _type),
    Rule("hl7v2.msh.version", _version),
    Rule("hl7v2.msh.processing", _processing),
    Rule("hl7v2.msh.country", _country),
    Rule("hl7v2.msh.charset", _charset),
    Rule("hl7v2.msh.time", _sent_at),
)
"""For the messages of the transmission volets and their acknowledgements."""

DOCUMENT_RULES: Rules = (
    Rule("hl7v2.msh.profile", _profile),
    Rule("hl7v2.msh.before-event", _before_event),
    Rule("hl7v2.msh.direction", _direction),
    Rule("hl7v2.dialect.former", _former_dialect),
)
ACK_RULES: Rules = (Rule("hl7v2.ack.profile", _ack_profile),)
ZAM_RULES: Rules = (Rule("hl7v2.msh.profile", _zam_profile),)

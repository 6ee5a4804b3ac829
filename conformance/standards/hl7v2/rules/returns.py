"""ACK and ZAM: what they say, about which message, with which errors (volet, section acknowledgements)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.standards.hl7v2 import tables
from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.rules.msh import earlier
from conformance.standards.hl7v2.rules.structure import gaps, missing, unexpected
from conformance.standards.hl7v2.values import Ack, ErrorSegment, Read, Zam

FORMER_ERROR_SYSTEM = "HL70357"


def _err(e: ErrorSegment, rest: str) -> str:
    return f"ERR-{rest}" if e.occurrence == 1 else f"ERR({e.occurrence})-{rest}"


# ---- ACK


def _ack_code(a: Ack, _: Settings) -> Iterator[Hit]:
    if a.code not in ("AA", "AE", "AR"):
        yield Hit("MSA-1", _msa(a), seen=a.code, expected="AA, AE, AR")


def _msa(a: Ack) -> int | None:
    msa = a.message.first("MSA")
    return msa.line if msa is not None else None


def _ack_reference(a: Ack, _: Settings) -> Iterator[Hit]:
    if not a.control_ref:
        yield Hit("MSA-2", _msa(a))


def _ack_no_error(a: Ack, _: Settings) -> Iterator[Hit]:
    if a.code in ("AE", "AR") and not a.errors:
        yield Hit("ERR", _msa(a), seen=a.code)


def _ack_error_with_aa(a: Ack, _: Settings) -> Iterator[Hit]:
    for e in a.errors if a.code == "AA" else ():
        if e.severity in ("E", "F") and e.code.code != "0":
            yield Hit(_err(e, "4"), e.line, seen=f"AA, {e.code.code} {e.severity}")


def _error_code(m: Ack | Zam, _: Settings) -> Iterator[Hit]:
    for e in m.errors:
        if e.code.code not in tables.MESSAGE_ERRORS:
            yield Hit(_err(e, "3.1"), e.line, seen=e.code.code, expected=tables.ERROR_SYSTEM)


def _error_system(m: Ack | Zam, _: Settings) -> Iterator[Hit]:
    for e in m.errors:
        if e.code.system not in (tables.ERROR_SYSTEM, FORMER_ERROR_SYSTEM):
            yield Hit(_err(e, "3.3"), e.line, seen=e.code.system, expected=tables.ERROR_SYSTEM)


def _error_severity(m: Ack | Zam, _: Settings) -> Iterator[Hit]:
    for e in m.errors:
        if e.severity not in tables.SEVERITIES:
            yield Hit(_err(e, "4"), e.line, seen=e.severity, expected="E, F, I, W")


def _ack_application_code(a: Ack, _: Settings) -> Iterator[Hit]:
    for e in a.errors:
        if e.code.code == "207" and not e.application.code:
            yield Hit(_err(e, "5"), e.line, seen="207")


def _ack_charset(a: Ack, _: Settings) -> Iterator[Hit]:
    if a.header.charset == "8859/15" and a.message.raw.isascii():
        yield Hit("MSH-18", a.header.line, seen=a.header.charset, expected="UNICODE UTF-8")


# ---- ACK or ZAM against the message it is about


def _other_control_id(answer: Ack | Zam, message: Read) -> Iterator[Hit]:
    if answer.control_ref != message.header.control_id:
        path = "MSA-2" if isinstance(answer, Ack) else "OBX-4"
        yield Hit(path, answer.header.line, seen=answer.control_ref, expected=message.header.control_id)


def _not_swapped(answer: Ack | Zam, message: Read) -> Iterator[Hit]:
    h, asked = answer.header, message.header
    if (h.sending, h.receiving) != (asked.receiving, asked.sending):
        seen = f"{h.sending} -> {h.receiving}"
        yield Hit("MSH-3", h.line, seen=seen, expected=f"{asked.receiving} -> {asked.sending}")


def _processing_not_copied(answer: Ack | Zam, message: Read) -> Iterator[Hit]:
    if isinstance(answer, Ack) and answer.header.processing != message.header.processing:
        yield Hit("MSH-11", answer.header.line, seen=answer.header.processing, expected=message.header.processing)


def _trigger_not_copied(answer: Ack | Zam, message: Read) -> Iterator[Hit]:
    if isinstance(answer, Ack) and answer.header.trigger != message.header.trigger:
        yield Hit("MSH-9.2", answer.header.line, seen=answer.header.trigger, expected=message.header.trigger)


def _same_control_id(answer: Ack | Zam, message: Read) -> Iterator[Hit]:
    if answer.header.control_id and answer.header.control_id == message.header.control_id:
        yield Hit("MSH-10", answer.header.line, seen=answer.header.control_id)


def _not_later(answer: Ack | Zam, message: Read) -> Iterator[Hit]:
    """Seen at the minute, two equal times may well be in order: only a warning."""
    sent, answered = message.header.sent_at, answer.header.sent_at
    if sent and answered and (sent == answered or earlier(answered, sent)):
        yield Hit("MSH-7", answer.header.line, seen=answered, expected=f"> {sent}", certain=sent != answered)


PAIR_RULES = (
    ("hl7v2.answer.control-id", _other_control_id),
    ("hl7v2.answer.not-swapped", _not_swapped),
    ("hl7v2.answer.processing", _processing_not_copied),
    ("hl7v2.answer.trigger", _trigger_not_copied),
    ("hl7v2.answer.same-control-id", _same_control_id),
    ("hl7v2.answer.not-later", _not_later),
)


# ---- ZAM


def _zam_evn(z: Zam, _: Settings) -> Iterator[Hit]:
    for gap in gaps(z.message, "ZAM"):
        if not gap.missing and gap.name == "EVN":
            yield Hit("EVN", gap.line)


def _zam_code(z: Zam, _: Settings) -> Iterator[Hit]:
    expected = tables.ZAM_STATUS.get(z.trigger)
    if expected is not None and z.code.code != expected[0]:
        yield Hit("OBX-3.1", z.line, seen=z.code.code, expected=expected[0])


def _zam_code_system(z: Zam, _: Settings) -> Iterator[Hit]:
    # The guide prints it with and without its accent.
    if z.code.system not in (tables.ZAM_SYSTEM, "AckMétierZAM"):
        yield Hit("OBX-3.3", z.line, seen=z.code.system, expected=tables.ZAM_SYSTEM)


def _zam_reference(z: Zam, _: Settings) -> Iterator[Hit]:
    if not z.control_ref:
        yield Hit("OBX-4", z.line)


def _zam_answer(z: Zam, _: Settings) -> Iterator[Hit]:
    if z.success is None:
        yield Hit("OBX-5.1", z.line, seen=z.answer.code, expected="Y | N")


def _zam_answer_system(z: Zam, _: Settings) -> Iterator[Hit]:
    if z.answer.system != tables.YES_NO_SYSTEM:
        yield Hit("OBX-5.3", z.line, seen=z.answer.system, expected=tables.YES_NO_SYSTEM)


def _zam_rows(z: Zam, _: Settings) -> Iterator[Hit]:
    for n, (obx, type) in enumerate(zip(z.message.all("OBX"), ("CWE", "XTN"), strict=False), 1):
        for number, expected in ((1, str(n)), (2, type), (11, "F")):
            if obx.value(number) != expected:
                yield Hit(f"OBX-{number}", obx.line, seen=obx.value(number), expected=expected)


def _zam_no_error(z: Zam, _: Settings) -> Iterator[Hit]:
    if z.success is False and not z.errors:
        yield Hit("ERR", z.line, seen="OBX-5 = N")


def _zam_error_code(z: Zam, _: Settings) -> Iterator[Hit]:
    for e in z.errors:
        if e.code.code in tables.MESSAGE_ERRORS and e.code.code != "207":
            yield Hit(_err(e, "3.1"), e.line, seen=e.code.code, expected="207")


def _zam_error_label(z: Zam, _: Settings) -> Iterator[Hit]:
    for e in z.errors:
        if e.code.code == "207" and e.code.label != tables.MESSAGE_ERRORS["207"]:
            yield Hit(_err(e, "3.2"), e.line, seen=e.code.label, expected=tables.MESSAGE_ERRORS["207"])


def _zam_application_system(z: Zam, _: Settings) -> Iterator[Hit]:
    systems = tables.ZAM_ERROR_SYSTEMS.get(z.trigger, frozenset())
    for e in z.errors:
        if systems and e.application.code and e.application.system not in systems:
            yield Hit(_err(e, "5.3"), e.line, seen=e.application.system, expected=" | ".join(sorted(systems)))


def _zam_application_code(z: Zam, _: Settings) -> Iterator[Hit]:
    known = {"Z02": tables.SMTP_ERRORS, "Z03": tables.APPLICATION_ERRORS}.get(z.trigger)
    for e in z.errors:
        if not e.application.code or (known is not None and e.application.code not in known):
            yield Hit(_err(e, "5.1"), e.line, seen=e.application.code)


def _zam_address(z: Zam, _: Settings) -> Iterator[Hit]:
    expected = tables.ZAM_ADDRESS.get(z.trigger)
    if expected is None:
        if z.address_code is not None and z.trigger in tables.ZAM_STATUS:
            yield Hit("OBX(2)", z.line, seen=z.address_code.code)
    elif z.address_code is None:
        yield Hit("OBX(2)", z.line, expected=expected[0])
    else:
        for path, seen, wanted in (
            ("OBX(2)-3.1", z.address_code.code, expected[0]),
            ("OBX(2)-5.3", z.address_type, "X.400"),
            ("OBX(2)-5.4", z.address if "@" in z.address else "", z.address or "<adresse MSSanté>"),
        ):
            if seen != wanted:
                yield Hit(path, z.line, seen=seen, expected=wanted)


ERROR_RULES: Rules = (
    Rule("hl7v2.err.code", _error_code),
    Rule("hl7v2.err.system", _error_system),
    Rule("hl7v2.err.severity", _error_severity),
)
ACK_RULES: Rules = (
    Rule("hl7v2.structure.missing", lambda a, _: missing(a.message, "ACK")),
    Rule("hl7v2.structure.unexpected", lambda a, _: unexpected(a.message, "ACK")),
    Rule("hl7v2.ack.code", _ack_code),
    Rule("hl7v2.ack.reference", _ack_reference),
    Rule("hl7v2.ack.no-error", _ack_no_error),
    Rule("hl7v2.ack.error-with-aa", _ack_error_with_aa),
    Rule("hl7v2.ack.application-code", _ack_application_code),
    Rule("hl7v2.ack.charset", _ack_charset),
)
ZAM_RULES: Rules = (
    Rule("hl7v2.structure.missing", lambda z, _: missing(z.message, "ZAM")),
    Rule("hl7v2.structure.unexpected", lambda z, _: unexpected(z.message, "ZAM")),
    Rule("hl7v2.zam.evn", _zam_evn),
    Rule("hl7v2.zam.code", _zam_code),
    Rule("hl7v2.zam.code-system", _zam_code_system),
    Rule("hl7v2.zam.reference", _zam_reference),
    Rule("hl7v2.zam.answer", _zam_answer),
    Rule("hl7v2.zam.answer-system", _zam_answer_system, to_pfi="2.1", silent_before=True),
    Rule("hl7v2.zam.row", _zam_rows),
    Rule("hl7v2.zam.no-error", _zam_no_error),
    Rule("hl7v2.zam.error-code", _zam_error_code),
    Rule("hl7v2.zam.error-label", _zam_error_label, to_pfi="2.1"),
    Rule("hl7v2.zam.application-system", _zam_application_system, to_pfi="2.1"),
    Rule("hl7v2.zam.application-code", _zam_application_code),
    Rule("hl7v2.zam.address", _zam_address),
)

"""Metadata OBX: the flags, their order, values, coding systems, and the MSSanté matrix (volet, section flags)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.tables import FLAG_ORDER, LPS_FLAGS, META_SYSTEM, YES_NO_SYSTEM
from conformance.standards.hl7v2.values import FLAGS, FORMER_FLAG_NAMES, MAIL_BODIES, DocumentMessage

N, Y, ANY = frozenset({False}), frozenset({True}), frozenset({True, False})

_COLUMNS = (
    "MASQUE_PS",
    "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX",
    "CONNEXION_SECRETE",
    "DESTDMP",
    "DESTMSSANTEPS",
    "DESTMSSANTEPAT",
)
MATRICES: Mapping[str, tuple[tuple[frozenset[bool], ...], ...]] = {
    "2.1.2": (
        (N, N, N, N, ANY, Y, Y),
        (ANY, Y, N, N, ANY, Y, N),
        (ANY, N, ANY, N, N, N, Y),
    ),
    "draft-2.1.3": (
        (N, N, N, ANY, ANY, Y, Y),
        (N, Y, N, ANY, ANY, Y, N),
        (ANY, N, ANY, N, N, N, Y),
    ),
}
"""Rows of the MSSanté matrix: to professionals and patient, to professionals only, to the patient only."""


def _expected(m: DocumentMessage) -> tuple[str, ...]:
    if m.flow == "to-lps":
        return (*LPS_FLAGS, "ACK_LECTURE_MSS") if m.dialect == "1.0" else LPS_FLAGS
    return FLAG_ORDER.get(m.dialect, FLAG_ORDER["2.1"])


def _required(m: DocumentMessage) -> tuple[str, ...]:
    """The flags that must be there: in LPS 1.0 the acknowledgement flag was optional."""
    return LPS_FLAGS if m.flow == "to-lps" else tuple(f for f in _expected(m) if f in FLAGS)


def _missing(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    present = {f.name for f in m.flag_rows}
    for name in _required(m):
        if name not in present:
            yield Hit("OBX", None, expected=name, subject=name)


def _foreign(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    allowed = _expected(m)
    for f in m.flag_rows:
        if f.name not in allowed:
            yield Hit("OBX-3", f.line, seen=f.written.code, subject=f.name)


def _repeated(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    seen: set[str] = set()
    for f in m.flag_rows:
        if f.name in seen:
            yield Hit("OBX-3", f.line, seen=f.written.code, subject=f.name)
        seen.add(f.name)


def _order(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    order = _expected(m)
    rows = sorted(
        [(f.line, f.name) for f in m.flag_rows] + [(body.line, name) for name, body in m.bodies.items()],
    )
    known = [(line, name) for line, name in rows if name in order]
    for (_line, before), (line, name) in pairwise(known):
        if order.index(name) < order.index(before):
            yield Hit("OBX-3", line, seen=f"{before}, {name}", expected=", ".join(order), subject=name)
            return


def _former_name(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for f in m.flag_rows:
        if f.written.code in FORMER_FLAG_NAMES:
            # The change-log of V2.1 itself writes ACK_LECTURE.
            yield Hit("OBX-3.1", f.line, seen=f.written.code, expected=f.name, certain=f.name != "ACK_LECTURE_MSS")


def _value(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for f in m.flag_rows:
        if f.value is None:
            yield Hit("OBX-5.1", f.line, seen=f.answer.code, expected="Y | N", subject=f.name)


def _answer_system(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for f in m.flag_rows:
        if f.answer.system != YES_NO_SYSTEM:
            yield Hit("OBX-5.3", f.line, seen=f.answer.system, expected=YES_NO_SYSTEM)


def _code_system(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for f in m.flag_rows:
        if f.written.system not in ("", META_SYSTEM):
            yield Hit("OBX-3.3", f.line, seen=f.written.system, expected=META_SYSTEM)


def _type(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    # V1.2 named no type for the flags of an OUL: both are known in HL7 2.5.
    expected = "CE" if m.carrier == "ORU" else "CWE"
    for f in m.flag_rows:
        if f.type != expected and not (m.carrier == "OUL" and f.type == "CE"):
            yield Hit("OBX-2", f.line, seen=f.type, expected=expected)


def _status(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for f in m.flag_rows:
        if f.status != "F":
            yield Hit("OBX-11", f.line, seen=f.status, expected="F")


def _body_type(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for obx in m.message.all("OBX"):
        if obx.value(3, 1) in MAIL_BODIES and obx.value(2) != "ED":
            yield Hit("OBX-2", obx.line, seen=obx.value(2), expected="ED")


def matrix_row(flags: Mapping[str, bool | None], matrix: str) -> int | None:
    """The 0-based row of a MSSanté matrix that a combination of flags is in, None when it is in none."""
    for n, row in enumerate(MATRICES[matrix]):
        if all(flags[name] in allowed for name, allowed in zip(_COLUMNS, row, strict=True)):
            return n
    return None


def _matrix(m: DocumentMessage, settings: Settings) -> Iterator[Hit]:
    """The matrix speaks of MSSanté exchanges only: without a mail asked for there is nothing to compare."""
    flags = m.flags
    if settings.matrix is None or not (flags["DESTMSSANTEPS"] or flags["DESTMSSANTEPAT"]):
        return
    if matrix_row(flags, settings.matrix) is None:
        said = ", ".join(f"{name}={ {True: 'Y', False: 'N', None: '?'}[flags[name]] }" for name in _COLUMNS)
        yield Hit("OBX", m.flag_rows[0].line, seen=said, expected=settings.matrix, certain=False)


def _invisible_mailed(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.flags["INVISIBLE_PATIENT"] and m.flags["DESTMSSANTEPAT"]:
        line = next(f.line for f in m.flag_rows if f.name == "DESTMSSANTEPAT")
        yield Hit("OBX-5.1", line, seen="INVISIBLE_PATIENT=Y, DESTMSSANTEPAT=Y")


def _masked_to_lps(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.flags["MASQUE_PS"]:
        line = next(f.line for f in m.flag_rows if f.name == "MASQUE_PS")
        yield Hit("OBX-5.1", line, seen="Y", expected="N")


def _modif_without_replacement(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.flags["MODIF_CONF_CODE"] and m.request in ("initial", "deletion"):
        line = next(f.line for f in m.flag_rows if f.name == "MODIF_CONF_CODE")
        yield Hit("OBX-5.1", line, seen=f"MODIF_CONF_CODE=Y, {m.request}")


DOCUMENT_RULES: Rules = (
    Rule("hl7v2.flags.missing", _missing),
    Rule("hl7v2.flags.foreign", _foreign),
    Rule("hl7v2.flags.repeated", _repeated),
    Rule("hl7v2.flags.order", _order),
    Rule("hl7v2.flags.former-name", _former_name, to_pfi="2.0", silent_before=True),
    Rule("hl7v2.flags.value", _value),
    Rule("hl7v2.flags.answer-system", _answer_system, to_pfi="2.1", to_lps="1.1"),
    Rule("hl7v2.flags.code-system", _code_system, to_pfi="2.0"),
    Rule("hl7v2.flags.type", _type),
    Rule("hl7v2.flags.status", _status),
    Rule("hl7v2.flags.body-type", _body_type),
    Rule("hl7v2.flags.matrix", _matrix, to_lps=None),
    Rule("hl7v2.flags.invisible-mailed", _invisible_mailed, to_lps=None),
    Rule("hl7v2.flags.masked-to-lps", _masked_to_lps, to_pfi=None),
    Rule("hl7v2.flags.modification-without-replacement", _modif_without_replacement),
)

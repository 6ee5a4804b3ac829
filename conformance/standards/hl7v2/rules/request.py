"""What is asked and about which document: event, OBX-11 and ORC-1; OBR-4, OBX-3, media; TXA; PV1 (the volets)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from conformance.standards.hl7v2.rules.core import OID, Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.values import (
    EVENT_REQUEST,
    ORDER_REQUEST,
    STATUS_REQUEST,
    DocumentMessage,
    EntityId,
    Request,
)

MEDIA = ("TEXT", "XML", "BASE64")
CODING_SYSTEMS = ("LN", "TRE_A05")
PATIENT_CLASSES = ("E", "I", "O", "R", "N")
MOST_DOCUMENTS = {"ORU": 2, "MDM": 1}


def _line(m: DocumentMessage, name: str) -> int | None:
    segment = m.message.first(name)
    return segment.line if segment is not None else None


def _incoherent(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """Each of the three must be a known value, and all must ask the same thing."""
    said: list[tuple[str, str, Request | None, int | None]] = [
        ("OBX-11", d.status, STATUS_REQUEST.get(d.status), d.line) for d in m.documents
    ]
    if m.message.first("ORC") is not None:
        said.append(("ORC-1", m.order_request, ORDER_REQUEST.get(m.order_request), _line(m, "ORC")))
    if m.carrier == "MDM":
        said.insert(0, ("MSH-9.2", m.header.trigger, EVENT_REQUEST.get(m.header.trigger), m.header.line))
    first = next((request for _, _, request, _ in said if request is not None), None)
    for path, value, request, line in said:
        if request is None or request != first:
            others = ", ".join(f"{p}={v}" for p, v, _, _ in said if p != path)
            yield Hit(path, line, seen=f"{path}={value}; {others}", subject=path)


def _document_count(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    most = MOST_DOCUMENTS.get(m.carrier, 2)
    if not 1 <= len(m.documents) <= most:
        line = m.documents[-1].line if m.documents else None
        yield Hit("OBX", line, seen=len(m.documents), expected="1" if most == 1 else "1..2")


def _document_first(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """The documents come before every metadata OBX."""
    rows = [*(f.line for f in m.flag_rows), *(b.line for b in m.bodies.values()), *([m.mail.line] if m.mail else [])]
    for document in m.documents:
        if rows and document.line > min(rows):
            yield Hit("OBX", document.line, seen=f"OBX-1={document.set_id}")


def _set_ids(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for n, obx in enumerate(m.message.all("OBX"), 1):
        if obx.value(1) != str(n):
            yield Hit("OBX-1", obx.line, seen=obx.value(1), expected=n)
            return


def _media(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for d in m.documents:
        if tuple(part.upper() for part in d.media[1:]) != MEDIA:
            yield Hit("OBX-5", d.line, seen="^".join(d.media), expected="^TEXT^XML^Base64")


def _document_code(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for d in m.documents:
        if not d.code.code:
            yield Hit("OBX-3.1", d.line)


def _coding_system(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for d in m.documents:
        if d.code.system and d.code.system not in CODING_SYSTEMS:
            yield Hit("OBX-3.3", d.line, seen=d.code.system, expected=" | ".join(CODING_SYSTEMS))


def _no_coding_system(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """A CE or CWE with a code has its coding system. The second OBX of the LPS volet has a rule of its own."""
    rows = chain(
        ((d.code, d.line) for d in m.documents),
        ((f.written, f.line) for f in m.flag_rows),
    )
    for code, line in rows:
        if code.code and not code.system:
            yield Hit("OBX-3.3", line, seen=code.code)
    if m.order_code is not None and m.order_code.code and not m.order_code.system:
        yield Hit("OBR-4.3", _line(m, "OBR"), seen=m.order_code.code)


def _order_code(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.order_code is None:
        return
    for d in m.documents:
        if d.code.code != m.order_code.code:
            yield Hit("OBR-4", _line(m, "OBR"), seen=m.order_code.code, expected=f"OBX-3 = {d.code.code}")
            return


def _foreign_fields(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """The volet uses ORC-1, OBR-1 and OBR-4 only; what else is there is on the sender's account."""
    for name, used in (("ORC", (1,)), ("OBR", (1, 4))):
        segment = m.message.first(name)
        if segment is None:
            continue
        extra = [n for n in range(1, len(segment.fields)) if n not in used and segment.raw_field(n)]
        if extra:
            yield Hit(f"{name}-{extra[0]}", segment.line, seen=", ".join(f"{name}-{n}" for n in extra), subject=name)


def _no_document_id(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.carrier == "MDM" and (m.document_id is None or not m.document_id.value):
        yield Hit("TXA-12", _line(m, "TXA"))


def _no_replaced_id(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.carrier == "MDM" and m.header.trigger == "T10" and m.replaced_id is None:
        yield Hit("TXA-13", _line(m, "TXA"))


def _replaced_id_of_deletion(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.header.trigger == "T04" and m.replaced_id is not None:
        yield Hit("TXA-13", m.replaced_id.line, seen=m.replaced_id.value)


def _entities(m: DocumentMessage) -> Iterator[EntityId]:
    return (e for e in (m.document_id, m.replaced_id) if e is not None)


def _entity_namespace(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for e in _entities(m):
        if e.namespace:
            yield Hit(f"{e.path}.2", e.line, seen=e.namespace)


def _entity_oid(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for e in _entities(m):
        root = e.cda_id[0]
        if root and OID.fullmatch(root) is None:
            yield Hit(f"{e.path}.{3 if e.universal else 1}", e.line, seen=root, expected="OID")


def _entity_type(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for e in _entities(m):
        if e.universal_type != ("ISO" if e.universal else ""):
            yield Hit(f"{e.path}.4", e.line, seen=e.universal_type, expected="ISO" if e.universal else "")


def _entity_extension(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for e in _entities(m):
        if e.universal and m.flags["DESTDMP"]:
            yield Hit(e.path, e.line, seen=f"{e.value}^^{e.universal}")


def _txa_status(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    txa = m.message.first("TXA")
    if m.carrier == "MDM" and txa is not None and txa.value(17) != "AU":
        yield Hit("TXA-17", txa.line, seen=txa.value(17), expected="AU")


def _txa_constants(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    txa = m.message.first("TXA")
    if m.carrier == "MDM" and txa is not None:
        for number, value in ((1, "1"), (3, "TEXT")):
            if txa.value(number) != value:
                yield Hit(f"TXA-{number}", txa.line, seen=txa.value(number), expected=value)


def _txa_type(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    txa = m.message.first("TXA")
    if m.carrier == "MDM" and txa is not None and m.documents and txa.value(2, 1) != m.documents[0].code.code:
        yield Hit("TXA-2", txa.line, seen=txa.value(2, 1), expected=m.documents[0].code.code)


def _no_class(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    pv1 = m.message.first("PV1")
    if pv1 is not None and m.patient_class not in PATIENT_CLASSES:
        yield Hit("PV1-2", pv1.line, seen=m.patient_class, expected=", ".join(PATIENT_CLASSES))


def _lps_class(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    pv1 = m.message.first("PV1")
    if pv1 is not None and m.patient_class != "N":
        yield Hit("PV1-2", pv1.line, seen=m.patient_class, expected="N")


def _no_visit(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.patient_class in ("E", "I", "O", "R") and (m.visit is None or not m.visit.value):
        yield Hit("PV1-19", _line(m, "PV1"), seen=f"PV1-2={m.patient_class}")


DOCUMENT_RULES: Rules = (
    Rule("hl7v2.request.incoherent", _incoherent),
    Rule("hl7v2.document.count", _document_count),
    Rule("hl7v2.document.first", _document_first),
    Rule("hl7v2.document.set-id", _set_ids),
    Rule("hl7v2.document.media", _media),
    Rule("hl7v2.document.code", _document_code),
    Rule("hl7v2.document.coding-system", _coding_system, to_pfi="2.0", silent_before=True),
    Rule("hl7v2.document.no-coding-system", _no_coding_system, to_pfi="2.0", to_lps="1.1"),
    Rule("hl7v2.order.code", _order_code),
    Rule("hl7v2.order.foreign-fields", _foreign_fields),
    Rule("hl7v2.txa.no-id", _no_document_id),
    Rule("hl7v2.txa.no-replaced-id", _no_replaced_id),
    Rule("hl7v2.txa.replaced-id-of-deletion", _replaced_id_of_deletion),
    Rule("hl7v2.txa.namespace", _entity_namespace, to_pfi="2.1", to_lps="1.1"),
    Rule("hl7v2.txa.oid", _entity_oid, to_pfi="2.1", to_lps="1.1"),
    Rule("hl7v2.txa.id-type", _entity_type, to_pfi="2.1", to_lps="1.1"),
    Rule("hl7v2.txa.extension", _entity_extension, to_lps=None),
    Rule("hl7v2.txa.status", _txa_status, to_pfi="2.1", to_lps="1.1"),
    Rule("hl7v2.txa.constant", _txa_constants, to_pfi="2.1", to_lps="1.1", silent_before=True),
    Rule("hl7v2.txa.type-code", _txa_type),
    Rule("hl7v2.pv1.class", _no_class, to_lps=None),
    Rule("hl7v2.pv1.lps-class", _lps_class, to_pfi=None),
    Rule("hl7v2.pv1.no-visit", _no_visit, to_pfi="2.1", to_lps=None, silent_before=True),
)

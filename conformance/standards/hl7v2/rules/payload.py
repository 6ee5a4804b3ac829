"""OBX-5.5: Base64, what it holds, and its consistency with the message around it (volet, sections 4, 5 and 10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from conformance.errors import Malformed
from conformance.evidence.values import Finding
from conformance.standards.cda.reader import CdaHeader, Instance, read
from conformance.standards.hl7v2.rules.core import MOST, Hit, Rule, Rules, Settings, apply
from conformance.standards.hl7v2.values import Document, DocumentMessage, Payload
from conformance.standards.ins.traits import same_name

SENTENCE = 300
"""A text of at most this many bytes without markup is taken for a placeholder rather than for a broken document."""

_OFFSET = re.compile(r".*[+-]\d{4}")


def _payloads(m: DocumentMessage) -> Iterator[Payload]:
    mail = [m.mail.body] if m.mail is not None else []
    return chain((d.payload for d in m.documents), m.bodies.values(), mail)


def _padding(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in _payloads(m):
        if p.failure == "padding":
            yield Hit(p.path, p.line, seen=f"{len(p.raw)} = {len(p.raw) % 4} (mod 4)", subject="padding")


def _invalid(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in _payloads(m):
        if p.failure in ("alphabet", "truncated", "empty"):
            seen = f"{p.failure}, {len(p.raw)}: ...{p.raw[-12:].decode('ascii', 'replace')}"
            yield Hit(p.path, p.line, seen=seen, subject=p.failure)


BASE64_RULES: Rules = (
    Rule("hl7v2.base64.padding", _padding),
    Rule("hl7v2.base64.invalid", _invalid),
)


Carried = tuple[DocumentMessage, Document, CdaHeader]
Pair = tuple[str, str]


def _pair(id: Instance | None) -> Pair:
    return (id.root, id.extension) if id is not None else ("", "")


def _written(pair: Pair) -> str:
    """A CDA id as TXA-12 writes it."""
    root, extension = pair
    return f"{extension}^^{root}^ISO" if extension else root


def _family(m: DocumentMessage) -> str:
    name = m.patient.name("L") or next(iter(m.patient.names), None) if m.patient is not None else None
    return name.family if name is not None else ""


def _families(header: CdaHeader) -> list[str]:
    """The birth names of the CDA's patient, or all names when none is marked so."""
    names = header.patient.name.families
    return [n.text for n in names if n.qualifier == "BR" and n.text] or [n.text for n in names if n.text]


def _other_patient(c: Carried) -> bool:
    m, _d, header = c
    if m.patient is None:
        return False
    ours, theirs = _family(m), _families(header)
    if ours and theirs and not any(same_name(ours, name) for name in theirs):
        return True
    size = min(len(m.patient.birth_date), len(header.patient.birth), 8)
    return m.patient.birth_date[:size] != header.patient.birth[:size]


def _patient(c: Carried, _: Settings) -> Iterator[Hit]:
    m, d, header = c
    if m.patient is not None and _other_patient(c):
        seen = f"{', '.join(_families(header))} {header.patient.birth}"
        yield Hit(d.payload.path, d.line, seen=seen, expected=f"{_family(m)} {m.patient.birth_date}")


def _patient_ids(c: Carried, _: Settings) -> Iterator[Hit]:
    m, _d, header = c
    if m.patient is None or _other_patient(c):
        return
    ours = {(i.oid, i.value) for i in m.patient.identifiers if i.value}
    theirs = {_pair(i) for i in header.patient.ids if i.root}
    if ours != theirs:
        said = [f"{root}^{ext} ({'PID-3' if (root, ext) in ours else 'CDA'})" for root, ext in sorted(ours ^ theirs)]
        yield Hit("PID-3", m.patient.line, seen="; ".join(said))


def _document_id(c: Carried, _: Settings) -> Iterator[Hit]:
    m, _d, header = c
    if m.document_id is not None and m.document_id.cda_id != _pair(header.id):
        yield Hit("TXA-12", m.document_id.line, seen=m.document_id.value, expected=_written(_pair(header.id)))


def _replaced_id(c: Carried, _: Settings) -> Iterator[Hit]:
    m, d, header = c
    if d.status != "C" or m.replaced_id is None or header.replaces is None:
        return
    if m.replaced_id.cda_id != _pair(header.replaces):
        yield Hit("TXA-13", m.replaced_id.line, seen=m.replaced_id.value, expected=_written(_pair(header.replaces)))


def _no_replaced_document(c: Carried, _: Settings) -> Iterator[Hit]:
    _m, d, header = c
    if d.status == "C" and header.replaces is None:
        yield Hit(d.payload.path, d.line, expected="relatedDocument/@typeCode = RPLC")


def _code(c: Carried, _: Settings) -> Iterator[Hit]:
    _m, d, header = c
    if header.code.code and d.code.code and header.code.code != d.code.code:
        yield Hit("OBX-3.1", d.line, seen=d.code.code, expected=header.code.code)


def _versioning(c: Carried, _: Settings) -> Iterator[Hit]:
    _m, d, header = c
    if not header.set_id.root:
        yield Hit(d.payload.path, d.line, expected="ClinicalDocument/setId", subject="setId")
    if len(header.effective_time) > 8 and _OFFSET.fullmatch(header.effective_time) is None:
        yield Hit(d.payload.path, d.line, seen=header.effective_time, expected="+zzzz", subject="effectiveTime")


CDA_RULES: Rules = (
    Rule("hl7v2.cda.other-patient", _patient),
    Rule("hl7v2.cda.patient-ids", _patient_ids),
    Rule("hl7v2.cda.document-id", _document_id),
    Rule("hl7v2.cda.replaced-id", _replaced_id),
    Rule("hl7v2.cda.no-replaced-document", _no_replaced_document),
    Rule("hl7v2.cda.code", _code),
    Rule("hl7v2.cda.versioning", _versioning),
)


def _placeholder(c: tuple[Document, bytes], _: Settings) -> Iterator[Hit]:
    d, data = c
    yield Hit(d.payload.path, d.line, seen=data[:120].decode("utf-8", "replace"))


def _not_cda(c: tuple[Document, str], _: Settings) -> Iterator[Hit]:
    d, why = c
    yield Hit(d.payload.path, d.line, seen=why, expected="ClinicalDocument")


NOT_CDA: Rules = (Rule("hl7v2.document.not-cda", _not_cda),)
PLACEHOLDER: Rules = (Rule("hl7v2.document.placeholder", _placeholder),)


def judge(m: DocumentMessage, settings: Settings) -> Iterator[Finding]:
    """Findings about what the OBX carry; Base64 is decoded once, each CDA is parsed once."""
    yield from apply(BASE64_RULES, m, settings, m.flow, m.dialect)
    # More documents than a message may carry is a finding of its own; only some of them are then opened.
    for d in m.documents[:MOST]:
        data = d.data
        if data is None:
            continue
        if b"<" not in data and len(data) <= SENTENCE and not settings.live:
            yield from apply(PLACEHOLDER, (d, data), settings, m.flow, m.dialect)
            continue
        try:
            header = read(data)
        except Malformed as fault:
            yield from apply(NOT_CDA, (d, f"{fault.code} {fault.seen}"), settings, m.flow, m.dialect)
            continue
        yield from apply(CDA_RULES, (m, d, header), settings, m.flow, m.dialect)

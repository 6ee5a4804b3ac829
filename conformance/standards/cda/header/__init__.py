"""The header of a CI-SIS document (structuration minimale): its rules as a table, judged in one walk."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from conformance.evidence.values import Finding
from conformance.standards.cda.document import Document
from conformance.standards.cda.header import (
    coded,
    contacts,
    engine,
    identifiers,
    names,
    notation,
    patient,
    rules,
    times,
)
from conformance.standards.cda.header.core import CODES, Check, Row, Run

__all__ = ["CODES", "judge", "table"]

TYPES: dict[str, tuple[Check, ...]] = {
    "II": (identifiers.identifier,),
    "CE": (coded.coded,),
    "CD": (coded.coded,),
    "CS": (coded.simple,),
    "TS": (times.time,),
    "IVL_TS": (times.period,),
    "AD": (contacts.address,),
    "TEL": (contacts.telecom,),
    "PN": (names.name,),
    "EN": (names.name,),
    "ON": (names.organisation,),
    "ST": (),  # those of an address are judged with it, the title by its own rules
    "SC": (names.text,),
    "ED": (names.data,),
    "CV": (coded.coded,),
    "BL": (),
    "INT": (names.integer,),
}
"""The rules that every element of a data type must pass."""

NAMED: dict[str, Check] = {
    "act-period": rules.act_period,
    "author": rules.author,
    "civility": names.civility,
    "completed": rules.completed,
    "discharge": rules.discharge,
    "document-id": rules.document_id,
    "filled": names.filled,
    "filled-text": names.text,
    "guardian": patient.guardian,
    "informant": rules.informant,
    "is-document": rules.document,
    "language": rules.language,
    "order-id": rules.order_id,
    "national": identifiers.national,
    "parent-id": rules.parent_id,
    "parent-set": rules.parent_set,
    "parent-version": rules.parent_version,
    "patient": patient.patient_role,
    "period": times.period,
    "postal-code": contacts.postal_code,
    "realm": rules.realm,
    "responsible": rules.responsible,
    "set-id": rules.set_id,
    "signature": rules.signature,
    "title": names.title,
    "title-text": rules.title,
    "to-the-second": times.to_the_second,
    "traits": patient.person,
    "type-id": rules.type_id,
    "version": rules.version,
}
"""The rules that the table names by `is=`."""


@cache
def table() -> Row:
    """The table of the header, read once; raises InternalError when it cannot be read."""
    text = (files(__package__) / "header.rules").read_text(encoding="utf-8")
    return notation.read(text, TYPES, NAMED)


def judge(document: Document) -> tuple[Finding, ...]:
    """The findings of the header of a document, at most 200. Pure."""
    run = Run(document)
    engine.judge(document.root, table(), run)
    return tuple(run.found)

"""Pieces that several volets share: sections, narrative tables, the PDF copy of a document, comments."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable

from conformance.standards.cda import pdf
from conformance.standards.cda.marks import LOINC, SYSTEM_NAMES, coded, el, reference, status, templates, text, unknown

_SPACE = uuid.UUID("6f1f1d3c-0d6b-5c0e-9d2f-0a5f3c2b7e11")


def own_id(*parts: object) -> str:
    """An `id` with a UUID that follows from the parts: the same document always has the same identifiers."""
    return el("id", {"root": str(uuid.uuid5(_SPACE, "/".join(map(str, parts)))).upper()})


def loinc(name: str, code: str, label: str, *inside: str) -> str:
    """A LOINC code under the name of its element."""
    return coded(name, code, LOINC, label, SYSTEM_NAMES[LOINC], *inside)


def value(code: str, system: str, label: str, *inside: str, name: str | None = None) -> str:
    """A coded `value` (CD)."""
    attributes = {
        "xsi:type": "CD",
        "code": code,
        "displayName": label,
        "codeSystem": system,
        "codeSystemName": name or SYSTEM_NAMES.get(system),
    }
    return el("value", attributes, *inside)


def table(heads: Iterable[str], rows: Iterable[Iterable[tuple[str, str]]]) -> str:
    """A narrative table: heads, and rows of (text, ID or empty)."""
    head = el("thead", None, el("tr", None, *(text("th", h) for h in heads)))
    body = "".join(
        el("tr", None, *(el("td", None, text("content", cell, ID=id)) if id else text("td", cell) for cell, id in row))
        for row in rows
    )
    return el("table", {"border": "0"}, head, el("tbody", None, body))


def section(
    roots: Iterable[str], id: str, code: str, title: str, narrative: str, *entries: str, subsections: Iterable[str] = ()
) -> str:
    """A component holding a section; `id`, `code` and the rest are XML already, `narrative` is the inside of text."""
    return el(
        "component",
        None,
        el(
            "section",
            None,
            templates(*roots),
            id,
            code,
            text("title", title),
            el("text", None, narrative) if narrative else "",
            *entries,
            *subsections,
        ),
    )


def entry(inside: str, kind: str | None = None, roots: Iterable[str] = ()) -> str:
    """An entry, typed when the volet asks for it."""
    return el("entry", {"typeCode": kind}, templates(*roots), inside)


def comment(id: str) -> str:
    """An act that points to a comment of the narrative (IHE PCC, Comments)."""
    return el(
        "act",
        {"classCode": "ACT", "moodCode": "EVN"},
        templates("2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2", "1.2.250.1.213.1.1.3.32"),
        loinc("code", "48767-8", "Commentaire"),
        reference("text", id),
        status(),
    )


def pdf_copy(uid: str, title: str) -> str:
    """The section that holds the PDF copy of the document (CI-SIS, FR-Document-PDF-copie)."""
    data = base64.b64encode(pdf.pdf_a(title, title=title, uid=f"{uid}/copy")).decode("ascii")
    kind = el(
        "observation",
        {"classCode": "OBS", "moodCode": "EVN"},
        templates("1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48", "1.2.250.1.213.1.1.3.48.18"),
        own_id(uid, "copy", "kind"),
        loinc("code", "69764-9", "Type de document"),
        reference("text", "copie"),
        status(),
        unknown("effectiveTime", "NA"),
        value("55108-5", LOINC, "Copie du document"),
    )
    media = el(
        "observationMedia",
        {"classCode": "OBS", "moodCode": "EVN", "ID": "copie-pdf"},
        text("value", data, mediaType="application/pdf", representation="B64"),
    )
    organizer = el(
        "organizer",
        {"classCode": "CLUSTER", "moodCode": "EVN"},
        templates("1.2.250.1.213.1.1.3.18"),
        own_id(uid, "copy", "organizer"),
        loinc("code", "55107-7", "Document attaché"),
        status(),
        el("component", None, kind),
        el("component", None, media),
    )
    narrative = table(("Document", "Copie"), (((title, "copie"), ("voir la pièce jointe", "")),))
    shown = el("renderMultiMedia", {"referencedObject": "copie-pdf"})
    return section(
        ("1.2.250.1.213.1.1.2.243",),
        own_id(uid, "copy"),
        loinc("code", "55108-5", "Copie du document"),
        "Copie du document",
        narrative + shown,
        entry(organizer),
    )

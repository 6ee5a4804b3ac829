"""The attachments of a mail that carries documents: IHE_XDM.zip (ITI-32) and the same documents as PDF/A-1."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from html import escape

from lxml import etree

from conformance.reference import registry
from conformance.reference.cda import parse_document
from conformance.reference.config import Organisation
from conformance.reference.mail import Attachment
from conformance.reference.mail.narrative import embedded, lines_of
from conformance.reference.mail.pdf import write as write_pdf
from conformance.reference.registry import Entry, SubmissionSet, new_oid
from conformance.reference.values import Author, Coded, Document, Institution, Person, Received

NAME = "IHE_XDM.zip"
FOLDER = "IHE_XDM/SUBSET01"
STAMP = (2024, 1, 1, 0, 0, 0)


def archive(
    documents: Sequence[Document],
    received: Received,
    house: Organisation,
    codes: Sequence[Sequence[Coded]],
) -> Attachment:
    """The archive of these documents, all of one patient; `codes` are the confidentiality codes of each."""
    first = documents[0]
    patient = received.ins.cx() if received.ins is not None else _local(received)
    submission = SubmissionSet(
        unique_id=new_oid(house.oid),
        source_id=house.oid,
        patient_id=patient,
        author=Author(
            received.sender or (first.cda.authors[0].person if first.cda.authors else Person()),
            received.institution or Institution(house.identifier, house.name),
        ),
        patient_class=received.patient_class,
        title=first.cda.title,
    )
    entries = [
        Entry(d, patient, _source(d) or patient, received.patient, c, d.cda.effective_time)
        for d, c in zip(documents, codes, strict=True)
    ]
    members = {
        "INDEX.HTM": _index(documents, house),
        "README.TXT": _readme(documents, house),
        f"{FOLDER}/METADATA.XML": registry.metadata(submission, entries),
        **{f"{FOLDER}/DOC{n:04d}.XML": d.data for n, d in enumerate(documents, 1)},
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
    return Attachment(NAME, "application/zip", held.getvalue())


def _local(received: Received) -> str:
    return next((f"{value}^^^&{oid}&ISO^PI" for value, oid in received.local_ids if oid), "")


def _source(document: Document) -> str:
    """The first local identifier of the document's own header."""
    local = (i for i in document.cda.patient_ids if not i[1].startswith("1.2.250.1.213.1.4."))
    return next((f"{extension}^^^&{root}&ISO^PI" for extension, root in local), "")


def pdf_of(document: Document) -> Attachment:
    """The PDF/A-1 of a document: the one an N1 embeds, else one drawn from the narrative."""
    root, _ = parse_document(document.data)
    data = embedded(root) or write_pdf(document.cda.title or document.cda.type.label, lines_of(root, document.cda))
    return Attachment(_file_name(document, root), "application/pdf", data)


def _file_name(document: Document, root: etree._Element) -> str:
    """<date de l'acte>_<type>_<NOM>_<prénom>.pdf"""
    cda = document.cda
    del root
    act = (cda.start or cda.effective_time)[:8]
    parts = (act, (cda.type.label or cda.title)[:40].strip(), cda.patient.family.upper(), cda.patient.given)
    name = "_".join(p for p in parts if p)
    return "".join("-" if c in '\\/:*?"<>|\r\n\t' else c for c in name) + ".pdf"


def _index(documents: Sequence[Document], house: Organisation) -> bytes:
    rows = "".join(
        f'<li><a href="{FOLDER}/DOC{n:04d}.XML">{escape(d.cda.title or d.cda.type.label)}</a></li>'
        for n, d in enumerate(documents, 1)
    )
    return (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.1//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic11.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Documents de sant&#233;</title></head><body>'
        f"<h1>{escape(house.name)}</h1><ul>{rows}</ul>"
        f'<p><a href="README.TXT">README.TXT</a></p></body></html>\n'
    ).encode("ascii", "xmlcharrefreplace")


def _readme(documents: Sequence[Document], house: Organisation) -> bytes:
    lines = [
        house.name,
        f"{house.software} {house.version}",
        "",
        "Cette archive contient des documents de sante au format CDA R2, decrits par METADATA.XML (IHE XDM).",
        "Ouvrir INDEX.HTM pour en voir la liste.",
        "",
        *(f"{FOLDER}/DOC{n:04d}.XML" for n, _ in enumerate(documents, 1)),
    ]
    return "\r\n".join(lines).encode("ascii", "replace") + b"\r\n"

"""Findings on the few things a document thread rests on: identifiers, versions, type, patient, N1 body.

The whole header of the CI-SIS is not judged here: only what identifies a document and says whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes, table
from conformance.evidence.values import Finding
from conformance.standards.cda.reader import Body, CdaHeader, Instance, Patient, read
from conformance.standards.ins import oids, traits
from conformance.standards.ins import rules as ins

CODES = table(__package__)

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9a-zA-Z]{8}(?:-[0-9a-zA-Z]{4}){3}-[0-9a-zA-Z]{12}")
_VERSION = re.compile(r"[1-9][0-9]*")

MEDIA_TYPES = frozenset({"application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff"})
ROOT = "ClinicalDocument"
_PATIENT = f"{ROOT}/recordTarget/patientRole"


def judge(document: bytes | CdaHeader, *, environment: oids.Environment | None = None) -> Iterator[Finding]:
    """The findings of one document.

    `environment` is the one declared for the channel, None when nothing is declared. Bytes that are no CDA give the
    finding of their Malformed.
    """
    if isinstance(document, bytes):
        try:
            document = read(document)
        except Malformed as error:
            yield all_codes().finding(error.code, error.path, seen=error.seen)
            return
    yield from _identity(document)
    yield from _versions(document)
    yield from _described(document)
    yield from _patient(document.patient, environment)
    if document.body is not None:
        yield from judge_body(document.body)
    elif document.level == "":
        yield CODES.finding("cda.body.absent", f"{ROOT}/component")


def oid_fault(text: str) -> str:
    """Why a text is no OID as the CI-SIS wants it: `form`, `length`, or empty when it is one."""
    if _OID.fullmatch(text) is None:
        return "form"
    return "length" if len(text) > 64 else ""


def _root(instance: Instance, path: str, *, required: bool = True) -> Iterator[Finding]:
    if not instance.root:
        if required:
            yield CODES.finding("cda.id.absent", path, seen=instance.null)
        return
    fault = oid_fault(instance.root)
    if fault and not _UUID.fullmatch(instance.root):
        yield CODES.finding("cda.id.oid", path, seen=instance.root, cause=fault)


def _identity(header: CdaHeader) -> Iterator[Finding]:
    yield from _root(header.id, f"{ROOT}/id")
    yield from _root(header.set_id, f"{ROOT}/setId")
    if header.id.extension:
        yield CODES.finding("cda.id.extension", f"{ROOT}/id", seen=header.unique_id)
    for number, template in enumerate(header.templates, 1):
        yield from _root(template, f"{ROOT}/templateId[{number}]")


def _versions(header: CdaHeader) -> Iterator[Finding]:
    path = f"{ROOT}/versionNumber"
    if _VERSION.fullmatch(header.version) is None:
        yield CODES.finding("cda.version.number", path, seen=header.version)
    for kind, parent in header.related:
        if kind != "RPLC":
            yield CODES.finding("cda.version.related", f"{ROOT}/relatedDocument", seen=kind, expected="RPLC")
        yield from _root(parent, f"{ROOT}/relatedDocument/parentDocument/id")
    if header.replaces is not None and header.replaces.root and header.replaces == header.id:
        yield CODES.finding("cda.version.itself", f"{ROOT}/relatedDocument/parentDocument/id", seen=header.unique_id)
    if header.replaces is not None and header.version == "1":
        yield CODES.finding("cda.version.first", path, seen="1")


def _described(header: CdaHeader) -> Iterator[Finding]:
    if not header.code.code or not header.code.system:
        yield CODES.finding("cda.code.absent", f"{ROOT}/code", seen=f"{header.code.code} {header.code.system}".strip())
    if not header.title:
        yield CODES.finding("cda.title.absent", f"{ROOT}/title")
    elif len(header.title) > 128:
        yield CODES.finding("cda.title.length", f"{ROOT}/title", seen=len(header.title), expected="128")


def _patient(patient: Patient, environment: oids.Environment | None) -> Iterator[Finding]:
    if not patient.ids:
        yield CODES.finding("cda.patient.id", f"{_PATIENT}/id")
    for number, instance in enumerate(patient.ids, 1):
        if not instance.root or not instance.extension:
            yield CODES.finding(
                "cda.patient.id", f"{_PATIENT}/id[{number}]", seen=f"{instance.root} {instance.extension}".strip()
            )
    if patient.birth and traits.parse_birth(patient.birth[:8]) is None:
        yield CODES.finding("cda.patient.birth", f"{_PATIENT}/patient/birthTime", seen=patient.birth)
    if patient.ins is None:
        return
    if not oids.is_ins(patient.ids[0].root):
        yield CODES.finding("cda.patient.ins-first", f"{_PATIENT}/id[1]", seen=patient.ids[0].root)
    for what, present in (
        ("family[@qualifier='BR']", patient.name.family("BR")),
        ("given", patient.name.given()),
        ("given[@qualifier='BR']", patient.name.given("BR")),
        ("administrativeGenderCode", patient.sex.code),
        ("birthTime", patient.birth),
        ("birthplace/place/addr/county", patient.birth_place),
    ):
        if not present:
            yield CODES.finding("cda.patient.ins-traits", f"{_PATIENT}/patient", expected=what, subject=what)
    first, listed = patient.name.given("BR"), patient.name.given()
    if first and listed and not traits.first_given_fits(first, listed):
        yield ins.CODES.finding("ins.trait.first-given", f"{_PATIENT}/patient/name/given", seen=first, expected=listed)
    if patient.birth_place and not traits.is_place(patient.birth_place):
        yield ins.CODES.finding(
            "ins.trait.place", f"{_PATIENT}/patient/birthplace/place/addr/county", seen=patient.birth_place
        )
    for number, instance in enumerate(patient.ids, 1):
        if oids.is_ins(instance.root):
            yield from ins.judge_matricule(
                instance.extension,
                instance.root,
                path=f"{_PATIENT}/id[{number}]",
                environment=environment,
                sex=patient.sex.code,
                birth=patient.birth[:8],
            )


def judge_body(body: Body) -> Iterator[Finding]:
    """The findings of the body of an N1: announced type, Base64, and for a PDF its first bytes and PDF/A-1 claim."""
    path = f"{ROOT}/component/nonXMLBody/text"
    if body.null or not body.text:
        yield CODES.finding("cda.body.empty", path, seen=body.null)
        return
    if body.representation != "B64":
        yield CODES.finding("cda.body.representation", path, seen=body.representation, expected="B64")
        return
    if body.media_type not in MEDIA_TYPES:
        yield CODES.finding("cda.body.media-type", path, seen=body.media_type, expected=" ".join(sorted(MEDIA_TYPES)))
    try:
        data = body.data
    except Malformed as error:
        yield CODES.finding(error.code, error.path, seen=error.seen)
        return
    if body.media_type != "application/pdf":
        return
    if not data.startswith(b"%PDF-"):
        yield CODES.finding("cda.body.pdf", path, seen=data[:8].hex(" "))
    elif pdf_a_part(data) != "1":
        yield CODES.finding("cda.body.pdf-a", path, seen=pdf_a_part(data), expected="1")


_PART = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*([0-9])")


def pdf_a_part(data: bytes) -> str:
    """The part of PDF/A that the XMP of a PDF claims (`1`, `2`...), empty when it claims none that can be read.

    XMP packets of PDF/A stand uncompressed (ISO 19005-1, 6.7.2), in UTF-8 as a rule, in UTF-16 sometimes.
    """
    match = _PART.search(data) or _PART.search(data.replace(b"\x00", b""))
    return match[1].decode() if match else ""

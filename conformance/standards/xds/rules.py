"""Findings on a submission: what the metadata lack, and where they contradict the document bytes.

The DMP guide is not public: nothing here is an error. Missing metadata are warnings, contradictions advice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

from conformance.errors import Malformed
from conformance.evidence.codes import table
from conformance.evidence.values import Finding
from conformance.standards.cda import syntax as cda
from conformance.standards.xds import constants as k
from conformance.standards.xds.submission import Entry, Submission

CODES = table(__package__)

_TIME = re.compile(r"[0-9]{4}(?:[0-9]{2}){0,5}")

REQUIRED: dict[str, Callable[[Entry], object]] = {
    "uniqueId": lambda e: e.unique_id,
    "patientId": lambda e: e.patient_id.raw,
    "sourcePatientId": lambda e: e.source_patient_id.raw,
    "author": lambda e: e.authors and e.authors[0].persons,
    "legalAuthenticator": lambda e: e.legal_authenticator.raw,
    "classCode": lambda e: e.class_code.code,
    "typeCode": lambda e: e.type_code.code,
    "formatCode": lambda e: e.format_code.code,
    "confidentialityCode": lambda e: e.confidentiality_codes,
    "healthcareFacilityTypeCode": lambda e: e.facility_type.code,
    "practiceSettingCode": lambda e: e.practice_setting.code,
    "mimeType": lambda e: e.mime_type,
    "languageCode": lambda e: e.language,
    "title": lambda e: e.title,
    "creationTime": lambda e: e.creation_time,
    "serviceStartTime": lambda e: e.service_start,
}
"""Metadata that the DMP asks of every entry, the signature's included. A source may leave hash and size to the
repository (ITI TF-3 table 4.2.3.1-1)."""

REQUIRED_OF_SET: dict[str, Callable[[Submission], object]] = {
    "uniqueId": lambda s: s.unique_id,
    "sourceId": lambda s: s.source_id,
    "patientId": lambda s: s.patient_id.raw,
    "submissionTime": lambda s: s.submission_time,
    "author": lambda s: s.authors and s.authors[0].persons,
    "contentTypeCode": lambda s: s.content_type.code,
}


def judge(submission: Submission) -> Iterator[Finding]:
    """The findings of one submission."""
    for name, value in REQUIRED_OF_SET.items():
        if not value(submission):
            yield CODES.finding("xds.metadata.missing", f"SubmissionSet.{name}", expected=name, subject=name)
    if submission.vihf is None:
        yield CODES.finding("xds.vihf.absent", "wsse:Security")
    members = {a.target for a in submission.associations if a.kind == k.HAS_MEMBER and a.source == submission.id}
    for number, entry in enumerate(submission.entries, 1):
        where = f"DocumentEntry[{number}]"
        for name, present in REQUIRED.items():
            if not present(entry):
                yield CODES.finding("xds.metadata.missing", f"{where}.{name}", expected=name, subject=name)
        if entry.id not in members:
            yield CODES.finding("xds.association.member", where, seen=entry.id)
        yield from _times(entry, where)
        if entry.patient_id.raw and entry.patient_id.id != submission.patient_id.id:
            yield CODES.finding(
                "xds.metadata.patient",
                f"{where}.patientId",
                seen=entry.patient_id.raw,
                expected=submission.patient_id.raw,
            )
        if not entry.is_signature:
            yield from _against_content(entry, where)


def _times(entry: Entry, where: str) -> Iterator[Finding]:
    for name, value in (
        ("creationTime", entry.creation_time),
        ("serviceStartTime", entry.service_start),
        ("serviceStopTime", entry.service_stop),
    ):
        if value and not _TIME.fullmatch(value):
            yield CODES.finding("xds.metadata.time", f"{where}.{name}", seen=value, expected="AAAAMMJJhhmmss (UTC)")


def _against_content(entry: Entry, where: str) -> Iterator[Finding]:
    content = entry.content
    if content is None:
        yield CODES.finding("xds.document.absent", where, seen=entry.id)
        return
    if entry.size is not None and entry.size != len(content):
        yield CODES.finding("xds.metadata.size", f"{where}.size", seen=entry.size, expected=len(content))
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if entry.hash and entry.hash.casefold() != digest:
        yield CODES.finding("xds.metadata.hash", f"{where}.hash", seen=entry.hash, expected=digest)
    if entry.mime_type not in ("text/xml", "application/xslt+xml"):
        return
    try:
        document = cda.parse(content)
    except Malformed as error:
        yield CODES.finding("xds.document.unreadable", where, seen=f"{error.code} {error.seen}")
        return
    id = document.find(cda.tag("id"))
    root, extension = ("", "") if id is None else (id.get("root", ""), id.get("extension", ""))
    own = f"{root}^{extension}" if extension else root
    if entry.unique_id != own:
        yield CODES.finding("xds.metadata.unique-id", f"{where}.uniqueId", seen=entry.unique_id, expected=own)

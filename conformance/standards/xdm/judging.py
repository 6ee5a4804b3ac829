"""Findings on an XDM archive: its layout, its metadata against its documents, one patient (ITI-32; ITI TF-3 4)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes, table
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.cda.reader import read as read_cda
from conformance.standards.xdm.reader import METADATA, ROOT, Media, Subset, read
from conformance.standards.xds import constants as k
from conformance.standards.xds import mapping
from conformance.standards.xds.rules import REQUIRED
from conformance.standards.xds.submission import Entry
from conformance.standards.xml import syntax as xml

CODES = table(__package__)

_SHORT = re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{1,3})?")
_LINK = re.compile(r"(?:href|src)\s*=\s*[\"']([^\"'#?]+)", re.IGNORECASE)
_SET = {"uniqueId": "unique_id", "sourceId": "source_id", "submissionTime": "submission_time"}


def judge(data: bytes) -> Iterator[Finding]:
    """The findings of an archive given as bytes: an archive that cannot be read is the finding of its Malformed.

    The documents inside are not judged here, only against their metadata.
    """
    try:
        media = read(data)
    except Malformed as fault:
        yield all_codes().finding(fault.code, fault.path, seen=fault.seen)
        return
    yield from judge_media(media)


def judge_media(media: Media) -> Iterator[Finding]:
    """The findings of an archive already read."""
    yield from _layout(media)
    if not media.subsets:
        yield CODES.finding("xdm.metadata.absent", f"{media.base}{ROOT}", expected=f"{ROOT}/SUBSET01/{METADATA}")
    headers: dict[str, CdaHeader] = {}
    for subset in media.subsets:
        if subset.fault is not None:
            fault = subset.fault
            code = fault.code if fault.code in all_codes() else "xdm.metadata.unreadable"
            yield all_codes().finding(code, subset.metadata, seen=f"{fault.path} {fault.seen}".strip())
            continue
        yield from _set(subset)
        for entry in subset.documents:
            header = _header(entry)
            if header is not None:
                headers[f"{subset.folder}/{entry.uri}"] = header
            yield from _entry(subset, entry, header)
        yield from _associations(subset)
    yield from _one_patient(media, headers)
    yield from _unlisted(media)


def _layout(media: Media) -> Iterator[Finding]:
    names = media.archive.members
    for name in media.archive.doubled:
        yield CODES.finding("xdm.layout.doubled", name, seen=name)
    if media.base:
        yield CODES.finding("xdm.layout.base", media.base, seen=media.base, expected=f"{ROOT}/")
    for wanted in ("INDEX.HTM", "README.TXT"):
        if f"{media.base}{wanted}" not in names:
            seen = next((n for n in names if n.upper() == f"{media.base}{wanted}".upper()), "")
            yield CODES.finding("xdm.layout.file", f"{media.base}{wanted}", seen=seen, expected=wanted, subject=wanted)
        elif not names[f"{media.base}{wanted}"].strip():
            yield CODES.finding("xdm.layout.empty", f"{media.base}{wanted}", subject=wanted)
    yield from _index(media)
    for name in names:
        inside = name.removeprefix(media.base)
        if inside.startswith(f"{ROOT}/") and not all(_SHORT.fullmatch(step) for step in inside.split("/")):
            yield CODES.finding("xdm.layout.name", name, seen=inside, expected="[A-Z0-9_]{1,8}.[A-Z0-9_]{1,3}")


def _index(media: Media) -> Iterator[Finding]:
    raw = media.archive.members.get(f"{media.base}INDEX.HTM", b"")
    for link in dict.fromkeys(_LINK.findall(raw.decode("utf-8", "replace"))):
        if re.match(r"[a-z][a-z0-9+.-]*:", link, re.IGNORECASE):
            if not link.lower().startswith("mailto:"):
                yield CODES.finding("xdm.index.external", f"{media.base}INDEX.HTM", seen=link[:200])
        elif f"{media.base}{link}" not in media.archive.members:
            yield CODES.finding("xdm.index.link", f"{media.base}INDEX.HTM", seen=link[:200])


def _set(subset: Subset) -> Iterator[Finding]:
    for name, attribute in _SET.items():
        if not getattr(subset, attribute):
            where = f"{subset.metadata}#SubmissionSet.{name}"
            yield CODES.finding("xdm.metadata.missing", where, expected=name, subject=name)
    if not subset.patient_id.raw:
        where = f"{subset.metadata}#SubmissionSet.patientId"
        yield CODES.finding("xdm.metadata.missing", where, expected="patientId", subject="patientId")
    if not subset.documents:
        yield CODES.finding("xdm.metadata.no-document", subset.metadata)


def _entry(subset: Subset, entry: Entry, header: CdaHeader | None) -> Iterator[Finding]:
    where = f"{subset.metadata}#{entry.id or 'DocumentEntry'}"
    for name, present in REQUIRED.items():
        if not present(entry):
            yield CODES.finding("xdm.metadata.missing", f"{where}.{name}", expected=name, subject=name)
    for name, value in (("hash", entry.hash), ("size", entry.size is not None), ("URI", entry.uri)):
        if not value:
            yield CODES.finding("xdm.metadata.missing", f"{where}.{name}", expected=name, subject=name)
    if entry.patient_id.raw and subset.patient_id.raw and entry.patient_id.id != subset.patient_id.id:
        seen, wanted = entry.patient_id.raw, subset.patient_id.raw
        yield CODES.finding("xdm.patient.several", f"{where}.patientId", seen=seen, expected=wanted)
    content = entry.content
    if content is None:
        yield CODES.finding("xdm.document.absent", f"{where}.URI", seen=entry.uri)
        return
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if entry.hash and entry.hash.casefold() != digest:
        yield CODES.finding("xdm.document.hash", f"{where}.hash", seen=entry.hash, expected=digest)
    if entry.size is not None and entry.size != len(content):
        yield CODES.finding("xdm.document.size", f"{where}.size", seen=entry.size, expected=len(content))
    if entry.mime_type in ("text/xml", "application/xslt+xml") and header is None:
        yield CODES.finding("xdm.document.unreadable", f"{where}.URI", seen=entry.uri)
    if header is None:
        return
    for difference in mapping.differences(entry, header):
        yield CODES.finding(
            "xdm.metadata.contradicts",
            f"{where}.{difference.name}",
            seen=difference.seen,
            expected=difference.expected,
            severity=None if difference.firm else Severity.WARNING,
            subject=difference.name,
        )


def _associations(subset: Subset) -> Iterator[Finding]:
    members = {a.target for a in subset.associations if a.kind == k.HAS_MEMBER and a.source == subset.id}
    for entry in subset.entries:
        if entry.id not in members:
            yield CODES.finding("xdm.metadata.member", f"{subset.metadata}#{entry.id}", seen=entry.id)


def _one_patient(media: Media, headers: dict[str, CdaHeader]) -> Iterator[Finding]:
    """One archive, one patient: over the sets, and over the documents themselves."""
    sets = {s.patient_id.id for s in media.subsets if s.patient_id.id}
    if len(sets) > 1:
        yield CODES.finding("xdm.patient.several", ROOT, seen=" | ".join(sorted(sets)))
    found: dict[str, str] = {}
    for name, header in headers.items():
        ins = header.patient.ins
        if ins is not None and ins.extension:
            found.setdefault(ins.extension, name)
    if len(found) > 1:
        yield CODES.finding("xdm.patient.several", " ".join(found.values())[:200], seen=" | ".join(sorted(found)))


def _unlisted(media: Media) -> Iterator[Finding]:
    """An XML document that no metadata names would be lost by a receiver; a PDF copy beside is admitted."""
    for name in media.archive.members:
        inside = name.removeprefix(media.base)
        if (
            inside.startswith(f"{ROOT}/")
            and name not in media.listed
            and inside.upper().endswith(".XML")
            and not inside.upper().endswith(f"/{METADATA}")
        ):
            yield CODES.finding("xdm.document.unlisted", name, seen=inside)


def _header(entry: Entry) -> CdaHeader | None:
    if entry.content is None or entry.mime_type not in ("text/xml", "application/xslt+xml"):
        return None
    try:
        return read_cda(entry.content)
    except Malformed:
        return None


def metadata_root(raw: bytes) -> bool:
    """True for the bytes of a METADATA.XML (a SubmitObjectsRequest)."""
    try:
        return xml.local(xml.parse(raw)) == "SubmitObjectsRequest"
    except Malformed:
        return False

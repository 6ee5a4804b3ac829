"""Each kind of document given to its judge. A judge whose optional component is missing is told in a note."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from conformance.errors import Malformed, SetupError
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda import judging as cda
from conformance.standards.cda import reader, signature, syntax
from conformance.standards.cda.presentation import judging as presentation
from conformance.standards.check import kinds, messages
from conformance.standards.check.kinds import Kind
from conformance.standards.check.members import CODES
from conformance.standards.check.settings import Judging
from conformance.standards.check.values import UNKNOWN, Opinion, Report, Verdict
from conformance.standards.datamatrix import judging as datamatrix
from conformance.standards.hl7v2.rules import DEFAULT as HL7_DEFAULT
from conformance.standards.pdf import judging as pdf
from conformance.standards.xml import syntax as xml

OWN = "conformance"
FINDINGS = 2000
"""Findings kept of one document."""

_IMAGES = {"png": "image/png", "jpeg": "image/jpeg", "tiff": "image/tiff"}
_UNREADABLE = ("xml.syntax.", "cda.syntax.", "check.file.", "check.zip.damaged", "check.gzip.", "pdf.syntax.")


def verdict_of(findings: tuple[Finding, ...], *, judged: bool = True) -> Verdict:
    """The verdict that findings amount to; `judged` false when few rules apply to the kind."""
    errors = [f for f in findings if f.severity is Severity.ERROR]
    if any(f.code.startswith(_UNREADABLE) for f in errors):
        return "unreadable"
    if errors:
        return "nonconform"
    return "conform" if judged else "not-judged"


def report(name: str, kind: str, findings: tuple[Finding, ...], *, judged: bool = True, **rest: Any) -> Report:
    """A report of these findings, each placed in its file, not more than are worth reading."""
    if len(findings) > FINDINGS:
        cut = CODES.finding("check.document.findings-cut", seen=len(findings), expected=f"<= {FINDINGS}")
        findings = (*findings[:FINDINGS], cut)
    placed = tuple(f.at(file=name) for f in findings)
    return Report(name, kind, verdict_of(placed, judged=judged), placed, **rest)


def _malformed(fault: Malformed) -> Finding:
    """A document that cannot be read, with its line when the reader gives one."""
    line = fault.path.removeprefix("line ")
    if line != fault.path and line.isdigit():
        return all_codes().finding(fault.code, seen=fault.seen, line=int(line))
    return all_codes().finding(fault.code, fault.path, seen=fault.seen)


def extended(judged: Report, findings: tuple[Finding, ...]) -> Report:
    """A report with more findings, its verdict brought up to date."""
    every = (*judged.findings, *(f.at(file=judged.file) for f in findings))
    verdict = judged.verdict
    if verdict != "unreadable":
        verdict = verdict_of(every, judged=verdict != "not-judged")
    return replace(judged, findings=every, verdict=verdict)


Header = reader.CdaHeader


def judge_cda(name: str, data: bytes, judging: Judging) -> tuple[Report, Header | None]:
    """A CDA, and the PDF in it when it is a CDA of level 1; its header too, when it could be read."""
    try:
        root = syntax.parse(data)
    except Malformed as fault:
        return report(name, "cda", (_malformed(fault),), judges=(OWN,)), None
    settings = cda.Settings(environment=judging.environment, as_of=judging.as_of)
    findings = tuple(cda.judge(root, settings))
    header = reader.read(root)
    opinions = _opinions("cda", data, findings, judging)
    judges = [OWN]
    if _SIGNED in data:
        findings = (*findings, *signature.judge(data))
    if judging.inside_pdf:
        findings = (*findings, *_carried(header, judging, judges), *_shown(data, root))
    judged = report(
        name,
        "cda",
        findings,
        judges=tuple(dict.fromkeys(judges)),
        facts=_facts(header),
        keys=(("cda", header.unique_id, hashlib.sha256(data).hexdigest()[:16]),) if header.id.root else (),
        opinions=opinions,
    )
    return judged, header


BODY = "ClinicalDocument/component/nonXMLBody/text"
_SIGNED = b"http://www.w3.org/2000/09/xmldsig#"


def _shown(data: bytes, root: xml.Element) -> Iterator[Finding]:
    """What the stylesheet around a document does not show of it; nothing for a document that stands alone."""
    if root.getparent() is not None:
        yield from presentation.judge(data)


def carried_pdf(header: Header) -> bytes | None:
    """The PDF that a CDA of level 1 carries, None when it carries none that can be decoded."""
    if header.body is None:
        return None
    try:
        held = header.body.data
    except Malformed:
        return None
    return held if kinds.sniff(held) in (Kind.PDF, Kind.IMAGE) else None


def _carried(header: Header, judging: Judging, judges: list[str]) -> Iterator[Finding]:
    """What is to be said of the PDF or the image in a CDA: its format, what it shows, against the header."""
    held = carried_pdf(header)
    if held is None:
        return
    found = chain(
        _pdf(held, "", header, judging, judges) if kinds.sniff(held) is Kind.PDF else (),
        _datamatrix(held, header, judges),
    )
    for finding in found:
        spot = finding.location
        yield replace(finding, location=replace(spot, path=f"{BODY}!{spot.path}" if spot.path else BODY))


def _opinions(kind: str, data: bytes, findings: tuple[Finding, ...], judging: Judging) -> tuple[Opinion, ...]:
    arbiter = judging.arbiters.get(kind)
    return () if arbiter is None else (arbiter(data, findings),)


def _facts(header: reader.CdaHeader) -> Mapping[str, str]:
    """What a document says it is: nothing about the patient."""
    templates = " ".join(f"{t.root}:{t.extension}" if t.extension else t.root for t in header.templates[:20])
    facts = {
        "level": header.level,
        "type_code": header.code.code,
        "type": header.code.label,
        "templates": templates,
        "id": header.unique_id,
        "set_id": header.set_id.root + (f"^{header.set_id.extension}" if header.set_id.extension else ""),
        "version": header.version,
        "effective_time": header.effective_time,
    }
    return {name: value[:1000] for name, value in facts.items() if value}


def judge_message(name: str, data: bytes, judging: Judging) -> tuple[Report, tuple[messages.Carried, ...]]:
    """The HL7 v2 messages of a file, and the documents that they carry, to be judged apart."""
    settings = HL7_DEFAULT
    if judging.environment is not None:  # no OID of demonstration is known to the rules of messages
        settings = replace(settings, ins=None if judging.environment == "demo" else judging.environment)
    held = messages.opened(name, data, settings)
    keys = tuple(("MSH-10", id, "") for id in held.control_ids)
    moves = tuple(("ZBE-1", move, control_id) for move, control_id in held.movements)
    return replace(held.report, judges=(OWN,), keys=(*keys, *moves)), held.documents


def judge_pdf(name: str, data: bytes, judging: Judging) -> Report:
    """A PDF that stands alone: its structure, PDF/A-1 as a warning since nothing says that it is owed, its symbols."""
    judges: list[str] = []
    found: tuple[Finding, ...] = ()
    if judging.inside_pdf:
        last = name.rpartition("/")[2].rpartition("!")[2]
        found = (*_pdf(data, last, None, judging, judges), *_datamatrix(data, None, judges))
    judged = bool(judges)
    return report(name, "pdf", found if judged else (*found, _nothing("pdf")), judged=judged, judges=tuple(judges))


def _pdf(data: bytes, name: str, header: Header | None, judging: Judging, judges: list[str]) -> Iterator[Finding]:
    """PDF/A-1 by veraPDF when it is there, by our own rules otherwise; the rest by ours."""
    try:
        yield from pdf.judge(data, name=name, header=header, pdf_a=judging.verapdf is None)
        judges.append(OWN)
    except SetupError as missing:
        yield _missing(missing)
    if judging.verapdf is not None:
        yield from judging.verapdf(data, False)
        judges.append("veraPDF")


def judge_image(name: str, data: bytes, judging: Judging) -> Report:
    """An image: only the symbols that it may show are judged."""
    judges: list[str] = []
    kind = _IMAGES[kinds.image_type(data)]
    findings = tuple(_datamatrix(data, None, judges)) if judging.inside_pdf else ()
    return report(name, kind, findings or (_nothing(kind),), judged=False, judges=tuple(judges))


def judge_xml(name: str, data: bytes, _judging: Judging) -> Report:
    """Other XML: well formed or not, and what it says it is."""
    try:
        root = xml.parse(data)
    except Malformed as fault:
        return report(name, "xml", (_malformed(fault),), judges=(OWN,))
    space, local = xml.namespace(root)[:200], xml.local(root)[:100]
    return report(name, _xml_kind(space, local), (_nothing(f"{{{space}}}{local}"),), judged=False, judges=(OWN,))


_SPACES: tuple[tuple[str, str], ...] = (
    ("urn:oasis:names:tc:SAML:", "saml"),
    ("urn:oasis:names:tc:ebxml-regrep:", "xds"),
    ("urn:ihe:iti:xds-b:", "xds"),
    ("http://www.w3.org/2003/05/soap-envelope", "soap"),
    ("http://schemas.xmlsoap.org/soap/envelope/", "soap"),
    ("urn:hl7-org:v3", "hl7v3"),
    ("http://www.w3.org/1999/XSL/Transform", "xsl"),
    ("http://hl7.org/fhir", "fhir"),
)


def _xml_kind(space: str, local: str) -> str:
    family = next((name for start, name in _SPACES if space.startswith(start)), "")
    return f"{family or 'xml'}/{local}"


def judge_rest(name: str, data: bytes, kind: Kind) -> Report:
    """What no judge reads: said plainly."""
    match kind:
        case Kind.EMPTY:
            return report(name, "empty", (CODES.finding("check.file.empty"),))
        case Kind.TEST_VIRUS:
            return report(name, "test-virus", (CODES.finding("check.file.test-virus"),))
        case Kind.SMIME:
            return report(name, "smime", (CODES.finding("check.mail.smime"),))
        case Kind.HTML:
            return report(name, "html", (_nothing("html"),), judged=False)
        case _:
            seen = data[:40].decode("ascii", "replace")
            return report(name, UNKNOWN, (CODES.finding("check.file.unknown", seen=seen),))


def _nothing(what: str) -> Finding:
    return CODES.finding("check.document.not-judged", seen=what)


def _missing(fault: SetupError) -> Finding:
    return CODES.finding("check.document.judge-missing", seen=str(fault))


def _datamatrix(data: bytes, header: Header | None, judges: list[str]) -> Iterator[Finding]:
    try:
        yield from datamatrix.judge(data, header)
        judges.append("datamatrix")
    except SetupError as missing:
        yield _missing(missing)


JUDGES: Mapping[Kind, Callable[[str, bytes, Judging], Report]] = {
    Kind.PDF: judge_pdf,
    Kind.IMAGE: judge_image,
    Kind.XML: judge_xml,
}

"""Each kind of document given to its judge. A judge whose optional component is missing is told in a note."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from conformance.errors import Malformed, SetupError
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda import judging as cda
from conformance.standards.cda import reader, syntax
from conformance.standards.check import kinds, messages
from conformance.standards.check.kinds import Kind
from conformance.standards.check.members import CODES
from conformance.standards.check.settings import Judging
from conformance.standards.check.values import UNKNOWN, Opinion, Report, Verdict
from conformance.standards.hl7v2.rules import DEFAULT as HL7_DEFAULT
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


def judge_cda(name: str, data: bytes, judging: Judging) -> Report:
    """A CDA, and the PDF in it when it is a CDA of level 1."""
    try:
        root = syntax.parse(data)
    except Malformed as fault:
        line = fault.path.removeprefix("line ")
        told = all_codes().finding(
            fault.code, fault.path, seen=fault.seen, line=int(line) if line.isdigit() and line != fault.path else None
        )
        return report(name, "cda", (told,), judges=(OWN,))
    settings = cda.Settings(environment=judging.environment, as_of=judging.as_of)
    findings = tuple(cda.judge(root, settings))
    header = reader.read(root)
    judges = [OWN]
    if judging.verapdf is not None and header.body is not None and header.body.media_type == "application/pdf":
        findings, asked = (*findings, *_body(header, judging.verapdf)), "veraPDF"
        judges.append(asked)
    return report(
        name,
        "cda",
        findings,
        judges=tuple(judges),
        facts=_facts(header),
        keys=(("cda", header.unique_id, hashlib.sha256(data).hexdigest()[:16]),) if header.id.root else (),
        opinions=_opinions("cda", data, findings, judging),
    )


def _body(header: reader.CdaHeader, verapdf: Any) -> tuple[Finding, ...]:
    if header.body is None:
        return ()
    try:
        held = header.body.data
    except Malformed:
        return ()
    if not held.startswith(b"%PDF-"):
        return ()
    where = "ClinicalDocument/component/nonXMLBody/text"
    return tuple(
        replace(f, location=replace(f.location, path=f"{where}!{f.location.path}" if f.location.path else where))
        for f in verapdf(held, True)
    )


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
    return replace(held.report, judges=(OWN,), keys=keys), held.documents


def judge_pdf(name: str, data: bytes, judging: Judging) -> Report:
    """A PDF that stands alone: its structure, what it claims, and PDF/A-1 when veraPDF is asked."""
    judges: list[str] = []
    findings: list[Finding] = []
    if (module := _optional("conformance.standards.pdf.judging")) is not None:
        try:
            findings += module.judge(data, name=name.rpartition("/")[2].rpartition("!")[2])
            judges.append(OWN)
        except SetupError as missing:
            findings.append(_missing(missing))
    if judging.verapdf is not None:
        findings += judging.verapdf(data, False)
        judges.append("veraPDF")
    findings += _datamatrix(data, judges)
    return report(name, "pdf", tuple(findings) or (_nothing("pdf"),), judged=bool(judges), judges=tuple(judges))


def judge_image(name: str, data: bytes, _judging: Judging) -> Report:
    """An image: only the datamatrix that it may show is judged."""
    judges: list[str] = []
    kind = _IMAGES[kinds.image_type(data)]
    findings = tuple(_datamatrix(data, judges)) or (_nothing(kind),)
    return report(name, kind, findings, judged=False, judges=tuple(judges))


def judge_xml(name: str, data: bytes, _judging: Judging) -> Report:
    """Other XML: well formed or not, and what it says it is."""
    try:
        root = xml.parse(data)
    except Malformed as fault:
        return report(name, "xml", (all_codes().finding(fault.code, fault.path, seen=fault.seen),), judges=(OWN,))
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


def _optional(name: str) -> Any:
    """A judge that may not be there; None then."""
    try:
        return import_module(name) if find_spec(name) is not None else None
    except ModuleNotFoundError:
        return None


def _datamatrix(data: bytes, judges: list[str]) -> Iterator[Finding]:
    module = _optional("conformance.standards.datamatrix.judging")
    if module is None:
        return
    try:
        yield from module.judge(data, None)
        judges.append("datamatrix")
    except SetupError as missing:
        yield _missing(missing)


JUDGES: Mapping[Kind, Callable[[str, bytes, Judging], Report]] = {
    Kind.CDA: judge_cda,
    Kind.PDF: judge_pdf,
    Kind.IMAGE: judge_image,
    Kind.XML: judge_xml,
}

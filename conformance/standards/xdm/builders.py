"""Building an XDM archive around documents: METADATA.XML from their headers, INDEX.HTM, README.TXT (ITI-32)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from conformance.standards.cda.reader import CdaHeader, Code, Instance, Participant
from conformance.standards.cda.reader import read as read_cda
from conformance.standards.xdm import syntax
from conformance.standards.xds import constants as k
from conformance.standards.xds.mapping import FORMATS, utc

_OBJECT = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:"


@dataclass(frozen=True, slots=True)
class SetSpec:
    """What an archive needs besides its documents.

    `uid` and `source` are OIDs, `submitted` is UTC (AAAAMMJJhhmmss), `content_type` and `classes` are (code, scheme
    OID, label): the class of each document, in order. `restrictions` are, for each document, the confidentiality codes
    (code, scheme OID, label) that stand besides that of the CDA, `MASQUE_PS` for instance.
    """

    uid: str
    source: str
    submitted: str
    content_type: tuple[str, str, str] = ("04", "1.2.250.1.213.2.2", "Hospitalisation de jour")
    classes: tuple[tuple[str, str, str], ...] = (("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),)
    product: str = "conformance"
    restrictions: tuple[tuple[tuple[str, str, str], ...], ...] = ()


def build(documents: Iterable[bytes], spec: SetSpec, *, pdfs: Iterable[bytes] = ()) -> bytes:
    """The archive: CDA documents listed in the metadata as DOC0001.XML..., and PDF copies beside them, not listed."""
    contents = list(documents)
    headers = [read_cda(content) for content in contents]
    members: dict[str, bytes] = {
        "INDEX.HTM": _index(headers, spec).encode(),
        "README.TXT": _readme(spec).encode(),
        "IHE_XDM/SUBSET01/METADATA.XML": metadata(contents, headers, spec).encode(),
    }
    for number, content in enumerate(contents, 1):
        members[f"IHE_XDM/SUBSET01/DOC{number:04d}.XML"] = content
    for number, content in enumerate(pdfs, 1):
        members[f"IHE_XDM/SUBSET01/DOC{number:04d}.PDF"] = content
    return syntax.write(members)


def metadata(contents: list[bytes], headers: list[CdaHeader], spec: SetSpec) -> str:
    """METADATA.XML: one submission set, one entry a document."""
    patient = _cx(headers[0].patient.ins, "NH") if headers else ""
    inner = "".join((_set(headers, spec, patient), *_entries(contents, headers, spec)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<lcm:SubmitObjectsRequest xmlns:lcm="{k.LCM}" xmlns:rim="{k.RIM}">'
        f"<rim:RegistryObjectList>{inner}</rim:RegistryObjectList></lcm:SubmitObjectsRequest>\n"
    )


def _set(headers: list[CdaHeader], spec: SetSpec, patient: str) -> str:
    schemes, ids = k.SET_SCHEMES, k.SET_IDENTIFIERS
    code, scheme, label = spec.content_type
    author = headers[0].authors[0] if headers and headers[0].authors else None
    inner = "".join(
        (
            _slot("submissionTime", spec.submitted),
            _author(schemes["author"], "Set01", author),
            _classified(schemes["content_type"], "Set01", Code(code, scheme, label)),
            f'<rim:Classification id="set-node" classifiedObject="Set01" classificationNode="{k.SUBMISSION_SET}"/>',
            _identifier(ids["patient_id"], "Set01", patient, "XDSSubmissionSet.patientId"),
            _identifier(ids["source_id"], "Set01", spec.source, "XDSSubmissionSet.sourceId"),
            _identifier(ids["unique_id"], "Set01", spec.uid, "XDSSubmissionSet.uniqueId"),
        )
    )
    return f'<rim:RegistryPackage id="Set01" objectType="{_OBJECT}RegistryPackage">{inner}</rim:RegistryPackage>'


def _entries(contents: list[bytes], headers: list[CdaHeader], spec: SetSpec) -> Iterator[str]:
    for number, (content, header) in enumerate(zip(contents, headers, strict=True), 1):
        own = f"Document{number:02d}"
        restricted = spec.restrictions[number - 1] if number <= len(spec.restrictions) else ()
        yield _entry(own, number, content, header, spec.classes[min(number, len(spec.classes)) - 1], restricted)
        yield (
            f'<rim:Association id="Member{number:02d}" associationType="{k.HAS_MEMBER}" sourceObject="Set01" '
            f'targetObject="{own}">{_slot("SubmissionSetStatus", "Original")}</rim:Association>'
        )


def _entry(
    own: str,
    number: int,
    content: bytes,
    header: CdaHeader,
    kind: tuple[str, str, str],
    restricted: tuple[tuple[str, str, str], ...],
) -> str:
    schemes, ids, patient = k.ENTRY_SCHEMES, k.ENTRY_IDENTIFIERS, header.patient
    act = header.acts[0] if header.acts else None
    local = next((i for i in patient.ids if i is not patient.ins), None)
    signer = header.legal_authenticator
    inner = "".join(
        (
            _slot("creationTime", utc(header.effective_time)),
            _slot("hash", hashlib.sha1(content, usedforsecurity=False).hexdigest()),
            _slot("languageCode", header.language),
            _slot("legalAuthenticator", _xcn(signer) if signer else ""),
            _slot("serviceStartTime", utc(act.low) if act else ""),
            _slot("serviceStopTime", utc(act.high) if act else ""),
            _slot("size", str(len(content))),
            _slot("sourcePatientId", _cx(local, "PI") or _cx(patient.ins, "NH")),
            _slot("sourcePatientInfo", *_patient_info(header)),
            _slot("URI", f"DOC{number:04d}.XML"),
            _name(header.title),
            *(_author(schemes["author"], own, author) for author in header.authors),
            _classified(schemes["class_code"], own, Code(*kind)),
            _classified(schemes["type_code"], own, header.code),
            _classified(schemes["format_code"], own, _format(header)),
            _classified(schemes["confidentiality_codes"], own, header.confidentiality),
            *(_classified(schemes["confidentiality_codes"], own, Code(*code)) for code in restricted),
            _classified(schemes["facility_type"], own, header.facility),
            _classified(schemes["practice_setting"], own, header.practice),
            _identifier(ids["patient_id"], own, _cx(patient.ins, "NH"), "XDSDocumentEntry.patientId"),
            _identifier(ids["unique_id"], own, header.unique_id, "XDSDocumentEntry.uniqueId"),
        )
    )
    head = f'id="{own}" mimeType="text/xml" objectType="{k.STABLE_DOCUMENT}"'
    return f"<rim:ExtrinsicObject {head}>{inner}</rim:ExtrinsicObject>"


def _format(header: CdaHeader) -> Code:
    if header.level == "N1" and header.body is not None:
        return Code(FORMATS.get(header.body.media_type, ""), "1.3.6.1.4.1.19376.1.2.3", header.body.media_type)
    last = header.templates[-1].root if header.templates else ""
    return Code(f"urn:oid:{last}", "1.3.6.1.4.1.19376.1.2.3", header.title)


def _patient_info(header: CdaHeader) -> Iterator[str]:
    name = header.patient.name
    if name.family("BR"):
        yield f"PID-5|{name.family('BR')}^{name.given('BR') or name.given()}^^^^^L"
    if header.patient.birth:
        yield f"PID-7|{header.patient.birth[:8]}"
    if header.patient.sex.code in ("M", "F"):
        yield f"PID-8|{header.patient.sex.code}"


def _cx(instance: Instance | None, kind: str) -> str:
    return f"{instance.extension}^^^&{instance.root}&ISO^{kind}" if instance is not None and instance.root else ""


def _xcn(person: Participant) -> str:
    own = person.ids[0] if person.ids else Instance("")
    if person.device:
        return f"{own.extension}^{person.device}^^^^^^^&{own.root}&ISO^U^^^RI"
    family = person.name.families[0].text if person.name.families else ""
    given = person.name.givens[0].text if person.name.givens else ""
    return f"{own.extension}^{family}^{given}^^^^^^&{own.root}&ISO^D^^^IDNPS"


def _author(scheme: str, owner: str, author: Participant | None) -> str:
    if author is None:
        return ""
    structure = author.organisation
    own = structure.ids[0] if structure.ids else None
    institution = f"{structure.name}^^^^^&{own.root}&ISO^IDNST^^^{own.extension}" if own is not None else structure.name
    specialty = f"{author.code.code}^{author.code.label}^{author.code.system}" if author.code.code else ""
    inner = "".join(
        (
            _slot("authorPerson", _xcn(author)),
            _slot("authorInstitution", institution),
            _slot("authorRole", author.function.label),
            _slot("authorSpecialty", specialty),
        )
    )
    return _classification(scheme, owner, "", inner)


def _classified(scheme: str, owner: str, value: Code) -> str:
    if not value.code:
        return ""
    return _classification(scheme, owner, value.code, _slot("codingScheme", value.system) + _name(value.label))


def _classification(scheme: str, owner: str, node: str, inner: str) -> str:
    own = hashlib.sha256(f"{scheme}/{owner}/{node}/{inner}".encode()).hexdigest()[:12]
    return (
        f'<rim:Classification id="cl-{own}" classificationScheme="{scheme}" classifiedObject="{owner}" '
        f"nodeRepresentation={quoteattr(node)}>{inner}</rim:Classification>"
    )


def _identifier(scheme: str, owner: str, value: str, name: str) -> str:
    own = hashlib.sha256(f"{scheme}/{owner}".encode()).hexdigest()[:12]
    return (
        f'<rim:ExternalIdentifier id="ei-{own}" identificationScheme="{scheme}" registryObject="{owner}" '
        f"value={quoteattr(value)}>{_name(name)}</rim:ExternalIdentifier>"
    )


def _slot(name: str, *values: str) -> str:
    inner = "".join(f"<rim:Value>{escape(value)}</rim:Value>" for value in values if value)
    return f'<rim:Slot name="{name}"><rim:ValueList>{inner}</rim:ValueList></rim:Slot>' if inner else ""


def _name(text: str) -> str:
    return f"<rim:Name><rim:LocalizedString value={quoteattr(text)}/></rim:Name>" if text else ""


def _index(headers: list[CdaHeader], spec: SetSpec) -> str:
    rows = "".join(
        f'<li><a href="IHE_XDM/SUBSET01/DOC{number:04d}.XML">{escape(header.title)}</a></li>'
        for number, header in enumerate(headers, 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.1//EN" '
        '"http://www.w3.org/TR/xhtml-basic/xhtml-basic11.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr"><head><title>Documents de santé</title></head>'
        f'<body><h1>Documents de santé</h1><ul>{rows}</ul><p><a href="README.TXT">README.TXT</a> : '
        f"{escape(spec.product)}</p></body></html>\n"
    )


def _readme(spec: SetSpec) -> str:
    return (
        "Archive IHE XDM.\r\n"
        f"Application : {spec.product}\r\n"
        f"Source : {spec.source}\r\n"
        "Ouvrir INDEX.HTM avec un navigateur pour voir la liste des documents.\r\n"
    )

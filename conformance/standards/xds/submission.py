"""Reading an ITI-41 Provide and Register Document Set-b (DMP TD2.1, TD2.2): metadata and document bytes.

Source: IHE ITI TF-2 3.41, TF-3 4.2; the DMP profile as its published models describe it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.errors import Malformed
from conformance.standards.saml import reader as saml
from conformance.standards.saml.reader import Vihf
from conformance.standards.xds import constants as k
from conformance.standards.xds import ebrim
from conformance.standards.xds.datatypes import Author, Coded, Cx, Xcn
from conformance.standards.xds.syntax import Addressing, Envelope, binary
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

NO_CODE = Coded("")


@dataclass(frozen=True, slots=True)
class Association:
    """A link: full URN of its type, ids of its source and target (symbolic or entryUUID), its slots."""

    kind: str
    source: str
    target: str
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """The metadata of one document, as sent; absent texts are empty, absent codes are `NO_CODE`.

    `id` is the symbolic id or the entryUUID. `confidentiality_codes` keeps the order (the first is the CDA's own).
    `patient_info` is the rows of sourcePatientInfo (`PID-5|...`). `content` is the bytes of the document, None when
    the request carries none. `status`, `logical_id`, `repository` only come in answers. `size` is None when it is
    absent or no number. Times are as sent (UTC, AAAAMMJJhhmmss).
    """

    id: str
    unique_id: str
    patient_id: Cx
    source_patient_id: Cx
    patient_info: tuple[str, ...]
    authors: tuple[Author, ...]
    legal_authenticator: Xcn
    class_code: Coded
    type_code: Coded
    format_code: Coded
    confidentiality_codes: tuple[Coded, ...]
    facility_type: Coded
    practice_setting: Coded
    event_codes: tuple[Coded, ...]
    mime_type: str
    language: str
    title: str
    comments: str
    creation_time: str
    service_start: str
    service_stop: str
    hash: str
    size: int | None
    uri: str
    references: tuple[str, ...]
    object_type: str = ""
    status: str = ""
    logical_id: str = ""
    repository: str = ""
    content: bytes | None = None

    @property
    def is_signature(self) -> bool:
        """True for the entry of the XAdES signature of the submission set."""
        return self.format_code.code == k.SIGNATURE_FORMAT or self.type_code.code == k.SIGNATURE_TYPE

    def has_confidentiality(self, code: str) -> bool:
        """True when a confidentiality code is there, whatever its scheme."""
        return any(c.code == code for c in self.confidentiality_codes)


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission: the set, its entries (documents apart from the signature), associations, and the VIHF."""

    id: str
    unique_id: str
    source_id: str
    patient_id: Cx
    submission_time: str
    title: str
    comments: str
    authors: tuple[Author, ...]
    content_type: Coded
    entries: tuple[Entry, ...]
    associations: tuple[Association, ...]
    vihf: Vihf | None
    addressing: Addressing
    mtom: bool = True
    soap: str = "1.2"

    @property
    def documents(self) -> tuple[Entry, ...]:
        """The entries that are documents (the signature left out)."""
        return tuple(e for e in self.entries if not e.is_signature)

    @property
    def signature(self) -> Entry | None:
        """The entry of the XAdES signature, or None."""
        return next((e for e in self.entries if e.is_signature), None)

    @property
    def replacements(self) -> tuple[tuple[Entry, str], ...]:
        """(new entry, entryUUID it replaces) for each RPLC association whose source is in the request."""
        by_id = {e.id: e for e in self.entries}
        return tuple(
            (by_id[a.source], a.target) for a in self.associations if a.kind == k.REPLACE and a.source in by_id
        )


def read(envelope: Envelope) -> Submission:
    """The submission of a SOAP message.

    Raises Malformed: `xds.submission.root` when the body is no ProvideAndRegisterDocumentSetRequest,
    `xds.submission.set` without exactly one submission set, `xds.submission.document` for two documents of one id,
    and what the XOP, Base64 and VIHF readers raise.
    """
    request = envelope.body
    if xml.local(request) != "ProvideAndRegisterDocumentSetRequest":
        raise Malformed("xds.submission.root", "/Envelope/Body", str(request.tag)[:200])
    objects = ebrim.objects(xml.child(request, "SubmitObjectsRequest"))
    package = submission_set(objects)
    contents: dict[str, bytes] = {}
    for document in xml.children(request, "Document"):
        name = document.get("id", "")
        if name in contents:
            raise Malformed("xds.submission.document", xml.path(document), name[:200])
        contents[name] = binary(document, envelope.parts)
    entries = tuple(entry(o, contents.get(o.get("id", ""))) for o in objects if xml.local(o) == "ExtrinsicObject")
    s = ebrim.slots(package)
    return Submission(
        id=package.get("id", ""),
        unique_id=ebrim.identifier(package, k.SET_IDENTIFIERS["unique_id"]),
        source_id=ebrim.identifier(package, k.SET_IDENTIFIERS["source_id"]),
        patient_id=Cx.parse(ebrim.identifier(package, k.SET_IDENTIFIERS["patient_id"])),
        submission_time=ebrim.first(s, "submissionTime"),
        title=ebrim.label(package),
        comments=ebrim.label(package, "Description"),
        authors=ebrim.authors(package, k.SET_SCHEMES["author"]),
        content_type=one(ebrim.coded(package, k.SET_SCHEMES["content_type"])),
        entries=entries,
        associations=associations(objects),
        vihf=saml.read(envelope.security),
        addressing=envelope.addressing,
        mtom=envelope.mtom,
        soap=envelope.version,
    )


def one(values: tuple[Coded, ...]) -> Coded:
    """The first coded value, or NO_CODE."""
    return values[0] if values else NO_CODE


def submission_set(objects: list[Element]) -> Element:
    """The registry package classified as submission set (or the only package); Malformed `xds.submission.set`."""
    packages = [o for o in objects if xml.local(o) == "RegistryPackage"]
    marked = {
        c.get("classifiedObject", "")
        for o in objects
        for c in (o, *o)
        if xml.local(c) == "Classification" and c.get("classificationNode", "") == k.SUBMISSION_SET
    }
    sets = [p for p in packages if p.get("id", "") in marked] or packages
    if len(sets) != 1:
        raise Malformed("xds.submission.set", "RegistryObjectList", f"{len(sets)} submission sets")
    return sets[0]


def associations(objects: list[Element]) -> tuple[Association, ...]:
    """The associations among registry objects."""
    return tuple(
        Association(o.get("associationType", ""), o.get("sourceObject", ""), o.get("targetObject", ""), ebrim.slots(o))
        for o in objects
        if xml.local(o) == "Association"
    )


def entry(element: Element, content: bytes | None = None) -> Entry:
    """The metadata of one ExtrinsicObject, of a request or of an answer."""
    s = ebrim.slots(element)
    codes = {name: ebrim.coded(element, scheme) for name, scheme in k.ENTRY_SCHEMES.items() if name != "author"}
    size = ebrim.first(s, "size")
    return Entry(
        id=element.get("id", ""),
        unique_id=ebrim.identifier(element, k.ENTRY_IDENTIFIERS["unique_id"]),
        patient_id=Cx.parse(ebrim.identifier(element, k.ENTRY_IDENTIFIERS["patient_id"])),
        source_patient_id=Cx.parse(ebrim.first(s, "sourcePatientId")),
        patient_info=s.get("sourcePatientInfo", ()),
        authors=ebrim.authors(element, k.ENTRY_SCHEMES["author"]),
        legal_authenticator=Xcn.parse(ebrim.first(s, "legalAuthenticator")),
        class_code=one(codes["class_code"]),
        type_code=one(codes["type_code"]),
        format_code=one(codes["format_code"]),
        confidentiality_codes=codes["confidentiality_codes"],
        facility_type=one(codes["facility_type"]),
        practice_setting=one(codes["practice_setting"]),
        event_codes=codes["event_codes"],
        mime_type=element.get("mimeType", ""),
        language=ebrim.first(s, "languageCode"),
        title=ebrim.label(element),
        comments=ebrim.label(element, "Description"),
        creation_time=ebrim.first(s, "creationTime"),
        service_start=ebrim.first(s, "serviceStartTime"),
        service_stop=ebrim.first(s, "serviceStopTime"),
        hash=ebrim.first(s, "hash"),
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
        uri=ebrim.first(s, "URI"),
        references=s.get("urn:ihe:iti:xds:2013:referenceIdList", ()),
        object_type=element.get("objectType", ""),
        status=element.get("status", ""),
        logical_id=element.get("lid", ""),
        repository=ebrim.first(s, "repositoryUniqueId"),
        content=content,
    )

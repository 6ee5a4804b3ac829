"""Reading the CDA header (CDA R2; CI-SIS Structuration minimale 3.5): what attributes and judges a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from conformance.standards.cda import syntax
from conformance.standards.cda.syntax import tag
from conformance.standards.ins import oids
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element


@dataclass(frozen=True, slots=True)
class Instance:
    """An identifier (II): root OID and extension, both may be empty; `null` is its nullFlavor."""

    root: str
    extension: str = ""
    null: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value: code, OID of its system, label; `null` is its nullFlavor."""

    code: str
    system: str = ""
    label: str = ""
    null: str = ""


NO_INSTANCE = Instance("")
NO_CODE = Code("")


@dataclass(frozen=True, slots=True)
class Part:
    """One family or given of a name, with its qualifier (BR, CL, SP or empty)."""

    text: str
    qualifier: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name: families and givens in order, with their qualifiers."""

    families: tuple[Part, ...] = ()
    givens: tuple[Part, ...] = ()
    prefix: str = ""
    suffix: str = ""

    def family(self, qualifier: str = "") -> str:
        """The first family of a qualifier, empty when absent."""
        return next((p.text for p in self.families if p.qualifier == qualifier), "")

    def given(self, qualifier: str = "") -> str:
        """The first given of a qualifier (empty qualifier: the list of prénoms), empty when absent."""
        return next((p.text for p in self.givens if p.qualifier == qualifier), "")


@dataclass(frozen=True, slots=True)
class Organisation:
    """A structure: its identifiers, name, and practice setting (standardIndustryClassCode)."""

    ids: tuple[Instance, ...] = ()
    name: str = ""
    practice: Code = NO_CODE


@dataclass(frozen=True, slots=True)
class Participant:
    """An author, legal authenticator, performer or recipient: identifiers, name, specialty, structure, time.

    `device` is the software name when it is a system. `function` is functionCode of an author.
    """

    ids: tuple[Instance, ...]
    name: Name
    code: Code
    organisation: Organisation
    time: str = ""
    device: str = ""
    function: Code = NO_CODE


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient: identifiers in order, name, sex, birth (as written), COG of birth."""

    ids: tuple[Instance, ...]
    name: Name
    sex: Code
    birth: str
    birth_place: str

    @property
    def ins(self) -> Instance | None:
        """The first identifier under an OID of the INS, or None."""
        return next((i for i in self.ids if oids.is_ins(i.root)), None)


@dataclass(frozen=True, slots=True)
class Act:
    """One documentationOf: code, start and end, identifier, performer (None without any)."""

    code: Code
    low: str
    high: str
    ids: tuple[Instance, ...]
    performer: Participant | None


@dataclass(frozen=True)
class Body:
    """The body of an N1: media type, representation, and the text as written; decoded only when asked."""

    media_type: str
    representation: str
    language: str
    null: str
    text: str

    @cached_property
    def data(self) -> bytes:
        """The bytes of the body: Base64 decoded (strictly), or the text in UTF-8; Malformed `cda.syntax.base64`."""
        if self.representation == "B64":
            return syntax.decode_base64(self.text, "ClinicalDocument/component/nonXMLBody/text")
        return self.text.encode()


@dataclass(frozen=True)
class CdaHeader:
    """The header of a document; texts are empty when absent, times as written.

    `level` is N1 (nonXMLBody), N3 (structuredBody) or empty. `replaces` is the id of the document that this one
    replaces (relatedDocument RPLC), `related` every (typeCode, id) of relatedDocument. `element` is the tree read.
    """

    id: Instance
    set_id: Instance
    version: str
    code: Code
    title: str
    effective_time: str
    confidentiality: Code
    language: str
    templates: tuple[Instance, ...]
    patient: Patient
    authors: tuple[Participant, ...]
    custodian: Organisation
    legal_authenticator: Participant | None
    recipients: tuple[Participant, ...]
    acts: tuple[Act, ...]
    facility: Code
    encounter: Code
    replaces: Instance | None
    related: tuple[tuple[str, Instance], ...]
    level: Literal["N1", "N3", ""]
    body: Body | None
    element: Element

    @property
    def unique_id(self) -> str:
        """The id as a registry writes it: `root`, or `root^extension`."""
        return f"{self.id.root}^{self.id.extension}" if self.id.extension else self.id.root

    @property
    def practice(self) -> Code:
        """The practice setting of the performer of the first act."""
        performer = self.acts[0].performer if self.acts else None
        return performer.organisation.practice if performer else NO_CODE


def read(document: bytes | Element) -> CdaHeader:
    """The header of a document; from bytes it raises Malformed as `cda.syntax.parse` does, from a tree never."""
    root = syntax.parse(document) if isinstance(document, bytes) else document
    component = root.find(tag("component"))
    structured = component is not None and component.find(tag("structuredBody")) is not None
    body = None if component is None else component.find(tag("nonXMLBody"))
    related = tuple(
        (r.get("typeCode", ""), _instance(xml.child(xml.child(r, "parentDocument"), "id")))
        for r in root.iterfind(tag("relatedDocument"))
    )
    authenticator = root.find(tag("legalAuthenticator"))
    custodian = _descend(root, "custodian", "assignedCustodian", "representedCustodianOrganization")
    encounter = _descend(root, "componentOf", "encompassingEncounter")
    return CdaHeader(
        id=_instance(root.find(tag("id"))),
        set_id=_instance(root.find(tag("setId"))),
        version=_value(root.find(tag("versionNumber"))),
        code=_code(root.find(tag("code"))),
        title=xml.text(root.find(tag("title"))),
        effective_time=_value(root.find(tag("effectiveTime"))),
        confidentiality=_code(root.find(tag("confidentialityCode"))),
        language=_code(root.find(tag("languageCode"))).code,
        templates=tuple(_instance(t) for t in root.iterfind(tag("templateId"))),
        patient=_patient(_descend(root, "recordTarget", "patientRole")),
        authors=tuple(_author(a) for a in root.iterfind(tag("author"))),
        custodian=_organisation(custodian),
        legal_authenticator=None if authenticator is None else _entity(authenticator, "assignedEntity"),
        recipients=tuple(_recipient(r) for r in root.iterfind(tag("informationRecipient"))),
        acts=tuple(_act(e) for d in root.iterfind(tag("documentationOf")) for e in d.iterfind(tag("serviceEvent"))),
        facility=_code(_descend(encounter, "location", "healthCareFacility", "code")),
        encounter=_code(xml.child(encounter, "code")),
        replaces=next((id for kind, id in related if kind == "RPLC"), None),
        related=related,
        level="N3" if structured else "N1" if body is not None else "",
        body=None if body is None else _body(body),
        element=root,
    )


def _descend(element: Element | None, *names: str) -> Element | None:
    for name in names:
        element = xml.child(element, name)
    return element


def _instance(element: Element | None) -> Instance:
    if element is None:
        return NO_INSTANCE
    return Instance(element.get("root", ""), element.get("extension", ""), element.get("nullFlavor", ""))


def _ids(element: Element | None) -> tuple[Instance, ...]:
    return () if element is None else tuple(_instance(i) for i in element.iterfind(tag("id")))


def _code(element: Element | None) -> Code:
    if element is None:
        return NO_CODE
    values = (element.get(name, "") for name in ("code", "codeSystem", "displayName", "nullFlavor"))
    return Code(*values)


def _value(element: Element | None) -> str:
    return "" if element is None else element.get("value", "")


def _parts(name: Element, kind: str) -> Iterator[Part]:
    return (Part(xml.text(p), p.get("qualifier", "")) for p in name.iterfind(tag(kind)))


def _name(element: Element | None) -> Name:
    if element is None:
        return Name()
    return Name(
        families=tuple(_parts(element, "family")),
        givens=tuple(_parts(element, "given")),
        prefix=xml.text(element.find(tag("prefix"))),
        suffix=xml.text(element.find(tag("suffix"))),
    )


def _organisation(element: Element | None) -> Organisation:
    if element is None:
        return Organisation()
    return Organisation(
        _ids(element), xml.text(element.find(tag("name"))), _code(element.find(tag("standardIndustryClassCode")))
    )


def _patient(role: Element | None) -> Patient:
    person = xml.child(role, "patient")
    return Patient(
        ids=_ids(role),
        name=_name(xml.child(person, "name")),
        sex=_code(xml.child(person, "administrativeGenderCode")),
        birth=_value(xml.child(person, "birthTime")),
        birth_place=xml.text(_descend(person, "birthplace", "place", "addr", "county")),
    )


def _entity(element: Element, entity: str, function: Code = NO_CODE) -> Participant:
    """A participation whose role is `entity` (assignedEntity, assignedAuthor)."""
    role = xml.child(element, entity)
    device = xml.child(role, "assignedAuthoringDevice")
    time = xml.child(element, "time")
    return Participant(
        ids=_ids(role),
        name=_name(_descend(role, "assignedPerson", "name")),
        code=_code(xml.child(role, "code")),
        organisation=_organisation(xml.child(role, "representedOrganization")),
        time=_value(time) or _value(xml.child(time, "low")),
        device=xml.text(xml.child(device, "softwareName")),
        function=function,
    )


def _author(element: Element) -> Participant:
    return _entity(element, "assignedAuthor", _code(xml.child(element, "functionCode")))


def _recipient(element: Element) -> Participant:
    role = xml.child(element, "intendedRecipient")
    return Participant(
        ids=_ids(role),
        name=_name(_descend(role, "informationRecipient", "name")),
        code=NO_CODE,
        organisation=_organisation(xml.child(role, "receivedOrganization")),
    )


def _act(event: Element) -> Act:
    time = xml.child(event, "effectiveTime")
    performer = xml.child(event, "performer")
    return Act(
        code=_code(xml.child(event, "code")),
        low=_value(xml.child(time, "low")) or _value(time),
        high=_value(xml.child(time, "high")),
        ids=_ids(event),
        performer=None if performer is None else _entity(performer, "assignedEntity"),
    )


def _body(element: Element) -> Body:
    held = element.find(tag("text"))
    if held is None:
        return Body("", "", "", "", "")
    return Body(
        media_type=held.get("mediaType", ""),
        representation=held.get("representation", ""),
        language=_code(element.find(tag("languageCode"))).code,
        null=held.get("nullFlavor", ""),
        text=xml.text(held),
    )

"""Bodies of the DMP transactions on documents: ITI-41 (TD2.1), ITI-57 (TD3.3c), ITI-18 (TD3.1b). Own templates.

Source: DMP fact sheet, metadata and ebRIM skeleton; IHE ITI TF-3 4.2 (XDS metadata), TF-2 3.18, 3.41, 3.57.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from conformance.reference.ebrim import (
    OBJECT_TYPES,
    RIM,
    association,
    author,
    code,
    element,
    identifier,
    label,
    registered,
    slot,
    source_patient_info,
    utc,
    xcn,
)
from conformance.reference.tables import class_of, format_of, stay_of
from conformance.reference.values import Author, Coded, Document, Traits
from conformance.standards.xds.syntax import include

LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDSB = "urn:ihe:iti:xds-b:2007"
HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
UPDATES = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
UNIQUE_ID = "$XDSDocumentEntryUniqueId"

SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SET_CONTENT = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SET_PATIENT = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SET_SOURCE = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SET_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
ENTRY_TYPE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
ENTRY_CLASS = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
ENTRY_KIND = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
ENTRY_CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
ENTRY_FORMAT = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
ENTRY_FACILITY = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
ENTRY_PRACTICE = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
ENTRY_EVENT = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
ENTRY_PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
ENTRY_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"

SET, ENTRY = "submission", "document"  # symbolic ids, which the registry replaces
FACILITY = Coded("SA01", "Etablissement public de santé", "1.2.250.1.71.4.2.4")
PRACTICE = Coded("ETABLISSEMENT", "Etablissement de santé", "1.2.250.1.213.1.1.4.9")


@dataclass(frozen=True, slots=True)
class SubmissionSet:
    """What is common to all submissions of a message; identifiers stay the same when it is sent again."""

    unique_id: str
    source_id: str
    patient_id: str
    author: Author
    patient_class: str
    title: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A document entry to submit: the document, what the mapping adds, and the entryUUID it replaces."""

    document: Document
    patient_id: str
    source_patient_id: str
    traits: Traits
    confidentiality: Sequence[Coded]
    created: str  # effectiveTime of the document, as its header has it
    replaces: str = ""


def provide(submission: SubmissionSet, entry: Entry, content_id: str) -> bytes:
    """The body of ITI-41; the document itself is the MTOM part `content_id`."""
    associations = association(HAS_MEMBER, SET, ENTRY, slot("SubmissionSetStatus", ["Original"]))
    if entry.replaces:
        associations += association(REPLACES, ENTRY, entry.replaces)
    return (
        f'<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb="{XDSB}">'
        f"{_submit(_entry(entry) + _package(submission) + associations)}"
        f'<xdsb:Document id="{ENTRY}">{include(content_id)}</xdsb:Document>'
        "</xdsb:ProvideAndRegisterDocumentSetRequest>"
    ).encode()


def metadata(submission: SubmissionSet, entries: Sequence[Entry]) -> bytes:
    """METADATA.XML of an XDM archive (ITI-32): the same objects, entry n being the file DOC000n.XML."""
    objects = "".join(
        _entry(e, f"{ENTRY}{n:02d}", f"DOC{n:04d}.XML")
        + association(HAS_MEMBER, SET, f"{ENTRY}{n:02d}", slot("SubmissionSetStatus", ["Original"]))
        for n, e in enumerate(entries, 1)
    )
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + _submit(_package(submission) + objects).encode()


def delete(submission: SubmissionSet, entry_uuid: str, status: str) -> bytes:
    """The body of ITI-57 that turns an entry into a deleted one (TD3.3c)."""
    states = slot("OriginalStatus", [status]) + slot("NewStatus", [DELETED])
    return _submit(_package(submission) + association(UPDATES, SET, entry_uuid, states)).encode()


def get_documents(unique_id: str) -> bytes:
    """The body of ITI-18 GetDocuments by uniqueId (TD3.1b)."""
    quoted = "('" + unique_id.replace("'", "''") + "')"
    return (
        f'<query:AdhocQueryRequest xmlns:query="{QUERY}" xmlns:rim="{RIM}">'
        '<query:ResponseOption returnComposedObjects="true" returnType="LeafClass"/>'
        f"{element('AdhocQuery', {'id': GET_DOCUMENTS}, slot(UNIQUE_ID, [quoted]))}"
        "</query:AdhocQueryRequest>"
    ).encode()


def new_oid(root: str) -> str:
    """A fresh identifier under an arc, at most 64 characters."""
    return f"{root}.{uuid.uuid4().int}"[:64]


def _submit(objects: str) -> str:
    return (
        f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}"><rim:RegistryObjectList xmlns:rim="{RIM}">'
        f"{objects}</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
    )


def _entry(entry: Entry, name: str = ENTRY, uri: str = "DOC0001.XML") -> str:
    header, data = entry.document.cda, entry.document.data
    slots = {
        "creationTime": [utc(entry.created)] if entry.created else [],
        "hash": [hashlib.sha1(data).hexdigest()],  # the metadata is defined as SHA-1
        "size": [str(len(data))],
        "languageCode": [header.language],
        "legalAuthenticator": [xcn(header.legal)] if header.legal else [],
        "serviceStartTime": [utc(header.start)],
        "serviceStopTime": [utc(header.stop)],
        "sourcePatientId": [entry.source_patient_id],
        "sourcePatientInfo": source_patient_info(entry.traits),
        "URI": [uri],
        "urn:ihe:iti:xds:2013:referenceIdList": [
            f"{extension}^^^&{root}&ISO^urn:ihe:iti:xds:2013:{kind}"
            for kind, ids in (("order", header.orders), ("accession", header.accessions))
            for extension, root in ids
        ],
    }
    codes = [
        (ENTRY_CLASS, class_of(header)),
        (ENTRY_KIND, header.type),
        (ENTRY_FORMAT, format_of(header)),
        (ENTRY_FACILITY, header.facility or FACILITY),
        (ENTRY_PRACTICE, header.practice or PRACTICE),
        *((ENTRY_CONFIDENTIALITY, value) for value in entry.confidentiality),
        *((ENTRY_EVENT, value) for value in header.events if value.system),
    ]
    inner = [
        *(slot(name, values) for name, values in slots.items()),
        label(header.title),
        *(author(ENTRY_AUTHOR, name, value) for value in header.authors),
        *(code(scheme, name, value) for scheme, value in codes),
        identifier(ENTRY_PATIENT, name, entry.patient_id, "XDSDocumentEntry.patientId"),
        identifier(ENTRY_ID, name, header.unique_id, "XDSDocumentEntry.uniqueId"),
    ]
    return element("ExtrinsicObject", {"id": name, "mimeType": header.mime, "objectType": ENTRY_TYPE}, "".join(inner))


def _package(submission: SubmissionSet) -> str:
    inner = (
        slot("submissionTime", [datetime.now(UTC).strftime("%Y%m%d%H%M%S")]),
        label(submission.title),
        author(SET_AUTHOR, SET, submission.author),
        code(SET_CONTENT, SET, stay_of(submission.patient_class)),
        identifier(SET_PATIENT, SET, submission.patient_id, "XDSSubmissionSet.patientId"),
        identifier(SET_SOURCE, SET, submission.source_id, "XDSSubmissionSet.sourceId"),
        identifier(SET_ID, SET, submission.unique_id, "XDSSubmissionSet.uniqueId"),
    )
    package = element("RegistryPackage", {"id": SET, "objectType": OBJECT_TYPES + "RegistryPackage"}, "".join(inner))
    return package + registered("Classification", {"classificationNode": SET_NODE, "classifiedObject": SET})

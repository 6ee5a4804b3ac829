"""Names of ebXML RegRep 3.0 and IHE XDS.b objects (IHE ITI TF-3 4.2.5), and what the DMP adds to them."""

from __future__ import annotations

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDSB = "urn:ihe:iti:xds-b:2007"
HL7 = "urn:hl7-org:v3"
AUTHORISATION = "urn:si-dmp-habilitations"

SUBMISSION_SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDER = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"
STABLE_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
ON_DEMAND_DOCUMENT = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"

SET_SCHEMES = {
    "author": "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d",
    "content_type": "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500",
}
SET_IDENTIFIERS = {
    "patient_id": "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446",
    "source_id": "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832",
    "unique_id": "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8",
}
ENTRY_SCHEMES = {
    "author": "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d",
    "class_code": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "type_code": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "confidentiality_codes": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "format_code": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "facility_type": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practice_setting": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "event_codes": "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
}
ENTRY_IDENTIFIERS = {
    "patient_id": "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427",
    "unique_id": "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab",
}

HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
REPLACE = "urn:ihe:iti:2007:AssociationType:RPLC"
SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
UPDATE_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"

APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"

SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
SEVERITY_ERROR = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"

STORED_QUERIES = {
    "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d": "FindDocuments",
    "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9": "FindSubmissionSets",
    "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4": "GetDocuments",
    "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155": "GetAssociations",
    "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a": "GetDocumentsAndAssociations",
}
"""The stored queries of ITI-18 that the DMP names (IHE ITI TF-2 3.18.4.1.2.4)."""

SIGNATURE_FORMAT = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE_TYPE = "E1762"

ACTIONS = {
    "submit": "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
    "submit-answer": "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
    "query": "urn:ihe:iti:2007:RegistryStoredQuery",
    "query-answer": "urn:ihe:iti:2007:RegistryStoredQueryResponse",
    "update": "urn:ihe:iti:2010:UpdateDocumentSet",
    "update-answer": "urn:ihe:iti:2010:UpdateDocumentSet-Response",
    "existence": "urn:hl7-org:v3:PRPA_IN201307UV02",
    "existence-answer": "urn:hl7-org:v3:PRPA_IN201308UV02",
    "authorisation": "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization",
    "authorisation-answer": "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorizationResponse",
}
"""WS-Addressing actions of the transactions a PFI uses, and of their answers."""

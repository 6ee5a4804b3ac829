"""ITI-18 Registry Stored Query (DMP TD3.1): reading a query, writing answers; registry responses of ITI-41 and ITI-57.

Source: IHE ITI TF-2 3.18, TF-3 4.2.4 (errors), 4.3 (metadata in answers).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from conformance.errors import Malformed
from conformance.standards.saml import reader as saml
from conformance.standards.saml.reader import Vihf
from conformance.standards.xds import constants as k
from conformance.standards.xds import ebrim
from conformance.standards.xds.datatypes import Author, Coded, Cx
from conformance.standards.xds.submission import Association, Entry, Submission
from conformance.standards.xds.syntax import Addressing, Envelope
from conformance.standards.xml import syntax as xml


@dataclass(frozen=True, slots=True)
class Query:
    """One stored query. `name` is its IHE name or empty; `parameters` name -> values, quotes and brackets removed.

    `unique_ids`, `entry_uuids` and `patient_id` are the parameters that attribute it.
    """

    id: str
    name: str
    return_type: str
    composed: bool
    parameters: Mapping[str, tuple[str, ...]]
    vihf: Vihf | None
    addressing: Addressing

    @property
    def unique_ids(self) -> tuple[str, ...]:
        """$XDSDocumentEntryUniqueId."""
        return self.parameters.get("$XDSDocumentEntryUniqueId", ())

    @property
    def entry_uuids(self) -> tuple[str, ...]:
        """$XDSDocumentEntryEntryUUID, and $uuid of GetAssociations."""
        return self.parameters.get("$XDSDocumentEntryEntryUUID", ()) + self.parameters.get("$uuid", ())

    @property
    def patient_id(self) -> Cx:
        """$XDSDocumentEntryPatientId or $XDSSubmissionSetPatientId, an empty Cx when absent."""
        names = ("$XDSDocumentEntryPatientId", "$XDSSubmissionSetPatientId", "$patientId")
        return Cx.parse(next((self.parameters[n][0] for n in names if self.parameters.get(n)), ""))


def read(envelope: Envelope) -> Query:
    """The query of a SOAP message; raises Malformed `xds.query.root` when the body holds no AdhocQuery."""
    request = envelope.body
    query = xml.child(request, "AdhocQuery") if xml.local(request) == "AdhocQueryRequest" else None
    if query is None:
        raise Malformed("xds.query.root", "/Envelope/Body", str(request.tag)[:200])
    option = xml.child(request, "ResponseOption")
    parameters = {name: tuple(v for raw in rows for v in _values(raw)) for name, rows in ebrim.slots(query).items()}
    id = query.get("id", "")
    return Query(
        id=id,
        name=k.STORED_QUERIES.get(id.casefold(), ""),
        return_type="" if option is None else option.get("returnType", ""),
        composed=option is not None and option.get("returnComposedObjects", "") in ("true", "1"),
        parameters=parameters,
        vihf=saml.read(envelope.security),
        addressing=envelope.addressing,
    )


_QUOTED = re.compile(r"'((?:[^']|'')*)'")


def _values(raw: str) -> list[str]:
    """`'a'`, `('a','b')` or a bare number, as plain values; a doubled quote is one quote (TF-2 3.18.4.1.2.3.5)."""
    inner = raw.strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    quoted = _QUOTED.findall(inner)
    if quoted:
        return [value.replace("''", "'") for value in quoted]
    return [part.strip() for part in inner.split(",") if part.strip()]


@dataclass(frozen=True, slots=True)
class RegistryError:
    """One error of a registry: its code (`XDSDocumentUniqueIdError`...), a sentence, where."""

    code: str
    context: str = ""
    location: str = ""


def _errors(errors: Iterable[RegistryError]) -> str:
    rows = "".join(
        f"<rs:RegistryError errorCode={quoteattr(e.code)} codeContext={quoteattr(e.context)} "
        f"location={quoteattr(e.location)} severity={quoteattr(k.SEVERITY_ERROR)}/>"
        for e in errors
    )
    return f"<rs:RegistryErrorList highestSeverity={quoteattr(k.SEVERITY_ERROR)}>{rows}</rs:RegistryErrorList>"


def registry_response(errors: Iterable[RegistryError] = ()) -> bytes:
    """The rs:RegistryResponse of ITI-41 or ITI-57: success, or failure with these errors."""
    found = tuple(errors)
    status = k.FAILURE if found else k.SUCCESS
    return (
        f'<rs:RegistryResponse xmlns:rs="{k.RS}" status="{status}">{_errors(found) if found else ""}'
        "</rs:RegistryResponse>"
    ).encode()


def query_response(
    objects: Iterable[Entry | Association | Submission] = (),
    errors: Iterable[RegistryError] = (),
    *,
    leaf: bool = True,
) -> bytes:
    """The query:AdhocQueryResponse: the objects found (whole when `leaf`, else references), or errors."""
    found, listed = tuple(errors), tuple(objects)
    status = k.FAILURE if found else k.SUCCESS
    inside = "".join(_object(o) if leaf else f"<ObjectRef id={quoteattr(_id(o))}/>" for o in listed)
    return (
        f'<query:AdhocQueryResponse xmlns:query="{k.QUERY}" xmlns:rs="{k.RS}" status="{status}" '
        f'startIndex="0" totalResultCount="{len(listed)}">{_errors(found) if found else ""}'
        f'<RegistryObjectList xmlns="{k.RIM}">{inside}</RegistryObjectList></query:AdhocQueryResponse>'
    ).encode()


def _id(found: Entry | Association | Submission) -> str:
    if isinstance(found, Association):  # an association has no id of its own in what we keep
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{found.kind} {found.source} {found.target}')}"
    return found.id


def _object(found: Entry | Association | Submission) -> str:
    if isinstance(found, Association):
        rows = "".join(_slot(name, *values) for name, values in found.slots.items())
        return (
            f"<Association id={quoteattr(_id(found))} associationType={quoteattr(found.kind)} "
            f"sourceObject={quoteattr(found.source)} targetObject={quoteattr(found.target)}>{rows}</Association>"
        )
    return _package(found) if isinstance(found, Submission) else _extrinsic(found)


def _package(s: Submission) -> str:
    identifiers = {"patient_id": s.patient_id.raw, "source_id": s.source_id, "unique_id": s.unique_id}
    rows = [
        _slot("submissionTime", s.submission_time),
        _localised("Name", s.title),
        *(
            f"<ExternalIdentifier id={quoteattr(f'{s.id}-{name}')} registryObject={quoteattr(s.id)} "
            f"identificationScheme={quoteattr(k.SET_IDENTIFIERS[name])} value={quoteattr(value)}/>"
            for name, value in identifiers.items()
        ),
    ]
    return (
        f"<RegistryPackage id={quoteattr(s.id)} status={quoteattr(k.APPROVED)}>{''.join(rows)}</RegistryPackage>"
        f"<Classification id={quoteattr(f'{s.id}-node')} classifiedObject={quoteattr(s.id)} "
        f"classificationNode={quoteattr(k.SUBMISSION_SET)}/>"
    )


def _slot(name: str, *values: str) -> str:
    kept = [v for v in values if v]
    if not kept:
        return ""
    rows = "".join(f"<Value>{escape(v)}</Value>" for v in kept)
    return f"<Slot name={quoteattr(name)}><ValueList>{rows}</ValueList></Slot>"


def _localised(name: str, value: str) -> str:
    return (
        f'<{name}><LocalizedString charset="UTF-8" xml:lang="FR" value={quoteattr(value)}/></{name}>' if value else ""
    )


def _classification(owner: str, scheme: str, value: Coded, number: int) -> str:
    return (
        f"<Classification id={quoteattr(f'{owner}-c{number}')} classificationScheme={quoteattr(scheme)} "
        f"classifiedObject={quoteattr(owner)} nodeRepresentation={quoteattr(value.code)}>"
        f"{_slot('codingScheme', value.scheme)}{_localised('Name', value.label)}</Classification>"
    )


def _author(owner: str, author: Author, number: int) -> str:
    rows = (
        _slot("authorPerson", *(p.raw for p in author.persons)),
        _slot("authorInstitution", *(i.raw for i in author.institutions)),
        _slot("authorRole", *author.roles),
        _slot("authorSpecialty", *author.specialties),
    )
    return (
        f"<Classification id={quoteattr(f'{owner}-a{number}')} classifiedObject={quoteattr(owner)} "
        f'classificationScheme={quoteattr(k.ENTRY_SCHEMES["author"])} nodeRepresentation="">{"".join(rows)}'
        "</Classification>"
    )


def _extrinsic(e: Entry) -> str:
    coded: list[tuple[str, Coded]] = [
        ("class_code", e.class_code),
        ("type_code", e.type_code),
        *(("confidentiality_codes", c) for c in e.confidentiality_codes),
        ("format_code", e.format_code),
        ("facility_type", e.facility_type),
        ("practice_setting", e.practice_setting),
        *(("event_codes", c) for c in e.event_codes),
    ]
    rows = [
        _slot("creationTime", e.creation_time),
        _slot("hash", e.hash),
        _slot("languageCode", e.language),
        _slot("legalAuthenticator", e.legal_authenticator.raw),
        _slot("repositoryUniqueId", e.repository),
        _slot("serviceStartTime", e.service_start),
        _slot("serviceStopTime", e.service_stop),
        _slot("size", "" if e.size is None else str(e.size)),
        _slot("sourcePatientId", e.source_patient_id.raw),
        _slot("sourcePatientInfo", *e.patient_info),
        _slot("urn:ihe:iti:xds:2013:referenceIdList", *e.references),
        _localised("Name", e.title),
        _localised("Description", e.comments),
        '<VersionInfo versionName="1"/>',
        *(_author(e.id, a, n) for n, a in enumerate(e.authors, 1)),
        *(_classification(e.id, k.ENTRY_SCHEMES[name], c, n) for n, (name, c) in enumerate(coded, 1) if c.code),
        *(
            f"<ExternalIdentifier id={quoteattr(f'{e.id}-{name}')} registryObject={quoteattr(e.id)} "
            f"identificationScheme={quoteattr(k.ENTRY_IDENTIFIERS[name])} value={quoteattr(value)}>"
            f"{_localised('Name', label)}</ExternalIdentifier>"
            for name, value, label in (
                ("patient_id", e.patient_id.raw, "XDSDocumentEntry.patientId"),
                ("unique_id", e.unique_id, "XDSDocumentEntry.uniqueId"),
            )
        ),
    ]
    return (
        f"<ExtrinsicObject id={quoteattr(e.id)} lid={quoteattr(e.logical_id or e.id)} "
        f"mimeType={quoteattr(e.mime_type)} objectType={quoteattr(e.object_type or k.STABLE_DOCUMENT)} "
        f"status={quoteattr(e.status or k.APPROVED)}>{''.join(rows)}</ExtrinsicObject>"
    )

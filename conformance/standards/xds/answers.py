"""Reading what a registry or the DMP answered, whatever the transaction, into one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.errors import Malformed
from conformance.standards.xds import constants as k
from conformance.standards.xds import ebrim
from conformance.standards.xds.query import RegistryError
from conformance.standards.xds.submission import Entry, entry
from conformance.standards.xds.syntax import Addressing, Envelope
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

Kind = Literal["registry", "query", "existence", "authorisation"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `ok` is the outcome; `status` the text that says it (URN, queryResponseCode, DMP status).

    `errors` are the registry errors, or the acknowledgement details of TD0.2. `entries` are those of a query;
    `references` the bare ids when the query asked for references. `patients` are the (root, extension) of TD0.2.
    """

    kind: Kind
    ok: bool
    status: str
    errors: tuple[RegistryError, ...]
    entries: tuple[Entry, ...]
    references: tuple[str, ...]
    patients: tuple[tuple[str, str], ...]
    addressing: Addressing


def read(envelope: Envelope) -> Answer:
    """The answer of a SOAP message; raises Malformed `xds.answer.root` when the body is none."""
    reader = _READERS.get(xml.local(envelope.body))
    if reader is None:
        raise Malformed("xds.answer.root", "/Envelope/Body", str(envelope.body.tag)[:200])
    return reader(envelope.body, envelope.addressing)


def _registry_errors(response: Element) -> tuple[RegistryError, ...]:
    listed = xml.child(response, "RegistryErrorList")
    if listed is None:
        return ()
    return tuple(
        RegistryError(e.get("errorCode", ""), e.get("codeContext", ""), e.get("location", ""))
        for e in xml.children(listed, "RegistryError")
    )


def _registry(response: Element, addressing: Addressing) -> Answer:
    status = response.get("status", "")
    return Answer("registry", status == k.SUCCESS, status, _registry_errors(response), (), (), (), addressing)


def _query(response: Element, addressing: Addressing) -> Answer:
    status = response.get("status", "")
    objects = ebrim.objects(response)
    return Answer(
        "query",
        status == k.SUCCESS,
        status,
        _registry_errors(response),
        tuple(entry(o) for o in objects if xml.local(o) == "ExtrinsicObject"),
        tuple(o.get("id", "") for o in objects if xml.local(o) == "ObjectRef"),
        (),
        addressing,
    )


def _existence(response: Element, addressing: Addressing) -> Answer:
    acknowledgement = xml.child(response, "acknowledgement")
    details = () if acknowledgement is None else tuple(xml.children(acknowledgement, "acknowledgementDetail"))
    errors = []
    for detail in details:
        code = xml.child(detail, "code")
        errors.append(RegistryError("" if code is None else code.get("code", ""), xml.text(xml.child(detail, "text"))))
    act = xml.child(response, "controlActProcess")
    code = xml.child(xml.child(act, "queryAck"), "queryResponseCode")
    status = "" if code is None else code.get("code", "")
    event = xml.child(xml.child(xml.child(act, "subject"), "registrationEvent"), "subject1")
    patient = xml.child(event, "patient")
    ids = (
        ()
        if patient is None
        else tuple((i.get("root", ""), i.get("extension", "")) for i in xml.children(patient, "id"))
    )
    return Answer("existence", status == "OK", status, tuple(errors), (), (), ids, addressing)


def _authorisation(response: Element, addressing: Addressing) -> Answer:
    output = xml.child(response, "output")
    status = xml.text(xml.child(output, "status"))
    errors = () if status == "DMPOk" else (RegistryError(status, xml.text(xml.child(output, "context"))),)
    return Answer("authorisation", status == "DMPOk", status, errors, (), (), (), addressing)


_READERS = {
    "RegistryResponse": _registry,
    "AdhocQueryResponse": _query,
    "PRPA_IN201308UV02": _existence,
    "setAuthorizationResponse": _authorisation,
}

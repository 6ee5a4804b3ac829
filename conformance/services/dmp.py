"""The DMP: feeding (TD2.1), search (TD3.1), deletion (TD3.3c), existence (TD0.2), authorisation (TD0.3).

SOAP 1.2 over HTTPS with a client certificate. It says what the DMP would say to a feeding platform; whether a request
obeys the rules is the judges' business, so that it refuses only what no registry could take.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar, Literal

from conformance.bench.clock import now
from conformance.bench.service import Call, Handler, Reply
from conformance.errors import Malformed
from conformance.evidence.values import Fact
from conformance.services import faults
from conformance.services.dmp_sessions import Authorisations, facts, refusal
from conformance.services.http import HttpService
from conformance.services.registry import Registry
from conformance.standards.saml.reader import Vihf
from conformance.standards.xds import fault, patients, query, submission, update, xades
from conformance.standards.xds.constants import ACTIONS
from conformance.standards.xds.patients import ExistenceAnswer
from conformance.standards.xds.query import RegistryError
from conformance.standards.xds.syntax import Addressing, Envelope, build_envelope, pack, parse_envelope
from conformance.standards.xml import syntax as xml

ROOT = "/si-dmp-server/v2/services"

_PLACES: Mapping[str, tuple[str, str]] = {
    "ProvideAndRegisterDocumentSetRequest": ("repository", "TD2.1"),
    "AdhocQueryRequest": ("registry", "TD3.1"),
    "SubmitObjectsRequest": ("registry", "TD3.3c"),
    "PRPA_IN201307UV02": ("patients", "TD0.2"),
    "setAuthorization": ("habilitations", "TD0.3"),
}
"""Root of the body -> the service it must be sent to, and the transaction it is."""

_EXISTENCE: Mapping[str, ExistenceAnswer] = {
    "active": ExistenceAnswer(),
    "terminated": ExistenceAnswer(status="terminated"),
    "none": ExistenceAnswer(found=False),
}


_NOT_ACTIVE: Mapping[str, tuple[RegistryError, ...]] = {
    "terminated": (RegistryError("DMPClosed", "DMP fermé"),),
    # The DMP's own code for it is in a table that is not public: that of IHE (TF-3 table 4.2.4.1-2).
    "none": (RegistryError("XDSUnknownPatientId", "DMP inexistant"),),
}
"""Why a patient's DMP takes and gives nothing, by its existence."""


class DmpService(HttpService):
    """The DMP of the bench.

    Settings: `fault` (`success`, `xds-error`, `soap-fault`, `slow`, `cut`) for the transactions of `on` (separated by
    blanks), with `error-code` and `error-context` of a refusal, `delay` in seconds, `share` of a cut answer;
    `spare` is a text whose bearers are served;
    `existence` of the patients' DMP (`active`, `terminated`, `none`); feeding, search and deletion want an active one.
    `authorisation` is the state that TD0.2 tells before any TD0.3 (`INEXISTANTE`, `VALIDE`).
    What rests on texts that are not public is off by default: `vihf` (`any`, `required`, `consistent`) refuses a
    caller, `signature` (`any`, `required`) a submission whose XAdES signature is missing or does not verify.
    Each transaction heard is counted by its name.
    """

    name: ClassVar[str] = "dmp"
    channel: ClassVar[str] = "dmp"
    mutual_tls: ClassVar[bool] = True
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "fault": "success",
            "on": "TD2.1 TD3.3c",
            "error-code": "DMPClosed",
            "error-context": "DMP fermé",
            "delay": "5",
            "share": "0.5",
            "spare": "",
            "existence": "active",
            "authorisation": "INEXISTANTE",
            "vihf": "any",
            "signature": "any",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        self.authorisations = Authorisations()
        self._handler: Handler = self._plain

    @property
    def advertise(self) -> str:
        """The address to which `/repository`, `/registry`, `/patients` or `/habilitations` is added."""
        base = super().advertise
        return base if ROOT in base else base.rstrip("/") + ROOT

    def configure(self, settings: Mapping[str, str]) -> None:
        super().configure(settings)
        refusals: Mapping[str, faults.Maker] = {
            "xds-error": lambda s: faults.instead(lambda call: _refusal(call, s["error-code"], s["error-context"])),
            "soap-fault": lambda s: faults.instead(lambda call: _soap_fault(call, "Receiver", s["error-context"])),
        }
        self._handler = faults.chosen(self.settings, refusals, self.name)(self._plain)

    def reset(self) -> None:
        super().reset()
        self.registry.clear()
        self.authorisations.clear()

    async def prepared(self, call: Call) -> Call:
        """Decode the message and name its transaction."""
        try:
            envelope = parse_envelope(call.body, call.content_type, limit=self.largest_body)
        except Malformed as error:
            return replace(call, parsed=error)
        _, transaction = _PLACES.get(xml.local(envelope.body), ("", ""))
        self.counters[transaction or "other"] += 1
        return replace(call, parsed=envelope, transaction=transaction)

    async def answer(self, call: Call) -> Reply:
        return await self._handler(call)

    async def _plain(self, call: Call) -> Reply:
        place = call.path.removeprefix(ROOT + "/")
        if place not in {service for service, _ in _PLACES.values()}:
            return Reply(b"", 404)
        if isinstance(call.parsed, Malformed):
            return _soap_fault(call, "Sender", f"{call.parsed.code} {call.parsed.path}")
        envelope = _envelope(call)
        if envelope.version != "1.2":
            return _soap_fault(call, "VersionMismatch", "SOAP 1.2")
        expected, transaction = _PLACES.get(xml.local(envelope.body), ("", ""))
        if place != expected:
            return _soap_fault(call, "Sender", f"{place}: {xml.local(envelope.body)[:100]}")
        try:
            return self._answers[transaction](self, call, envelope)
        except Malformed as error:
            return _soap_fault(call, "Sender", f"{error.code} {error.path}")

    def _feed(self, call: Call, envelope: Envelope) -> Reply:
        asked = submission.read(envelope)
        signed = xades.trouble(asked) or "intact"
        stranger = refusal(asked.vihf, self.settings["vihf"], asked.patient_id.id)
        if stranger:
            return _told(_soap_fault(call, "Sender", stranger), asked.vihf)
        errors = self._closed()
        if not errors and self.settings["signature"] == "required" and signed != "intact":
            errors = (RegistryError("XDSRepositoryMetadataError", f"signature: {signed}"),)
        errors = errors or self.registry.submit(asked)
        answer = _soap(call, query.registry_response(errors), "submit-answer")
        return _told(answer, asked.vihf, set_signature=signed, replacement=bool(asked.replacements))

    def _search(self, call: Call, envelope: Envelope) -> Reply:
        asked = query.read(envelope)
        stranger = refusal(asked.vihf, self.settings["vihf"], asked.patient_id.id)
        if stranger:
            return _told(_soap_fault(call, "Sender", stranger), asked.vihf)
        closed = self._closed()
        found, errors = ([], closed) if closed else self.registry.find(asked)
        body = query.query_response(found, errors, leaf=asked.return_type != "ObjectRef")
        return _told(_soap(call, body, "query-answer"), asked.vihf, query=asked.name, found=len(found))

    def _update(self, call: Call, envelope: Envelope) -> Reply:
        asked = update.read(envelope)
        stranger = refusal(asked.vihf, self.settings["vihf"], asked.patient_id.id)
        if stranger:
            return _told(_soap_fault(call, "Sender", stranger), asked.vihf)
        errors = self._closed() or self.registry.update(asked)
        return _told(_soap(call, query.registry_response(errors), "update-answer"), asked.vihf)

    def _closed(self) -> tuple[RegistryError, ...]:
        """What the DMP answers for a patient who has none, or whose DMP was closed."""
        return _NOT_ACTIVE.get(self.settings["existence"], ())

    def _existence(self, call: Call, envelope: Envelope) -> Reply:
        asked = patients.read_existence(envelope)
        state = self.authorisations.state(asked.vihf, self.settings["authorisation"])
        answer = replace(_EXISTENCE[self.settings["existence"]], authorisation=state)
        created = now().strftime("%Y%m%d%H%M%S")
        body = patients.existence_response(asked, answer, message_id=str(uuid.uuid4()).upper(), created=created)
        return _told(_soap(call, body, "existence-answer"), asked.vihf)

    def _authorise(self, call: Call, envelope: Envelope) -> Reply:
        asked = patients.read_authorisation(envelope)
        closed = next(iter(self._closed()), None)
        if closed is None:
            self.authorisations.change(asked.vihf, asked.action)
            body = patients.authorisation_response()
        else:
            body = patients.authorisation_response(closed.code, closed.context)
        state = self.authorisations.state(asked.vihf, self.settings["authorisation"])
        return _told(_soap(call, body, "authorisation-answer"), asked.vihf, authorisation=state)

    _answers: Mapping[str, Callable[[DmpService, Call, Envelope], Reply]] = {
        "TD2.1": _feed,
        "TD3.1": _search,
        "TD3.3c": _update,
        "TD0.2": _existence,
        "TD0.3": _authorise,
    }


def _told(reply: Reply, vihf: Vihf | None, **more: Fact) -> Reply:
    """The reply with what is recorded of the caller, and more."""
    return replace(reply, facts={**reply.facts, **facts(vihf), **more})


def _envelope(call: Call) -> Envelope:
    assert isinstance(call.parsed, Envelope)
    return call.parsed


def _refusal(call: Call, code: str, context: str) -> Reply:
    """A registry response that refuses; only transactions that have one are given to it."""
    action = {"TD2.1": "submit-answer", "TD3.3c": "update-answer", "TD3.1": "query-answer"}.get(call.transaction)
    error = RegistryError(code, context)
    if action is None:
        return _soap_fault(call, "Receiver", f"{code} {context}")
    body = query.query_response((), [error]) if action == "query-answer" else query.registry_response([error])
    return _soap(call, body, action)


def _soap(call: Call, body: bytes, action: str, status: int = 200) -> Reply:
    """A SOAP answer, packed as the request was: MTOM for MTOM (IHE ITI TF-2 3.41.5), plain XML otherwise."""
    envelope = call.parsed if isinstance(call.parsed, Envelope) else None
    name = ACTIONS.get(action, action)
    addressing = Addressing(
        action=name,
        message_id=f"urn:uuid:{uuid.uuid4()}",
        relates_to=envelope.addressing.message_id if envelope else "",
    )
    root = build_envelope(body, addressing)
    if envelope is not None and envelope.mtom:
        content_type, root = pack(root, {}, action=name)
    else:
        content_type = f'application/soap+xml; charset=UTF-8; action="{name}"'
    return Reply(root, status, content_type)


def _soap_fault(call: Call, code: Literal["Sender", "Receiver", "VersionMismatch"], reason: str) -> Reply:
    status = 400 if code == "Sender" else 500
    return _soap(call, fault.build(code, reason), "http://www.w3.org/2005/08/addressing/soap/fault", status)

"""Making an Observation of an HTTP exchange with the DMP or an XDS registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Exchange, Finding, Observation
from conformance.standards.xds import answers, fault, patients, query, rules, submission, update
from conformance.standards.xds.syntax import Envelope, parse_envelope
from conformance.standards.xml import syntax as xml

Keys = tuple[tuple[str, str], ...]
Read = tuple[str, object, Iterable[tuple[str, str]], Iterable[Finding]]


def observe(exchange: Exchange) -> Observation:
    """Decode a SOAP message by its body; never raises on what it holds.

    Kinds: `xds.submission` (Submission), `xds.query` (Query), `xds.update` (Update), `xds.answer` (Answer),
    `dmp.existence` (Existence), `dmp.authorisation` (Authorisation), `dmp.other` (Existence for another reason, such
    as TD1.3a), `soap.fault` (Fault), `soap.other` (Envelope), `soap.malformed` (Malformed).
    Keys: `document` (uniqueId), `entry` (entryUUID), `set` (uniqueId of the submission set), `relates` (MessageID
    answered), `patient` (matricule).
    """
    content_type = exchange.facts.get("content_type")
    try:
        envelope = parse_envelope(exchange.body, content_type if isinstance(content_type, str) else "")
        kind, value, keys, findings = _READERS.get(xml.local(envelope.body), _other)(envelope)
        made = tuple(f.at(exchange=exchange.id) for f in findings)
        return Observation(exchange, kind, value, tuple((n, v) for n, v in dict.fromkeys(keys) if v), made)
    except Malformed as error:
        found = all_codes().finding(error.code, error.path, seen=error.seen, exchange=exchange.id)
        return Observation(exchange, "soap.malformed", error, (), (found,))


def _submission(envelope: Envelope) -> Read:
    value = submission.read(envelope)
    keys = [("document", e.unique_id) for e in value.documents]
    keys += [("entry", target) for _, target in value.replacements]
    keys += [("set", value.unique_id), ("patient", value.patient_id.id)]
    return "xds.submission", value, keys, rules.judge(value)


def _query(envelope: Envelope) -> Read:
    value = query.read(envelope)
    keys = [("document", u) for u in value.unique_ids] + [("entry", u) for u in value.entry_uuids]
    matricule = value.patient_id.id or (value.vihf.matricule if value.vihf else "")
    return "xds.query", value, [*keys, ("patient", matricule)], ()


def _update(envelope: Envelope) -> Read:
    value = update.read(envelope)
    keys = [("entry", c.target) for c in value.changes]
    return "xds.update", value, [*keys, ("set", value.unique_id), ("patient", value.patient_id.id)], ()


def _existence(envelope: Envelope) -> Read:
    value = patients.read_existence(envelope)
    kind = "dmp.existence" if value.reason in ("", patients.TEST_OF_EXISTENCE) else "dmp.other"
    return kind, value, [("patient", value.patient[1])], ()


def _authorisation(envelope: Envelope) -> Read:
    value = patients.read_authorisation(envelope)
    return "dmp.authorisation", value, [("patient", value.vihf.matricule if value.vihf else "")], ()


def _answer(envelope: Envelope) -> Read:
    value = answers.read(envelope)
    keys = [("document", e.unique_id) for e in value.entries] + [("entry", e.id) for e in value.entries]
    keys += [("relates", value.addressing.relates_to), *(("patient", e.patient_id.id) for e in value.entries)]
    return "xds.answer", value, [*keys, *(("patient", extension) for _, extension in value.patients)], ()


def _fault(envelope: Envelope) -> Read:
    return "soap.fault", fault.read(envelope.body), [("relates", envelope.addressing.relates_to)], ()


def _other(envelope: Envelope) -> Read:
    return "soap.other", envelope, [("relates", envelope.addressing.relates_to)], ()


_READERS: dict[str, Callable[[Envelope], Read]] = {
    "ProvideAndRegisterDocumentSetRequest": _submission,
    "AdhocQueryRequest": _query,
    "SubmitObjectsRequest": _update,
    "PRPA_IN201307UV02": _existence,
    "setAuthorization": _authorisation,
    "RegistryResponse": _answer,
    "AdhocQueryResponse": _answer,
    "PRPA_IN201308UV02": _answer,
    "setAuthorizationResponse": _answer,
    "Fault": _fault,
}

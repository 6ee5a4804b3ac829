"""Scenes of identities of another domain, and of what a repository traces, in literal words.

Nothing comes from our builders, services or reference vendor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from identity_scenes import INS, OID, SEARCH, SOAP, TYPED, VERIFY, Scene, adt, found, verified

from conformance.evidence.values import Binding, Context, Direction, Driven, Finding, Heard, Sent, Witness
from conformance.models.document import Patient
from conformance.models.identity_exchange import ReceptionKind, ReceptionStory, TraceKind, TraceStory
from conformance.properties import base

PATIENT = Patient("PAT-TROIS", ("DOMINIQUE", "MARIE-LOUISE"), "F", 17_000, "51", "51215")
OLD = "279035121518888"
CARD = (
    f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header/><soap:Body><v:RECVITALE'
    ' xmlns:v="http://www.cnamts.fr/INSiRecVit"><v:MatriculeIndividu>'
    f"<v:NumIdentifiant>{INS[:13]}</v:NumIdentifiant><v:Cle>{INS[13:]}</v:Cle></v:MatriculeIndividu>"
    "<v:NomNaissance>PAT-TROIS</v:NomNaissance><v:DateNaissance>1979-03-28</v:DateNaissance>"
    "<v:RangNaissance>1</v:RangNaissance></v:RECVITALE></soap:Body></soap:Envelope>"
)
THEIRS = "99^^^AUTRE&1.2.250.1.999.8&ISO^PI"
ASSERTED = (
    '<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">'
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0"'
    ' IssueInstant="2026-01-05T10:00:00Z"><saml:Issuer>CN=PS</saml:Issuer><saml:Subject>'
    '<saml:NameID NameQualifier="CPS">899700000015</saml:NameID></saml:Subject></saml:Assertion></wsse:Security>'
)


def with_history() -> str:
    """An answer 00 with a former INS."""
    old = (
        f"<INSHISTO><IdIndividu><NumIdentifiant>{OLD[:13]}</NumIdentifiant><Cle>{OLD[13:]}</Cle></IdIndividu>"
        f"<OID>{OID}</OID></INSHISTO>"
    )
    return found().replace("</INSACTIF>", f"</INSACTIF>{old}")


def nobody(code: str) -> str:
    """An answer 01 or 02."""
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><RESULTAT xmlns="http://www.cnamts.fr/INSiResultat"><CR>'
        f"<CodeCR>{code}</CodeCR><LibelleCR>Aucune</LibelleCR></CR></RESULTAT></soap:Body></soap:Envelope>"
    )


class Story(Scene):
    """A scene whose steps have names."""

    def step(
        self, name: str, kind: str, payload: Mapping[str, Any], data: Mapping[str, Any] | None = None,
        status: str = "done",
    ) -> Story:  # fmt: skip
        """A stimulus or a query and its answer."""
        facts = {"protocol": "pilot"}
        asked = json.dumps({"api": "pilot/1", "id": name, "kind": f"{kind}/1", "payload": payload})
        request = self._add("pilot", Direction.TO_VENDOR, asked, facts, None)
        told = json.dumps({"api": "pilot/1", "id": name, "status": status, "data": data or {}})
        answer = self._add("pilot", Direction.FROM_VENDOR, told, facts, request)
        self.sent.append(Sent(name, request, answer))
        return self

    def call(self, asked: str, answer: str, code: str, *, subject: str = "CN=INSI-AUTO") -> Story:
        """A call of INSi by the bearer of a certificate, and its answer."""
        event = "verify" if "IndividuVerifie" in asked else "search-card" if "RECVITALE" in asked else "search-traits"
        facts: dict[str, Any] = {"protocol": "insi", "event": event, "content_type": "application/soap+xml"}
        request = self._add("insi", Direction.FROM_VENDOR, asked, {**facts, "peer_subject": subject}, None)
        self._add("insi", Direction.TO_VENDOR, answer, {**facts, "code": code, "status": 200}, request)
        return self

    def search(self, name: str = "search", mode: str = "traits", **payload: Any) -> Story:
        """A search is asked for."""
        return self.step(name, "identity.search-insi", {"ipp": "3", "mode": mode, **payload}, {"code": "00"})

    def traces(self, name: str, kind: str, *rows: Mapping[str, Any]) -> Story:
        """Traces read."""
        base_row = {"at": "2026-01-05T10:00:00+01:00", "kind": kind, "action": "x", "author": "dupont"}
        return self.step(name, "identity.trace", {"ipp": "3"}, {"entries": [{**base_row, **row} for row in rows]})

    def come(self, name: str, message: str) -> Story:
        """A message of another system, accepted."""
        facts = {"protocol": "mllp"}
        request = self._add("identities", Direction.TO_VENDOR, message, facts, None)
        ack = (
            "MSH|^~\\&|DPI|CHU-X|GAM|CHU-X|20260105111155||ACK^A28^ACK|A1|P|2.5^FRA^2.11|||||FRA|UNICODE UTF-8\r"
            "MSA|AA|3975\r"
        )
        answer = self._add("identities", Direction.FROM_VENDOR, ack, facts, request)
        self.sent.append(Sent(name, request, answer))
        return self

    def seen(self, name: str, status: str, ins: str | None = None, ipp: str = "3") -> Story:
        """An identity read."""
        one = {"ipp": ipp, "traits": TYPED, "status": status, "matricule": ins, "oid": OID if ins else None}
        return self.step(name, "identity.read", {"ipp": ipp}, {"identity": one})

    def say(self, property: str, case: ReceptionKind | TraceKind) -> tuple[list[str], list[str]]:
        """The codes found and what was witnessed."""
        story: Any
        story = (
            ReceptionStory(case, PATIENT)  # type: ignore[arg-type]
            if base.get(property).exercise == "identity.reception"
            else TraceStory(case, PATIENT)  # type: ignore[arg-type]
        )
        binding = Binding("00000000", 1, "AB", "001001")
        driven = Driven("c1", base.get(property).exercise, "normal", story, binding, tuple(self.sent))
        heard = Heard(tuple(self.heard), tuple(self.heard))
        context = Context(as_of=date(2026, 1, 5), wave="va1", environment="normal")
        words = list(base.get(property).judge(driven, heard, context))
        return (
            [w.code for w in words if isinstance(w, Finding)],
            [w.assertion for w in words if isinstance(w, Witness)],
        )


__all__ = [
    "ASSERTED", "CARD", "INS", "OID", "OLD", "SEARCH", "THEIRS", "TYPED", "VERIFY", "Story", "adt", "found", "nobody",
    "verified", "with_history",
]  # fmt: skip

"""Scenes of the life of an identity in literal words: what the pilot was told and read, what INSi and PAM carried.

The patient is a public test person of INSi; PAM messages have the shape of the official examples. Nothing comes from
our builders, services or reference vendor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from conformance.evidence.values import (
    Binding,
    Context,
    Direction,
    Driven,
    Exchange,
    Finding,
    Heard,
    Observation,
    Sent,
    Severity,
    Witness,
)
from conformance.properties import base
from conformance.standards.observe import observe

SOAP = "http://www.w3.org/2003/05/soap-envelope"
INS, OID = "279035121518989", "1.2.250.1.213.1.4.8"
IPP = "000003"
TYPED: Mapping[str, Any] = {
    "birth_name": "PAT-TROIS", "first_given": "DOMINIQUE", "birth": "19790328", "sex": "F", "place": "51215",
}  # fmt: skip
NATIONAL = {**TYPED, "given_names": ["DOMINIQUE", "MARIE-LOUISE"]}
USED = {"used_name": "DUPONT", "used_given": "MARIE-LOUISE"}

SEARCH = (
    f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:i="http://www.cnamts.fr/INSiRecSans"><soap:Header/><soap:Body>'
    "<i:RECSANSVITALE><i:NomNaissance>PAT-TROIS</i:NomNaissance><i:Prenom>DOMINIQUE</i:Prenom><i:Sexe>F</i:Sexe>"
    "<i:DateNaissance>1979-03-28</i:DateNaissance></i:RECSANSVITALE></soap:Body></soap:Envelope>"
)
VERIFY = (
    f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header/><soap:Body><u:REQ'
    ' xmlns:u="http://www.cnamts.fr/INSiLot2/REQUnitaire"><u:IndividuVerifie><u:INSFourni><u:IdIndividu>'
    f"<u:NumIdentifiant>{INS[:13]}</u:NumIdentifiant><u:Cle>{INS[13:]}</u:Cle></u:IdIndividu><u:OID>{OID}</u:OID>"
    "</u:INSFourni><u:TraitsIdentiteIndividu><u:NomNaissance>PAT-TROIS</u:NomNaissance></u:TraitsIdentiteIndividu>"
    "</u:IndividuVerifie></u:REQ></soap:Body></soap:Envelope>"
)


def found(
    *, name: str = "PAT-TROIS", given: str = "DOMINIQUE MARIE-LOUISE", sex: str = "F", birth: str = "1979-03-28",
    place: str = "<LieuNaissance>51215</LieuNaissance>",
) -> str:  # fmt: skip
    """An answer 00."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Body>'
        '<RESULTAT xmlns="http://www.cnamts.fr/INSiResultat"><CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR>'
        f"<INDIVIDU><INSACTIF><IdIndividu><NumIdentifiant>{INS[:13]}</NumIdentifiant><Cle>{INS[13:]}</Cle>"
        f"</IdIndividu><OID>{OID}</OID></INSACTIF><TIQ><NomNaissance>{name}</NomNaissance>"
        f"<ListePrenom>{given}</ListePrenom><Sexe>{sex}</Sexe><DateNaissance>{birth}</DateNaissance>{place}</TIQ>"
        "</INDIVIDU></RESULTAT></soap:Body></soap:Envelope>"
    )


def verified(outcome: str) -> str:
    """The answer to a verification."""
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><RESULTAT xmlns="http://www.cnamts.fr/INSiLot2/REPUnitaire">'
        f"<CR><CodeCR>{outcome}</CodeCR><LibelleCR>{outcome}</LibelleCR></CR></RESULTAT></soap:Body></soap:Envelope>"
    )


def adt(
    event: str = "A31",
    *,
    ins: str = "",
    trust: str = "PROV",
    name: str = "PAT-TROIS",
    ids: str = "",
    end: str = "PV1|1|N",
    day: str = "19790328",
) -> str:
    """A message about the patient; `ins` is a whole repetition of PID-3."""
    structure = {"A40": "ADT_A39", "A47": "ADT_A30"}.get(event, "ADT_A05")
    own = ids or f"{IPP}^^^CHU-X&1.2.250.1.999.7&ISO^PI"
    return "\r".join(
        [
            f"MSH|^~\\&|GAM|CHU-X|DPI|CHU-X|20260105111154||ADT^{event}^{structure}|3975|P|2.5^FRA^2.11|||||FRA|"
            "UNICODE UTF-8|||2.11^IHE_FRANCE-2.11-PAM",
            "EVN||20260105111154||||20260105111154",
            f"PID|1||{own}{'~' + ins if ins else ''}||{name}^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L||{day}|F|||"
            f"^^^^^^BDL^^51215{'|' * 21}{trust}",
            end,
            "",
        ]
    )


TYPED_INS = f"{INS}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^INS"


@dataclass
class Scene:
    """A case as it unfolds; every call adds what it says to what was heard."""

    heard: list[Observation] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def _add(self, channel: str, way: Direction, body: str, facts: Mapping[str, Any], answers: str | None) -> str:
        id = f"x{len(self.heard) + 1}"
        self.heard.append(observe(Exchange(id, channel, way, 1, len(self.heard), body.encode(), facts, answers)))
        return id

    def pilot(
        self, kind: str, payload: Mapping[str, Any], data: Mapping[str, Any] | None = None, status: str = "done"
    ) -> Scene:
        """A stimulus or a query and its answer."""
        name, facts = f"s{len(self.sent) + 1}", {"protocol": "pilot"}
        asked = json.dumps({"api": "pilot/1", "id": name, "kind": f"identity.{kind}/1", "payload": payload})
        request = self._add("pilot", Direction.TO_VENDOR, asked, facts, None)
        told = json.dumps({"api": "pilot/1", "id": name, "status": status, "data": data or {}})
        answer = self._add("pilot", Direction.FROM_VENDOR, told, facts, request)
        self.sent.append(Sent(name, request, answer))
        return self

    def create(
        self, traits: Mapping[str, Any] = TYPED, secondary: Mapping[str, Any] | None = None, status: str = "done"
    ) -> Scene:
        """An identity typed in."""
        payload = {"traits": traits, **({"secondary": secondary} if secondary else {})}
        return self.pilot("create", payload, {"ipp": IPP} if status == "done" else {}, status)

    def asked(self, gesture: str, status: str = "done", data: Mapping[str, Any] | None = None, **payload: Any) -> Scene:
        """Something asked about the patient."""
        return self.pilot(gesture, {"ipp": IPP, **payload}, data, status)

    def read(
        self,
        status: str,
        *,
        ins: str | None = None,
        oid: str | None = None,
        traits: Mapping[str, Any] = TYPED,
        **more: Any,
    ) -> Scene:
        """The identity as the pilot reads it."""
        one = {
            "ipp": IPP,
            "traits": {"given_names": [], **traits},
            "status": status,
            "matricule": ins,
            "oid": oid if oid is not None else OID if ins else None,
            "attributes": [],
            **more,
        }
        return self.pilot("read", {"ipp": IPP}, {"identity": one})

    def insi(self, asked: str, answer: str) -> Scene:
        """A call and its answer."""
        kind = "application/soap+xml; charset=utf-8"
        event = "verify" if "IndividuVerifie" in asked else "search-traits"
        code = "00" if "CodeCR>00" in answer else "KO" if "CodeCR>KO" in answer else "OK"
        facts: dict[str, Any] = {"protocol": "insi", "content_type": kind, "event": event}
        request = self._add("insi", Direction.FROM_VENDOR, asked, facts, None)
        self._add("insi", Direction.TO_VENDOR, answer, {**facts, "code": code, "status": 200}, request)
        return self

    def pam(self, message: str) -> Scene:
        """A message that goes out."""
        self._add("pam", Direction.FROM_VENDOR, message, {"protocol": "mllp"}, None)
        return self

    def receive(self, message: str) -> Scene:
        """A message of another system, accepted."""
        facts = {"protocol": "mllp"}
        request = self._add("identities", Direction.TO_VENDOR, message, facts, None)
        ack = (
            "MSH|^~\\&|DPI|CHU-X|GAM|CHU-X|20260105111155||ACK^A28^ACK|A1|P|2.5^FRA^2.11|||||FRA|UNICODE UTF-8\r"
            "MSA|AA|3975\r"
        )
        answer = self._add("identities", Direction.FROM_VENDOR, ack, facts, request)
        self.sent.append(Sent(f"s{len(self.sent) + 1}", request, answer))
        return self

    # Usual beginnings.

    def created(self) -> Scene:
        """The five fields typed in, told, read."""
        return self.create().pam(adt("A28")).read("provisoire")

    def retrieved(self, status: str = "recuperee", **told: str) -> Scene:
        """INSi answers; what it says is kept."""
        self.asked("search-insi", mode="traits", data={"code": "00", "taken": True}).insi(SEARCH, found())
        return self.pam(adt("A31", **told)).read(status, ins=INS, traits=NATIONAL)

    def proved(self, status: str, **more: Any) -> Scene:
        """A passport is presented and the identity validated."""
        self.asked("document", kind="PA", trust="high")
        held: dict[str, Any] = {**more, "document": "PA"}
        self.read(held.pop("before", "provisoire"), **held)
        self.asked("validate")
        if status == "qualifiee":
            self.pam(adt("A31", ins=TYPED_INS, trust="VALI"))
        else:
            self.pam(adt("A31", trust="VALI"))
        return self.read(status, **held)

    def qualified(self) -> Scene:
        """Created, retrieved, proved."""
        return self.created().retrieved().proved("qualifiee", before="recuperee", ins=INS, traits=NATIONAL)

    def judged(self, property: str) -> tuple[list[Finding], list[Witness]]:
        """What a property says."""
        driven = Driven("c1", "identity.life", "normal", None, Binding("00000000", 1, "AB", "001001"), tuple(self.sent))
        heard = Heard(tuple(self.heard), tuple(self.heard))
        context = Context(as_of=date(2026, 1, 5), wave="va1", environment="normal")
        words = list(base.get(property).judge(driven, heard, context))
        return [w for w in words if isinstance(w, Finding)], [w for w in words if isinstance(w, Witness)]

    def errors(self, property: str) -> list[tuple[str, str]]:
        """The codes that count against the vendor, with their places."""
        found = self.judged(property)[0]
        return [(f.code, f.location.path) for f in found if f.severity is Severity.ERROR]

    def clean(self, property: str) -> bool:
        """Reached, and nothing to say."""
        findings, witnesses = self.judged(property)
        return not findings and bool(witnesses)

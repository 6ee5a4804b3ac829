"""The small référentiel with what `small_ri` leaves out: PAM received, rights, traces, dashboard, export.

Messages are read here by cutting them at their separators. `lax` leaves a rule out (see the names in the code).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from small_ri import SOAP, One, SmallRi, capitals

from conformance.bench.service import Call
from conformance.evidence.values import Context, Direction, Driven, Exchange, Heard, Sent
from conformance.exercises import registry
from conformance.properties import base
from conformance.standards.insi import syntax

AT = "2026-01-05T10:15:00+01:00"
HOLDER, SOFTWARE = "CN=899700000015", "CN=INSI-AUTO"
ASSERTION = (
    '<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">'
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0"'
    ' IssueInstant="2026-01-05T10:00:00Z"><saml:Issuer>CN=PS</saml:Issuer><saml:Subject>'
    '<saml:NameID NameQualifier="CPS">899700000015</saml:NameID></saml:Subject></saml:Assertion></wsse:Security>'
)


@dataclass
class ReceivingRi(SmallRi):
    """Every case gets a new one; calls made before are those of `earlier`."""

    site: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    earlier: tuple[int, int] = (10, 2)
    bound: Any = None

    # What the bench does.

    async def wait(self, channel: str, mark: bytes = b"", **_: Any) -> Exchange | None:  # type: ignore[override]
        for one in self.heard:
            if one.exchange.channel == channel and mark in one.exchange.body:
                return one.exchange
        return None

    async def send(self, endpoint: str, body: bytes, *, name: str, **_: Any) -> Sent:
        facts = {"protocol": "mllp"}
        request = self._note(endpoint, Direction.TO_VENDOR, body, facts, None)
        control = body.split(b"|")[9].decode()
        try:
            code = await self._receive(body.decode())
        except UnicodeDecodeError:
            code = "AE"
        ack = (
            f"MSH|^~\\&|PETIT-RI|ETAB|BANC|BANC|20260105101500||ACK^A28^ACK|K{control}|P|2.5^FRA^2.11\r"
            f"MSA|{code}|{control}\r"
        )
        one = Sent(name, request, self._note(endpoint, Direction.FROM_VENDOR, ack.encode(), facts, request))
        self.sent.append(one)
        return one

    # What the product does.

    async def _receive(self, text: str) -> str:
        segments = {line[:3]: line.split("|") for line in text.split("\r") if line}
        pid, event = segments["PID"], segments["MSH"][8].split("^")[1]
        ids = [cx.split("^") for cx in pid[3].split("~")]
        local = next(i for i in ids if i[4] == "PI")
        if event == "A40":
            gone = segments["MRG"][1].split("^")[0]
            if gone not in self.numbers or local[0] not in self.numbers:
                return "AE"
            self.numbers[gone] = self.numbers[local[0]]
            return "AA"
        name = pid[5].split("~")[0].split("^")
        place = next((a.split("^")[8] for a in pid[11].split("~") if "BDL" in a), "")
        traits = {
            "birth_name": capitals(name[0]), "first_given": name[1], "given_names": name[2].split(),
            "birth": pid[7], "sex": pid[8], "place": place,
        }  # fmt: skip
        ins = next(((i[0], i[3].split("&")[1]) for i in ids if i[4] == "INS"), None)
        known = self._known(local[0], traits)
        if ins is None or "VALI" not in pid[32]:
            if known is None:
                self._add(local[0], traits)
            return "AA"
        if self.site.get(f"trust-contract.{local[3].split('&')[0]}") == "on" and "contract" not in self.lax:
            one = known or self._add(local[0], traits)
            one.ins, one.forced = ins, "qualifiee" if "contract-status" not in self.lax else ""
            return "AA"
        answer = await self._insi(self._verification(ins, traits))
        outcome = answer.outcome.lower() if isinstance(answer, syntax.VerificationAnswer) else ""
        one = known or self._add(local[0], traits)
        self.numbers[local[0]] = one.ipp
        if outcome == "ok" or "unverified" in self.lax:
            one.ins, one.traits = ins, traits
            one.forced = "qualifiee" if "as-received" in self.lax else ""
        elif known is not None and "ko-updated" in self.lax:
            one.traits = {**traits, "first_given": "AUTRE"}
        elif known is None and "ko-ins" in self.lax:
            one.ins = ins
        return "AA"

    def _known(self, number: str, traits: Mapping[str, Any]) -> One | None:
        ipp = self.numbers.get(number, number)
        if ipp in self.people:
            return self.people[ipp]
        same = ("birth_name", "birth", "sex")
        return next((p for p in self.people.values() if all(p.traits[n] == traits[n] for n in same)), None)

    def _add(self, number: str, traits: dict[str, Any]) -> One:
        one = One(f"IPP{next(self._numbers):06d}", traits, {})
        self.people[one.ipp] = one
        self.numbers[number] = one.ipp
        return one

    def _verification(self, ins: tuple[str, str], traits: Mapping[str, Any]) -> str:
        birth = f"{traits['birth'][:4]}-{traits['birth'][4:6]}-{traits['birth'][6:]}"
        return (
            '<i:REQ xmlns:i="http://www.cnamts.fr/INSiLot2/REQUnitaire"><i:IndividuVerifie><i:INSFourni>'
            f"<i:IdIndividu><i:NumIdentifiant>{ins[0][:13]}</i:NumIdentifiant><i:Cle>{ins[0][13:]}"
            f"</i:Cle></i:IdIndividu><i:OID>{ins[1]}</i:OID></i:INSFourni><i:TraitsIdentiteIndividu>"
            f"<i:NomNaissance>{traits['birth_name']}</i:NomNaissance>"
            f"<i:ListePrenom>{' '.join(traits['given_names'])}</i:ListePrenom><i:Sexe>{traits['sex']}</i:Sexe>"
            f"<i:DateNaissance>{birth}</i:DateNaissance></i:TraitsIdentiteIndividu></i:IndividuVerifie></i:REQ>"
        )

    async def _verify(self, chosen: list[One]) -> tuple[str, dict[str, Any]]:
        outcomes = []
        for one in chosen:
            answer = await self._insi(self._verification(one.ins, one.traits)) if one.ins else None
            outcome = answer.outcome.lower() if isinstance(answer, syntax.VerificationAnswer) else "none"
            outcomes.append(outcome)
        applied = outcomes[::-1] if "batch" in self.lax else outcomes
        for one, outcome in zip(chosen, applied, strict=True):
            if outcome == "ko":
                one.ins, one.checked = None, False
        if len(chosen) == 1:
            return "done", {"outcome": outcomes[0]}
        return "done", {"outcomes": [{"ipp": o.ipp, "outcome": said} for o, said in zip(chosen, outcomes, strict=True)]}

    async def _insi(self, body: str) -> syntax.Response | None:
        search = "IndividuVerifie" not in body
        header = ASSERTION if search and "assertion" not in self.lax else ""
        if not search and "certificate" in self.lax:
            header = ASSERTION
        soap = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'.encode()
        )
        kind = "application/soap+xml"
        facts = {"content_type": kind, "peer_subject": HOLDER if search or "shown" in self.lax else SOFTWARE}
        call = await self.insi.prepared(Call(soap, content_type=kind, facts=facts))
        heard = self._note("insi", Direction.FROM_VENDOR, soap, call.facts, None)
        reply = await self.insi.answer(call)
        self._note("insi", Direction.TO_VENDOR, reply.body, {**reply.facts, "status": reply.status}, heard)
        answer = getattr(self.heard[-1].value, "answer", None)
        operation = "verify" if not search else "search-card" if "RECVITALE" in body else "search-traits"
        self.calls.append((operation, str(reply.facts.get("code", "")), answer))
        return answer

    async def _do(self, kind: str, asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        user = asked.get("user", "secretariat")
        match kind:
            case "settings.set/1":
                self.site[asked["name"]] = asked["value"]
                return "done", {}
            case "identity.search/1":
                alike = [p for p in self.people.values() if p.traits["birth"] == asked["birth"]]
                return "done", {"ipps": [p.ipp for p in alike if p.traits["birth_name"].startswith(asked["name"])]}
            case "identity.trace/1":
                return "done", {"entries": [r for r in self.rows if r["kind"] == asked["kind"]]}
            case "export.portability/1":
                held = list(self.people.values())[: -1 if "export" in self.lax else None]
                file = json.dumps([self._shown(p) for p in held]).encode()
                return "done", {"file": base64.b64encode(file).decode(), "format": "application/json"}
            case "dashboard.insi/1":
                return "done", self._board(asked)
            case "identity.search-insi/1":
                if self.site.get(f"user.{user}.insi") == "off" and "rights" not in self.lax:
                    return "refused", {}
                if "card" in self.lax:
                    asked["mode"] = "traits"
        calls, heard = len(self.calls), len(self.heard)
        status, data = await super()._do(kind, asked)
        self._trace(kind, user, calls, heard, done=status == "done")
        return status, data

    def _board(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["from"] < "2026":
            return {"rows": []}
        counted = [c for c in self.calls if "failures" not in self.lax or c[1] in ("00", "01", "02", "OK", "KO")]
        calls = self.earlier[0] + len(counted)
        failed = self.earlier[1] + sum(c[1] not in ("00", "01", "02", "OK", "KO") for c in counted)
        rate = round(100 * failed / calls, 1)
        row = {"finess": "750000018", "success_rate": 100 - rate, "failure_rate": rate, "qualified_rate": 10}
        details = [{"at": AT, "code": code} for _, code, _ in counted] if "details" not in self.lax else []
        return {"rows": [{**row, "calls": calls}], "details": details}

    def _trace(self, kind: str, user: str, calls: int, heard: int, *, done: bool) -> None:
        if kind == "identity.read/1" and "accesses" not in self.lax:
            self.rows.append({"at": AT, "kind": "access", "author": user, "action": kind})
        if kind in ("identity.create/1", "identity.update/1") and done and "changes" not in self.lax:
            self.rows.append({"at": AT, "kind": "change", "author": user, "action": kind})
        for operation, code, answer in self.calls[calls:]:
            if "calls" in self.lax or f"calls-{operation}" in self.lax:
                continue
            insi: dict[str, Any] = {"operation": operation, "code": code}
            if isinstance(answer, syntax.Answer) and answer.ins and answer.traits and "answers" not in self.lax:
                t = answer.traits
                insi |= {"matricule": answer.ins.matricule, "oid": answer.ins.oid}
                insi["historic"] = [{"matricule": i.matricule, "oid": i.oid} for i in answer.history]
                insi["traits"] = {
                    "birth_name": t.birth_name, "given_names": t.given.split(), "birth": t.birth, "sex": t.sex,
                    "place": t.place,
                }  # fmt: skip
            self.rows.append({"at": AT, "kind": "insi", "author": user, "action": "INSi", "insi": insi})
        for one in self.heard[heard:]:
            if one.exchange.channel == "pam" and b"^INS" in one.exchange.body and "partners" not in self.lax:
                self.rows.append({"at": AT, "kind": "partner", "author": user, "action": "PAM", "partner": "BANC"})

    def said(self, case: Any, property: str) -> list[Any]:
        """What a property says of all that was heard."""
        name = base.get(property).exercise
        labels = registry.get(name).labels_of(case)
        driven = Driven("c1", name, "normal", case, self.bound, tuple(self.sent), labels)
        heard = Heard(tuple(self.heard), tuple(self.heard))
        return list(
            base.get(property).judge(driven, heard, Context(as_of=self.as_of, wave="va1", environment="normal"))
        )

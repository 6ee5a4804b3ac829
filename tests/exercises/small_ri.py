"""A référentiel of identities reduced to its rules, which is also the bench in front of it: no network, no server.

Its PAM messages and its calls of INSi are templates of its own. `lax` leaves a rule out (see the names in the code).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from conformance.bench.api import Acted
from conformance.bench.service import Call
from conformance.evidence.values import Binding, Context, Direction, Driven, Exchange, Heard, Observation, Sent
from conformance.properties import base
from conformance.services.insi import InsiService
from conformance.standards.insi import syntax
from conformance.standards.observe import observe

DAY = date(2026, 1, 5)
NEEDED = ("birth_name", "first_given", "birth", "sex", "place")
SOAP = "http://www.w3.org/2003/05/soap-envelope"


def capitals(text: str) -> str:
    """Capitals without accent."""
    flat = unicodedata.normalize("NFD", text.replace("’", "'"))
    return "".join(c for c in flat if not unicodedata.combining(c)).upper()


@dataclass
class One:
    """An identity as this product holds it."""

    ipp: str
    traits: dict[str, Any]
    secondary: dict[str, str]
    checked: bool = False
    ins: tuple[str, str] | None = None
    attributes: list[str] = field(default_factory=list)
    document: tuple[str, str] | None = None
    merged_into: str | None = None
    forced: str = ""

    @property
    def status(self) -> str:
        if self.forced:
            return self.forced
        if self.ins:
            return "qualifiee" if self.checked else "recuperee"
        return "validee" if self.checked else "provisoire"

    @property
    def blocked(self) -> bool:
        return bool({"douteuse", "fictive"} & set(self.attributes))


@dataclass
class SmallRi:
    """A product and its bench; every case gets a new one."""

    lax: frozenset[str] = frozenset()
    unsupported: frozenset[str] = frozenset()
    as_of: date = DAY
    settings: dict[str, object] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    sent: list[Sent] = field(default_factory=list)
    heard: list[Observation] = field(default_factory=list)
    people: dict[str, One] = field(default_factory=dict)
    insi: InsiService = field(default_factory=InsiService)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self.insi.configure({})

    # What the bench does.

    def _note(self, channel: str, way: Direction, body: bytes, facts: Mapping[str, Any], answers: str | None) -> str:
        id = f"x{len(self.heard) + 1}"
        self.heard.append(observe(Exchange(id, channel, way, 1, len(self.heard), body, facts, answers)))
        return id

    async def configure(self, service: str, settings: Mapping[str, str]) -> None:
        assert service == "insi"
        self.insi.configure(settings)

    async def instruct(self, service: str, verb: str, body: bytes = b"", *, name: str, **values: Any) -> Sent:
        told = await self.insi.instruct(verb, body, {k: v for k, v in values.items() if k != "keys"})
        facts = {"instruction": verb, **told}
        one = Sent(name, self._note(service, Direction.TO_VENDOR, body, facts, None))
        self.sent.append(one)
        return one

    async def stimulate(self, kind: str, payload: Mapping[str, Any], *, name: str, **_: Any) -> Acted:
        asked = {"api": "pilot/1", "id": name, "kind": kind, "payload": payload}
        request = self._note("pilot", Direction.TO_VENDOR, json.dumps(asked).encode(), {"protocol": "pilot"}, None)
        status: str = "unsupported"
        data: dict[str, Any] = {}
        if kind not in self.unsupported:
            status, data = await self._do(kind, dict(payload))
        said = {"api": "pilot/1", "id": name, "status": status, "data": data}
        answer = self._note("pilot", Direction.FROM_VENDOR, json.dumps(said).encode(), {"protocol": "pilot"}, request)
        failure = "pilot-unsupported" if status == "unsupported" else None
        one = Sent(name, request, answer, failure)
        self.sent.append(one)
        return Acted(one, status, "", "", data)

    async def query(self, kind: str, payload: Mapping[str, Any], *, name: str, **more: Any) -> Acted:
        return await self.stimulate(kind, payload, name=name, **more)

    def has(self, service: str) -> bool:
        """INSi and PAM are there."""
        return service in ("insi", "pam")

    async def wait(self, channel: str, mark: bytes = b"", **_: Any) -> None:
        return None

    async def quiet(self) -> bool:
        return True

    # What the product does.

    async def _do(self, kind: str, asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        match kind.removeprefix("identity.").removesuffix("/1"):
            case "create":
                return self._create(asked)
            case "read":
                one = self.people.get(asked["ipp"])
                return "done", {"identity": self._shown(one) if one else None}
            case "search-insi":
                return await self._search(self.people[asked["ipp"]], asked["mode"])
            case "verify-insi":
                return await self._verify([self.people[asked["ipp"]]])
            case "verify-batch":
                return await self._verify([self.people[ipp] for ipp in asked["ipps"]])
            case other:
                return self._other(other, self.people[asked["ipp"]], asked)

    def _create(self, asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        traits, secondary = dict(asked["traits"]), dict(asked.get("secondary", {}))
        if any(not traits.get(n) for n in NEEDED) and "incomplete" not in self.lax:
            return "refused", {}
        if traits.get("birth", "")[6:] > "31" or ("phone" in self.lax and not secondary.get("phone")):
            return "refused", {}
        if "lower" not in self.lax:
            traits = {n: capitals(v) if isinstance(v, str) else v for n, v in traits.items()}
        if "used-given" in self.lax:
            secondary.pop("used_given", None)
        one = One(f"IPP{next(self._numbers):06d}", traits, secondary)
        one.forced = "validee" if "default" in self.lax else ""
        self.people[one.ipp] = one
        self._tell("A28", one)
        return "done", {"ipp": one.ipp}

    def _other(self, kind: str, one: One, asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if one.merged_into and kind != "split":
            return "refused", {}
        match kind:
            case "document":
                one.document = (asked["kind"] if "document" not in self.lax else "", asked["trust"])
            case "validate":
                if one.blocked or not one.document or one.document[1] != "high":
                    return "refused", {}
                one.checked = True
                one.forced = ""
                if "never-qualified" in self.lax and one.ins:
                    one.forced = "recuperee"
                if "validated-qualified" in self.lax and not one.ins:
                    one.forced = "qualifiee"
                self._tell("A31", one)
            case "update":
                return self._update(one, asked)
            case "attribute":
                return self._attribute(one, asked["attribute"], asked["set"])
            case "merge":
                one.merged_into = asked["into"]
                self._tell("A40", self.people[asked["into"]], merged=one.ipp)
            case "split":
                if not one.merged_into:
                    return "refused", {}
                one.merged_into = None
                self._tell("A28", one)
        return "done", {}

    def _update(self, one: One, asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        locked = one.status in ("recuperee", "qualifiee")
        strict = set(asked.get("traits", {})) - {"first_given"} or "ins" in asked
        if locked and strict and not asked.get("super_user") and "locked" not in self.lax:
            return "refused", {}
        if locked and asked.get("secondary") and "secondary" in self.lax:
            return "refused", {}
        if "ins" in asked and not locked:
            return "refused", {}
        before = dict(one.traits)
        one.traits |= asked.get("traits", {})
        one.secondary |= asked.get("secondary", {})
        if locked and strict and (one.traits != before or "ins" in asked) and "strict" not in self.lax:
            one.ins = None
        if not (strict and "untold" in self.lax):
            self._tell("A31", one)
        return "done", {}

    def _attribute(self, one: One, attribute: str, wanted: bool) -> tuple[str, dict[str, Any]]:
        if wanted:
            one.attributes.append(attribute)
            if attribute != "homonyme" and "declared" not in self.lax:
                one.ins, one.checked, one.document, one.forced = None, False, None, ""
        elif attribute in one.attributes:
            one.attributes.remove(attribute)
        self._tell("A31", one)
        return "done", {}

    async def _search(self, one: One, mode: str) -> tuple[str, dict[str, Any]]:
        if (one.blocked and "blocked" not in self.lax) or one.merged_into:
            return "refused", {}
        t = one.traits
        birth = f"{t['birth'][:4]}-{t['birth'][4:6]}-{t['birth'][6:]}"
        if mode == "traits":
            body = (
                f'<RECSANSVITALE xmlns="http://www.cnamts.fr/INSiRecSans"><NomNaissance>{t["birth_name"]}</NomNaissance>'
                f"<Prenom>{t['first_given']}</Prenom><Sexe>{t['sex']}</Sexe><DateNaissance>{birth}</DateNaissance>"
                f"</RECSANSVITALE>"
            )
        else:
            held = next((p for p in self.insi.people if p.birth == birth), None)
            number = held.matricule[:13] if held else ""
            body = (
                '<RECVITALE xmlns="http://www.cnamts.fr/INSiRecVit"><MatriculeIndividu><NumIdentifiant>'
                f"{number}</NumIdentifiant></MatriculeIndividu></RECVITALE>"
            )
        answer = await self._insi(body)
        if not isinstance(answer, syntax.Answer) or answer.ins is None or answer.traits is None:
            return "done", {"code": answer.code if isinstance(answer, syntax.Answer) else "fault", "taken": False}
        told = answer.traits
        wrong = [("lunar", "-00" in told.birth), ("empty", not (told.birth_name and told.given and told.sex))]
        if any(bad and name not in self.lax for name, bad in wrong):
            return "done", {"code": "00", "taken": False, "alert": "Retour d'INSi inutilisable"}
        listed = told.given.split()
        fits = listed[: len(t["first_given"].replace("-", " ").split())] == t["first_given"].replace("-", " ").split()
        new = {"birth_name": told.birth_name, "given_names": listed, "birth": told.birth.replace("-", "")}
        new |= {"sex": told.sex, **({"place": told.place} if told.place else {})}
        if "copy" not in self.lax:
            one.traits |= new
        one.ins = (answer.ins.matricule, answer.ins.oid)
        one.forced = ""
        if mode == "mobile" or "retrieved-qualified" in self.lax:
            one.checked = True
        self._tell("A31", one)
        return "done", {"code": "00", "taken": True, **({} if fits or "alert" in self.lax else {"alert": "Prénom"})}

    async def _verify(self, chosen: list[One]) -> tuple[str, dict[str, Any]]:
        outcomes = []
        for one in chosen:
            outcome = "none"
            if one.ins and not one.blocked:
                t = one.traits
                body = (
                    '<i:REQ xmlns:i="http://www.cnamts.fr/INSiLot2/REQUnitaire"><i:IndividuVerifie><i:INSFourni>'
                    f"<i:IdIndividu><i:NumIdentifiant>{one.ins[0][:13]}</i:NumIdentifiant><i:Cle>{one.ins[0][13:]}"
                    f"</i:Cle></i:IdIndividu><i:OID>{one.ins[1]}</i:OID></i:INSFourni><i:TraitsIdentiteIndividu>"
                    f"<i:NomNaissance>{t['birth_name']}</i:NomNaissance></i:TraitsIdentiteIndividu>"
                    "</i:IndividuVerifie></i:REQ>"
                )
                answer = await self._insi(body)
                outcome = answer.outcome.lower() if isinstance(answer, syntax.VerificationAnswer) else "none"
            if outcome == "ko" and "ko" not in self.lax:
                one.ins, one.checked = None, False
                self._tell("A31", one)
            outcomes.append({"ipp": one.ipp, "outcome": outcome})
        return "done", {"outcome": outcomes[0]["outcome"]} if len(chosen) == 1 else {"outcomes": outcomes}

    async def _insi(self, body: str) -> syntax.Response | None:
        soap = f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'.encode()
        kind = "application/soap+xml"
        call = await self.insi.prepared(Call(soap, content_type=kind, facts={"content_type": kind}))
        heard = self._note("insi", Direction.FROM_VENDOR, soap, call.facts, None)
        reply = await self.insi.answer(call)
        whole = reply.body if reply.cut is None else reply.body[: int(len(reply.body) * reply.cut)]
        facts = {**reply.facts, "status": reply.status, "content_type": kind}
        self._note("insi", Direction.TO_VENDOR, whole, facts, heard)
        value = self.heard[-1].value
        return getattr(value, "answer", None)

    def _shown(self, one: One) -> dict[str, Any]:
        return {
            "ipp": one.ipp,
            "traits": {"given_names": [], **one.traits},
            "secondary": one.secondary,
            "status": one.status,
            "matricule": one.ins[0] if one.ins else None,
            "oid": one.ins[1] if one.ins else None,
            "attributes": one.attributes,
            "document": one.document[0] if one.document else None,
            "merged_into": one.merged_into,
        }

    def _tell(self, event: str, one: One, merged: str = "") -> None:
        """One PAM message of the French extension 2.11."""
        t, s = one.traits, one.secondary
        structure = {"A40": "ADT_A39"}.get(event, "ADT_A05")
        carried = one.ins and (one.status == "qualifiee" or "leak" in self.lax) and "no-ins" not in self.lax
        ids = f"{one.ipp}^^^PETIT-RI&1.2.250.1.999.1&ISO^PI"
        if carried and one.ins:
            ids += f"~{one.ins[0]}^^^ASIP-SANTE-INS-NIR&{one.ins[1]}&ISO^INS"
        names = f"{t.get('birth_name', '')}^{t.get('first_given', '')}^{' '.join(t.get('given_names', []))}^^^^L"
        if s.get("used_name") or s.get("used_given"):
            used = (s.get("used_name") or t["birth_name"], s.get("used_given") or t["first_given"])
            names += f"~{used[0]}^{used[1]}^^^^^D"
        codes = {"homonyme": "HOMA", "douteuse": "DOUT", "fictive": "FICT"}
        said = "VALI" if one.status in ("validee", "qualifiee") else "PROV"
        trust = "~".join([said, *(codes[a] for a in one.attributes)]) if "pam" not in self.lax else ""
        lines = [
            f"MSH|^~\\&|PETIT-RI|ETAB|BANC|BANC|20260105101500||ADT^{event}^{structure}|M{next(self._numbers)}|P|"
            "2.5^FRA^2.11|||||FRA|UNICODE UTF-8|||2.11^IHE_FRANCE-2.11-PAM",
            "EVN||20260105101500",
            f"PID|||{ids}||{names}||{t.get('birth', '')}|{t.get('sex', '')}|||"
            f"^^^^^^BDL^^{t.get('place', '')}|||||||||||||||||||||{trust}",
        ]
        if merged:
            lines.append(f"MRG|{merged}^^^PETIT-RI&1.2.250.1.999.1&ISO^PI")
        else:
            lines.append("PV1||N")
        body = ("\r".join(lines) + "\r").encode()
        self._note("pam", Direction.FROM_VENDOR, body, {"protocol": "mllp"}, None)

    def judged(self, case: Any, binding: Binding, property: str) -> list[Any]:
        """What a property says of all that was heard."""
        driven = Driven("c1", "identity.life", "normal", case, binding, tuple(self.sent))
        heard = Heard(tuple(self.heard), tuple(self.heard))
        return list(base.get(property).judge(driven, heard, Context(as_of=DAY, wave="va1", environment="normal")))

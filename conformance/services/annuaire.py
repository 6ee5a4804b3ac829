"""Directories over plain HTTP: professionals (RPPS), the accounts of the structure, the MSSanté domains.

The registers hold what the exercise declares (`instruct`): nobody else is found. Shapes follow the public pages of the
Annuaire Santé for its FHIR side; the rest is plain JSON for adapters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from conformance.bench.clock import now
from conformance.bench.service import Call, Handler, Reply, Site
from conformance.errors import InternalError
from conformance.evidence.values import Fact
from conformance.services import annuaire_files, faults
from conformance.services.web import WebCall, WebReply, WebService

IDNPS, RPPS_SYSTEM = "urn:oid:1.2.250.1.71.4.2.1", "http://rpps.fr"
MAILBOX = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata"
PROFESSIONS = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
WHITE_LIST_NS = "https://listeblanche.mssante.fr/schema"
DOMAINS = ("banc.mssante.fr", "patient.mssante.fr")
PAGE = 50

EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "/practitioners": "practitioners",
        "/fhir/v2/Practitioner": "fhir-practitioner",
        "/fhir/v2/Practitioner/_search": "fhir-practitioner",
        "/accounts": "accounts",
        "/mssante/liste-blanche.xml": "white-list",
        "/listeblanchemssante.xml": "white-list",
        "/mssante/autoconfig": "autoconfig",
        "/mail/config-v1.1.xml": "autoconfig",
        "/.well-known/autoconfig/mail/config-v1.1.xml": "autoconfig",
    }
)
LOOK_UPS = frozenset({"practitioners", "fhir-practitioner"})
"""The requests that look a professional up."""


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A professional of the register. `rpps` is 11 digits, `profession` a code of TRE_G15, `mail` a MSSanté mailbox."""

    rpps: str
    family: str
    given: str
    profession: str = "10"
    mail: str = ""
    finess: str = ""
    active: bool = True


class AnnuaireService(WebService):
    """Settings: `fault` (`success`, `down`, `empty`, `wrong-person`, `slow`, `cut`) on the requests of `on`.

    `/extraction/PS_LibreAcces.zip` is the public extraction of those who are active (event `extraction`), written as
    `extraction` says (`usual`, `trailing`, `windows-1252`) with `extraction-size` made-up professionals besides.

    Instructions: `practitioner` (values of `Practitioner`) declares one, again to change it; `forget` takes out the one
    of `rpps`; `accounts` (body: a JSON array) sets the accounts of the structure's own directory.
    """

    name: ClassVar[str] = "annuaire"
    channel: ClassVar[str] = "annuaire"
    scheme: ClassVar[str] = "http"
    protocol: ClassVar[str] = "annuaire"
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "fault": "success",
            "on": "practitioners fhir-practitioner accounts",
            "delay": "5",
            "share": "0.5",
            "spare": "",
            "mss-host": "127.0.0.1",
            "extraction": "usual",
            "extraction-size": "0",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.practitioners: dict[str, Practitioner] = {}
        self.accounts: Sequence[Any] = ()
        self._handler: Handler = self._plain

    async def listen(self, site: Site) -> tuple[str, int]:
        return await super().listen(replace(site, tls=None))

    def reset(self) -> None:
        super().reset()
        self.practitioners.clear()
        self.accounts = ()

    def configure(self, settings: Mapping[str, str]) -> None:
        super().configure(settings)
        if self.settings["extraction"] not in annuaire_files.FORMS:
            key = f"{self.name}.extraction={self.settings['extraction']}"
            raise InternalError("bench.unknown-setting", where=self.name, key=key)
        own: Mapping[str, faults.Maker] = {
            "down": lambda _: faults.instead(lambda _call: Reply(b"", 503)),
            "empty": lambda _: faults.instead(lambda call: self._found(call, ())),
            "wrong-person": lambda _: faults.instead(lambda call: self._found(call, (_stranger(call),))),
        }
        self._handler = faults.chosen(self.settings, own, self.name)(self._plain)

    async def instruct(self, verb: str, body: bytes, values: Mapping[str, str]) -> Mapping[str, Fact]:
        """See the class; raises InternalError for another verb, or values that make no practitioner."""
        if verb == "practitioner" and values.get("rpps"):
            given = {k: v for k, v in values.items() if k in Practitioner.__dataclass_fields__ and k != "active"}
            given = {"family": "", "given": "", **given}
            self.practitioners[values["rpps"]] = Practitioner(**given, active=values.get("active", "yes") != "no")
            return {"event": "instruction", "protocol": self.protocol}
        if verb == "forget":
            self.practitioners.pop(values.get("rpps", ""), None)
            return {"event": "instruction", "protocol": self.protocol}
        if verb == "accounts":
            self.accounts = json.loads(body)
            return {"event": "instruction", "protocol": self.protocol, "accounts": len(self.accounts)}
        raise InternalError("bench.unknown-instruction", where=self.name, verb=verb)

    def event(self, method: str, path: str) -> str:
        return "extraction" if annuaire_files.is_file(path) else EVENTS.get(path.rstrip("/"), "")

    def about(self, call: WebCall) -> Mapping[str, Fact]:
        if call.transaction not in LOOK_UPS:
            return {}
        asked = _criteria(call)
        return {f"asked_{name}": value[:200] for name, value in asked.items()}

    async def serve(self, call: WebCall) -> Reply:
        return await self._handler(call)

    async def _plain(self, call: Call) -> Reply:
        assert isinstance(call, WebCall)
        if call.transaction in LOOK_UPS:
            return self._found(call, self._search(_criteria(call)))
        if call.transaction == "extraction":
            return self._extraction(call, tuple(self.practitioners.values()))
        if call.transaction == "accounts":
            return _json(list(self.accounts))
        if call.transaction == "white-list":
            return Reply(white_list(), 200, "application/xml")
        return Reply(autoconfig(call.parameters.get("emailaddress", ""), self._mail_hosts()), 200, "application/xml")

    def _search(self, asked: Mapping[str, str]) -> tuple[Practitioner, ...]:
        if not asked:
            return ()
        return tuple(
            one
            for one in self.practitioners.values()
            if all(_same(getattr(one, name), value) for name, value in asked.items())
        )

    def _found(self, call: Call, found: Sequence[Practitioner]) -> Reply:
        if call.transaction == "extraction":
            return self._extraction(call, found)
        facts: dict[str, Fact] = {"found": " ".join(p.rpps for p in found)}
        if call.transaction == "practitioners":
            return _json([asdict(p) for p in found[:PAGE]], facts)
        if call.transaction == "accounts":
            return _json([asdict(p) for p in found], facts)
        return _json(bundle(found[:PAGE]), facts, "application/fhir+json")

    def _extraction(self, call: Call, found: Sequence[Practitioner]) -> Reply:
        assert isinstance(call, WebCall)
        form, fillers = self.settings["extraction"], int(self.settings["extraction-size"])
        return annuaire_files.serve(call, found, now(), form=form, fillers=fillers)

    def _mail_hosts(self) -> Mapping[str, tuple[str, int]]:
        held = {}
        for name in ("imap", "mss"):
            peer = self.site.neighbours.get(name)
            held[name] = (self.settings["mss-host"], peer.port if peer is not None else 0)
        return held


def _criteria(call: WebCall) -> Mapping[str, str]:
    """What a look-up asks for: `rpps` (11 digits), `family`, `given`, of those told."""
    asked: dict[str, str] = {}
    told = call.parameters
    identifier = told.get("rpps") or told.get("identifier", "").rpartition("|")[2]
    if identifier:
        asked["rpps"] = identifier[1:] if len(identifier) == 12 and identifier.startswith("8") else identifier
    for name in ("family", "given"):
        value = told.get(name) or told.get(f"{name}:exact", "")
        if value:
            asked[name] = value
    return asked


def _same(held: str, asked: str) -> bool:
    return held.casefold().strip() == asked.casefold().strip()


def _stranger(call: Call) -> Practitioner:
    """Somebody who was not asked for."""
    assert isinstance(call, WebCall)
    return Practitioner("10999999993", "AUTREPERSONNE", "Dominique")


def bundle(found: Sequence[Practitioner]) -> Mapping[str, Any]:
    """A FHIR R4 searchset of Practitioner, with the elements that a look-up needs."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "entry": [{"search": {"mode": "match"}, "resource": _resource(p)} for p in found],
    }


def _resource(p: Practitioner) -> Mapping[str, Any]:
    mailbox = {
        "system": "email",
        "value": p.mail,
        "extension": [{"url": MAILBOX, "extension": [{"url": "type", "valueCode": "PER"}]}],
    }
    return {
        "resourceType": "Practitioner",
        "id": f"003-{p.rpps}",
        "active": p.active,
        "identifier": [
            {"use": "official", "system": IDNPS, "value": f"8{p.rpps}", "type": {"coding": [{"code": "IDNPS"}]}},
            {"system": RPPS_SYSTEM, "value": p.rpps, "type": {"coding": [{"code": "RPPS"}]}},
        ],
        "name": [{"family": p.family, "given": [p.given]}],
        **({"telecom": [mailbox]} if p.mail else {}),
        "qualification": [{"code": {"coding": [{"system": PROFESSIONS, "code": p.profession}]}}],
    }


def white_list() -> bytes:
    """The list of the domains of the trust space, with one operator certificate for each."""
    day = now().strftime("%Y-%m-%dT%H:%M:%SZ")
    operator = "C=FR, ST=Paris (75), O=OPERATEUR FICTIF DU BANC, OU=10B0000001, CN=mss.banc.mssante.fr"
    rows = "".join(
        f"<Domaine><Nom>{escape(name)}</Nom><Description>Domaine fictif du banc</Description>"
        f"<DNCertificatOperateur>{escape(operator)}</DNCertificatOperateur><DateMAJ>{day}</DateMAJ></Domaine>"
        for name in DOMAINS
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><ListeBlanche xmlns="{WHITE_LIST_NS}">'
        f"<DateDeGeneration>{day}</DateDeGeneration>{rows}</ListeBlanche>"
    )
    return text.encode()


def autoconfig(address: str, hosts: Mapping[str, tuple[str, int]]) -> bytes:
    """The autoconfiguration file of a mail domain (the Thunderbird format, version 1.1)."""
    domain = address.rpartition("@")[2] or DOMAINS[0]
    servers = "".join(
        f'<{tag} type="{kind}"><hostname>{escape(hosts[name][0])}</hostname><port>{hosts[name][1]}</port>'
        f"<socketType>STARTTLS</socketType><authentication>password-cleartext</authentication>"
        f"<username>%EMAILADDRESS%</username></{tag}>"
        for tag, kind, name in (("incomingServer", "imap", "imap"), ("outgoingServer", "smtp", "mss"))
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><clientConfig version="1.1">'
        f'<emailProvider id="{escape(domain)}"><domain>{escape(domain)}</domain>{servers}</emailProvider>'
        "</clientConfig>"
    )
    return text.encode()


def _json(value: object, facts: Mapping[str, Fact] | None = None, kind: str = "application/json") -> Reply:
    return WebReply(json.dumps(value, ensure_ascii=False).encode(), 200, kind, facts or {})

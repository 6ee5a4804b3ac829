"""Peers of the reference RI, written for its tests: an INSi of literal XML over mutual TLS, a receiver of PAM."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from lxml import etree
from reference_peers import ReturnsPeer, make_pki, wait_for
from reference_runner import Reference

SOAP = "http://www.w3.org/2003/05/soap-envelope"
RESULT = "http://www.cnamts.fr/INSiResultat"
NS = {
    "s": SOAP,
    "b": "urn:siram:bam:ctxbam",
    "l": "urn:siram:lps:ctxlps",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "a": "http://www.w3.org/2005/08/addressing",
}
TOKEN, TOKEN_NAME = "jeton-du-pilote-ri", "RI_TEST_TOKEN"
NIR = "1.2.250.1.213.1.4.8"
MATRICULE = "236066322083656"
TRAITS: dict[str, Any] = {
    "birth_name": "TCHITCHI",
    "first_given": "CATARINA",
    "given_names": ["CATARINA"],
    "birth": "19360621",
    "sex": "F",
    "place": "63220",
}
"""A public test person of the INSi service, as a secretary types her."""

CONFIG = """
schema = "reference/1"
dsr = "RI"
[listen]
identities = "mllp://127.0.0.1:0"
admin = "mllp://127.0.0.1:0"
[peers]
insi = "https://127.0.0.1:{insi}"
pam = "mllp://127.0.0.1:{pam}"
[tls]
ca = "ca.pem"
certificate = "pfi.pem"
key = "pfi.key"
[organisation]
name = "CENTRE HOSPITALIER FICTIF"
identifier = "1750000018"
responsible = "899700000015"
oid = "1.2.250.1.999.9"
[insi]
holder = "801234567897"
card_certificate = "dmp.pem"
card_key = "dmp.key"
[retry]
attempts = 3
pause = 0.05
timeout = 2.0
[pilot]
listen = "127.0.0.1:0"
token_env = "RI_TEST_TOKEN"
"""


def found(
    *, name: str = "TCHITCHI", given: str = "CATARINA BELLA", sex: str = "F", birth: str = "1936-06-21",
    place: str = "63220", history: str = "",
) -> str:  # fmt: skip
    """An answer 00, prefixed as the published ones are; an empty text leaves its element empty."""
    former = "".join(
        f"<INSHISTO><IdIndividu><NumIdentifiant>{m[:13]}</NumIdentifiant><Cle>{m[13:]}</Cle></IdIndividu>"
        f"<OID>{NIR}</OID></INSHISTO>"
        for m in history.split()
    )
    return (
        f'<RESULTAT xmlns="{RESULT}" xmlns:ns0="http://www.cnamts.fr/INSiRecVit">'
        "<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR><INDIVIDU><INSACTIF><IdIndividu>"
        f"<NumIdentifiant>{MATRICULE[:13]}</NumIdentifiant><Cle>{MATRICULE[13:]}</Cle></IdIndividu><OID>{NIR}</OID>"
        f"</INSACTIF>{former}<TIQ><NomNaissance>{name}</NomNaissance><ListePrenom>{given}</ListePrenom>"
        f"<Sexe>{sex}</Sexe><DateNaissance>{birth}</DateNaissance><LieuNaissance>{place}</LieuNaissance></TIQ>"
        "</INDIVIDU></RESULTAT>"
    )


def code(number: str) -> str:
    """An answer without anybody: 01 or 02."""
    return (
        f'<RESULTAT xmlns="{RESULT}"><CR><CodeCR>{number}</CodeCR><LibelleCR>Aucune identité trouvée</LibelleCR></CR>'
        "</RESULTAT>"
    )


FAULT = (
    f'<f:Fault xmlns:f="{SOAP}"><f:Code><f:Value>f:Receiver</f:Value><f:Subcode><f:Value>siram_40</f:Value>'
    '</f:Subcode></f:Code><f:Reason><f:Text xml:lang="fr">Erreur technique</f:Text></f:Reason><f:Detail>'
    '<siram:Erreur xmlns:siram="urn:siram" severite="fatale" code="insi_102" messageID="m1"/></f:Detail></f:Fault>'
)


@dataclass
class InsiCall:
    """One request: its root in the body, the whole, and the common name of the certificate shown."""

    root: str
    envelope: Any
    common_name: str

    def at(self, path: str) -> list[Any]:
        """An XPath over the envelope."""
        held: list[Any] = self.envelope.xpath(path, namespaces=NS)
        return held

    def text(self, name: str) -> list[str]:
        """The texts of the elements of a local name, in the body."""
        return [str(t) for t in self.at(f"//s:Body//*[local-name()='{name}']/text()")]


@dataclass
class InsiPeer:
    """It says `result` to a search and `verdicts` to verifications, one after the other, the last again and again."""

    calls: list[InsiCall] = field(default_factory=list)
    result: str = ""
    verdicts: list[str] = field(default_factory=list)
    port: int = 0

    def reset(self) -> None:
        """Forget everything: everybody is found, everything is confirmed."""
        self.calls.clear()
        self.result, self.verdicts = found(), ["OK"]

    def of(self, root: str) -> list[InsiCall]:
        """The requests of a root."""
        return [c for c in self.calls if c.root == root]

    def _verdict(self) -> str:
        return self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        envelope = etree.fromstring(await request.read())
        body = envelope.find(f"{{{SOAP}}}Body")
        assert body is not None
        root = etree.QName(body[0]).localname
        shown = request.transport.get_extra_info("peercert") if request.transport else None
        name = dict(x[0] for x in shown["subject"])["commonName"] if shown else ""
        self.calls.append(InsiCall(root, envelope, name))
        namespace = "http://www.cnamts.fr/INSiLot2/REPUnitaire"
        if root == "RequeteUnitaire":
            verdict = self._verdict()
            text = f'<RESULTAT xmlns="{namespace}"><CR><CodeCR>{verdict}</CodeCR></CR></RESULTAT>'
        elif root == "RequeteMasse":
            rows = "".join(
                f"<Resultat><Reference>{r}</Reference><CR><CodeCR>{self._verdict()}</CodeCR></CR></Resultat>"
                for r in self.calls[-1].text("Reference")
            )
            text = f'<RESULTAT xmlns="{namespace[:-8]}Masse"><IdLot>L1</IdLot><Etat>TERMINE</Etat>{rows}</RESULTAT>'
        else:
            text = self.result
        if self.verdicts[0] == "FAULT" and root.startswith("Requete"):
            text = FAULT
        status = 500 if "Fault" in text else 200
        entity = f'<s:Envelope xmlns:s="{SOAP}"><e:Body xmlns:e="{SOAP}">{text}</e:Body></s:Envelope>'
        return web.Response(text=entity, content_type="application/soap+xml", charset="utf-8", status=status)


class RiWorld:
    """The peers on one event loop in a thread, and a running repository: `act`, `read`, `tell`."""

    def __init__(self, folder: Path) -> None:
        make_pki(folder)
        self.insi, self.pam = InsiPeer(), ReturnsPeer()
        self.insi.reset()
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(folder), self._loop).result(10)
        self.config = folder / "ri.toml"
        self.config.write_text(CONFIG.format(insi=self.insi.port, pam=self.pam.port), encoding="utf-8")
        os.environ[TOKEN_NAME] = TOKEN
        self.reference = Reference(self.config)

    async def _start(self, folder: Path) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "dmp.pem", folder / "dmp.key")
        context.verify_mode = ssl.CERT_REQUIRED
        app = web.Application()
        app.router.add_post("/lps", self.insi.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.insi.port = self._runner.addresses[0][1]
        server = await asyncio.start_server(self.pam.serve, "127.0.0.1", 0)
        self.pam.port = server.sockets[0].getsockname()[1]

    def reset(self, *defects: str) -> None:
        """An empty repository with these defects, peers that answer well."""
        self.settle()
        assert self.reference.admin(op="defects", names=list(defects))["ok"]
        assert self.reference.admin(op="purge")["ok"]
        self.insi.reset()
        self.pam.heard.clear()
        self.pam.codes.clear()

    def stop(self) -> None:
        """End everything."""
        self.reference.stop()
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        os.environ.pop(TOKEN_NAME, None)

    def ask(self, path: str, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The answer of the pilot, whole."""
        asked = {"api": "pilot/1", "id": f"essai-{next(self._numbers)}", "kind": kind, "payload": payload}
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            self.reference.ready["pilot"] + path, json.dumps(asked).encode(), headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=15) as answer:
            told: dict[str, Any] = json.loads(answer.read())
            return told

    def act(self, act: str, **payload: Any) -> dict[str, Any]:
        """A stimulus that is done: its data."""
        answer = self.ask("/stimuli", act, payload)
        assert answer["status"] == "done", answer
        data: dict[str, Any] = answer["data"]
        return data

    def refused(self, act: str, **payload: Any) -> bool:
        """Whether a stimulus is refused."""
        answer = self.ask("/stimuli", act, payload)
        assert answer["status"] in ("done", "refused"), answer
        return bool(answer["status"] == "refused")

    def read(self, query: str, **payload: Any) -> Any:
        """The data of a query; of `identity.read/1`, the identity."""
        answer = self.ask("/queries", query, payload)
        assert answer["status"] == "done", answer
        return answer["data"]["identity"] if query == "identity.read/1" else answer["data"]

    def create(self, **changes: Any) -> str:
        """A new identity: its number."""
        ipp: str = self.act("identity.create/1", traits={**TRAITS, **changes})["ipp"]
        return ipp

    def qualified(self, **changes: Any) -> str:
        """A new identity, retrieved and then validated on a passport."""
        ipp = self.create(**changes)
        assert self.act("identity.search-insi/1", ipp=ipp, mode="traits")["taken"]
        self.validated(ipp)
        return ipp

    def validated(self, ipp: str) -> None:
        """Validate on a passport."""
        self.act("identity.document/1", ipp=ipp, kind="PA", trust="high")
        self.act("identity.validate/1", ipp=ipp)

    def identity(self, ipp: str) -> dict[str, Any]:
        """An identity, read."""
        held: dict[str, Any] = self.read("identity.read/1", ipp=ipp)
        return held

    def settle(self) -> None:
        """Wait until nothing is under way."""
        wait_for(lambda: self.reference.admin(op="state")["state"]["working"] == 0)

    def heard(self, event: str = "") -> list[str]:
        """The PAM messages that the receiver heard, of an event."""
        self.settle()
        return [m for m in self.pam.heard if not event or f"ADT^{event}^" in m]

    def tell(self, message: str) -> str:
        """Send a PAM message; MSA-1 of the answer, once all that follows is done."""
        answer = self.reference.ask(message.encode())
        self.settle()
        return answer.split("\rMSA|")[1][:2]


@contextmanager
def ri_world(folder: Path) -> Iterator[RiWorld]:
    """A world for a while."""
    world = RiWorld(folder)
    try:
        yield world
    finally:
        world.stop()


def pid_fields(message: str) -> list[str]:
    """The fields of PID."""
    return next(s for s in message.split("\r") if s.startswith("PID|")).split("|")


def adt(
    event: str, *, number: str = "X1", authority: str = "AUTRE&1.2.250.1.999.77&ISO", ins: str = MATRICULE,
    reliability: str = "VALI", sender: str = "AUTRE-RI", merged: str = "", family: str = "TCHITCHI",
    birth: str = "19360621", given: str = "CATARINA BELLA", control: str = "",
) -> str:  # fmt: skip
    """A PAM message written by hand."""
    structure = {"A28": "ADT_A05", "A31": "ADT_A05", "A40": "ADT_A39", "A47": "ADT_A30"}.get(event, "ADT_A01")
    known = f"~{ins}^^^ASIP-SANTE-INS-NIR&{NIR}&ISO^INS" if ins else ""
    rows = [
        f"MSH|^~\\&|{sender}|HOPITAL|RI-REFERENCE|RI|20261125120000||ADT^{event}^{structure}"
        f"|{control or event + number}|P|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|||2.11^IHE_FRANCE-2.11-PAM",
        "EVN||20261125120000",
        f"PID|||{number}^^^{authority}^PI{known}||{family}^{given.split()[0]}^{given}^^^^L||{birth}|F"
        f"|||^^^^^^BDL^^63220|||||||||||||||||||||{reliability}",
    ]
    rows.append(f"MRG|{merged}^^^{authority}^PI" if merged else "PV1||N")
    return "\r".join(rows) + "\r"


Check = Callable[[RiWorld], Any]

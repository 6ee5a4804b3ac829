"""A small profile and a small journal made by hand, line by line, for the tests of reports and of the command line."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from conformance.catalogue.expression import parse
from conformance.catalogue.model import (
    Automation,
    Level,
    Option,
    Options,
    Profile,
    Proof,
    ProofKind,
    Reason,
    Requirement,
    Scenario,
    Wave,
)
from conformance.evidence.journal import Writer

SENT = "\r".join(
    (
        r"MSH|^~\&|BANC|HOPITAL|PFI|HOPITAL|20261124093000||MDM^T02^MDM_T02|C17-4F2A|P|2.6|||||FRA|UNICODE UTF-8",
        "EVN||20261124093000",
        "PID|||B0017^^^HOPITAL^PI~185027512300481^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS||TESTÉBRUN^LÉA^^^^^L||19850214|F",
        "PV1||I",
        "TXA|1|11488-4^CR^LN|TX|20261124||||||||2.25.1234567|||||AC",
        "OBX|1|ED|11488-4^CR^LN||^TEXT^XML^Base64^" + "PENsaW5pY2FsRG9jdW1lbnQ+" * 400 + "||||||F",
    )
)
RETURNED = "\r".join(
    (
        r"MSH|^~\&|PFI|HOPITAL|BANC|HOPITAL|20261124093002||ZAM^Z01|R1|P|2.6|||||FRA|UNICODE UTF-8",
        "PID|||B0017^^^HOPITAL^PI||TESTEBRUN^LEA^^^^^L||19850214|F",
        "ZAM|1|ENVOI_DMP|2.25.1234567|OK^<script>alert(1)</script>",
    )
)


def _row(id: str, **more: Any) -> Requirement:
    scenarios = more.pop("scenarios")
    values: dict[str, Any] = {
        "key": f"PFI/va1/{id}",
        "dsr": "PFI",
        "wave": "va1",
        "id": id,
        "ref": None,
        "level": Level.MUST,
        "scope": "Général",
        "title": f"Intitulé de {id}",
        "title_en": f"Title of {id}",
        "source": "",
        "automation": Automation.AUTO,
    } | more
    return Requirement(
        scenarios=tuple(_scenario(f"{values['key']}#{n}", s) for n, s in enumerate(scenarios, 1)), **values
    )


def _scenario(key: str, values: dict[str, Any]) -> Scenario:
    proofs = tuple(Proof(f"{key}.p{n}", id, ProofKind.SCREEN) for n, id in enumerate(values.pop("proofs", ()), 1))
    return Scenario(key=key, proofs=proofs, **({"id": None, "derived": True} | values))


WALL = Reason("screen", "un écran ne s'entend pas.", "a screen cannot be heard.")

ROWS = (
    _row(
        "DMP/va1.01",
        ref="DMP.01",
        title="Envoyer au DMP chaque document reçu",
        title_en="Send every document received to the DMP",
        source="DSR PFI, section 4.1",
        scenarios=[
            {"id": "DMP/va1.01.01", "derived": False, "property": "dmp.every-document", "proofs": ["DMP/va1.01.01.01"]},
            {"id": "DMP/va1.01.02", "derived": False, "property": "dmp.status-returned"},
        ],
    ),
    _row(
        "DMP/va1.08", title="Retourner le statut", title_en="Return the status", scenarios=[{"property": "dmp.status"}]
    ),
    _row(
        "INS/va1.16",
        scenarios=[{"property": "ins.read", "attest": "Montrer l'écran.", "attest_en": "Show the screen."}],
    ),
    _row("MSS/va1.03", when=parse("mss-app"), scenarios=[{"property": "mss.tls"}]),
    _row("MSS/va1.30", level=Level.MAY, when=parse("claims(PFI/va1/MSS/va1.30)"), scenarios=[{"property": "mss.tls"}]),
    _row("PSC/va1.01", one_of="psc", scenarios=[{"property": "psc.first"}]),
    _row("PSC/va1.02", one_of="psc", scenarios=[{"property": "psc.second"}]),
    _row("TBB/va1.01", derived=True, scenarios=[{"reason": WALL}]),
    _row("TLS/va1.01", scenarios=[{"property": "tls.silence"}]),
    _row("TLS/va1.02", scenarios=[{"property": "tls.crash"}]),
    _row("TLS/va1.03", scenarios=[{"property": "tls.never-driven"}]),
)

OPTIONS = Options({"mss-app": Option("mss-app", False, "envoie par MSSanté", "sends by MSSanté")}, {"screen": WALL})

PROFILE = Profile(
    "PFI", "Plateforme d'intermédiation", "Intermediation platform", (Wave("va1", ROWS),), OPTIONS, "0" * 64
)

OPENING: dict[str, Any] = {
    "run": "0badcafe",
    "tool": "0.1.0",
    "dsr": "PFI",
    "waves": ["va1"],
    "effort": "smoke",
    "seed": 7,
    "as_of": "2026-11-24",
    "cases": None,
    "only": [],
    "vendor": {
        "name": "Éditions <b>Fictives</b>",
        "product": "Passerelle Exemple",
        "version": "4.2",
        "build": "4.2.0-17",
        "reference_produit": "PFI-0001",
    },
    "target": {"configuration": "hopital", "options": [], "claims": [], "settings": {}},
    "digests": {"profile": "0" * 64, "target": "1" * 64},
}


def listens(property: str, *scenarios: str, claims: tuple[str, ...] = ()) -> dict[str, Any]:
    """A property in a `plan` line."""
    keys = [f"PFI/va1/{s}" for s in scenarios]
    return {"name": property, "id": property, "with": {}, "scenarios": keys, "claims": list(claims), "clause": "§ 4.1"}


INTAKE = (
    listens("dmp.every-document", "DMP/va1.01#1", claims=("initial", "replacement", "deletion")),
    listens("dmp.status-returned", "DMP/va1.01#2"),
    listens("dmp.status", "DMP/va1.08#1", claims=("initial",)),
    listens("ins.read", "INS/va1.16#1"),
    listens("psc.first", "PSC/va1.01#1"),
    listens("psc.second", "PSC/va1.02#1"),
    listens("tls.silence", "TLS/va1.01#1"),
    listens("tls.crash", "TLS/va1.02#1"),
)


class Book:
    """Writes the lines of a journal, one method a kind of line that needs a body."""

    def __init__(self, folder: Path) -> None:
        self.writer = Writer.create(folder)

    def line(self, type: str, **fields: Any) -> None:
        """Any line."""
        self.writer.append(type, **fields)

    def exchange(self, id: str, direction: str, body: str, channel: str = "documents", **facts: Any) -> None:
        """An exchange with its body and facts."""
        self.line(
            "exchange", w=1, x=id, ch=channel, dir=direction, conn=1, ms=12, facts=facts, answers=None,
            body=self.writer.body(body.encode()),
        )  # fmt: skip

    def driven(self, window: int, case: str, *labels: str, purpose: str = "judge", key: str = "intake@normal") -> None:
        """A driven case."""
        self.line(
            "driven", w=window, case=case, key=key, exercise="intake", environment="normal", labels=sorted(labels),
            digest="d", sentinel=purpose == "sentinel", purpose=purpose, number=1, sent=[],
            binding=self.writer.plain({}), body=self.writer.plain({}),
        )  # fmt: skip

    def finding(self, code: str, path: str, expected: str = "", seen: str = "", **more: Any) -> dict[str, Any]:
        """A finding as it stands in a line."""
        return {
            "code": code,
            "severity": "error",
            "path": path,
            "line": None,
            "exchange": None,
            "cause": "",
            "subject": "",
            "absence": False,
            "inherited": False,
            "fingerprint": hashlib.sha256(code.encode()).hexdigest()[:12],
            "values": self.writer.plain({"expected": expected, "seen": seen}),
        } | more

    def judged(self, window: int, case: str, property: str, witnesses: int = 1, *findings: Any, **more: Any) -> None:
        """A judgement."""
        self.line(
            "judged",
            **(
                {
                    "w": window,
                    "case": case,
                    "property": property,
                    "purpose": "judge",
                    "witnesses": witnesses,
                    "assertions": [],
                    "findings": list(findings),
                    "unsettled": [],
                }
                | more
            ),
        )

    def counterexample(self, property: str, exchange: str, finding: dict[str, Any]) -> None:
        """A counterexample."""
        self.line(
            "counterexample", property=property, fingerprint=finding["fingerprint"], case="w9-c1", labels=["initial"],
            digest="d", calls=12, exchange=exchange, finding=finding,
            body=self.writer.plain({"carrier": "MDM", "steps": [{"request": "initial"}]}),
        )  # fmt: skip

    def begin(self, *keys: dict[str, Any], **opening: Any) -> None:
        """The first two lines."""
        self.line("open", **(OPENING | opening))
        self.line("plan", run_keys=list(keys))

    def done(self) -> None:
        """Close the files."""
        self.writer.flush()
        self.writer.close()


def run_key(key: str, cases: int, *properties: dict[str, Any]) -> dict[str, Any]:
    """A run key of a `plan` line."""
    exercise, environment = key.split("@")
    return {
        "key": key,
        "exercise": exercise,
        "environment": environment,
        "settings": {},
        "cases": cases,
        "properties": list(properties),
    }


def golden(folder: Path) -> Path:
    """A journal with one of everything that may happen: three cases, judged in every way there is."""
    book = Book(folder)
    book.begin(run_key("intake@normal", 3, *INTAKE))
    book.line("window", w=1, key="intake@normal", purpose="judge", index=0)
    book.exchange("x1", "to-vendor", SENT)
    book.exchange("x2", "from-vendor", RETURNED)
    book.driven(1, "w1-c0", "initial", purpose="sentinel")
    book.driven(1, "w1-c1", "initial")
    book.driven(1, "w1-c2", "replacement")
    book.driven(1, "w1-c3", "initial", "large")
    book.judged(1, "w1-c0", "dmp.every-document", purpose="sentinel")
    accents = book.finding("xds.metadata.patient", "PID-5.1", "TESTÉBRUN", "TESTEBRUN", exchange="x2")
    missing = book.finding("xds.metadata.missing", "PID-32", "VALI", "", exchange="x2")
    for case in ("w1-c1", "w1-c2"):
        book.judged(1, case, "dmp.every-document", 2, accents, missing)
        book.judged(1, case, "dmp.status-returned", 1)
        book.judged(1, case, "dmp.status", 1, book.finding("xds.metadata.time", "MSH-7", severity="warning"))
        book.judged(1, case, "ins.read", 1)
        book.judged(1, case, "psc.first", 1, book.finding("pfi.example.psc", "/Envelope/Header", "jeton", "rien"))
        book.judged(1, case, "psc.second", 1)
        book.judged(
            1, case, "tls.silence", 1, unsettled=[{**book.finding("xds.document.absent", ""), "why": "not-repeated"}]
        )
        book.line(
            "tool-error", w=1, case=case, property="tls.crash", purpose="judge", text="Traceback\nValueError: <oups>"
        )
    for property in INTAKE:
        book.line("unjudged", w=1, case="w1-c3", property=property["id"], purpose="judge", reason="timeout")
    book.line("window", w=2, key="intake@normal", purpose="shrink", index=None)
    book.driven(2, "w2-c0", "initial", purpose="sentinel")
    book.driven(2, "w2-c1", "initial", purpose="shrink")
    book.judged(2, "w2-c1", "dmp.every-document", 1, accents, purpose="shrink")
    book.line("settled", w=2)
    book.line("settled", w=1)
    book.counterexample("dmp.every-document", "x1", accents)
    book.counterexample("dmp.every-document", "x1", missing)
    book.line("close", counts={"judge": 3, "shrink": 1})
    book.done()
    return folder

"""swaks, the SMTP tool of Debian, delivers to our operator: STARTTLS, client certificate, AUTH, and the refusals."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.bench.api import Drive
from conformance.bench.lab import Job, Lab
from conformance.bench.pki import Pki, export
from conformance.bench.service import Service
from conformance.bench.target import Target, Timing, Vendor
from conformance.evidence.values import Exchange
from conformance.services.igc import IgcService
from conformance.services.mss.service import MssImplicitService, MssService

pytestmark = pytest.mark.skipif(
    shutil.which("swaks") is None, reason="swaks is not installed (Debian: apt install swaks libnet-ssleay-perl)"
)

TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))
SENDER, RECIPIENT = "pfi@banc.mssante.fr", "ps801234567897@banc.mssante.fr"


@dataclass
class Operator:
    """The operator running, its authorities and where files may be written."""

    lab: Lab
    pki: Pki
    folder: Path
    kept: list[Exchange]

    def setting(self, **knobs: str) -> None:
        """Knobs of the submission service."""

        async def nothing(drive: Drive) -> None:
            return

        self.lab.window([Job("j", nothing)], {f"mss.{name}": value for name, value in knobs.items()})

    def mails(self) -> list[Exchange]:
        """The mails heard."""
        return [e for e in self.kept if e.facts.get("event") == "mail"]


@pytest.fixture(scope="module")
def pki() -> Pki:
    """The throw-away authorities."""
    return Pki.generate()


@pytest.fixture
def operator(pki: Pki, tmp_path: Path) -> Iterator[Operator]:
    """The operator, with the files that swaks needs."""
    with running(pki, tmp_path) as made:
        yield made


@contextmanager
def running(pki: Pki, folder: Path) -> Iterator[Operator]:
    """A laboratory with the submission service."""
    kept: list[Exchange] = []
    services: list[Service] = [IgcService(), MssService(), MssImplicitService()]
    (folder / "anchors.pem").write_bytes(pki.anchors_pem)
    export(folder, "client", pki.vendor_client())
    with Lab(TARGET, services, kept.append, pki) as lab:
        yield Operator(lab, pki, folder, kept)


def swaks(operator: Operator, *more: str, service: str = "mss", tls: Sequence[str] = ("--tls",)) -> tuple[int, str]:
    """swaks as a careful client: its exit status and its transcript."""
    folder = operator.folder
    command = [
        "swaks", "--server", "localhost", "--port", str(operator.lab.services[service].port), *tls,
        "--tls-verify", "--tls-ca-path", str(folder / "anchors.pem"),
        "--tls-cert", str(folder / "client.pem"), "--tls-key", str(folder / "client.key"),
        "--auth", "PLAIN", "--auth-user", SENDER, "--auth-password", "sans-objet",
        "--from", SENDER, "--to", RECIPIENT, "--timeout", "10", *more,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def test_swaks_delivers_over_starttls(operator: Operator) -> None:
    """The mail arrives with its attachment, and the session is the one that MSS/CONF.12 describes."""
    archive = operator.folder / "IHE_XDM.zip"
    archive.write_bytes(b"PK\5\6" + b"\0" * 18)
    status, said = swaks(operator, "--header", "Subject: XDM/1.0/DDM+essai", "--attach", f"@{archive}")
    assert status == 0, said
    (heard,) = operator.mails()
    facts = heard.facts
    assert (facts["starttls"], facts["mechanism"], facts["login"]) == (True, "PLAIN", SENDER)
    assert (facts["client_usage"], facts["rcpt_to"], facts["reply"]) == ("AUTH_CLI", RECIPIENT, "250")
    assert facts["tls"] in ("1.2", "1.3")
    assert b"Subject: XDM/1.0/DDM+essai" in heard.body
    assert b"IHE_XDM.zip" in heard.body
    assert b"UEsFBg" in heard.body
    (ended,) = [e for e in operator.kept if e.facts.get("event") == "session"]
    assert ended.facts["clear_commands"] == "EHLO STARTTLS"


def test_swaks_delivers_over_implicit_tls(operator: Operator) -> None:
    """The same operator on the port whose first byte is TLS."""
    status, said = swaks(operator, service="mss-implicit", tls=["--tls-on-connect"])
    assert status == 0, said
    assert operator.mails()[0].facts["implicit"] is True


@pytest.mark.parametrize("label", ["expired", "foreign", "self-signed"])
def test_swaks_refuses_a_wrong_certificate(operator: Operator, label: str) -> None:
    """Nothing is sent to an operator whose certificate does not verify."""
    operator.setting(certificate=label)
    status, said = swaks(operator)
    assert status != 0, said
    assert operator.mails() == []


@pytest.mark.parametrize(
    ("fault", "line"),
    [("auth-refused", "535"), ("sender-4xx", "451"), ("rcpt-5xx", "550"), ("full", "452"), ("data-5xx", "554")],
)
def test_swaks_understands_our_refusals(operator: Operator, fault: str, line: str) -> None:
    """Each refusal is read by swaks as one, at its step."""
    operator.setting(fault=fault)
    status, said = swaks(operator)
    assert status != 0
    assert f"<~* {line}" in said or f"<~** {line}" in said, said

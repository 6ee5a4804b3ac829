"""The destination of received mails, spoken to by python-hl7's client with a literal MDM of the LPS volet."""

from __future__ import annotations

import hl7
import pytest
from hl7.client import MLLPClient

from conformance.bench.lab import Lab
from conformance.bench.pki import Pki
from conformance.bench.target import Target, Timing, Vendor
from conformance.errors import InternalError
from conformance.evidence.values import Exchange
from conformance.services import make
from conformance.services.relay import RelayService

TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va2",), timing=Timing(settle=0.2, settle_max=5.0))

# Volet LPS 1.1: MSH-21 names the flow towards a LPS; the document and the mail are left out, nobody reads them here.
MDM = (
    "MSH|^~\\&|PFI|HOP|DPI|HOP|20260101120000+0100||MDM^T02^MDM_T02|M7|T|2.6|||||FRA|UNICODE UTF-8"
    "|||1.1^CISIS_CDA_HL7_LPS\rEVN||20260101120000\rPID|1||279035121518989^^^&1.2.250.1.213.1.4.10&ISO^INS\r"
)


def answer(pki: Pki, settings: dict[str, str]) -> tuple[hl7.Message, list[Exchange]]:
    """What the service says of that message once configured so, and what was recorded."""
    kept: list[Exchange] = []
    with Lab(TARGET, make(TARGET), kept.append, pki) as lab:
        service = lab.services["relay"]
        service.configure(settings)
        with MLLPClient("127.0.0.1", service.port, encoding="utf-8") as client:
            return hl7.parse(client.send_message(MDM).decode().strip("\x0b\x1c\r")), kept


def test_a_document_is_integrated(pki: Pki) -> None:
    """By default the acknowledgement is AA, quotes MSH-10, and is recorded as the answer on the channel `relay`."""
    found, kept = answer(pki, {})
    assert str(found.segment("MSA")) == "MSA|AA|M7"
    assert [(e.channel, e.answers is None) for e in kept] == [("relay", True), ("relay", False)]


def test_a_document_of_an_unknown_patient_is_refused(pki: Pki) -> None:
    """`answer` AE: the ERR segment says 207 and 902 (error tables of the volet)."""
    found, _ = answer(pki, {"answer": "AE"})
    assert str(found.segment("MSA")) == "MSA|AE|M7"
    error = found.segment("ERR")
    assert str(error[3]).startswith("207^")
    assert str(error[5]).startswith("902^")


def test_an_unknown_answer_is_our_fault() -> None:
    """Only AA, AE and AR exist."""
    with pytest.raises(InternalError):
        RelayService().configure({"answer": "YES"})

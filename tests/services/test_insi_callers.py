"""Who calls the INSi of the bench: assertions signed by signxml, unsigned ones of Pro Santé Connect, altered ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from insi_client import BAM, LPS, InsiClient, individual, soap, traits, unit
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from conformance.bench.lab import Job, Lab
from conformance.bench.pki import Identity, Pki
from conformance.bench.target import Target, Timing, Vendor
from conformance.evidence.values import Exchange
from conformance.services import make
from conformance.standards.insi.observe import InsiRequest
from conformance.standards.observe import observe

TARGET = Target(Vendor("V", "P", "1"), "RI", ("va1",), timing=Timing(settle=0.2, settle_max=10.0))
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

TOLD = {"identifiantFacturation": "750000001", "codeSpecialiteAMO": "01", "secteurActivite": "SA01"}


def assertion(qualifier: str) -> bytes:
    """The assertion of a professional, with the place of its signature."""
    attributes = "".join(
        f'<s:Attribute Name="{name}"><s:AttributeValue>{value}</s:AttributeValue></s:Attribute>'
        for name, value in TOLD.items()
    )
    return (
        '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" IssueInstant="2026-01-02T03:04:05Z" '
        'Version="2.0"><s:Issuer>CN=899900000001</s:Issuer>'
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>'
        f'<s:Subject><s:NameID NameQualifier="{qualifier}">899900000001</s:NameID></s:Subject>'
        f"<s:AttributeStatement>{attributes}</s:AttributeStatement></s:Assertion>"
    ).encode()


def signed(who: Identity) -> str:
    """The same, signed with RSA-SHA256 and exclusive canonicalisation."""
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",  # type: ignore[arg-type]
    )
    element = etree.fromstring(assertion("CPS"))
    made = signer.sign(element, key=who.key, cert=[who.certificate], reference_uri="_a1", id_attribute="ID")
    return etree.tostring(made).decode()


def unsigned(qualifier: str) -> str:
    """The assertion without signature."""
    element = etree.fromstring(assertion(qualifier))
    element.remove(element.find("{http://www.w3.org/2000/09/xmldsig#}Signature"))
    return etree.tostring(element).decode()


class Called:
    """A laboratory and a caller whose certificate is that of a card."""

    def __init__(self, lab: Lab, pki: Pki, folder: Path, kept: list[Exchange]) -> None:
        self.lab, self.kept = lab, kept
        self.card = pki.client("899900000001")
        self.client = InsiClient(lab.addresses()["insi"], pki, folder, self.card)

    def environment(self, **settings: str) -> None:
        """Settings in force from now on."""

        async def nothing(drive: Any) -> None:
            return

        self.lab.window([Job("j", nothing)], {f"insi.{k}": v for k, v in settings.items()})

    def heard(self, security: str) -> tuple[InsiRequest, list[str], str]:
        """What is heard of a search with this in its security header: request, codes of findings, CodeCR."""
        header = f'{BAM}{LPS}<w:Security xmlns:w="{WSSE}">{security}</w:Security>'
        self.kept.clear()
        answer = self.client.post(soap(traits(), header=header))
        asked = observe(self.kept[0])
        return asked.value, [f.code for f in asked.findings], "".join(answer.texts("CodeCR"))


@pytest.fixture
def called(pki: Pki, tmp_path: Path) -> Iterator[Called]:
    """A fresh INSi that wants to know who calls."""
    kept: list[Exchange] = []
    with Lab(TARGET, make(TARGET), kept.append, pki) as lab:
        one = Called(lab, pki, tmp_path, kept)
        one.environment(caller="required")
        yield one


def test_a_card(called: Called) -> None:
    """A CPS assertion signed by signxml is intact, complete, and served."""
    request, codes, answer = called.heard(signed(called.card))
    assert (request.mode, codes, answer) == ("CPS", [], "00")
    assert request.vihf is not None
    assert request.vihf.signature is not None
    assert request.vihf.signature.intact
    assert request.vihf.text("codeSpecialiteAMO") == "01"


def test_an_altered_assertion(called: Called) -> None:
    """A signed assertion whose person is changed afterwards is told."""
    request, codes, _ = called.heard(
        signed(called.card).replace(">899900000001</s:NameID>", ">899900000002</s:NameID>")
    )
    assert request.vihf is not None
    assert request.vihf.name_id == "899900000002"
    assert codes == ["insi.caller.signature"]


def test_pro_sante_connect(called: Called) -> None:
    """A PSC assertion needs no signature; a CPS one does."""
    assert called.heard(unsigned("PSC"))[0].mode == "PSC"
    assert called.heard(unsigned("PSC"))[1:] == ([], "00")
    assert called.heard(unsigned("CPS"))[1] == ["insi.caller.unsigned"]


def test_two_assertions_and_none(called: Called) -> None:
    """That of a carte Vitale may stand beside the professional's; without any, this certificate is refused."""
    vitale = unsigned("PSC").replace('"PSC"', '"Vitale"').replace('"_a1"', '"_a2"')
    assert called.heard(vitale + signed(called.card))[0].mode == "CPS"
    request, codes, answer = called.heard("")
    assert (request.mode, codes, answer) == ("certificate", ["insi.caller.certificate"], "")


def test_a_slow_answer(called: Called) -> None:
    """`slow` gives the right answer late, for the operations of `on` alone."""
    called.environment(fault="slow", delay="0.6", on="verify")
    assert called.client.search().text("CodeCR") == "00"
    before = monotonic()
    assert called.client.post(soap(unit(individual()))).text("CodeCR") == "OK"
    assert monotonic() - before >= 0.6
    assert called.kept[-1].facts["fault"] == "slow"

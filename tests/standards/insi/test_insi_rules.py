"""The rules of a call to INSi: a right call has no finding, each mistake its own, and none is an error."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.evidence.values import Severity
from conformance.standards.insi import rules
from conformance.standards.insi.observe import professional
from conformance.standards.insi.syntax import (
    ACTION,
    NAMES,
    BatchVerification,
    CardSearch,
    Context,
    Ins,
    Message,
    Number,
    Request,
    Traits,
    TraitsSearch,
    Verification,
)
from conformance.standards.saml.syntax import Attribute, Value
from conformance.standards.xds.syntax import Addressing
from conformance.standards.xml import syntax as xml

BAM = Context("01_02", "", "id", "2026-07-05T13:58:27.452Z", "10B0000001")
LPS = replace(BAM, version="01_00", nature="CTXLPS", idam="NUM", idam_reference="4")
SEARCH = TraitsSearch("D'ARTAGNAN--ROUX", ("PIERRE-ALAIN",), "M", "2001-06-17", "2A020")
ZOE = Verification(
    Ins(Number("2751263220749", "74"), "1.2.250.1.213.1.4.8"), Traits("ADRUN", "ZOE", "", "F", "1975-12-31", "63220")
)
CARD = CardSearch(Number("180032B020401", "23"), None, "CORSE", "1980-03-02", "1")


def codes(
    value: Request | None = SEARCH, common_name: str = "INSI-AUTO", http: str = "", **changed: object
) -> list[str]:
    """The codes found in a message that carries this, right but for what is changed."""
    operation = {
        TraitsSearch: "search-traits",
        CardSearch: "search-card",
        Verification: "verify",
        BatchVerification: "verify-batch",
    }.get(type(value), "")
    action = ACTION + NAMES.get(operation, "")  # type: ignore[call-overload]
    message = Message("1.2", Addressing(action=action, message_id="uuid:1"), operation, value, BAM, LPS)  # type: ignore[arg-type]
    found = list(rules.judge(replace(message, **changed), None, "certificate", common_name, http))  # type: ignore[arg-type]
    assert all(f.severity in (Severity.WARNING, Severity.ADVICE) for f in found)
    return [f.code for f in found]


@pytest.mark.parametrize("value", [SEARCH, CARD, ZOE, BatchVerification((ZOE, ZOE))])
def test_a_right_call(value: Request) -> None:
    """A search by traits or by card, a verification, a mass verification: nothing to say."""
    assert codes(value) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"version": "1.1"}, "insi.request.soap"),
        ({"operation": "", "value": None}, "insi.request.operation"),
        ({"addressing": Addressing(message_id="uuid:1")}, "insi.request.addressing"),
        ({"addressing": Addressing(action=ACTION + NAMES["search-traits"])}, "insi.request.addressing"),
        ({"addressing": Addressing(action=ACTION + NAMES["search-card"], message_id="1")}, "insi.request.action"),
        ({"http": "urn:autre"}, "insi.request.action"),
        ({"bam": None}, "insi.request.context"),
        ({"lps": replace(LPS, sender="")}, "insi.request.context"),
        ({"lps": replace(LPS, idam="")}, "insi.request.context"),
        ({"lps": replace(LPS, version="1.00.00")}, "insi.request.context-version"),
        ({"lps": replace(LPS, idam_reference="")}, "insi.request.idam"),
        ({"bam": replace(BAM, time="2026-07-05T13:58:27+02:00")}, "insi.request.time"),
        ({"common_name": "AUTRE"}, "insi.caller.certificate"),
    ],
)
def test_a_mistake_around_the_request(changed: dict[str, object], code: str) -> None:
    """Envelope, addressing, contexts and certificate: one mistake, one finding."""
    assert codes(**changed) == [code]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (replace(SEARCH, birth_name=""), "insi.request.criterion"),
        (replace(SEARCH, given=()), "insi.request.criterion"),
        (replace(SEARCH, birth_name="Dupont"), "insi.request.name"),
        (replace(SEARCH, given=("ANNE--LOUISE",)), "insi.request.name"),
        (replace(SEARCH, given=("JOSÉ",)), "insi.request.name"),
        (replace(SEARCH, birth="17/06/2001"), "insi.request.form"),
        (replace(SEARCH, sex="1"), "insi.request.form"),
        (replace(SEARCH, place="GRENOBLE"), "insi.request.form"),
        (replace(CARD, number=None), "insi.request.criterion"),
        (replace(CARD, number=Number("275126322074974")), "insi.request.number"),
        (replace(CARD, number=Number("2751263220749", "75")), "insi.request.key"),
        (replace(ZOE, ins=None), "insi.request.criterion"),
        (replace(ZOE, ins=Ins(Number("2751263220749", "74"), "1.2.250.1.213.1.4.2")), "insi.request.oid"),
        (replace(ZOE, traits=Traits("ADRUN", "", "ZOE", "F", "1975-12-31")), "insi.request.criterion"),
    ],
)
def test_a_mistake_in_what_is_asked(value: Request, code: str) -> None:
    """Criteria that are missing, or not written as INSi takes them."""
    assert codes(value) == [code]


ASSERTION = """<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="x">
<a:Issuer>CN=ESSAI</a:Issuer><a:Subject><a:NameID NameQualifier="{0}">899900000001</a:NameID></a:Subject>
<a:AttributeStatement>{1}</a:AttributeStatement></a:Assertion>"""
BOTH = "".join(
    f'<a:Attribute Name="{name}"><a:AttributeValue>{value}</a:AttributeValue></a:Attribute>'
    for name, value in (("identifiantFacturation", "750000001"), ("secteurActivite", "SA01"))
)
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"


def called(*assertions: str, common_name: str = "AUTRE") -> list[str]:
    """The codes about who calls with these assertions in its security header."""
    security = xml.parse(f'<w:Security xmlns:w="{WSSE}">{"".join(assertions)}</w:Security>'.encode())
    vihf = professional(security)
    return [f.code for f in rules.caller(vihf, rules.mode(vihf), common_name)]


def test_who_calls() -> None:
    """An unsigned PSC assertion is right, an unsigned CPS one is not; qualifier and attributes are looked at."""
    assert called(ASSERTION.format("PSC", BOTH)) == []
    assert called(ASSERTION.format("CPS", BOTH)) == ["insi.caller.unsigned"]
    assert called(ASSERTION.format("X", BOTH)) == ["insi.caller.qualifier", "insi.caller.unsigned"]
    assert called(ASSERTION.format("PSC", "")) == ["insi.caller.attribute"] * 2
    assert called(ASSERTION.format("PSC", BOTH), common_name="INSI-AUTO") == ["insi.caller.both"]
    assert called() == ["insi.caller.certificate"]
    assert called(common_name="INSI-MANU") == []


def test_the_assertion_of_a_card_beside_that_of_the_professional() -> None:
    """With two assertions the professional's is the one judged, wherever it stands."""
    card, professional_ = ASSERTION.format("Vitale", ""), ASSERTION.format("PSC", BOTH)
    assert called(card, professional_) == called(professional_, card) == []


def test_an_altered_signature_is_told() -> None:
    """A CPS assertion whose signature does not cover it: the reason is in the finding."""
    signature = (
        '<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:SignedInfo/><d:SignatureValue/></d:Signature>'
    )
    signed = ASSERTION.format("CPS", BOTH).replace("<a:Subject>", signature + "<a:Subject>")
    assert called(signed) == ["insi.caller.signature"]


def test_attribute_names_of_both_spellings() -> None:
    """Attributes are found whatever their case (the public examples differ)."""
    vihf = professional(xml.parse(ASSERTION.format("PSC", BOTH.replace("secteurActivite", "SecteurActivite")).encode()))
    assert vihf is None  # the assertion itself is not a security header
    assert called(ASSERTION.format("PSC", BOTH.replace("secteurActivite", "SecteurActivite"))) == []
    assert Attribute("x", (Value("y"),)).values[0].text == "y"

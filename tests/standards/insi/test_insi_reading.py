"""INSi messages read from literal SOAP shaped as the public examples, whatever the prefixes, and hostile bytes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import Malformed
from conformance.evidence.values import Direction, Exchange
from conformance.standards.insi import builders, syntax
from conformance.standards.insi.observe import common_name, observe
from conformance.standards.observe import observe as any_observe

S12 = "http://www.w3.org/2003/05/soap-envelope"

REQUEST = f"""<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="{S12}" xmlns:i="http://www.cnamts.fr/INSiRecSans" xmlns:ctxbam="urn:siram:bam:ctxbam"
 xmlns:ctxlps="urn:siram:lps:ctxlps" xmlns:wsa="http://www.w3.org/2005/08/addressing"><soap:Header>
<ctxbam:ContexteBAM Version="01_02"><ctxbam:Id>c1a2ff23</ctxbam:Id><ctxbam:Temps>2026-07-05T13:58:27.452Z</ctxbam:Temps>
<ctxbam:Emetteur>10B0000001</ctxbam:Emetteur><ctxbam:COUVERTURE/></ctxbam:ContexteBAM>
<ctxlps:ContexteLPS Nature="CTXLPS" Version="01_00"><ctxlps:Id>01f21998</ctxlps:Id>
<ctxlps:Temps>2026-07-05T13:58:27.452Z</ctxlps:Temps><ctxlps:Emetteur>10B0000001</ctxlps:Emetteur><ctxlps:LPS>
<ctxlps:IDAM R="4">NumAutorisation</ctxlps:IDAM><ctxlps:Version>2026</ctxlps:Version>
<ctxlps:Instance>b3549edd</ctxlps:Instance><ctxlps:Nom>urn:lps:essai:2026</ctxlps:Nom></ctxlps:LPS></ctxlps:ContexteLPS>
<wsa:Action>urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite</wsa:Action>
<wsa:MessageID>uuid:1f7425e2</wsa:MessageID></soap:Header><soap:Body><i:RECSANSVITALE>
<i:NomNaissance>D'ARTAGNAN DE L'HERAULT</i:NomNaissance><i:Prenom>PIERRE-ALAIN</i:Prenom><i:Prenom>LOUIS</i:Prenom>
<i:Sexe>M</i:Sexe><i:DateNaissance>2001-06-17</i:DateNaissance></i:RECSANSVITALE></soap:Body></soap:Envelope>""".encode()

PEOPLE = (
    "<{p}CR><{p}CodeCR>00</{p}CodeCR><{p}LibelleCR>OK</{p}LibelleCR></{p}CR><{p}INDIVIDU><{p}INSACTIF><{p}IdIndividu>"
    "<{p}NumIdentifiant>1090763220834</{p}NumIdentifiant><{p}Cle>89</{p}Cle></{p}IdIndividu>"
    "<{p}OID>1.2.250.1.213.1.4.8</{p}OID></{p}INSACTIF><{p}INSHISTO><{p}DateDeb>2019-03-01</{p}DateDeb>"
    "<{p}DateFin>2019-02-28</{p}DateFin><{p}IdIndividu><{p}NumIdentifiant>2090763220834</{p}NumIdentifiant>"
    "<{p}Cle>39</{p}Cle></{p}IdIndividu><{p}OID>1.2.250.1.213.1.4.8</{p}OID></{p}INSHISTO><{p}TIQ>"
    "<{p}NomNaissance>ECETINSI</{p}NomNaissance><{p}ListePrenom>PIERRE-ALAIN MURIEL FLORIANT</{p}ListePrenom>"
    "<{p}Sexe>M</{p}Sexe><{p}DateNaissance>2009-07-14</{p}DateNaissance><{p}LieuNaissance>63220</{p}LieuNaissance>"
    "</{p}TIQ></{p}INDIVIDU>"
)
RESULT = "http://www.cnamts.fr/INSiResultat"
BODIES = {
    "default": f'<S:Body xmlns:S="{S12}"><RESULTAT xmlns:ns3="http://www.cnamts.fr/INSiRecVit" xmlns="{RESULT}">'
    + PEOPLE.format(p="")
    + "</RESULTAT></S:Body>",
    "prefixed": f'<soap:Body><ns2:RESULTAT xmlns:ns2="{RESULT}" xmlns="http://www.cnamts.fr/INSiRecSans">'
    + PEOPLE.format(p="ns2:")
    + "</ns2:RESULTAT></soap:Body>",
    "mixed": f'<env:Body xmlns:S="{S12}" xmlns:env="{S12}"><RESULTAT xmlns="{RESULT}">'
    + PEOPLE.format(p="")
    + "</RESULTAT></env:Body>",
}


def answered(body: str) -> bytes:
    """An answer of the service around a body."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{S12}">{body}</soap:Envelope>'.encode()


def exchange(body: bytes, direction: Direction = Direction.FROM_VENDOR, **facts: str | int) -> Exchange:
    """An exchange of the channel."""
    return Exchange("x1", "insi", direction, 1, 0, body, {"protocol": "insi", **facts})


def test_a_search_by_traits() -> None:
    """Everything of a published request is read: traits in order, contexts, addressing."""
    message = syntax.parse(REQUEST)
    assert message.operation == "search-traits"
    assert message.value == syntax.TraitsSearch("D'ARTAGNAN DE L'HERAULT", ("PIERRE-ALAIN", "LOUIS"), "M", "2001-06-17")
    assert message.bam is not None
    assert message.lps is not None
    assert (message.bam.version, message.bam.sender, message.lps.nature) == ("01_02", "10B0000001", "CTXLPS")
    assert (message.lps.idam, message.lps.idam_reference, message.lps.software) == (
        "NumAutorisation",
        "4",
        "urn:lps:essai:2026",
    )
    assert (message.addressing.message_id, message.version) == ("uuid:1f7425e2", "1.2")


@pytest.mark.parametrize("style", BODIES)
def test_an_answer_in_every_style(style: str) -> None:
    """The three ways in which the real service writes its answers read the same."""
    value = syntax.parse(answered(BODIES[style])).value
    assert isinstance(value, syntax.Answer)
    assert value.ins is not None
    assert (value.code, value.ins.matricule, value.ins.oid) == ("00", "109076322083489", "1.2.250.1.213.1.4.8")
    assert [(old.matricule, old.since, old.until) for old in value.history] == [
        ("209076322083439", "2019-03-01", "2019-02-28")
    ]
    assert value.traits == syntax.Traits("ECETINSI", "PIERRE-ALAIN MURIEL FLORIANT", "", "M", "2009-07-14", "63220")


def test_a_number_already_whole_is_not_lengthened() -> None:
    """Some published answers put the 15 characters in NumIdentifiant and a key beside: the number stays whole."""
    assert syntax.Number("180032B02040123", "13").matricule == "180032B02040123"
    assert syntax.Number("180032B020401", "23").matricule == "180032B02040123"
    assert syntax.Number("180032B020401").matricule == "180032B020401"


def test_nobody_and_several() -> None:
    """01 and 02 carry nobody."""
    for code, label in (("01", "Aucune identite trouvee"), ("02", "Plusieurs identites trouvees")):
        body = f'<S:Body xmlns:S="{S12}"><RESULTAT xmlns="{RESULT}"><CR><CodeCR>{code}</CodeCR>'
        body += f"<LibelleCR>{label}</LibelleCR></CR></RESULTAT></S:Body>"
        assert syntax.parse(answered(body)).value == syntax.Answer(code, label)


def test_a_fault_of_the_real_service() -> None:
    """The published fault of an unknown authorisation number: Sender, siram_100, desir_550, its message quoted."""
    body = (
        f'<env:Body xmlns:env="{S12}"><soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode>'
        "<soap:Value>soap:siram_100</soap:Value></soap:Subcode></soap:Code><soap:Reason>"
        '<soap:Text xml:lang="fr">Accès refusé.</soap:Text></soap:Reason><soap:Detail><siram:Erreur code="desir_550" '
        'messageID="uuid:b3549edd" severite="erreur" xmlns:siram="urn:siram">Inconnu.</siram:Erreur></soap:Detail>'
        "</soap:Fault></env:Body>"
    )
    told = syntax.Refusal("Sender", "siram_100", "Accès refusé.", "desir_550", "erreur", "uuid:b3549edd", "Inconnu.")
    assert syntax.parse(answered(body)).value == told
    assert syntax.parse(builders.refusal(told)).value == told


LOT2 = "http://www.cnamts.fr/INSiLot2/"
INDIVIDUAL = (
    "<IndividuVerifie><INSFourni><IdIndividu><NumIdentifiant>2751263220749</NumIdentifiant><Cle>74</Cle>"
    "<TypeMatricule>INS</TypeMatricule></IdIndividu><OID>1.2.250.1.213.1.4.8</OID></INSFourni><TraitsIdentiteIndividu>"
    "<NomNaissance>ADRUN</NomNaissance><Prenom>ZOE</Prenom><ListePrenom>ZOE</ListePrenom><Sexe>F</Sexe>"
    "<DateNaissance>1975-12-31</DateNaissance></TraitsIdentiteIndividu></IndividuVerifie>"
)


@pytest.mark.parametrize("root", ["RequeteUnitaire", "VERIFICATION"])
@pytest.mark.parametrize("namespace", ["", LOT2 + "REQUnitaire", "urn:autre"])
def test_a_verification_is_known_by_what_it_holds(root: str, namespace: str) -> None:
    """The root and the namespace of lot 2 are not published: IndividuVerifie alone tells a verification."""
    body = f'<soap:Body><{root} xmlns="{namespace}">{INDIVIDUAL}</{root}></soap:Body>'
    message = syntax.parse(answered(body))
    assert message.operation == "verify"
    number = syntax.Number("2751263220749", "74", "INS")
    assert message.value == syntax.Verification(
        syntax.Ins(number, "1.2.250.1.213.1.4.8"), syntax.Traits("ADRUN", "ZOE", "ZOE", "F", "1975-12-31")
    )


def test_requests_built_are_read_by_another_reader_and_by_ours() -> None:
    """What the builders write is what ElementTree finds, and is read back without loss."""
    one = syntax.Verification(
        syntax.Ins(syntax.Number("2751263220749", "74"), "1.2.250.1.213.1.4.8"), syntax.Traits("ADRUN", "ZOE"), "r&1"
    )
    cases: list[tuple[str, syntax.Operation, syntax.Request]] = [
        (builders.traits_search(v), "search-traits", v)
        for v in [syntax.TraitsSearch("O'NEIL <X>", ("ANNE", "MARIE"), "F", "1980-00-00", "99999")]
    ]
    card = syntax.CardSearch(syntax.Number("2751263220749"), None, "ADRUN", "1975-12-31", "1")
    cases.append((builders.card_search(card), "search-card", card))
    cases.append((builders.verification(one), "verify", one))
    batch = syntax.BatchVerification((one, one), "lot")
    cases.append((builders.batch_verification(batch), "verify-batch", batch))
    cases.append((builders.batch_results(syntax.BatchResults("lot")), "batch-results", syntax.BatchResults("lot")))
    for body, operation, value in cases:
        raw = builders.request(body, operation, message_id="uuid:1", bam=syntax.Context("01_02"))
        found = ElementTree.fromstring(raw).find(f"{{{S12}}}Body")
        assert found is not None
        assert len(found) == 1
        message = syntax.parse(raw)
        assert (message.operation, message.value) == (operation, value)


def test_mass_answers_are_read_back() -> None:
    """A receipt and a result, in each style."""
    done = syntax.BatchAnswer(
        "L1", True, (syntax.VerificationAnswer("OK", "OK", "a"), syntax.VerificationAnswer("KO", "KO"))
    )
    for value in (done, syntax.BatchAnswer("L2", False)):
        for style in builders.STYLES:
            raw = builders.envelope(builders.batch_result(value), builders.BATCH_ANSWERED, style=style)  # type: ignore[arg-type]
            assert syntax.parse(raw).value == value


def test_bounds() -> None:
    """Too many verifications, former matricules or assertions are told, not read."""
    many = f'<soap:Body><R xmlns="{LOT2}REQMasse">{"<IndividuVerifie/>" * 20_001}</R></soap:Body>'
    with pytest.raises(Malformed, match=r"insi\.syntax\.too-many"):
        syntax.parse(answered(many))
    assertion = '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>'
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    security = f'<w:Security xmlns:w="{wsse}">{assertion * 5}</w:Security></soap:Header>'
    seen = observe(exchange(REQUEST.replace(b"</soap:Header>", security.encode())))
    assert (seen.kind, [f.code for f in seen.findings]) == ("insi-malformed", ["insi.syntax.too-many"])


def test_exchanges_become_observations() -> None:
    """By the one door: requests with their keys, answers with their code, instructions, garbage, and nothing."""
    asked = any_observe(exchange(REQUEST, peer_subject="countryName=FR, commonName=INSI-AUTO"))
    assert (asked.kind, asked.value.mode, asked.value.common_name) == ("insi-request", "certificate", "INSI-AUTO")
    assert asked.keys == (("message", "uuid:1f7425e2"), ("traits", "D'ARTAGNAN DE L'HERAULT^2001-06-17"))
    assert [f.code for f in asked.findings] == []
    said = any_observe(
        exchange(answered(BODIES["mixed"]), Direction.TO_VENDOR, event="search-traits", code="00", status=200)
    )
    assert (said.kind, said.value.code, said.value.status) == ("insi-answer", "00", 200)
    assert said.value.found.ins.matricule == "109076322083489"
    cut = any_observe(exchange(answered(BODIES["mixed"])[:300], Direction.TO_VENDOR, fault="cut"))
    assert (cut.value.answer, cut.value.fault) == (None, "cut")
    assert any_observe(exchange(b"", Direction.TO_VENDOR, instruction="person")).kind == "instruction"
    assert any_observe(exchange(b"\xff\x00")).kind == "insi-malformed"
    assert any_observe(exchange(b"")).kind == "nothing"


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("countryName=FR, commonName=INSI-AUTO", "INSI-AUTO"),
        ("CN=INSI-MANU,O=X", "INSI-MANU"),
        ("commonName=a\\, b, organizationName=c", "a\\, b"),
        ("organizationName=X", ""),
        ("", ""),
    ],
)
def test_common_names(subject: str, name: str) -> None:
    """The CN of a subject, in the long and the short form."""
    assert common_name(subject) == name


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_observing_never_raises(data: st.DataObject) -> None:
    """Bytes cut, doubled or changed anywhere in real messages give an observation all the same."""
    raw = bytearray(data.draw(st.sampled_from([REQUEST, *(answered(b) for b in BODIES.values())])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        change = data.draw(st.sampled_from(["cut", "byte", "drop"]))
        if change == "cut":
            raw = raw[:at]
        elif raw:
            raw[at : at + 1] = b"" if change == "drop" else bytes([data.draw(st.integers(0, 255))])
    for direction in Direction:
        assert observe(exchange(bytes(raw), direction)).kind

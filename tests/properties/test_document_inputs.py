"""Laboratory reports, orders and appointments, feeding profile, access requests: each judge on literal traffic."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
import scenes as s

from conformance.evidence.values import (
    Binding,
    Context,
    Direction,
    Driven,
    Exchange,
    Finding,
    Heard,
    Observation,
    Sent,
    Severity,
    Witness,
)
from conformance.properties import base
from conformance.standards.observe import observe

LABORATORY, MESSAGES = "documents.laboratory-flags", "ins.incoming-messages"
PROFILE, ACCESS = "dmp.feeding-profile", "dmp.no-access-request"

TAKES_ALL = replace(s.DAY, settings={"incoming_messages": "ORU OUL ORM SIU"})
REPORT = s.cda().replace(b"18748-4", b"11502-2").replace("CR d'imagerie médicale".encode(), b"CR d'examens biologiques")


def errors(findings: list[Finding]) -> list[str]:
    """The codes that count against the vendor."""
    return [f.code for f in findings if f.severity is Severity.ERROR]


def oul(*yes: str, kind: str = "OUL^R22^OUL_R22") -> bytes:
    """A laboratory report in V1.2, by hand: OUL^R22 of HL7 v2.5, the flags of the official V1.2 message."""
    on = {"DESTDMP", *yes}
    flags = (
        ("MASQUE_PS", "Masqué aux professionnels de Santé"),
        ("INVISIBLE_PATIENT", "Document Non Visible par le patient"),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", "Non visible par les représentants Légaux du patient"),
        ("CONNEXION_SECRETE", "Connexion Secrete"),
        ("MODIF_CONFIDENTIALITYCODE", "Modification Confidentiality Code"),
        ("DESTDMP", "Destinataire DMP"),
        ("DESTMSSANTEPS", "Destinataire (Professionnel de Santé, organisation ou BAL applicative)"),
        ("DESTMSSANTEPAT", "Destinataire Patient"),
    )
    order = ["SPM|1|||BLD^Whole blood^HL70487", "OBR|1|||11502-2^CR d'examens biologiques^LN", "ORC|NW"]
    if kind.startswith("ORU"):
        order = ["ORC|NW", "OBR|1|||11502-2^CR d'examens biologiques^LN"]
    rows = [
        f"MSH|^~\\&|SIL-Y|labo|PFI-X|Nephro|20260105093100||{kind}|M1|P|2.5|||||FRA|UNICODE UTF-8"
        "|||1.2^CISIS_CDA_HL7_V1",
        f"PID|||{s.INS}^^^ASIP-SANTE-INS-NIR&{s.OID}&ISO^INS||PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L||19790328|F"
        "|||^^^^^^BDL^^51215|||||||||||||||||||||VALI",
        "PV1|1|I|||||||||||||||||V1^^^AUT&1.2.250.1.999.2&ISO^VN",
        *order,
        f"OBX|1|ED|11502-2^CR d'examens biologiques||^TEXT^XML^Base64^{base64.b64encode(REPORT).decode()}||||||F",
        *(f"OBX|{n}|CE|{c}^{label}||{'Y' if c in on else 'N'}||||||F" for n, (c, label) in enumerate(flags, 2)),
    ]
    return ("\r".join(rows) + "\r").encode()


def fed(*codes: str, secret: bool = False) -> tuple[str, bytes]:
    """The submission of that report."""
    return "dmp", s.submission(*codes, secret=secret, document=REPORT)


@pytest.mark.example(LABORATORY, "positive")
@pytest.mark.parametrize("kind", ["OUL^R22^OUL_R22", "ORU^R01^ORU_R01"])
def test_a_hidden_laboratory_report_found_again_satisfies(kind: str) -> None:
    """Accepted, and submitted invisible to the patient: a witness and nothing else, whatever the carrier."""
    found, seen = s.judged(LABORATORY, oul("INVISIBLE_PATIENT", kind=kind), s.ack("AA"), fed("N", "INVISIBLE_PATIENT"))
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(LABORATORY, "negative")
def test_a_laboratory_restriction_lost_is_an_error() -> None:
    """A visibility flag and a secret connection that come out nowhere are both named."""
    sent = oul("INVISIBLE_PATIENT", "CONNEXION_SECRETE")
    found, _ = s.judged(LABORATORY, sent, s.ack("AA"), fed("N"))
    assert errors(found) == ["intra.laboratory.mask-lost", "intra.laboratory.secret-connection-lost"]


@pytest.mark.example(LABORATORY, "negative")
def test_an_oul_refused_by_who_says_it_takes_them_is_an_error() -> None:
    """One of ORU and OUL is enough: refusing OUL is held only against a product that declares it."""
    assert errors(s.judged(LABORATORY, oul(), s.ack("AE"), context=TAKES_ALL)[0]) == ["intra.laboratory.refused"]
    found, seen = s.judged(LABORATORY, oul(), s.ack("AE"))
    assert ([f.code for f in found], seen) == (["intra.laboratory.carrier-unsupported"], [])


def test_a_product_that_takes_oru_alone_satisfies() -> None:
    """Refused (AE, AR) or left without an answer, OUL is advice; the proof is a report taken in as ORU."""
    oru = oul(kind="ORU^R01^ORU_R01").replace(b"|M1|", b"|M2|")
    taken = [("documents", oru), ("documents", s.ack("AA", "M2"))]
    for answer, failure in ((s.ack("AE"), None), (s.ack("AR"), None), (None, "timeout")):
        found, seen = s.judged(LABORATORY, oul(), answer, *taken, failure=failure)
        assert ([f.code for f in found], len(seen)) == (["intra.laboratory.carrier-unsupported"], 1)
    assert errors(s.judged(LABORATORY, oul(), s.ack("AE"), *taken, context=TAKES_ALL)[0]) == [
        "intra.laboratory.refused"
    ]


def test_an_imaging_report_is_not_a_laboratory_report() -> None:
    """Nor is the laboratory report an affair of the rows of imaging, or of those that do not name OUL."""
    assert s.judged(LABORATORY, s.mdm(), s.ack("AE")) == ([], [])
    for other in ("documents.imaging-flags", "documents.volet-reception", "ins.incoming-identity"):
        assert s.judged(other, oul(), s.ack("AE"), context=TAKES_ALL) == ([], [])


# ---- INS/va1.16 : orders and appointments

PID = (
    f"PID|||{s.INS}^^^ASIP-SANTE-INS-NIR&{s.OID}&ISO^INS||PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L||19790328|F"
    "|||^^^^^^BDL^^51215|||||||||||||||||||||VALI"
)


def order(kind: str = "ORM^O01^ORM_O01", pid: str = PID) -> bytes:
    """An order of HL7 v2.5, by hand."""
    rows = [
        f"MSH|^~\\&|RIS-Y|Organisation-Y|PFI-Y|Organisation-Y|20260105093100||{kind}|M1|P|2.5|||||FRA|UNICODE UTF-8",
        pid,
        "PV1|1|O",
        "ORC|NW|1",
        "OBR|1|1||36643-5^Radiographie du thorax^LN",
    ]
    return ("\r".join(rows) + "\r").encode()


def error(code: str) -> bytes:
    """An AE with one ERR of table 0357."""
    return s.ack("AE") + f"ERR||PID^1|{code}^^messageErrorCondition|E\r".encode()


@pytest.mark.example(MESSAGES, "positive")
def test_an_order_taken_in_satisfies() -> None:
    """AA for a message with a qualified INS is the witness that the row asks for."""
    found, seen = s.judged(MESSAGES, order(), s.ack("AA"))
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(MESSAGES, "negative")
@pytest.mark.parametrize(
    ("answer", "context", "code"),
    [
        (error("101"), TAKES_ALL, "ins.incoming.refused"),
        (error("101"), s.DAY, "ins.incoming.kind-unsupported"),
        (error("200"), TAKES_ALL, "ins.incoming.refused"),
        (error("200"), s.DAY, "ins.incoming.kind-unsupported"),
        (s.ack("AR"), s.DAY, "ins.incoming.kind-unsupported"),
    ],
)
def test_a_refusal_counts_when_the_kind_is_declared(answer: bytes, context: Context, code: str) -> None:
    """A refusal is an error for a product that says it takes such messages in; else they are but examples."""
    found, seen = s.judged(MESSAGES, order(), answer, context=context)
    assert ([f.code for f in found], seen) == ([code], [])
    assert (errors(found) == [code]) is (code == "ins.incoming.refused")


def test_a_product_that_takes_documents_only_is_not_left_without_proof() -> None:
    """The statement names ORM and SIU as examples: another message with a qualified INS, accepted, is the proof."""
    both = [("documents", s.mdm(control="M2")), ("documents", s.ack("AA", "M2"))]
    found, seen = s.judged(MESSAGES, order(), error("200"), *both)
    assert (errors(found), len(seen)) == ([], 1)
    assert s.judged(MESSAGES, order(), error("200"), ("documents", s.mdm(control="M2")))[1] == []


def test_only_qualified_identities_are_judged() -> None:
    """Without VALI, or with a matricule whose key is wrong, a refusal is held against nobody."""
    for pid in (PID.replace("VALI", "PROV"), PID.replace(s.INS, s.INS[:-2] + "00")):
        assert s.judged(MESSAGES, order(pid=pid), error("101"), context=TAKES_ALL) == ([], [])


def test_silence_is_doubted_and_only_of_a_declared_kind() -> None:
    """No answer within the time is a finding that rests on silence."""
    found, _ = s.judged(MESSAGES, order("SIU^S12^SIU_S12"), None, failure="timeout", context=TAKES_ALL)
    assert [(f.code, f.absence) for f in found] == [("ins.incoming.silent", True)]
    assert s.judged(MESSAGES, order(), None, failure="timeout") == ([], [])


@pytest.mark.example(MESSAGES, "negative")
def test_a_document_that_comes_out_under_someone_else_is_an_error() -> None:
    """What follows the order is fed under another matricule: named."""
    found, _ = s.judged(MESSAGES, s.mdm(), s.ack("AA"), ("dmp", s.submission("N", matricule="180017500012345")))
    assert set(errors(found)) == {"ins.incoming.attached-elsewhere"}


def test_traits_that_come_out_changed_are_advice() -> None:
    """Birth name, birth date and sex of sourcePatientInfo against PID: what differs is named, and is no error."""

    def told(*rows: str) -> list[tuple[str, str]]:
        values = "".join(f"<rim:Value>{row}</rim:Value>" for row in rows)
        info = f'<rim:Slot name="sourcePatientInfo"><rim:ValueList>{values}</rim:ValueList></rim:Slot>'
        entry = b'"urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
        body = s.submission("N").replace(entry, entry + info.encode(), 1)
        found, seen = s.judged("ins.incoming-identity", s.mdm(), s.ack("AA"), ("dmp", body))
        assert (errors(found), len(seen)) == ([], 1)
        return [(f.code, f.seen) for f in found]

    assert told("PID-5|PAT-TROIS^DOMINIQUE^^^^^L~USUEL^DOMINIQUE^^^^^D", "PID-7|19790328", "PID-8|F") == []
    changed = told("PID-5|PATTROIS^DOMINIQUE^^^^^L", "PID-7|19790329", "PID-8|M")
    assert changed == [("ins.incoming.traits-changed", v) for v in ("PATTROIS", "19790329", "M")]


# ---- DMP/va1.08 and DMP/CONF.05


def whole() -> bytes:
    """A submission with the metadata that IHE requires of a source, added by hand to the bare one."""
    bare = s.submission("N")
    slots = "".join(
        f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{value}</rim:Value></rim:ValueList></rim:Slot>'
        for name, value in (
            ("creationTime", "20260104091500"),
            ("languageCode", "fr-FR"),
            ("sourcePatientId", "IPP1^^^&amp;1.2.3&amp;ISO^PI"),
        )
    )
    codes = "".join(
        f'<rim:Classification id="k{n}" classificationScheme="urn:uuid:{scheme}" classifiedObject="D" '
        f'nodeRepresentation="{code}"/>'
        for n, (scheme, code) in enumerate(
            (
                ("41a5887f-8865-4c09-adf7-e362475b143a", "10"),
                ("f0306f51-975f-434e-a61c-c59651d33983", "18748-4"),
                ("a09d5840-386c-46f2-b5ad-9c3699a4309d", "urn:ihe:iti:xds-sd:pdf:2008"),
                ("f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", "SA01"),
                ("cccf5598-8b07-4b77-a05e-ae952c785ead", "ETABLISSEMENT"),
            )
        )
    )
    set_slot = (
        '<rim:Slot name="submissionTime"><rim:ValueList><rim:Value>20260105083100</rim:Value></rim:ValueList>'
        "</rim:Slot>"
        '<rim:Classification id="ct" classificationScheme="urn:uuid:aa543740-bdda-424e-8c96-df4873be8500" '
        'classifiedObject="S" nodeRepresentation="03"/>'
    )
    text = bare.decode()
    text = text.replace(
        '"urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">',
        f'"urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">{slots}{codes}',
        1,
    )
    return text.replace('<rim:RegistryPackage id="S">', f'<rim:RegistryPackage id="S">{set_slot}', 1).encode()


@pytest.mark.example(PROFILE, "positive")
def test_a_submission_with_what_is_public_and_mandatory_satisfies() -> None:
    """Metadata required by IHE of a source, the document, the VIHF: a witness, and at most advice."""
    found, seen = s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", whole()))
    assert (errors(found), len(seen)) == ([], 1)
    assert {f.severity for f in found} <= {Severity.ADVICE}


@pytest.mark.example(PROFILE, "negative")
@pytest.mark.parametrize(
    ("removed", "name"),
    [("creationTime", "creationTime"), ("languageCode", "languageCode"), ("submissionTime", "submissionTime")],
)
def test_a_mandatory_metadata_missing_is_an_error(removed: str, name: str) -> None:
    """One slot renamed is one metadata missing, named."""
    told = whole().replace(f'name="{removed}"'.encode(), b'name="autre"')
    found, _ = s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", told))
    assert [(f.code, f.expected) for f in found if f.severity is Severity.ERROR] == [
        ("dmp.profile.metadata-missing", name)
    ]


@pytest.mark.example(PROFILE, "negative")
def test_no_vihf_no_document_no_membership_are_errors() -> None:
    """Each is named by its own code; without a VIHF there is no witness either."""
    text = whole()
    for before, after, code in (
        (b"saml:Assertion", b"saml:Autre", "dmp.profile.vihf-missing"),
        (b'<xdsb:Document id="D">', b'<xdsb:Document id="X">', "dmp.profile.document-missing"),
        (b"AssociationType:HasMember", b"AssociationType:Other", "dmp.profile.member-missing"),
    ):
        found, seen = s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", text.replace(before, after)))
        assert errors(found) == [code]
        assert bool(seen) is (code != "dmp.profile.vihf-missing")


def test_hash_and_size_are_never_an_error() -> None:
    """A source may leave both to the repository: absent, they are advice; wrong, too."""
    found, _ = s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", whole()))
    assert {"hash", "size"} <= {f.expected for f in found if f.code == "dmp.profile.metadata-expected"}
    wrong = whole().replace(
        b'<rim:Slot name="creationTime">',
        (
            b'<rim:Slot name="hash"><rim:ValueList><rim:Value>00</rim:Value></rim:ValueList></rim:Slot>'
            b'<rim:Slot name="creationTime">'
        ),
    )
    found, _ = s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", wrong))
    assert "dmp.profile.content-differs" in [f.code for f in found]
    assert errors(found) == []


def test_a_body_that_is_no_request_is_an_error() -> None:
    """What nothing can be read from, sent to the DMP, is malformed."""
    found, seen = s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", b"<oops"))
    assert (errors(found), seen) == (["dmp.profile.malformed"], [])


def test_an_envelope_of_soap_1_1_is_an_error() -> None:
    """ITI-41 is SOAP 1.2: the same request in a SOAP 1.1 envelope is named so."""
    older = whole().replace(b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/")
    found, _ = s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", older))
    assert [(f.code, f.seen) for f in found if f.severity is Severity.ERROR] == [("dmp.profile.malformed", "SOAP 1.1")]


def test_a_missing_signature_is_told_only_when_expected() -> None:
    """The guide is not public: its absence is advice, and only for a target that expects one."""
    expecting = replace(s.DAY, settings={"dmp_signature": "expected"})
    told = [f.code for f in s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", whole()), context=expecting)[0]]
    silent = [f.code for f in s.judged(PROFILE, s.mdm(), s.ack("AA"), ("dmp", whole()))[0]]
    assert ("dmp.profile.signature" in told, "dmp.profile.signature" in silent) == (True, False)


REGISTRY = (
    b'<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><rs:RegistryResponse '
    b'xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" '
    b'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:%s"/></soap:Body></soap:Envelope>'
)
TD03 = (
    b'<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>'
    b'<setAuthorization xmlns="urn:si-dmp-habilitations"><action>AJOUT</action></setAuthorization>'
    b"</soap:Body></soap:Envelope>"
)


def of_the_dmp(*bodies: tuple[Direction, bytes]) -> tuple[list[Finding], list[Witness]]:
    """What the judge of access requests says of this traffic with the DMP; each answer answers what stands before."""
    heard: list[Observation] = []
    for number, (direction, body) in enumerate(bodies):
        answers = f"x{number - 1}" if direction is Direction.TO_VENDOR else None
        exchange = Exchange(f"x{number}", "dmp", direction, 1, number, body, {"protocol": "http"}, answers)
        heard.append(observe(exchange))
    driven = Driven(
        "c1", "documents.intake", "normal", None, Binding("00000000", 1, "AB", "001001"), (Sent("s", "y", None, None),)
    )
    words = list(base.get(ACCESS).judge(driven, Heard(tuple(heard), tuple(heard)), s.DAY))
    return [w for w in words if isinstance(w, Finding)], [w for w in words if isinstance(w, Witness)]


ASKS, SAYS = Direction.FROM_VENDOR, Direction.TO_VENDOR


@pytest.mark.example(ACCESS, "positive")
def test_a_feeding_accepted_without_any_request_satisfies() -> None:
    """The positive evidence is a feeding that the DMP took."""
    found, seen = of_the_dmp((ASKS, s.submission("N")), (SAYS, REGISTRY % b"Success"))
    assert (found, len(seen)) == ([], 1)


def test_taking_an_authorisation_away_asks_for_nothing() -> None:
    """TD0.3 SUPPRESSION is no request of access."""
    removed = TD03.replace(b"AJOUT", b"SUPPRESSION")
    found, seen = of_the_dmp((ASKS, removed), (ASKS, s.submission("N")), (SAYS, REGISTRY % b"Success"))
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(ACCESS, "negative")
def test_an_access_request_is_an_error() -> None:
    """A TD0.3 heard is named, even beside an accepted feeding, and there is no witness then."""
    found, seen = of_the_dmp((ASKS, TD03), (ASKS, s.submission("N")), (SAYS, REGISTRY % b"Success"))
    assert (errors(found), seen) == (["dmp.access.requested"], [])


def test_a_feeding_that_failed_proves_nothing() -> None:
    """Without an accepted feeding, the absence of a request is not believed."""
    assert of_the_dmp((ASKS, s.submission("N")), (SAYS, REGISTRY % b"Failure")) == ([], [])

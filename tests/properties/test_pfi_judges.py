"""Each PFI property on literal traffic: what satisfies it, and each way it can be violated, for the right reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
import scenes as s

from conformance.evidence.values import Binding, Direction, Exchange, Finding, Heard, Observation, Severity
from conformance.properties import flow

IMAGING, FEEDING = "documents.imaging-flags", "dmp.systematic-feeding"
RECEPTION, RETURNS, IDENTITY = "documents.volet-reception", "returns.dmp-result", "ins.incoming-identity"


def errors(findings: list[Finding]) -> list[str]:
    """The codes that count against the vendor."""
    return [f.code for f in findings if f.severity is Severity.ERROR]


@pytest.mark.example(IMAGING, "positive")
def test_restrictions_found_again_in_the_submission_satisfy() -> None:
    """A masked and secret report accepted and submitted with its mask and a secret session is a witness."""
    found, seen = s.judged(
        IMAGING,
        s.mdm("MASQUE_PS", "CONNEXION_SECRETE"),
        s.ack("AA"),
        ("dmp", s.submission("N", "MASQUE_PS", secret=True)),
    )
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(IMAGING, "negative")
@pytest.mark.parametrize(
    ("flag", "code"),
    [
        ("MASQUE_PS", "MASQUE_PS"),
        ("INVISIBLE_PATIENT", "INVISIBLE_PATIENT"),
        ("INVISIBLE_REP_LEGAUX", "INVISIBLE_REPRESENTANTS_LEGAUX"),
    ],
)
def test_a_lost_mask_is_an_error(flag: str, code: str) -> None:
    """A restriction received as Y and absent from confidentialityCode is named, with the code expected."""
    found, _ = s.judged(IMAGING, s.mdm(flag), s.ack("AA"), ("dmp", s.submission("N")))
    assert [(f.code, f.expected) for f in found] == [("intra.imaging.mask-lost", code)]


@pytest.mark.example(IMAGING, "negative")
def test_a_lost_secret_connection_is_an_error() -> None:
    """CONNEXION_SECRETE = Y without confidentiality-code in the VIHF is named."""
    found, _ = s.judged(IMAGING, s.mdm("CONNEXION_SECRETE"), s.ack("AA"), ("dmp", s.submission("N")))
    assert errors(found) == ["intra.imaging.secret-connection-lost"]


def test_an_added_mask_is_only_advice() -> None:
    """A restriction nobody asked for goes beyond the statement: advice, never a nonconformity."""
    found, seen = s.judged(IMAGING, s.mdm(), s.ack("AA"), ("dmp", s.submission("N", "MASQUE_PS")))
    assert [(f.code, f.severity) for f in found] == [("intra.imaging.mask-added", Severity.ADVICE)]
    assert seen


def test_an_acknowledgement_alone_witnesses_nothing() -> None:
    """A vendor that says AA and does nothing is not judged conform by any row that looks further."""
    for property in (IMAGING, FEEDING, RETURNS, IDENTITY):
        _, seen = s.judged(property, s.mdm(), s.ack("AA"))
        assert seen == [], property


def test_a_refusal_where_no_such_carrier_is_taken_is_advice() -> None:
    """The row asks for ORU or MDM: refusing every MDM is not by itself an error of INTRA/va1.01."""
    found, _ = s.judged(IMAGING, s.mdm(), s.ack("AE"))
    assert [f.code for f in found] == ["intra.imaging.carrier-unsupported"]


def test_a_wave_1_run_does_not_judge_the_dialects_of_wave_2() -> None:
    """With wave 1 alone, a V2.1 message proves nothing either way."""
    wave1 = replace(s.DAY, wave="va1")
    assert s.judged(IMAGING, s.mdm(), s.ack("AE"), context=wave1) == ([], [])


@pytest.mark.example(FEEDING, "positive")
def test_the_n1_version_submitted_satisfies() -> None:
    """The CDA received, submitted as it is, is a witness."""
    found, seen = s.judged(FEEDING, s.mdm(), s.ack("AA"), ("dmp", s.submission("N")))
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(FEEDING, "negative")
def test_an_accepted_document_without_submission_is_an_absence() -> None:
    """Nothing heard is an error that rests on silence: the engine has to confirm it."""
    found, seen = s.judged(FEEDING, s.mdm(), s.ack("AA"))
    assert [(f.code, f.absence) for f in found] == [("dmp.feeding.missing", True)]
    assert seen == []


@pytest.mark.example(FEEDING, "negative")
def test_a_structured_version_instead_of_the_n1_is_an_error() -> None:
    """Submitting another form under the same unique id is not the N1 version."""
    start, end = s.cda().index(b"<nonXMLBody>"), s.cda().index(b"</component>")
    n3 = s.cda()[:start] + b"<structuredBody><component><section/></component></structuredBody>" + s.cda()[end:]
    found, _ = s.judged(FEEDING, s.mdm(), s.ack("AA"), ("dmp", s.submission("N", document=n3)))
    assert errors(found) == ["dmp.feeding.not-n1"]


def test_rewritten_bytes_are_advice_and_a_new_error_is_an_error() -> None:
    """Another serialisation of the document is advice; one that loses the INS traits is an error."""
    rewritten = s.cda().replace(b"\n<title>", b"\n\n<title>")
    found, _ = s.judged(FEEDING, s.mdm(), s.ack("AA"), ("dmp", s.submission("N", document=rewritten)))
    assert [f.code for f in found] == ["dmp.feeding.altered"]
    spoiled = s.cda().replace(b'<family qualifier="BR">PAT-TROIS</family>', b"")
    found, _ = s.judged(FEEDING, s.mdm(), s.ack("AA"), ("dmp", s.submission("N", document=spoiled)))
    assert "dmp.feeding.invalid" in errors(found)


@pytest.mark.example(RECEPTION, "positive")
def test_an_accepted_conforming_message_satisfies() -> None:
    """AA quoting the message is a witness."""
    assert [len(x) for x in s.judged(RECEPTION, s.mdm(), s.ack("AA"))] == [0, 1]


@pytest.mark.example(RECEPTION, "positive")
@pytest.mark.parametrize("code", ["AE", "AR"])
def test_a_refused_incoherent_message_satisfies(code: str) -> None:
    """T02 with ORC-1 = CA contradicts itself: refusing it is what the volet asks."""
    found, seen = s.judged(RECEPTION, s.mdm(order="CA"), s.ack(code))
    assert (errors(found), len(seen)) == ([], 1)


@pytest.mark.example(RECEPTION, "negative")
@pytest.mark.parametrize("wrong", [{"order": "CA"}, {"status": "C"}, {"order": "SC"}])
def test_an_accepted_incoherent_message_is_an_error(wrong: dict[str, str]) -> None:
    """Each way of contradicting itself counts when it is accepted."""
    found, seen = s.judged(RECEPTION, s.mdm(**wrong), s.ack("AA"))
    assert errors(found) == ["volet.reception.incoherent-accepted"]
    assert seen == []


@pytest.mark.example(RECEPTION, "negative")
def test_a_refused_conforming_message_is_an_error() -> None:
    """AE on a message beyond reproach is an error; AR (try later) is neither an error nor a witness."""
    assert errors(s.judged(RECEPTION, s.mdm(), s.ack("AE"))[0]) == ["volet.reception.refused"]
    found, seen = s.judged(RECEPTION, s.mdm(), s.ack("AR"))
    assert (errors(found), seen) == ([], [])


@pytest.mark.example(RECEPTION, "negative")
def test_an_acknowledgement_of_another_message_is_an_error() -> None:
    """MSA-2 quoting another control id is told with both ids."""
    found, _ = s.judged(RECEPTION, s.mdm(), s.ack("AA", "M0"), failure="other-control-id")
    assert [(f.code, f.expected, f.seen) for f in found if f.severity is Severity.ERROR] == [
        ("volet.reception.other-control-id", "M1", "M0")
    ]


def test_no_usable_answer_is_an_absence_but_an_unreachable_vendor_is_nothing() -> None:
    """Silence has to be confirmed; a vendor that cannot be reached is not blamed."""
    found, _ = s.judged(RECEPTION, s.mdm(), None, failure="timeout")
    assert [(f.code, f.absence) for f in found] == [("volet.reception.silent", True)]
    assert s.judged(RECEPTION, s.mdm(), None, failure="refused") == ([], [])


def test_the_bench_s_own_mistakes_are_not_held_against_the_vendor() -> None:
    """A message of ours with a wrong INS key may be refused by anybody."""
    wrong = s.mdm().replace(s.INS.encode(), s.INS[:-2].encode() + b"00")
    for property in (IMAGING, RECEPTION, IDENTITY):
        assert errors(s.judged(property, wrong, s.ack("AE"))[0]) == [], property


@pytest.mark.example(RETURNS, "positive")
def test_a_return_that_quotes_the_message_satisfies() -> None:
    """ZAM^Z01 with OBX-4 = MSH-10 of the document message is a witness."""
    found, seen = s.judged(RETURNS, s.mdm(), s.ack("AA"), ("dmp", s.submission("N")), ("returns", s.zam("Y")))
    assert (errors(found), len(seen)) == ([], 1)


@pytest.mark.example(RETURNS, "negative")
def test_an_operation_without_return_is_an_absence() -> None:
    """The DMP was fed and nothing came back: an error that rests on silence."""
    found, _ = s.judged(RETURNS, s.mdm(), s.ack("AA"), ("dmp", s.submission("N")))
    assert [(f.code, f.absence) for f in found] == [("returns.missing", True)]


@pytest.mark.example(RETURNS, "negative")
def test_a_return_about_an_unknown_message_is_an_error() -> None:
    """A return that quotes nothing the bench sent cannot be related by any sender."""
    found, _ = s.judged(RETURNS, s.mdm(), s.ack("AA"), ("dmp", s.submission("N")), ("returns", s.zam("Y", "Z9")))
    assert errors(found) == ["returns.unknown-reference"]


@pytest.mark.example(RETURNS, "negative")
def test_a_late_return_of_an_earlier_window_is_not_an_unknown_message() -> None:
    """A return of another case, late after its own window, leaves this one without a return: an absence, no more."""
    late = s.zam("Y", Binding("00000000", 9, "AB", "001009").control())
    found, _ = s.judged(RETURNS, s.mdm(), s.ack("AA"), ("dmp", s.submission("N")), ("returns", late))
    assert [(f.code, f.absence) for f in found] == [("returns.missing", True)]


@pytest.mark.example(RETURNS, "negative")
def test_a_failure_without_its_error_segment_is_not_by_the_volet() -> None:
    """OBX-5 = N requires ERR (volet V2.1, ZAM)."""
    found, _ = s.judged(RETURNS, s.mdm(), s.ack("AA"), ("dmp", s.submission("N")), ("returns", s.zam("N")))
    assert "returns.not-by-the-volet" in errors(found)


@pytest.mark.example(IDENTITY, "positive")
def test_the_same_ins_in_and_out_satisfies() -> None:
    """The matricule and OID of PID-3 are those of the submission: a witness."""
    found, seen = s.judged(IDENTITY, s.mdm(), s.ack("AA"), ("dmp", s.submission("N")))
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(IDENTITY, "negative")
def test_another_matricule_is_an_error() -> None:
    """A submission under another matricule is attached elsewhere, in the set and in the entry."""
    found, seen = s.judged(IDENTITY, s.mdm(), s.ack("AA"), ("dmp", s.submission("N", matricule="275126322074974")))
    assert errors(found) == ["ins.incoming.attached-elsewhere"] * 2
    assert seen == []


@pytest.mark.example(IDENTITY, "negative")
def test_refusing_a_conforming_ins_is_an_error() -> None:
    """AE on a conforming PID with a qualified INS is an error."""
    assert errors(s.judged(IDENTITY, s.mdm(), s.ack("AE"))[0]) == ["ins.incoming.refused"]


def test_what_the_bench_itself_refused_is_no_missing_feeding() -> None:
    """A DMP that refuses on purpose may keep what follows from being sent: nothing is held against the vendor."""
    facts = {"protocol": "http", "fault": "soap-fault"}
    refused = Observation(Exchange("x9", "dmp", Direction.TO_VENDOR, 1, 9, b"", facts), "other", None)
    assert flow.hindered(Heard((refused,)), "dmp")
    assert not flow.hindered(Heard((refused,)), "mss")

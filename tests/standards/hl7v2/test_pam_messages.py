"""PAM messages: what is built is read back, judged without a mistake, observed under its keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pam_orders import INS, IPP, NOW, PERSON, order

from conformance.evidence.values import Direction, Exchange
from conformance.standards.hl7v2.pam import builders, events, reader, replies, rules
from conformance.standards.hl7v2.pam.orders import AdtOrder, PamVersion
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules.core import Settings
from conformance.standards.hl7v2.syntax import parse
from conformance.standards.hl7v2.values import Ack
from conformance.standards.observe import observe


def read(raw: bytes) -> AdtMessage:
    """Read an ADT message."""
    value = reader.read(parse(raw))
    assert isinstance(value, AdtMessage)
    return value


@pytest.mark.parametrize("version", ["2.9", "2.11"])
@pytest.mark.parametrize("event", sorted(events.STRUCTURES))
def test_every_event_is_built_without_a_mistake(event: str, version: PamVersion) -> None:
    """Each event of PAM FR, in both versions, has neither error nor warning of its own rules."""
    found = list(rules.judge(read(builders.adt(event, order(version, event))), Settings(ins="test")))
    # A stay without ZFV and ZFM is allowed: both are only worth a note.
    assert {f.code for f in found} <= {"hl7v2.pam.zfv-absent", "hl7v2.pam.zfm-absent"}


def test_what_is_built_is_read_back() -> None:
    """Traits, identifiers, reliability, movement, consents and origin come back as they were given."""
    m = read(builders.adt("A01", order()))
    assert (m.event, m.structure, m.version, m.transaction) == ("A01", "ADT_A01", "2.11", "ITI-31")
    assert m.patient is not None
    p = m.patient
    assert (p.matricule, p.oid, p.ipps) == (INS.matricule, INS.oid, ("000003",))
    assert (p.birth_name, p.first_given, p.given_names) == ("ADRUN", "ZOE", ("ZOE", "ANNE"))
    assert (p.used_name, p.used_given) == ("L'HÉRAULT & FILS", "ZOE")
    assert (p.birth_date, p.sex, p.birth_place) == ("19751231", "F", "63220")
    assert (p.reliability, p.qualified) == (("VALI", "HOMA"), True)
    assert (p.phones, p.mails) == (("0102030405",), ("zoe@example.org",))
    assert p.address == ("1 rue du Banc", "", "PARIS", "75001", "FRA")
    assert m.zbe is not None
    assert (m.zbe.ids, m.zbe.action, m.zbe.historic, m.zbe.nature) == ((("M1", "CHU"),), "INSERT", False, "HMS")
    assert m.zbe.medical is not None
    assert m.zbe.medical.code == "6268"
    assert m.zfa is not None
    assert (m.zfa.feeding, m.zfa.feeding_at, m.zfa.consultation, m.zfa.consultation_at) == (
        "INO",
        "20260301100000+0100",
        "NA",
        "",
    )
    assert m.zfd is not None
    assert (m.zfd.mode, m.zfd.asked_at, m.zfd.document, m.zfd.corrected) == ("INSI", "20260301", "CN", False)
    assert (m.patient_class, m.location, m.visit.value if m.visit else "") == ("I", "6268", "V1")


def test_a_merge_says_who_disappears() -> None:
    """A40 and A47 carry the prior identifiers in MRG and nothing of a stay."""
    for event in ("A40", "A47"):
        m = read(builders.adt(event, order(event=event)))
        assert [(i.value, i.oid, i.type) for i in m.merged] == [("000009", "1.2.250.1.71.9.1", "PI")]
        assert [s.name for s in m.message.segments] == ["MSH", "EVN", "PID", "MRG"]


def test_an_order_without_what_the_event_says_is_refused() -> None:
    """No merge without a prior identifier, no movement without a stay, no event that France has not."""
    bare = AdtOrder(order().envelope, PERSON)
    for event in ("A40", "A01", "A08"):
        with pytest.raises(ValueError, match=r"identifiers|movement|no event"):
            builders.adt(event, bare)


def test_a_character_that_the_character_set_lacks_is_refused() -> None:
    """8859/15 cannot write Polish letters: the builder says so instead of sending something else."""
    envelope = builders.Envelope(
        builders.Endpoint("RI", "CHU"), builders.Endpoint("DPI", "CHU"), "C1", NOW, charset="8859/15"
    )
    person = builders.Person("ŁUCZAK", ("ZOE",), "19751231", "F", "63220", (IPP,))
    with pytest.raises(UnicodeEncodeError):
        builders.adt("A28", AdtOrder(envelope, person))


@pytest.mark.parametrize(
    ("internal", "profile", "expected"),
    [
        ("2.5^FRA^2.11", "2.11^IHE_FRANCE-2.11-PAM", "2.11"),
        ("2.5^FRA^2.5", "2.11^IHE_FRANCE-2.11-PAM", "2.11"),
        ("2.5^FRA^2.5", "2.11~IHE_FRANCE-2.11-PAM", "2.11"),
        ("2.5^FRA^2.9", "", "2.9"),
        ("2.5^FRA^2.9", "2.11^IHE_FRANCE-2.11-PAM", "2.11"),
        ("2.5", "", ""),
        ("2.5^FRA^2.5", "", ""),
    ],
)
def test_the_version_is_the_one_declared(internal: str, profile: str, expected: str) -> None:
    """MSH-21 first, else MSH-12.3; `2.5` there tells nothing."""
    raw = f"MSH|^~\\&|A|B|C|D|20260301||ADT^A28^ADT_A05|1|T|{internal}|||||FRA||||{profile}\r"
    assert read(raw.encode()).version == expected


@pytest.mark.parametrize(("code", "accepted"), [("AA", True), ("AE", False), ("CA", False), ("CR", False)])
def test_an_acknowledgement_answers_its_message(code: builders.Code, accepted: bool) -> None:
    """Applications swapped, MSH-10 cited, no finding of the pair when the mode is right."""
    raw = builders.adt("A28", order())
    enhanced = code.startswith("C")
    if enhanced:
        raw = raw.replace(b"2.5^FRA^2.11|||||", b"2.5^FRA^2.11|||AL|AL|")
    refused = code[1] != "A"
    errors = (builders.refusal("204", "Unknown key identifier", "PID^1^3"),) if refused else ()
    answer = builders.acknowledge(
        raw, control_id="R1", sent_at=NOW + timedelta(seconds=1), code=code, errors=errors, text="ok"
    )
    ack, message = reader.read(parse(answer)), read(raw)
    assert isinstance(ack, Ack)
    assert (ack.accepted, ack.control_ref) == (accepted, "C1")
    assert rules.answers_pam(ack)
    assert list(rules.judge(ack)) == []
    assert list(rules.judge_answer(ack, message)) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "error"),
    [
        (b"", b"", "AA", None),
        (b"ADT^A28^ADT_A05", b"ADT^A08^ADT_A01", "AR", "201"),
        (b"ADT^A28^ADT_A05", b"ADT^A24^ADT_A24", "AR", "201"),
        (b"ADT^A28^ADT_A05", b"SIU^S12^SIU_S12", "AR", "200"),
        (b"|2.5^FRA", b"|2.3.1^FRA", "AR", "203"),
        (b"|C1|P|", b"|C1|X|", "AR", "202"),
    ],
)
def test_a_receiver_refuses_what_pam_has_not(old: bytes, new: bytes, code: str, error: str | None) -> None:
    """The type, the event, the version and the processing id decide before the content does (table 0357)."""
    said, row = replies.reply(reader.read(parse(builders.adt("A28", order()).replace(old, new, 1))))
    assert (said, row.code.code if row else None) == (code, error)


@pytest.mark.parametrize(
    ("modes", "ok", "ko"),
    [("||", "AA", "AE"), ("AL|AL", "CA", "CE"), ("AL|NE", "CA", "CE"), ("NE|AL", "AA", "AE"), ("ER|NE", None, "CE")],
)
def test_the_mode_asked_for_is_answered(modes: str, ok: str | None, ko: str | None) -> None:
    """Original mode without MSH-15 and 16, else the level and the outcomes that they ask for (table 0155)."""
    raw = builders.adt("A28", order()).replace(b"2.5^FRA^2.11|||||", f"2.5^FRA^2.11|||{modes}|".encode())
    message = read(raw.replace(b"2.11||||||FRA", b"2.11|||||FRA"))
    assert (replies.in_mode("AA", message), replies.in_mode("AE", message)) == (ok, ko)


def test_an_exchange_is_observed_under_its_keys() -> None:
    """Kind `hl7v2.adt`, keys: control id, matricule, IPP, and the identifier that a merge takes away."""
    raw = builders.adt("A40", order(event="A40"))
    exchange = Exchange("e1", "identities", Direction.FROM_VENDOR, 1, 0, raw, {"protocol": "mllp"})
    seen = observe(exchange)
    assert seen.kind == "hl7v2.adt"
    assert isinstance(seen.value, AdtMessage)
    assert seen.keys == (
        ("control", "C1"),
        ("patient", "275126322074974"),
        ("patient", "000003"),
        ("patient", "000009"),
    )


@pytest.mark.corpus
def test_official_examples_are_read(shared: Path) -> None:
    """The consents of the official examples are read as their titles say."""
    expected = {
        "ConsentementConsultation_NonOppositionAlimentation": ("INO", "IC"),
        "NonConsentementConsultation_NonOppositionAlimentation": ("INO", "INC"),
        "NonRecueillieConsentementConsultation_NonOppositionAlimentation": ("INO", "NA"),
    }
    for name, consents in expected.items():
        m = read((shared / "corpus-hl7v2" / f"Vague-2__Consentement_DMP_PAMFR__{name}.er7").read_bytes())
        assert m.zfa is not None
        assert (m.zfa.feeding, m.zfa.consultation) == consents
        assert m.patient is not None
        assert m.patient.qualified
        assert m.patient.ipps == ("000003",)

"""An INS on each channel, and what is not one; places of birth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.evidence.values import Severity
from conformance.standards.ins import carriers, nir, places, rules
from conformance.standards.ins.carriers import Carried
from conformance.standards.ins.statuses import Status

# PAT-TROIS DOMINIQUE as the published HL7 examples carry her: COG 51215 in the matricule's own digits.
MATRICULE, TEST = "279035121518989", "1.2.250.1.213.1.4.10"
PID3 = "279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS"


def test_the_published_examples_are_read_and_written() -> None:
    """PID-3 and patientId literally; the CDA root and extension; the citizen's mailbox."""
    assert carriers.pid3(MATRICULE, TEST) == PID3
    assert carriers.xds_patient(MATRICULE, TEST) == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert carriers.cda_id(MATRICULE, TEST) == (TEST, MATRICULE)
    assert carriers.mailbox(MATRICULE) == "279035121518989@patient.mssante.fr"
    for read in (
        carriers.read_cx(PID3),
        carriers.read_cx(carriers.xds_patient(MATRICULE, TEST), "xds"),
        carriers.read_id(*carriers.cda_id(MATRICULE, TEST)),
        carriers.read_address(f"Dominique <{carriers.mailbox(MATRICULE)}>"),
    ):
        assert read is not None
        assert read.matricule == MATRICULE
        assert read.complete
        assert list(rules.judge_carried(read, status="qualifiee", environment="test")) == []


@pytest.mark.parametrize(
    "text",
    [
        "B0017^^^CHU&000897406&N^PI",
        "279035121518989^^^CPAM&1.2.250.1.999.9&ISO^NH",
        "279035121518989^^^^SS",
        "279035121518989",
        "",
        "^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS",
    ],
)
def test_other_numbers_are_no_ins(text: str) -> None:
    """A local number, a NIR of reimbursement under its own authority, bare digits, an authority alone."""
    assert carriers.read_cx(text) is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^PI", {"ins.carried.type"}),
        ("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^INS", {"ins.carried.namespace"}),
        ("279035121518989^^^ASIP-SANTE-INS-NIR&1.2.3&ISO^INS", {"ins.oid.unknown"}),
        ("279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS", {"ins.oid.environment"}),
        ("2790351215189^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS", {"ins.matricule.form"}),
        ("279035121518988^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS", {"ins.matricule.key"}),
    ],
)
def test_an_ins_badly_written_is_still_an_ins(text: str, codes: set[str]) -> None:
    """By its type, its namespace or its OID; each fault is told once."""
    read = carriers.read_cx(text)
    assert read is not None
    assert {f.code for f in rules.judge_carried(read, environment="test")} == codes


@pytest.mark.parametrize("status", ["provisoire", "recuperee", "validee"])
@pytest.mark.parametrize("channel", ["hl7v2", "cda", "xds", "mail"])
def test_no_ins_under_another_status(status: Status, channel: carriers.Channel) -> None:
    """Rule 28: an error on any channel."""
    found = {f.code: f.severity for f in rules.judge_carried(Carried(channel, MATRICULE, TEST), status=status)}
    assert found["ins.carried.not-qualified"] is Severity.ERROR


def test_a_wrong_key_that_insi_gave_is_not_the_products_fault() -> None:
    """HERMANN GATIEN of the INSi test base: both of his keys fail; only worth knowing when INSi answered it."""
    (finding,) = rules.judge_matricule("181036322045660", TEST, answered=True)
    assert (finding.code, finding.severity) == ("ins.matricule.key-answered", Severity.NOTE)
    (finding,) = rules.judge_matricule("181036322045660", TEST)
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    "address", ["ps801234567897@banc.mssante.fr", "279035121518989@banc.mssante.fr", "dupont@patient.mssante.fr", ""]
)
def test_other_addresses_bear_no_ins(address: str) -> None:
    """A professional, the same digits elsewhere, a citizen's domain without a matricule."""
    assert carriers.read_address(address) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Matricule INS : 2 79 03 51 215 189 89 (NIR)", True),
        ("279035121518989", True),
        ("2790351215189", True),
        ("IHE_279035121518989.pdf", True),
        ("127903512151898900", False),
        ("279035121518900", False),
        ("2790351215188", False),
    ],
)
def test_a_matricule_in_a_text(text: str, found: bool) -> None:
    """With or without its key, in groups or not; never inside a longer number."""
    assert carriers.mentions(text, MATRICULE) is found


@given(st.text(max_size=60))
def test_hostile_text_never_crashes(text: str) -> None:
    """Whatever is read, there is an answer."""
    carriers.read_cx(text)
    carriers.read_cx(text, "xds")
    carriers.read_id(text, text)
    carriers.read_address(text)
    assert not carriers.mentions(text, MATRICULE) or "2" in text
    assert places.kind(text) is None or len(text) == 5


@pytest.mark.parametrize(
    ("code", "kind", "department"),
    [
        ("63220", "commune", "63"),
        ("2B020", "corsica", "2B"),
        ("20004", "corsica", "20"),
        ("97411", "overseas", "97"),
        ("98818", "overseas", "98"),
        ("99350", "abroad", "99"),
        ("99999", "unknown", ""),
        ("6322", None, ""),
        ("2C020", None, ""),
        ("", None, ""),
    ],
)
def test_places_of_birth(code: str, kind: str | None, department: str) -> None:
    """COG codes by their form: communes, Corsica, overseas, countries, and the place that is not known."""
    assert (places.kind(code), places.department(code)) == (kind, department)


def test_a_commune_that_merged_is_no_fault() -> None:
    """The published HL7 example has COG 63220 beside a matricule whose digits say 51215: nothing is said."""
    assert nir.key_ok(MATRICULE)
    assert list(rules.judge_matricule(MATRICULE, TEST, sex="F", birth="19790328")) == []

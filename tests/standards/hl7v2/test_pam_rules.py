"""Each PAM rule speaks on a message that breaks it, and on no message that keeps it; bytes written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.evidence.codes import all_codes
from conformance.evidence.values import Severity
from conformance.standards.check.messages import check, check_files
from conformance.standards.hl7v2.pam import reader, rules
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.syntax import parse
from conformance.standards.hl7v2.values import Ack

MSH = (
    "MSH|^~\\&|RI|CHU|DPI|CHU|20260301100000||ADT^{event}^{structure}|C1|T|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|FR||"
    "2.11^IHE_FRANCE-2.11-PAM"
)
ACK = "MSH|^~\\&|DPI|CHU|RI|CHU|20260301100001||ACK^A28^ACK|R1|T|2.5^FRA^2.11|||||FRA|UNICODE UTF-8\r"
EVN = "EVN||20260301100000||||20260301090000"
IPP = "000003^^^CHU&1.2.250.1.71.9.1&ISO^PI"
PID = (
    f"PID|1||{IPP}~275126322074974^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||ADRUN^ZOE^ZOE^^^^L||"
    "19751231|F|||^^^^^^BDL^^63220|||||||D1^^^CHU&1.2.250.1.71.9.2&ISO^AN||||||||||||||VALI"
)
BARE = f"PID|1||{IPP}||ADRUN^ZOE^ZOE^^^^L||19751231|F||||||||||||||||||||||||PROV"
PV1 = "PV1|1|I|6268^^^CHU||||||||||||||||V1^^^CHU&1.2.250.1.71.9.3&ISO^VN"
ZBE = "ZBE|M1^CHU^1.2.250.1.71.9.4^ISO|20260301090000||INSERT|N||CHIR^^^^^CHU^UF^^^6268|CHIR^^^^^CHU^UF^^^6268|HMS"
ZFA = "ZFA|ACTIF|20260301090000|||||||INO|20260301090000|NA"
ZFV = "ZFV|120456782"
ZFM = "ZFM|8"
ZFD = "ZFD|||Y|N|INSI|20260301|CN"

BASES = {
    "admission": "\r".join(
        (
            MSH.format(event="A01", structure="ADT_A01"),
            EVN,
            PID,
            PV1,
            "PV2||||||||20260301|20260302",
            ZBE,
            ZFA,
            ZFV,
            ZFM,
            ZFD,
            "",
        )
    ),
    "tracking": "\r".join((MSH.format(event="A09", structure="ADT_A09"), EVN, PID, PV1, ZBE, "")),
    "creation": "\r".join((MSH.format(event="A28", structure="ADT_A05"), EVN, BARE, "PV1|1|N", ZFD, "")),
    "merge": "\r".join(
        (MSH.format(event="A40", structure="ADT_A39"), EVN, BARE, "MRG|000009^^^CHU&1.2.250.1.71.9.1&ISO^PI", "")
    ),
    "change": "\r".join(
        (MSH.format(event="A47", structure="ADT_A30"), EVN, BARE, "MRG|000009^^^CHU&1.2.250.1.71.9.1&ISO^PI", "")
    ),
    "answer": ACK + "MSA|AA|C1\r",
    "refusal": ACK + "MSA|AE|C1\rERR||PID^1^3|204^Unknown key identifier^HL70357|E\r",
}

MISTAKES = r"""
event-refused         creation  A28^ADT_A05 => A08^ADT_A01
event-refused         creation  A28^ADT_A05 => A24^ADT_A24
event-refused         creation  A28^ADT_A05 => A43^ADT_A43
event-unknown         creation  A28^ADT_A05 => A99^ADT_A05
structure-name        creation  A28^ADT_A05 => A28^ADT_A28
structure-name        creation  A28^ADT_A05 => A28
version               creation  2.5^FRA^2.11 => 2.5
version               creation  2.5^FRA^2.11 => 2.3.1^FRA^2.11
undeclared            creation  2.5^FRA^2.11|||||FRA|UNICODE UTF-8|FR||2.11^IHE_FRANCE-2.11-PAM => 2.5^FRA^2.5|||||FRA
version-unknown       creation  2.11^IHE_FRANCE-2.11-PAM => 2.10^IHE_FRANCE-2.10-PAM
profile               creation  2.11^IHE_FRANCE-2.11-PAM => 2.11~IHE_FRANCE-2.11-PAM
versions-differ       creation  2.5^FRA^2.11 => 2.5^FRA^2.9
event-times           creation  EVN||20260301100000|||| => EVN||20260301100000|20260302|||
pending-occurred      admission A01^ADT_A01 => A14^ADT_A05
before-event          creation  EVN||20260301100000 => EVN||20260301100500
segment-missing       creation  PV1|1|N\r =>
segment-missing       merge     MRG|000009^^^CHU&1.2.250.1.71.9.1&ISO^PI\r =>
segment-missing       admission ZBE| => NTE|
segment-unexpected    creation  ZFD| => ZBE|
segment-unexpected    merge     MRG| => PV1|1|N\rMRG|
segment-unexpected    admission ZFV| => ZFM|8\rZFV|
segment-unused        admission A01^ADT_A01 => A05^ADT_A05
segment-of-stay       creation  PV1|1|N => PV1|1|N\rPV2||||||||20260301
segment-of-stay       creation  PV1|1|N => PV1|1|N\rROL||UC|AT|801234567897
patient-groups        merge     ISO^PI\r => ISO^PI\rPID|||8^^^CHU^PI||A^B^B^^^^L\rMRG|9^^^CHU^PI\r
z-local               creation  ZFD| => ZXX|1\rZFD|
z-empty               creation  ZFD|||Y|N|INSI|20260301|CN => ZFD|||
zfv-absent            admission ZFV|120456782\r =>
zfm-absent            admission ZFM|8\r =>
required              creation  C1|T|2.5 => C1||2.5
required              admission |HMS => |
forbidden             creation  PI||ADRUN => PI|X|ADRUN
forbidden             admission 20260301090000||INSERT => 20260301090000|20260302|INSERT
repeated              creation  19751231|F => 19751231~19751230|F
repeated              admission INSERT|N => INSERT|N~N
table                 admission PV1|1|I => PV1|1|Z
table                 creation  ^^^^L => ^^^^M
table                 admission INSERT => ADD
format                creation  EVN||20260301100000 => EVN||01/03/2026
component-required    creation  CHU&1.2.250.1.71.9.1&ISO^PI => ^PI
component-forbidden   creation  ZOE^ZOE^^^^L => ZOE^ZOE^JR^^^L
ei-incomplete         admission 1.2.250.1.71.9.4^ISO => 1.2.250.1.71.9.4
no-birth-name         creation  ^^^^L => ^^^^D
no-account            admission D1^^^CHU&1.2.250.1.71.9.2&ISO^AN =>
account-type          admission ISO^AN => ISO^VN
reliability           creation  PROV => RECUP
reliability           admission VALI => QUAL
reliability-later     creation  2.5^FRA^2.11|||||FRA|UNICODE UTF-8|FR||2.11^IHE_FRANCE-2.11-PAM => 2.5^FRA^2.9
reliability-contradiction admission VALI => VALI~PROV
reliability-contradiction admission VALI => VALI~DOUT
ins-of-doubtful       admission VALI => PROV~FICT
ins-without-trait     admission 19751231 =>
ins-without-trait     admission ^^^^^^BDL^^63220 =>
merge-with-itself     merge     000009 => 000003
change-of-other-domain change   000009^^^CHU&1.2.250.1.71.9.1 => 000009^^^LABO&1.2.250.1.71.9.8
merge-of-other-type   merge     000009^^^CHU&1.2.250.1.71.9.1&ISO^PI => 000009^^^CHU&1.2.250.1.71.9.1&ISO^AN
merge-by-ins          merge     000009^^^CHU&1.2.250.1.71.9.1&ISO^PI => 275126322074974^^^NIR&1.2&ISO^INS
class-of-identity     creation  PV1|1|N => PV1|1|I
class-of-stay         admission PV1|1|I => PV1|1|N
no-unit               admission 6268^^^CHU| => ^^^CHU|
no-visit              admission V1^^^CHU&1.2.250.1.71.9.3&ISO^VN =>
stay-in-identity      creation  PV1|1|N => PV1|1|N|6268
movement-domain       admission M1^CHU^1.2.250.1.71.9.4^ISO => M1
tracking-without-movement tracking ZBE| => ZFP|
no-unit               admission PV1|1|I|6268^^^CHU => PV1|1|O|^^^CHU
component-required    admission D1^^^CHU&1.2.250.1.71.9.2&ISO^AN => D1^^^^AN
visit-type            admission ISO^VN => ISO^AN
visit-is-authority    admission V1^^^CHU&1.2.250.1.71.9.3&ISO => 120456782^^^CHU&120456782&M
finess-key            admission 1.2.250.1.71.9.3&ISO => 000897406&M
stay-dates            admission 20260301|20260302 => 20260303|20260302
zbe-shifted           admission 20260301090000||INSERT => 20260301090000|||INSERT
zbe-action            admission INSERT => CANCEL
zbe-origin            admission INSERT => UPDATE
zbe-unit              admission CHIR^^^^^CHU^UF^^^6268|CHIR => CHIR|CHIR
consent-date          admission |NA => |NA|20260301
consent-date          admission INO|20260301090000 => INO|
lunar-date            creation  ZFD|| => ZFD|hier|
ack-structure         answer    MSA|AA|C1\r =>
ack-type              answer    A28^ACK => A28^ADT_A05
ack-code              answer    MSA|AA => MSA|OK
ack-reference         answer    MSA|AA|C1 => MSA|AA|
ack-no-error          answer    MSA|AA => MSA|AE
ack-error-with-accept refusal   MSA|AE => MSA|AA
ack-error-code        refusal   204^Unknown => 198^Unknown
ack-severity          refusal   HL70357|E => HL70357|X
"""
"""Code (after `hl7v2.pam.`), base, what is replaced => by what."""


def mistakes() -> list[tuple[str, str, str]]:
    """(code, base, the message with the mistake)."""
    found = []
    for line in MISTAKES.strip().split("\n"):
        code, base, change = line.split(None, 2)
        # The blanks around the arrow are no part of the texts; a replacement may be empty.
        old, new = (part.strip().replace("\\r", "\r") for part in (change + " ").split(" => ", 1))
        if code == "reliability-later":
            new, text = new, BASES[base].replace("PROV", "PROV~FICT")
        else:
            text = BASES[base]
        assert old in text, line
        found.append((f"hl7v2.pam.{code}", base, text.replace(old, new, 1)))
    return found


def said(text: str) -> set[str]:
    """The PAM codes on a message."""
    value = reader.read(parse(text.encode()))
    assert isinstance(value, (AdtMessage, Ack))
    return {f.code for f in rules.judge(value)}


@pytest.mark.parametrize("name", BASES)
def test_a_message_that_keeps_the_rules_has_no_finding(name: str) -> None:
    """The bases themselves, all versions of PAM that they declare, are without any finding of the PAM rules."""
    # A movement always has notes about the optional Z segments, but this one carries them all.
    assert said(BASES[name]) == set()


@pytest.mark.parametrize(("code", "base", "text"), mistakes(), ids=lambda value: value if len(value) < 40 else "")
def test_a_mistake_is_named(code: str, base: str, text: str) -> None:
    """One mistake put in a right message brings its code."""
    assert code in said(text), said(text)


def test_every_rule_is_shown() -> None:
    """No rule of the tables is without a message that breaks it, and every code has its texts."""
    pairs = {"hl7v2.pam.ack-mode", "hl7v2.pam.ack-accepts-refused"}
    assert rules.all_rules() == {code for code, _, _ in mistakes()} | pairs
    assert rules.all_rules() | {"hl7v2.pam.movement-repeated"} == set(rules.CODES)
    assert set(rules.CODES) <= set(all_codes())


@pytest.mark.parametrize(
    ("modes", "code", "expected"),
    [
        ("|||", "AA", False),
        ("|||", "CA", True),
        ("||AL|NE", "CA", False),
        ("||AL|NE", "AA", True),
        ("||AL|AL", "CA", False),
        ("||AL|AL", "AA", False),
        ("||NE|AL", "CA", True),
    ],
)
def test_the_acknowledgement_is_of_the_mode_asked_for(modes: str, code: str, expected: bool) -> None:
    """MSH-15 and MSH-16 empty is the original mode; otherwise they say which levels are wanted."""
    message = reader.read(
        parse(BASES["creation"].replace("2.5^FRA^2.11|||||FRA", f"2.5^FRA^2.11|{modes}|FRA").encode())
    )
    ack = reader.read(parse(BASES["answer"].replace("MSA|AA", f"MSA|{code}").encode()))
    assert isinstance(message, AdtMessage)
    assert isinstance(ack, Ack)
    assert ("hl7v2.pam.ack-mode" in {f.code for f in rules.judge_answer(ack, message)}) is expected


def test_an_event_that_france_does_not_use_must_not_be_accepted() -> None:
    """A08 answered AA is told; answered AE it is not."""
    message = reader.read(parse(BASES["creation"].replace("A28^ADT_A05", "A08^ADT_A01").encode()))
    assert isinstance(message, AdtMessage)
    for name, expected in (("answer", True), ("refusal", False)):
        ack = reader.read(parse(BASES[name].replace("ACK^A28", "ACK^A08").encode()))
        assert isinstance(ack, Ack)
        found = {f.code for f in rules.judge_answer(ack, message)}
        assert ("hl7v2.pam.ack-accepts-refused" in found) is expected


def test_what_only_the_later_version_says_is_a_note_before_it() -> None:
    """A segment that 2.11.2 does not use is a note in a message of 2.9, and never an error in one of 2.11."""
    later = BASES["admission"].replace("A01^ADT_A01", "A05^ADT_A05").replace("PV2|||||", "PV2|||X||")
    before = later.replace("2.11", "2.9")
    for text, expected in ((later, Severity.WARNING), (before, Severity.NOTE)):
        value = reader.read(parse(text.encode()))
        assert isinstance(value, AdtMessage)
        told = {f.code: f.severity for f in rules.judge(value)}
        assert told["hl7v2.pam.segment-unused"] is expected
        assert told["hl7v2.pam.forbidden"] is expected


@pytest.mark.parametrize("base", ["admission", "creation", "merge", "change"])
def test_an_ins_goes_only_with_a_validated_identity(base: str) -> None:
    """PID-32 other than VALI beside an INS is an error of the INS rules, in PAM as elsewhere."""
    text = BASES[base].replace(BARE, PID).replace("VALI", "PROV")
    value = reader.read(parse(text.encode()))
    assert isinstance(value, AdtMessage)
    assert "hl7v2.ins.not-qualified" in {f.code for f in rules.judge(value)}


def test_check_judges_pam_messages_and_their_answers() -> None:
    """`check` gives a verdict on a PAM message and on an answer to one."""
    for name in BASES:
        report = check(name, BASES[name].encode())
        assert report.verdict == "conform", report
    assert check("x", BASES["creation"].replace("A28^ADT_A05", "A08^ADT_A01").encode()).verdict == "nonconform"


def test_one_movement_number_inserted_twice_is_told() -> None:
    """Two messages of one file, or of two, that insert one movement; the same message twice says nothing new."""
    one = BASES["admission"].encode()
    other = one.replace(b"|C1|", b"|C2|")
    code = "hl7v2.pam.movement-repeated"
    assert sum(f.code == code for f in check("a", one + other).findings) == 2
    assert sum(f.code == code for f in check("a", one + one).findings) == 0
    found = check_files({"a": one, "b": other, "c": one.replace(b"ZBE|M1", b"ZBE|M2")})
    assert [sum(f.code == code for f in report.findings) for report in found] == [1, 1, 0]


@given(
    base=st.sampled_from(sorted(BASES)),
    at=st.floats(0, 1, exclude_max=True),
    size=st.integers(0, 12),
    new=st.one_of(st.binary(max_size=12), st.text('|^~&\\\r"0AZ', max_size=12).map(str.encode)),
)
def test_no_damage_makes_check_crash(base: str, at: float, size: int, new: bytes) -> None:
    """Bytes replaced anywhere give a report, whatever its verdict, of a bounded size."""
    raw = BASES[base].encode()
    cut = int(at * len(raw))
    report = check("damaged", raw[:cut] + new + raw[cut + size :])
    assert len(report.findings) < 200
    assert report.verdict in ("conform", "nonconform", "unreadable", "not-judged")


@pytest.mark.parametrize(
    "junk", [b"MSH|^~\\&|", b"MSH|^~\\&||||||||ADT\rPID\rZBE", b'MSH|^~\\&||||||||ADT^A01\rPID|~^&\rZBE|~~|""\rZFD|^']
)
def test_hostile_bytes_are_judged_without_a_crash(junk: bytes) -> None:
    """Truncated and empty segments make findings."""
    assert check("junk", junk).findings

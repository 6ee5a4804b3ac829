"""Observations of what passes over SMTP: kinds, values and the keys by which a mail finds its case."""

from __future__ import annotations

import time

import mss_mails as m
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.evidence.values import Direction, Exchange, Observation
from conformance.standards.mail import rules
from conformance.standards.mail.contents import contents
from conformance.standards.mail.observe import observe
from conformance.standards.mail.syntax import Mail, parse
from conformance.standards.observe import observe as observe_any


def heard(raw: bytes, direction: Direction = Direction.FROM_VENDOR, **facts: str) -> Observation:
    """The observation of a mail."""
    told = {"protocol": "smtp", "event": "mail", **facts}
    return observe(Exchange("x1", "mss", direction, 1, 0, raw, told, facts.get("answers")))


def test_a_mail_is_attributed_by_its_documents_then_itself_then_its_patient() -> None:
    """Unique ids of the CDA enclosed, Message-ID, matricules of documents and addresses; local numbers last."""
    found = heard(m.mail(), rcpt_to=m.PATIENT)
    assert found.kind == "mail"
    assert isinstance(found.value, Mail)
    assert found.keys == (("document", m.UID), ("message", "1.20260105@banc.mssante.fr"), ("patient", m.INS))
    local = heard(m.mail({"To": m.PRO, "References": "<0@a.fr>"}, documents=(m.cda(ins=""),)))
    assert local.keys[-1] == ("patient", "B17")
    assert ("message", "0@a.fr") in local.keys


def test_receipts_deliveries_sessions_and_answers_are_told_apart() -> None:
    """Each event of the operator's channel has its kind."""
    mdn = m.bare(
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"', "", "--b", "", "Lu",
        "--b", "Content-Type: message/disposition-notification", "", "Original-Message-ID: <1@a.fr>",
        "Disposition: manual-action/MDN-sent-manually; displayed", "--b--",
    )  # fmt: skip
    assert heard(mdn).kind == "mail-mdn"
    assert ("message", "1@a.fr") in heard(mdn).keys
    assert heard(m.mail(), Direction.TO_VENDOR).kind == "mail-delivered"
    assert heard(b"250 OK", Direction.TO_VENDOR, answers="x0").kind == "mail-reply"
    session = observe_any(
        Exchange("x", "mss", Direction.FROM_VENDOR, 1, 0, b"", {"protocol": "smtp", "event": "session"})
    )
    assert session.kind == "mail-session"
    broken = heard(b"\x00\x01", rcpt_to=f"<{m.PATIENT}>")
    assert (broken.kind, broken.keys) == ("mail-malformed", (("patient", m.INS),))
    assert [f.code for f in broken.findings] == ["mail.syntax.not-a-mail"]


def test_what_a_mail_encloses_is_told_apart() -> None:
    """An IHE_XDM archive, another zip, a PDF and a CDA attached bare."""
    held = contents(parse(m.mail(files=(("notes.zip", b"PK\x05\x06" + bytes(18)), ("cr.xml", m.cda(uid="1.2.3"))))))
    assert [a.part.filename for a in held.archives] == ["IHE_XDM.zip"]
    assert [a.part.filename for a in held.zips] == ["notes.zip"]
    assert len(held.pdfs) == 1
    assert [d.header.unique_id for d in held.bare] == ["1.2.3"]
    assert held.unique_ids == (m.UID, "1.2.3")


WHOLE = m.mail()


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=60), st.integers(0, 40))
def test_no_damage_makes_the_judge_crash(at: int, noise: bytes, cut: int) -> None:
    """Whatever is changed, a mail is observed and judged, or told malformed."""
    found = heard(WHOLE[:at] + noise + WHOLE[at + cut :])
    assert found.kind.startswith("mail")
    if isinstance(found.value, Mail):
        assert all(f.code.startswith("mail.") for f in rules.judge(rules.Letter(found.value)))


def test_a_mail_of_100_kb_is_judged_in_a_few_milliseconds() -> None:
    """Once its PDF and archive have been opened, judging costs less than 30 ms of processor time."""
    raw = m.mail(files=(("notes.zip", bytes(60_000)),))
    assert len(raw) > 90_000
    letter = rules.Letter(parse(raw))
    list(rules.judge(letter))
    start = time.process_time()
    for _ in range(5):
        list(rules.judge(rules.Letter(parse(raw))))
    assert (time.process_time() - start) / 5 < 0.03

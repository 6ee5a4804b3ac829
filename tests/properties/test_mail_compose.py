"""Properties of mails made through the pilot, and of the product's log, on literal traffic."""

from __future__ import annotations

import mail_scenes as m
import pytest
from mail_scenes import Scene, errors

from conformance.evidence.values import Direction, Sent, Severity
from conformance.standards.mail import builders

REPLY, DELIVERY, READ = "mss.reply-headers", "mss.delivery-receipt-request", "mss.read-receipt-request"
RETURN, DELETION = "mss.return-address", "mss.deletion-notice"
TRACES, CONTENT, RECEIPT = "mss.functional-traces", "mss.trace-content", "mss.delivery-receipt-traced"


def compose() -> Scene:
    """An empty scene of the exercise."""
    return Scene(exercise="mail.compose")


def question(*references: str) -> Scene:
    """A mail delivered and read, to which the pilot is asked to reply."""
    spec = builders.MailSpec(
        sender=("Dr Hélène GARNIER", m.DOCTOR),
        to=(("", m.PFI),),
        subject="Question",
        text="Bonjour.",
        message_id=m.ID,
        sent_at=m.AT,
        in_reply_to=references[-1] if references else "",
        references=references,
    )
    scene = compose().deliver(builders.build(spec)).read()
    payload = {"mailbox": m.PFI, "message_id": f"<{m.ID}>", "text": "Oui."}
    return scene.pilot("reply", "mail.reply/1", payload, {"message_id": "<new1@pfi>"})


@pytest.mark.example(REPLY, "positive")
def test_a_reply_that_carries_the_whole_chain() -> None:
    """RFC 5322, 3.6.4: In-Reply-To is the original, References the chain and the original."""
    chain = f"References: <a@b> <c@d> <{m.ID}>"
    found, seen = question("a@b", "c@d").write(m.letter(f"In-Reply-To: <{m.ID}>", chain)).judge(REPLY)
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(REPLY, "negative")
@pytest.mark.parametrize(
    ("headers", "id", "code"),
    [
        ((f"References: <{m.ID}>",), "new1@pfi", "mss.reply.in-reply-to"),
        ((f"In-Reply-To: <{m.ID}>",), "new1@pfi", "mss.reply.references"),
        ((f"In-Reply-To: <{m.ID}>", f"References: <{m.ID}> <x@y>"), "new1@pfi", "mss.reply.references"),
        ((f"In-Reply-To: <{m.ID}>", f"References: <{m.ID}>"), "", "mss.reply.message-id"),
    ],
)
def test_a_reply_that_is_not_tied_is_an_error(headers: tuple[str, ...], id: str, code: str) -> None:
    """Each of the three fields is asked for by the statement."""
    found, seen = question().write(m.letter(*headers, id=id)).judge(REPLY)
    assert errors(found) == [code]
    assert seen == []


def test_a_shortened_chain_is_advice() -> None:
    """The statement asks for the original; the whole chain is better."""
    letter = m.letter(f"In-Reply-To: <{m.ID}>", f"References: <{m.ID}>")
    found, seen = question("a@b").write(letter).judge(REPLY)
    assert [(f.code, f.severity) for f in found] == [("mss.reply.chain-cut", Severity.ADVICE)]
    assert seen


def test_a_read_receipt_is_no_reply() -> None:
    """An MDN that goes to the sender is not the reply that was asked for."""
    assert question().write(m.mdn()).judge(REPLY) == ([], [])


@pytest.mark.example(DELIVERY, "positive")
@pytest.mark.example(READ, "positive")
def test_receipts_asked_are_requested() -> None:
    """Return-Receipt-To and Disposition-Notification-To with the sending address; and nothing when not asked."""
    letter = m.letter(f"Return-Receipt-To: <{m.PFI}>", f"Disposition-Notification-To: PFI <{m.PFI}>")
    scene = compose().sending(delivery_receipt=True, read_receipt=True).write(letter)
    for property in (DELIVERY, READ):
        found, seen = scene.judge(property)
        assert found == []
        assert [w.assertion for w in seen] == ["receipt requested"]
        plain = compose().sending().write(m.letter())
        assert plain.judge(property)[0] == []


@pytest.mark.example(DELIVERY, "negative")
@pytest.mark.example(READ, "negative")
def test_a_receipt_asked_in_vain_is_an_error() -> None:
    """No header is an error; another address is one for the DSN, whose statement gives it, advice for the MDN."""
    scene = compose().sending(delivery_receipt=True, read_receipt=True).write(m.letter())
    assert errors(scene.judge(DELIVERY)[0]) == ["mss.delivery-receipt.not-requested"]
    assert errors(scene.judge(READ)[0]) == ["mss.read-receipt.not-requested"]
    other = m.letter("Return-Receipt-To: <x@y.fr>", "Disposition-Notification-To: <x@y.fr>")
    scene = compose().sending(delivery_receipt=True, read_receipt=True).write(other)
    assert errors(scene.judge(DELIVERY)[0]) == ["mss.delivery-receipt.other-address"]
    assert [(f.code, f.severity) for f in scene.judge(READ)[0]] == [("mss.read-receipt.other-address", Severity.ADVICE)]


def test_a_receipt_nobody_asked_for_is_advice() -> None:
    """The request is there all the time."""
    scene = compose().sending().write(m.letter(f"Return-Receipt-To: <{m.PFI}>"))
    assert [f.severity for f in scene.judge(DELIVERY)[0]] == [Severity.ADVICE]


def test_a_pilot_that_did_not_send_proves_nothing() -> None:
    """A refused stimulus leaves the row without a witness."""
    scene = compose().pilot("send", "mail.send/1", {"delivery_receipt": True}, status="refused").write(m.letter())
    assert scene.judge(DELIVERY) == ([], [])


def returns(*replies: str) -> Scene:
    """Two return addresses set, a mail after each with that Reply-To."""
    scene = compose()
    for number, (address, told) in enumerate(zip(("a@banc.mssante.fr", "b@banc.mssante.fr"), replies, strict=True), 1):
        setting = {"name": "mss.reply-to", "value": address}
        scene.pilot(f"set-{number}", "settings.set/1", setting, status="accepted")
        scene.pilot(
            f"send-{number}", "mail.send/1", {"subject": "Message du banc ABC"}, {"message_id": f"<{number}@p>"}
        )
        scene.write(m.letter(*([f"Reply-To: <{told}>"] if told else []), id=f"{number}@p"))
    return scene


@pytest.mark.example(RETURN, "positive")
def test_two_return_addresses_in_turn() -> None:
    """Each mail has the address that was in force."""
    found, seen = returns("a@banc.mssante.fr", "B@banc.mssante.fr").judge(RETURN)
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(RETURN, "negative")
@pytest.mark.parametrize("second", ["a@banc.mssante.fr", ""])
def test_a_return_address_that_stays_is_an_error(second: str) -> None:
    """The second setting changes nothing, or no Reply-To is there at all."""
    found, seen = returns("a@banc.mssante.fr", second).judge(RETURN)
    assert [(f.code, f.expected) for f in found] == [("mss.return-address.ignored", "b@banc.mssante.fr")]
    assert seen == []


def deleted(*warned: str) -> Scene:
    """A document mailed to two professionals, its deletion, the notice to these addresses."""
    uid = m.s.UID
    scene = compose().write(m.received(receipt=False), m.DOCTOR, m.OTHER)
    scene.pilot("delete", "document.delete/1", {"document": uid}, status="accepted")
    if warned:
        scene.write(m.letter(id="n@p", subject="Document supprimé"), *warned)
    return scene


@pytest.mark.example(DELETION, "positive")
def test_every_recipient_is_warned() -> None:
    """The notice goes to both."""
    found, seen = deleted(m.DOCTOR, m.OTHER).judge(DELETION)
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(DELETION, "negative")
def test_a_recipient_left_out_is_an_error() -> None:
    """A notice to one only, or to the sender only, or to nobody (then an absence)."""
    found, _ = deleted(m.DOCTOR).judge(DELETION)
    assert [(f.code, f.expected, f.absence) for f in found] == [("mss.deletion.recipient-not-told", m.OTHER, False)]
    found, seen = deleted(m.PFI).judge(DELETION)
    assert errors(found) == ["mss.deletion.recipient-not-told"] * 2
    assert [f.code for f in found if f.severity is Severity.ADVICE] == ["mss.deletion.stranger-told"]
    assert seen == []
    assert all(f.absence for f in deleted().judge(DELETION)[0])


@pytest.mark.example(TRACES, "positive")
def test_every_operation_has_its_entry() -> None:
    """A sending, a reading and a deletion, in French or English words."""
    scene = compose().deliver(m.received()).read().command("STORE", body=b"\\Seen \\Deleted").command("EXPUNGE")
    scene.sending().write(m.letter())
    scene.log(m.trace("send", "new1@pfi"), m.trace("Consultation du message", m.ID), m.trace("delete", m.ID))
    found, seen = scene.judge(TRACES)
    assert found == []
    assert {w.assertion for w in seen} == {"send traced", "read traced", "delete traced"}


@pytest.mark.example(TRACES, "negative")
@pytest.mark.parametrize("missing", ["send", "read", "delete"])
def test_an_operation_without_entry_is_an_error(missing: str) -> None:
    """What the operator saw is not in the log."""
    scene = compose().deliver(m.received()).read().command("EXPUNGE").sending().write(m.letter())
    every = {"send": m.trace("send", "new1@pfi"), "read": m.trace("read", m.ID), "delete": m.trace("delete", m.ID)}
    scene.log(*(entry for kind, entry in every.items() if kind != missing))
    found, _ = scene.judge(TRACES)
    assert [(f.code, f.subject) for f in found] == [("mss.trace.missing", missing)]


def test_a_trace_of_nothing_is_advice_and_unknown_words_prove_nothing() -> None:
    """An entry for a mail that the operator never got; an entry whose words we do not know."""
    scene = compose().sending().write(m.letter()).log(m.trace("send", "new1@pfi"), m.trace("send", "ghost@pfi"))
    assert [(f.code, f.severity) for f in scene.judge(TRACES)[0]] == [("mss.trace.without-operation", Severity.ADVICE)]
    vague = compose().sending().write(m.letter()).log(m.trace("op 12"))
    assert vague.judge(TRACES) == ([], [])
    silent = compose().sending().write(m.letter())
    assert silent.judge(TRACES) == ([], [])


@pytest.mark.example(CONTENT, "positive")
def test_entries_are_whole_when_it_works_and_when_it_fails() -> None:
    """Author, time, action, request and answer; the refusal of the operator is told."""
    fine = compose().sending().write(m.letter()).log(m.trace("send", "new1@pfi"))
    assert fine.judge(CONTENT)[0] == []
    assert [w.assertion for w in fine.judge(CONTENT)[1]] == ["entries whole"]
    refused = compose().sending().write(m.letter(), reply="554")
    refused.log(m.trace("send", "new1@pfi", outcome="failed", response="554 5.6.0 Message refused"))
    assert [w.assertion for w in refused.judge(CONTENT)[1]] == ["failure traced"]


@pytest.mark.example(CONTENT, "negative")
@pytest.mark.parametrize("name", ["author", "request", "response"])
def test_an_entry_that_lacks_something_is_an_error(name: str) -> None:
    """Each element is in the statement."""
    scene = compose().sending().write(m.letter()).log(m.trace("send", "new1@pfi", **{name: ""}))
    found, seen = scene.judge(CONTENT)
    assert [(f.code, f.location.path) for f in found] == [("mss.trace.incomplete", name)]
    assert seen == []


def test_a_refusal_untold_or_told_as_a_success_is_an_error() -> None:
    """The log says nothing of the failure, or says the contrary."""
    refused = compose().sending().write(m.letter(), reply="554").log(m.trace("send", "new1@pfi"))
    assert errors(refused.judge(CONTENT)[0]) == ["mss.trace.outcome-differs"]
    untold = compose().sending().write(m.letter(), reply="554").log(m.trace("connect"))
    assert errors(untold.judge(CONTENT)[0]) == ["mss.trace.failure-missing"]
    early = compose().sending()
    facts = {"protocol": "smtp", "event": "session", "fault": "auth-refused"}
    early.put("mss", Direction.FROM_VENDOR, b"", facts)
    early.log(m.trace("connect"))
    assert errors(early.judge(CONTENT)[0]) == ["mss.trace.failure-missing"]


def answered(*entries: object) -> Scene:
    """A mail whose delivery report comes back and is read; then the log."""
    scene = compose().sending(delivery_receipt=True).write(m.letter(f"Return-Receipt-To: <{m.PFI}>"))
    scene.report(m.dsn("new1@pfi")).read("dsn1@mss.example")
    return scene.log(*entries)  # type: ignore[arg-type]


@pytest.mark.example(RECEIPT, "positive")
def test_a_receipt_is_traced() -> None:
    """An entry that names the mail it is about."""
    found, seen = answered(m.trace("send", "new1@pfi"), m.trace("Accusé de réception", "new1@pfi")).judge(RECEIPT)
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(RECEIPT, "negative")
def test_a_receipt_without_a_trace_is_an_error() -> None:
    """The report was read and nothing is written of it; unread, it is only an absence."""
    found, seen = answered(m.trace("send", "new1@pfi")).judge(RECEIPT)
    assert [(f.code, f.absence) for f in found] == [("mss.receipt.not-traced", False)]
    assert seen == []
    unread = compose().sending().write(m.letter()).report(m.dsn("new1@pfi")).log(m.trace("send", "new1@pfi"))
    assert [f.absence for f in unread.judge(RECEIPT)[0]] == [True]


def test_a_receipt_traced_for_nothing_in_particular_is_advice() -> None:
    """The entry does not say which mail was received."""
    found, seen = answered(m.trace("send", "new1@pfi"), m.trace("receipt")).judge(RECEIPT)
    assert [(f.code, f.severity) for f in found] == [("mss.receipt.other-mail", Severity.ADVICE)]
    assert seen


def test_a_failed_query_is_no_evidence() -> None:
    """A log that could not be read proves nothing."""
    scene = compose().sending().write(m.letter())
    scene.sent.append(Sent("log", "", None, "pilot-unsupported"))
    assert scene.judge(TRACES) == ([], [])
    assert scene.judge(CONTENT) == ([], [])


def test_what_the_product_does_by_itself_asks_nothing_of_the_server() -> None:
    """An entry for the opening of an archive has no request; the reading of a receipt is traced as a receipt."""
    scene = compose().sending(delivery_receipt=True).write(m.letter())
    scene.report(m.dsn("new1@pfi")).read("dsn1@mss.example")
    scene.log(m.trace("send", "new1@pfi"), m.trace("open archive", request="", response=""), m.trace("receipt"))
    for property in (TRACES, CONTENT):
        found, seen = scene.judge(property)
        assert errors(found) == []
        assert seen

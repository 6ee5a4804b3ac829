"""The exercise `mail.compose`: what it asks of the pilot, in which order, and by the schemas of the pilot API."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from jsonschema import Draft202012Validator

from conformance.bench.api import Acted
from conformance.evidence.codec import from_plain, to_plain
from conformance.evidence.values import Exchange, Sent
from conformance.exercises import registry
from conformance.exercises.mail_compose import SECOND, MailCompose
from conformance.exercises.mailboxes import mailbox
from conformance.generation import composed
from conformance.generation.binding import bind
from conformance.generation.people import PROFESSIONALS
from conformance.models.mail import ComposedMail
from conformance.texts import all_texts

SCHEMAS = Path(__file__).resolve().parents[2] / "profiles" / "schema" / "pilot"
EXERCISE = MailCompose()
PLAIN = composed.plainest()
FEW = hypothesis_settings(
    max_examples=5, phases=[Phase.generate], deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def schema(kind: str) -> dict[str, Any]:
    """The published schema of a kind."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{kind.replace('/', '-')}.schema.json").read_text())
    return found


@dataclass
class Notebook:
    """A `Drive` that notes what is asked of it; `refused` are the names of the stimuli that the pilot refuses."""

    as_of: date = date(2026, 1, 5)
    settings: Mapping[str, object] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    calls: list[tuple[str, ...]] = field(default_factory=list)
    payloads: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)

    def _asked(self, what: str, kind: str, payload: Mapping[str, Any], name: str) -> Acted:
        Draft202012Validator(schema(kind)["properties"]["payload"]).validate(payload)
        self.calls.append((what, kind, name))
        self.payloads[name] = payload
        if name in self.refused:
            return Acted(Sent(name, "x", "y", "pilot-unsupported"), "unsupported")
        data = {"cursor": "7", "entries": []} if kind == "log.read/1" else {"message_id": f"<{name}@p>"}
        return Acted(Sent(name, "x", "y"), "done", data=data)

    async def stimulate(self, kind: str, payload: Mapping[str, Any], *, name: str, **more: object) -> Acted:
        return self._asked("stimulus", kind, payload, name)

    async def query(self, kind: str, payload: Mapping[str, Any], *, name: str, **more: object) -> Acted:
        return self._asked("query", kind, payload, name)

    async def configure(self, service: str, settings: Mapping[str, str]) -> None:
        self.calls.append(("configure", service, *(f"{k}={v}" for k, v in sorted(settings.items()))))

    async def instruct(self, service: str, verb: str, body: bytes = b"", *, name: str, **values: object) -> Sent:
        self.calls.append(("instruct", service, verb, str(values["to"])))
        self.bodies[name] = body
        return Sent(name, "x")

    async def send(self, endpoint: str, body: bytes, *, name: str, **more: object) -> Sent:
        self.calls.append(("send", endpoint, name))
        self.bodies[name] = body
        return Sent(name, "x", "y", "refused" if name in self.refused else None)

    async def wait(self, channel: str, mark: bytes = b"", *, event: str = "", **more: object) -> Exchange | None:
        self.calls.append(("wait", channel, mark.decode(), event))
        return Exchange("x", channel, None, 1, 0, b"")  # type: ignore[arg-type]

    async def quiet(self) -> bool:
        self.calls.append(("quiet",))
        return True


def drive(case: ComposedMail, **more: Any) -> Notebook:
    """The case driven on paper."""
    notebook = Notebook(**more)
    asyncio.run(EXERCISE.drive(notebook, case, bind("0a1b2c3d", 1)))  # type: ignore[arg-type]
    return notebook


def test_a_mail_is_sent_between_two_readings_of_the_log() -> None:
    """The second reading starts where the first ended; the operator's side is waited for by Message-ID."""
    found = drive(replace(PLAIN, delivery_receipt=True, to=PROFESSIONALS[:2], html=True))
    assert [c[0] for c in found.calls] == ["query", "stimulus", "wait", "quiet", "query"]
    assert ("wait", "mss", "send@p", "mail") in found.calls
    assert found.payloads["log"] == {"kind": "mail", "since": "7"}
    sent = found.payloads["send"]
    assert sent["to"] == [f"ps{who.rpps}@banc.mssante.fr" for who in PROFESSIONALS[:2]]
    assert (sent["delivery_receipt"], sent["read_receipt"]) == (True, False)
    assert "<p>Bonjour,</p>" in sent["html"]


def test_a_reply_is_to_a_mail_that_was_delivered_in_a_thread() -> None:
    """The mail in the mailbox quotes its thread; the pilot replies to its Message-ID."""
    found = drive(ComposedMail("reply", PROFESSIONALS[:1], thread=2))
    mail = email.message_from_bytes(found.bodies["deliver"], policy=email.policy.default)
    assert len(str(mail["References"]).split()) == 2
    assert str(mail["In-Reply-To"]) == str(mail["References"]).split()[-1]
    assert found.payloads["reply"]["message_id"] == str(mail["Message-ID"])


def test_two_return_addresses_are_set_each_before_a_mail() -> None:
    """The usual one comes last, so that the product is left as it was."""
    found = drive(ComposedMail("return-address", PROFESSIONALS[:1]))
    names = [c[2] for c in found.calls if c[0] == "stimulus"]
    assert names == ["set-1", "send-1", "set-2", "send-2"]
    assert [found.payloads[n]["value"] for n in ("set-1", "set-2")] == [SECOND, mailbox({}, "return")]


def test_a_document_is_mailed_then_deleted() -> None:
    """The deletion names the document of the message."""
    found = drive(ComposedMail("deletion", PROFESSIONALS[:2]))
    assert found.payloads["delete"]["document"].encode() in found.bodies["document"]
    assert b"DESTMSSANTEPS" in found.bodies["document"]
    assert all(f"ps{who.rpps}@banc.mssante.fr".encode() in found.bodies["document"] for who in PROFESSIONALS[:2])
    refused = drive(ComposedMail("deletion", PROFESSIONALS[:2]), refused=frozenset({"document"}))
    assert "delete" not in refused.payloads


def test_the_operator_behaves_as_the_case_says() -> None:
    """A fault or receipts are set before the mail is asked for; receipts are then read in the mailbox."""
    found = drive(replace(PLAIN, fault="data-5xx"))
    assert ("configure", "mss", "fault=data-5xx") in found.calls
    back = drive(replace(PLAIN, receipts="both", delivery_receipt=True))
    assert ("configure", "mss", "receipts=both") in back.calls
    assert ("wait", "imap", "", "command") in back.calls


def test_a_pilot_that_does_not_act_is_not_waited_for() -> None:
    """No mail is waited for when none was made; the log is read all the same."""
    found = drive(PLAIN, refused=frozenset({"send"}))
    assert [c[0] for c in found.calls] == ["query", "stimulus", "quiet", "query"]


@pytest.mark.parametrize(("options", "box"), [(frozenset(), "application"), (frozenset({"bal-per-org"}), "personal")])
def test_a_personal_mailbox_is_only_asked_of_products_that_serve_some(options: frozenset[str], box: str) -> None:
    """Declared by `bal-per-org`."""
    found = drive(replace(PLAIN, mailbox="personal"), options=options)
    assert found.payloads["send"]["mailbox"] == mailbox({}, box)


@pytest.mark.parametrize("label", sorted(composed.LABELS))
def test_every_class_of_composed_mails_can_be_generated(label: str) -> None:
    """Each label has its text, a case of it bears it, and simpler cases are others."""
    assert f"label.{label}" in all_texts()

    @FEW
    @given(composed.composed(label))
    def check(case: ComposedMail) -> None:
        assert label in composed.labels_of(case)
        assert composed.labels_of(case) <= composed.LABELS
        assert from_plain(to_plain(case), ComposedMail) == case
        assert case not in composed.simpler(case)
        drive(case)  # every payload is checked against its schema

    check()


def test_what_needs_another_door_is_only_driven_when_asked() -> None:
    """Cases of no class in particular never delete documents: that needs an endpoint some targets lack."""

    @hypothesis_settings(FEW, max_examples=80)
    @given(composed.composed())
    def check(case: ComposedMail) -> None:
        assert case.action in ("send", "reply", "mailbox")

    check()


def test_the_registry_gives_mail_compose() -> None:
    """Exclusive, heavy, and in need of a pilot that sends mails."""
    found = registry.get("mail.compose")
    assert found.needs == {"service:mss", "pilot:mail.send/1"}
    assert (EXERCISE.exclusive, EXERCISE.weight) == (True, 10)
    assert found.labels_of(found.sentinel()) == {"composed:plain", "composed:no-receipt"}

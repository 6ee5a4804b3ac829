"""The Pilot API: schemas, messages, and how strictly an answer is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from conformance.bench.pilot import contract
from conformance.bench.pilot.contract import Answer, PilotFault, Query, Status, Stimulus
from conformance.bench.pilot.kinds import envelope, kind_of, kinds, schemas
from conformance.bench.pilot.openapi import PAGE, openapi, page
from conformance.errors import InternalError
from conformance.texts import all_texts

ROOT = Path(__file__).resolve().parents[2]
KINDS = sorted(kinds())


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_schema_is_a_json_schema(name: str) -> None:
    """The committed files are valid under the meta-schema of JSON Schema 2020-12, and named after their kind."""
    schema = schemas()[name]
    Draft202012Validator.check_schema(dict(schema))
    assert schema["title"].replace("/", "-") + ".schema.json" == name == schema["$id"]


@pytest.mark.parametrize("name", KINDS)
def test_each_gesture_names_only_what_the_payload_has(name: str) -> None:
    """A person is asked for every stimulus in both languages, from members of its payload alone; never for a query."""
    kind = kind_of(name)
    text = all_texts().get(kind.gesture)
    assert (text is not None) == kind.by_hand == (kind.role == "stimulus")
    if text is not None:
        asked = {word.partition("}")[0] for word in text.fr.split("{")[1:]}
        assert asked <= kind.payload["properties"].keys()


def test_every_failure_is_explained() -> None:
    """Each failure has a sentence and a remedy for the person who writes the adapter."""
    for failure in contract.FAILURES:
        assert all_texts()[f"pilot.failure.{failure}"].remedy_fr


def test_an_unknown_kind_is_a_fault_of_the_bench() -> None:
    """Nothing is ever asked that the catalogue does not hold."""
    with pytest.raises(InternalError):
        kind_of("mail.send/9")


def test_the_openapi_description_is_up_to_date_and_valid() -> None:
    """What is committed is made from the schemas, and an independent validator takes it for OpenAPI 3.1."""
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()
    assert list(OpenAPIV31SpecValidator(openapi()).iter_errors()) == []


@pytest.mark.parametrize("call", [False, True])
def test_a_request_obeys_its_schema(call: bool) -> None:
    """The bytes of a request, literally; `call` is added where no address says it."""
    asked = Stimulus("a-1", "mail.fetch/1", {"mailbox": "p@x.fr"}, {"ipp": "B1"})
    told = json.loads(contract.request(asked, call=call))
    assert told == {
        "api": "pilot/1",
        "id": "a-1",
        "kind": "mail.fetch/1",
        "subject": {"ipp": "B1"},
        "payload": {"mailbox": "p@x.fr"},
        **({"call": "stimulus"} if call else {}),
    }
    assert envelope("request").is_valid(told)


GOOD = b'{"api":"pilot/1","id":"a-1","status":"done","ref":"R1","data":{"message_id":"<1@x>"}}'


def test_a_good_answer_is_read() -> None:
    """Status, reference and data come out as they were sent, with the bytes."""
    assert contract.answer(GOOD, "a-1", "mail.send/1") == Answer(
        "a-1", Status.DONE, ref="R1", data={"message_id": "<1@x>"}, raw=GOOD
    )


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"api":"pilot/1","id":"a-1","status":"accepted"}', "mail.send/1"),
        (b'{"api":"pilot/1","id":"a-1","status":"refused","reason":"non"}', "mail.send/1"),
        (b'{"api":"pilot/1","id":"a-1","status":"pending"}', "log.read/1"),
        (b'{"api":"pilot/1","id":"a-1","status":"done","data":null}', "session.read/1"),
        (b'{"api":"pilot/1","id":"a-1","status":"done","data":{"account":null}}', "account.read/1"),
        (b'\xef\xbb\xbf {"api":"pilot/1","id":"a-1","status":"done","data":{"of":"ours"}}\n', "mail.fetch/1"),
    ],
)
def test_other_good_answers(raw: bytes, kind: str) -> None:
    """What the contract leaves free is accepted."""
    assert contract.answer(raw, "a-1", kind).id == "a-1"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"OK",
        b"[1]",
        b'"done"',
        b'{"api":"pilot/1","id":"a-1","status":"done"',
        b'{"api":"pilot/1","id":"a-1","id":"a-2","status":"done"}',
        b'{"api":"pilot/1","id":"a-1","status":"done","data":{"n":NaN}}',
        b'{"api":"pilot/1","id":"a-1","status":"done","reason":"\\ud800"}',
        b'{"data":' + b"[" * 100000 + b"]" * 100000 + b"}",
        b'{"n":' + b"9" * 100000 + b"}",
        b'{"' + b'\\"' * 200000,
        b" " * (16 * 1024 * 1024 + 1),
    ],
)
def test_garbage(raw: bytes) -> None:
    """Bytes that are not one JSON object, whatever their size or depth, are garbage at once."""
    with pytest.raises(PilotFault) as caught:
        contract.answer(raw, "a-1", "mail.fetch/1")
    assert caught.value.failure == "pilot-garbage"
    assert len(caught.value.raw) <= PilotFault.KEPT


@pytest.mark.parametrize(
    ("raw", "kind", "says"),
    [
        (b"{}", "mail.fetch/1", "api"),
        (b'{"api":"pilot/2","id":"a-1","status":"done"}', "mail.fetch/1", "$.api"),
        (b'{"api":"pilot/1","id":"a-2","status":"done"}', "mail.fetch/1", "$.id"),
        (b'{"api":"pilot/1","id":1,"status":"done"}', "mail.fetch/1", "$.id"),
        (b'{"api":"pilot/1","id":"a-1","status":"ok"}', "mail.fetch/1", "$.status"),
        (b'{"api":"pilot/1","id":"a-1","status":"done","satus":1}', "mail.fetch/1", "satus"),
        (b'{"api":"pilot/1","id":"a-1","status":"done","data":[]}', "mail.fetch/1", "$.data"),
        (b'{"api":"pilot/1","id":"a-1","status":"done"}', "mail.send/1", "message_id"),
        (b'{"api":"pilot/1","id":"a-1","status":"accepted"}', "log.read/1", "accepted"),
        (
            b'{"api":"pilot/1","id":"a-1","status":"done","data":{"cursor":"1","entries":[{"at":"hier","action":"x"}]}}',
            "log.read/1",
            "$.data.entries[0].at",
        ),
        (
            b'{"api":"pilot/1","id":"a-1","status":"done","data":{"rows":[{"finess":"1","channel":"fax","type":"x",'
            b'"outcome":"success","count":1}]}}',
            "dashboard.read/1",
            "$.data.rows[0].channel",
        ),
    ],
)
def test_what_breaks_the_schema_is_named(raw: bytes, kind: str, says: str) -> None:
    """Another version, id, status or shape is `pilot-schema`, with the place."""
    with pytest.raises(PilotFault) as caught:
        contract.answer(raw, "a-1", kind)
    assert caught.value.failure == "pilot-schema"
    assert says in caught.value.detail


def test_capabilities_keep_only_what_the_catalogue_knows() -> None:
    """A kind of tomorrow does no harm; a list that is none is `pilot-schema`."""
    found = contract.capabilities(b'{"api":"pilot/1","kinds":["mail.send/1","fax.send/1"],"product":"P"}')
    assert found == {"mail.send/1"}
    with pytest.raises(PilotFault) as caught:
        contract.capabilities(b'{"api":"pilot/1","kinds":"mail.send/1"}')
    assert caught.value.failure == "pilot-schema"


def test_a_query_is_a_query() -> None:
    """`call` tells a query from a stimulus."""
    assert json.loads(contract.request(Query("q", "log.read/1"), call=True))["call"] == "query"

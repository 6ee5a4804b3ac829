"""The Pilot API of the reference, called with the standard library: token, envelope, once by id, dashboard."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from access_peers import TOKEN, Access
from jsonschema import Draft202012Validator

from conformance.reference.access.dashboard import rows
from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.defects import with_defects
from conformance.reference.ledger import Ledger

SCHEMAS = Path(__file__).resolve().parents[2] / "profiles" / "schema" / "pilot"


def create(login: str, name: str) -> dict[str, Any]:
    """The envelope of a creation."""
    payload = {"login": login, "family": "A", "given": "B", "permissions": []}
    return {"api": "pilot/1", "id": name, "kind": "account.create/1", "payload": payload}


@pytest.mark.parametrize("token", ["", "faux", TOKEN + "x"])
def test_without_its_token_the_pilot_does_nothing(access: Access, token: str) -> None:
    """401, on every address."""
    assert access.call("GET", "/capabilities", token=token)[0] == 401
    assert access.call("POST", "/stimuli", create("intrus", "i1"), token=token)[0] == 401
    assert access.read("account.read/1", login="intrus") == {"account": None}


def test_it_says_what_it_can_do_and_each_kind_has_its_schema(access: Access) -> None:
    """The kinds are those that the catalogue of the bench publishes; mail is left out without mailboxes."""
    status, told = access.call("GET", "/capabilities")
    assert status == 200
    assert told["api"] == "pilot/1"
    assert {"account.batch/1", "account.sync/1", "login.psc/1", "dashboard.read/1"} <= set(told["kinds"])
    assert "mail.send/1" not in told["kinds"]
    assert all((SCHEMAS / f"{kind.replace('/', '-')}.schema.json").is_file() for kind in told["kinds"])


def test_the_same_id_acts_once_even_when_asked_at_once(access: Access) -> None:
    """The second answer is the first one's: a second creation would be refused."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: access.call("POST", "/stimuli", create("une-fois", "meme"))[1], range(4)))
    assert [a["status"] for a in answers] == ["done"] * 4
    assert access.call("GET", "/stimuli/meme")[1] == answers[0]
    assert len(access.traces("account.create")) == 1
    assert access.call("GET", "/stimuli/jamais")[0] == 404


@pytest.mark.parametrize(
    "body", [[], {}, {"api": "pilot/2"}, {**create("x", "y"), "id": "../x"}, {**create("x", "y"), "payload": []}]
)
def test_what_is_no_request_of_the_api_is_an_error_of_http(access: Access, body: object) -> None:
    """400, nothing done."""
    assert access.call("POST", "/stimuli", body)[0] == 400


def test_an_unknown_kind_is_unsupported_and_a_faulty_payload_refused(access: Access) -> None:
    """Said, not guessed."""
    assert access.act("document.print/1")["status"] == "unsupported"
    assert access.act("account.create/1", login="x")["status"] == "refused"
    assert access.act("settings.set/1", name="couleur", value="bleu")["status"] == "refused"
    assert access.ask("/queries", "dashboard.read/1", {"from": "hier", "to": "demain"})["status"] == "refused"


def test_answers_follow_the_published_schemas(access: Access) -> None:
    """Validated with jsonschema, as the bench's own reader does."""
    import json

    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("/stimuli", "account.create/1", {"login": "s", "family": "A", "given": "B", "permissions": [],
                                           "password": "Un-bon-mot-de-passe-1"}),
        ("/stimuli", "login.password/1", {"login": "s", "password": "Un-bon-mot-de-passe-1"}),
        ("/stimuli", "login.psc/1", {"mode": "web"}),
        ("/stimuli", "account.sync/1", {}),
        ("/queries", "account.read/1", {"login": "s"}),
        ("/queries", "session.read/1", {"session": "nulle"}),
        ("/queries", "log.read/1", {"kind": "account"}),
        ("/queries", "dashboard.read/1", {"from": "2026-01-01", "to": "2026-12-31"}),
    ]  # fmt: skip
    for path, kind, payload in calls:
        schema = json.loads((SCHEMAS / f"{kind.replace('/', '-')}.schema.json").read_text(encoding="utf-8"))
        answer = access.ask(path, kind, payload)
        assert answer["status"] == "done", answer
        Draft202012Validator(schema).validate({"payload": payload, "data": answer["data"]})


def ledger() -> Ledger:
    """Three successes, one of them masked, and a failure."""
    made = Ledger()
    made.add("750000018", "dmp", "18748-4", "success", masked=True)
    made.add("750000018", "dmp", "18748-4", "success", masked=False)
    made.add("750000018", "mss-pro", "18748-4", "success", masked=False)
    made.add("750000018", "dmp", "18748-4", "failure", masked=False)
    return made


def row(channel: str, outcome: str, count: int, masked: int) -> dict[str, object]:
    """A row of the dashboard."""
    return {"finess": "750000018", "channel": channel, "type": "18748-4", "outcome": outcome, "count": count,
            "masked": masked}  # fmt: skip


def test_the_dashboard_counts_every_attempt_of_the_period() -> None:
    """By FINESS, channel, type and result; outside of the period there is nothing."""
    lines = ledger().read("2000-01-01", "2999-12-31")
    assert rows(lines, AccessBehaviour()) == [
        row("dmp", "failure", 1, 0),
        row("dmp", "success", 2, 1),
        row("mss-pro", "success", 1, 0),
    ]
    assert rows(ledger().read("2000-01-01", "2000-12-31"), AccessBehaviour()) == []


def test_defects_of_the_dashboard() -> None:
    """Failures left out; every document counted as masked."""
    lines = ledger().read("2000-01-01", "2999-12-31")
    without = with_defects(AccessBehaviour(), "access", ["dashboard-without-failures"])
    masked = with_defects(AccessBehaviour(), "access", ["dashboard-masked-wrong"])
    assert rows(lines, without) == [row("dmp", "success", 2, 1), row("mss-pro", "success", 1, 0)]
    assert rows(lines, masked)[1] == row("dmp", "success", 2, 2)

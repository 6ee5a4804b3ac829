"""Judges of accounts on literal traffic: RPPS looked up, synchronised, changed in bulk, traced."""

from __future__ import annotations

import pytest
from access_scenes import RPPS, Scene

from conformance.evidence.values import Severity
from conformance.models.access import AccountStory

LOOKUP, SYNC, BATCH, TRACES = (
    "accounts.rpps-lookup",
    "accounts.synchronisation",
    "accounts.bulk-update",
    "accounts.traces",
)


def creation(kind: str = "create") -> Scene:
    """The directory knows Dr Garnier, whose account is made."""
    scene = Scene(AccountStory(kind), "accounts")  # type: ignore[arg-type]
    scene.instructed("practitioner", "register", rpps=RPPS, family="GARNIER", given="Hélène")
    return scene.pilot("create", '{"login":"garnier","family":"GARNIER","profession":"10"}')


def asked(scene: Scene, status: int = 200, **criteria: str) -> Scene:
    """The product looks somebody up."""
    told = {f"asked_{k}": v for k, v in (criteria or {"family": "Garnier", "given": "Hélène"}).items()}
    found = RPPS if status == 200 else ""
    return scene.web("annuaire", "practitioners", "family=Garnier", status, "[]", found=found, **told)


def read(scene: Scene, name: str, rpps: str = RPPS) -> Scene:
    """The account as the pilot read it."""
    return scene.pilot(name, data=f'{{"account":{{"login":"garnier","rpps":"{rpps}","active":true}}}}')


@pytest.mark.example(LOOKUP, "positive")
@pytest.mark.parametrize("criteria", [{"family": "Garnier", "given": "Hélène"}, {"rpps": RPPS}])
def test_a_look_up_when_the_account_is_made_satisfies(criteria: dict[str, str]) -> None:
    """By name or by RPPS, through JSON or FHIR."""
    found, seen = read(asked(creation(), **criteria), "account").judged(LOOKUP)
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(LOOKUP, "negative")
def test_an_account_without_look_up_nor_rpps_is_an_error() -> None:
    """The account stands without RPPS and nobody was asked; somebody else being looked up changes nothing."""
    scene = read(asked(creation(), family="Autre", given="Yann"), "account", "")
    found, seen = scene.judged(LOOKUP)
    assert [(f.code, f.absence) for f in found] == [("ie.rpps.not-searched", False)]
    assert seen == []


def test_an_rpps_that_came_from_elsewhere_is_not_judged() -> None:
    """Known without our directory (PSC, a card): its source has to be shown by other means."""
    assert read(creation(), "account").judged(LOOKUP) == ([], [])


def test_an_rpps_found_and_not_kept_is_advice() -> None:
    """The statement asks for the look-up; keeping what it finds is the scenario's."""
    found, seen = read(asked(creation()), "account", "").judged(LOOKUP)
    assert [(f.code, f.severity) for f in found] == [("ie.rpps.not-kept", Severity.ADVICE)]
    assert seen


def later(scene: Scene) -> Scene:
    """Two years later."""
    return scene.pilot("clock", '{"name":"clock.days-forward","value":"732"}')


@pytest.mark.example(LOOKUP, "negative")
def test_no_look_up_after_two_years_is_an_absence() -> None:
    """Believed only once confirmed; a look-up after the clock moved is the witness."""
    found, seen = later(read(asked(creation("two-years")), "account")).judged(LOOKUP)
    assert [(f.code, f.absence) for f in found] == [("ie.rpps.not-searched-again", True)]
    assert seen == []
    found, seen = asked(later(asked(creation("two-years"))), rpps=RPPS).judged(LOOKUP)
    assert (found, len(seen)) == ([], 1)


def test_a_directory_that_is_down_only_puts_things_off() -> None:
    """503, then an answer: fine. Never asked again, or no account at all: advice."""
    fine = read(asked(asked(creation("directory-down"), 503)), "account-later")
    lost = read(asked(creation("directory-down"), 503), "account-later", "")
    blocked = Scene(AccountStory("directory-down"), "accounts").pilot("create", status="refused")
    assert fine.judged(LOOKUP)[0] == []
    assert [(f.code, f.severity) for f in lost.judged(LOOKUP)[0]] == [("ie.rpps.search-lost", Severity.ADVICE)]
    assert [f.code for f in blocked.judged(LOOKUP)[0]] == ["ie.rpps.creation-blocked"]
    tried = Scene(AccountStory("directory-down"), "accounts")
    tried.instructed("practitioner", "register", rpps=RPPS, family="GARNIER", given="Hélène")
    assert asked(tried, 503).pilot("create", status="refused").judged(LOOKUP)[1]  # looked up all the same
    assert lost.judged(LOOKUP)[1]


SOURCE = (
    '[{"login":"u0","family":"NEUF","given":"Yann","mail":"neuf@h.example","permissions":["ecrire"],"active":true}]'
)


def synchronised(account: str, gone: str = "null", *, taken: bool = True) -> Scene:
    """The directory changed, a synchronisation, the accounts as they then are."""
    scene = Scene(AccountStory("synchronisation"), "accounts")
    scene.instructed("accounts", "directory-1", "[]").pilot("sync-1").web("annuaire", "accounts", "", 200, "[]")
    scene.instructed("accounts", "directory-2", SOURCE).pilot("sync-2")
    if taken:
        scene.web("annuaire", "accounts", "", 200, SOURCE)
    return scene.pilot("after", data=f'{{"account":{account}}}').pilot("gone", data=f'{{"account":{gone}}}')


GOOD = '{"login":"u0","family":"NEUF","given":"Yann","mail":"neuf@h.example","permissions":["ecrire"]}'


@pytest.mark.example(SYNC, "positive")
def test_what_changed_at_the_source_is_found_in_the_account() -> None:
    """Identity and permissions equal to the source's; attributes that the pilot does not give are not judged."""
    for account in (GOOD, '{"login":"u0","family":"NEUF","permissions":["ecrire"]}'):
        found, seen = synchronised(account).judged(SYNC)
        assert (found, len(seen)) == ([], 1)


@pytest.mark.example(SYNC, "negative")
@pytest.mark.parametrize(
    ("account", "code"),
    [
        (GOOD.replace("NEUF", "VIEUX"), "iam.sync.identity"),
        (GOOD.replace('["ecrire"]', '["lire","ecrire"]'), "iam.sync.permissions"),
        (GOOD.replace('["ecrire"]', "[]"), "iam.sync.permissions"),
        ("null", "iam.sync.identity"),
    ],
)
def test_what_was_not_taken_over_is_an_error(account: str, code: str) -> None:
    """An old name, a permission kept or not given, no account at all."""
    assert synchronised(account).errors(SYNC) == [code]


def test_a_synchronisation_that_nobody_saw_proves_nothing() -> None:
    """The account is right and the directory was not read: no witness. An account gone and still active is advice."""
    assert synchronised(GOOD, taken=False).judged(SYNC) == ([], [])
    found, _ = synchronised(GOOD, '{"login":"u1","active":true}').judged(SYNC)
    assert [(f.code, f.severity) for f in found] == [("iam.sync.gone-still-active", Severity.ADVICE)]


NEW = '{"login":"u2","permissions":["consulter"],"active":true}'
CHANGED = '{"login":"u0","mail":"nouveau.u0@h.example","permissions":["ecrire"],"active":true}'


def batch(made: str, changed: str, closed: str, *, faulty: bool = False, status: str = "done") -> Scene:
    """A batch, and the three accounts that it is about."""
    scene = Scene(AccountStory("batch", faulty=faulty), "accounts").pilot("batch", status=status)
    for name, account in (("created", made), ("updated", changed), ("closed", closed)):
        scene.pilot(name, f'{{"login":"{name}"}}', f'{{"account":{account}}}')
    return scene


@pytest.mark.example(BATCH, "positive")
@pytest.mark.parametrize("closed", ["null", '{"login":"u1","active":false}'])
def test_a_batch_that_does_everything_satisfies(closed: str) -> None:
    """Removed or disabled: both are a deletion."""
    found, seen = batch(NEW, CHANGED, closed).judged(BATCH)
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(BATCH, "negative")
@pytest.mark.parametrize(
    ("made", "changed", "closed", "code"),
    [
        ("null", CHANGED, "null", "iam.batch.not-created"),
        (NEW, CHANGED.replace("nouveau.", ""), "null", "iam.batch.not-changed"),
        (NEW, CHANGED, '{"login":"u1","active":true}', "iam.batch.not-closed"),
        (NEW, CHANGED.replace('["ecrire"]', '["consulter","ecrire"]'), "null", "iam.batch.permission-not-removed"),
        (NEW, CHANGED.replace('["ecrire"]', "[]"), "null", "iam.batch.permission-not-added"),
    ],
)
def test_what_a_batch_did_not_do_is_an_error(made: str, changed: str, closed: str, code: str) -> None:
    """Each of the five actions of the row."""
    assert batch(made, changed, closed).errors(BATCH) == [code]


def test_a_faulty_line_that_spoils_the_others_is_advice_and_a_refusal_proves_nothing() -> None:
    """The statement does not speak of faulty lines; a batch refused as a whole may be the adapter's doing."""
    spoilt = batch("null", "null", "null", faulty=True)
    assert [(f.code, f.severity) for f in spoilt.judged(BATCH)[0]] == [("iam.batch.spoilt-by-a-line", Severity.ADVICE)]
    assert batch(NEW, CHANGED, "null", faulty=True).judged(BATCH)[0] == []
    assert batch("null", "null", "null", status="refused").judged(BATCH) == ([], [])


ENTRY = '{"at":"2026-01-05T09:31:00+01:00","author":"u0","action":"login","outcome":"ok","subject":{"login":"u0"}}'
NATURES = {
    "update": "attributes",
    "permissions": "permissions",
    "sign-in": "sign-in",
    "sign-in-failed": "sign-in",
    "password": "password",
    "password-failed": "password",
}


def life(**entries: str) -> Scene:
    """Every operation, and the log after each; `entries` replaces that of an operation (`sign_in_failed`)."""
    scene = Scene(AccountStory("life"), "accounts").pilot("create", '{"login":"u0","password":"Secret-123"}')
    for operation in NATURES:
        failing = operation.endswith("failed")
        usual = ENTRY.replace('"ok"', '"failed"') if failing else ENTRY
        entry = entries.get(operation.replace("-", "_"), usual)
        scene.pilot(operation, '{"login":"u0"}', status="refused" if failing else "done")
        scene.pilot(f"log-{operation}", data=f'{{"cursor":"c","entries":[{entry}]}}')
    return scene


@pytest.mark.example(TRACES, "positive")
@pytest.mark.parametrize("nature", sorted(set(NATURES.values())))
def test_a_whole_trace_of_each_operation_satisfies(nature: str) -> None:
    """Each scenario looks at its own operations alone."""
    found, seen = life().judged(TRACES, {"nature": nature})
    assert (found, len(seen)) == ([], sum(n == nature for n in NATURES.values()))


@pytest.mark.example(TRACES, "negative")
@pytest.mark.parametrize("operation", sorted(NATURES))
def test_an_operation_without_trace_is_an_error(operation: str) -> None:
    """No entry, or only one about another account."""
    parameters = {"nature": NATURES[operation]}
    for entry in ("", ENTRY.replace("u0", "u9")):
        scene = life(**{operation.replace("-", "_"): entry})
        assert [(f.code, f.subject) for f in scene.judged(TRACES, parameters)[0]] == [("iam.trace.missing", operation)]
    others = set(NATURES.values()) - {NATURES[operation]}
    assert all(life(**{operation.replace("-", "_"): ""}).errors(TRACES, {"nature": n}) == [] for n in others)


@pytest.mark.example(TRACES, "negative")
@pytest.mark.parametrize(
    ("entry", "code", "path"),
    [
        (ENTRY.replace('"author":"u0",', ""), "iam.trace.incomplete", "author"),
        (ENTRY.replace('"action":"login"', '"action":""'), "iam.trace.incomplete", "action"),
        (ENTRY.replace(',"outcome":"ok"', ""), "iam.trace.incomplete", "outcome"),
        (ENTRY.replace("2026-01-05T09:31:00+01:00", "hier"), "iam.trace.incomplete", "at"),
        (ENTRY.replace('"ok"', '"failed"'), "iam.trace.outcome", "outcome"),
    ],
)
def test_a_trace_that_does_not_say_all_is_an_error(entry: str, code: str, path: str) -> None:
    """Date and time, author, nature, result."""
    found, _ = life(sign_in=entry).judged(TRACES, {"nature": "sign-in"})
    assert [(f.code, f.location.path) for f in found] == [(code, path)]


def test_a_password_in_a_trace_is_advice_and_what_was_not_done_is_not_judged() -> None:
    """An operation that the system did not do as the story wants has no trace to compare."""
    told = life(sign_in=ENTRY.replace('"subject"', '"request":"password Secret-123","subject"'))
    found, _ = told.judged(TRACES, {"nature": "sign-in"})
    assert [(f.code, f.severity) for f in found] == [("iam.trace.password", Severity.ADVICE)]
    scene = Scene(AccountStory("life"), "accounts").pilot("update", '{"login":"u0"}', status="refused")
    assert scene.pilot("log-update", data='{"cursor":"c","entries":[]}').judged(TRACES) == ([], [])

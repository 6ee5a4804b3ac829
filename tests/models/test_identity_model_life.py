"""The life of an identity: the literal scenarios of the rows, and what no sequence of events may ever break."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.models import identity as model
from conformance.models.identity import (
    Answer,
    BatchVerify,
    ChangeSecondary,
    ChangeStrict,
    Create,
    Declare,
    Event,
    Identity,
    Ins,
    Merge,
    PresentDocument,
    Receive,
    SearchByCard,
    SearchInsi,
    Secondary,
    Split,
    Traits,
    Validate,
    Verify,
    Withdraw,
    allowed,
    fold,
    must_warn,
    refusal,
    step,
)
from conformance.standards.ins.statuses import Attribute
from tests.models.identity_events import (
    CREATE,
    EVENTS,
    FOUND,
    INS,
    PASSPORT,
    QUALIFIED,
    RECEPTIONS,
    RETRIEVED,
    SEARCH,
    TYPED,
    VALIDATED,
)


def after(*events: Event) -> Identity:
    """The identity after events, which must have created one."""
    found = fold(events)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("events", "path"),
    [
        ((*VALIDATED, SEARCH), ("provisoire", "validee", "qualifiee")),
        (QUALIFIED, ("provisoire", "recuperee", "qualifiee")),
        ((CREATE, SearchByCard(FOUND), PASSPORT, Validate()), ("provisoire", "recuperee", "qualifiee")),
        ((CREATE, SearchByCard(FOUND, application=True)), ("provisoire", "qualifiee")),
        ((Receive(TYPED, "CLINIQUE", True, "qualifiee", INS, direct=False),), ("provisoire", "qualifiee")),
        ((Receive(TYPED, "CLINIQUE", False, "qualifiee", INS), PASSPORT, Validate()),
         ("provisoire", "recuperee", "qualifiee")),
    ],
)  # fmt: skip
def test_the_paths_to_a_qualified_identity(events: tuple[Event, ...], path: tuple[str, ...]) -> None:
    """INS/va1.54.01 and .02, the application carte Vitale, the contract of trust, and a requalified reception."""
    found = after(*events)
    assert (*found.history, found.status) == path
    assert found.ins == INS


def test_insi_fills_all_but_the_first_given_name() -> None:
    """INS/va1.52.01: matricule, OID, name, given names, date, sex and place are those of the answer."""
    found = after(CREATE, SearchInsi(replace(FOUND, traits=replace(FOUND.traits, birth_name="ADRUN-LEROY"))))
    assert found.traits == Traits("ADRUN-LEROY", ("ZOE", "MARIE"), "ZOE", "19751231", "F", "63220")
    assert found.ins == INS
    placeless = after(CREATE, SearchInsi(replace(FOUND, traits=replace(FOUND.traits, place=""))))
    assert placeless.traits.place == "63220"


@pytest.mark.parametrize(
    "spoilt",
    [
        replace(FOUND.traits, birth="19750031"),
        replace(FOUND.traits, birth="19751200"),
        replace(FOUND.traits, birth="19750000"),
        replace(FOUND.traits, birth_name=""),
        replace(FOUND.traits, given_names=()),
        replace(FOUND.traits, sex=""),
        replace(FOUND.traits, birth_name="", sex=""),
    ],
)
@pytest.mark.parametrize("before", [(CREATE,), VALIDATED, RETRIEVED, QUALIFIED])
def test_a_bad_answer_is_not_taken_in(spoilt: Traits, before: tuple[Event, ...]) -> None:
    """INS/va1.28.01 and va1.31: the identity keeps its former state, INS included, and the user is warned."""
    asked = SearchInsi(replace(FOUND, traits=spoilt))
    assert fold((*before, asked)) == fold(before)
    assert refusal(fold(before), asked) == "not-taken"
    assert must_warn(fold(before), asked)


@pytest.mark.parametrize("code", ["01", "02", ""])
def test_other_codes_and_faults_change_nothing(code: str) -> None:
    """Nobody, several, or a service that fails: the identity stays as it was."""
    assert fold((*VALIDATED, SearchInsi(Answer(code)))) == fold(VALIDATED)


@pytest.mark.parametrize(("name", "warned"), [("ZOE", False), ("ZOE-MARIE", False), ("MARIE", True), ("ZO", True)])
def test_the_first_given_name_is_compared_with_the_list(name: str, warned: bool) -> None:
    """INS/va1.51.01: it is kept as typed, an incoherence is told; a hyphen counts as a space."""
    created = Create(replace(TYPED, first_given=name))
    assert must_warn(fold((created,)), SEARCH) is warned
    assert after(created, SEARCH).traits.first_given == name


@pytest.mark.parametrize("field", model.REQUIRED)
def test_a_creation_wants_five_fields_and_no_more(field: str) -> None:
    """INS/va1.21.01 and va1.22: each of the five in turn; without any other, the identity is provisional."""
    lacking: dict[str, str] = {field: ""}
    assert fold((Create(replace(TYPED, **lacking)),)) is None  # type: ignore[arg-type]
    assert after(CREATE) == Identity(TYPED, Secondary(), "provisoire")
    assert after(Create(replace(TYPED, place="99999"))).traits.place == "99999"
    assert fold((Create(replace(TYPED, birth="19751232")),)) is None


@pytest.mark.parametrize(
    ("before", "status"), [(RETRIEVED, "provisoire"), (QUALIFIED, "validee"), (VALIDATED, "validee")]
)
@pytest.mark.parametrize("field", ["birth_name", "first_given", "birth", "sex", "place"])
def test_a_strict_trait_changed_lowers_and_takes_the_ins_away(
    before: tuple[Event, ...], status: str, field: model.StrictField
) -> None:
    """INS/va1.60.01 and .03: with the right to; the status goes down one level, matricule and OID go."""
    found = after(*before, ChangeStrict(field, "19700101" if field == "birth" else "M", super_user=True))
    assert (found.status, found.ins) == (status, None)


@pytest.mark.parametrize("before", [RETRIEVED, QUALIFIED])
@pytest.mark.parametrize("field", sorted(model.LOCKED))
def test_locked_fields_want_a_super_user(before: tuple[Event, ...], field: model.StrictField) -> None:
    """INS/va1.18.01 and .02: the seven fields; the first given name is not one of them."""
    change = ChangeStrict(field, "X")
    assert refusal(fold(before), change) == "locked"
    assert refusal(fold(before), replace(change, super_user=True)) is None
    assert refusal(fold(before), ChangeStrict("first_given", "X")) is None
    assert refusal(fold(VALIDATED), ChangeStrict("birth_name", "X")) is None


@pytest.mark.parametrize("before", [(CREATE,), RETRIEVED, VALIDATED, QUALIFIED])
def test_a_secondary_trait_changes_nothing_else(before: tuple[Event, ...]) -> None:
    """INS/va1.48 and va1.60.02 and .04: allowed at every status, which stays, as does the INS."""
    was, found = after(*before), after(*before, ChangeSecondary("used_name", "DURAND"))
    assert found == replace(was, secondary=replace(was.secondary, used_name="DURAND"))


@pytest.mark.parametrize("attribute", ["douteuse", "fictive"])
@pytest.mark.parametrize("before", [(CREATE,), RETRIEVED, VALIDATED, QUALIFIED])
def test_doubtful_and_fictitious_identities(before: tuple[Event, ...], attribute: Attribute) -> None:
    """INS/va1.44 and va1.20: provisional, without INS, INSi blocked; withdrawn, INSi may be called again."""
    marked = (*before, Declare(attribute))
    found = after(*marked)
    assert (found.status, found.ins) == ("provisoire", None)
    assert refusal(found, SEARCH) == refusal(found, Verify("ok")) == refusal(found, Validate()) == "blocked"
    again = after(*marked, Withdraw(attribute))
    assert again.status == "provisoire"
    assert refusal(again, SEARCH) is None


def test_homonym_goes_with_any_status_and_with_doubtful_only() -> None:
    """INS/va1.44: homonyme changes no status; RNIV EXI ID 26: fictive goes alone."""
    found = after(*QUALIFIED, Declare("homonyme"))
    assert (found.status, found.ins) == ("qualifiee", INS)
    assert after(CREATE, Declare("homonyme"), Declare("douteuse")).attributes == {"homonyme", "douteuse"}
    assert refusal(after(CREATE, Declare("homonyme")), Declare("fictive")) == "exclusive"


@pytest.mark.parametrize("verify", [Verify, BatchVerify])
def test_a_verification_ko_lowers(verify: type[Verify] | type[BatchVerify]) -> None:
    """INS/va1.08: the INS goes; from qualifiée the rule names no target, from récupérée there is one."""
    for before, statuses in ((QUALIFIED, {"provisoire", "validee"}), (RETRIEVED, {"provisoire"})):
        found = after(*before, verify("ko"))
        assert (found.status, found.ins) == ("provisoire", None)
        assert allowed(fold(before), verify("ko")) == statuses
        assert fold((*before, verify("ok"))) == fold((*before, verify("fault"))) == fold(before)


def test_nothing_is_validated_without_a_document_of_high_trust() -> None:
    """INS/va1.43: a document alone changes no status; a weak one proves nothing."""
    assert after(CREATE, PASSPORT).status == "provisoire"
    assert refusal(after(CREATE), Validate()) == "no-document"
    assert refusal(after(CREATE, PresentDocument("PC", "low")), Validate()) == "no-document"
    assert after(*VALIDATED).document == "PA"


RECEIVED = Receive(TYPED, "CLINIQUE", False, "qualifiee", INS)


@pytest.mark.parametrize(
    ("event", "status", "ins"),
    [
        (RECEIVED, "recuperee", INS),
        (replace(RECEIVED, verified="ko"), "provisoire", None),
        (replace(RECEIVED, verified="fault"), "provisoire", None),
        (replace(RECEIVED, contract=True, direct=False), "qualifiee", INS),
        (replace(RECEIVED, contract=True, direct=False, verified="ko"), "qualifiee", INS),
        (replace(RECEIVED, contract=True), "recuperee", INS),
        (replace(RECEIVED, status="validee"), "provisoire", None),
        (replace(RECEIVED, status="provisoire", ins=None), "provisoire", None),
        (replace(RECEIVED, domain=""), "qualifiee", INS),
        (replace(RECEIVED, domain="", status="recuperee", ins=None), "provisoire", None),
        (replace(RECEIVED, domain="", status="validee", ins=None), "validee", None),
    ],
)
def test_an_identity_received_that_nobody_knew(event: Receive, status: str, ins: Ins | None) -> None:
    """INS/va1.04, va1.05, va1.13, va1.57: contract, verification OK or KO, other statuses, one's own domain."""
    found = after(event)
    assert (found.status, found.ins, found.traits) == (status, ins, TYPED)


@pytest.mark.parametrize("before", [(CREATE,), VALIDATED, RETRIEVED, QUALIFIED])
def test_a_known_identity_is_not_updated_on_a_ko(before: tuple[Event, ...]) -> None:
    """INS/va1.07: traits, status, matricule and OID stay."""
    other = replace(RECEIVED, traits=replace(TYPED, birth_name="AUTRE"), verified="ko")
    assert fold((*before, other)) == fold(before)


def test_merged_identities_are_left_alone_until_they_are_split() -> None:
    """What was merged away changes no more; undone, it is what it was."""
    was = after(*QUALIFIED)
    gone = after(*QUALIFIED, Merge("B"))
    assert gone.merged_into == "B"
    assert refusal(gone, ChangeSecondary("phone", "1")) == refusal(gone, SEARCH) == refusal(gone, RECEIVED) == "merged"
    assert step(gone, Split()) == was
    assert refusal(was, Split()) == "not-merged"


@pytest.mark.parametrize(
    ("before", "event", "statuses"),
    [
        ((CREATE,), PASSPORT, {"provisoire", "validee"}),
        (RETRIEVED, PASSPORT, {"recuperee", "qualifiee"}),
        ((CREATE,), PresentDocument("PC", "low"), {"provisoire"}),
        ((CREATE, Declare("douteuse")), PASSPORT, {"provisoire"}),
        (VALIDATED, ChangeStrict("sex", "M"), {"provisoire", "validee"}),
        (QUALIFIED, ChangeStrict("sex", "M", super_user=True), {"validee"}),
        (QUALIFIED, ChangeStrict("sex", "M"), {"qualifiee"}),
        ((CREATE,), SEARCH, {"recuperee"}),
        ((Create(replace(TYPED, first_given="MARIE")),), SEARCH, {"provisoire", "recuperee"}),
        ((), replace(RECEIVED, verified="ko"), {"provisoire", "validee"}),
        ((), replace(RECEIVED, status="provisoire"), {"provisoire"}),
        ((), RECEIVED, {"recuperee"}),
        ((*QUALIFIED, Merge("B")), Split(), {"provisoire", "recuperee", "validee", "qualifiee"}),
        ((), Create(Traits()), set()),
    ],
)
def test_what_the_rules_leave_open(before: tuple[Event, ...], event: Event, statuses: set[str]) -> None:
    """A document that validates by itself, an answer declined, a validated trait changed, a partner's proof."""
    assert allowed(fold(before), event) == statuses


# --- Every sequence ---------------------------------------------------------------------------------------------

LIVES = st.lists(EVENTS, max_size=12).map(lambda events: [CREATE, *events])
MANY = settings(max_examples=400, deadline=None)


@MANY
@given(LIVES)
def test_an_ins_lives_with_two_statuses_only(events: list[Event]) -> None:
    """After any events: an INS exactly when retrieved or qualified; none beside an attribute that blocks."""
    identity: Identity | None = None
    for event in events:
        identity = step(identity, event)
        if identity is not None:
            assert (identity.ins is not None) == (identity.status in ("recuperee", "qualifiee"))
            assert not identity.blocked or identity.status == "provisoire"


@MANY
@given(LIVES)
def test_a_strict_change_never_leaves_an_ins(events: list[Event]) -> None:
    """Whenever a strict trait is changed by hand, no INS stays."""
    identity: Identity | None = None
    for event in events:
        before, identity = identity, step(identity, event)
        if isinstance(event, ChangeStrict) and identity != before:
            assert identity is not None
            assert identity.ins is None


@MANY
@given(LIVES)
def test_what_is_refused_changes_nothing_and_every_status_is_allowed(events: list[Event]) -> None:
    """A refused event leaves the identity equal; the status of a step is one that the rules let be."""
    identity: Identity | None = None
    for event in events:
        before, reason = identity, refusal(identity, event)
        identity = step(identity, event)
        if reason is not None:
            assert identity == before
        assert identity is None or identity.status in allowed(before, event)


@MANY
@given(LIVES)
def test_nobody_becomes_qualified_without_insi_and_a_proof(events: list[Event]) -> None:
    """Qualified rests on an INS given by INSi (or a partner) and on a document, the application or a trusted sender."""
    identity: Identity | None = None
    for event in events:
        before, identity = identity, step(identity, event)
        was = before.status if before is not None else None
        if identity is None or identity.status != "qualifiee" or was == "qualifiee":
            continue
        if isinstance(event, Validate):
            assert was == "recuperee"
        elif isinstance(event, SearchInsi) or (isinstance(event, SearchByCard) and not event.application):
            assert was == "validee"
        elif isinstance(event, Receive):
            assert event.trusted or was == "validee"
        else:
            assert isinstance(event, SearchByCard)


@MANY
@given(LIVES, RECEPTIONS)
def test_what_is_received_twice_counts_once(events: list[Event], received: Event) -> None:
    """A message received again changes nothing more."""
    once = fold((*events, received))
    assert step(once, received) == once


@MANY
@given(LIVES)
def test_the_history_tells_every_status(events: list[Event]) -> None:
    """Rule 21: each status that was left is kept, in its order, and no two neighbours are equal."""
    identity: Identity | None = None
    for event in events:
        before, identity = identity, step(identity, event)
        if before is not None and identity is not None:
            assert identity.history[: len(before.history)] == before.history
            grown = identity.history[len(before.history) :]
            assert grown == (() if identity.status == before.status else (before.status,))

"""What PAM must say of identities, and a receiver that knows only that."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.models.identity import (
    ChangeSecondary,
    ChangeStrict,
    Create,
    Declare,
    Event,
    Identity,
    Ins,
    Merge,
    PresentDocument,
    Split,
    Traits,
    Validate,
    Verify,
)
from conformance.models.identity_told import (
    Pam,
    Population,
    act,
    messages,
    read_back,
    refused,
    replay,
    seen,
    told,
    told_of,
    view,
)
from conformance.standards.ins.statuses import Status
from tests.models.identity_events import CREATE, EVENTS, INS, PASSPORT, QUALIFIED, SEARCH, TYPED

MANY = settings(max_examples=300, deadline=None)


def identity(status: Status, ins: Ins | None = None, **more: object) -> Identity:
    return replace(Identity(TYPED, status=status, ins=ins), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "ins", "reliability"),
    [
        (identity("provisoire"), None, ("PROV",)),
        (identity("recuperee", INS), None, ("PROV",)),
        (identity("validee"), None, ("VALI",)),
        (identity("qualifiee", INS), INS, ("VALI",)),
        (identity("qualifiee", INS, attributes=frozenset({"homonyme"})), INS, ("VALI", "HOMA")),
        (identity("provisoire", attributes=frozenset({"fictive"})), None, ("PROV", "FICT")),
        (identity("provisoire", attributes=frozenset({"douteuse", "homonyme"})), None, ("PROV", "HOMA", "DOUT")),
    ],
)
def test_what_pid_says(one: Identity, ins: Ins | None, reliability: tuple[str, ...]) -> None:
    """INS/va1.53, .59, .64: the INS of a qualified identity only; PID-32 by the French table 0445."""
    said = told(one)
    assert (said.ins, said.reliability) == (ins, reliability)
    assert {"RECUP", "QUAL"} <= said.never
    assert ("VALI" in said.never) == (one.status in ("provisoire", "recuperee"))


def test_the_table_of_2_9_has_no_code_for_doubtful_nor_fictitious() -> None:
    """Only the 18 codes of the older table: those attributes cannot be told."""
    one = identity("provisoire", attributes=frozenset({"douteuse", "homonyme"}))
    assert told(one, "2.9").reliability == ("PROV", "HOMA")
    assert told(one, "2.10.1").reliability == ("PROV", "HOMA")
    assert told(one, "2.11.2").reliability == ("PROV", "HOMA", "DOUT")
    assert read_back(told(one, "2.9")) == seen(one, "2.9")


def test_an_ins_beside_anything_but_vali_is_not_kept() -> None:
    """Reception of PAM: PID-32 = VALI and an INS, or the traits alone."""
    assert read_back(replace(told(identity("validee")), ins=INS, reliability=("PROV",))).ins is None


def kinds(*events: Event) -> list[str]:
    return [f"{m.kind} {'INS' if m.pam.ins else '-'}" for m in told_of(("A", e) for e in events)]


def test_messages_of_a_life() -> None:
    """INS/va1.60: what changes is propagated, the lost INS too; what PAM cannot carry owes nothing."""
    strict = ChangeStrict("birth_name", "LEROY", super_user=True)
    assert kinds(*QUALIFIED, strict) == ["create -", "update -", "update INS", "update -"]
    bare = Create(replace(TYPED, given_names=("ZOE", "MARIE")))
    assert kinds(bare, SEARCH) == ["create -"]  # provisoire to récupérée, same traits
    assert kinds(CREATE, ChangeSecondary("phone", "1")) == ["create -", "update -"]
    assert kinds(*QUALIFIED, Verify("ok")) == ["create -", "update -", "update INS"]
    assert kinds(*QUALIFIED, Declare("douteuse")) == ["create -", "update -", "update INS", "update -"]
    assert kinds(Create(Traits())) == []
    assert kinds(CREATE, PASSPORT) == ["create -"]
    assert kinds(CREATE, PresentDocument("PA", "high"), Validate()) == ["create -", "update -"]


def test_a_merge_and_its_split() -> None:
    """A merge is told of the one kept, naming the one that goes; undone, the latter is told anew."""
    story: list[tuple[str, Event]] = [("A", CREATE), ("B", CREATE), ("B", Merge("A")), ("B", Split())]
    said = list(told_of(story))
    assert [(m.kind, m.who, m.prior) for m in said] == [
        ("create", "A", None), ("create", "B", None), ("merge", "A", "B"), ("create", "B", None),
    ]  # fmt: skip
    assert replay(said[:3])["B"].merged_into == "A"
    assert replay(said)["B"].merged_into is None


def test_a_merge_wants_two_who_live() -> None:
    """Neither into oneself, nor into nobody, nor into one that was merged."""
    population: Population = act(act({}, "A", CREATE), "B", CREATE)
    assert refused(population, "A", Merge("A")) == refused(population, "A", Merge("C")) == "unknown"
    gone = act(population, "B", Merge("A"))
    assert refused(gone, "A", Merge("B")) == "merged"
    assert messages(gone, "A", Merge("B")) == ()


LIVES = st.lists(
    st.tuples(
        st.sampled_from(("A", "B", "C")),
        EVENTS | st.sampled_from((Merge("A"), Merge("B"), Merge("C"))),
    ),
    max_size=16,
)


@MANY
@given(LIVES, st.sampled_from(("2.9", "2.11")))
def test_replaying_pam_gives_the_state_of_the_referentiel(story: list[tuple[str, Event]], version: str) -> None:
    """INS/va1.66: what a receiver holds after the messages owed is the population, modulo what PID-32 carries."""
    population: Population = {}
    for who, event in story:
        population = act(population, who, event)
    assert replay(told_of(story, version)) == view(population, version)


@MANY
@given(LIVES)
def test_no_message_ever_carries_an_ins_that_is_not_qualified(story: list[tuple[str, Event]]) -> None:
    """INS/va1.53: at every moment, an INS in a message belongs to an identity that is qualified then."""
    population: Population = {}
    for who, event in story:
        said = messages(population, who, event)
        population = act(population, who, event)
        for message in said:
            assert (message.pam.ins is not None) == (population[message.who].status == "qualifiee")


@pytest.mark.parametrize("status", get_args(Status))
def test_reading_back_loses_only_what_pam_cannot_carry(status: Status) -> None:
    """One message is enough for the receiver's view of one identity."""
    one = identity(status, INS if status in ("recuperee", "qualifiee") else None)
    said: Pam = told(one)
    assert read_back(said) == seen(one)

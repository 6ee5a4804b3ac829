"""A person, the events that lead her to each status, and every event that may happen to an identity."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.models.identity import (
    Answer,
    BatchVerify,
    ChangeSecondary,
    ChangeStrict,
    Create,
    Declare,
    Event,
    Ins,
    Merge,
    Outcome,
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
)
from conformance.standards.ins.statuses import ATTRIBUTES, STATUSES

# The nominal person of the public INSi test base: ADRUN ZOE, a woman born on 31 December 1975 in 63220.
TYPED = Traits("ADRUN", (), "ZOE", "19751231", "F", "63220")
INS = Ins("275126322074974", "1.2.250.1.213.1.4.8")
FOUND = Answer("00", INS, Traits("ADRUN", ("ZOE", "MARIE"), "", "19751231", "F", "63220"))
CREATE, SEARCH, PASSPORT = Create(TYPED), SearchInsi(FOUND), PresentDocument("PA", "high")
QUALIFIED: tuple[Event, ...] = (CREATE, SEARCH, PASSPORT, Validate())
RETRIEVED: tuple[Event, ...] = (CREATE, SEARCH)
VALIDATED: tuple[Event, ...] = (CREATE, PASSPORT, Validate())

NAMES = ("ADRUN", "CORSE", "D'ARTAGNAN", "")
TRAITS = st.builds(
    Traits,
    st.sampled_from(NAMES),
    st.sampled_from(((), ("ZOE",), ("ZOE", "MARIE"), ("MARIE",))),
    st.sampled_from(("ZOE", "MARIE", "")),
    st.sampled_from(("19751231", "19750000", "19801101", "")),
    st.sampled_from(("F", "M", "U", "")),
    st.sampled_from(("63220", "2B020", "99999", "")),
)
INSES = st.none() | st.sampled_from((INS, Ins("180032B02040123", "1.2.250.1.213.1.4.8")))
ANSWERS = st.just(FOUND) | st.builds(Answer, st.sampled_from(("00", "01", "02", "")), INSES, TRAITS)
OUTCOMES: SearchStrategy[Outcome] = st.sampled_from(("ok", "ko", "fault"))
MARKS = st.sampled_from(ATTRIBUTES)
RECEPTIONS = st.builds(
    Receive, TRAITS, st.sampled_from(("", "CLINIQUE")), st.booleans(), st.sampled_from(STATUSES), INSES, OUTCOMES,
    st.booleans(), st.just(Secondary()), st.frozensets(MARKS),
)  # fmt: skip
EVENTS: SearchStrategy[Event] = st.one_of(
    st.just(CREATE),
    st.builds(Create, TRAITS),
    st.builds(SearchInsi, ANSWERS),
    st.builds(SearchByCard, ANSWERS, st.booleans()),
    st.builds(Verify, OUTCOMES),
    st.builds(BatchVerify, OUTCOMES),
    st.sampled_from((PASSPORT, PresentDocument("PC", "low"))),
    st.just(Validate()),
    st.builds(ChangeStrict, st.sampled_from(("birth_name", "first_given", "sex", "matricule", "oid")),
              st.sampled_from(("X", "Y", "")), st.booleans()),
    st.builds(ChangeSecondary, st.sampled_from(("used_name", "phone")), st.sampled_from(("", "1", "2"))),
    st.builds(Declare, MARKS),
    st.builds(Withdraw, MARKS),
    st.just(Merge("B")),
    st.just(Split()),
    RECEPTIONS,
)  # fmt: skip

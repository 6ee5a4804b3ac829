"""Stories of identities as data: what is done to one or two people in a row. Names and numbers: the Binding's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from conformance.models.document import Patient

Gesture = Literal[
    "create", "search", "card", "application", "verify", "batch", "document", "validate", "change", "complete",
    "declare", "withdraw", "merge", "split", "receive",
]  # fmt: skip
GESTURES: tuple[Gesture, ...] = get_args(Gesture)

Who = Literal["A", "B"]

Second = Literal["", "other", "homonym", "duplicate"]
"""Who B is: nobody, another person, another person of the same names and birth date, or A a second time."""

Delivery = Literal["", "duplicate", "disorder", "late", "lost"]
"""How what is received comes: once in its turn; twice; the update before the creation; an older state afterwards; the
update alone, its creation lost."""

CREATIONS: tuple[str, ...] = (
    "", "full", "place-unknown", "birth-partial", "accents", "other-first", "compound-first", "impossible-date",
    "without-birth_name", "without-first_given", "without-birth", "without-sex", "without-place",
)  # fmt: skip
"""What is typed in: the five fields; all of them and the secondary traits; a place 99999; the date that stands for a
day and a month that nobody knows; small letters and accents; a first given name that the birth record does not begin
with; a compound one that the record writes with a space; a 32nd day; one field left empty."""

ANSWERS: tuple[str, ...] = (
    "natural", "01", "02", "lunar-day", "lunar-month", "lunar-date", "empty-name", "empty-given", "empty-sex",
    "no-place", "other-given", "other-person", "soap-fault", "unavailable", "cut",
)  # fmt: skip
"""What INSi answers to a search: the person, another code, the person with something wrong, somebody else, a fault."""

FAULTS: frozenset[str] = frozenset({"soap-fault", "unavailable", "cut"})
"""Answers (and outcomes of a verification) that are a failure of the service (its knob `fault`)."""

VERIFICATIONS: tuple[str, ...] = ("ok", "ko", "soap-fault", "unavailable", "cut")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done to A or B.

    `detail` is, by gesture: create, one of CREATIONS; search, card, application, one of ANSWERS; verify, batch, one of
    VERIFICATIONS; document, a code of ZFD-7; change, a strict trait (or matricule, oid); complete, a secondary trait;
    declare, withdraw, an attribute; receive, what INSi says of the INS received (VERIFICATIONS). `super_user` counts
    for change; `status`, `contract` (of trust, the patient not being cared for here) and `delivery` for receive. A
    merge takes `who` into the other; a split brings `who` back.
    """

    gesture: Gesture
    who: Who = "A"
    detail: str = ""
    super_user: bool = False
    status: Literal["qualifiee", "validee", "provisoire"] = "qualifiee"
    contract: bool = False
    delivery: Delivery = ""


@dataclass(frozen=True, slots=True)
class IdentityStory:
    """A case: one patient, perhaps a second, and one to six acts."""

    patient: Patient
    acts: tuple[Act, ...]
    second: Second = ""

    @property
    def others(self) -> tuple[Who, ...]:
        """The names of those who are in it."""
        return ("A", "B") if self.second else ("A",)


LONGEST = 6
"""Acts of a story."""


def incoherence(story: IdentityStory) -> str | None:
    """Why a story cannot be driven, in a few English words; None when it can.

    What the rules forbid is not incoherent: it is what a story tries. But nothing is done to somebody who never came,
    and there is a second person exactly when one is named.
    """
    met: set[str] = set()
    for act in story.acts:
        if act.gesture in ("create", "receive"):
            met.add(act.who)
        elif act.who not in met:
            return "nothing is done to somebody who never came"
        elif act.gesture == "merge" and met != {"A", "B"}:
            return "a merge takes two"
    checks = (
        (not 1 <= len(story.acts) <= LONGEST, "a story has one to six acts"),
        (story.second == "" and any(act.who == "B" for act in story.acts), "B is nobody"),
        (story.second != "" and len({act.who for act in story.acts}) < 2, "a second person is for something"),
        (any(_wrong(act) for act in story.acts), "an act has no such detail"),
    )
    return next((reason for wrong, reason in checks if wrong), None)


_STRICT = frozenset({"birth_name", "given_names", "first_given", "birth", "sex", "place", "matricule", "oid"})
_SECONDARY = frozenset({"used_name", "used_given", "phone", "mail", "address"})
_ATTRIBUTES = frozenset({"homonyme", "douteuse", "fictive"})

_DETAILS: dict[Gesture, frozenset[str]] = {
    "create": frozenset(CREATIONS),
    "search": frozenset(ANSWERS),
    "card": frozenset(ANSWERS),
    "application": frozenset(ANSWERS),
    "verify": frozenset(VERIFICATIONS),
    "batch": frozenset(VERIFICATIONS),
    "receive": frozenset(VERIFICATIONS),
    "change": _STRICT,
    "complete": _SECONDARY,
    "declare": _ATTRIBUTES,
    "withdraw": _ATTRIBUTES,
    "validate": frozenset({""}),
    "merge": frozenset({""}),
    "split": frozenset({""}),
}


def _wrong(act: Act) -> bool:
    allowed = _DETAILS.get(act.gesture)
    return act.detail not in allowed if allowed is not None else not act.detail

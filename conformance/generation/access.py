"""Strategies of sign-ins and of stories of accounts, their labels, and the people that a binding makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.evidence.values import Binding
from conformance.generation.people import luhn_digit
from conformance.models.access import (
    ACCOUNT_KINDS,
    INVALID,
    MODES,
    WRONG_TOKENS,
    AccountStory,
    Refusal,
    SignIn,
)

GIVEN = ("Camille", "Hélène", "Jean-Noël", "Anne Marie")
REFUSALS: tuple[Refusal, ...] = ("access_denied", "login_required", "server_error")
COVERED = ("10", "21", "40", "50", "60")
"""Professions of the RPPS (TRE_G15): médecin, pharmacien, chirurgien-dentiste, sage-femme, infirmier."""

UNCOVERED = "secretaire"
PERMISSIONS = (("consulter",), ("consulter", "imprimer"), ("consulter", "valider", "imprimer"))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account: login, names, RPPS of 11 digits, a password that the bench chose."""

    login: str
    family: str
    given: str
    rpps: str
    password: str

    @property
    def mail(self) -> str:
        """An address that nobody has."""
        return f"{self.login}@banc.invalid"


def person(binding: Binding, given: str, number: int = 0, *, namesake: bool = False) -> Person:
    """The `number`th person of a case; a namesake bears the family name of the first."""
    body = f"997{1 + number}{binding.digits}"
    letters = binding.letters if namesake or number == 0 else f"{binding.letters}{'ABCDEFGH'[number]}"
    login = f"u{number}-{binding.letters.lower()}"
    # Only what the bench chooses is in it; longer than any policy asks.
    password = f"Banc-{binding.run[:4]}-{binding.digits}-{number}-Zx!"
    return Person(login, letters, given, body + luhn_digit(body), password)


_SIGN_INS: dict[str, SignIn] = {
    "sign-in:usual": SignIn("usual"),
    **{f"sign-in:{m}": SignIn(m) for m in MODES},
    **{f"refused:{m}": SignIn(m, refusal="access_denied") for m in MODES},
    **{f"token:{t}:{m}": SignIn(m, token=t) for t in INVALID for m in MODES},
    **{f"token:{t}": SignIn(token=t) for t in WRONG_TOKENS if t not in INVALID},
    "sign-in:again": SignIn(story="again"),
    "sign-in:logout": SignIn(story="logout"),
    "state:wrong": SignIn(wrong_state=True),
    "provider:down": SignIn(down=True),
    "accounts:password": SignIn("usual", "password"),
    "accounts:homonyms": SignIn("usual", "homonyms"),
}
SIGN_IN_LABELS = frozenset(_SIGN_INS)


def sign_ins(label: str | None) -> SearchStrategy[SignIn]:
    """Sign-ins of any class (the modes of browsers that a product need not have come when asked for), or of a label.

    Raises KeyError for an unknown label.
    """
    if label is not None:
        wanted = _SIGN_INS[label]
        refusals = REFUSALS if wanted.refusal else ("",)
        return st.builds(
            lambda given, refusal: replace(wanted, given=given, refusal=refusal),
            st.sampled_from(GIVEN),
            st.sampled_from(refusals),
        )
    usual = [replace(c, mode="usual") for c in dict.fromkeys(replace(c, mode="web") for c in _SIGN_INS.values())]
    return st.builds(lambda case, given: replace(case, given=given), st.sampled_from(usual), st.sampled_from(GIVEN))


def sign_in_labels_of(case: SignIn) -> frozenset[str]:
    """The classes of a sign-in."""
    return frozenset(_of_sign_in(case))


def _of_sign_in(case: SignIn) -> Iterator[str]:
    plain = replace(case, given=SignIn().given)
    if plain.refusal:
        plain = replace(plain, refusal="access_denied")
    yield from (label for label, one in _SIGN_INS.items() if one == plain)


def simpler_sign_ins(case: SignIn) -> list[SignIn]:
    """The same with an ordinary given name and the plainest refusal."""
    found = [replace(case, given=SignIn().given)]
    if case.refusal:
        found.append(replace(case, refusal="access_denied"))
    return [c for c in dict.fromkeys(found) if c != case]


ACCOUNT_LABELS = frozenset(f"account:{kind}" for kind in ACCOUNT_KINDS) | {"account:faulty-line"}


def account_stories(label: str | None) -> SearchStrategy[AccountStory]:
    """Stories of accounts of any class, or of a label; raises KeyError for an unknown label."""
    if label is not None and label not in ACCOUNT_LABELS:
        raise KeyError(label)
    kinds = ACCOUNT_KINDS if label is None else (label.removeprefix("account:"),)
    faulty = st.booleans()
    if label == "account:faulty-line":
        kinds, faulty = ("batch",), st.just(True)
    elif label is not None:
        faulty = st.just(False)
    return st.builds(_story, st.sampled_from(kinds), st.sampled_from(GIVEN), st.sampled_from(COVERED),
                     st.sampled_from(PERMISSIONS), faulty)  # fmt: skip


def _story(kind: str, given: str, profession: str, permissions: tuple[str, ...], faulty: bool) -> AccountStory:
    known = next(k for k in ACCOUNT_KINDS if k == kind)
    covered = UNCOVERED if known == "not-covered" else profession
    return AccountStory(known, given, covered, permissions, faulty=faulty and known == "batch")


def account_labels_of(case: AccountStory) -> frozenset[str]:
    """The classes of a story of accounts."""
    if case.kind == "batch" and case.faulty:
        return frozenset({"account:batch", "account:faulty-line"})
    return frozenset({f"account:{case.kind}"})


def simpler_accounts(case: AccountStory) -> list[AccountStory]:
    """The same story with ordinary data."""
    plain = AccountStory()
    profession = UNCOVERED if case.kind == "not-covered" else plain.profession
    found = [
        replace(case, given=plain.given, profession=profession, permissions=plain.permissions, faulty=False),
        replace(case, faulty=False),
        replace(case, permissions=plain.permissions),
        replace(case, given=plain.given),
    ]
    return [c for c in dict.fromkeys(found) if c != case]

"""The exercises there are, by name."""

from __future__ import annotations

from conformance.exercises.accounts import AccountsExercise
from conformance.exercises.base import Exercise
from conformance.exercises.dashboard import DashboardExercise
from conformance.exercises.documents import DocumentsIntake
from conformance.exercises.identity import IdentityIntake
from conformance.exercises.identity_life import IdentityLife
from conformance.exercises.identity_reception import IdentityReception
from conformance.exercises.identity_traces import IdentityTraces
from conformance.exercises.mail_compose import MailCompose
from conformance.exercises.mail_reception import MailReception
from conformance.exercises.mail_transport import MailTransport
from conformance.exercises.sign_in import SignInExercise
from conformance.exercises.third_party import ThirdPartyConnection

_ALL: tuple[Exercise, ...] = (
    AccountsExercise(),
    DashboardExercise(),
    DocumentsIntake(),
    IdentityIntake(),
    IdentityLife(),
    IdentityReception(),
    IdentityTraces(),
    MailCompose(),
    MailReception(),
    MailTransport(),
    SignInExercise(),
    ThirdPartyConnection(),
)
_BY_NAME = {exercise.name: exercise for exercise in _ALL}


def get(name: str) -> Exercise:
    """The exercise of a name; raises KeyError."""
    return _BY_NAME[name]


def names() -> tuple[str, ...]:
    """All exercise names, sorted."""
    return tuple(sorted(_BY_NAME))

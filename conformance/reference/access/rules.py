"""The small decisions of the access half that a defect may replace; `AccessBehaviour` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.reference.access.values import Account, Identity

Permissions = frozenset[str]


def issuer_accepted(claimed: object, expected: str) -> bool:
    """Whether a token comes from the provider asked (OpenID Connect Core 3.1.3.7, 2)."""
    return claimed == expected


def level_asked(acr: str) -> str:
    """The level of authentication that a request asks for (acr_values): the one of the settings."""
    return acr


def code_exchanged(code: str) -> bool:
    """Whether the code that came back, or the name of a CIBA request, is exchanged for tokens."""
    return bool(code)


def matching(accounts: Iterable[Account], identity: Identity) -> Account | None:
    """The account of whoever signed in at the provider: the one with the same RPPS."""
    return next((a for a in accounts if identity.rpps and a.rpps == identity.rpps), None)


def permissions_after_synchronisation(held: Permissions, wanted: Permissions) -> Permissions:
    """The permissions of an account that was already there, after a synchronisation: those of the directory."""
    del held
    return wanted


def permissions_after_batch(held: Permissions, wanted: Permissions) -> Permissions:
    """The permissions of an account that was already there, after a batch: those of its line."""
    del held
    return wanted


def sign_in_traced(success: bool) -> bool:
    """Whether an attempt to sign in leaves a trace."""
    del success
    return True


def searched_at_creation(account: Account) -> bool:
    """Whether the RPPS is searched when an account is made: always, for a profession that the register covers."""
    del account
    return True


def searched_when_due(account: Account) -> bool:
    """Whether the RPPS is searched again when two years have passed."""
    del account
    return True


def revocation_checked() -> bool:
    """Whether the certificate of a third party is looked up in the list of revocation of its authority."""
    return True


def attempt_counted(success: bool) -> bool:
    """Whether an attempt of sending is in the dashboard: all are."""
    del success
    return True


def counted_as_masked(masked: bool) -> bool:
    """Whether an attempt counts among those of masked documents."""
    return masked


@dataclass(frozen=True, slots=True)
class AccessBehaviour:
    """The replaceable decisions."""

    issuer_accepted: Callable[[object, str], bool] = issuer_accepted
    level_asked: Callable[[str], str] = level_asked
    code_exchanged: Callable[[str], bool] = code_exchanged
    matching: Callable[[Iterable[Account], Identity], Account | None] = matching
    permissions_after_synchronisation: Callable[[Permissions, Permissions], Permissions] = (
        permissions_after_synchronisation
    )
    permissions_after_batch: Callable[[Permissions, Permissions], Permissions] = permissions_after_batch
    sign_in_traced: Callable[[bool], bool] = sign_in_traced
    searched_at_creation: Callable[[Account], bool] = searched_at_creation
    searched_when_due: Callable[[Account], bool] = searched_when_due
    revocation_checked: Callable[[], bool] = revocation_checked
    attempt_counted: Callable[[bool], bool] = attempt_counted
    counted_as_masked: Callable[[bool], bool] = counted_as_masked

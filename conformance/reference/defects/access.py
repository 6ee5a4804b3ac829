"""Violations of accounts, sign-in, traces, dashboard, third parties, and of the protection of flows as a whole.

Each replaces one decision of `access.rules.AccessBehaviour` (the last two, of the mail half), and nothing else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from conformance.reference.access.rules import Permissions
from conformance.reference.access.values import Account, Identity
from conformance.reference.defects.table import Defect


def any_issuer(claimed: object, expected: str) -> bool:
    """The issuer is not looked at."""
    del claimed, expected
    return True


def code_forgotten(code: str) -> bool:
    """The code is never exchanged."""
    del code
    return False


def matching_by_name(accounts: Iterable[Account], identity: Identity) -> Account | None:
    """The first account of that name."""
    wanted = _plain(identity.family), _plain(identity.given)
    return next((a for a in accounts if (_plain(a.family), _plain(a.given)) == wanted), None)


def permissions_kept(held: Permissions, wanted: Permissions) -> Permissions:
    """What the directory says of the permissions of an account that is known is left."""
    del wanted
    return held


def permissions_only_added(held: Permissions, wanted: Permissions) -> Permissions:
    """Nothing is taken away."""
    return held | wanted


def successes_only(success: bool) -> bool:
    """What failed is left out."""
    return success


def never(account: Account) -> bool:
    """Nobody is looked up."""
    del account
    return False


def nothing_checked() -> bool:
    """The list of revocation is not asked for."""
    return False


def all_masked(masked: bool) -> bool:
    """Every document counts as masked."""
    del masked
    return True


def clear_when_offered_nothing_else() -> bool:
    """Mails go out in clear when the operator offers no STARTTLS."""
    return True


def everything_offered(minimum: str, maximum: str) -> tuple[str, str, str]:
    """Versions and suites of another time, whatever was set."""
    del minimum
    return "1.0", maximum, "ALL:@SECLEVEL=0"


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if c.isalpha())


def _defect(name: str, key: str, replaces: str, by: Callable[..., Any], fr: str, en: str) -> Defect:
    return Defect(name, key, fr, en, replaces, by, area="access")


DEFECTS: tuple[Defect, ...] = (
    _defect(
        "psc-any-issuer",
        "PFI/va2/SSI/IAM.80",
        "issuer_accepted",
        any_issuer,
        "Un jeton d'identité d'un autre émetteur ouvre une session.",
        "An identity token of another issuer opens a session.",
    ),
    _defect(
        "psc-login-fails",
        "PFI/va2/PSC.01",
        "code_exchanged",
        code_forgotten,
        "Le code d'autorisation n'est jamais échangé : aucune connexion n'aboutit.",
        "The authorization code is never exchanged: no sign-in succeeds.",
    ),
    _defect(
        "accounts-by-name",
        "PFI/va2/PSC.02",
        "matching",
        matching_by_name,
        "Les comptes sont rapprochés par le nom, non par le RPPS.",
        "Accounts are matched by name, not by RPPS.",
    ),
    _defect(
        "sync-adds-only",
        "PFI/va2/SSI/IAM.83",
        "permissions_after_synchronisation",
        permissions_kept,
        "La synchronisation crée les comptes mais ne change jamais leurs permissions.",
        "Synchronisation creates accounts but never changes their permissions.",
    ),
    _defect(
        "batch-drops-permissions",
        "PFI/va2/SSI/IAM.88",
        "permissions_after_batch",
        permissions_only_added,
        "Une mise à jour en masse ne retire aucune permission.",
        "A bulk update takes no permission away.",
    ),
    _defect(
        "failed-login-untraced",
        "PFI/va2/SSI/IAM.91",
        "sign_in_traced",
        successes_only,
        "Une connexion refusée ne laisse aucune trace.",
        "A failed sign-in leaves no trace.",
    ),
    _defect(
        "rpps-never-searched",
        "PFI/va2/SSI/IE.30",
        "searched_at_creation",
        never,
        "Le RPPS n'est pas recherché à la création d'un compte.",
        "The RPPS is not searched when an account is made.",
    ),
    _defect(
        "third-party-revoked-accepted",
        "PFI/va2/SSI/IE.43",
        "revocation_checked",
        nothing_checked,
        "Une structure tierce se connecte avec un certificat révoqué.",
        "A third party connects with a revoked certificate.",
    ),
    _defect(
        "dashboard-without-failures",
        "PFI/va1/TBB/va1.01",
        "attempt_counted",
        successes_only,
        "Le tableau de bord ne compte pas les envois en échec.",
        "The dashboard does not count the attempts that failed.",
    ),
    _defect(
        "dashboard-masked-wrong",
        "PFI/va1/TBB/va1.04",
        "counted_as_masked",
        all_masked,
        "Le tableau de bord compte tous les documents comme masqués.",
        "The dashboard counts every document as masked.",
    ),
    Defect(
        "flow-in-clear",
        "PFI/va2/SSI/GEN.12",
        "Un flux de courriels portant des données de santé part en clair quand le chiffrement n'est pas proposé.",
        "A flow of mails carrying health data goes in clear when encryption is not offered.",
        "clear_allowed",
        clear_when_offered_nothing_else,
        area="mail",
    ),
    Defect(
        "weak-crypto",
        "PFI/va2/SSI/GEN.13",
        "Le système propose des versions et des suites TLS obsolètes, et les emploie face à un pair ancien.",
        "The system offers obsolete TLS versions and suites, and uses them with a peer that has nothing else.",
        "tls_offer",
        everything_offered,
        area="mail",
    ),
)

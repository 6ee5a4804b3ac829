"""What is asked of the system about people: signing in, the life of accounts. Names come with the Binding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["usual", "web", "external-browser", "ciba", "embedded-browser"]
"""How a sign-in goes; `usual` is the one that the target names (`psc_mode`)."""

MODES: tuple[Mode, ...] = ("web", "external-browser", "ciba", "embedded-browser")

SignInStory = Literal["once", "again", "logout", "password", "homonyms"]

WrongToken = Literal[
    "good", "wrong-issuer", "wrong-audience", "expired", "wrong-nonce", "bad-signature", "alg-none", "wrong-key",
    "unknown-acr",
]  # fmt: skip
WRONG_TOKENS: tuple[WrongToken, ...] = tuple(t for t in get_args(WrongToken) if t != "good")
INVALID: tuple[WrongToken, ...] = ("wrong-issuer", "wrong-audience", "expired")
"""Tokens that OpenID Connect Core 3.1.3.7 asks every client to refuse, whatever brought them."""

Refusal = Literal["", "access_denied", "login_required", "server_error"]


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way of signing professionals in, and what goes wrong at the provider, one thing at most.

    `again` signs in twice in one browser; `logout` signs out between; `password` and `homonyms` compare the account
    with the one that a password opens, the latter for two professionals of the same name.
    """

    mode: Mode = "web"
    story: SignInStory = "once"
    token: WrongToken = "good"
    refusal: Refusal = ""
    wrong_state: bool = False
    down: bool = False
    given: str = "Camille"

    @property
    def sound(self) -> bool:
        """Whether nothing goes wrong at the provider."""
        return self.token == "good" and not self.refusal and not self.wrong_state and not self.down


AccountKind = Literal["create", "not-covered", "directory-down", "two-years", "batch", "synchronisation", "life"]
ACCOUNT_KINDS: tuple[AccountKind, ...] = get_args(AccountKind)

Operation = Literal[
    "update", "permissions", "sign-in", "sign-in-failed", "password", "password-failed"
]  # fmt: skip
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
"""What is done to one account, in this order, in the story `life`."""

FAILING: frozenset[Operation] = frozenset({"sign-in-failed", "password-failed"})
"""Those that must fail: their trace says so."""


@dataclass(frozen=True, slots=True)
class AccountStory:
    """One story of accounts. `profession` is a code of TRE_G15. `faulty` puts a line that cannot be read in a batch."""

    kind: AccountKind = "create"
    given: str = "Camille"
    profession: str = "10"
    permissions: tuple[str, ...] = ("consulter",)
    added: str = "ecrire"
    faulty: bool = False

    @property
    def kept(self) -> tuple[str, ...]:
        """The permissions once changed: the first goes, `added` comes."""
        return (*self.permissions[1:], self.added)

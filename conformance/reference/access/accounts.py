"""The base of accounts. Everything that changes one leaves a trace: when, who, what, with what result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from conformance.reference.access import passwords
from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.access.values import ATTRIBUTES, Account, Denied, Identity, plain_rpps
from conformance.reference.clock import Clock
from conformance.reference.traces import Traces

LIMIT = 20_000
FAILURES = 10
"""Wrong passwords in a row after which an account is closed to passwords until an administrator changes it."""
CODES = frozenset({10, 21, 26, 28, 31, 32, 40, 50, 60, 69, 70, 91, 92, 93, 94, 95, 96, 98, *range(80, 87)})
WORDS = frozenset({"medecin", "médecin", "pharmacien", "chirurgien-dentiste", "sage-femme", "infirmier"})
"""Professions of the RPPS, by their code (TRE_G15) or in words."""


class Accounts:
    """The accounts by login. Methods raise Denied; `author` is who asked.

    `made` is told of each account that was created or whose identity changed.
    """

    def __init__(self, traces: Traces, clock: Clock, behaviour: Callable[[], AccessBehaviour]) -> None:
        self._traces = traces
        self._clock = clock
        self._behaviour = behaviour
        self._held: dict[str, Account] = {}
        self.made: Callable[[Account], None] = lambda account: None

    def __iter__(self) -> Iterator[Account]:
        return iter(tuple(self._held.values()))

    def get(self, login: str) -> Account | None:
        """An account, active or not."""
        return self._held.get(login)

    def need(self, login: str) -> Account:
        """An account; raises Denied."""
        if login not in self._held:
            raise Denied("no such account")
        return self._held[login]

    def forget(self) -> None:
        """Empty the base."""
        self._held.clear()

    def create(self, account: Account, author: str, password: str = "") -> Account:
        """A new account; the RPPS, when given, is that of nobody else."""
        try:
            self._check_new(account, password)
        except Denied as no:
            self.trace(author, "account.create", account.login, response=str(no), ok=False)
            raise
        account.secret = passwords.digest(password) if password else ""
        self._held[account.login] = account
        told = ", ".join(f"{n}={getattr(account, n)}" for n in ATTRIBUTES if getattr(account, n))
        self.trace(author, "account.create", account.login, request=told)
        if account.permissions:
            self._permissions_trace(author, account.login, frozenset(), account.permissions)
        self.made(account)
        return account

    def update(self, login: str, changes: Mapping[str, str], author: str) -> Account:
        """Change attributes of identity."""
        account = self._for(login, author, "account.update")
        rpps = plain_rpps(changes.get("rpps", ""))
        if unknown := set(changes) - set(ATTRIBUTES):
            raise self._no(author, "account.update", login, f"not attributes: {', '.join(sorted(unknown))}")
        if changes.get("rpps") and not rpps:
            raise self._no(author, "account.update", login, "an RPPS has 11 digits")
        if rpps and any(a.rpps == rpps and a.login != login for a in self):
            raise self._no(author, "account.update", login, "another account has this RPPS")
        wanted = {**changes, **({"rpps": rpps} if "rpps" in changes else {})}
        changed = {n: v for n, v in wanted.items() if getattr(account, n) != v}
        if changed:
            told = ", ".join(f"{n}: {getattr(account, n)} -> {value}" for n, value in changed.items())
            for name, value in changed.items():
                setattr(account, name, value)
            self.trace(author, "account.update", login, request=told)
            if changed.keys() & {"family", "given", "profession"}:
                account.looked_up = None
                self.made(account)
        return account

    def permit(self, login: str, wanted: Iterable[str], author: str) -> Account:
        """Set the permissions of an account."""
        account = self._for(login, author, "account.permissions")
        wanted = frozenset(wanted)
        if wanted != account.permissions:
            self._permissions_trace(author, login, account.permissions, wanted)
            account.permissions = wanted
        return account

    def activate(self, login: str, active: bool, author: str) -> Account:
        """Close an account, or open it again; what it did stays known."""
        action = "account.activate" if active else "account.delete"
        account = self._for(login, author, action)
        if account.active is not active:
            account.active = active
            self.trace(author, action, login)
        return account

    def change_password(self, login: str, old: str, new: str) -> None:
        """A professional changes the password; both results are traced, no password is."""
        account = self._held.get(login)
        reason = ""
        if account is None or not account.active or not passwords.matches(old, account.secret):
            reason = "wrong login or password"
        elif old == new:
            reason = "the new password is the old one"
        else:
            reason = passwords.weakness(new, login)
        if reason or account is None:
            raise self._no(login, "account.password", login, reason)
        account.secret, account.failures = passwords.digest(new), 0
        self.trace(login, "account.password", login, request="change of password")

    def sign_in(self, login: str, password: str) -> Account:
        """The account that a login and a password open."""
        account = self._held.get(login)
        good = passwords.matches(password, account.secret if account is not None else "")
        if account is not None and not good:
            account.failures += 1
        if account is None or not good or not account.active or account.failures >= FAILURES:
            self.trace_sign_in(login, "password", ok=False)
            raise Denied("wrong login or password")
        account.failures = 0
        self.trace_sign_in(login, "password", ok=True)
        return account

    def of_identity(self, identity: Identity, *, create: bool) -> Account:
        """The account of somebody whom the provider identified: theirs by RPPS, or a new one when allowed."""
        account = self._behaviour().matching(self, identity)
        who = identity.rpps or identity.subject
        if account is None and create and identity.rpps:
            account = self.create(
                Account(
                    f"psc-{identity.rpps}", identity.family, identity.given, rpps=identity.rpps, source="provider",
                    looked_up=self._clock.now(),
                ),
                "openid",
            )  # fmt: skip
        if account is None or not account.active:
            self.trace_sign_in(who, "openid", ok=False)
            raise Denied("no active account for this identity")
        self.trace_sign_in(account.login, "openid", ok=True)
        return account

    def trace_sign_in(self, login: str, means: str, *, ok: bool, reason: str = "") -> None:
        """An attempt to sign in."""
        if self._behaviour().sign_in_traced(ok):
            response = "session opened" if ok else reason or "refused"
            self.trace(login, "account.sign-in", login, request=f"sign-in by {means}", response=response, ok=ok)

    def trace(
        self, author: str, action: str, login: str, *, request: str = "", response: str = "done", ok: bool = True
    ) -> None:
        """One trace about an account."""
        self._traces.add(
            author,
            action,
            request=request or f"{action} {login}",
            response=response,
            outcome="ok" if ok else "failed",
            kind="account",
            subject={"login": login},
        )

    def _check_new(self, account: Account, password: str) -> None:
        if not account.login.strip() or len(account.login) > 200:
            raise Denied("an account has a login")
        if account.login in self._held:
            raise Denied("this login is taken")
        if len(self._held) >= LIMIT:
            raise Denied("the base of accounts is full")
        rpps = plain_rpps(account.rpps)
        if account.rpps and not rpps:
            raise Denied("an RPPS has 11 digits")
        if rpps and any(a.rpps == rpps for a in self):
            raise Denied("another account has this RPPS")
        account.rpps = rpps
        if password and (weak := passwords.weakness(password, account.login)):
            raise Denied(weak)

    def _for(self, login: str, author: str, action: str) -> Account:
        if login not in self._held:
            raise self._no(author, action, login, "no such account")
        return self._held[login]

    def _no(self, author: str, action: str, login: str, reason: str) -> Denied:
        self.trace(author, action, login, response=reason, ok=False)
        return Denied(reason)

    def _permissions_trace(self, author: str, login: str, held: frozenset[str], wanted: frozenset[str]) -> None:
        told = " ".join([*(f"+{p}" for p in sorted(wanted - held)), *(f"-{p}" for p in sorted(held - wanted))])
        self.trace(author, "account.permissions", login, request=told)


def registered(account: Account) -> bool:
    """Whether the RPPS covers the profession of an account."""
    word = account.profession.casefold().strip()
    code = word.partition("/")[0].rpartition("_")[2]
    return word in WORDS or (code.isdecimal() and int(code) in CODES)

"""What keeps the base of accounts true: searches of the RPPS (at creation, then when due) and synchronisations."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import unicodedata
from collections.abc import Callable
from datetime import timedelta

from conformance.reference.access.accounts import Accounts, registered
from conformance.reference.access.directory import DirectoryClient, Held, Practitioner, Silent
from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.access.values import Account, Denied
from conformance.reference.clock import Clock
from conformance.reference.config_access import Directory

log = logging.getLogger("reference.upkeep")

INTERVAL = timedelta(days=700)
"""Between two searches of an RPPS: the requirement says two years at most."""
WAKE = 3600.0
AUTHOR = "annuaire"


class Upkeep:
    """One task in the background. `due` holds the logins still to be searched: kept until the register answers."""

    def __init__(
        self,
        directory: Directory,
        client: DirectoryClient,
        accounts: Accounts,
        clock: Clock,
        behaviour: Callable[[], AccessBehaviour],
    ) -> None:
        self._directory = directory
        self._client = client
        self._accounts = accounts
        self._clock = clock
        self._behaviour = behaviour
        self._due: dict[str, None] = {}
        self._news = asyncio.Event()
        self._synchronised = clock.now()
        self._task: asyncio.Task[None] | None = None
        accounts.made = self._made

    def start(self) -> None:
        """Begin (inside the event loop)."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def forget(self) -> None:
        """Nothing is due any more."""
        self._due.clear()
        self._synchronised = self._clock.now()

    def wake(self) -> None:
        """The calendar has moved: see what has fallen due."""
        self._news.set()

    async def synchronise(self) -> dict[str, int]:
        """Take over the directory's accounts; how many were created, changed, closed. Raises Denied when silent."""
        try:
            held = await self._client.accounts()
        except Silent as silent:
            self._accounts.trace(AUTHOR, "account.synchronise", AUTHOR, response=str(silent), ok=False)
            raise Denied("the directory does not answer") from None
        counts = {"created": 0, "updated": 0, "closed": 0}
        for one in held:
            counts["created" if self._accounts.get(one.login) is None else "updated"] += 1
            try:
                self._take_over(one)
            except Denied as no:  # an entry that cannot be taken over does not stop the others
                log.info("an entry of the directory was left: %s", no)
        present = {one.login for one in held}
        for account in self._accounts:
            if account.source == "directory" and account.login not in present and account.active:
                self._accounts.activate(account.login, False, AUTHOR)
                counts["closed"] += 1
        self._synchronised = self._clock.now()
        return counts

    def _take_over(self, one: Held) -> None:
        account = self._accounts.get(one.login)
        if account is None:
            new = Account(one.login, one.family, one.given, one.mail, permissions=one.permissions, source="directory")
            new.active = one.active
            self._accounts.create(new, AUTHOR)
            return
        account.source = "directory"
        self._accounts.update(one.login, {"family": one.family, "given": one.given, "mail": one.mail}, AUTHOR)
        wanted = self._behaviour().permissions_after_synchronisation(account.permissions, one.permissions)
        self._accounts.permit(one.login, wanted, AUTHOR)
        self._accounts.activate(one.login, one.active, AUTHOR)

    def _made(self, account: Account) -> None:
        if self._directory.search and registered(account) and self._behaviour().searched_at_creation(account):
            self._due[account.login] = None
            self._news.set()

    def _fall_due(self) -> None:
        limit = self._clock.now() - INTERVAL
        for account in self._accounts:
            old = account.looked_up is not None and account.looked_up <= limit
            if old and account.active and registered(account) and self._behaviour().searched_when_due(account):
                self._due[account.login] = None

    async def _run(self) -> None:
        """Search what is due; when the register is silent, again a little later; synchronise at its times."""
        while True:
            self._news.clear()
            try:
                await self._round()
            except Exception:  # one bad round must not be the last one
                log.exception("the upkeep of accounts failed")
            wait = self._directory.retry if self._due else min(WAKE, self._every.total_seconds())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait)

    async def _round(self) -> None:
        if self._directory.search:
            self._fall_due()
            await self._search_all()
        if self._clock.now() - self._synchronised >= self._every:
            self._synchronised = self._clock.now()
            with contextlib.suppress(Denied):
                await self.synchronise()

    @property
    def _every(self) -> timedelta:
        return timedelta(minutes=self._directory.every_minutes)

    async def _search_all(self) -> None:
        for login in tuple(self._due):
            account = self._accounts.get(login)
            if account is None or not account.active:
                self._due.pop(login, None)
                continue
            try:
                found = await self._client.practitioners(account)
            except Silent as silent:
                log.info("a search of RPPS is put off: %s", silent)
                return
            self._due.pop(login, None)
            account.looked_up = self._clock.now()
            self._note(account, found)

    def _note(self, account: Account, found: list[Practitioner]) -> None:
        """Keep an RPPS that was missing, when one professional only answers to the name."""
        same = [p for p in found if _plain(p.family) == _plain(account.family)] if not account.rpps else found
        told = f"search of {account.rpps or f'{account.family} {account.given}'}"
        self._accounts.trace(AUTHOR, "account.rpps-search", account.login, request=told, response=f"{len(found)} found")
        if not account.rpps and len(same) == 1:
            with contextlib.suppress(Denied):
                self._accounts.update(account.login, {"rpps": same[0].rpps}, AUTHOR)


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name).upper() if c.isalpha() and c.isascii())

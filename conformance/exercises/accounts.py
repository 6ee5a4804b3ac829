"""Exercise `accounts`: the life of accounts through the pilot, beside a directory of professionals and of accounts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Acted, Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.generation import access
from conformance.generation.access import Person
from conformance.models.access import AccountStory

NAME = "accounts"
TWO_YEARS = "732"
"""Days after which a look-up is due whatever the calendar (two years, one of them a leap year, and a day)."""

BATCH_COLUMNS = ("login", "family", "given", "mail", "profession", "rpps", "permissions", "active")


@dataclass(frozen=True)
class AccountsExercise:
    """One story of accounts: creation and look-up, two years later, a batch, a synchronisation, every operation.

    Steps that a judge reads: `create`, `account` (the fiche read), `clock`, `account-later`; `batch`, `created`,
    `updated`, `closed`; `sync-1`, `sync-2`, `before`, `after`, `gone`; `log-0`, then for each operation its own name
    and `log-<operation>`.
    """

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"pilot:account.create/1"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = AccountStory
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 10

    def for_waves(self, waves: frozenset[str]) -> AccountsExercise:
        """The same exercise in every wave."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[AccountStory]:
        """Stories of any class, or that have the label."""
        return access.account_stories(label)

    def labels(self) -> frozenset[str]:
        """Every label a story may have."""
        return access.ACCOUNT_LABELS

    def labels_of(self, case: AccountStory) -> frozenset[str]:
        """The labels of a story."""
        return access.account_labels_of(case)

    def sentinel(self) -> AccountStory:
        """An account made for a médecin."""
        return AccountStory()

    def mark(self, case: AccountStory, binding: Binding) -> str:
        """The family name."""
        return access.person(binding, case.given).family

    def simpler(self, case: AccountStory) -> list[AccountStory]:
        """The same story with ordinary data."""
        return access.simpler_accounts(case)

    async def drive(self, drive: Drive, case: AccountStory, binding: Binding) -> None:
        """Play the story."""
        acting = _Acting(drive, case, binding)
        match case.kind:
            case "batch":
                await acting.batch()
            case "synchronisation":
                await acting.synchronisation()
            case "life":
                await acting.life()
            case _:
                await acting.creation()


class _Acting:
    """One story on its way."""

    def __init__(self, drive: Drive, case: AccountStory, binding: Binding) -> None:
        self.drive, self.case, self.binding = drive, case, binding
        self.who = access.person(binding, case.given)

    def _account(self, who: Person, **more: object) -> dict[str, Any]:
        return {
            "login": who.login,
            "family": who.family,
            "given": who.given,
            "mail": who.mail,
            "permissions": list(self.case.permissions),
            **more,
        }

    async def _register(self, who: Person) -> None:
        """Put somebody in the register of professionals."""
        await self.drive.instruct(
            "annuaire",
            "practitioner",
            name=f"register-{who.login}",
            rpps=who.rpps,
            family=who.family,
            given=who.given,
            profession=self.case.profession,
        )

    async def _create(self, who: Person, name: str, **more: object) -> Acted:
        return await self.drive.stimulate("account.create/1", self._account(who, **more), name=name)

    async def _read(self, who: Person, name: str) -> None:
        await self.drive.query("account.read/1", {"login": who.login}, name=name)

    async def creation(self) -> None:
        """An account without RPPS: is it looked up, now, when the directory is back, two years later?"""
        case, who = self.case, self.who
        await self._register(who)
        if case.kind == "directory-down":
            await self.drive.configure("annuaire", {"fault": "down"})
        acted = await self._create(who, "create", profession=case.profession)
        if acted.sent.failure is not None:
            return
        if case.kind != "not-covered":
            await self._looked_up()
        await self.drive.quiet()
        await self._read(who, "account")
        if case.kind == "directory-down":
            while await self._looked_up(0.0):
                pass  # what was asked in vain
            await self.drive.configure("annuaire", {})
            await self._looked_up()
            await self.drive.quiet()
            await self._read(who, "account-later")
        if case.kind == "two-years":
            await self._two_years()

    async def _looked_up(self, timeout: float | None = None) -> bool:
        """Until the directory is asked about this professional, by name or by RPPS."""
        if await self.drive.wait("annuaire", self.who.family.encode(), timeout=timeout) is not None:
            return True
        return await self.drive.wait("annuaire", self.who.rpps.encode(), timeout=0.0) is not None

    async def _two_years(self) -> None:
        clock = {"name": "clock.days-forward", "value": TWO_YEARS}
        acted = await self.drive.stimulate("settings.set/1", clock, name="clock")
        if acted.sent.failure is not None:
            return
        # Known by its RPPS now, most often.
        if await self.drive.wait("annuaire", self.who.rpps.encode()) is None:
            await self.drive.wait("annuaire", self.who.family.encode(), timeout=0.0)
        await self.drive.quiet()
        await self._read(self.who, "account-later")
        await self.drive.stimulate("settings.set/1", {**clock, "value": "0"}, name="clock-back")

    async def batch(self) -> None:
        """Two accounts made one by one, then a file that makes a third, changes the first, closes the second."""
        case = self.case
        changed, closed, made = (access.person(self.binding, case.given, n) for n in range(3))
        for who in (changed, closed):
            if (await self._create(who, f"create-{who.login}")).sent.failure is not None:
                return
        rows = [
            self._row(made, case.permissions),
            self._row(changed, case.kept, mail=f"nouveau.{changed.mail}"),
            self._row(closed, case.permissions, active="false"),
        ]
        if case.faulty:
            rows.insert(1, {"login": "", "family": "SANSLOGIN", "active": "peut-etre"})
        content = base64.b64encode(_csv(rows)).decode()
        await self.drive.stimulate("account.batch/1", {"format": "csv", "base64": content}, name="batch")
        await self.drive.quiet()
        for who, name in ((made, "created"), (changed, "updated"), (closed, "closed")):
            await self._read(who, name)

    def _row(self, who: Person, permissions: Sequence[str], **more: str) -> Mapping[str, str]:
        row = {"login": who.login, "family": who.family, "given": who.given, "mail": who.mail}
        return {**row, "permissions": " ".join(permissions), "active": "true", **more}

    async def synchronisation(self) -> None:
        """The directory holds two accounts; then one has changed and the other has gone."""
        case = self.case
        who, gone = access.person(self.binding, case.given), access.person(self.binding, case.given, 1)
        await self._directory(1, [self._account(who, active=True), self._account(gone, active=True)])
        if not await self._synchronise(1):
            return
        await self._read(who, "before")
        changed = self._account(who, active=True, family=f"{who.family}-EPOUSE", mail=f"nouveau.{who.mail}")
        await self._directory(2, [{**changed, "permissions": list(case.kept)}])
        if not await self._synchronise(2):
            return
        await self._read(who, "after")
        await self._read(gone, "gone")

    async def _directory(self, number: int, accounts: Sequence[Mapping[str, Any]]) -> None:
        body = json.dumps(accounts, ensure_ascii=False).encode()
        await self.drive.instruct("annuaire", "accounts", body, name=f"directory-{number}")

    async def _synchronise(self, number: int) -> bool:
        acted = await self.drive.stimulate("account.sync/1", {}, name=f"sync-{number}")
        if acted.sent.failure is not None:
            return False
        await self.drive.wait("annuaire", event="accounts")
        await self.drive.quiet()
        return True

    async def life(self) -> None:
        """Every operation on one account, the log read after each."""
        who, case = self.who, self.case
        if (await self._create(who, "create", password=who.password)).sent.failure is not None:
            return
        await self.drive.quiet()
        cursor = await self._log("0", None)
        new = f"{who.password}-2"
        login: Mapping[str, Any] = {"login": who.login}
        added, removed = [case.added], list(case.permissions[:1])
        operations: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
            ("update", "account.update/1", {**login, "changes": {"mail": f"nouveau.{who.mail}"}}),
            ("permissions", "account.permissions/1", {**login, "add": added, "remove": removed}),
            ("sign-in", "login.password/1", {**login, "password": who.password}),
            ("sign-in-failed", "login.password/1", {**login, "password": f"faux-{who.password}"}),
            ("password-failed", "account.password/1", {**login, "old": f"faux-{who.password}", "new": new}),
            ("password", "account.password/1", {**login, "old": who.password, "new": new}),
        )
        for operation, kind, payload in operations:
            await self.drive.stimulate(kind, payload, name=operation)
            await self.drive.quiet()
            cursor = await self._log(operation, cursor)

    async def _log(self, name: str, since: str | None) -> str | None:
        asked = {"kind": "account"} if since is None else {"kind": "account", "since": since}
        acted = await self.drive.query("log.read/1", asked, name=f"log-{name}")
        cursor = acted.data.get("cursor")
        return cursor if isinstance(cursor, str) else since


def _csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """A file of accounts: UTF-8, `;`, a line of titles. Cells hold neither `;` nor quotes."""
    lines = [";".join(BATCH_COLUMNS), *(";".join(row.get(c, "") for c in BATCH_COLUMNS) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode()

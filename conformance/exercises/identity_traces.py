"""Exercise `identity.traces`: calls of INSi, changes and accesses by the pilot; traces, dashboard and export read."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Acted, Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.identity_life import SETTING_OID
from conformance.generation import identity_exchange as made
from conformance.generation.identities import PLAIN
from conformance.generation.identity_people import PRODUCTION, Person
from conformance.models.identity_exchange import DENIED, ENTITLED, OTHER, TraceStory

NAME = "identity.traces"
ANSWERS = {
    "traits-01": {"answer": "01"},
    "traits-02": {"answer": "02"},
    "traits-fault": {"fault": "soap-fault"},
    "card-01": {"answer": "01"},
    "verify-ko": {"verification": "ko"},
    "verify-fault": {"fault": "soap-fault"},
}


@dataclass(frozen=True)
class IdentityTraces:
    """Does one thing, then reads what the product tells of it.

    Steps that a judge meets: `national`, `create`; `search`, `verify`, `insi` (the traces of calls); `by-1`, `by-2`
    (searches of two users), `forbid`, `denied`, `allowed`; `changes-0`, `change`, `changes-1`; `accesses-0`, `read`,
    `accesses-1`; `qualified`, `partners`; for a batch `create-b`, `batch`, `batch-a`, `batch-b`; the dashboard of the
    `month`, of the `year`, of `last-year`, before (`-0`) and after (`-1`); `export`.
    """

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"service:insi", "pilot:identity.create/1"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = TraceStory
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 8

    def for_waves(self, waves: frozenset[str]) -> IdentityTraces:
        """The same exercise in every wave."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[TraceStory]:
        """Stories of any class, or that have the label."""
        return made.trace_stories(label)

    def labels(self) -> frozenset[str]:
        """Every label a story may have."""
        return frozenset(made.TRACE_LABELS)

    def labels_of(self, case: TraceStory) -> frozenset[str]:
        """The label of a story."""
        return frozenset({f"traces:{case.kind}"})

    def sentinel(self) -> TraceStory:
        """A search by traits that finds the patient."""
        return TraceStory("traits-00", PLAIN)

    def mark(self, case: TraceStory, binding: Binding) -> str:
        """The letters that end the birth name."""
        return binding.letters

    def simpler(self, case: TraceStory) -> list[TraceStory]:
        """The same about an ordinary patient."""
        return made.simpler_trace(case)

    async def drive(self, drive: Drive, case: TraceStory, binding: Binding) -> None:
        """Play the story."""
        await _Playing(drive, case, binding).play()


class _Playing:
    def __init__(self, drive: Drive, case: TraceStory, binding: Binding) -> None:
        self._drive, self._case = drive, case
        oid = str(drive.settings.get(SETTING_OID) or PRODUCTION)
        self._person, self._other = made.couple(case.patient, binding, drive.as_of, oid)
        self._mark = binding.letters.encode()
        self._ipp = ""

    async def play(self) -> None:
        await self._national(self._person, "national")
        match self._case.kind:
            case "dashboard":
                await self._dashboard()
            case "batch":
                await self._batch()
            case _:
                if await self._create(self._person, "create"):
                    await self._alone()

    async def _alone(self) -> None:
        """What is done about one patient."""
        match self._case.kind:
            case "users":
                await self._search("by-1", user=ENTITLED)
                await self._search("by-2", user=OTHER)
                await self._traces("insi", "insi")
            case "rights":
                await self._rights()
            case "change":
                await self._traces("change", "changes-0")
                changed = {"traits": {"birth_name": f"{self._person.traits.birth_name} BIS"}}
                await self._pilot("identity.update/1", "change", **changed)
                await self._drive.quiet()
                await self._traces("change", "changes-1")
            case "access":
                await self._search("search")
                await self._traces("access", "accesses-0")
                await self._drive.query("identity.read/1", {"ipp": self._ipp}, name="read")
                await self._traces("access", "accesses-1")
            case "partner":
                await self._partner()
            case "authentication":
                await self._search("search")
                await self._pilot("identity.verify-insi/1", "verify")
                await self._drive.quiet()
            case "portability":
                await self._search("search")
                await self._drive.query("export.portability/1", {}, name="export")
            case _:
                await self._call()

    async def _national(self, person: Person, name: str) -> None:
        declared: dict[str, Any] = dict(person.declared)
        await self._drive.instruct("insi", "person", name=name, **declared)

    async def _create(self, person: Person, name: str) -> str:
        acted = await self._drive.stimulate("identity.create/1", {"traits": made.typed(person)}, name=name)
        ipp = str(acted.data.get("ipp") or "") if acted.acted else ""
        self._ipp = self._ipp or ipp
        return ipp

    async def _pilot(self, kind: str, name: str, /, **payload: Any) -> Acted:
        return await self._drive.stimulate(kind, {"ipp": self._ipp, **payload}, name=name)

    async def _search(self, name: str, mode: str = "traits", **payload: Any) -> Acted:
        acted = await self._pilot("identity.search-insi/1", name, mode=mode, **payload)
        await self._drive.quiet()
        return acted

    async def _traces(self, kind: str, name: str, ipp: str = "") -> None:
        await self._drive.query("identity.trace/1", {"ipp": ipp or self._ipp, "kind": kind}, name=name)

    async def _call(self) -> None:
        """One call of INSi, and its trace."""
        kind = self._case.kind
        answering = ANSWERS.get(kind, {})
        if kind.startswith("verify"):
            await self._search("search")
            await self._drive.configure("insi", answering)
            await self._pilot("identity.verify-insi/1", "verify")
            await self._drive.quiet()
        else:
            await self._drive.configure("insi", answering)
            if kind.startswith("card"):
                await self._search("search", mode="card", card=self._card())
            else:
                await self._search("search")
        await self._drive.configure("insi", {})
        await self._traces("insi", "insi")

    def _card(self) -> dict[str, str]:
        traits = self._person.traits
        return {"matricule": self._person.ins.matricule, "birth_name": traits.birth_name, "birth": traits.birth}

    async def _rights(self) -> None:
        """Somebody who may not call, then somebody who may."""
        await self._drive.quiet()  # what the creation itself may call
        right = {"name": f"user.{DENIED}.insi", "value": "off"}
        if (await self._drive.stimulate("settings.set/1", right, name="forbid")).acted:
            await self._search("denied", user=DENIED)
            await self._search("allowed", user=ENTITLED)
            await self._drive.stimulate("settings.set/1", {**right, "value": "on"}, name="forbid-no-more")

    async def _partner(self) -> None:
        """A qualified identity goes out with its INS."""
        await self._search("search")
        await self._pilot("identity.document/1", "document", kind="PA", trust="high")
        await self._pilot("identity.validate/1", "qualified")
        if self._drive.has("pam"):
            await self._drive.wait("pam", self._person.ins.matricule.encode())
        await self._drive.quiet()
        await self._traces("partner", "partners")

    async def _batch(self) -> None:
        """Two identities retrieved; the national base then knows only the first."""
        await self._national(self._other, "national-b")
        first = await self._create(self._person, "create")
        second = await self._create(self._other, "create-b") if first else ""
        if not second:
            return
        await self._search("search")
        await self._drive.stimulate("identity.search-insi/1", {"ipp": second, "mode": "traits"}, name="search-b")
        await self._drive.quiet()
        await self._drive.instruct("insi", "forget", name="forget", matricule=self._other.ins.matricule)
        await self._drive.stimulate("identity.verify-batch/1", {"ipps": [first, second]}, name="batch")
        await self._drive.quiet()
        for ipp, name in ((first, "batch-a"), (second, "batch-b")):
            await self._drive.query("identity.read/1", {"ipp": ipp}, name=name)

    async def _dashboard(self) -> None:
        """One call that succeeds and one that fails, between two looks at the dashboard."""
        if not await self._periods("0"):
            return
        if not await self._create(self._person, "create"):
            return
        await self._search("search")
        await self._drive.configure("insi", {"fault": "soap-fault"})
        await self._search("search-failed")
        await self._drive.configure("insi", {})
        await self._periods("1")

    async def _periods(self, when: str) -> bool:
        day = self._drive.as_of
        month = (day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))
        year, before = _year(day.year), _year(day.year - 1)
        for name, (first, last) in (("month", month), ("year", year), ("last-year", before)):
            asked = {"from": first.isoformat(), "to": last.isoformat()}
            read = await self._drive.query("dashboard.insi/1", asked, name=f"{name}-{when}")
            if read.sent.failure is not None:
                return False
        return True


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)

"""Exercise `dashboard`: documents go out by every channel, some fail; the dashboard is read before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import ClassVar, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.documents import ENDPOINT
from conformance.generation import documents, render
from conformance.models.document import Dialect, DocumentStory

NAME = "dashboard"

Fault = Literal["", "dmp", "mss"]


@dataclass(frozen=True, slots=True)
class DashboardStory:
    """A few documents sent one after the other while one channel, at most, fails."""

    documents: tuple[DocumentStory, ...]
    fault: Fault = ""


_MADE_OF: dict[str, tuple[tuple[str, ...], Fault]] = {
    "dashboard:dmp": (("plain",), ""),
    "dashboard:dmp-failure": (("plain",), "dmp"),
    "dashboard:masked": (("flag:masque-ps", "plain"), ""),
    "dashboard:mss-pro": (("flag:dest-mss-ps",), ""),
    "dashboard:mss-citizen": (("flag:dest-mss-pat",), ""),
    "dashboard:mss-failure": (("mss:both",), "mss"),
    "dashboard:all-channels": (("mss:both", "kind:operative", "kind:discharge-letter"), ""),
}
"""Label -> the labels of its documents, and the channel that fails."""

FAULTS = {"dmp": ("dmp", "xds-error"), "mss": ("mss", "data-5xx")}
"""Channel that fails -> service and what it does."""


@dataclass(frozen=True)
class DashboardExercise:
    """Reads the dashboard, sends, reads it again. `dialect` is as in `documents.intake`.

    Reads are named `month-before`, `year-before`, `month-after`, `year-after`, `last-year`; messages `step-<n>`.
    """

    dialect: Dialect | None = None

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"endpoint:documents", "service:dmp", "pilot:dashboard.read/1"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = DashboardStory
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 15

    def for_waves(self, waves: frozenset[str]) -> DashboardExercise:
        """The same exercise in the dialects that these waves ask for."""
        return replace(self, dialect="1.2") if waves == {"va1"} else self

    def cases(self, label: str | None) -> SearchStrategy[DashboardStory]:
        """Stories of any class, or that have the label."""
        wanted = [_MADE_OF[label]] if label is not None else list(_MADE_OF.values())
        return st.one_of([self._stories(*one) for one in wanted])

    def _stories(self, labels: tuple[str, ...], fault: Fault) -> SearchStrategy[DashboardStory]:
        held = st.tuples(*(documents.stories(label).map(_first_step) for label in labels))
        return held.map(lambda stories: DashboardStory(tuple(self._spoken(s) for s in stories), fault))

    def _spoken(self, story: DocumentStory) -> DocumentStory:
        return story if self.dialect is None else replace(story, dialect=self.dialect)

    def labels(self) -> frozenset[str]:
        """Every label a story may have."""
        return frozenset(_MADE_OF)

    def labels_of(self, case: DashboardStory) -> frozenset[str]:
        """What the documents and the fault make of it."""
        found = set()
        flags = [d.steps[0].flags for d in case.documents]
        to_dmp = [f for f in flags if f.dest_dmp]
        if case.fault == "dmp" and to_dmp:
            found.add("dashboard:dmp-failure")
        mailed = any(f.dest_mss_ps or f.dest_mss_pat for f in flags)
        if case.fault == "mss" and mailed:
            found.add("dashboard:mss-failure")
        if case.fault:
            return frozenset(found)
        marks = (
            (bool(to_dmp), "dmp"),
            (any(f.masque_ps for f in to_dmp), "masked"),
            (any(f.dest_mss_ps for f in flags), "mss-pro"),
            (any(f.dest_mss_pat for f in flags), "mss-citizen"),
        )
        found |= {f"dashboard:{label}" for holds, label in marks if holds}
        if len(case.documents) > 2 and {"dashboard:dmp", "dashboard:mss-pro", "dashboard:mss-citizen"} <= found:
            found.add("dashboard:all-channels")
        return frozenset(found)

    def sentinel(self) -> DashboardStory:
        """One imaging report to the DMP."""
        return DashboardStory((self._spoken(documents.plainest()),))

    def mark(self, case: DashboardStory, binding: Binding) -> str:
        """The unique id of the first document."""
        return render.document_uid(_own(binding, 0), 0, case.documents[0].steps[0].bodies[0])

    def simpler(self, case: DashboardStory) -> list[DashboardStory]:
        """One document less."""
        many = range(len(case.documents))
        found = [replace(case, documents=case.documents[:n] + case.documents[n + 1 :]) for n in many]
        return [c for c in dict.fromkeys(found) if c.documents]

    async def drive(self, drive: Drive, case: DashboardStory, binding: Binding) -> None:
        """Before, the documents, after."""
        settings = render.Settings.of(drive.settings)
        if case.fault:
            service, fault = FAULTS[case.fault]
            await drive.configure(service, {"fault": fault})
        if not await _read(drive, "month-before", drive.as_of.replace(day=1), _tomorrow(drive.as_of)):
            return
        await _read(drive, "year-before", drive.as_of.replace(month=1, day=1), _tomorrow(drive.as_of))
        for number, story in enumerate(case.documents):
            rendered = render.render(story, 0, _own(binding, number), drive.as_of, settings)
            sent = await drive.send(
                ENDPOINT, rendered.message, name=f"step-{number + 1}", keys=rendered.keys, control=rendered.control
            )
            if sent.failure is not None:
                break
        await drive.quiet()
        await _read(drive, "month-after", drive.as_of.replace(day=1), _tomorrow(drive.as_of))
        await _read(drive, "year-after", drive.as_of.replace(month=1, day=1), _tomorrow(drive.as_of))
        last = drive.as_of.year - 1
        await _read(drive, "last-year", date(last, 1, 1), date(last, 12, 31))


async def _read(drive: Drive, name: str, first: date, last: date) -> bool:
    asked = {"from": first.isoformat(), "to": last.isoformat()}
    return (await drive.query("dashboard.read/1", asked, name=name)).sent.failure is None


def _tomorrow(day: date) -> date:
    """A run may go past midnight."""
    return day + timedelta(days=1)


def _first_step(story: DocumentStory) -> DocumentStory:
    """The story cut down to one first transmission, with the strictest flags that one of its steps had."""
    strict = max(story.steps, key=lambda s: (s.flags.masque_ps, s.flags.invisible_patient, s.request == "initial"))
    mailed = strict.flags.dest_mss_ps or strict.flags.dest_mss_pat
    flags = replace(strict.flags, modif_conf_code=False, dest_dmp=strict.flags.dest_dmp or not mailed)
    # What goes out without a qualified INS is in no counter.
    patient = replace(story.patient, qualified=True)
    return replace(story, patient=patient, steps=(replace(story.steps[0], flags=flags),))


def _own(binding: Binding, number: int) -> Binding:
    """A binding for each document of the story: other ids, the same patient."""
    return binding if number == 0 else replace(binding, run=f"{binding.run}-{number}")

"""Exercise `identity.intake`: an order or an appointment, taken in for its PID, then a document of the same patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.documents import ENDPOINT
from conformance.generation import identity_messages, render
from conformance.models.document import Dialect
from conformance.models.intake import IdentityCase, Trigger


@dataclass(frozen=True)
class IdentityIntake:
    """Sends a message whose PID follows the INS annex, then a document to the DMP, which tells whose file it fed."""

    dialect: Dialect | None = None

    name: ClassVar[str] = "identity.intake"
    needs: ClassVar[frozenset[str]] = frozenset({"endpoint:documents"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = IdentityCase
    weight: ClassVar[int] = 4

    def for_waves(self, waves: frozenset[str]) -> IdentityIntake:
        """The same exercise, its documents in the dialect that these waves ask for."""
        return replace(self, dialect="1.2") if waves == {"va1"} else self

    def _spoken(self, case: IdentityCase) -> IdentityCase:
        if self.dialect is None:
            return case
        flags = replace(case.story.steps[0].flags, ack_reception=False)
        steps = (replace(case.story.steps[0], flags=flags),)
        return replace(case, story=replace(case.story, dialect=self.dialect, steps=steps))

    def cases(self, label: str | None) -> SearchStrategy[IdentityCase]:
        """Orders and appointments of any qualified patient, or of a class."""
        return identity_messages.cases(label).map(self._spoken)

    def labels(self) -> frozenset[str]:
        """Every label a case may have."""
        return identity_messages.LABELS

    def labels_of(self, case: IdentityCase) -> frozenset[str]:
        """The labels of a case."""
        return identity_messages.labels_of(case)

    def sentinel(self) -> IdentityCase:
        """An order for the plainest patient."""
        return self._spoken(identity_messages.plainest())

    def mark(self, case: IdentityCase, binding: Binding) -> str:
        """The unique id of the document."""
        return render.document_uid(binding, 0, case.story.steps[0].bodies[0])

    def simpler(self, case: IdentityCase) -> list[IdentityCase]:
        """The same message for the plainest patient."""
        plain = self.sentinel()
        found = (replace(plain, trigger=case.trigger), replace(case, story=plain.story))
        return list(dict.fromkeys(c for c in found if c != case))

    async def drive(self, drive: Drive, case: IdentityCase, binding: Binding) -> None:
        """Send the message (after the appointment it is about, if any), then the document."""
        settings = render.Settings.of(drive.settings)
        triggers: tuple[Trigger, ...] = (case.trigger,)
        if case.trigger in ("SIU^S14", "SIU^S15"):
            triggers = ("SIU^S12", case.trigger)
        for place, trigger in enumerate(triggers):
            told = identity_messages.message(case.story, trigger, place, binding, drive.as_of, settings)
            sent = await drive.send(
                ENDPOINT, told.message, name=f"message-{place + 1}", keys=told.keys, control=told.control
            )
            if sent.failure is not None:
                return
        document = render.render(case.story, 0, binding, drive.as_of, settings)
        await drive.send(ENDPOINT, document.message, name="document", keys=document.keys, control=document.control)

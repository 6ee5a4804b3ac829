"""Exercise `documents.intake`: document stories sent step by step to the system under test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.generation import documents, labels, render, simpler
from conformance.generation.breakages import break_message
from conformance.models.document import Dialect, DocumentStory

NAME = "documents.intake"
ENDPOINT = "documents"
DMP_REFUSES = Environment("dmp-refuses", {"dmp.fault": "xds-error"}, spare="dmp.spare")
"""The DMP answers every submission with an XDS error: what the system then tells the sender is heard."""

MAILS_ANSWERED = Environment("mails-answered", {"mss.receipts": "both"})
"""The operator answers each mail by the receipts it asks for: what the system then tells the sender is heard."""


@dataclass(frozen=True)
class DocumentsIntake:
    """Sends each message of a story in turn, waiting for the answer of one before the next.

    `dialect` keeps to one dialect of the volet: a product of wave 1 alone has only to know V1.2.
    """

    dialect: Dialect | None = None

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"endpoint:documents"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL, DMP_REFUSES, MAILS_ANSWERED)
    case_type: ClassVar[type] = DocumentStory

    def for_waves(self, waves: frozenset[str]) -> DocumentsIntake:
        """The same exercise in the dialects that these waves ask for."""
        return replace(self, dialect="1.2") if waves == {"va1"} else self

    def _spoken(self, story: DocumentStory) -> DocumentStory:
        return story if self.dialect is None else replace(story, dialect=self.dialect)

    def cases(self, label: str | None) -> SearchStrategy[DocumentStory]:
        """Unbroken stories of any class, or stories that have the label."""
        return documents.stories(label).map(self._spoken)

    def labels(self) -> frozenset[str]:
        """Every label a story may have."""
        return labels.LABELS

    def labels_of(self, case: DocumentStory) -> frozenset[str]:
        """The labels of a story."""
        return labels.labels_of(case)

    def sentinel(self) -> DocumentStory:
        """An imaging report N1 in an MDM V2.1, to the DMP, its return asked."""
        return self._spoken(documents.plainest())

    def mark(self, case: DocumentStory, binding: Binding) -> str:
        """The unique id of the first document of the story."""
        return render.document_uid(binding, 0, case.steps[0].bodies[0])

    def simpler(self, case: DocumentStory) -> list[DocumentStory]:
        """Coherent stories one step nearer to the sentinel, the boldest first."""
        return list(dict.fromkeys(self._spoken(c) for c in simpler.simpler(case) if self._spoken(c) != case))

    async def drive(self, drive: Drive, case: DocumentStory, binding: Binding) -> None:
        """Send the messages in order; only the last one of a broken story is broken.

        A message that no answer came to ends the story: what follows would speak of a document nobody may hold.
        """
        settings = render.Settings.of(drive.settings)
        for index, step in enumerate(case.steps):
            rendered = render.render(case, index, binding, drive.as_of, settings)
            if case.broken is not None and index + 1 == len(case.steps):
                rendered = break_message(case.broken, rendered)
            sent = await drive.send(
                ENDPOINT,
                rendered.message,
                name=f"step-{index + 1}-{step.request}",
                keys=rendered.keys,
                control=rendered.control,
            )
            if sent.failure is not None:
                return

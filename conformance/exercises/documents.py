"""Exercise `documents.intake`: document stories sent step by step to the system under test."""

from __future__ import annotations

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.generation import documents, labels, render, simpler
from conformance.generation.breakages import break_message
from conformance.models.document import DocumentStory

NAME = "documents.intake"
ENDPOINT = "documents"
DMP_REFUSES = Environment("dmp-refuses", {"dmp.fault": "xds-error"}, spare="dmp.spare")
"""The DMP answers every submission with an XDS error: what the system then tells the sender is heard."""


class DocumentsIntake:
    """Sends each message of a story in turn, waiting for the answer of one before the next."""

    name = NAME
    needs = frozenset({"endpoint:documents", "service:dmp", "service:returns"})
    environments: tuple[Environment, ...] = (NORMAL, DMP_REFUSES)
    case_type: type = DocumentStory

    def cases(self, label: str | None) -> SearchStrategy[DocumentStory]:
        """Unbroken stories of any class, or stories that have the label."""
        return documents.stories(label)

    def labels(self) -> frozenset[str]:
        """Every label a story may have."""
        return labels.LABELS

    def labels_of(self, case: DocumentStory) -> frozenset[str]:
        """The labels of a story."""
        return labels.labels_of(case)

    def sentinel(self) -> DocumentStory:
        """An imaging report N1 in an MDM V2.1, to the DMP, its return asked."""
        return documents.plainest()

    def mark(self, case: DocumentStory, binding: Binding) -> str:
        """The unique id of the first document of the story."""
        return render.document_uid(binding, 0, case.steps[0].bodies[0])

    def simpler(self, case: DocumentStory) -> list[DocumentStory]:
        """Coherent stories one step nearer to the sentinel, the boldest first."""
        return simpler.simpler(case)

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

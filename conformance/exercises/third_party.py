"""Exercise `third-party.connection`: a third-party organisation connects to the system, with various certificates.

The bench is the third party. It shows its usual certificate and sends a small conformant message; then the same from
another connection with no certificate, or one that is revoked, expired, or of an authority that nobody trusts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.generation import documents, render
from conformance.models.document import Dialect
from conformance.models.transport import IDENTITIES, ThirdPartyCase

NAME = "third-party.connection"
ENDPOINT = "third-party"

TWIN, OTHER = "step-1-usual", "step-2-other"
"""The connection with the usual certificate, and the one with the certificate of the case."""

_BY_LABEL = {f"identity:{i or 'usual'}": ThirdPartyCase(i) for i in IDENTITIES}


@dataclass(frozen=True)
class ThirdPartyConnection:
    """Connects as a third party would, and sends a document message.

    `dialect` keeps to one dialect of the volet, as in `documents.intake`.
    """

    dialect: Dialect | None = None

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({f"endpoint:{ENDPOINT}"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = ThirdPartyCase
    exclusive: ClassVar[bool] = True
    synchronous: ClassVar[bool] = True
    weight: ClassVar[int] = 10

    def for_waves(self, waves: frozenset[str]) -> ThirdPartyConnection:
        """The same exercise, its message in the dialect that these waves ask for."""
        return replace(self, dialect="1.2") if waves == {"va1"} else self

    def cases(self, label: str | None) -> SearchStrategy[ThirdPartyCase]:
        """Any case, or the case of a label."""
        return st.sampled_from(tuple(_BY_LABEL.values()) if label is None else (_BY_LABEL[label],))

    def labels(self) -> frozenset[str]:
        """Every label a case may have."""
        return frozenset(_BY_LABEL)

    def labels_of(self, case: ThirdPartyCase) -> frozenset[str]:
        """The one label of a case."""
        return frozenset({f"identity:{case.identity or 'usual'}"})

    def sentinel(self) -> ThirdPartyCase:
        """The usual certificate alone."""
        return ThirdPartyCase()

    def mark(self, case: ThirdPartyCase, binding: Binding) -> str:
        """The unique id of the document of the twin."""
        del case
        return render.document_uid(_own(binding, 0), 0, documents.plainest().steps[0].bodies[0])

    def simpler(self, case: ThirdPartyCase) -> list[ThirdPartyCase]:
        """None: a certificate has nothing to be rid of."""
        del case
        return []

    async def drive(self, drive: Drive, case: ThirdPartyCase, binding: Binding) -> None:
        """The twin, then the certificate of the case."""
        if await self._connect(drive, 0, TWIN, binding, "") and case.identity:
            await self._connect(drive, 1, OTHER, binding, case.identity)

    async def _connect(self, drive: Drive, phase: int, name: str, binding: Binding, identity: str) -> bool:
        """Send a message from a connection; whether it was answered."""
        story = documents.plainest()
        if self.dialect is not None:
            story = replace(story, dialect=self.dialect)
        rendered = render.render(story, 0, _own(binding, phase), drive.as_of, render.Settings.of(drive.settings))
        sent = await drive.send(
            ENDPOINT, rendered.message, name=name, keys=rendered.keys, control=rendered.control, identity=identity
        )
        return sent.failure is None


def _own(binding: Binding, phase: int) -> Binding:
    return replace(binding, run=f"{binding.run}-{phase}")

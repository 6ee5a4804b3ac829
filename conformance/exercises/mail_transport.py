"""Exercise `mail.transport`: the operator shows itself as usual, then in another way, then as usual again.

In SMTP a document to be mailed is sent before and during the change; in IMAP the mailbox is read, by the pilot when
there is one, by the system's own polling otherwise. What a session met is in the facts of that session, so that a mail
sent late is never held against the wrong condition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.mailboxes import mailbox
from conformance.generation import documents, render
from conformance.generation.people import PROFESSIONALS
from conformance.models.document import Dialect, DocumentStory, Professional
from conformance.models.transport import CASES, CONDITIONS, USUAL, Condition, TransportCase, label_of

NAME = "mail.transport"
ENDPOINT = "documents"
DOORS = {"mss": ("mss", "mss-implicit"), "imap": ("imap", "imap-implicit")}
"""Channel -> the services of the bench that are heard on it: a system may use implicit TLS besides STARTTLS."""

TWIN, CHANGED = "step-1-usual", "step-2-changed"
"""The two stimuli of a case: before the change, and during it."""

DRAIN_SECONDS = 1.0
"""How long what could not leave is awaited once the operator is as usual again; nothing is judged on it."""

_BY_LABEL = {label_of(case): case for case in CASES}
_SMTP = tuple(c for c in CASES if c.protocol == "smtp")


@dataclass(frozen=True)
class MailTransport:
    """Makes the system reach the operator, as usual and then under one condition.

    `dialect` keeps to one dialect of the volet, as in `documents.intake`.
    """

    dialect: Dialect | None = None

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"endpoint:documents", "service:mss"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = TransportCase
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 10

    def for_waves(self, waves: frozenset[str]) -> MailTransport:
        """The same exercise, its documents in the dialect that these waves ask for."""
        return replace(self, dialect="1.2") if waves == {"va1"} else self

    def cases(self, label: str | None) -> SearchStrategy[TransportCase]:
        """Any SMTP case, or the case of a label."""
        return st.sampled_from(_SMTP if label is None else (_BY_LABEL[label],))

    def labels(self) -> frozenset[str]:
        """Every label a case may have."""
        return frozenset(_BY_LABEL)

    def labels_of(self, case: TransportCase) -> frozenset[str]:
        """The one label of a case."""
        return frozenset({label_of(case)})

    def sentinel(self) -> TransportCase:
        """One document mailed through an operator that is as usual."""
        return CASES[0]

    def mark(self, case: TransportCase, binding: Binding) -> str:
        """What stands in the address to which the first document goes."""
        del case, binding
        return _recipient(0)

    def simpler(self, case: TransportCase) -> list[TransportCase]:
        """None: a condition has nothing to be rid of."""
        del case
        return []

    async def drive(self, drive: Drive, case: TransportCase, binding: Binding) -> None:
        """As usual (the permitted twin), then changed, then as usual again."""
        condition = CONDITIONS[case.condition]
        if case.protocol == "imap":
            await self._read(drive, condition)
        else:
            await self._mail(drive, condition, binding)

    async def _mail(self, drive: Drive, condition: Condition, binding: Binding) -> None:
        if not await self._document(drive, 0, TWIN, binding):
            return
        heard = await drive.wait("mss", _recipient(0).encode(), event="mail")
        if heard is None or condition.name == USUAL:
            return
        await drive.quiet()  # the sessions of the twin end before the change
        await _change(drive, "mss", condition)
        if await self._document(drive, 1, CHANGED, binding):
            await _outcome(drive, condition)
        await _restore(drive, "mss", condition)
        if not condition.accepted:
            # What could not leave is let go, or it would be taken for the next case's.
            await drive.wait("mss", _recipient(1).encode(), event="mail", timeout=DRAIN_SECONDS)

    async def _document(self, drive: Drive, phase: int, name: str, binding: Binding) -> bool:
        """Send the document of a phase, for a recipient of its own; whether it was answered."""
        story = _mailed(PROFESSIONALS[1 + phase])
        if self.dialect is not None:
            story = replace(story, dialect=self.dialect)
        own = replace(binding, run=f"{binding.run}-{phase}")
        rendered = render.render(story, 0, own, drive.as_of, render.Settings.of(drive.settings))
        sent = await drive.send(ENDPOINT, rendered.message, name=name, keys=rendered.keys, control=rendered.control)
        return sent.failure is None

    async def _read(self, drive: Drive, condition: Condition) -> None:
        asked = {"mailbox": mailbox(drive.settings, "application")}
        await drive.stimulate("mail.fetch/1", asked, name=TWIN)
        heard = await drive.wait("imap", event="login")
        if heard is None or condition.name == USUAL:
            return
        await drive.quiet()
        await _change(drive, "imap", condition)
        await drive.stimulate("mail.fetch/1", asked, name=CHANGED)
        await drive.wait("imap", condition.shown.encode(), event="login" if condition.accepted else "session")
        await drive.quiet()
        await _restore(drive, "imap", condition)


def _mailed(recipient: Professional) -> DocumentStory:
    """The plainest story that also asks for its document to be mailed to a professional.

    It is hidden from the patient till then, as the MSSanté matrix of the volet has it.
    """
    story = documents.plainest()
    step = story.steps[0]
    flags = replace(step.flags, dest_mss_ps=True, invisible_patient=True)
    return replace(story, recipients=(recipient,), steps=(replace(step, flags=flags),))


def _recipient(phase: int) -> str:
    """What stands in the address of a phase's recipient, and of no other."""
    return PROFESSIONALS[1 + phase].rpps  # the first one wrote the document: its address is in every mail


async def _change(drive: Drive, channel: str, condition: Condition) -> None:
    if condition.igc:
        await drive.configure("igc", condition.igc)
    if condition.operator:
        for door in DOORS[channel]:
            await drive.configure(door, condition.operator)


async def _restore(drive: Drive, channel: str, condition: Condition) -> None:
    if condition.igc:
        await drive.configure("igc", {})
    if condition.operator:
        for door in DOORS[channel]:
            await drive.configure(door, {})


async def _outcome(drive: Drive, condition: Condition) -> None:
    """Wait for what the system does under the condition: its mail, or a session that ends without one."""
    if condition.accepted:
        if await drive.wait("mss", _recipient(1).encode(), event="mail") is None:
            await drive.quiet()
        return
    await drive.wait("mss", condition.shown.encode(), event="session")
    await drive.quiet()

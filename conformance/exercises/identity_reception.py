"""Exercise `identity.reception`: PAM messages of another identification domain; INSi verifies, or a contract does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Acted, Drive
from conformance.errors import Malformed
from conformance.evidence.values import Binding, Sent
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.identity_life import SETTING_OID
from conformance.generation import identity_exchange as made
from conformance.generation.identities import PLAIN
from conformance.generation.identity_people import PRODUCTION
from conformance.models.identity_exchange import ReceptionStory
from conformance.standards.hl7v2.orders import LocalId
from conformance.standards.hl7v2.pam.reader import read
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.syntax import parse

NAME = "identity.reception"
ENDPOINT = "identities"
MOST = 3
"""Identities read after a message: more than one is already too many."""

ANSWERS = {
    "ko-unknown": {"verification": "ko"},
    "ko-known": {"verification": "ko"},
    "fault-unknown": {"fault": "soap-fault"},
    "fault-known": {"fault": "unavailable"},
    "slow": {"fault": "slow", "delay": "1"},
}
"""Kind -> how INSi answers; as usual for the others."""


@dataclass(frozen=True)
class IdentityReception:
    """Sends identities as another system would; what the product holds then is found by name and read.

    Steps that a judge meets: `national`; `create`, `document`, `validate`, `before` for a known patient; `contract`;
    `receive-1`... (messages, in order); `found` (a search by name) and `after-1`... (identities read); for
    `requalified`, `proof`, `accepted` and `requalified`.
    """

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"endpoint:identities", "service:insi", "pilot:identity.read/1"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = ReceptionStory
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 8

    def for_waves(self, waves: frozenset[str]) -> IdentityReception:
        """The same exercise in every wave."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[ReceptionStory]:
        """Receptions of any class, or that have the label."""
        return made.receptions(label)

    def labels(self) -> frozenset[str]:
        """Every label a case may have."""
        return frozenset(made.RECEPTION_LABELS)

    def labels_of(self, case: ReceptionStory) -> frozenset[str]:
        """The label of a case."""
        return frozenset({f"reception:{case.kind}"})

    def sentinel(self) -> ReceptionStory:
        """An unknown patient whom INSi confirms."""
        return ReceptionStory("ok-unknown", PLAIN)

    def mark(self, case: ReceptionStory, binding: Binding) -> str:
        """The letters that end the birth name."""
        return binding.letters

    def simpler(self, case: ReceptionStory) -> list[ReceptionStory]:
        """The same with an ordinary patient and the newest extension."""
        return made.simpler_reception(case)

    async def drive(self, drive: Drive, case: ReceptionStory, binding: Binding) -> None:
        """Play the case."""
        await _Playing(drive, case, binding).play()


class _Playing:
    def __init__(self, drive: Drive, case: ReceptionStory, binding: Binding) -> None:
        self._drive, self._case, self._binding = drive, case, binding
        oid = str(drive.settings.get(SETTING_OID) or PRODUCTION)
        self._person, _ = made.couple(case.patient, binding, drive.as_of, oid)
        self._sender = made.Sender(case, self._person, binding, drive.as_of)
        self._ipp = ""
        self._messages = 0

    async def play(self) -> None:
        drive, case = self._drive, self._case
        declared: dict[str, Any] = dict(self._person.declared)
        await drive.instruct("insi", "person", name="national", **declared)
        if case.known and not await self._known():
            return
        setting = {"name": f"trust-contract.{made.domain(self._binding)[0]}", "value": "on"}
        if case.contract and not (await drive.stimulate("settings.set/1", setting, name="contract")).acted:
            return
        await drive.configure("insi", ANSWERS.get(case.kind, {}))
        await self._messages_of()
        await drive.configure("insi", {})
        await self._read()
        if case.kind == "requalified" and self._ipp:
            await self._requalify()
        if case.contract:
            await drive.stimulate("settings.set/1", {**setting, "value": "off"}, name="contract-off")

    async def _pilot(self, kind: str, name: str, /, **payload: Any) -> Acted:
        return await self._drive.stimulate(kind, {"ipp": self._ipp, **payload}, name=name)

    async def _known(self) -> bool:
        """The patient is created here before; validated on a document when INSi will say KO."""
        created = await self._drive.stimulate("identity.create/1", {"traits": made.typed(self._person)}, name="create")
        self._ipp = str(created.data.get("ipp") or "")
        if not created.acted or not self._ipp:
            return False
        if self._case.kind == "ko-known":
            await self._pilot("identity.document/1", "document", kind="PA", trust="high")
            await self._pilot("identity.validate/1", "validate")
        await self._drive.quiet()
        await self._drive.query("identity.read/1", {"ipp": self._ipp}, name="before")
        return True

    async def _send(self, one: made.Incoming) -> Sent:
        self._messages += 1
        return await self._drive.send(
            ENDPOINT, one.message, name=f"receive-{self._messages}", keys=one.keys, control=one.control
        )

    async def _messages_of(self) -> None:
        """What the other system sends; the verification that may follow is awaited."""
        sender = self._sender
        number, second = sender.number(), sender.number(1)
        match self._case.kind:
            case "duplicate":
                for _ in range(2):
                    await self._send(sender.adt("A28", 1))
            case "disorder":
                await self._send(sender.adt("A31", 2, used=f"NOUVEAU {self._binding.letters}"))
                await self._send(sender.adt("A28", 1))
            case "late":
                await self._send(sender.adt("A28", 3, used=f"NOUVEAU {self._binding.letters}"))
                await self._send(sender.adt("A31", 1, used=f"ANCIEN {self._binding.letters}"))
            case "merged":
                await self._send(sender.adt("A28", 1))
                await self._settled()
                await self._send(sender.adt("A28", 2, number=second))
                await self._settled()
                await self._send(sender.adt("A40", 3, number=number, merged=second))
                await self._send(sender.adt("A31", 4, number=second))
            case "unknown-merge":
                await self._send(sender.adt("A40", 1, number=number, merged=second))
            case "wrong-charset":
                await self._send(sender.garbled(1))
            case "own-domain":
                ours = await self._ours()
                if ours is not None:
                    await self._send(sender.adt("A31", 1, number=ours, used=f"USAGE {self._binding.letters}"))
            case _:
                await self._send(sender.adt("A31" if self._case.known else "A28", 1))
        await self._settled()

    async def _settled(self) -> None:
        if self._case.qualified and not self._case.contract and self._case.kind != "wrong-charset":
            await self._drive.wait("insi", self._person.ins.matricule[:13].encode())
        await self._drive.quiet()

    async def _ours(self) -> LocalId | None:
        """The number of the patient as the product itself writes it."""
        heard = await self._drive.wait("pam", self._binding.letters.encode()) if self._drive.has("pam") else None
        if heard is None:
            return None
        try:
            told = read(parse(heard.body))
        except Malformed:
            return None
        patient = told.patient if isinstance(told, AdtMessage) else None
        held = [i for i in patient.local_ids if i.value == self._ipp] if patient is not None else []
        return LocalId(held[0].value, held[0].namespace, held[0].oid) if held else None

    async def _read(self) -> None:
        """Whoever bears the name of the patient now."""
        traits = self._person.traits
        asked = {"birth": traits.birth, "name": traits.birth_name}
        found = await self._drive.query("identity.search/1", asked, name="found")
        listed = found.data.get("ipps") if found.acted else None
        ipps = [str(ipp) for ipp in listed] if isinstance(listed, list) else []
        if self._ipp and self._ipp not in ipps:
            ipps.insert(0, self._ipp)
        for number, ipp in enumerate(ipps[:MOST], 1):
            await self._drive.query("identity.read/1", {"ipp": ipp}, name=f"after-{number}")
        self._ipp = self._ipp or (ipps[0] if ipps else "")

    async def _requalify(self) -> None:
        """The procedure is done again here: a document of high trust, accepted."""
        await self._pilot("identity.document/1", "proof", kind="PA", trust="high")
        await self._pilot("identity.validate/1", "accepted")
        await self._drive.quiet()
        await self._drive.query("identity.read/1", {"ipp": self._ipp}, name="requalified")

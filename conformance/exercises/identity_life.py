"""Exercise `identity.life`: identities created, looked up at INSi, proved, changed, declared, merged, by the pilot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Acted, Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.generation import identities
from conformance.generation.identity_people import PRODUCTION, Played, played
from conformance.models import identity as model
from conformance.models.identity import Event
from conformance.models.identity_story import FAULTS, Act, IdentityStory, Who
from conformance.models.identity_told import Population, act, messages

NAME = "identity.life"
SETTING_OID = "insi_oid"
"""Setting of a target: the OID that INSi answers."""

MODES: Mapping[str, str] = {"search": "traits", "card": "card", "application": "mobile"}


@dataclass(frozen=True)
class IdentityLife:
    """Plays a story act by act: INSi is told what to answer, the pilot acts, PAM is awaited, the identity is read.

    Steps that a judge meets: `national-A` (somebody put in the national base), then for each act, counted from 1,
    `1-create`..., and `1-read-A` for each identity that it touched.
    """

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"pilot:identity.create/1", "service:insi"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = IdentityStory
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 5

    def for_waves(self, waves: frozenset[str]) -> IdentityLife:
        """The same exercise in every wave."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[IdentityStory]:
        """Stories of any class, or that have the label."""
        return identities.stories(label)

    def labels(self) -> frozenset[str]:
        """Every label a story may have."""
        return identities.LIFE

    def labels_of(self, case: IdentityStory) -> frozenset[str]:
        """The labels of a story."""
        return identities.labels_of(case) & identities.LIFE

    def sentinel(self) -> IdentityStory:
        """An identity created with the five fields."""
        return identities.plainest()

    def mark(self, case: IdentityStory, binding: Binding) -> str:
        """The letters that end every birth name of the case."""
        return binding.letters

    def simpler(self, case: IdentityStory) -> list[IdentityStory]:
        """The same story, shorter or plainer."""
        return identities.simpler(case)

    async def drive(self, drive: Drive, case: IdentityStory, binding: Binding) -> None:
        """Play the story."""
        oid = str(drive.settings.get(SETTING_OID) or PRODUCTION)
        await _Playing(drive, case, played(case, binding, drive.as_of, oid), binding).play()


class _Playing:
    """One story on its way. `_ipps` are the local numbers that the product gave."""

    def __init__(self, drive: Drive, case: IdentityStory, bound: Played, binding: Binding) -> None:
        self._drive, self._case, self._bound = drive, case, bound
        self._mark = binding.letters.encode()
        self._ipps: dict[Who, str] = {}

    async def play(self) -> None:
        for who, person in self._bound.people.items():
            told: dict[str, Any] = dict(person.declared)
            await self._drive.instruct("insi", "person", name=f"national-{who}", **told)
        population: Population = {}
        for number, (one, (who, event)) in enumerate(zip(self._case.acts, self._bound.events, strict=True), 1):
            owed = bool(messages(population, who, event))
            if not await self._act(number, one, event, owed=owed):
                return
            population = act(population, who, event)

    async def _act(self, number: int, one: Act, event: Event, *, owed: bool) -> bool:
        """Do one act; False when the pilot could not be used at all."""
        kind, payload = self._payload(number - 1, one, event)
        if kind is None:
            return True  # about somebody whom the product would not create
        await self._drive.configure("insi", _answering(one))
        acted = await self._drive.stimulate(kind, payload, name=f"{number}-{one.gesture}")
        if one.gesture == "create" and acted.acted:
            self._ipps[one.who] = str(acted.data.get("ipp") or "")
        if acted.sent.failure not in (None, "pilot-unsupported"):
            return False
        await self._heard(acted, owed=owed)
        await self._drive.configure("insi", {})
        touched = self._case.others if one.gesture in ("merge", "split") else (one.who,)
        for who in touched:
            if self._ipps.get(who):
                await self._drive.query("identity.read/1", {"ipp": self._ipps[who]}, name=f"{number}-read-{who}")
        return acted.sent.failure is None

    async def _heard(self, acted: Acted, *, owed: bool) -> None:
        """Until the message owed came, or the product has nothing more to say."""
        if owed and acted.acted and self._drive.has("pam"):
            await self._drive.wait("pam", self._mark)
        await self._drive.quiet()

    def _payload(self, place: int, one: Act, event: Event) -> tuple[str | None, dict[str, Any]]:
        """The kind and payload of an act; no kind when its patient does not exist in the product."""
        if one.gesture == "create":
            return "identity.create/1", self._creation(place, event)
        ipp = self._ipps.get(one.who)
        if not ipp or one.gesture == "receive":
            return None, {}
        patient: dict[str, Any] = {"ipp": ipp}
        match event:
            case model.SearchInsi() | model.SearchByCard():
                return "identity.search-insi/1", {**patient, "mode": MODES[one.gesture]}
            case model.Verify():
                return "identity.verify-insi/1", patient
            case model.BatchVerify():
                return "identity.verify-batch/1", {"ipps": [ipp]}
            case model.PresentDocument(kind, trust):
                return "identity.document/1", {**patient, "kind": kind, "trust": trust}
            case model.Validate():
                return "identity.validate/1", patient
            case model.ChangeStrict():
                return "identity.update/1", {**patient, **self._change(one, event)}
            case model.ChangeSecondary(field, value):
                return "identity.update/1", {**patient, "secondary": {field: value}}
            case model.Declare(attribute) | model.Withdraw(attribute):
                return "identity.attribute/1", {
                    **patient, "attribute": attribute, "set": isinstance(event, model.Declare)
                }  # fmt: skip
            case model.Merge():
                into = self._ipps.get("B" if one.who == "A" else "A")
                return ("identity.merge/1", {**patient, "into": into}) if into else (None, {})
            case model.Split():
                return "identity.split/1", patient
        return None, {}

    def _creation(self, place: int, event: Event) -> dict[str, Any]:
        """Only what is typed in: an empty field is left out."""
        typed = self._bound.typed[place]
        payload: dict[str, Any] = {"traits": _filled(typed)}
        secondary = _filled(event.secondary) if isinstance(event, model.Create) else {}
        return {**payload, "secondary": secondary} if secondary else payload

    def _change(self, one: Act, event: model.ChangeStrict) -> dict[str, Any]:
        value = list(event.value) if isinstance(event.value, tuple) else event.value
        ins = self._bound.people[one.who].ins
        if event.field in ("matricule", "oid"):
            typed = {"matricule": ins.matricule, "oid": ins.oid, event.field: value}
            changed: dict[str, Any] = {"ins": typed}
        else:
            changed = {"traits": {event.field: value}}
        return {**changed, "super_user": True} if event.super_user else changed


def _filled(group: object) -> dict[str, Any]:
    """The members of a group of traits that hold something, as JSON."""
    found: dict[str, Any] = {}
    for one in fields(group):  # type: ignore[arg-type]
        value = getattr(group, one.name)
        if value:
            found[one.name] = list(value) if isinstance(value, tuple) else value
    return found


def _answering(one: Act) -> dict[str, str]:
    """The settings of the INSi of the bench for one act."""
    if one.gesture in ("search", "card", "application"):
        if one.detail in FAULTS:
            return {"fault": one.detail}
        return {} if one.detail in ("", "natural") else {"answer": one.detail}
    if one.gesture in ("verify", "batch"):
        return {"fault": one.detail} if one.detail in FAULTS else {"verification": one.detail or "natural"}
    return {}

"""Identities of another domain: requalification (INS/va1.13), contract of trust (INS/va1.04, .57)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.models.identity_exchange import ReceptionStory
from conformance.properties.base import of_row, register
from conformance.properties.identity_exchange.told import (
    between,
    calls,
    finding,
    identity,
    received,
)
from conformance.properties.identity_life.flow import Call, Held, joined
from conformance.properties.mail_flow import step, told

NEEDS = frozenset({"pilot:identity.read/1", "pilot:identity.search/1"})


@dataclass(frozen=True, slots=True)
class Scene:
    """A case as it was heard: the matricule that came, the calls that verified it, who bears the name afterwards.

    `after` are the identities read afterwards, `exchange` the first message sent.
    """

    case: ReceptionStory
    exchange: str
    matricule: str
    taken: bool
    verified: tuple[tuple[str, Call], ...]
    after: tuple[Held, ...]
    searched: bool

    @property
    def outcomes(self) -> frozenset[str]:
        """What INSi said of the matricule."""
        return frozenset(outcome for outcome, _ in self.verified)


def scene(driven: Driven[Any], heard: Heard) -> Scene | None:
    """What was heard of a case; None when nothing was sent."""
    if not isinstance(driven.case, ReceptionStory):
        return None
    messages = list(received(driven, heard))
    if not messages:
        return None
    matricule = next((m.patient.matricule for _, m, _ in messages if m.patient is not None), "")
    found = tuple((outcome, call) for call in calls(heard) if (outcome := call.outcome(matricule)))
    names = {m.patient.birth_name for _, m, _ in messages if m.patient is not None}
    reads = (identity(driven, heard, s.name) for s in driven.sent if s.name.startswith("after-"))
    return Scene(
        driven.case,
        messages[0][0].exchange,
        matricule,
        any(code in ("AA", "CA") for _, _, code in messages),
        found if matricule else (),
        tuple(one for one in reads if one is not None and _same(one, names, matricule)),
        told(driven, heard, "found") is not None,
    )


_NEVER = ("ok-unknown", "ok-known", "ko-unknown", "fault-unknown", "fault-known", "slow", "validated", "provisional",
          "duplicate", "disorder", "late", "merged", "wrong-charset", "requalified")  # fmt: skip


def _same(one: Held, names: set[str], matricule: str) -> bool:
    """Whether an identity that a search gave is the patient who came: a search by first letters may give others."""
    return joined(one.traits["birth_name"]).upper() in names or (bool(matricule) and one.matricule == matricule)


@register(
    "ins.requalification",
    exercise="identity.reception",
    clause="DSR INS/va1.13 ; Guide d'implémentation de l'INS, règle 30",
    requirements=of_row("va1/INS/va1.13", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset(
        {
            "ins.reception.qualified-as-received",
            "ins.reception.not-called",
            "ins.reception.lost",
            "ins.reception.twice",
            "ins.reception.ins-unverified",
        }
    ),
    claims=frozenset({"reception:ok-unknown", "reception:fault-unknown", "reception:requalified"}),
    control="reception:requalified",
    needs=NEEDS,
)
def requalification(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A qualified identity of another domain is qualified here only after INSi and a check made here."""
    one = scene(driven, heard)
    if one is None or one.case.kind not in _NEVER or not one.searched:
        return
    if not one.after:
        if one.taken:
            yield finding("ins.reception.lost", "identity", exchange=one.exchange)
        return
    yield Witness("an identity of another domain was taken in", one.exchange)
    if len(one.after) > 1 and one.case.kind not in ("merged",):
        yield finding("ins.reception.twice", "identity", exchange=one.exchange, expected=1, seen=len(one.after))
    for held in one.after:
        if held.merged_into:
            continue
        if held.status == "qualifiee":
            yield finding("ins.reception.qualified-as-received", "status", exchange=held.exchange, seen=held.status,
                          expected="recuperee", subject=one.case.kind)  # fmt: skip
        elif held.matricule and "ok" not in one.outcomes:
            yield finding("ins.reception.ins-unverified", "matricule", exchange=held.exchange, seen=held.matricule,
                          subject=one.case.kind)  # fmt: skip
    again = identity(driven, heard, "requalified")
    proved = told(driven, heard, "proof") is not None and told(driven, heard, "accepted") is not None
    if again is None or again.status != "qualifiee":
        return
    if proved and "ok" in _since(driven, heard, one):
        yield Witness("qualified after INSi and a document presented here", again.exchange)
    else:
        yield finding("ins.reception.not-called", "status", exchange=again.exchange, seen=again.status)


def _since(driven: Driven[Any], heard: Heard, one: Scene) -> frozenset[str]:
    """What INSi said of the patient since the message came: a verification, or a search that found the matricule."""
    found = set(one.outcomes)
    for call in between(driven, heard, "receive-1", None):
        said = call.answer.found if call.answer is not None else None
        if said is not None and said.ins is not None and said.ins.matricule == one.matricule:
            found.add("ok")
    return frozenset(found)


@register(
    "ins.trust-contract",
    exercise="identity.reception",
    clause="DSR INS/va1.04, INS/va1.57 ; Guide d'implémentation de l'INS, règle 30",
    requirements=of_row("va1/INS/va1.04", "RI", "SGL", "RIS", "LGO") + of_row("va1/INS/va1.57", "RI", "RIS"),
    codes=frozenset({"ins.reception.contract-ignored", "ins.reception.contract-altered", "ins.reception.not-created"}),
    claims=frozenset({"reception:contract", "reception:contract-known"}),
    needs=NEEDS | {"pilot:settings.set/1"},
)
def trust_contract(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A qualified identity whose sender has a contract of trust is qualified here."""
    one = scene(driven, heard)
    if one is None or not one.case.contract or told(driven, heard, "contract") is None or not one.searched:
        return
    contract = step(driven, "contract")
    if not one.after:
        yield finding("ins.reception.not-created", "identity", exchange=one.exchange)
        return
    yield Witness("an identity came from a sender under contract", contract.exchange if contract else one.exchange)
    bearer = next((h for h in one.after if h.status == "qualifiee"), one.after[0])
    if bearer.status != "qualifiee":
        yield finding("ins.reception.contract-ignored", "status", exchange=bearer.exchange, expected="qualifiee",
                      seen=bearer.status)  # fmt: skip
    elif bearer.matricule != one.matricule:
        yield finding("ins.reception.contract-altered", "matricule", exchange=bearer.exchange, expected=one.matricule,
                      seen=bearer.matricule)  # fmt: skip

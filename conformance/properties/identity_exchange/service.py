"""How INSi is called: rights (INS/va1.32), two searches (.34), card (.37), certificate (.58, .65), batches (.70)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.models.identity_exchange import TraceStory
from conformance.properties.base import of_row, register
from conformance.properties.identity_exchange.told import answered, between, calls, finding, identity
from conformance.properties.identity_life.flow import Call
from conformance.properties.mail_flow import step, told

NEEDS = frozenset({"pilot:identity.search-insi/1"})
_STANDING = ("recuperee", "qualifiee")


@register(
    "ins.insi-rights",
    exercise="identity.traces",
    clause="DSR INS/va1.32 ; Guide d'implémentation de l'INS, règle 4",
    requirements=of_row("va1/INS/va1.32", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.rights.called"}),
    claims=frozenset({"traces:rights"}),
    needs=NEEDS | {"pilot:settings.set/1"},
)
def insi_rights(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A user who is not entitled makes no call of INSi, where one who is makes one."""
    denied = step(driven, "denied")
    if denied is None or told(driven, heard, "forbid") is None:
        return
    made = between(driven, heard, "denied", "allowed")
    if made:
        yield finding("ins.rights.called", "user", exchange=made[0].exchange, seen=made[0].asked.operation)
    elif allowed := between(driven, heard, "allowed", None):
        yield Witness("an entitled user called INSi and the other did not", allowed[0].exchange)


@register(
    "ins.search-two-ways",
    exercise="identity.traces",
    clause="DSR INS/va1.34 ; Guide d'intégration du téléservice INSi (SEL-MP-043)",
    requirements=of_row("va1/INS/va1.34", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.search.other-way"}),
    claims=frozenset({"traces:traits-00", "traces:card-00"}),
    needs=NEEDS,
)
def search_two_ways(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A search by traits, and one with the carte Vitale, are each made with their own operation."""
    case = driven.case
    if not isinstance(case, TraceStory) or not case.kind.startswith(("traits", "card")):
        return
    wanted = "search-card" if case.kind.startswith("card") else "search-traits"
    made = [c for c in between(driven, heard, "search", "insi") if c.asked.search]
    right = [c for c in made if c.asked.operation == wanted]
    if right:
        yield Witness(wanted, right[0].exchange)
    elif made:
        yield finding("ins.search.other-way", "operation", exchange=made[0].exchange, expected=wanted,
                      seen=made[0].asked.operation, subject=wanted)  # fmt: skip


def _person(call: Call) -> bool:
    """Whether the certificate shown is that of somebody's card: its common name is a national number."""
    return call.asked.common_name.isascii() and call.asked.common_name.isdigit()


@register(
    "ins.card-authentication",
    exercise="identity.traces",
    clause="DSR INS/va1.37 ; Guide d'intégration du téléservice INSi (SEL-MP-043)",
    requirements=of_row("va1/INS/va1.37", "RI", "LGO"),
    codes=frozenset({"ins.caller.no-assertion"}),
    claims=frozenset({"traces:authentication"}),
    needs=NEEDS,
)
def card_authentication(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A search made with a CPx card carries the assertion of its holder."""
    if step(driven, "verify") is None or not isinstance(driven.case, TraceStory):
        return
    for call in calls(heard):
        if not call.asked.search:
            continue
        if call.asked.mode == "CPS":
            yield Witness("INSi was called with a card", call.exchange)
        elif call.asked.mode == "certificate" and _person(call):
            yield finding("ins.caller.no-assertion", "Security", exchange=call.exchange, seen=call.asked.common_name)


@register(
    "ins.software-certificate",
    exercise="identity.traces",
    clause="DSR INS/va1.58, INS/va1.65 ; Guide d'intégration du téléservice INSi (SEL-MP-043)",
    requirements=of_row("va1/INS/va1.58", "RI", "SGL", "RIS") + of_row("va1/INS/va1.65", "RI"),
    codes=frozenset({"ins.caller.no-certificate", "ins.caller.failed"}),
    claims=frozenset({"traces:authentication"}),
    needs=NEEDS | {"pilot:identity.verify-insi/1"},
)
def software_certificate(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A call is made with the software certificate of the organisation, and INSi answers it."""
    case = driven.case
    made = calls(heard)
    if not isinstance(case, TraceStory) or case.kind != "authentication":
        return
    by_software = [c for c in made if c.asked.mode == "certificate" and not _person(c)]
    if any(answered(c) for c in by_software):
        yield Witness("INSi was called with a software certificate", by_software[0].exchange)
    elif by_software:
        yield finding("ins.caller.failed", "certificate", exchange=by_software[0].exchange,
                      seen=by_software[0].answer.code if by_software[0].answer else "-")  # fmt: skip
    elif any(not c.asked.search for c in made):
        last = made[-1]
        yield finding("ins.caller.no-certificate", "certificate", exchange=last.exchange,
                      seen=f"{last.asked.mode} {last.asked.common_name}".strip())  # fmt: skip


@register(
    "ins.batch-verification",
    exercise="identity.traces",
    clause="DSR INS/va1.70 ; Guide d'implémentation de l'INS, règle 46",
    requirements=of_row("va1/INS/va1.70", "RI", "SGL"),
    codes=frozenset({"ins.batch.ok-lost", "ins.batch.ko-kept", "ins.batch.one-by-one"}),
    claims=frozenset({"traces:batch"}),
    needs=NEEDS | {"pilot:identity.verify-batch/1", "pilot:identity.read/1"},
)
def batch_verification(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """In a mass verification, what comes back for an identity is applied to that one."""
    made = between(driven, heard, "batch", "batch-a")
    for name, search in (("batch-a", "search"), ("batch-b", "search-b")):
        one = identity(driven, heard, name)
        matricule = _sought(driven, heard, search)
        told_of = [(outcome, c) for c in made if matricule and (outcome := c.outcome(matricule))]
        if one is None or not told_of:
            continue
        outcome, call = told_of[-1]
        yield Witness(f"an identity of a batch came back {outcome}", call.exchange)
        if call.asked.operation == "verify":
            yield finding("ins.batch.one-by-one", "operation", exchange=call.exchange)
        standing = one.matricule == matricule and one.status in _STANDING
        if outcome == "ok" and not standing:
            yield finding("ins.batch.ok-lost", "status", exchange=one.exchange, seen=one.status, subject=outcome)
        elif outcome == "ko" and standing:
            yield finding("ins.batch.ko-kept", "status", exchange=one.exchange, seen=one.status, subject=outcome)


def _sought(driven: Driven[Any], heard: Heard, name: str) -> str:
    """The matricule that a search found."""
    for call in between(driven, heard, name, "batch"):
        said = call.answer.found if call.answer is not None else None
        if said is not None and said.ins is not None:
            return said.ins.matricule
    return ""

"""Traces: calls of INSi (INS/va1.06, .38, .49), its answers (.35), changes (.27), accesses (.39), partners (.46)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.models.identity_exchange import ENTITLED, OTHER, TraceStory
from conformance.properties.base import of_row, register
from conformance.properties.identity_exchange.told import (
    Entry,
    answered,
    calls,
    diffused,
    entries,
    finding,
)
from conformance.properties.identity_life.flow import Call, joined
from conformance.properties.identity_life.flow import found as found_by
from conformance.properties.mail_flow import step, told

NEEDS = frozenset({"pilot:identity.trace/1", "pilot:identity.search-insi/1"})
BY_TRAITS, BY_CARD = frozenset({"search-traits"}), frozenset({"search-card"})
SEARCHES = BY_TRAITS | BY_CARD
VERIFICATIONS = frozenset({"verify", "verify-batch"})
_CODES = frozenset({"ins.trace.call-missing", "ins.trace.failure-missing", "ins.trace.without-call"})
_RETURNS = frozenset({"ins.trace.code-missing", "ins.trace.return-missing", "ins.trace.return-altered"})


def _counted(
    driven: Driven[Any], heard: Heard, operations: frozenset[str], assertion: str
) -> Iterator[Finding | Witness]:
    """Calls of some operations and their traces, one for one."""
    traced = entries(driven, heard, "insi", "insi")
    made = [c for c in calls(heard) if c.asked.operation in operations]
    if traced is None or not made:
        return
    yield Witness(assertion, made[0].exchange)
    kept = [e for e in traced if e.operation in operations or not e.operation]
    good = [c for c in made if answered(c)]
    about = " ".join(sorted({c.asked.operation for c in made}))
    told = {"exchange": made[-1].exchange, "expected": len(made), "seen": len(kept), "subject": about}
    if len(kept) < len(good):
        yield finding("ins.trace.call-missing", "insi", **told)
    elif len(kept) < len(made):
        yield finding("ins.trace.failure-missing", "insi", **told)
    elif len(kept) > len(made):
        yield finding("ins.trace.without-call", "insi", **told)


@register(
    "ins.searches-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.38 ; Guide d'implémentation de l'INS, règle 37",
    requirements=of_row("va1/INS/va1.38", "RI", "SGL", "RIS", "LGO"),
    codes=_CODES,
    claims=frozenset({"traces:traits-00", "traces:traits-01"}),
    needs=NEEDS,
)
def searches_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every search of an INS by traits heard by INSi has its trace."""
    yield from _counted(driven, heard, BY_TRAITS, "an INS was searched for by traits")


@register(
    "ins.card-searches-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.38 ; Guide d'implémentation de l'INS, règle 37",
    requirements=of_row("va1/INS/va1.38", "RI", "SGL", "RIS", "LGO"),
    codes=_CODES,
    claims=frozenset({"traces:card-00"}),
    needs=NEEDS,
)
def card_searches_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every search of an INS with the carte Vitale heard by INSi has its trace."""
    yield from _counted(driven, heard, BY_CARD, "an INS was searched for with the carte Vitale")


@register(
    "ins.verifications-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.06 ; Guide d'implémentation de l'INS, règle 48",
    requirements=of_row("va1/INS/va1.06", "RI", "SGL", "RIS", "LGO"),
    codes=_CODES | {"ins.trace.outcome-missing"},
    claims=frozenset({"traces:verify-ok", "traces:verify-ko"}),
    needs=NEEDS | {"pilot:identity.verify-insi/1"},
)
def verifications_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every verification heard by INSi has its trace, with what came back."""
    yield from _counted(driven, heard, VERIFICATIONS, "an INS was verified")
    traced = entries(driven, heard, "insi", "insi")
    for call in calls(heard):
        code = call.answer.code if call.answer is not None else ""
        if traced is None or call.asked.operation != "verify" or code not in ("OK", "KO"):
            continue
        kept = [e for e in traced if e.operation in VERIFICATIONS or not e.operation]
        if kept and not any(_says(e, code) for e in kept):
            yield finding("ins.trace.outcome-missing", "code", exchange=call.exchange, expected=code,
                          seen=str(kept[-1].insi.get("code") or kept[-1].text("response")))  # fmt: skip


def _says(entry: Entry, code: str) -> bool:
    """Whether a trace tells a code of INSi."""
    told = str(entry.insi.get("code") or "")
    return told.upper() == code if told else code in entry.text("response").upper()


@register(
    "ins.service-access-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.49 ; Guide d'implémentation de l'INS, règle 4",
    requirements=of_row("va1/INS/va1.49", "RI", "SGL", "RIS", "LGO"),
    codes=_CODES | {"ins.trace.user-missing"},
    claims=frozenset({"traces:users", "traces:traits-00", "traces:verify-ok"}),
    needs=NEEDS,
)
def service_access_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every access to the INSi service has its trace, and two users are told apart."""
    yield from _counted(driven, heard, SEARCHES | VERIFICATIONS, "the INSi service was called")
    traced = entries(driven, heard, "insi", "insi")
    if traced is None or not isinstance(driven.case, TraceStory) or driven.case.kind != "users":
        return
    for name, user in (("by-1", ENTITLED), ("by-2", OTHER)):
        done = step(driven, name)
        if done is None or told(driven, heard, name) is None or not traced:
            continue
        if not any(user in e.text("author") for e in traced):
            yield finding("ins.trace.user-missing", "author", exchange=done.exchange, expected=user, subject=name)


@register(
    "ins.answers-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.35 ; Guide d'implémentation de l'INS, règle 39",
    requirements=of_row("va1/INS/va1.35", "RI", "SGL", "RIS", "LGO"),
    codes=_RETURNS,
    claims=frozenset({"traces:traits-00", "traces:traits-01", "traces:traits-02"}),
    needs=NEEDS,
)
def answers_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The trace of a search by traits has the code returned and, for 00, the INS, its history and the strict traits."""
    yield from _answers(driven, heard, BY_TRAITS)


@register(
    "ins.card-answers-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.35 ; Guide d'implémentation de l'INS, règle 39",
    requirements=of_row("va1/INS/va1.35", "RI", "SGL", "RIS", "LGO"),
    codes=_RETURNS,
    claims=frozenset({"traces:card-00", "traces:card-01"}),
    needs=NEEDS,
)
def card_answers_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The trace of a search with the carte Vitale has as much."""
    yield from _answers(driven, heard, BY_CARD)


def _answers(driven: Driven[Any], heard: Heard, operations: frozenset[str]) -> Iterator[Finding | Witness]:
    traced = entries(driven, heard, "insi", "insi")
    if traced is None:
        return
    for call in calls(heard):
        code = call.answer.code if call.answer is not None else ""
        if call.asked.operation not in operations or code not in ("00", "01", "02"):
            continue
        yield Witness(f"INSi returned {code}", call.exchange)
        kept = [e for e in traced if (e.operation in operations or not e.operation) and _says(e, code)]
        if not kept:
            yield finding("ins.trace.code-missing", "code", exchange=call.exchange, expected=code, subject=code)
        elif code == "00":
            yield from _returned(call, kept[-1])


def _returned(call: Call, entry: Entry) -> Iterator[Finding]:
    found = found_by(call)
    said = call.answer.found if call.answer is not None else None
    if found is None or said is None:
        return
    for name, value in (("matricule", found.matricule), ("oid", found.oid)):
        if value != entry.insi.get(name) and value not in entry.text("response"):
            yield finding("ins.trace.return-missing", name, exchange=call.exchange, expected=value, subject=name)
    for old in said.history:
        if old.matricule not in entry.words:
            yield finding("ins.trace.return-missing", "historic", exchange=call.exchange, expected=old.matricule,
                          subject="historic")  # fmt: skip
    kept = entry.insi.get("traits")
    traits = kept if isinstance(kept, dict) else {}
    for name, trait in found.traits.items():
        wanted, told_of = joined(trait), traits.get(name)
        seen = " ".join(str(v) for v in told_of) if isinstance(told_of, list) else str(told_of or "")
        if not wanted or wanted in (seen, seen.replace("-", "")):
            continue
        if seen:
            yield finding("ins.trace.return-altered", name, exchange=call.exchange, expected=wanted, seen=seen,
                          subject=name)  # fmt: skip
        elif len(wanted) < 2 or wanted not in entry.text("response"):
            yield finding("ins.trace.return-missing", name, exchange=call.exchange, expected=wanted, subject=name)


def _new(driven: Driven[Any], heard: Heard, names: tuple[str, str], kind: str) -> tuple[Entry, ...] | None:
    """The traces that were not there before; None when one of the two readings fails."""
    before, after = (entries(driven, heard, name, kind) for name in names)
    return after[len(before) :] if before is not None and after is not None else None


_CHANGES, _ACCESSES = ("changes-0", "changes-1"), ("accesses-0", "accesses-1")


@register(
    "ins.changes-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.27 ; Guide d'implémentation de l'INS, règle 16",
    requirements=of_row("va1/INS/va1.27", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.trace.change-missing", "ins.trace.access-missing", "ins.trace.who-missing"}),
    claims=frozenset({"traces:change", "traces:access"}),
    needs=NEEDS | {"pilot:identity.update/1", "pilot:identity.read/1"},
)
def changes_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A change of an identity, and an access to it, leave a trace that says who did what."""
    done = step(driven, "change")
    new = _new(driven, heard, _CHANGES, "change")
    if done is not None and new is not None and told(driven, heard, "change") is not None:
        yield Witness("an identity was changed", done.exchange)
        if not new:
            yield finding("ins.trace.change-missing", "change", exchange=done.exchange)
        elif not any(e.text("author") for e in new):
            yield finding("ins.trace.who-missing", "author", exchange=done.exchange)
    yield from _accessed(driven, heard)


def _accessed(driven: Driven[Any], heard: Heard) -> Iterator[Finding | Witness]:
    done = step(driven, "read")
    new = _new(driven, heard, _ACCESSES, "access")
    if done is None or new is None or told(driven, heard, "read") is None:
        return
    yield Witness("an identity was read", done.exchange)
    if not new:
        yield finding("ins.trace.access-missing", "access", exchange=done.exchange)
    elif not any(e.text("author") for e in new):
        yield finding("ins.trace.who-missing", "author", exchange=done.exchange)


@register(
    "ins.access-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.39 ; Guide d'implémentation de l'INS, règle 4",
    requirements=of_row("va1/INS/va1.39", "RI", "SGL", "RIS", "DPI", "LGO"),
    codes=frozenset({"ins.trace.access-missing", "ins.trace.who-missing"}),
    claims=frozenset({"traces:access"}),
    needs=NEEDS | {"pilot:identity.read/1"},
)
def access_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """An access to the INS of a patient leaves a trace."""
    data = told(driven, heard, "read")
    one = data.get("identity") if data is not None else None
    if isinstance(one, dict) and one.get("matricule"):
        yield from _accessed(driven, heard)


@register(
    "ins.partners-traced",
    exercise="identity.traces",
    clause="DSR INS/va1.46 ; Guide d'implémentation de l'INS, règle 31",
    requirements=of_row("va1/INS/va1.46", "RI", "SGL", "RIS", "DPI"),
    codes=frozenset({"ins.trace.partner-missing", "ins.trace.partner-count"}),
    claims=frozenset({"traces:partner"}),
    needs=NEEDS | {"pilot:identity.document/1", "pilot:identity.validate/1", "service:pam"},
)
def partners_traced(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A partner to whom the INS of a patient went is in the traces."""
    traced = entries(driven, heard, "partners", "partner")
    went = [o for o, m in diffused(heard) if m.patient is not None and m.patient.matricule]
    if traced is None or not went:
        return
    yield Witness("a message with the INS went to a partner", went[0].exchange.id)
    named = [e for e in traced if e.text("partner")]
    if not named:
        yield finding("ins.trace.partner-missing", "partner", exchange=went[0].exchange.id)
    elif len(named) != len(went):
        yield finding("ins.trace.partner-count", "partner", exchange=went[-1].exchange.id, expected=len(went),
                      seen=len(named))  # fmt: skip

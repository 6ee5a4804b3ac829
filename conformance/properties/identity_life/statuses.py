"""Which status an identity gets, and loses (INS/va1.40, .43, .45, .54: rule 20; .44: rule 25; .08: rule 49)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import Judge, of_row, register
from conformance.properties.identity_life.flow import Act, acts, past
from conformance.properties.identity_life.table import NEEDS, finding
from conformance.standards.ins import statuses


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of statuses: when it applies (the acts of a case, the place of one), and the status owed then."""

    name: str
    key: str
    clause: str
    code: str
    status: str
    applies: Callable[[Sequence[Act], int], bool]
    reached: str
    claims: frozenset[str]
    control: str | None = None
    dsrs: tuple[str, ...] = ("RI", "SGL", "RIS", "LGO")


def _created(all_acts: Sequence[Act], place: int) -> bool:
    act = all_acts[place]
    return act.kind == "create" and act.done and not act.calls


def _retrieved(all_acts: Sequence[Act], place: int) -> bool:
    act = all_acts[place]
    known = past(all_acts, act.ipp, place)
    one = act.found
    return (
        act.kind == "search-insi"
        and one is not None
        and one.usable
        and act.taken is True
        and known.proved is False
        and known.document != "high"
    )


def _validated(all_acts: Sequence[Act], place: int) -> bool:
    act = all_acts[place]
    known = past(all_acts, act.ipp, place)
    fresh = act.before is not None and not act.before.blocked and not act.before.matricule
    return act.kind == "validate" and act.done and known.proved is True and not known.searched and fresh


def _qualified(all_acts: Sequence[Act], place: int) -> bool:
    act = all_acts[place]
    known = past(all_acts, act.ipp, place)
    completes = (act.kind == "validate" and act.done) or (act.kind == "search-insi" and act.taken is True)
    blocked = act.after is not None and act.after.blocked
    return completes and known.proved is True and known.retrieved is True and not blocked


def _declared(all_acts: Sequence[Act], place: int) -> bool:
    act = all_acts[place]
    blocking = act.payload.get("set") is True and act.payload.get("attribute") in statuses.BLOCKING
    had = act.before is not None and act.before.status != "provisoire"
    return act.kind == "attribute" and act.done and blocking and had


_RULE_20 = "Guide d'implémentation de l'INS, règle 20"

ROWS = (
    Row(
        "ins.provisional-status", "va1/INS/va1.45", _RULE_20, "ins.status.provisional", "provisoire", _created,
        "an identity was created with nothing but what was typed", frozenset({"story:plain", "story:create-full"}),
    ),
    Row(
        "ins.retrieved-status", "va1/INS/va1.40", _RULE_20, "ins.status.retrieved", "recuperee", _retrieved,
        "an answer of INSi was taken in, nothing else proving the identity", frozenset({"story:retrieved"}),
    ),
    Row(
        "ins.validated-status", "va1/INS/va1.43", _RULE_20, "ins.status.validated", "validee", _validated,
        "an identity was validated on a document of high trust, without INSi", frozenset({"story:validated"}),
    ),
    Row(
        "ins.qualified-status", "va1/INS/va1.54", _RULE_20, "ins.status.qualified", "qualifiee", _qualified,
        "an answer of INSi was taken in and the identity validated on a document of high trust",
        frozenset({"story:qualified-by-insi", "story:qualified-by-document"}),
    ),
    Row(
        "ins.doubtful-provisional", "va1/INS/va1.44", "Guide d'implémentation de l'INS, règle 25",
        "ins.status.declared", "provisoire", _declared,
        "a doubtful or fictitious identity was no longer provisional before",
        frozenset({"story:doubtful-qualified", "story:doubtful-retrieved", "story:doubtful-validated",
                   "story:fictitious-qualified", "story:fictitious-retrieved", "story:fictitious-validated"}),
        dsrs=("RI", "RIS", "LGO"),  # the row of that number is another one for the SGL
    ),
)  # fmt: skip
"""A status and what it follows from."""

_PROVED = ("validee", "qualifiee")


def _status(row: Row) -> Judge:
    def judge(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
        every = acts(driven, heard)
        for place, act in enumerate(every):
            if not row.applies(every, place):
                continue
            subject = act.before.status if act.before is not None else ""
            told = act.own()
            vali = "VALI" in told[-1].patient.reliability if told else None
            if act.after is not None:
                yield Witness(row.reached, act.exchange)
                if act.after.status != row.status:
                    yield finding(
                        row.code, "status", exchange=act.exchange, expected=row.status, seen=act.after.status,
                        subject=subject,
                    )  # fmt: skip
            if vali and row.status not in _PROVED:
                yield Witness(row.reached, told[-1].exchange)
                yield finding(row.code, "PID-32", exchange=told[-1].exchange, expected="PROV", seen="VALI",
                              subject=subject)  # fmt: skip
            elif vali is False and row.status in _PROVED and act.after is not None and act.after.status in _PROVED:
                yield finding("ins.status.told-otherwise", "PID-32", exchange=told[-1].exchange, expected="VALI",
                              seen=" ".join(told[-1].patient.reliability))  # fmt: skip

    return judge


for _row in ROWS:
    register(
        _row.name,
        exercise="identity.life",
        clause=f"DSR {_row.key.rpartition('/')[0].rpartition('/')[2]}/{_row.key.rpartition('/')[2]} ; {_row.clause}",
        requirements=of_row(_row.key, *_row.dsrs),
        codes=frozenset({_row.code, "ins.status.told-otherwise"}),
        claims=_row.claims,
        control=_row.control,
        needs=NEEDS,
    )(_status(_row))


@register(
    "ins.verification-refused-own",
    exercise="identity.life",
    clause="DSR INS/va1.08 ; Guide d'implémentation de l'INS, règle 49",
    requirements=of_row("va1/INS/va1.08", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.ko.ins-kept", "ins.ko.status-kept"}),
    claims=frozenset({"story:verify-ko-qualified", "story:verify-ko-retrieved", "story:batch-ko"}),
    control="story:verify-ok",
    needs=NEEDS | {"pilot:identity.verify-insi/1"},
)
def verification_refused(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The verification says KO: the status is lowered, matricule and OID go."""
    for act in acts(driven, heard):
        held, after = act.before, act.after
        if act.kind not in ("verify-insi", "verify-batch") or held is None or not held.retrieved:
            continue
        if not act.denied:
            if act.calls and any(call.outcome(held.matricule) == "ok" for call in act.calls):
                yield Witness("a verification was confirmed", act.exchange)
            continue
        told = act.own()
        if told and told[-1].carries_ins:
            yield finding("ins.ko.ins-kept", "PID-3", exchange=told[-1].exchange, seen=told[-1].patient.matricule,
                          subject=held.status)  # fmt: skip
        if after is None:
            continue
        yield Witness("an identity with an INS was denied by the verification", act.exchange)
        for name in ("matricule", "oid"):
            if getattr(after, name):
                yield finding("ins.ko.ins-kept", name, exchange=act.exchange, seen=getattr(after, name),
                              subject=held.status)  # fmt: skip
        lower = statuses.allowed(held.status, "ko")  # type: ignore[arg-type]
        if after.status not in lower:
            yield finding("ins.ko.status-kept", "status", exchange=act.exchange, expected=" ".join(sorted(lower)),
                          seen=after.status, subject=held.status)  # fmt: skip

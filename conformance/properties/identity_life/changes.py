"""Strict traits locked and what follows when they change (INS/va1.18, .48: rule 26; .60: rule 27)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import of_row, register
from conformance.properties.identity_life.flow import (
    LOCKED,
    SECONDARY,
    STRICT,
    Act,
    Told,
    Value,
    acts,
    joined,
    value_of,
)
from conformance.properties.identity_life.table import NEEDS, finding
from conformance.standards.ins import statuses, traits


def _asked(act: Act) -> Mapping[str, Value]:
    """The strict traits and the INS that an update asks to change, with the value asked for."""
    given = act.payload.get("traits")
    wanted: dict[str, Value] = {n: value_of(given[n]) for n in STRICT if isinstance(given, dict) and n in given}
    ins = act.payload.get("ins")
    if isinstance(ins, dict):
        wanted |= {name: str(ins[name]) for name in ("matricule", "oid") if name in ins}
    return wanted


def _held(act: Act, name: str, *, after: bool) -> str:
    one = act.after if after else act.before
    if one is None:
        return ""
    return getattr(one, name) if name in ("matricule", "oid") else joined(one.traits.get(name, ""))


def _told(act: Act, name: str) -> str:
    """A strict trait as the last message about the patient says it, empty when none does."""
    told = act.own()
    if not told:
        return ""
    patient = told[-1].patient
    said = {
        "birth_name": patient.birth_name,
        "given_names": " ".join(patient.given_names),
        "birth": patient.birth_date[:8],
        "sex": patient.sex,
        "place": patient.birth_place,
        "matricule": patient.matricule,
        "oid": patient.oid,
    }
    return said.get(name, "")


def same(one: str, other: str) -> bool:
    """Equal but for case, accents and blanks around."""
    return traits.normalise(one).split() == traits.normalise(other).split()


@register(
    "ins.strict-traits-locked",
    exercise="identity.life",
    clause="DSR INS/va1.18 ; Guide d'implémentation de l'INS, règle 26",
    requirements=of_row("va1/INS/va1.18", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.locked.changed"}),
    claims=frozenset({"story:change-refused-retrieved", "story:change-refused-qualified"}),
    control="story:complete-qualified",
    needs=NEEDS | {"pilot:identity.update/1"},
)
def strict_traits_locked(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """An ordinary user changes no strict trait, matricule or OID of a retrieved or qualified identity."""
    for act in acts(driven, heard):
        if act.kind != "update" or act.before is None or not act.before.retrieved or not (act.done or act.refused):
            continue
        wanted = {n: v for n, v in _asked(act).items() if n in LOCKED | {"matricule", "oid"}}
        tried = [n for n, v in wanted.items() if not same(joined(v), _held(act, n, after=False))]
        if act.payload.get("super_user") is True or not tried:
            if act.done and not wanted and act.after is not None:
                yield Witness("an ordinary user changes a secondary trait of a locked identity", act.exchange)
            continue
        if act.after is None:
            continue
        yield Witness("an ordinary user tried to change a strict trait of a locked identity", act.exchange)
        for name in tried:
            if same(_held(act, name, after=True), joined(wanted[name])):
                yield finding(
                    "ins.locked.changed", name, exchange=act.exchange, expected=_held(act, name, after=False),
                    seen=_held(act, name, after=True), subject=f"{act.before.status} {name}",
                )  # fmt: skip
            elif (said := _told(act, name)) and same(said, joined(wanted[name])):
                yield finding(
                    "ins.locked.changed", f"PID {name}", exchange=act.own()[-1].exchange,
                    expected=_held(act, name, after=False), seen=said, subject=f"{act.before.status} {name}",
                )  # fmt: skip


@register(
    "ins.secondary-traits-free",
    exercise="identity.life",
    clause="DSR INS/va1.48 ; Guide d'implémentation de l'INS, règle 26",
    requirements=of_row("va1/INS/va1.48", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.secondary.locked", "ins.secondary.ins-lost"}),
    claims=frozenset({"story:complete-retrieved", "story:complete-qualified"}),
    needs=NEEDS | {"pilot:identity.update/1"},
)
def secondary_traits_free(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A secondary trait of a retrieved or qualified identity is changed like any other."""
    for act in acts(driven, heard):
        given = act.payload.get("secondary")
        if act.kind != "update" or not isinstance(given, dict) or _asked(act):
            continue
        held, after = act.before, act.after
        if held is None or not held.retrieved or not (act.done or act.refused):
            continue
        for name in SECONDARY:
            if name not in given:
                continue
            kept = None if after is None else after.secondary.get(name)
            right = kept is not None and same(kept, str(given[name]))
            if not right and (act.refused or kept is not None):
                yield finding("ins.secondary.locked", name, exchange=act.exchange, expected=given[name],
                              seen="refused" if act.refused else kept, subject=held.status)  # fmt: skip
            if act.refused or kept is not None:
                yield Witness("a secondary trait of a locked identity was to be changed", act.exchange)
        if act.done and after is not None and (after.status, after.matricule) != (held.status, held.matricule):
            yield finding("ins.secondary.ins-lost", "status", exchange=act.exchange,
                          expected=f"{held.status} {held.matricule}",
                          seen=f"{after.status} {after.matricule}")  # fmt: skip


@register(
    "ins.strict-trait-changed",
    exercise="identity.life",
    clause="DSR INS/va1.60 ; Guide d'implémentation de l'INS, règle 27",
    requirements=of_row("va1/INS/va1.60", "RI", "SGL", "RIS"),
    codes=frozenset({"ins.strict.ins-kept", "ins.strict.status-kept", "ins.strict.not-propagated"}),
    claims=frozenset(
        {
            "story:change-retrieved",
            "story:change-qualified",
            "story:doubtful-qualified",
            "story:verify-ko-qualified",
        }
    ),
    control="story:complete-qualified",
    needs=NEEDS | {"pilot:identity.update/1", "service:pam"},
)
def strict_trait_changed(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A strict trait changed takes the INS away, lowers the status by one, and is told; so is any lowering."""
    for act in acts(driven, heard):
        held, after = act.before, act.after
        if held is None or not held.retrieved or after is None or act.kind == "receive":
            continue
        if act.kind in ("merge", "split") or act.found is not None:
            continue  # what INSi gives anew is no change by hand
        changed = _changed(act)
        if changed:
            yield from _lowered(act, held.status, changed)
        elif after.status in ("provisoire", "validee"):
            yield Witness("an identity was lowered", act.exchange)
            yield from _without_ins(act, held.status, act.kind)
            if held.status == "qualifiee":
                yield from _propagated(act, act.kind)
        elif act.kind == "update" and act.done and act.own():
            yield Witness("a change that lowers nothing is told", act.own()[-1].exchange)


def _changed(act: Act) -> list[str]:
    """The strict traits that a manual change did change. The first given name alone is not named by rule 26."""
    if act.kind != "update" or not act.done or act.after is None or act.before is None:
        return []
    held = act.before.traits
    return [n for n in _asked(act) if n in LOCKED and joined(act.after.traits[n]) != joined(held[n])]


def _lowered(act: Act, status: str, changed: list[str]) -> Iterator[Finding | Witness]:
    assert act.after is not None
    subject = f"{status} {changed[0]}"
    yield Witness("a strict trait of an identity with an INS was changed", act.exchange)
    yield from _without_ins(act, status, subject)
    owed = statuses.allowed(status, "strict-change")  # type: ignore[arg-type]
    if act.after.status not in owed:
        yield finding("ins.strict.status-kept", "status", exchange=act.exchange, expected=" ".join(sorted(owed)),
                      seen=act.after.status, subject=subject)  # fmt: skip
    yield from _propagated(act, subject)


def _without_ins(act: Act, status: str, subject: str) -> Iterator[Finding]:
    assert act.after is not None
    for name in ("matricule", "oid"):
        if getattr(act.after, name):
            yield finding("ins.strict.ins-kept", name, exchange=act.exchange, seen=getattr(act.after, name),
                          subject=subject)  # fmt: skip
    told: tuple[Told, ...] = act.own()
    if told and told[-1].carries_ins:
        yield finding("ins.strict.ins-kept", "PID-3", exchange=told[-1].exchange, seen=told[-1].patient.matricule,
                      subject=subject)  # fmt: skip


def _propagated(act: Act, subject: str) -> Iterator[Finding]:
    if not act.own():
        yield finding("ins.strict.not-propagated", "ADT", exchange=act.exchange, expected="A31, A47", absence=True,
                      subject=subject)  # fmt: skip

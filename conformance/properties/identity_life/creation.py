"""What an identity is made of when it is created (INS/va1.21, .22: rule 5; .23: rule 19; .56: rule 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Severity, Witness
from conformance.properties.base import of_row, register
from conformance.properties.identity_life.changes import same
from conformance.properties.identity_life.flow import SECONDARY, STRICT, Act, Value, acts, joined, value_of
from conformance.properties.identity_life.table import NEEDS, finding
from conformance.standards.ins import traits

MANDATORY = ("birth_name", "first_given", "birth", "sex", "place")

WITHOUT = frozenset(f"story:create-without-{name}" for name in MANDATORY)


def _typed(act: Act) -> Mapping[str, Value]:
    """The strict traits typed in, those that are empty left out."""
    given = act.payload.get("traits")
    typed = {n: value_of(given[n]) for n in STRICT if isinstance(given, dict) and n in given}
    return {n: v for n, v in typed.items() if joined(v).strip()}


def _besides(act: Act) -> Mapping[str, str]:
    given = act.payload.get("secondary")
    return {n: str(given[n]) for n in SECONDARY if isinstance(given, dict) and str(given.get(n) or "").strip()}


@register(
    "ins.mandatory-fields",
    exercise="identity.life",
    clause="DSR INS/va1.21 ; Guide d'implémentation de l'INS, règle 5",
    requirements=of_row("va1/INS/va1.21", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.create.incomplete", "ins.create.place-unknown"}),
    claims=WITHOUT | {"story:create-place-unknown"},
    control="story:create-reduced",
    needs=NEEDS,
)
def mandatory_fields(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """No identity is created without one of the five fields."""
    for act in acts(driven, heard):
        if act.kind != "create" or not (act.done or act.refused):
            continue
        typed = _typed(act)
        missing = [name for name in MANDATORY if name not in typed]
        if not missing:
            if act.done:
                yield Witness("a complete identity was created", act.exchange)
            elif typed["place"] == traits.UNKNOWN_PLACE:
                yield finding("ins.create.place-unknown", "place", exchange=act.exchange, seen=typed["place"])
            continue
        made = act.done and (act.after is not None or bool(act.own()))
        told = [t for t in act.told if typed.get("birth_name") and t.patient.birth_name == typed["birth_name"]]
        if made or told:
            seen = told[0].exchange if told and not made else act.exchange
            yield finding("ins.create.incomplete", missing[0], exchange=seen, expected=missing[0], seen="",
                          subject=" ".join(missing))  # fmt: skip
        if made or told or act.refused:
            yield Witness("an incomplete identity was typed in", act.exchange, " ".join(missing))


@register(
    "ins.optional-fields",
    exercise="identity.life",
    clause="DSR INS/va1.22 ; Guide d'implémentation de l'INS, règle 5",
    requirements=of_row("va1/INS/va1.22", "RI", "SGL", "RIS"),
    codes=frozenset({"ins.create.more-required", "ins.create.not-told"}),
    claims=frozenset({"story:create-reduced"}),
    control="story:create-full",
    needs=NEEDS | {"service:pam"},
)
def optional_fields(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The five fields are enough to create an identity."""
    for act in acts(driven, heard):
        if act.kind != "create" or not (act.done or act.refused):
            continue
        typed = _typed(act)
        if set(typed) != set(MANDATORY) or not _plain(typed):
            continue
        if _besides(act):
            continue
        told = [t for t in act.told if t.patient.birth_name == typed["birth_name"]]
        if act.refused and told:
            # The message tells that it was created, whatever the pilot says.
            yield Witness("an identity was created with the five fields only", told[0].exchange)
        elif act.refused:
            yield finding("ins.create.more-required", "create", exchange=act.exchange, expected=" ".join(MANDATORY),
                          seen="refused")  # fmt: skip
        elif act.after is not None or act.own():
            yield Witness("an identity was created with the five fields only", act.exchange)
            if not act.own():
                yield finding("ins.create.not-told", "ADT", exchange=act.exchange, expected="A28", absence=True)


def _plain(typed: Mapping[str, Value]) -> bool:
    """Whether what is typed in is beyond reproach: no refusal can then be blamed on it."""
    name, first = joined(typed.get("birth_name", "")), joined(typed.get("first_given", ""))
    day = traits.parse_birth(joined(typed.get("birth", "")))
    return not traits.birth_name_faults(name) and not traits.given_name_faults(first) and day is not None


@register(
    "ins.document-kind",
    exercise="identity.life",
    clause="DSR INS/va1.23 ; Guide d'implémentation de l'INS, règle 19",
    requirements=of_row("va1/INS/va1.23", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.document.lost", "ins.document.told-otherwise"}),
    claims=frozenset({"story:document-high", "story:document-low"}),
    needs=NEEDS | {"pilot:identity.document/1"},
)
def document_kind(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The kind of document that was recorded is kept."""
    for act in acts(driven, heard):
        if act.kind != "document" or not act.done:
            continue
        kind = str(act.payload.get("kind") or "")
        kept = act.after.document if act.after is not None else None
        said = [(t, t.message.zfd.document) for t in act.own() if t.message.zfd is not None]
        told = said[-1] if said and said[-1][1] else None
        if kept is not None and kept.strip().casefold() != kind.casefold():
            yield finding("ins.document.lost", "document", exchange=act.exchange, expected=kind, seen=kept)
        elif kept is None and told is None:
            continue
        if told is not None and told[1] != kind:
            severity = Severity.ERROR if kept is None else None
            yield finding("ins.document.told-otherwise", "ZFD-7", exchange=told[0].exchange, expected=kind,
                          seen=told[1], severity=severity)  # fmt: skip
        yield Witness("a kind of document was recorded", act.exchange, kind)


@register(
    "ins.identity-fields",
    exercise="identity.life",
    clause="DSR INS/va1.56 ; Guide d'implémentation de l'INS, règle 1",
    requirements=of_row("va1/INS/va1.56", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset(
        {"ins.fields.lost", "ins.fields.told-otherwise", "ins.fields.not-capital", "ins.fields.impossible-date"}
    ),
    claims=frozenset(
        {
            "story:create-full",
            "story:create-accents",
            "story:first-given-compound",
            "story:create-impossible-date",
        }
    ),
    control="story:create-full",
    needs=NEEDS,
)
def identity_fields(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """What was typed in is read back; in capitals without accent (advice), and never an impossible date (advice)."""
    for act in acts(driven, heard):
        if act.kind != "create":
            continue
        typed = _typed(act)
        if "birth" in typed and traits.parse_birth(joined(typed["birth"])) is None:
            if act.done and act.after is not None and joined(act.after.traits["birth"]) == typed["birth"]:
                yield finding("ins.fields.impossible-date", "birth", exchange=act.exchange, seen=typed["birth"])
            if act.done or act.refused:
                yield Witness("an impossible birth date was typed in", act.exchange)
            continue
        if not act.done or act.after is None:
            continue
        yield Witness("what was typed in was read back", act.exchange)
        kept = {n: joined(v) for n, v in act.after.traits.items()}
        yield from _read_back(act, {n: joined(v) for n, v in typed.items()}, kept)
        told = {n: v for n, v in act.after.secondary.items() if n in SECONDARY}
        known = {n: v for n, v in _besides(act).items() if n in told}
        yield from _read_back(act, known, told)
        yield from _told_back(act, typed)


def _read_back(act: Act, typed: Mapping[str, str], kept: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in typed.items():
        seen = kept.get(name, "")
        if name in ("phone", "mail", "address"):
            continue  # not of the ten fields
        if not same(value, seen):
            yield finding("ins.fields.lost", name, exchange=act.exchange, expected=value, seen=seen, subject=name)
        elif name.endswith(("name", "given", "names")) and traits.normalise(seen) != seen:
            yield finding("ins.fields.not-capital", name, exchange=act.exchange, expected=traits.normalise(seen),
                          seen=seen)  # fmt: skip


def _told_back(act: Act, typed: Mapping[str, Value]) -> Iterator[Finding]:
    """The used names are known by the message alone when the pilot does not tell them."""
    told = act.own()
    if not told:
        return
    patient, besides = told[-1].patient, _besides(act)
    pairs = [
        ("birth_name", joined(typed.get("birth_name", "")), patient.birth_name, "PID-5(L).1"),
        ("first_given", joined(typed.get("first_given", "")), patient.first_given, "PID-5(L).2"),
        ("used_name", besides.get("used_name", ""), patient.used_name, "PID-5(D).1"),
        ("used_given", besides.get("used_given", ""), patient.used_given, "PID-5(D).2"),
    ]
    assert act.after is not None
    for name, wanted, seen, path in pairs:
        untold = name in SECONDARY and name not in act.after.secondary
        if wanted and not same(wanted, seen):
            yield finding("ins.fields.told-otherwise", path, exchange=told[-1].exchange, expected=wanted, seen=seen,
                          subject=name, severity=Severity.ERROR if untold else None)  # fmt: skip

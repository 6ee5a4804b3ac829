"""What INSi answers and what is taken in (INS/va1.20: rule 25; .28, .31: rules 11, 12; .51, .52: rule 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import Judge, of_row, register
from conformance.properties.identity_life.flow import Act, Found, Held, acts, joined
from conformance.properties.identity_life.table import NEEDS, finding
from conformance.standards.ins import traits

SEARCH = NEEDS | {"pilot:identity.search-insi/1"}


@register(
    "ins.doubtful-no-call",
    exercise="identity.life",
    clause="DSR INS/va1.20 ; Guide d'implémentation de l'INS, règle 25",
    requirements=of_row("va1/INS/va1.20", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.blocked.called", "ins.blocked.still"}),
    claims=frozenset({"story:blocked-search-doubtful", "story:blocked-search-fictitious", "story:withdrawn-search"}),
    control="story:retrieved",
    needs=SEARCH | {"pilot:identity.attribute/1"},
)
def doubtful_no_call(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Nobody calls INSi for a doubtful or fictitious identity."""
    lifted: set[str] = set()
    for act in acts(driven, heard):
        if act.kind == "attribute" and act.payload.get("set") is False:
            lifted.add(act.ipp)
        if act.kind not in ("search-insi", "verify-insi") or act.before is None:
            continue
        if not act.before.blocked:
            if act.calls:
                yield Witness("INSi was called for an identity without attribute", act.calls[0].exchange)
            elif act.kind == "search-insi" and act.refused and act.ipp in lifted:
                yield finding("ins.blocked.still", "call", exchange=act.exchange)
            continue
        word = " ".join(sorted(act.before.attributes))
        if act.calls:
            yield finding("ins.blocked.called", "call", exchange=act.calls[0].exchange, expected="-",
                          seen=act.calls[0].asked.operation, subject=word)  # fmt: skip
        if act.calls or act.refused or act.done:
            yield Witness("INSi was to be called for a blocked identity", act.exchange, word)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Answers that may not be taken in: the property, its row and clause, the marks of such an answer."""

    name: str
    row: str
    rule: str
    code: str
    marks: frozenset[str]
    reached: str


UNUSABLE = (
    Unusable(
        "ins.lunar-date", "INS/va1.28", "règle 11", "ins.answer.lunar-date", frozenset({"lunar-date"}),
        "INSi answered a birth date with 00",
    ),
    Unusable(
        "ins.empty-trait", "INS/va1.31", "règle 12", "ins.answer.empty-trait",
        frozenset({"empty-name", "empty-given", "empty-sex"}), "INSi answered an empty trait",
    ),
)  # fmt: skip
_CLAIMS = {
    "ins.lunar-date": frozenset({"story:answer-lunar-day", "story:answer-lunar-month", "story:answer-lunar-date"}),
    "ins.empty-trait": frozenset({"story:answer-empty-name", "story:answer-empty-given", "story:answer-empty-sex"}),
}


def _unusable(row: Unusable) -> Judge:
    def judge(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
        for act in acts(driven, heard):
            one, held = act.found, act.before
            if act.kind != "search-insi" or one is None or held is None:
                continue
            if one.usable:
                if act.taken:
                    yield Witness("a whole answer of INSi was taken in", act.found_in)
                continue
            marks = row.marks.intersection(one.refusals)
            if not marks:
                continue
            subject = " ".join(sorted(marks))
            if any(t.carries_ins and t.patient.matricule == one.matricule for t in act.own()) and not held.matricule:
                yield finding(row.code, "PID-3", exchange=act.own()[-1].exchange, seen=one.matricule, subject=subject)
            if act.after is None:
                continue
            yield Witness(row.reached, act.found_in, subject)
            for name, before, after in _moved(one, held, act.after):
                yield finding(row.code, name, exchange=act.exchange, expected=before, seen=after, subject=subject)

    return judge


def _moved(one: Found, held: Held, after: Held) -> Iterator[tuple[str, str, str]]:
    """What of an answer got into an identity: field, before, after."""
    if after.matricule != held.matricule and after.matricule == one.matricule:
        yield "matricule", held.matricule, after.matricule
    for name, value in one.traits.items():
        was, now = joined(held.traits[name]), joined(after.traits[name])
        if now != was and now == joined(value):
            yield name, was, now


for _row in UNUSABLE:
    register(
        _row.name,
        exercise="identity.life",
        clause=f"DSR {_row.row} ; Guide d'implémentation de l'INS, {_row.rule}",
        requirements=of_row(f"va1/{_row.row}", "RI", "SGL", "RIS", "LGO"),
        codes=frozenset({_row.code}),
        claims=_CLAIMS[_row.name],
        control="story:retrieved",
        needs=SEARCH,
    )(_unusable(_row))


@register(
    "ins.first-given-name",
    exercise="identity.life",
    clause="DSR INS/va1.51 ; Guide d'implémentation de l'INS, règle 6",
    requirements=of_row("va1/INS/va1.51", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.first-given.incoherent", "ins.first-given.overwritten", "ins.first-given.needless"}),
    claims=frozenset({"story:first-given-incoherent", "story:first-given-compound"}),
    control="story:retrieved",
    needs=SEARCH,
)
def first_given_name(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A first given name that does not begin the list of INSi is not taken in silence."""
    for act in acts(driven, heard):
        one, held, after = act.found, act.before, act.after
        if act.kind != "search-insi" or one is None or not one.usable or held is None or after is None:
            continue
        local, kept = joined(held.traits["first_given"]), joined(after.traits["first_given"])
        listed = joined(one.traits["given_names"])
        if traits.first_given_fits(local, listed):
            if act.taken:
                yield Witness("a coherent first given name passed", act.exchange)
            if kept != local:
                yield finding("ins.first-given.overwritten", "first_given", exchange=act.exchange, expected=local,
                              seen=kept)  # fmt: skip
            elif act.taken is False:
                yield finding("ins.first-given.needless", "first_given", exchange=act.exchange, expected=listed,
                              seen=local)  # fmt: skip
            continue
        yield Witness("the first given name does not begin the list of INSi", act.found_in)
        if act.taken and not traits.first_given_fits(kept, listed) and not act.alerted:
            yield finding("ins.first-given.incoherent", "first_given", exchange=act.exchange, expected=listed,
                          seen=kept)  # fmt: skip


_PATHS = {
    "birth_name": "PID-5(L).1",
    "given_names": "PID-5(L).3",
    "birth": "PID-7",
    "sex": "PID-8",
    "place": "PID-11(BDL).9",
}


@register(
    "ins.insi-fields-copied",
    exercise="identity.life",
    clause="DSR INS/va1.52 ; Guide d'implémentation de l'INS, règle 6",
    requirements=of_row("va1/INS/va1.52", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.copy.field", "ins.copy.told"}),
    claims=frozenset(
        {
            "story:retrieved",
            "story:qualified-by-insi",
            "story:qualified-by-document",
            "story:answer-no-place",
            "story:retrieved-history",
        }
    ),
    control="story:retrieved",
    needs=SEARCH,
)
def insi_fields_copied(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Under a status that keeps an INS, matricule, OID and strict traits are those of INSi, to the letter."""
    answered: dict[str, Found] = {}
    for act in acts(driven, heard):
        one, after = act.found, act.after
        if act.kind == "search-insi" and one is not None and one.usable and _accepted(act):
            answered[act.ipp] = one
            if after is not None and after.retrieved:
                yield Witness("an answer of INSi was taken in", act.found_in)
                yield from _copied(act, one, after)
        elif act.kind in ("merge", "split") or act.payload.get("traits") or act.payload.get("ins"):
            # A strict trait changed by hand is not INSi's any more; a merge may bring another's.
            answered.pop(act.ipp, None)
            answered.pop(str(act.payload.get("into") or ""), None)
        if act.ipp in answered and after is not None and after.status == "qualifiee":
            yield from _told(act, answered[act.ipp])


def _accepted(act: Act) -> bool:
    """Whether an answer got in: it said so, or the identity has a matricule that it had not."""
    had = act.before.matricule if act.before is not None else ""
    said = act.data.get("taken")
    moved = act.after is not None and bool(act.after.matricule) and act.after.matricule != had
    return said is not False and (said is True or moved or bool(act.taken))


def _copied(act: Act, one: Found, after: Held) -> Iterator[Finding]:
    pairs = [("matricule", one.matricule, after.matricule), ("oid", one.oid, after.oid)]
    pairs += [(name, joined(value), joined(after.traits[name])) for name, value in one.traits.items()]
    for name, wanted, seen in pairs:
        if wanted != seen:
            yield finding("ins.copy.field", name, exchange=act.exchange, expected=wanted, seen=seen, subject=name)


def _told(act: Act, one: Found) -> Iterator[Finding]:
    told = act.own()
    if not told:
        return
    patient = told[-1].patient
    said = {
        "birth_name": patient.birth_name,
        "given_names": " ".join(patient.given_names),
        "birth": patient.birth_date[:8],
        "sex": patient.sex,
        "place": patient.birth_place,
    }
    for name, value in one.traits.items():
        if said[name] != joined(value):
            yield finding("ins.copy.told", _PATHS[name], exchange=told[-1].exchange, expected=joined(value),
                          seen=said[name], subject=name)  # fmt: skip

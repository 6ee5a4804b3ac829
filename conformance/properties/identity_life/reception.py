"""What INSi denies of an identity sent by a third party (INS/va1.05, .07: rule 51)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import of_row, register
from conformance.properties.identity_life.flow import STRICT, Act, Held, acts, joined
from conformance.properties.identity_life.table import NEEDS, finding
from conformance.standards.hl7v2.pam.values import PamPatient


def _verdict(act: Act, patient: PamPatient) -> str:
    """`ok`, `ko`, or empty: what INSi said of the INS received."""
    said = [outcome for call in act.calls if (outcome := call.outcome(patient.matricule))]
    return said[-1] if said else ""


def _received(driven: Driven[Any], heard: Heard) -> Iterator[tuple[Act, PamPatient, str]]:
    """Each message of a third party that carries an INS that INSi was asked about, and what INSi said."""
    for act in acts(driven, heard):
        patient = act.message.patient if act.message is not None else None
        if act.kind == "receive" and patient is not None and patient.matricule:
            verdict = _verdict(act, patient)
            if verdict:
                yield act, patient, verdict


def _same(one: Held, patient: PamPatient) -> bool:
    """Whether an identity is that of the patient received: birth name and date."""
    return (joined(one.traits["birth_name"]), one.traits["birth"]) == (patient.birth_name, patient.birth_date[:8])


@register(
    "ins.verification-refused-new",
    exercise="identity.reception",
    clause="DSR INS/va1.05 ; Guide d'implémentation de l'INS, règle 51",
    requirements=of_row("va1/INS/va1.05", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.third-party.ins-kept", "ins.third-party.status"}),
    claims=frozenset({"reception:ko-unknown"}),
    control="reception:ok-unknown",
    needs=NEEDS,
)
def verification_refused_new(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """An unknown patient whom INSi denies is created without matricule nor OID."""
    for act, patient, verdict in _received(driven, heard):
        made = [one for ipp, one in act.read.items() if ipp not in act.known and _same(one, patient)]
        if any(_same(one, patient) for one in act.known.values()):
            continue
        if verdict == "ok":
            if made:
                yield Witness("an unknown patient whom INSi confirms was created", act.exchange)
            continue
        for told in act.told:
            if told.carries_ins and told.patient.matricule == patient.matricule:
                yield finding("ins.third-party.ins-kept", "PID-3", exchange=told.exchange, expected="-",
                              seen=told.patient.matricule)  # fmt: skip
        for one in made:
            yield Witness("an unknown patient whom INSi denies was created", act.exchange)
            for name in ("matricule", "oid"):
                if getattr(one, name):
                    yield finding("ins.third-party.ins-kept", name, exchange=one.exchange, expected="-",
                                  seen=getattr(one, name))  # fmt: skip
            if one.status not in ("provisoire", "validee"):
                yield finding("ins.third-party.status", "status", exchange=one.exchange, expected="provisoire",
                              seen=one.status)  # fmt: skip


@register(
    "ins.verification-refused-known",
    exercise="identity.reception",
    clause="DSR INS/va1.07 ; Guide d'implémentation de l'INS, règle 51",
    requirements=of_row("va1/INS/va1.07", "RI", "SGL", "RIS", "LGO"),
    codes=frozenset({"ins.third-party.updated", "ins.third-party.told"}),
    claims=frozenset({"reception:ko-known"}),
    control="reception:ok-known",
    needs=NEEDS,
)
def verification_refused_known(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A known patient whom INSi denies stays as it was."""
    for act, patient, verdict in _received(driven, heard):
        for ipp, held in act.known.items():
            after = act.read.get(ipp)
            if after is None or not (_same(held, patient) or _same(after, patient)):
                continue
            if verdict == "ok":
                yield Witness("a known patient whom INSi confirms was read again", act.exchange)
                continue
            yield Witness("a known patient whom INSi denies was read again", act.exchange)
            for name, before, seen in _differences(held, after):
                yield finding("ins.third-party.updated", name, exchange=after.exchange, expected=before, seen=seen,
                              subject=held.status)  # fmt: skip
            told = [t for t in act.told if t.about(ipp)]
            if told and not any(_differences(held, after)):
                yield finding("ins.third-party.told", "ADT", exchange=told[-1].exchange, seen=told[-1].message.event)


def _differences(held: Held, after: Held) -> Iterator[tuple[str, str, str]]:
    for name in STRICT:
        before, seen = joined(held.traits[name]), joined(after.traits[name])
        if before != seen:
            yield name, before, seen
    for name in ("status", "matricule", "oid"):
        if getattr(held, name) != getattr(after, name):
            yield name, getattr(held, name), getattr(after, name)

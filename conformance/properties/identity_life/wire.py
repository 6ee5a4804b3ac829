"""The INS on the wire (INS/va1.53, .59: rule 28; .64: PID-3; .66: PAM France) and the flow replayed by a receiver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Severity, Witness
from conformance.properties.base import of_row, register
from conformance.properties.identity_life.flow import Act, Held, Told, acts, joined
from conformance.properties.identity_life.table import NEEDS, finding
from conformance.standards.hl7v2.pam import rules
from conformance.standards.hl7v2.pam.values import PamPatient
from conformance.standards.hl7v2.rules.core import Settings
from conformance.standards.ins import nir, oids
from conformance.standards.ins.rules import CODES as INS_CODES

TOLD = NEEDS | {"service:pam"}
"""These are judged on PAM messages alone."""

QUALIFIED = frozenset({"story:qualified-by-insi", "story:qualified-by-document", "story:complete-qualified"})
UNQUALIFIED = frozenset(
    {
        "story:retrieved",
        "story:complete-retrieved",
        "story:validated",
        "story:change-qualified",
        "story:doubtful-qualified",
        "story:verify-ko-qualified",
    }
)


def _ins(patient: PamPatient) -> tuple[str, str]:
    """The matricule and OID sent under the type or an authority of the INS; empty texts without one."""
    typed = [i for i in patient.identifiers if i.value and (i.type == "INS" or oids.is_ins(i.oid))]
    return (typed[0].value, typed[0].oid) if typed else ("", "")


@register(
    "ins.unqualified-without-ins",
    exercise="identity.life",
    clause="DSR INS/va1.53, INS/va1.59 ; Guide d'implémentation de l'INS, règle 28",
    requirements=of_row("va1/INS/va1.53", "RI") + of_row("va1/INS/va1.59", "RI", "SGL", "RIS"),
    codes=frozenset({"ins.out.unqualified", "ins.out.in-text"}),
    claims=UNQUALIFIED | {"story:qualified-by-insi"},
    control="story:qualified-by-insi",
    needs=TOLD,
)
def unqualified_without_ins(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """No message of an identity that is not qualified carries an identifier typed INS, or under its authority."""
    for act in acts(driven, heard):
        last = {ipp: [t for t in act.told if t.about(ipp)][-1:] for ipp in act.read}
        for told in act.told:
            held, was = _whose(act.read, told), _whose(act.known, told)
            if held is not None and told not in last[held.ipp] and was is not None and was.status == "qualifiee":
                continue  # said before the status went down, perhaps
            said = "VALI" in told.patient.reliability
            if held is None and said:
                continue  # its status is not known
            if held is not None and held.status == "qualifiee":
                if said and told.carries_ins:
                    yield Witness("a qualified identity was told with its INS", told.exchange)
                continue
            yield Witness("an identity that is not qualified was told", told.exchange)
            if told.carries_ins:
                yield finding("ins.out.unqualified", "PID-3", exchange=told.exchange, seen=_ins(told.patient)[0],
                              expected="-", subject=held.status if held is not None else "PID-32")  # fmt: skip
            else:
                yield from _in_text(act, told, heard)


def _whose(pool: Mapping[str, Held], told: Told) -> Held | None:
    return next((one for ipp, one in pool.items() if told.about(ipp)), None)


def _in_text(act: Act, told: Told, heard: Heard) -> Iterator[Finding]:
    """The matricule anywhere else than as an identifier: to be looked at (advice)."""
    numbers = {one.matricule for one in (*act.read.values(), *act.known.values()) if one.matricule}
    observation = heard.by_id(told.exchange)
    if observation is None:
        return
    elsewhere = {i.value for i in told.patient.identifiers} | {i.value for i in told.message.merged}
    for number in sorted(numbers - elsewhere):
        if number.encode() in observation.exchange.body:
            yield finding("ins.out.in-text", "ADT", exchange=told.exchange, seen=number)


def _settled(act: Act) -> Iterator[tuple[Held, Told]]:
    """Each identity read after an act, with the last message about it meanwhile."""
    for ipp, one in act.read.items():
        about = [t for t in act.told if t.about(ipp)]
        if about:
            yield one, about[-1]


@register(
    "ins.pid-with-ins",
    exercise="identity.life",
    clause="DSR INS/va1.64 ; annexe CI-SIS Prise en charge de l'INS, PID-3",
    requirements=("RI/va1/INS/va1.64",),
    codes=frozenset({"ins.pid.missing", "ins.pid.malformed", "ins.pid.other", "ins.pid.not-validated"}),
    claims=QUALIFIED,
    control="story:qualified-by-insi",
    needs=TOLD,
)
def pid_with_ins(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every message of a qualified identity has a repetition of PID-3 that is its INS."""
    for act in acts(driven, heard):
        for one, told in _settled(act):
            if one.status != "qualifiee" or not one.matricule or one.merged_into:
                continue
            yield Witness("a qualified identity was told", told.exchange)
            yield from _pid(one, told)


def _pid(one: Held, told: Told) -> Iterator[Finding]:
    ins = told.patient.ins
    event = told.message.event
    if ins is None:
        under = next((i for i in told.patient.identifiers if i.value and oids.is_ins(i.oid)), None)
        code = "ins.pid.missing" if under is None else "ins.pid.malformed"
        yield finding(code, "PID-3", exchange=told.exchange, expected="INS", seen=under.type if under else "-",
                      subject=f"type {event}" if under else event)  # fmt: skip
        return
    authority = oids.authority(ins.oid)
    parts = (
        ("value", nir.is_matricule(ins.value), "matricule", ins.value),
        ("oid", authority is not None, oids.oid("NIR", "production"), ins.oid),
        ("namespace", authority is None or ins.namespace == authority.namespace,
         authority.namespace if authority else "", ins.namespace),
        ("oid_type", ins.oid_type == "ISO", "ISO", ins.oid_type),
    )  # fmt: skip
    for name, right, wanted, seen in parts:
        if not right:
            yield finding("ins.pid.malformed", ins.path, exchange=told.exchange, expected=wanted, seen=seen,
                          subject=name)  # fmt: skip
    if ins.value != one.matricule and nir.is_matricule(ins.value):
        yield finding("ins.pid.other", ins.path, exchange=told.exchange, expected=one.matricule, seen=ins.value)
    if "VALI" not in told.patient.reliability:
        yield finding("ins.pid.not-validated", "PID-32", exchange=told.exchange, expected="VALI",
                      seen=" ".join(told.patient.reliability))  # fmt: skip


SETTINGS = Settings(matrix=None, ins=None, live=True)
"""INSi answers production OIDs on its test platform too: no environment is expected."""

PAM_CODES = frozenset(rules.CODES) | {rule.code for rule in rules.BASE_TABLE} | frozenset(INS_CODES)


@register(
    "ins.pam-extension",
    exercise="identity.life",
    clause="DSR INS/va1.66 ; IHE PAM, extension nationale France ; annexe INS du CI-SIS",
    requirements=("RI/va1/INS/va1.66",),
    codes=PAM_CODES | {"ins.pam.not-told"},
    claims=QUALIFIED | {"story:merge-qualified"},
    control="story:qualified-by-insi",
    needs=TOLD,
)
def pam_extension(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A qualified identity goes out by messages that follow the French extension of PAM."""
    for act in acts(driven, heard):
        became = act.after is not None and act.after.status == "qualifiee"
        if became and act.before is not None and act.before.status != "qualifiee" and not act.own():
            yield finding("ins.pam.not-told", "ADT", exchange=act.exchange, expected="A31", absence=True)
        for told in act.told:
            if not told.carries_ins:
                continue
            yield Witness("an INS went out by PAM", told.exchange)
            found = rules.judge(told.message, SETTINGS)
            # Notes are for whoever reads one message: the commune of the NIR need not be that of PID-11.
            yield from (f.at(exchange=told.exchange) for f in found if f.severity is not Severity.NOTE)


@dataclass(slots=True)
class _Known:
    """What a receiver that only hears PAM holds of a patient."""

    told: Told
    gone: bool = False


def replay(all_acts: tuple[Act, ...]) -> Mapping[str, _Known]:
    """What a receiver holds at the end, by local number; the last message about a patient says all."""
    held: dict[str, _Known] = {}
    for told in (t for act in all_acts for t in act.told):
        for number in told.patient.local_ids:
            if number.value:
                held[number.value] = _Known(told)
        if told.message.event == "A40":
            for prior in told.message.merged:
                if prior.value in held:
                    held[prior.value].gone = True
                elif prior.value:
                    held[prior.value] = _Known(told, gone=True)
    return held


@register(
    "ins.pam-replay",
    exercise="identity.life",
    clause="DSR INS/va1.60 (propager les modifications) ; IHE PAM, extension nationale France, ITI-30",
    requirements=("RI/va1/INS/va1.60",),
    codes=frozenset({"ins.replay.ins", "ins.replay.status", "ins.replay.trait", "ins.replay.merge"}),
    claims=QUALIFIED
    | {
        "story:plain",
        "story:change-qualified",
        "story:change-provisional",
        "story:requalified",
        "story:two-people",
        "story:homonyms",
        "story:merge",
        "story:merge-duplicate",
        "story:split",
    },
    control="story:plain",
    needs=TOLD,
)
def pam_replay(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A receiver that hears nothing but PAM ends with what the référentiel holds, less what PID-32 cannot carry."""
    every = acts(driven, heard)
    known = replay(every)
    last: dict[str, Held] = {}
    for act in every:
        last.update(act.read)
    for ipp, one in last.items():
        if ipp in known:
            yield Witness("the flow was replayed", known[ipp].told.exchange)
            yield from _compared(one, known[ipp])


_FIELDS = ("birth_name", "first_given", "given_names", "birth", "sex", "place")


def _compared(one: Held, known: _Known) -> Iterator[Finding]:
    told, patient = known.told, known.told.patient
    gone = bool(one.merged_into)
    if gone or known.gone:
        if gone != known.gone:
            yield finding("ins.replay.merge", "MRG-1", exchange=told.exchange, expected=one.merged_into or "-",
                          seen="A40" if known.gone else "-")  # fmt: skip
        return
    wanted = one.matricule if one.status == "qualifiee" else ""
    seen = _ins(patient)[0] if "VALI" in patient.reliability else ""
    if seen != wanted:
        # An INS that stays is what the rule is about; one that never came is for the conformity of the flow to say.
        yield finding("ins.replay.ins", "PID-3", exchange=told.exchange, expected=wanted or "-", seen=seen or "-",
                      subject=one.status, severity=None if seen else Severity.ADVICE)  # fmt: skip
    proved = one.status in ("validee", "qualifiee")
    if ("VALI" in patient.reliability) is not proved:
        yield finding("ins.replay.status", "PID-32", exchange=told.exchange, expected=one.status,
                      seen=" ".join(patient.reliability), subject=one.status)  # fmt: skip
    said = {
        "birth_name": patient.birth_name,
        "first_given": patient.first_given,
        "given_names": " ".join(patient.given_names),
        "birth": patient.birth_date[:8],
        "sex": patient.sex,
        "place": patient.birth_place,
    }
    for name in _FIELDS:
        held = joined(one.traits[name])
        if held and said[name] != held:
            yield finding("ins.replay.trait", name, exchange=told.exchange, expected=held, seen=said[name],
                          subject=name, severity=Severity.ADVICE)  # fmt: skip

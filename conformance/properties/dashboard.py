"""The dashboard of sendings: its counters against the flows that were captured (TBB/va1.01), its details (va1.04)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Observation, Witness
from conformance.models import dashboard as model
from conformance.models.dashboard import Cell, Flow
from conformance.properties.base import register
from conformance.properties.flow import answer_to, deliveries, finding, header_of, hindered
from conformance.properties.mail_flow import recipients, step, taken, told, written
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.xds.answers import Answer
from conformance.standards.xds.submission import Submission

RESTRICTIONS = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX")
"""The flags of a message that make its document masked to somebody."""

PATIENT_DOMAIN = "patient.mssante.fr"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a counter needs to know of a document."""

    finess: str
    type: str
    masked: bool


def _carried(header: CdaHeader, *, masked: bool) -> Carried:
    ids = header.custodian.ids
    return Carried(model.plain_finess(ids[0].extension if ids else ""), header.code.code, masked)


def _documents(driven: Driven[Any], heard: Heard) -> Mapping[str, Carried]:
    """The documents that the bench sent in this case, by unique id; those of a qualified patient alone."""
    found = {}
    for delivery in deliveries(driven, heard):
        patient = delivery.message.patient
        if patient is None or not patient.qualified:
            continue
        masked = any(delivery.flag(name) for name in RESTRICTIONS)
        for document in delivery.documents:
            if document.header is not None:
                found[document.header.unique_id] = _carried(document.header, masked=masked)
    return found


def flows(driven: Driven[Any], heard: Heard, context: Context) -> list[Flow] | None:
    """Everything that went out in this case, attempt by attempt; None when one cannot be told what it carried."""
    held = _documents(driven, heard)
    found: list[Flow] = []
    for observation in heard.of("xds.submission"):
        assert isinstance(observation.value, Submission)
        outcome = _outcome(heard, observation)
        for entry in observation.value.documents:
            document = held.get(entry.unique_id)
            if document is None and entry.content is not None and (header := header_of(entry.content)) is not None:
                codes = {c.code for c in entry.confidentiality_codes}
                document = _carried(header, masked=bool(codes - {"N", "R", "V"}))
            if document is None:
                return None
            cell = Cell(document.finess, "dmp", document.type, outcome)
            found.append(Flow(cell, entry.unique_id, document.masked))
    sessions = [o.exchange.facts for o in heard.own if o.exchange.channel == "mss"]
    if hindered(heard, "mss") and any(f.get("event") == "session" and not f.get("mails") for f in sessions):
        return None  # attempts that ended before a mail: they count, and nobody can tell what they were to carry
    domain = str(context.settings.get("patient_domain") or PATIENT_DOMAIN)
    for observation, _ in written(heard):
        uid = next((value for kind, value in observation.keys if kind == "document" and value in held), None)
        if uid is None:
            return None
        people = recipients(observation)
        citizens = {a for a in people if a.endswith(f"@{domain}")}
        outcome = "success" if taken(observation, heard) else "failure"
        for channel, many in (("mss-citizen", len(citizens)), ("mss-pro", len(people - citizens))):
            if many:
                cell = Cell(held[uid].finess, channel, held[uid].type, outcome)
                found.append(Flow(cell, uid, held[uid].masked, many))
    return found


def _outcome(heard: Heard, submission: Observation) -> str:
    answer = answer_to(heard, submission.exchange)
    ok = answer is not None and isinstance(answer.value, Answer) and answer.value.ok
    return "success" if ok else "failure"


def _rows(driven: Driven[Any], heard: Heard, name: str) -> list[Mapping[str, Any]] | None:
    """An extraction that the pilot read."""
    data = told(driven, heard, name)
    rows = data.get("rows") if data is not None else None
    return [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else None


def _gained(driven: Driven[Any], heard: Heard, period: str, column: str = "count") -> Counter[Cell] | None:
    before, after = _rows(driven, heard, f"{period}-before"), _rows(driven, heard, f"{period}-after")
    return None if before is None or after is None else model.gained(before, after, column)


@register(
    "dashboard.counters",
    exercise="dashboard",
    clause="DSR PFI TBB/va1.01 (tentatives d'envoi par FINESS, canal, type et résultat, sur plusieurs périodes)",
    requirements=("PFI/va1/TBB/va1.01",),
    codes=frozenset({"tbb.counter-differs", "tbb.period-missing"}),
    claims=frozenset(
        {
            "dashboard:dmp",
            "dashboard:dmp-failure",
            "dashboard:mss-pro",
            "dashboard:mss-citizen",
            "dashboard:mss-failure",
            "dashboard:all-channels",
        }
    ),
    control="dashboard:dmp",
    needs=frozenset({"service:mss"}),
)
def counters(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """What each counter gained while documents went out is what was captured, on each period."""
    found = flows(driven, heard, context)
    after = step(driven, "month-after")
    if not found or after is None or _gained(driven, heard, "month") is None:
        return
    wanted = model.expected(found)
    for period in ("month", "year"):
        gained = _gained(driven, heard, period)
        if gained is None:
            yield finding("tbb.period-missing", period, exchange=after.exchange, subject=period)
            continue
        for gap in model.gaps(wanted, gained):
            cell, bounds = gap.cell, gap.expected
            yield finding(
                "tbb.counter-differs",
                period,
                exchange=after.exchange,
                expected=f"{cell.finess} {cell.channel} {cell.type} {cell.outcome} : {_between(bounds)}",
                seen=gap.seen,
                subject=f"{cell.channel}.{cell.outcome}",
                # Nothing moved at all: perhaps the dashboard is only late. A control has to show that it is not.
                absence=not gained,
            )
    if _rows(driven, heard, "last-year") is None:
        yield finding("tbb.period-missing", "last-year", exchange=after.exchange, subject="last-year")
    yield Witness("counters compared with the flows captured", after.exchange)


def _between(bounds: model.Bounds) -> str:
    return str(bounds.least) if bounds.least == bounds.most else f"{bounds.least} à {bounds.most}"


@register(
    "dashboard.flow-details",
    exercise="dashboard",
    clause="DSR PFI TBB/va1.04 (détails sur le contenu des flux : % avec masquage, etc.)",
    requirements=("PFI/va1/TBB/va1.04",),
    codes=frozenset({"tbb.details.absent", "tbb.details.differ"}),
    claims=frozenset({"dashboard:masked"}),
    control="dashboard:masked",
)
def flow_details(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """When masked and unmasked documents went out, the extraction tells one from the other; exact counts are advice."""
    found = flows(driven, heard, context)
    after = step(driven, "month-after")
    counted, masked = _gained(driven, heard, "month"), _gained(driven, heard, "month", "masked")
    if not found or after is None or counted is None or masked is None:
        return
    if not any(f.masked for f in found) or all(f.masked for f in found):
        return  # contents that do not differ show nothing
    yield Witness("details of flows of different contents were read", after.exchange)
    total = sum(masked.values())
    if total <= 0 or total >= sum(counted.values()):
        yield finding(
            "tbb.details.absent",
            "masked",
            exchange=after.exchange,
            expected=sum(b.least for b in model.expected_masked(found).values()),
            seen=f"{total} / {sum(counted.values())}",
        )
        return
    for gap in model.gaps(model.expected_masked(found), masked):
        yield finding("tbb.details.differ", "masked", exchange=after.exchange, expected=_between(gap.expected),
                      seen=gap.seen, subject=gap.cell.channel)  # fmt: skip

"""The lines a run writes to its journal, and what is read back from them when a run is resumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.engine.judging import Judgement
from conformance.engine.plan import Plan, RunKey
from conformance.evidence.codec import to_plain
from conformance.evidence.journal import Reader, Writer
from conformance.evidence.values import Driven, Exchange, Finding


class Records:
    """Writes the lines of a run; every method is one kind of line."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.window: int | None = None

    def open(self, **facts: object) -> None:
        """`open`: what is run, on whom, with which tool, seed, effort and day."""
        self.writer.append("open", **facts)

    def plan(self, plan: Plan, cases: Mapping[str, int]) -> None:
        """`plan`: the run keys, who listens to each for which scenarios, the classes claimed, how many cases."""
        self.writer.append(
            "plan",
            run_keys=[
                {
                    "key": key.id,
                    "exercise": key.exercise.name,
                    "environment": key.environment.name,
                    "settings": dict(key.environment.settings),
                    "cases": cases[key.id],
                    "properties": [
                        {
                            "name": s.property.name,
                            "id": s.id,
                            "with": dict(s.parameters),
                            "scenarios": list(s.scenarios),
                            "claims": sorted(s.property.claims & key.exercise.labels()),
                            "clause": s.property.clause,
                        }
                        for s in key.subscriptions
                    ],
                }
                for key in plan.keys
            ],
        )

    def unmet(self, key: str, subscription: str | None, needs: Sequence[str]) -> None:
        """`unmet`: a run key (or one property of it) is not driven: what it needs is not there."""
        self.writer.append("unmet", key=key, property=subscription, needs=list(needs))

    def open_window(self, number: int, key: RunKey, purpose: str, index: int | None) -> None:
        """`window`: a batch begins. `index` is its place among the batches of its run key (None: extra batch)."""
        self.window = number
        self.writer.append("window", w=number, key=key.id, purpose=purpose, index=index)

    def exchange(self, exchange: Exchange) -> None:
        """`exchange`: bytes heard or sent, as soon as they are."""
        self.writer.append(
            "exchange",
            w=self.window,
            x=exchange.id,
            ch=exchange.channel,
            dir=exchange.direction.value,
            conn=exchange.connection,
            ms=exchange.ms,
            facts=dict(exchange.facts),
            answers=exchange.answers,
            body=self.writer.body(exchange.body),
        )

    def driven(self, number: int, key: RunKey, driven: Driven[Any], digest: str, purpose: str) -> None:
        """`driven`: a case was sent; its data and binding are bodies of their own."""
        self.writer.append(
            "driven",
            w=number,
            case=driven.id,
            key=key.id,
            exercise=driven.exercise,
            environment=driven.environment,
            labels=sorted(driven.labels),
            digest=digest,
            sentinel=driven.sentinel,
            purpose=purpose,
            number=driven.binding.number,
            sent=[
                {"name": s.name, "exchange": s.exchange, "answer": s.answer, "failure": s.failure} for s in driven.sent
            ],
            binding=self.writer.plain(to_plain(driven.binding)),
            body=self.writer.plain(to_plain(driven.case)),
        )

    def heard(self, number: int, case: str, exchanges: Sequence[str]) -> None:
        """`heard`: the exchanges attributed to a case."""
        self.writer.append("heard", w=number, case=case, exchanges=list(exchanges))

    def orphans(self, number: int, exchanges: Sequence[str]) -> None:
        """`orphans`: what was heard and nobody claims."""
        self.writer.append("orphans", w=number, exchanges=list(exchanges))

    def finding(self, finding: Finding) -> dict[str, object]:
        """A finding as it stands in a line: expected and seen are a body of their own."""
        return {
            "code": finding.code,
            "severity": finding.severity.value,
            "path": finding.location.path,
            "line": finding.location.line,
            "exchange": finding.location.exchange,
            "cause": finding.cause,
            "subject": finding.subject,
            "absence": finding.absence,
            "inherited": finding.inherited,
            "fingerprint": finding.fingerprint,
            "values": self.writer.plain({"expected": finding.expected, "seen": finding.seen}),
        }

    def judged(self, number: int, judgement: Judgement, purpose: str) -> None:
        """`judged`, `unjudged` or `tool-error`: what a property said of a case."""
        property = judgement.subscription.id
        if judgement.fault is not None:
            self.writer.append(
                "tool-error", w=number, case=judgement.case, property=property, purpose=purpose,
                text=judgement.fault,
            )  # fmt: skip
        elif judgement.reason is not None:
            self.writer.append(
                "unjudged", w=number, case=judgement.case, property=property, purpose=purpose,
                reason=judgement.reason,
            )  # fmt: skip
        else:
            self.writer.append(
                "judged",
                w=number,
                case=judgement.case,
                property=property,
                purpose=purpose,
                witnesses=len(judgement.witnesses),
                assertions=sorted({w.assertion for w in judgement.witnesses}),
                findings=[self.finding(f) for f in judgement.findings],
                unsettled=[{**self.finding(f), "why": why} for f, why in judgement.unsettled],
            )

    def counterexample(
        self, subscription: str, fingerprint: str, driven: Driven[Any], digest: str, finding: Finding, calls: int
    ) -> None:
        """`counterexample`: the smallest case found that still shows a finding."""
        self.writer.append(
            "counterexample",
            property=subscription,
            fingerprint=fingerprint,
            case=driven.id,
            labels=sorted(driven.labels),
            digest=digest,
            calls=calls,
            exchange=_provoking(driven, finding),
            finding=self.finding(finding),
            body=self.writer.plain(to_plain(driven.case)),
        )

    def abandoned(self, key: RunKey, cases: int, reason: str) -> None:
        """`abandoned`: a run key was given up with that many cases never driven."""
        self.writer.append("abandoned", key=key.id, cases=cases, reason=reason)

    def tool_error(self, where: str, text: str) -> None:
        """`tool-error`: a fault of ours outside any judgement."""
        self.writer.append("tool-error", where=where, text=text)

    def settled(self, number: int) -> None:
        """`settled`: the batch is judged; forced to disk. Without this line a batch does not exist."""
        self.writer.append("settled", w=number)
        self.writer.flush()
        self.window = None

    def close(self, counts: Mapping[str, int]) -> None:
        """`close`: the run is over."""
        self.writer.append("close", counts=dict(counts))
        self.writer.flush()


def _provoking(driven: Driven[Any], finding: Finding) -> str | None:
    """What the bench sent last before the exchange that a finding shows; its last message when none came before."""
    sent = [s.exchange for s in driven.sent]
    shown = _rank(finding.location.exchange)
    before = [exchange for exchange in sent if shown is not None and (_rank(exchange) or 0) <= shown]
    return next(reversed(before or sent), None)


def _rank(exchange: str | None) -> int | None:
    """Exchanges are numbered as they are recorded: `x12`."""
    digits = (exchange or "")[1:]
    return int(digits) if digits.isdecimal() else None


@dataclass(slots=True)
class Past:
    """What a cut run had settled: enough to go on without doing anything twice.

    `settled` gives the batches done by run key, `believed` what was decided of a silence (None: believed), by property
    and fingerprint, `firsts` the run key and case (plain data after a resume) where each error was first seen,
    `pending` the number of the binding of each case (run key, digest, sentinel or not) whose outcome was awaited.
    """

    opening: Mapping[str, Any] = field(default_factory=dict)
    settled: dict[str, set[int]] = field(default_factory=dict)
    abandoned: set[str] = field(default_factory=set)
    believed: dict[tuple[str, str], str | None] = field(default_factory=dict)
    firsts: dict[tuple[str, str], tuple[str, object]] = field(default_factory=dict)
    shrunk: set[tuple[str, str]] = field(default_factory=set)
    pending: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    window: int = 0
    binding: int = 0
    exchange: int = 0
    ms: int = 0
    closed: bool = False


def past(folder: Path) -> Past:
    """Read a journal that was cut (or not), keeping only what its `settled` lines vouch for."""
    found = Past()
    pending: dict[int, tuple[str, int | None]] = {}
    awaited: dict[int, dict[tuple[str, str, bool], int]] = {}
    findings: dict[int, list[tuple[str, Mapping[str, Any], str]]] = {}
    bodies: dict[int, dict[str, object]] = {}
    reader = Reader(folder)
    for entry in reader.entries():
        data: Mapping[str, Any] = entry.data
        number = data.get("w")
        match entry.type:
            case "open":
                found.opening = data
            case "window":
                pending[data["w"]] = (data["key"], data["index"])
                found.window = max(found.window, data["w"])
            case "exchange":
                found.exchange = max(found.exchange, int(data["x"][1:]))
                found.ms = max(found.ms, data["ms"])
            case "driven":
                found.binding = max(found.binding, data["number"])
                bodies.setdefault(data["w"], {})[data["case"]] = data["body"]
                if any(str(s["failure"]).startswith("pilot-") for s in data["sent"]):
                    identity = (data["key"], data["digest"], data["sentinel"])
                    awaited.setdefault(data["w"], {})[identity] = data["number"]
            case "judged" if data["purpose"] == "judge":
                findings.setdefault(data["w"], []).extend((data["property"], f, data["case"]) for f in data["findings"])
            case "counterexample":
                found.shrunk.add((data["property"], data["fingerprint"]))
            case "abandoned":
                found.abandoned.add(data["key"])
            case "settled" if number in pending:
                key, index = pending[number]
                awaited.pop(number, None)
                if index is not None:
                    found.settled.setdefault(key, set()).add(index)
                for property, finding, case in findings.pop(number, []):
                    mistake = (property, finding["fingerprint"])
                    found.believed[mistake] = None
                    counts = finding["severity"] == "error" and not finding["inherited"]
                    if counts and mistake not in found.firsts:
                        found.firsts[mistake] = (key, reader.plain(bodies[data["w"]][case]))
                bodies.pop(data["w"], None)
            case "close":
                found.closed = True
            case _:
                pass
    for cases in awaited.values():
        found.pending.update(cases)
    return found

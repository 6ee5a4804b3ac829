"""Reads a journal once and adds up what it says, property by property. Only settled windows count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.audit.model import CaseCounts, FindingExample, FindingSummary, ToolFault
from conformance.errors import JournalError
from conformance.evidence.journal import Entry, Reader
from conformance.evidence.values import Severity

EXAMPLES = 3
"""Examples kept of each fingerprint; the counts are always whole."""

FAULTS = 20
"""Faults of the tool kept for each property and for the run."""

JUDGED = frozenset({"judge", "sentinel"})
"""What the purpose of a judgement must be for it to weigh on a verdict."""

TOOL_ERROR = "tool-error"
NO_JUDGEMENT = "no-judgement"

PENDING = "pilot-pending"
"""The failure of a sending whose outcome is awaited: its window is left open and the run suspended."""

Line = Mapping[str, Any]


@dataclass(slots=True)
class Mistake:
    """The findings of one fingerprint, being added up."""

    first: Line
    count: int = 0
    cases: set[str] = field(default_factory=set)
    examples: list[FindingExample] = field(default_factory=list)

    def summary(self) -> FindingSummary:
        """As it stands in an audit."""
        first = self.first
        return FindingSummary(
            fingerprint=first["fingerprint"],
            code=first["code"],
            severity=Severity(first["severity"]),
            cause=first["cause"],
            subject=first["subject"],
            absence=first["absence"],
            inherited=first["inherited"],
            count=self.count,
            cases=len(self.cases),
            examples=tuple(self.examples),
        )


@dataclass(slots=True)
class Counts:
    """Cases being added up."""

    planned: int = 0
    driven: int = 0
    judged: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    abandoned: int = 0
    sentinels: int = 0
    shrink: int = 0
    confirm: int = 0
    isolate: int = 0

    def add(self, other: Counts) -> None:
        """Add the counts of another run key."""
        for name in ("planned", "driven", "judged", "abandoned", "sentinels", "shrink", "confirm", "isolate"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unjudged.update(other.unjudged)

    def frozen(self) -> CaseCounts:
        """As they stand in an audit; reasons in alphabetical order."""
        return CaseCounts(
            planned=self.planned,
            driven=self.driven,
            judged=self.judged,
            unjudged=dict(sorted(self.unjudged.items())),
            abandoned=self.abandoned,
            sentinels=self.sentinels,
            shrink=self.shrink,
            confirm=self.confirm,
            isolate=self.isolate,
        )


@dataclass(slots=True)
class Heard:
    """What one property made of one run key."""

    subscription: Line
    run_key: Line
    judged: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    witnesses: int = 0
    covered: set[str] = field(default_factory=set)
    mistakes: dict[str, Mistake] = field(default_factory=dict)
    unsettled: Counter[str] = field(default_factory=Counter)
    faults: list[ToolFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heading:
    """Where an exchange is in the journal (its line, from 1), and what its line says of it."""

    line: int
    channel: str
    direction: str
    facts: Line
    body: Any


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A driven case: its run key, classes, data (a reference) and the exchanges attributed to it."""

    key: str
    labels: tuple[str, ...]
    body: Any
    exchanges: list[str]


@dataclass(slots=True)
class Tally:
    """A whole journal, added up.

    `heard` is keyed by (run key, subscription id); `keys` and `counts` by run key; `exchanges` by exchange id; `cases`
    by case, sentinels and shrunk ones included; `reached` gives the cases in which a (run key, subscription id) had a
    witness, with the fingerprints of what it found there. `unmet` gives what the target did not offer, for a
    (run key, subscription id) that was not driven for that reason; `pending` the run keys that have a case whose
    outcome is awaited. `ahead` gives the seconds by which the vendor's clock is away, one an acknowledgement.
    """

    opening: Line = field(default_factory=dict)
    closed: bool = False
    head: str = ""
    keys: dict[str, Line] = field(default_factory=dict)
    heard: dict[tuple[str, str], Heard] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    abandoned: dict[str, str] = field(default_factory=dict)
    unmet: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    faults: list[ToolFault] = field(default_factory=list)
    counterexamples: list[Line] = field(default_factory=list)
    exchanges: dict[str, Heading] = field(default_factory=dict)
    cases: dict[str, CaseLine] = field(default_factory=dict)
    reached: dict[tuple[str, str], list[tuple[str, frozenset[str]]]] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    ahead: list[int] = field(default_factory=list)

    def missing(self, key: str) -> int:
        """Cases of a run key that the plan announced and that a cut run never settled."""
        counts = self.counts[key]
        return 0 if self.closed else max(0, counts.planned - counts.driven - counts.abandoned)


@dataclass(slots=True)
class _Window:
    key: str
    purpose: str
    driven: list[Line] = field(default_factory=list)
    said: list[Entry] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def tally(reader: Reader) -> Tally:
    """Add up a journal; raises JournalError when it is broken or does not begin by `open` and `plan`."""
    found = Tally()
    windows: dict[int, _Window] = {}
    for entry in reader.entries():
        found.head = entry.hash
        handler = _HANDLERS.get(entry.type)
        if handler is None:
            continue
        try:
            handler(found, windows, entry, reader)
        except (KeyError, TypeError, ValueError) as e:
            raise JournalError(
                "audit.bad-line", where=f"{reader.folder}:{entry.n + 1}", line=entry.type, detail=repr(e)
            ) from e
    if not found.opening:
        raise JournalError("audit.no-opening", where=str(reader.folder))
    for window in windows.values():
        if any(sent["failure"] == PENDING for driven in window.driven for sent in driven["sent"]):
            found.pending.add(window.key)
    return found


def _open(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    if not found.opening:
        found.opening = entry.data


def _plan(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    for key in entry.data["run_keys"]:  # type: ignore[attr-defined]
        if key["key"] in found.keys:  # a resumed run may write its plan again
            continue
        found.keys[key["key"]] = key
        found.counts[key["key"]] = Counts(planned=key["cases"])
        for subscription in key["properties"]:
            found.heard[key["key"], subscription["id"]] = Heard(subscription, key)


def _window(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    windows[line["w"]] = _Window(line["key"], line["purpose"])


def _driven(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    windows[line["w"]].driven.append(line)
    found.cases[line["case"]] = CaseLine(line["key"], tuple(line["labels"]), line["body"], [])


def _heard(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    if line["case"] in found.cases:
        found.cases[line["case"]].exchanges.extend(line["exchanges"])


def _said(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    windows[line["w"]].said.append(entry)


def _tool_error(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    if "property" in line:
        windows[line["w"]].said.append(entry)
        return
    if len(found.faults) < FAULTS:
        found.faults.append(ToolFault(line["where"], line["text"]))
    case = str(line["where"]).rsplit(" ", 1)[-1]
    for window in windows.values():
        if any(driven["case"] == case for driven in window.driven):
            window.broken.add(case)


def _exchange(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    if (ahead := line["facts"].get("ahead")) is not None:
        found.ahead.append(int(ahead))
    found.exchanges[line["x"]] = Heading(entry.n + 1, line["ch"], line["dir"], line["facts"], line["body"])


def _abandoned(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    found.abandoned[line["key"]] = line["reason"]
    found.counts[line["key"]].abandoned += line["cases"]


def _unmet(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    key = line["key"]
    whole = line["property"] is None
    listening = [p["id"] for p in found.keys[key]["properties"]] if whole else [line["property"]]
    for subscription in listening:
        found.unmet[key, subscription] = tuple(line["needs"])
    if whole:
        found.counts[key].planned = 0


def _resumed(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    found.unmet.clear()  # a resumed run says again what is not there
    for key, line in found.keys.items():
        found.counts[key].planned = line["cases"]


def _counterexample(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    found.counterexamples.append(entry.data)


def _close(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    found.closed = True


def _settled(found: Tally, windows: dict[int, _Window], entry: Entry, reader: Reader) -> None:
    line: Line = entry.data
    window = windows.pop(line["w"])
    counts = found.counts[window.key]
    labels = {driven["case"]: driven["labels"] for driven in window.driven}
    cases = [driven["case"] for driven in window.driven if not driven["sentinel"]]
    counts.sentinels += len(window.driven) - len(cases)
    if window.purpose != "judge":
        setattr(counts, window.purpose, getattr(counts, window.purpose) + len(cases))
    outcomes: dict[str, list[str]] = {case: [] for case in cases}
    told: dict[tuple[str, str], bool] = {}
    for said in window.said:
        word: Line = said.data
        heard = found.heard[window.key, word["property"]]
        if said.type == "tool-error":
            _keep(heard.faults, ToolFault(f"{word['property']} {word['case']}", word["text"]))
        if window.purpose != "judge" or word["purpose"] not in JUDGED:
            continue
        outcome = _OUTCOMES[said.type](heard, word, labels, reader)
        if word["case"] in outcomes:
            outcomes[word["case"]].append(outcome)
            told[word["property"], word["case"]] = True
            if outcome:
                heard.unjudged[outcome] += 1
            else:
                heard.judged += 1
            if said.type == "judged" and word["witnesses"] and not word["unsettled"]:
                prints = frozenset(finding["fingerprint"] for finding in word["findings"])
                found.reached.setdefault((window.key, word["property"]), []).append((word["case"], prints))
    if window.purpose != "judge":
        return
    counts.driven += len(cases)
    for case, reasons in outcomes.items():
        unheard = TOOL_ERROR if case in window.broken else NO_JUDGEMENT
        for subscription in found.keys[window.key]["properties"]:
            if (subscription["id"], case) not in told:
                heard = found.heard[window.key, subscription["id"]]
                heard.unjudged[unheard] += 1
                if case in window.broken:
                    _keep(heard.faults, ToolFault(case, ""))
        if "" in reasons:
            counts.judged += 1
        else:
            counts.unjudged[min(reasons, default=unheard)] += 1


def _keep(faults: list[ToolFault], fault: ToolFault) -> None:
    if len(faults) < FAULTS:
        faults.append(fault)


def _judged(heard: Heard, line: Line, labels: Mapping[str, list[str]], reader: Reader) -> str:
    witnesses = line["witnesses"]
    for finding in line["findings"]:
        mistake = heard.mistakes.setdefault(finding["fingerprint"], Mistake(finding))
        mistake.count += 1
        mistake.cases.add(line["case"])
        if len(mistake.examples) < EXAMPLES:
            mistake.examples.append(example(finding, line["case"], reader))
    for finding in line["unsettled"]:
        heard.unsettled[finding["why"]] += 1
    if line["purpose"] == "sentinel":
        return ""
    heard.witnesses += witnesses
    if witnesses:
        heard.covered.update(labels[line["case"]])
    return ""


def _unjudged(heard: Heard, line: Line, labels: Mapping[str, list[str]], reader: Reader) -> str:
    return str(line["reason"])


def _crashed(heard: Heard, line: Line, labels: Mapping[str, list[str]], reader: Reader) -> str:
    return TOOL_ERROR


def example(finding: Line, case: str, reader: Reader) -> FindingExample:
    """One finding of a line, its expected and seen values fetched."""
    values: Any = reader.plain(finding["values"])
    return FindingExample(
        case=case,
        exchange=finding["exchange"] or "",
        path=finding["path"],
        line=finding["line"],
        expected=values["expected"],
        seen=values["seen"],
    )


_OUTCOMES = {"judged": _judged, "unjudged": _unjudged, "tool-error": _crashed}

_HANDLERS = {
    "open": _open,
    "plan": _plan,
    "window": _window,
    "driven": _driven,
    "heard": _heard,
    "judged": _said,
    "unjudged": _said,
    "tool-error": _tool_error,
    "exchange": _exchange,
    "abandoned": _abandoned,
    "unmet": _unmet,
    "resumed": _resumed,
    "counterexample": _counterexample,
    "settled": _settled,
    "close": _close,
}

"""The table of the recorded files that a run drove: what was expected of each, and what the vendor answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.errors import Malformed
from conformance.evidence.journal import Reader
from conformance.standards.hl7v2.syntax import parse
from conformance.texts import Lang, text

NAME = "recorded.md"


@dataclass(frozen=True, slots=True)
class RecordedResult:
    """One file: `expected` (`accepted`, `rejected`, `any`), `answer` (MSA-1, or why none came), what followed."""

    file: str
    expected: str
    answer: str
    submissions: int
    returns: int

    @property
    def as_expected(self) -> bool:
        """Whether the answer is the one the table of recorded files expects; `any` accepts every answer."""
        wanted = {"accepted": ("AA", "CA"), "rejected": ("AE", "AR", "CE", "CR")}.get(self.expected)
        return wanted is None or self.answer in wanted


def recorded(reader: Reader) -> tuple[RecordedResult, ...]:
    """The recorded files of a run, in the order they were driven; empty when there were none."""
    driven: dict[str, Mapping[str, Any]] = {}
    heard: dict[str, list[str]] = {}
    wanted: dict[str, Mapping[str, Any]] = {}
    for entry in reader.entries():
        data: Mapping[str, Any] = entry.data
        if entry.type == "driven" and data["exercise"] == "documents.recorded" and data["purpose"] == "judge":
            driven[data["case"]] = data
        elif entry.type == "heard" and data["case"] in driven:
            heard[data["case"]] = data["exchanges"]
            wanted.update({x: {} for x in data["exchanges"]})
    if not driven:
        return ()
    for entry in reader.entries():
        if entry.type == "exchange" and entry.data["x"] in wanted:
            wanted[str(entry.data["x"])] = entry.data
    return tuple(_result(reader, line, [wanted[x] for x in heard.get(case, [])]) for case, line in driven.items())


def _result(reader: Reader, line: Mapping[str, Any], exchanges: list[Mapping[str, Any]]) -> RecordedResult:
    case = reader.plain(line["body"])
    assert isinstance(case, dict)
    last = line["sent"][-1] if line["sent"] else {"answer": None, "failure": "not-sent"}
    answer = last["failure"] or ""
    for exchange in exchanges:
        if exchange["x"] == last["answer"]:
            try:
                answer = parse(reader.body(exchange["body"])).get("MSA-1")
            except Malformed:
                answer = "garbage"
    incoming = [x for x in exchanges if x["dir"] == "from-vendor"]
    return RecordedResult(
        str(case["file"]),
        str(case["expected"]),
        answer,
        sum(str(x["facts"].get("soap_action", "")).endswith("ProvideAndRegisterDocumentSet-b") for x in incoming),
        sum(x["ch"] == "returns" for x in incoming),
    )


def render(results: tuple[RecordedResult, ...], lang: Lang) -> str:
    """The table in Markdown."""
    return "\n".join(_lines(results, lang)) + "\n"


def _lines(results: tuple[RecordedResult, ...], lang: Lang) -> Iterator[str]:
    yield from (f"# {text('audit.recorded.title', lang)}", "", text("audit.recorded.says", lang), "")
    yield "| " + " | ".join(text(f"audit.recorded.{c}", lang) for c in COLUMNS) + " |"
    yield "|" + "---|" * len(COLUMNS)
    for r in results:
        says = text(f"audit.recorded.{'yes' if r.as_expected else 'no'}", lang)
        file = r.file.replace("|", "\\|").replace("\n", " ")
        yield f"| {file} | {r.expected} | {r.answer} | {says} | {r.submissions} | {r.returns} |"


COLUMNS = ("file", "expected", "answer", "as-expected", "submissions", "returns")

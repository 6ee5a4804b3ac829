"""What a rule is, the settings of a judgement, and how a table of rules becomes findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, Literal, TypeVar

from conformance.evidence.codes import CodeTable, table
from conformance.evidence.values import Finding, Severity

T = TypeVar("T")

CODES = table("conformance.standards.hl7v2")

MOST = 40
"""Findings that one rule makes of one message, at most: a hostile message must not fill a report."""

Environment = Literal["production", "test"]
Matrix = Literal["2.1.2", "draft-2.1.3"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a judgement depends on besides the message.

    `matrix`: the version of the MSSanté matrix to compare with (it only ever warns), None for no comparison.
    `ins`: the environment whose INS OIDs are expected; `test` also says that the persons are fictitious.
    `live`: the message was sent to be processed, so that an illustrative content is an error.
    """

    matrix: Matrix | None = "2.1.2"
    ins: Environment | None = "test"
    live: bool = False

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Settings:
        """From a context's settings: `hl7v2.matrix` (`none` for no matrix), `hl7v2.ins` (`any` for no environment)."""
        matrix, ins = values.get("hl7v2.matrix", "2.1.2"), values.get("hl7v2.ins", "test")
        return cls(
            matrix=matrix if matrix in ("2.1.2", "draft-2.1.3") else None,
            ins=ins if ins in ("production", "test") else None,
            live=bool(values.get("hl7v2.live", False)),
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule does not hold. `certain` false lowers the finding to a warning."""

    path: str
    line: int | None
    seen: object = ""
    expected: object = ""
    subject: str = ""
    certain: bool = True


Check = Callable[[T, Settings], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One row of a rule table; its clause, severity and texts are those of `code` in `codes.toml`.

    `to_pfi` and `to_lps` are the first dialects of each flow that have the rule, None when the flow never has it.
    A message of an earlier dialect gets a note (cause `dialect`), or nothing when `silent_before` is true, because
    what the rule speaks of did not exist yet.
    """

    code: str
    check: Check[T]
    to_pfi: str | None = "1.2"
    to_lps: str | None = "1.0"
    silent_before: bool = False


@cache
def version(dialect: str) -> tuple[int, ...] | None:
    """`2.1` as (2, 1); None when it is not a version (an unknown dialect is judged as the latest one)."""
    return tuple(map(int, dialect.split("."))) if re.fullmatch(r"\d{1,3}(\.\d{1,3}){0,3}", dialect) else None


@cache
def _earlier(dialect: str, since: str) -> bool:
    said, first = version(dialect), version(since)
    return said is not None and first is not None and said < first


def apply(
    rules: Iterable[Rule[T]],
    value: T,
    settings: Settings,
    flow: str | None,
    dialect: str,
    codes: CodeTable = CODES,
) -> Iterator[Finding]:
    """The findings of a rule table on a value; without a known flow, the rules towards the PFI apply.

    `codes` is the table that holds the codes of the rules.
    """
    for rule in rules:
        since = rule.to_lps if flow == "to-lps" else rule.to_pfi
        if since is None:
            continue
        early = _earlier(dialect, since)
        if early and rule.silent_before:
            continue
        for count, hit in enumerate(rule.check(value, settings), 1):
            yield _finding(rule.code, hit, early, codes)
            if count == MOST:
                break


def _finding(code: str, hit: Hit, early: bool, codes: CodeTable) -> Finding:
    severity: Severity | None = None
    if early:
        severity = Severity.NOTE
    elif not hit.certain and codes[code].severity is Severity.ERROR:
        severity = Severity.WARNING
    return codes.finding(
        code,
        hit.path,
        seen=hit.seen,
        expected=hit.expected,
        line=hit.line,
        severity=severity,
        cause="dialect" if early else "",
        subject=hit.subject,
    )


Rules = tuple[Rule[Any], ...]
OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
TIMESTAMP = re.compile(
    r"(?P<day>\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))"
    r"(?P<time>([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,4})?)?)?)?(?P<zone>[+-]\d{4})?"
)


def luhn(digits: str) -> bool:
    """True when the last digit is the Luhn key of the others (RPPS)."""
    doubled = (int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits)))
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0

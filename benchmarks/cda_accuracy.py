"""How true the built-in rules of CDA documents are, on a corpus of official examples and of their mutants.

Run: `python benchmarks/cda_accuracy.py [FOLDER] [--as-of AAAA-MM-JJ] [--json] [--quiet]`. FOLDER holds `officiels/`,
`bases/`, one archive a class and `verdicts.jsonl` (its README says what each field is). A defect counts as caught only
by an error that its base does not have: the same code at the same path is not news. Exit 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.judging import Settings, judge

# Official examples that really carry a NIR with a wrong key, by the first 16 hex digits of the SHA-256 of the file. The
# mistake is theirs and known; the rule stays, and the exception lives here only.
WRONG_KEYS = frozenset(
    {
        "d4bf01007e810eb6",  # CSE-CS24_2024.01
        "849dde1bc3dc928c",  # CSE-CS24_2025.01
        "59e03fb26893c611",  # CSE-CS8_2024.01
        "72b9b6189d52eb28",  # CSE-CS8_2025.01
        "f021ea5e9ddf39d7",  # CSE-CS9_2024.01
        "f69104ef581a37ac",  # CSE-CS9_2025.01
        "ed456fff5bca2be2",  # CSE-MDE_2023.01
        "2104c9a9bbcfc4f2",  # OBP-SEM_2024.01
        "9f0172d7eed62c5e",  # OBP-SNE_2024.01
        "826b00c93943dd4e",  # SDM-MR_2024.01_nouveau-ne
    }
)
KEY_CODE = "ins.matricule.key"

GOALS = {
    "officiels: documents with errors": 0,
    "bases: documents with errors": 0,
    "temoins: documents with findings their base does not have": 0,
    "defauts rejected by the official validator, caught (at least)": 0.98,
    "defauts accepted by the official validator, caught (at least)": 0.90,
    "defauts that its 2022 header rules rejected, caught (at least)": 1.0,
}

_INDEX = re.compile(r"\[\d+\]")
Place = tuple[str, str]


def clean(raw: bytes, judged: Judged) -> list[Place]:
    """The errors of a document that should have none, but for the wrong key that it is known to carry."""
    known = hashlib.sha256(raw).hexdigest()[:16] in WRONG_KEYS
    return sorted(place for place in judged.errors if not (known and place[0] == KEY_CODE))


@dataclass(frozen=True)
class Judged:
    """The findings of one document."""

    findings: tuple[Finding, ...]

    def of(self, *severities: Severity) -> Iterator[Finding]:
        return (one for one in self.findings if one.severity in severities)

    @cached_property
    def errors(self) -> frozenset[Place]:
        return frozenset((one.code, one.location.path) for one in self.of(Severity.ERROR))

    @cached_property
    def heard(self) -> Counter[Place]:
        """Errors and warnings without their indices: an element that goes moves those that follow it."""
        loud = self.of(Severity.ERROR, Severity.WARNING)
        return Counter((one.code, _INDEX.sub("[]", one.location.path)) for one in loud)

    def news(self, base: Judged) -> tuple[Place, ...]:
        """The errors that the base does not have."""
        return tuple(sorted(self.errors - base.errors))

    def louder(self, base: Judged) -> tuple[Place, ...]:
        """The errors and warnings that are more than in the base."""
        return tuple(sorted((self.heard - base.heard).elements()))


@dataclass
class Group:
    """Documents of one kind: how many, how many caught, and those that were not."""

    total: int = 0
    caught: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, caught: bool, name: str) -> None:
        self.total += 1
        self.caught += caught
        if not caught:
            self.missed.append(name)

    @property
    def rate(self) -> float:
        return self.caught / self.total if self.total else 1.0

    def row(self) -> dict[str, object]:
        return {"total": self.total, "caught": self.caught, "rate": round(self.rate, 4), "missed": self.missed}


@dataclass
class Report:
    """All that is counted on a corpus."""

    clean: dict[str, dict[str, list[Place]]] = field(default_factory=dict)
    witnesses: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    witness_count: int = 0
    rejected: Group = field(default_factory=Group)
    accepted: Group = field(default_factory=Group)
    header_2022: Group = field(default_factory=Group)
    doubtful: Counter[str] = field(default_factory=Counter)
    by_class: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    by_operator: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))

    def goals(self) -> dict[str, tuple[float, float, bool]]:
        """Each goal with what was reached, what was asked, and whether it holds."""
        reached = (
            len([name for name, found in self.clean.get("officiels", {}).items() if found]),
            len([name for name, found in self.clean.get("bases", {}).items() if found]),
            len(self.witnesses),
            self.rejected.rate,
            self.accepted.rate,
            self.header_2022.rate,
        )
        table = {}
        for (name, asked), got in zip(GOALS.items(), reached, strict=True):
            holds = got >= asked if name.endswith("(at least)") else got <= asked
            table[name] = (round(got, 4), float(asked), holds)
        return table


class Corpus:
    """A folder of documents and verdicts."""

    def __init__(self, folder: Path, as_of: date) -> None:
        self.folder = folder
        self.settings = Settings(as_of=as_of)
        self.archives: dict[str, zipfile.ZipFile] = {}
        self.bases = {path.stem: self.judge(path.read_bytes()) for path in self.plain("bases")}

    def plain(self, name: str) -> list[Path]:
        return sorted((self.folder / name).glob("*.xml"))

    def judge(self, raw: bytes) -> Judged:
        return Judged(judge(raw, self.settings))

    def rows(self) -> Iterator[dict[str, object]]:
        lines = (self.folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
        return (json.loads(line) for line in lines if line.strip())

    def read(self, row: dict[str, object]) -> bytes:
        name, member = str(row["classe"]), str(row["fichier"])
        if name not in self.archives:
            self.archives[name] = zipfile.ZipFile(self.folder / f"{name}.zip")
        return self.archives[name].read(member)


def measure(corpus: Corpus) -> Report:
    """Judge everything and count."""
    report = Report()
    for kind in ("officiels", "bases"):
        raws = {path.name: path.read_bytes() for path in corpus.plain(kind)}
        report.clean[kind] = {name: clean(raw, corpus.judge(raw)) for name, raw in raws.items()}
    for row in corpus.rows():
        base = corpus.bases.get(str(row["base"]), Judged(()))
        judged = corpus.judge(corpus.read(row))
        name, kind = str(row["fichier"]), row["attendu"]
        official = row["officiel"]
        assert isinstance(official, dict)
        if kind == "temoin":
            report.witness_count += 1
            if louder := judged.louder(base):
                report.witnesses[name] = louder
        elif kind == "douteux":
            new = judged.louder(base)
            errors = bool(judged.news(base))
            report.doubtful["errors" if errors else "warnings" if new else "silent"] += 1
        else:
            caught = bool(judged.news(base))
            (report.accepted if official["accepte"] else report.rejected).add(caught, name)
            if "rejete_par_en_tete_2022" in official:
                report.header_2022.add(caught, name)
            report.by_class[str(row["classe"])].add(caught, name)
            report.by_operator[f"{row['classe']}/{row['operateur']}"].add(caught, name)
    return report


def as_json(report: Report) -> dict[str, object]:
    """The report as plain data."""
    return {
        "goals": {
            name: {"reached": got, "asked": asked, "holds": holds}
            for name, (got, asked, holds) in report.goals().items()
        },
        "errors": {kind: {name: found for name, found in rows.items() if found} for kind, rows in report.clean.items()},
        "temoins": {"total": report.witness_count, "louder": report.witnesses},
        "rejected": report.rejected.row(),
        "accepted": report.accepted.row(),
        "header_2022": report.header_2022.row(),
        "douteux": dict(report.doubtful),
        "classes": {name: group.row() for name, group in sorted(report.by_class.items())},
        "operators": {name: group.row() for name, group in sorted(report.by_operator.items())},
    }


def show(report: Report, quiet: bool) -> None:
    """The report as tables."""
    for kind, rows in report.clean.items():
        wrong = {name: found for name, found in rows.items() if found}
        print(f"{kind}: {len(rows)} documents, {len(wrong)} with errors")
        for name, found in wrong.items():
            print(f"    {name}: {found[:4]}")
    print(f"temoins: {report.witness_count}, louder than their base: {len(report.witnesses)}")
    for name, found in report.witnesses.items():
        print(f"    {name}: {found[:4]}")
    print(f"douteux: {dict(report.doubtful)}")
    groups = (
        ("defauts the official validator rejects", report.rejected),
        ("defauts it accepts", report.accepted),
        ("of them, those its 2022 header rules rejected", report.header_2022),
    )
    for title, group in groups:
        print(f"\n{title}: {group.caught} of {group.total} caught, {group.rate:.1%}")
        if not quiet:
            print(*(f"    missed {name}" for name in group.missed), sep="\n")
    print("\nby class")
    for name, group in sorted(report.by_class.items()):
        print(f"    {name:20} {group.caught:4} of {group.total:4}  {group.rate:.1%}")
    if not quiet:
        print("\noperators with misses")
        for name, group in sorted(report.by_operator.items(), key=lambda pair: pair[1].rate):
            if group.missed:
                print(f"    {name:50} {group.caught:3} of {group.total:3}")
    print("\ngoals")
    for name, (got, asked, holds) in report.goals().items():
        print(f"    {'ok  ' if holds else 'MISS'} {name}: {got} (asked {asked})")


def main(arguments: Iterable[str] | None = None) -> int:
    """Measure a corpus; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus-cda"
    parser.add_argument("folder", nargs="?", type=Path, default=shared)
    parser.add_argument(
        "--as-of", type=date.fromisoformat, default=datetime.now(UTC).date(), help="day of the judgement"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--quiet", action="store_true", help="no list of misses")
    options = parser.parse_args(None if arguments is None else list(arguments))
    report = measure(Corpus(options.folder, options.as_of))
    if options.json:
        print(json.dumps(as_json(report), ensure_ascii=False, indent=1))
    else:
        show(report, options.quiet)
    return 0 if all(holds for _, _, holds in report.goals().values()) else 1


if __name__ == "__main__":
    sys.exit(main())

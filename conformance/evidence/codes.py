"""Finding codes: tables kept beside the rules (`codes.toml`), each with its clause, French and English texts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from conformance.errors import InternalError
from conformance.evidence.values import Finding, Location, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One finding code: a dotted id, its usual severity, the clause it rests on, and its texts.

    `fr` and `en` are one sentence each; `remedy_fr` and `remedy_en` say what to do.
    """

    id: str
    severity: Severity
    clause: str
    fr: str
    en: str
    remedy_fr: str
    remedy_en: str

    def text(self, lang: str) -> str:
        """The sentence in `fr` or `en`."""
        return self.en if lang == "en" else self.fr

    def remedy(self, lang: str) -> str:
        """The remedy in `fr` or `en`."""
        return self.remedy_en if lang == "en" else self.remedy_fr


class CodeTable(Mapping[str, Code]):
    """The codes of one room; also the only way to make a Finding, so that no code exists without its texts."""

    def __init__(self, codes: Mapping[str, Code]) -> None:
        self._codes = dict(codes)

    def __getitem__(self, id: str) -> Code:
        return self._codes[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def finding(
        self,
        id: str,
        path: str = "",
        *,
        seen: object = "",
        expected: object = "",
        line: int | None = None,
        exchange: str | None = None,
        severity: Severity | None = None,
        cause: str = "",
        subject: str = "",
        absence: bool = False,
        clause: str = "",
    ) -> Finding:
        """A finding of this table; raises InternalError when the code is unknown."""
        try:
            code = self._codes[id]
        except KeyError:
            raise InternalError("codes.unknown", code=id) from None
        return Finding(
            code=id,
            severity=severity or code.severity,
            location=Location(path, line, exchange),
            expected=str(expected)[:500],
            seen=str(seen)[:500],
            cause=cause,
            subject=subject,
            absence=absence,
            clause=clause,
        )


def read(resource: Traversable) -> CodeTable:
    """Read one `codes.toml`: a table a code, with severity, clause, fr, en, remedy_fr, remedy_en."""
    data = tomllib.loads(resource.read_text(encoding="utf-8"))
    return CodeTable({id: Code(id=id, severity=Severity(row.pop("severity")), **row) for id, row in data.items()})


def table(package: str) -> CodeTable:
    """The code table that lies in a package, e.g. `table(__package__)`."""
    return read(files(package) / "codes.toml")


@cache
def all_codes() -> CodeTable:
    """Every code of the bench, from all `codes.toml` below `conformance`; raises InternalError on a duplicate."""
    found: dict[str, Code] = {}
    pending = [files("conformance")]
    while pending:
        for entry in sorted(pending.pop().iterdir(), key=lambda e: e.name):
            if entry.is_dir() and not entry.name.startswith(("_", ".")):
                pending.append(entry)
            elif entry.name == "codes.toml":
                for id, code in read(entry).items():
                    if id in found:
                        raise InternalError("codes.duplicate", code=id)
                    found[id] = code
    return CodeTable(dict(sorted(found.items())))

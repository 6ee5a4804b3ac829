"""Faults of the bench or of its set-up. Nothing here ever speaks of the vendor (that is a Finding).

BenchError
├── UsageError            a setting, a file or an argument is wrong            exit 2
│   ├── TargetError       the target TOML
│   ├── ProfileError      a profile, its options or its schema
│   ├── CasesError        files given as cases
│   └── OutputError       the place where results must go
├── SetupError            the machine cannot do what is asked (port taken...)  exit 2
├── JournalError          a journal is broken, cut or not ours                 exit 4
└── InternalError         a fault of our own code                              exit 4

Malformed (ValueError)    bytes that are not what they claim to be: the reader turns it into a Finding
"""

from __future__ import annotations

from typing import ClassVar


class BenchError(Exception):
    """A fault of the tool or of its set-up: what happened, where, what to do.

    `id` names a text of `conformance/texts` (French and English, with a remedy); `values` fill its braces.
    `str(error)` is a plain English fallback; reports and the CLI render `id` in the chosen language.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, id: str, *, where: str = "", **values: object) -> None:
        self.id = id
        self.where = where
        self.values = values
        detail = ", ".join(f"{k}={v!r}" for k, v in values.items())
        super().__init__(f"{id}{f' at {where}' if where else ''}{f' ({detail})' if detail else ''}")


class UsageError(BenchError):
    """The user asked for something that cannot be done as written."""

    exit_code = 2


class TargetError(UsageError):
    """The target file is missing, unreadable or wrong."""


class ProfileError(UsageError):
    """A profile is missing, unreadable or wrong."""


class CasesError(UsageError):
    """The files given as cases cannot be used."""


class OutputError(UsageError):
    """Results cannot be written where they must go."""


class SetupError(BenchError):
    """This machine cannot do what the run needs (a port is taken, a program is missing)."""

    exit_code = 2


class JournalError(BenchError):
    """A journal is broken, was altered, or is not one of ours."""


class InternalError(BenchError):
    """A fault of our own code: never counted against a vendor."""


class Malformed(ValueError):
    """Bytes that are not what they claim to be.

    `code` is a finding code, `path` says where (a field path, an XPath, a part name), `seen` quotes a little of it.
    """

    def __init__(self, code: str, path: str = "", seen: str = "", offset: int | None = None) -> None:
        self.code = code
        self.path = path
        self.seen = seen
        self.offset = offset
        super().__init__(f"{code} at {path or offset}: {seen}")

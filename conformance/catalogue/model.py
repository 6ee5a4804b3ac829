"""The catalogue as values: one Profile a DSR, its waves, requirements, scenarios and proofs, and the options.

Everything is frozen and made by `conformance.catalogue.loader`; nothing here reads a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from conformance.catalogue.expression import ALWAYS, Expression

_NUMBER = re.compile(r"(/va\d+)?\.\d+[^/]*\Z")

NO_PARAMETERS: Mapping[str, object] = MappingProxyType({})


class Level(StrEnum):
    """How binding a row is, in the words of the REM."""

    MUST = "DOIT"
    MUST_NOT = "NE DOIT PAS"
    MAY = "PEUT"


class Automation(StrEnum):
    """What a verdict takes: the traffic alone, the traffic and the vendor's help, or a person."""

    AUTO = "auto"
    SEMI = "semi"
    MANUAL = "manual"


class ProofKind(StrEnum):
    """What a proof is, in the words of the export (`autre`: the link or number of a run of an official tool)."""

    SCREEN = "video_ou_captures"
    MESSAGE = "message"
    ATTESTATION = "attestation"
    DOCUMENTATION = "documentation"
    FILE = "fichier"
    DOCUMENT = "document"
    OTHER = "autre"


class Outsider(StrEnum):
    """Who gives an official proof that the bench cannot: an approval, a test space, a test tool, an auditor."""

    CNDA = "cnda"
    GAZELLE = "gazelle"
    MSSANTE_TOOL = "mssante-tool"
    PASSI = "passi"


@dataclass(frozen=True, slots=True)
class Outside:
    """The official proof given by someone else: who, and the name of its case there (may be empty)."""

    by: Outsider
    case: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the vendor hands in for a scenario.

    `id` is official, may repeat, and is None where the export gives none; `key` (the scenario's and `.pN`) is unique.
    """

    key: str
    id: str | None
    kind: ProofKind


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a scenario is not tested by the bench: a code of `reasons` in `profiles/options.yaml`, and its texts."""

    code: str
    fr: str
    en: str

    def text(self, lang: str) -> str:
        """The sentence in `fr` or `en`."""
        return self.en if lang == "en" else self.fr


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to verify a requirement.

    `key` is the requirement's key and `#n` (n from 1). `id` is the official number, None when the export has none
    (then `derived` is true). One at least of `property`, `attest` and `reason` is set; property and attest may stand
    together. `parameters` is the `with:` of the property (strings, or lists and tables of strings).
    """

    key: str
    id: str | None
    derived: bool = False
    property: str | None = None
    parameters: Mapping[str, object] = field(default_factory=lambda: NO_PARAMETERS)
    attest: str = ""
    attest_en: str = ""
    reason: Reason | None = None
    proofs: tuple[Proof, ...] = ()
    where: str = ""

    def attestation(self, lang: str) -> str:
        """What must be shown by the vendor, in `fr` or `en` (French when there is no English)."""
        return (self.attest_en or self.attest) if lang == "en" else self.attest


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of a REM.

    `key` is `DSR/wave/id`, the join key everywhere. `id` is official and not unique. `ref` is the number in the DSR.
    `scope` is the ANS profile of the row. `when` says when it applies. `one_of` names a group of alternatives: the
    scenarios of all rows of the wave that name it, of which one conform is enough. `superseded_by` is the key of the
    row that replaces this one when both waves are asked for. `derived` marks a row attributed to this DSR by
    analogy: indicative. `outside` is the official proof that someone else gives, whatever the bench heard. `source`
    cites the clause. `where` is the file and line it was read from.
    """

    key: str
    dsr: str
    wave: str
    id: str
    ref: str | None
    level: Level
    scope: str
    title: str
    title_en: str
    source: str
    automation: Automation
    when: Expression = ALWAYS
    scenarios: tuple[Scenario, ...] = ()
    one_of: str | None = None
    superseded_by: str | None = None
    derived: bool = False
    outside: Outside | None = None
    where: str = ""

    @property
    def section(self) -> str:
        """The family of the row: `MSS` for `MSS/va1.03`, `SSI/GEN` for `SSI/GEN.08`, `PSC` for `PSC.01`."""
        return _NUMBER.sub("", self.id)

    @property
    def mandatory(self) -> bool:
        """Whether a nonconform verdict counts in the exit code."""
        return self.level is not Level.MAY and not self.derived

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties its scenarios name, each once, in order."""
        return tuple(dict.fromkeys(s.property for s in self.scenarios if s.property))

    def heading(self, lang: str) -> str:
        """The title in `fr` or `en`."""
        return self.title_en if lang == "en" else self.title


@dataclass(frozen=True, slots=True)
class Wave:
    """The requirements of one wave (`va1`, `va2`), in the order of the profile."""

    name: str
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """A trait of the product or site that rows depend on; `default` holds when the target says nothing."""

    name: str
    default: bool
    fr: str
    en: str

    def text(self, lang: str) -> str:
        """What the option means, in `fr` or `en`."""
        return self.en if lang == "en" else self.fr


@dataclass(frozen=True, slots=True)
class Options(Mapping[str, Option]):
    """Every option there is, by name, and the standard reasons why a scenario is not tested."""

    options: Mapping[str, Option]
    reasons: Mapping[str, Reason] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Option:
        return self.options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.options)

    def __len__(self) -> int:
        return len(self.options)

    @property
    def defaults(self) -> frozenset[str]:
        """The options that hold when the target says nothing."""
        return frozenset(name for name, option in self.options.items() if option.default)


@dataclass(frozen=True, slots=True)
class Profile:
    """One DSR: its requirements by wave. `digest` is the SHA-256 (hex) of all that was read to make it."""

    dsr: str
    name: str
    name_en: str
    waves: tuple[Wave, ...]
    options: Options
    digest: str = ""
    path: str = ""

    def requirements(self, waves: Iterable[str] | None = None) -> tuple[Requirement, ...]:
        """The rows of some waves (all of them by default), in the order of the profile."""
        wanted = None if waves is None else set(waves)
        return tuple(r for w in self.waves if wanted is None or w.name in wanted for r in w.requirements)

    def requirement(self, key: str) -> Requirement:
        """The row of a key; raises KeyError."""
        for row in self.requirements():
            if row.key == key:
                return row
        raise KeyError(key)

    def groups(self, waves: Iterable[str] | None = None) -> dict[str, tuple[Scenario, ...]]:
        """The one_of groups: name -> the scenarios that are alternatives of each other."""
        found: dict[str, list[Scenario]] = {}
        for row in self.requirements(waves):
            if row.one_of:
                found.setdefault(row.one_of, []).extend(row.scenarios)
        return {name: tuple(members) for name, members in found.items()}

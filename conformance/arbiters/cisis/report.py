"""What the official package says of one document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

REFUSING = frozenset({"error", "fatal", ""})
"""The roles that reject a document; a schematron that gives no role means an error. A warning or an info does not."""


@dataclass(frozen=True, slots=True)
class OfficialFinding:
    """A rule of a schematron that the document breaks.

    `schematron` is the family (`StrucMin`, `IHE`... or the document model with its version), `rule` a name that stays
    the same from run to run, `role` as the schematron writes it (may be empty), `path` with the prefixes of the
    document, `line` of the start tag in the document as given.
    """

    schematron: str
    rule: str
    role: str
    path: str
    text: str
    line: int | None = None

    @property
    def refuses(self) -> bool:
        """Whether this finding alone rejects the document."""
        return self.role.lower() in REFUSING


@dataclass(frozen=True, slots=True)
class NotRun:
    """Something that was not judged, and why: a word that stays the same, and details for a person.

    Words: `malformed` (the document is not XML: nothing else was looked at), `volet-unknown`, `rule-error` (a rule of
    the package ends in an error there: the official tool gives no result for that schematron), `terminology-absent`
    (codes of that system were not looked up), `entity` (left out), `schematron-unusable`; ours: `timeout`, `died`,
    `fault`.
    """

    what: str
    reason: str
    detail: str = ""


OUR_FAULT = frozenset({"timeout", "died", "fault"})


@dataclass(frozen=True, slots=True)
class OfficialReport:
    """The verdict on one document. `accepted` is None when our tool failed: nothing is then said of the document."""

    name: str
    accepted: bool | None
    xsd: tuple[str, ...] = ()
    findings: tuple[OfficialFinding, ...] = ()
    volet: str | None = None
    not_run: tuple[NotRun, ...] = ()

    @property
    def refusals(self) -> Sequence[OfficialFinding]:
        """The findings that reject the document."""
        return [f for f in self.findings if f.refuses]

    @property
    def families(self) -> tuple[str, ...]:
        """The schematrons that reject the document, sorted."""
        return tuple(sorted({f.schematron for f in self.refusals}))

    @property
    def fault(self) -> NotRun | None:
        """Our own failure, if that is why there is no verdict."""
        return next((n for n in self.not_run if n.reason in OUR_FAULT), None)


def failed(name: str, reason: str, detail: str) -> OfficialReport:
    """A document not judged by our fault."""
    return OfficialReport(name, None, not_run=(NotRun("", reason, detail),))

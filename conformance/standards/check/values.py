"""What a check gives: a report a document, whatever it stood in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from conformance.evidence.values import Finding, Severity

Verdict = Literal["conform", "nonconform", "unreadable", "not-judged"]

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ExcerptLine:
    """One line of a document, fit to be shown: `number` counts from 1, `about` when findings are about it."""

    number: int
    text: str
    about: bool = False


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge that is not ours said of the same document.

    `verdict` is `conform`, `nonconform`, or `none` when it could not judge, with `reason`. `findings` are its own
    words, a line each; `disagreements` name what one of the two found and the other did not, in words of both
    languages (`fr`, `en`).
    """

    judge: str
    verdict: Literal["conform", "nonconform", "none"]
    findings: tuple[str, ...] = ()
    disagreements: tuple[Mapping[str, str], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one document.

    `file` is its name; a document inside another is `outer.zip!inner.xml`, and `within` is then `outer.zip`.
    `kind` is `cda`, `hl7v2/MDM^T02`, `hl7v2/batch` for several messages, `xdm`, `zip`, `mail`, `pdf`..., `unknown`.
    `conform` means that no error was found; `not-judged` that nothing wrong was found by the few rules that apply
    to this kind; `unreadable` that the bytes are not what they claim to be. `messages` counts those of an HL7 v2 file.
    `facts` tell what a CDA says it is, `judges` who judged, `opinions` what judges that are not ours said.
    `keys` are identifiers that another document must not carry: (name, value, digest of what carries it).
    `fault` tells that the tool itself failed on this document: the traceback.
    """

    file: str
    kind: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    messages: int = 1
    within: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    judges: tuple[str, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    keys: tuple[tuple[str, str, str], ...] = ()
    excerpts: Mapping[int, tuple[ExcerptLine, ...]] = field(default_factory=dict)
    fault: str = ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make the file nonconform."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

"""What a check depends on besides the bytes: the day, the environment, and the judges that are not ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from conformance.evidence.values import Finding
from conformance.standards.check.bounds import DEFAULT as DEFAULT_BOUNDS
from conformance.standards.check.bounds import Bounds
from conformance.standards.check.values import Opinion
from conformance.standards.ins.oids import Environment

Arbiter = Callable[[bytes, tuple[Finding, ...]], Opinion]
"""A judge that is not ours: the bytes of a document and our findings in, its opinion out."""

PdfArbiter = Callable[[bytes, bool], tuple[Finding, ...]]
"""A judge of PDF/A that is not ours: a PDF, and whether PDF/A is owed, in; findings out, none when compliant."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How documents are judged.

    `environment`: whose INS OIDs are expected, None when nothing is declared. `as_of`: the day of the judgement.
    `excerpts`: keep the lines around each finding. `inside_pdf`: judge what a PDF or an image shows, which takes longer
    than all the rest. `arbiters`: kind of document -> a judge that is not ours.
    """

    environment: Environment | None = None
    as_of: date | None = None
    excerpts: bool = False
    inside_pdf: bool = True
    bounds: Bounds = DEFAULT_BOUNDS
    arbiters: Mapping[str, Arbiter] = field(default_factory=dict)
    verapdf: PdfArbiter | None = None


DEFAULT = Judging()

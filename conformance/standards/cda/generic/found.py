"""How a generic rule makes a finding: the code table of this folder, the path and line of the element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.document import Document
from conformance.standards.xml.syntax import Element, path

CODES = table(__package__)

ElementRule = Callable[[Element, Document], Iterator[Finding]]
DocumentRule = Callable[[Document], Iterator[Finding]]


def found(
    code: str,
    element: Element,
    attribute: str = "",
    *,
    seen: object = "",
    expected: object = "",
    severity: Severity | None = None,
    cause: str = "",
) -> Finding:
    """A finding at an element, or at one of its attributes."""
    where = path(element) + (f"/@{attribute}" if attribute else "")
    line: Any = element.sourceline
    return CODES.finding(code, where, line=line, seen=seen, expected=expected, severity=severity, cause=cause)

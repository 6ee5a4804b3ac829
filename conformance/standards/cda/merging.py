"""One mistake, one error: what the structure or a template says again of an element that a better rule has told.

The header speaks first: its rules know what the element means. Nothing is dropped but beside another error on the same
element, or on the element that holds it, so that a document never loses its last error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from conformance.evidence.values import Finding, Severity

_STRUCTURE = "cda.structure."
_TEMPLATE = "cda.template."
_CONTENT = frozenset({f"{_STRUCTURE}{fault}" for fault in ("missing", "order", "unexpected")})
_REFERENCES = (
    ("/ClinicalDocument/recordTarget/patientRole/patient/birthTime", "birthTime", "cda.body-time.before-birth"),
    ("/ClinicalDocument/effectiveTime", "effectiveTime", "cda.body-time.future"),
)
_INDEX = re.compile(r"\[[^\]]*\]")
_ATTRIBUTE = re.compile(r"/?@[\w:.-]+$")


def merged(structure: Iterable[Finding], header: Iterable[Finding], body: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of a document in the order of reading, without repetitions of the structure and of the templates."""
    told = tuple(header)
    places = {_element(one) for one in told if one.severity is Severity.ERROR}
    if places:
        places |= {_INDEX.sub("", place) for place in places}
    others = tuple(one for one in body if not (_template(one, places) or _against(one, places)))
    places |= {_element(one) for one in others if one.severity is Severity.ERROR}
    return (*(one for one in structure if not _again(one, places)), *told, *others)


def _template(finding: Finding, places: set[str]) -> bool:
    return finding.code.startswith(_TEMPLATE) and _again(finding, places)


def _against(finding: Finding, places: set[str]) -> bool:
    """True for a date of the body held against a date of the header that is itself wrong."""
    return any(
        place in places and (finding.code == code or (finding.code == "cda.template.time" and name in finding.expected))
        for place, name, code in _REFERENCES
    )


def _again(finding: Finding, places: set[str]) -> bool:
    if not places or finding.severity is not Severity.ERROR:
        return False
    return any(place in places for place in _targets(finding))


def _targets(finding: Finding) -> Iterator[str]:
    """The elements that a finding of the structure or of a template may be a repetition about."""
    element = _element(finding)
    yield element
    parent = element if finding.code == "cda.structure.missing" else element.rpartition("/")[0]
    if finding.code in _CONTENT:
        yield from (f"{parent}/{name}" for name in finding.expected.split())
        if parent.count("/") > 1:
            yield parent
    elif finding.code.startswith(_TEMPLATE):
        target = _INDEX.sub("", finding.expected).partition(" ")[0].partition("@")[0].strip("/")
        steps = target.split("/") if target not in ("", ".") else []
        yield from (f"{element}/{'/'.join(steps[:size])}" for size in range(1, len(steps) + 1))


def _element(finding: Finding) -> str:
    return _ATTRIBUTE.sub("", finding.location.path)

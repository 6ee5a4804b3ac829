"""One mistake, one error: repetitions are dropped beside a better finding, never the last error."""

from __future__ import annotations

from conformance.evidence.values import Finding, Location, Severity
from conformance.standards.cda.merging import merged

ROOT = "/ClinicalDocument"


def finding(code: str, path: str, expected: str = "", severity: Severity = Severity.ERROR) -> Finding:
    """A finding at a place."""
    return Finding(code, severity, Location(path), expected=expected)


def test_the_structure_is_silent_where_the_header_has_spoken() -> None:
    """A schema fault on an element, an attribute or a missing child that the header tells is not told twice."""
    header = [finding("cda.time.form", f"{ROOT}/effectiveTime"), finding("cda.patient.absent", f"{ROOT}/recordTarget")]
    structure = [
        finding("cda.structure.value", f"{ROOT}/effectiveTime/@value"),
        finding("cda.structure.unexpected", f"{ROOT}/author", "recordTarget copyTime"),
        finding("cda.structure.missing", ROOT, "recordTarget"),
    ]
    assert merged(structure, header, ()) == tuple(header)


def test_what_only_the_structure_sees_stays() -> None:
    """A schema fault elsewhere, or beside a mere warning, stays."""
    structure = [finding("cda.structure.unexpected", f"{ROOT}/nope", "author")]
    warning = [finding("cda.coded.label-near", f"{ROOT}/nope", severity=Severity.WARNING)]
    assert merged(structure, warning, ()) == (*structure, *warning)
    assert merged(structure, [finding("cda.time.form", f"{ROOT}/effectiveTime")], ())[0] == structure[0]


def test_templates_are_silent_where_the_header_has_spoken() -> None:
    """A volet that asks again for what the header misses is not told twice; what it asks besides is."""
    header = [
        finding("cda.author.absent", f"{ROOT}/author"),
        finding("cda.model.unknown", f"{ROOT}/templateId[3]/@root"),
    ]
    again = [
        finding("cda.template.missing", ROOT, "author/assignedAuthor/code 1.."),
        finding("cda.template.missing", ROOT, "templateId[@root=1.2.3|1.2.4] 1"),
    ]
    other = finding("cda.template.missing", ROOT, "participant 1..")
    assert merged((), header, (*again, other)) == (*header, other)


def test_dates_are_not_held_against_a_wrong_date() -> None:
    """When the birth itself is wrong, what comes before it is no second mistake."""
    birth = [finding("cda.time.calendar", f"{ROOT}/recordTarget/patientRole/patient/birthTime")]
    body = [
        finding("cda.body-time.before-birth", f"{ROOT}/component/x"),
        finding("cda.template.time", f"{ROOT}/component/y", "≥ birthTime 2099"),
    ]
    assert merged((), birth, body) == tuple(birth)
    assert merged((), (), body) == tuple(body)

"""The French rule tables: literal bytes of both kinds, the official examples, the official schematrons."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from conformance.standards.cda import syntax
from conformance.standards.cda.document import Document
from conformance.standards.cda.templates import engine, notation
from conformance.standards.cda.templates.notation import Draft
from conformance.standards.xml import syntax as xml

REVISED = "cda.template.value-set"
PLACE = "/author/assignedAuthor/code"


def drafts() -> list[Draft]:
    """The blocks of the French tables."""
    folder = files("conformance.standards.cda.templates") / "tables"
    entries = sorted((e for e in folder.iterdir() if e.name.startswith("fr_")), key=lambda e: e.name)
    return [draft for e in entries for draft in notation.scan(e.read_text(encoding="utf-8"), e.name)]


TABLES = engine.Tables.of(drafts())


def judged(inside: str) -> list[str]:
    """The codes that the French tables find in a document whose only section holds some XML."""
    raw = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<templateId root="1.2.250.1.213.1.1.1.1"/><component><structuredBody><component>'
        f"<section>{inside}</section></component></structuredBody></component></ClinicalDocument>"
    )
    return [one.code.removeprefix("cda.template.") for one in TABLES.judge(Document(syntax.parse(raw.encode("utf-8"))))]


def test_every_template_of_ans_has_a_name() -> None:
    """A block about a template of ANS names it, so that a finding speaks to its reader."""
    assert [
        draft.head.origin
        for draft in drafts()
        if draft.head.kind == "template" and draft.head.target.startswith("1.2.250.1.213.") and not draft.head.name
    ] == []


def test_a_template_has_one_block_for_one_condition() -> None:
    """Two blocks about one template differ by their condition: nothing is said twice."""
    told = Counter((block.target, block.when) for block in (draft.block() for draft in drafts()))
    assert [key for key, number in told.items() if number > 1] == []


HISTORY = (
    '<templateId root="1.2.250.1.213.1.1.2.2"/><id root="1.2.3"/><code code="{code}" codeSystem="{system}"/><text/>'
)
DEVICES = (
    '<templateId root="1.2.250.1.213.1.1.2.1"/><id root="1.2.3"/>'
    '<code code="46264-8" codeSystem="2.16.840.1.113883.6.1"/><text/>'
)
DEVICE = (
    '<entry><supply classCode="SPLY" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.20"/>'
    '<templateId root="2.16.840.1.113883.10.20.1.34"/>{other}<effectiveTime/><participant typeCode="DEV">'
    '<participantRole classCode="MANU"><playingDevice classCode="DEV" determinerCode="INSTANCE"/></participantRole>'
    "</participant></supply></entry>"
)
GRAVITY = (
    '<entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.212"/>'
    '<code code="94030-4" codeSystem="2.16.840.1.113883.6.1"/><text/><statusCode code="completed"/>{value}'
    "</observation></entry>"
)
CONCERN = (
    '<entry><act classCode="ACT" moodCode="EVN"><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.3"/><id root="1.2"/>'
    '<code nullFlavor="NA"/><statusCode code="{status}"/><effectiveTime>{time}</effectiveTime></act></entry>'
)
WISH = (
    '<entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.54"/>'
    '<code code="{code}"/><text><reference value="#a"/></text>{value}</observation></entry>'
)
CASES = [
    (HISTORY.format(code="11348-0", system="2.16.840.1.113883.6.1"), []),
    (HISTORY.format(code="11348-1", system="2.16.840.1.113883.6.1"), ["attribute"]),
    (HISTORY.format(code="11348-0", system="2.16.840.1.113883.6.96"), ["attribute"]),
    (DEVICES + DEVICE.format(other=""), []),
    (DEVICES + DEVICE.format(other='<templateId root="1.2.3"/>'), ["attribute"]),
    (DEVICES + DEVICE.format(other='<templateId root="1.2.250.1.213.1.1.3.20"/>'), ["repeated"]),
    (DEVICES + "<entry><act/></entry>", ["condition"]),
    (CONCERN.format(status="active", time='<low value="2020"/>'), []),
    (CONCERN.format(status="active", time='<low value="2020"/><high value="2021"/>'), ["forbidden"]),
    (CONCERN.format(status="completed", time='<low value="2020"/>'), ["missing"]),
    (CONCERN.format(status="completed", time='<low value="2020"/><high value="2021"/>'), []),
    (CONCERN.format(status="done", time='<low value="2020"/>'), ["attribute"]),
    (CONCERN.format(status="active", time="<low/>"), ["missing"]),
    (WISH.format(code="75793-0", value=""), []),
    (WISH.format(code="75787-2", value=""), ["condition"]),
    (WISH.format(code="75787-2", value='<value xsi:type="BL" value="true"/>'), []),
    (WISH.format(code="75787-2", value='<value xsi:type="ST"/>'), ["condition"]),
    (GRAVITY.format(value='<value xsi:type="CD" code="none" codeSystem="1.2.3"/>'), ["value-set"]),
    (GRAVITY.format(value='<value xsi:type="CD" nullFlavor="UNK"/>'), ["value-set"]),
    (GRAVITY.format(value='<value xsi:type="BL" nullFlavor="UNK"/>'), ["forbidden"]),
    (GRAVITY.format(value='<value xsi:type="BL" value="true"/>'), []),
    (GRAVITY.format(value=""), ["missing"]),
    ("<subject><administrativeGenderCode code='X' codeSystem='2.16.840.1.113883.5.1'/></subject>", ["value-set"]),
    ("<subject><administrativeGenderCode code='F' codeSystem='2.16.840.1.113883.5.1'/></subject>", []),
    ("<subject><administrativeGenderCode nullFlavor='UNK'/></subject>", []),
]


@pytest.mark.parametrize(("inside", "expected"), CASES)
def test_a_template_is_held_to_its_facts(inside: str, expected: list[str]) -> None:
    """What the published template admits is clean, and one change is named by its kind."""
    assert judged(inside) == expected


def test_official_examples_break_no_french_rule(cisis: Path) -> None:
    """The examples of ANS are clean, but for author specialties that left their value set; ANS refuses them too."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for path in sorted((cisis / "ExemplesCDA").glob("*.xml")):
        root = xml.parse(path.read_bytes())
        held = root if root.tag == syntax.DOCUMENT else next(root.iter(syntax.DOCUMENT))
        for one in TABLES.judge(Document(held)):
            found.setdefault(path.name, []).append((one.code, one.location.path.endswith(PLACE)))
    assert {one for listed in found.values() for one in listed} == {(REVISED, True)}
    assert len(found) == 5

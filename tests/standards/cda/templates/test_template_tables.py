"""The rule tables: the notation, the engine, and every committed table read whole."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest
from lxml import etree

from conformance.errors import InternalError
from conformance.standards.cda.document import Document
from conformance.standards.cda.templates import engine, notation
from conformance.standards.cda.templates.paths import condition

HL7 = "urn:hl7-org:v3"


def document(inside: str) -> Document:
    """A ClinicalDocument with one section that holds some XML."""
    raw = (
        f'<ClinicalDocument xmlns="{HL7}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:v3="{HL7}">'
        f"<component><structuredBody><component><section>{inside}</section></component></structuredBody></component>"
        "</ClinicalDocument>"
    )
    return Document(etree.fromstring(raw))


def judged(lines: str, inside: str) -> list[str]:
    """The codes found by a block of lines on the template 1.2.3 of a section."""
    table = 'source "A clause"\ntemplate 1.2.3 "A name"\n' + lines
    tables = engine.Tables.of(notation.scan(table, "test.rules"))
    return [
        one.code.removeprefix("cda.template.") for one in tables.judge(document(f'<templateId root="1.2.3"/>{inside}'))
    ]


TABLES = files("conformance.standards.cda.templates") / "tables"


@pytest.mark.parametrize("name", sorted(entry.name for entry in TABLES.iterdir() if entry.name.endswith(".rules")))
def test_every_committed_line_can_be_read(name: str) -> None:
    """Each line of each table is understood and its XPath compiles: blocks are otherwise compiled only when met."""
    blocks = list(notation.read((TABLES / name).read_text(encoding="utf-8"), name))
    assert [block.origin for block in blocks if not block.checks] == []
    for draft in notation.scan((TABLES / name).read_text(encoding="utf-8"), name):
        ready = engine.Ready(draft)
        assert ready.fits is not None or ready.slow


def test_every_block_says_its_source() -> None:
    """A finding can always cite where its rule comes from."""
    assert [draft.head.origin for draft in engine.drafts() if not draft.head.source] == []


CASES = [
    ("on section", "", []),
    ("on act | entry/observation", "", ["place"]),
    ("on component/section", "", []),
    ("id 1..", "", ["missing"]),
    ("id 0..1", "<id/><id/>", ["repeated"]),
    ("title 0", "<title/>", ["forbidden"]),
    ("code@code = 1|2", '<code code="2"/>', []),
    ("code@code = 1|2", '<code code="3"/>', ["attribute"]),
    ("code@code = 1|2", "", []),
    ("title text = A", "<title> A </title>", []),
    ("title text present", "<title> </title>", ["text"]),
    ("value@xsi:type = CE", '<value xsi:type="CE"/>', []),
    ("value@xsi:type = CE", '<value xsi:type="v3:CE"/>', []),
    ("value@xsi:type = CE", '<value xsi:type="v3:CD"/>', ["attribute"]),
    ("value@xsi:type = CE", "<value/>", ["attribute"]),
    ("assert value[@xsi:type=CD|CE]", '<value xsi:type="v3:CE"/>', []),
    ("assert value[@xsi:type=CD|CE]", '<value xsi:type="ACE"/>', ["condition"]),
    ("assert value/@xsi:type != CD", '<value xsi:type="v3:CD"/>', ["condition"]),
    ("assert template=1.2.3", "", []),
    ("if title then id 1", "", []),
    ("if title then id 1", "<title/>", ["missing"]),
    ("when title\nid 1", "", []),
    ("at author\nid 1", "<author/><author><id/></author>", ["missing"]),
    ("warn id 1", "", ["missing"]),
]


@pytest.mark.parametrize(("lines", "inside", "found"), CASES)
def test_a_line_finds_what_it_says(lines: str, inside: str, found: list[str]) -> None:
    """One line of the notation holds or not as its text says."""
    assert judged(lines, inside) == found


def test_a_prefix_on_xsi_type_is_the_same_type() -> None:
    """An `xsi:type` is a QName (XML Schema 1.0, 2.6.1): `hl7:PIVL_TS` and `PIVL_TS` name one type."""
    expression = etree.XPath(condition("@xsi:type = PIVL_TS"), namespaces={"xsi": notation.paths.NAMESPACES["xsi"]})
    for written in ("PIVL_TS", "hl7:PIVL_TS"):
        node = etree.fromstring(f'<t xmlns:xsi="{notation.paths.NAMESPACES["xsi"]}" xsi:type="{written}"/>')
        assert expression(node) is True


@pytest.mark.parametrize(
    "line",
    ["code", "code 1 2", "code/ 1", "when code/", "code@code ~ [", "is time", "value is nothing", "code in NOWHERE"],
)
def test_a_line_that_cannot_be_read_is_our_fault(line: str) -> None:
    """A wrong table is an InternalError that names its file and line, never a finding about a vendor."""
    with pytest.raises(InternalError) as error:
        list(notation.read(f'source "S"\ntemplate 1.2 "N"\n{line}', "t.rules"))
    assert "t.rules:" in str(error.value)


def test_nothing_is_read_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the blocks whose template a document carries are compiled."""
    read: list[str] = []
    block: Callable[[notation.Draft], notation.Block] = notation.Draft.block

    def spy(draft: notation.Draft) -> notation.Block:
        read.append(draft.head.target)
        return block(draft)

    monkeypatch.setattr(notation.Draft, "block", spy)
    tables = engine.Tables.of(notation.scan('source "S"\ntemplate 1.2 "A"\nid 1\ntemplate 1.3 "B"\nid 1', "t"))
    assert [one.code for one in tables.judge(document('<templateId root="1.3"/>'))] == ["cda.template.missing"]
    assert read == ["1.3"]


def test_a_template_declared_twice_is_judged_once() -> None:
    """A templateId that is repeated, wherever its copy stands, gives no finding twice."""
    twice = '<templateId root="1.2.3"/><entry><act><templateId root="1.9"/></act></entry><templateId root="1.2.3"/>'
    assert judged("id 1", twice) == ["missing"]


def test_an_element_overloaded_with_templates_is_said_once() -> None:
    """A hostile element that carries every known template costs a bounded time, and is told."""
    table = 'source "S"\n' + "\n".join(f'template 1.2.{n} "N"\nid 1' for n in range(200))
    tables = engine.Tables.of(notation.scan(table, "t"))
    inside = "".join(f'<templateId root="1.2.{n}"/>' for n in range(200))
    found = [one.code.removeprefix("cda.template.") for one in tables.judge(document(inside))]
    assert found == ["missing"] * engine.TEMPLATES + ["repeated"]


def test_findings_of_a_hostile_document_are_bounded() -> None:
    """A hundred thousand mistakes do not fill a report."""
    table = 'source "S"\ntemplate 1.2 "N"\nid 1'
    tables = engine.Tables.of(notation.scan(table, "t"))
    found = list(tables.judge(document('<entry><act><templateId root="1.2"/></act></entry>' * 5000)))
    assert len(found) == engine.MOST


def test_within_limits_a_block_to_what_is_below_a_template() -> None:
    """A block with `within` judges only elements below one that carries the template named, at any depth."""
    table = 'source "S"\ntemplate 1.2 "N"\nwithin 1.9 | 1.8\nid 1\ntemplate 1.8 "M"\non section|act\n'
    tables = engine.Tables.of(notation.scan(table, "t"))
    inner = '<entry><observation><templateId root="1.2"/></observation></entry>'
    assert [one.cause for one in tables.judge(document(inner))] == []
    assert [one.cause for one in tables.judge(document(f'<templateId root="1.8"/>{inner}'))] == ["id 1"]

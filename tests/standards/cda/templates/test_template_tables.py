"""The rule tables: the notation, the engine, and every committed table read whole."""

from __future__ import annotations

from collections.abc import Callable

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


def test_every_committed_line_can_be_read() -> None:
    """Each line of each table is understood and its XPath compiles: blocks are otherwise compiled only when met."""
    blocks = [draft.block() for draft in engine.drafts()]
    assert blocks
    for ready in (engine.Ready(draft) for draft in engine.drafts()):
        assert ready.fits is not None or ready.slow or not ready.block.checks
        assert ready.when is None or ready.block.when


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
    "line", ["code", "code 1 2", "code@code ~ [", "is time", "value is nothing", "code in NOWHERE"]
)
def test_a_line_that_cannot_be_read_is_our_fault(line: str) -> None:
    """A wrong table is an InternalError that names its file and line, never a finding about a vendor."""
    (draft,) = notation.scan(f'source "S"\ntemplate 1.2 "N"\n{line}', "t.rules")
    with pytest.raises(InternalError) as error:
        draft.block()
    assert "t.rules:3" in str(error.value)


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

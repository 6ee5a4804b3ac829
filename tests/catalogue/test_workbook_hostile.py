"""Hostile and broken workbooks: refused quickly, with the place and what to do, and nothing is ever run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from workbook_samples import PROFILE, REM_34, column, rem_34, save

from conformance.catalogue.workbook import package, reader
from conformance.catalogue.workbook.entries import entries
from conformance.errors import ProfileError
from conformance.texts import LANGUAGES, all_texts, explain

SHEET = "xl/worksheets/sheet1.xml"


def refused(place: Path) -> ProfileError:
    """The fault that a workbook ends in, said whole in both languages."""
    with pytest.raises(ProfileError) as caught:
        entries(reader.read(package.read(place)), PROFILE)
    for lang in LANGUAGES:
        said = explain(caught.value, lang)
        assert said.remedy
        assert "{" not in said.what + said.remedy
        assert str(place.parent) not in said.what
    return caught.value


def rebuilt(place: Path, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> Path:
    """The sample workbook with its parts changed and others added."""
    save(place, rem_34())
    kept = {}
    with zipfile.ZipFile(place) as archive:
        kept = {name: change(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**kept, **(extra or {})}.items():
            archive.writestr(name, content)
    return place


@pytest.mark.parametrize(
    ("content", "id"),
    [
        (b"", "workbook.not-a-workbook"),
        (b"ID;Exigence\n1;DOIT\n", "workbook.not-a-workbook"),
        (b"PK\x03\x04" + b"\x00" * 500, "workbook.not-a-workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, "workbook.locked"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, id: str) -> None:
    """Nothing, a CSV, a broken zip, an encrypted or old workbook."""
    place = tmp_path / "rem.xlsx"
    place.write_bytes(content)
    assert refused(place).id == id


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    """A zip without a workbook in it, and no file at all."""
    place = tmp_path / "rem.xlsx"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("lisez-moi.txt", "rien")
    assert refused(place).id == "workbook.not-a-workbook"
    with pytest.raises(ProfileError) as caught:
        package.read(tmp_path / "absent.xlsx")
    assert caught.value.id == "workbook.unreadable"


def test_a_gigabyte_of_zeros_is_never_inflated(tmp_path: Path) -> None:
    """One part of a gigabyte in a megabyte of zip is refused on what it declares."""
    place = tmp_path / "rem.xlsx"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open(SHEET, "w") as part:
            for _ in range(1024):
                part.write(bytes(1 << 20))
    assert place.stat().st_size < package.FILE_LIMIT
    assert refused(place).id == "workbook.bomb"


def test_a_file_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    """A gigabyte of zeros that is no zip is refused on its size."""
    place = tmp_path / "rem.xlsx"
    with place.open("wb") as file:
        file.truncate(1 << 30)
    assert refused(place).id == "workbook.too-big"


def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """A part is never inflated past the size it declares."""
    place = save(tmp_path / "rem.xlsx", rem_34())
    content = bytearray(place.read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        size = archive.getinfo(SHEET).file_size
    needle = size.to_bytes(4, "little")
    at = content.rfind(needle)
    content[at : at + 4] = (100).to_bytes(4, "little")
    place.write_bytes(content)
    assert refused(place).id == "workbook.not-a-workbook"


def test_entities_and_other_encodings_are_refused(tmp_path: Path) -> None:
    """A document type (a billion laughs), plain or hidden in UTF-16, in any part."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'

    def plain(name: str, content: bytes) -> bytes:
        return bomb + content if name == SHEET else content

    def wide(name: str, content: bytes) -> bytes:
        return (bomb + content).decode().encode("utf-16") if name == SHEET else content

    fault = refused(rebuilt(tmp_path / "one.xlsx", plain))
    assert (fault.id, fault.where) == ("workbook.entities", f"one.xlsx: {SHEET}")
    assert refused(rebuilt(tmp_path / "two.xlsx", wide)).id == "workbook.entities"


def test_what_an_office_suite_keeps_beside_is_no_matter(tmp_path: Path) -> None:
    """Files saved from a document library hold a `customXml` part in UTF-16: they are read all the same."""
    extra = {"customXml/item1.xml": "<?xml version='1.0' encoding='utf-16'?><x/>".encode("utf-16")}
    found, _ = entries(reader.read(package.read(rebuilt(tmp_path / "rem.xlsx", lambda _, c: c, extra))), PROFILE)
    assert len(found) == 100


def test_a_sheet_that_is_not_xml_is_told_as_damaged(tmp_path: Path) -> None:
    """A sheet cut in the middle ends as a fault of the file."""
    place = rebuilt(tmp_path / "rem.xlsx", lambda name, content: content[:4000] if name == SHEET else content)
    assert refused(place).id == "workbook.broken"


def test_macros_and_links_are_left_alone_and_said(tmp_path: Path) -> None:
    """A workbook with a macro or an external link is read without them."""
    extra = {"xl/vbaProject.bin": b"\x00VBA", "xl/externalLinks/externalLink1.xml": b"<externalLink/>"}
    book = reader.read(package.read(rebuilt(tmp_path / "rem.xlsx", lambda _, content: content, extra)))
    assert [note.id for note in book.notes] == ["macros-ignored", "links-ignored"]
    assert len(book.sheets[0].lines) > 100


def test_a_million_rows_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """Filled lines are bounded, and so are empty cells; lines that are simply absent cost nothing."""

    def filled(name: str, content: bytes) -> bytes:
        rows = b"".join(b'<row r="%d"><c r="B%d"><v>1</v></c></row>' % (n, n) for n in range(1000, 300_000))
        return content.replace(b"</sheetData>", rows + b"</sheetData>") if name == SHEET else content

    fault = refused(rebuilt(tmp_path / "one.xlsx", filled))
    assert fault.id == "workbook.too-many"
    assert fault.where.startswith("Exigences!")

    def far(name: str, content: bytes) -> bytes:
        row = b'<row r="1048576"><c r="B1048576"/></row>'
        return content.replace(b"</sheetData>", row + b"</sheetData>") if name == SHEET else content

    found, _ = entries(reader.read(package.read(rebuilt(tmp_path / "two.xlsx", far))), PROFILE)
    assert len(found) == 100


def test_a_line_number_out_of_this_world_is_refused(tmp_path: Path) -> None:
    """A line that says it is the 999 999 999 999th does not make us count to it."""

    def beyond(name: str, content: bytes) -> bytes:
        row = b'<row r="999999999999"><c r="B999999999999"><v>1</v></c></row>'
        return content.replace(b"</sheetData>", row + b"</sheetData>") if name == SHEET else content

    assert refused(rebuilt(tmp_path / "rem.xlsx", beyond)).id in ("workbook.too-many", "workbook.broken")


def test_a_formula_is_never_evaluated(tmp_path: Path) -> None:
    """A formula in a column that is read is refused with its cell; elsewhere it is left out."""
    lines = rem_34()
    lines[6][column(lines, "Exigence")] = '=HYPERLINK("http://example.org/"&B2,"DOIT")'
    fault = refused(save(tmp_path / "one.xlsx", lines))
    assert (fault.id, fault.where) == ("workbook.formula", "Exigences!E7")
    lines = rem_34()
    lines[6][column(lines, "Ordre")] = "=1+1"
    assert len(reader.read(package.read(save(tmp_path / "two.xlsx", lines))).sheets) == 1


def test_what_would_move_a_terminal_is_dropped(tmp_path: Path) -> None:
    """Direction marks and escapes of a terminal do not come out of a cell."""
    lines = rem_34()
    lines[1][column(lines, "Profil")] = "Géné\u202eral\u0085"
    (sheet,) = reader.read(package.read(save(tmp_path / "rem.xlsx", lines))).sheets
    assert sheet.lines[0]["scope"].text == "Général"


def test_headers_that_lack_or_are_twice_are_named(tmp_path: Path) -> None:
    """The missing header is named with its line; a header twice, with both cells."""
    lines = rem_34()
    lines[0][column(lines, "Profil")] = "Autre"
    fault = refused(save(tmp_path / "one.xlsx", lines))
    assert (fault.id, fault.where, fault.values["columns"]) == ("workbook.missing-columns", "Exigences!1", "« Profil »")
    lines = rem_34()
    lines[0][column(lines, "Commentaire")] = "Exigence"
    fault = refused(save(tmp_path / "two.xlsx", lines))
    assert (fault.id, fault.values["cells"]) == ("workbook.column-twice", "E1, F1")


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    """No sheet of requirements, only hidden ones, or headers alone."""
    assert refused(save(tmp_path / "one.xlsx", [["Bonjour"]])).id == "workbook.no-layout"

    def hide(book: Workbook) -> None:
        book.create_sheet("Accueil")
        book["Exigences"].sheet_state = "veryHidden"

    fault = refused(save(tmp_path / "two.xlsx", rem_34(), hide))
    assert (fault.id, fault.values["sheets"]) == ("workbook.hidden-only", "Exigences")
    assert refused(save(tmp_path / "three.xlsx", [list(REM_34)])).id == "workbook.no-rows"


def test_every_text_of_the_room_is_whole() -> None:
    """A fault has its remedy in both languages, and braces are the same in both."""
    for text in (t for id, t in all_texts().items() if id.startswith("workbook.")):
        assert bool(text.remedy_fr) == bool(text.remedy_en)
        assert text.fr.count("{") == text.en.count("{")

"""The mirror of the public extractions, fetched by httpx and read by the standard library's csv and zipfile."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from served import Served, served
from stdnum import luhn

from conformance.bench.pki import Pki
from conformance.errors import InternalError, Malformed
from conformance.services.annuaire import AnnuaireService
from conformance.standards.annuaire.extraction import COLUMNS, read

PLACE = "/extraction/PS_LibreAcces.zip"
PERSONS = "/extraction/PS_LibreAcces_Personne_activite.txt"


@pytest.fixture
def directory(pki: Pki) -> Iterator[Served]:
    """A professional with two activities, one without, and one who is no longer active."""
    with served(AnnuaireService(), pki) as one:
        one.instruct("practitioner", rpps="10101010103", family="GARNIER", given="Hélène", mail="ps1@banc.mssante.fr",
                     finess="750000001 130000003")  # fmt: skip
        one.instruct("practitioner", rpps="10202020208", family="L'HÉRITIER", given="Zoé", profession="60")
        one.instruct("practitioner", rpps="10303030303", family="PARTI", given="Luc", active="no")
        yield one


def get(directory: Served, path: str = PLACE, **headers: str) -> httpx.Response:
    """One fetch, on a connection of its own."""
    return httpx.get(f"{directory.url}{path}", headers={"Connection": "close", **headers})


def table(raw: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    """The lines as csv reads them."""
    text = io.StringIO(raw.decode(encoding), newline="")
    return list(csv.DictReader(text, delimiter="|", quoting=csv.QUOTE_NONE))


def test_the_archive_holds_a_line_for_each_activity(directory: Served) -> None:
    """56 columns; the two activities of one professional make two lines; who is no longer active is not there."""
    answer = get(directory)
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        persons, mailboxes = sorted(archive.namelist(), reverse=True)
        rows, boxes = table(archive.read(persons)), table(archive.read(mailboxes))
    assert persons.startswith("PS_LibreAcces_Personne_activite_20")
    assert persons in get(directory, PERSONS).headers["Content-Disposition"]
    assert list(rows[0]) == list(COLUMNS)
    assert len(COLUMNS) == 56
    told = [(r["Identifiant PP"], r["Nom d'exercice"], r["Numéro FINESS site"], r["Libellé profession"]) for r in rows]
    assert told == [
        ("10101010103", "GARNIER", "750000001", "Médecin"),
        ("10101010103", "GARNIER", "130000003", "Médecin"),
        ("10202020208", "L'HÉRITIER", "", "Infirmier"),
    ]
    assert {r["Identification nationale PP"] for r in rows} == {"810101010103", "810202020208"}
    assert [b["Adresse BAL"] for b in boxes] == ["ps1@banc.mssante.fr"]
    request, said = directory.kept[0], directory.kept[1]
    assert (request.facts["event"], said.facts["rows"], said.facts["found"]) == (
        "extraction",
        3,
        "10101010103 10202020208",
    )


@pytest.mark.parametrize(
    ("form", "encoding"), [("usual", "utf-8"), ("trailing", "utf-8"), ("windows-1252", "windows-1252")]
)
def test_every_delivery_form_is_read(directory: Served, form: str, encoding: str) -> None:
    """Encoding and trailing separator vary; our reader finds the same professionals, accents included."""
    directory.configure(extraction=form)
    raw = get(directory, PERSONS).content
    assert "L'HÉRITIER" in raw.decode(encoding)
    assert raw.splitlines()[1].endswith(b"|") is True  # the last columns are empty anyway
    assert raw.splitlines()[0].endswith(b"|") is (form == "trailing")
    assert [(a.rpps, a.family, a.given) for a in read(raw)][-1] == ("10202020208", "L'HÉRITIER", "Zoé")


def test_unchanged_files_are_not_sent_again(directory: Served) -> None:
    """The ETag of a fetch gives 304 until the register changes."""
    tag = get(directory).headers["ETag"]
    again = get(directory, **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    directory.instruct("forget", rpps="10202020208")
    assert get(directory, **{"If-None-Match": tag}).status_code == 200


def test_a_large_delivery(directory: Served) -> None:
    """Made-up professionals may fill the file; their numbers have their Luhn key and are all different."""
    directory.configure(extraction_size="500")
    numbers = {a.rpps for a in read(get(directory, PERSONS).content)}
    assert len(numbers) == 502
    assert all(luhn.is_valid(n) for n in numbers if n.startswith("100"))


def test_faults_of_the_mirror(directory: Served) -> None:
    """It may be down, empty, or give somebody else; other paths do not exist."""
    directory.configure(fault="down", on="extraction")
    assert get(directory).status_code == 503
    directory.configure(fault="empty", on="extraction")
    assert list(read(get(directory, PERSONS).content)) == []
    directory.configure(fault="wrong-person", on="extraction")
    assert [a.family for a in read(get(directory, PERSONS).content)] == ["AUTREPERSONNE"]
    directory.configure()
    for path in ("/extraction", "/extraction/", "/extraction/autre.zip", "/extraction/PS_LibreAcces_x.zip"):
        assert get(directory, path).status_code == 404


@pytest.mark.parametrize("raw", [b"", b"a|b|c\n", "|".join(COLUMNS).encode() + b"\nun|deux\n", b"\xff\x00|\n"])
def test_what_is_no_extraction(raw: bytes) -> None:
    """A file without the columns is malformed, never half read."""
    with pytest.raises(Malformed, match=r"annuaire\.extraction\.columns"):
        list(read(raw))


def test_a_form_that_does_not_exist_is_ours(directory: Served) -> None:
    """A setting that the service does not have is a fault of the tool."""
    with pytest.raises(InternalError):
        directory.configure(extraction="xml")

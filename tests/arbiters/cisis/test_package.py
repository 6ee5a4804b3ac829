"""A copy of the package: found, refused with a reason, completed in the cache, described with its defects."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conformance.arbiters.cisis import cache
from conformance.arbiters.cisis.inspect import inspect
from conformance.arbiters.cisis.package import FAMILIES, Files, Package, locate, vocabulary
from conformance.errors import SetupError

MADE = "schematrons/profils/structurationMinimale/include/voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml"


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_the_package_is_found_at_its_folder_or_just_below(small: Path, tmp_path: Path) -> None:
    """As an archive unpacks it, in a folder of its own."""
    assert locate(small) == small
    shutil.copytree(small, tmp_path / "download" / "TestContenuCDA-3-0-main")
    assert locate(tmp_path / "download").name == "TestContenuCDA-3-0-main"


def test_nothing_is_written_in_the_package(small: Path, tmp_path: Path) -> None:
    """What is missing is made in the cache only."""
    before = snapshot(small)
    package = Package.open(small, kept=tmp_path)
    inspect(package)
    assert snapshot(small) == before
    made = package.files.made[MADE]
    assert made.is_relative_to(tmp_path)
    assert b'code="11502-2" codeSystem="2.16.840.1.113883.6.1"' in made.read_bytes()


def test_the_defects_are_told(small: Path, tmp_path: Path) -> None:
    """Each with its place: rebuilt value set, letter case, empty folder, empty value set, absent terminologies."""
    seen = inspect(Package.open(small, kept=tmp_path))
    told = {(p.kind, p.where) for p in seen.problems}
    assert ("rebuilt", MADE) in told
    assert ("letter-case", "schematrons/profils/structurationMinimale/include/Entete.sch") in told
    assert ("empty-folder", "schematrons/include/Absent") in told
    assert ("empty-value-set", "jeuxDeValeurs/Vide.xml") in told
    absent = {dict(p.values)["name"] for p in seen.problems if p.kind == "terminology"}
    assert {"LOINC", "SNOMED CT"} <= absent
    assert "CIM-10" not in absent
    assert (seen.schematrons, seen.volets, seen.asserts, seen.dated) == (6, 1, 6, "20240102")


def test_a_schematron_that_does_not_compile_is_told_and_the_others_are_counted(small: Path, tmp_path: Path) -> None:
    """One broken file does not stop the inspection."""
    shutil.copytree(small, tmp_path / "p")
    (tmp_path / "p" / FAMILIES["IHE"]).write_text("<schema", encoding="utf-8")
    seen = inspect(Package.open(tmp_path / "p", kept=tmp_path / "c"))
    assert [p.where for p in seen.problems if p.kind == "schematron"] == [FAMILIES["IHE"]]
    assert seen.schematrons == 6


def test_the_digest_follows_the_rules_and_not_the_place(small: Path, tmp_path: Path) -> None:
    """Two copies have the same; one value set changed makes another."""
    shutil.copytree(small, tmp_path / "p")
    first = inspect(Package.open(small, kept=tmp_path / "c")).digest
    assert inspect(Package.open(tmp_path / "p", kept=tmp_path / "c")).digest == first
    jdv = tmp_path / "p" / "jeuxDeValeurs" / "JDV_J07.xml"
    jdv.write_text(jdv.read_text(encoding="utf-8").replace("11502-2", "11502-3"), encoding="utf-8")
    assert inspect(Package.open(tmp_path / "p", kept=tmp_path / "c")).digest != first


def test_no_such_folder_or_not_a_folder(tmp_path: Path) -> None:
    """Two different sentences."""
    with pytest.raises(SetupError, match="no-such-folder"):
        Package.open(tmp_path / "none")
    (tmp_path / "package.zip").write_bytes(b"PK")
    with pytest.raises(SetupError, match="not-a-folder"):
        Package.open(tmp_path / "package.zip")


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    """An empty folder is not a package."""
    with pytest.raises(SetupError, match="not-a-package"):
        Package.open(tmp_path)


@pytest.mark.parametrize("lost", ["infrastructure/cda/CDA_extended.xsd", FAMILIES["terminologie"], "jeuxDeValeurs"])
def test_half_a_package_says_what_is_missing(small: Path, tmp_path: Path, lost: str) -> None:
    """The name of the missing part is in the fault."""
    shutil.copytree(small, tmp_path / "p")
    path = tmp_path / "p" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(SetupError, match="half-a-package") as caught:
        Package.open(tmp_path / "p")
    assert lost in str(caught.value.values["missing"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_package_that_cannot_be_read(small: Path, tmp_path: Path) -> None:
    """Permissions are told as such."""
    shutil.copytree(small, tmp_path / "p")
    (tmp_path / "p" / FAMILIES["IHE"]).chmod(0)
    with pytest.raises(SetupError, match="unreadable"):
        Package.open(tmp_path / "p")


def test_letter_case_is_forgiven_and_the_outside_is_out_of_reach(small: Path) -> None:
    """The real path is found; `..` above the root, absolute paths and NUL are nothing."""
    files = Files(small)
    assert files.find("JeuxDeValeurs/jdv_j07.XML") == "jeuxDeValeurs/JDV_J07.xml"
    for asked in ("../x", "/etc/passwd", "jeuxDeValeurs", "jeuxDeValeurs/\x00", "nothing.xml"):
        assert files.find(asked) is None


def test_a_vocabulary_keeps_hostile_texts_inside_attributes() -> None:
    """A value set rebuilt is well-formed whatever its texts."""
    raw = b'<R xmlns="urn:ihe:iti:svs:2008"><Concept code="&quot;&lt;&amp;" codeSystem="1" displayName="\'"/></R>'
    assert b"&lt;&amp;" in vocabulary(raw, "1.2")


def test_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one given, else CONFORMANCE_CACHE, else the user's cache folder (XDG)."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "named"))
    assert cache.folder(tmp_path) == tmp_path
    assert cache.folder() == tmp_path / "named"
    monkeypatch.delenv("CONFORMANCE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.folder() == tmp_path / "xdg" / "conformance"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.folder() == Path.home() / ".cache" / "conformance"


def test_the_official_package_is_described(cisis: Path, tmp_path: Path) -> None:
    """The defects known of the package published in February 2025 are all found."""
    seen = inspect(Package.open(cisis, kept=tmp_path))
    assert (seen.schematrons, seen.volets, seen.examples) == (64, 59, 94)
    kinds = {kind: [p.where for p in seen.problems if p.kind == kind] for kind in {p.kind for p in seen.problems}}
    assert kinds["rebuilt"] == [MADE]
    assert "schematrons/include/entrees/E_directiveAnticipee_int.sch" in kinds["letter-case"]
    assert len(kinds["empty-folder"]) == 2
    assert "jeuxDeValeurs/JDV_BilanDiagnostic_CISIS.xml" in kinds["absent-value-set"]
    assert {"jeuxDeValeurs/ActPharmacySupplyType.xml", "jeuxDeValeurs/CoverageRoleType.xml"} <= set(
        kinds["empty-value-set"]
    )
    assert "schematron" not in kinds

"""Several processes: in order, in bounded memory, and a process that dies or hangs takes nothing else with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.arbiters.cisis.package import Package
from conformance.arbiters.cisis.runner import AHEAD, Official
from conformance.errors import SetupError

pytest.importorskip("saxonche", reason="SaxonC is not installed: compiled schematrons cannot be run")

GOOD = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><templateId root="1"/><code code="11502-2"/></ClinicalDocument>'
BAD = b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>'


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def official(small: Path, kept: Path, **options: object) -> Official:
    return Official(Package.open(small, kept=kept), cache=kept, **options)  # type: ignore[arg-type] # checked at run time


def test_verdicts_come_in_the_order_of_the_documents(small: Path, kept: Path) -> None:
    """Whatever process judged them; a bad document stops nothing."""
    documents = [(GOOD, "0"), (BAD, "1"), (b"<", "2"), (GOOD, "3"), (b"", "4"), (GOOD, "5")]
    with official(small, kept, jobs=2) as judge:
        found = [(r.name, r.accepted) for r in judge.judge_many(documents)]
    assert found == [("0", True), ("1", False), ("2", False), ("3", True), ("4", False), ("5", True)]


def test_only_a_few_documents_are_read_ahead(small: Path, kept: Path) -> None:
    """An endless stream is judged as it comes, and left when nobody asks for more."""
    read = 0

    def endless() -> Iterator[tuple[bytes, str]]:
        nonlocal read
        while True:
            read += 1
            yield GOOD, str(read)

    with official(small, kept) as judge:
        stream = judge.judge_many(endless())
        assert [next(stream).accepted for _ in range(5)] == [True] * 5
        assert read <= 5 + AHEAD + 1
        stream.close()  # type: ignore[attr-defined] # a generator


def test_a_process_that_dies_is_replaced(small: Path, kept: Path) -> None:
    """The document it held is not judged, by our fault; the next one is."""
    with official(small, kept, seconds=30) as judge:
        assert judge.judge(GOOD).accepted
        lane = judge._idle.get()
        assert lane is not None
        assert lane.process.pid is not None
        os.kill(lane.process.pid, signal.SIGKILL)
        judge._idle.put(lane)
        lost = judge.judge(GOOD, "lost")
        assert (lost.name, lost.accepted) == ("lost", None)
        assert lost.fault is not None
        assert lost.fault.reason == "died"
        assert judge.judge(GOOD).accepted


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals to stop a process")
def test_a_process_that_hangs_is_replaced(small: Path, kept: Path) -> None:
    """After the time allowed, and no longer."""
    with official(small, kept, seconds=1.0) as judge:
        assert judge.judge(GOOD).accepted
        lane = judge._idle.get()
        assert lane is not None
        assert lane.process.pid is not None
        os.kill(lane.process.pid, signal.SIGSTOP)
        judge._idle.put(lane)
        lost = judge.judge(GOOD, "lost")
        assert lost.fault is not None
        assert lost.fault.reason == "timeout"
        assert not lane.process.is_alive()
        assert judge.judge(GOOD).accepted


def test_what_is_prepared_is_told_once_and_kept(small: Path, tmp_path: Path) -> None:
    """The first run compiles, the second finds everything in the cache."""
    told: list[tuple[str, str]] = []
    for _ in range(2):
        with official(small, tmp_path, progress=lambda kind, name: told.append((kind, name))) as judge:
            assert judge.judge(GOOD).accepted
    assert told == [
        ("schematron", "StrucMin"),
        ("schematron", "IHE"),
        ("schematron", "ModelesDeContenusCDA"),
        ("schematron", "Modeles_ANS"),
        ("schematron", "terminologie"),
        ("terminologies", ""),
    ]


def test_a_changed_file_is_compiled_again(small: Path, tmp_path: Path) -> None:
    """The cache never answers for rules that have changed, nor with half a file."""
    import shutil

    shutil.copytree(small, tmp_path / "p")
    header = next((tmp_path / "p").rglob("ENTETE.sch"))
    with official(tmp_path / "p", tmp_path / "c") as judge:
        assert [f.text for f in judge.judge(BAD).refusals] == ["templateId attendu"]
    header.write_text(header.read_text(encoding="utf-8").replace("templateId attendu", "changé"), encoding="utf-8")
    with official(tmp_path / "p", tmp_path / "c") as judge:
        assert [f.text for f in judge.judge(BAD).refusals] == ["changé"]
    for held in (tmp_path / "c").rglob("*.json"):
        held.write_bytes(held.read_bytes()[:100])
    with official(tmp_path / "p", tmp_path / "c") as judge:
        assert [f.text for f in judge.judge(BAD).refusals] == ["changé"]


def test_a_broken_schematron_is_a_fault_of_the_set_up(small: Path, tmp_path: Path) -> None:
    """Told with its name before any document is judged."""
    import shutil

    shutil.copytree(small, tmp_path / "p")
    (tmp_path / "p" / "schematrons" / "profils" / "IHE.sch").write_text("<schema", encoding="utf-8")
    with official(tmp_path / "p", tmp_path / "c") as judge, pytest.raises(SetupError, match=r"official\.schematron"):
        judge.judge(GOOD)


def test_a_schema_that_does_not_load_is_a_fault_of_the_set_up(small: Path, tmp_path: Path) -> None:
    """The fault crosses the process as itself."""
    import shutil

    shutil.copytree(small, tmp_path / "p")
    (tmp_path / "p" / "infrastructure" / "cda" / "CDA_extended.xsd").write_text("<a/>", encoding="utf-8")
    with official(tmp_path / "p", tmp_path / "c") as judge, pytest.raises(SetupError, match=r"official\.grammar"):
        judge.judge(GOOD)

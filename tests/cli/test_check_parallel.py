"""Several processes: the same reports in the same order, one that dies takes nothing with it, and a clean stop."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext, suppress
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from conformance.cli.checking import pool, stop
from conformance.cli.checking.reading import Request
from conformance.standards.check.values import Report

REQUEST = Request(as_of=date(2026, 1, 5), verapdf=False)
PROGRAM = "import sys; from conformance.cli import main; sys.exit(main())"
DOCUMENT = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.%d"/></ClinicalDocument>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty small documents."""
    inside = tmp_path / "in"
    inside.mkdir()
    for number in range(40):
        (inside / f"{number:02d}.xml").write_bytes(DOCUMENT % number)
    return inside


def judged(folder: Path, jobs: int) -> list[Report]:
    """The reports of a folder."""
    return list(pool.judged(iter(sorted(folder.iterdir())), REQUEST, jobs))


def test_two_processes_say_what_one_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same reports, same order."""
    monkeypatch.setattr(pool, "CHUNK", 3)
    alone = judged(folder, 1)
    assert len(alone) == 40
    assert judged(folder, 2) == alone


def test_a_process_that_dies_takes_no_other_file_with_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process killed in the middle of its work: every file still has its report, in order."""
    real = pool._Pool._submit
    killed: list[int] = []

    def submit(self: pool._Pool, chunk: list[Path]) -> object:
        future = real(self, chunk)
        processes = list(self._executor._processes.values())
        if processes and not killed:
            killed.append(processes[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)
        return future

    monkeypatch.setattr(pool._Pool, "_submit", submit)
    assert judged(folder, 2) == judged(folder, 1)
    assert killed


def test_reports_too_many_to_travel_go_through_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of many documents gives the same reports, and leaves nothing in the folder of temporary files."""
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(pool.HELD * 2):
            archive.writestr(f"{number}.xml", DOCUMENT % number)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    paths = [tmp_path / "a.zip"]
    assert list(pool.judged(iter(paths), REQUEST, 2)) == list(pool.judged(iter(paths), REQUEST, 1))
    assert list((tmp_path / "t").iterdir()) == []


def test_a_stop_waits_for_what_is_whole() -> None:
    """Asked for while something is being told, it comes after it; at once otherwise."""
    done = []

    def work(number: signal.Signals, *, whole: bool) -> None:
        with stop.Stop() as stopping:
            with stopping.whole() if whole else nullcontext():
                os.kill(os.getpid(), number)
                done.append(number)
            done.append(number)

    with pytest.raises(stop.Stopped):
        work(signal.SIGTERM, whole=True)
    assert done == [signal.SIGTERM]
    with pytest.raises(stop.Stopped):
        work(signal.SIGINT, whole=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.fixture
def endless(folder: Path) -> Path:
    """Documents enough to be interrupted among them."""
    for number in range(40, 6000):
        (folder / f"{number:04d}.xml").write_bytes(DOCUMENT % number)
    return folder


@pytest.mark.parametrize(("jobs", "number"), [("1", signal.SIGINT), ("2", signal.SIGINT), ("2", signal.SIGTERM)])
def test_a_check_interrupted_leaves_whole_reports(
    tmp_path: Path, endless: Path, jobs: str, number: signal.Signals
) -> None:
    """Exit 130, a last line that says so, and as many documents in each report as there are JSON lines."""
    files = {kind: tmp_path / kind for kind in ("html", "junit", "sarif")}
    options = [part for kind, path in files.items() for part in (f"--{kind}", str(path))]
    command = [sys.executable, "-c", PROGRAM, "check", str(endless), "--json", "--no-verapdf", "--jobs", jobs, *options]
    running = subprocess.Popen([*command, "--lang", "en"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    lines = [running.stdout.readline()]
    running.send_signal(number)
    watch = threading.Timer(60, running.kill)
    watch.start()
    out, err = running.communicate()
    watch.cancel()
    lines += out.splitlines()
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith(f"Interrupted: {len(lines)} documents")
    assert 0 < len(lines) < 6000
    assert all(json.loads(line)["schema"] == "check/1" for line in lines)
    assert etree.parse(str(files["junit"])).getroot().get("tests") == str(len(lines))
    assert len(json.loads(files["sarif"].read_text())["runs"]) == 1
    assert files["html"].read_text().rstrip().endswith("</html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["html", "in", "junit", "sarif"]


def test_progress_is_told_on_the_terminal_and_lines_go_where_they_are_read(folder: Path) -> None:
    """Standard error is a terminal, standard output is not: the bar on the one, nothing but JSON on the other."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, "check", str(folder), "--json", "--no-verapdf", "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True) as running:
        os.close(theirs)
        shown = threading.Thread(target=_drain, args=(ours, told := bytearray()))
        shown.start()
        assert running.stdout is not None
        rows = [json.loads(line) for line in running.stdout]
    shown.join(30)
    os.close(ours)
    assert len(rows) == 40
    assert b"documents" in told
    assert b'"schema"' not in told


def _drain(terminal: int, told: bytearray) -> None:
    """Read a terminal until the other side is gone."""
    with suppress(OSError):
        while data := os.read(terminal, 4096):
            told += data

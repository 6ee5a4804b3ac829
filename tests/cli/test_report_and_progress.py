"""`conformance report`, and what a run says as it goes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from handmade import golden
from rich.console import Console
from rich.progress import Progress

from conformance.cli import app, speech
from conformance.cli.ending import new_folder, remember, remembered
from conformance.cli.progress import Display, display, told
from conformance.engine import events
from conformance.errors import OutputError
from conformance.evidence.codes import all_codes
from conformance.evidence.journal import FILE


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """These tests read English."""
    speech.speak("en")
    yield
    speech.speak(None)


def test_reports_are_written_again_from_the_journal_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The journal of another profile than today's: reports written, the last line names the page, a warning is told."""
    folder = golden(tmp_path / "run")
    assert app.run(["report", str(folder), "--lang", "en"]) == 0
    out, err = capsys.readouterr()
    assert (folder / "audit.en.html").is_file()
    assert (folder / "audit.json").is_file()
    assert str(folder / "audit.en.html") in out.splitlines()[-1]
    assert "the PFI profile has changed" in err


def test_an_altered_journal_is_refused_with_exit_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No report is written of a journal whose chain is broken."""
    folder = golden(tmp_path / "run")
    path = folder / FILE
    path.write_bytes(path.read_bytes().replace(b'"witnesses":2', b'"witnesses":9', 1))
    assert app.run(["report", str(folder), "--lang", "en"]) == 4
    assert "What to do:" in capsys.readouterr().err
    assert not (folder / "audit.json").exists()


FINDING = all_codes().finding("xds.metadata.missing", "ZAM-3", seen="x")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.RunStarted("0badcafe", "out", (("a@normal", 3), ("b@normal", 4))), "0badcafe: 2 flows, 7 cases"),
        (events.RunStarted("0badcafe", "out", (), resumed=True), "Going on with audit 0badcafe"),
        (events.WindowSettled("a@normal", 1, 3, 7), "a@normal: 3 cases driven of 7"),
        (events.FindingConfirmed("p", FINDING, "w1-c1"), "(ZAM-3)"),
        (events.Shrunk("p", "f", 12), "12 call(s)"),
        (events.KeyAbandoned("a@normal", "timeout"), "no answer in time"),
        (events.KeyAbandoned("a@normal", "new-word"), "new-word"),
        (events.RunClosed("0badcafe", (("judge", 7), ("shrink", 2))), "9 sendings"),
    ],
)
def test_each_event_is_one_line(event: events.Event, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Away from a terminal every event worth it is one plain line."""
    with display() as shown:
        shown.on_event(event)
    out = capsys.readouterr().out
    assert line in out
    assert out.count("\n") == 1


def test_a_case_driven_is_not_worth_a_line() -> None:
    """Thousands of cases do not make thousands of lines."""
    assert told(events.CaseDriven("a@normal", "w1", "judge", 1, 4)) is None


def test_a_new_run_never_takes_a_folder_that_holds_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default folder is the next free one; a folder given must be empty; a file is refused."""
    monkeypatch.chdir(tmp_path)
    assert new_folder(None, "pfi") == Path("reports/pfi-1")
    (tmp_path / "reports" / "pfi-1").mkdir(parents=True)
    assert new_folder(None, "pfi") == Path("reports/pfi-2")
    (tmp_path / "empty").mkdir()
    assert new_folder(Path("empty"), "pfi") == Path("empty")
    (tmp_path / "file").write_text("", encoding="utf-8")
    for taken in (Path("reports"), Path("file")):
        with pytest.raises(OutputError):
            new_folder(taken, "pfi")


def test_a_run_remembers_where_its_files_are(tmp_path: Path) -> None:
    """Paths are kept absolute, those not given are left out, and a folder without them remembers nothing."""
    remember(tmp_path / "run", target=tmp_path / "t.toml", cases=None)
    assert remembered(tmp_path / "run") == {"target": (tmp_path / "t.toml").resolve()}
    assert remembered(tmp_path) == {}
    (tmp_path / "run" / "command.json").write_text("[]", encoding="utf-8")
    assert remembered(tmp_path / "run") == {}


def test_bars_are_not_drawn_while_somebody_is_asked() -> None:
    """The live bars stop for the question and come back after it; plain lines need nothing."""
    bars = Progress(console=Console(file=io.StringIO(), force_terminal=True), transient=True)
    with bars, Display(bars).hushed():
        asked = bars.live.is_started
    with bars:
        with Display(bars).hushed():
            pass
        back = bars.live.is_started
    with Display(None).hushed():
        pass
    assert (asked, back) == (False, True)

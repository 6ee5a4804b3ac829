"""Help pages as snapshots in both languages, usage faults, and the language chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from conformance import __version__
from conformance.cli import app, speech
from conformance.cli.options import effort_of, seed_of, waves_of
from conformance.errors import UsageError
from conformance.texts import LANGUAGES, Lang, language

HERE = Path(__file__).parent
COMMANDS = (
    (),
    ("demo",),
    ("init",),
    ("plan",),
    ("trust",),
    ("fixtures",),
    ("doctor",),
    ("run",),
    ("listen",),
    ("report",),
    ("explain",),
    ("check",),
    ("rows",),
    ("selftest",),
    ("catalogue",),
    ("catalogue", "list"),
    ("catalogue", "lint"),
    ("catalogue", "coverage"),
    ("catalogue", "import"),
    ("reference",),
    ("reference", "serve"),
    ("pilot",),
    ("pilot", "kinds"),
    ("pilot", "try"),
)


@pytest.fixture(autouse=True)
def _silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test chooses its own language."""
    monkeypatch.delenv("CONFORMANCE_LANG", raising=False)
    yield
    speech.speak(None)


def pages(lang: Lang) -> str:
    """Every help page in a language, one after the other."""
    speech.speak(lang)
    runner, built = CliRunner(), app.build()
    written = []
    for command in COMMANDS:
        done = runner.invoke(built, [*command, "--help"], prog_name="conformance")
        assert done.exit_code == 0, done.output
        written.append(f"$ {' '.join(('conformance', *command, '--help'))}\n{done.output}")
    return "\n".join(written)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_is_the_committed_snapshot(lang: Lang) -> None:
    """What a user sees changes only with the snapshot beside this test."""
    assert pages(lang) == (HERE / f"help.{lang}.txt").read_text(encoding="utf-8")


def test_the_snapshots_cover_every_command() -> None:
    """No command is without a help page in the snapshots."""
    root = get_command(app.build())
    named = {(name,) for name in root.commands}
    named |= {(name, child) for name, group in root.commands.items() for child in getattr(group, "commands", {})}
    assert named == set(COMMANDS) - {()}


def test_both_snapshots_have_the_same_options() -> None:
    """French and English pages name the same options."""
    options = [
        {w.strip(".)") for w in (HERE / f"help.{lang}.txt").read_text(encoding="utf-8").split() if w.startswith("--")}
        for lang in LANGUAGES
    ]
    assert options[0] == options[1]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--lang", "en", "chekc"], "Perhaps you meant: check"),
        (["chekc"], "Peut-être vouliez-vous écrire : check"),
        (["xyz", "--lang", "en"], "Choose among: demo, init"),
        (["catalogue", "lst"], "list"),
        (["run", "--sed", "3"], "--sed"),
        (["run", "--seed"], "--seed"),
        (["run", "--target", "t.toml", "extra"], "extra"),
        (["check"], "PATH"),
        (["check", "a", "--lang", "de"], "de"),
        (["check", "a", "--lang"], "--lang fr"),
        (["run"], "--target"),
        (["run", "--target", "t.toml", "--effort", "huge"], "smoke, standard, full"),
        (["run", "--target", "t.toml", "--seed", "-1"], "-1"),
        (["run", "--target", "t.toml", "--seed", "1e3"], "--seed 42"),
        (["run", "--resume", "d", "--seed", "1", "--effort", "full"], "--effort, --seed"),
        (["demo", "--dsr", "XYZ"], "PFI, DPI, RI, SGL, RIS, LGO"),
        (["reference", "serve", "--config", "absent.toml"], "absent.toml"),
        (["reference", "serve", "--dsr", "LGC", "--config", "c"], "PFI"),
        (["check", "absent.hl7"], "absent.hl7"),
        (["report"], "DIR"),
    ],
)
def test_a_fault_of_usage_names_what_to_do_and_exits_2(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every fault is told on standard error with a remedy; standard output stays clean for machines."""
    assert app.run(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert ("What to do:" if "en" in argv else "Que faire :") in err
    assert "Traceback" not in err


@pytest.mark.parametrize("argv", [[], ["catalogue"], ["reference"]])
def test_a_group_without_a_command_shows_its_help_and_exits_2(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Asking for nothing is answered by the help."""
    assert app.run(argv) == 2
    assert "Usage" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` says the version of the package."""
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"conformance {__version__}\n"


def test_the_language_is_asked_for_then_the_environments_then_french(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--lang` wins over CONFORMANCE_LANG, which wins over French; what follows `--` is not read."""
    assert speech.asked(["check", "--lang=en"]) == "en"
    assert speech.asked(["check", "--", "--lang", "en"]) is None
    assert language() == "fr"
    monkeypatch.setenv("CONFORMANCE_LANG", "en_GB.UTF-8")
    assert language() == "en"
    assert language("fr") == "fr"


def test_a_crash_of_the_tool_exits_4_not_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An unforeseen error never looks like a nonconform vendor."""

    def broken() -> None:
        raise RuntimeError("oups")

    monkeypatch.setattr(app, "build", broken)
    assert app.run(["check", "x"]) == 4
    assert "RuntimeError: oups" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "waves"), [("va1", ("va1",)), ("va2,va1", ("va2", "va1")), ("all", ("va1", "va2")), ("va1,va1", ("va1",))]
)
def test_waves(given: str, waves: tuple[str, ...]) -> None:
    """One wave, a list of them, or all."""
    assert waves_of(given) == waves


@pytest.mark.parametrize("given", ["", "va3", "va1,", "VA1"])
def test_what_is_not_a_wave_is_refused(given: str) -> None:
    """A wave that does not exist is a fault of usage."""
    with pytest.raises(UsageError):
        waves_of(given)


@pytest.mark.parametrize("given", ["", " 1", "1.5", "٣", str(2**63)])
def test_what_is_not_a_seed_is_refused(given: str) -> None:
    """A seed is ASCII digits and fits 63 bits."""
    with pytest.raises(UsageError):
        seed_of(given)
    assert seed_of(str(2**63 - 1)) == 2**63 - 1
    assert effort_of(None) == "standard"

"""The pytest plugin among strangers: no option of its own in their sessions, one attempt at a run, Allure's labels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROFILE = Path(__file__).resolve().parents[2] / "profiles" / "pfi.yaml"
OFF = (
    'schema = "target/1"\n[vendor]\nname = "E"\nproduct = "P"\nversion = "1"\n'
    '[target]\ndsr = "PFI"\nwaves = ["va1"]\n[endpoints]\ndocuments = "mllp://127.0.0.1:9"\n'
    '[services.dmp]\nlisten = "{dmp}"\n[services.returns]\nlisten = "127.0.0.1:0"\n'
    "[timing]\nanswer = 0.5\nsettle = 0.2\nsettle_max = 2.0\n"
)


def pytest_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A session of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_another_project_may_have_our_option_names(tmp_path: Path) -> None:
    """A conftest that adds `--target`, `--wave` and `--effort` of its own is not disturbed."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    for name in ('--target', '--wave', '--effort'):\n"
        "        parser.addoption(name, default='theirs')\n",
        encoding="utf-8",
    )
    (tmp_path / "test_one.py").write_text(
        "def test_one(request):\n    assert request.config.getoption('--target') == 'theirs'\n", encoding="utf-8"
    )
    done = pytest_run(tmp_path, "-q")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_yaml_file_that_is_not_a_profile_is_not_ours(tmp_path: Path) -> None:
    """Named on the command line, another YAML file is left to whoever collects it."""
    (tmp_path / "other.yaml").write_text("a: 1\n", encoding="utf-8")
    done = pytest_run(tmp_path, "other.yaml")
    assert "--target" not in done.stdout + done.stderr


def test_a_run_that_cannot_start_is_tried_once(tmp_path: Path) -> None:
    """A port that is taken: every item is an error with the same cause, none is a failure of the vendor."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "t.toml").write_text(OFF.format(dmp=f"127.0.0.1:{port}"), encoding="utf-8")
        done = pytest_run(tmp_path, str(PROFILE), "--target", "t.toml", "--effort", "smoke", "--report-lang", "en")
    assert done.returncode == 1
    assert " failed" not in done.stdout.splitlines()[-1]
    assert str(port) in done.stdout
    assert "already holds" not in done.stdout, "a second attempt would meet the journal of the first"
    assert len(list((tmp_path / "reports").iterdir())) == 1


def test_a_vendor_that_is_off_fails_what_was_to_be_judged_and_skips_the_rest(tmp_path: Path) -> None:
    """Inconclusive scenarios fail, proofs are skipped with a reason; Allure gets DSR, family, row and severity."""
    (tmp_path / "t.toml").write_text(OFF.format(dmp="127.0.0.1:0"), encoding="utf-8")
    done = pytest_run(
        tmp_path,
        str(PROFILE),
        "--target",
        "t.toml",
        "--effort",
        "smoke",
        "--report-lang",
        "en",
        "--alluredir",
        "allure",
    )
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert " failed" in last
    assert " skipped" in last
    assert " passed" not in last
    results = [json.loads(path.read_bytes()) for path in (tmp_path / "allure").glob("*-result.json")]
    labels = [{label["name"]: label["value"] for label in result["labels"]} for result in results]
    assert len({result["fullName"] for result in results}) == len(results) > 20
    assert {label["epic"] for label in labels} == {"PFI va1"}
    assert {"critical", "minor"} >= {label["severity"] for label in labels}
    assert any(label["feature"] == "DMP" for label in labels)

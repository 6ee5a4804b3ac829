"""Ctrl-C during a run, in a real process: the journal is intact and the run can be resumed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

from test_command_line import TARGET

from conformance.evidence.journal import Reader

PROGRAM = "import sys; from conformance.cli import main; sys.exit(main())"


def test_a_run_interrupted_says_how_to_resume_and_resumes(tmp_path: Path) -> None:
    """A vendor that accepts and never answers; SIGINT: exit 130, the last line is a command that works."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = TARGET.format(port=server.getsockname()[1]).replace("answer = 0.5", "answer = 30.0")
        (tmp_path / "t.toml").write_text(target, encoding="utf-8")
        command = [sys.executable, "-c", PROGRAM, "run", "--target", "t.toml", "--effort", "smoke", "--out", "out"]
        running = subprocess.Popen(
            [*command, "--lang", "en"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        connection, _ = server.accept()
        with connection:
            connection.recv(1)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=30)
    assert running.returncode == 130, out + err
    assert "Traceback" not in err
    last = out.splitlines()[-1]
    assert last.endswith("conformance run --resume out")
    assert [entry.type for entry in Reader(tmp_path / "out").entries()][:2] == ["open", "plan"]
    # The vendor is gone by now: the resumed run ends, inconclusive, in the same journal.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *last.split("conformance ")[1].split()],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    audit = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    assert audit["complete"]
    assert (tmp_path / "out" / "audit.fr.html").is_file()

"""`conformance listen` stopped by Ctrl-C: what was heard is judged, written, and can be judged again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.cli.app import run
from conformance.selftest.vendor import free_ports

ZAM = (
    b"\x0bMSH|^~\\&|PFI|X|BANC|Y|20260101120000+0100||ACK^T02^ACK|1|P|2.6|||||FRA|UNICODE UTF-8\rMSA|AA|INCONNU\r\x1c\r"
)


@pytest.mark.skipif(os.name != "posix", reason="a signal to another process")
def test_ctrl_c_judges_what_was_heard(tmp_path: Path) -> None:
    """A message given while the bench starts is in the journal; the audit is whole; its folder is judged the same."""
    (port,) = free_ports(1)
    target = tmp_path / "t.toml"
    target.write_text(
        'schema = "target/1"\n[vendor]\nname = "V"\nproduct = "P"\nversion = "1"\n[target]\ndsr = "PFI"\n'
        f'waves = ["va1"]\n[services.returns]\nlisten = "127.0.0.1:{port}"\n[timing]\nsettle = 0.2\n',
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "listen", "--target", "t.toml", "--out", "r", "--lang", "en"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )  # fmt: skip
    assert process.stdout is not None
    assert "Listening" in process.stdout.readline()
    _say(port)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode in (1, 3), errors
    assert "Heard so far" in said
    audit = json.loads((tmp_path / "r" / "audit.json").read_text(encoding="utf-8"))
    assert "conform" not in {row["verdict"] for row in audit["requirements"]}
    again = ["listen", "--target", str(target), "--dump", str(tmp_path / "r"), "--out", str(tmp_path / "again")]
    assert run(again) == process.returncode


def _say(port: int) -> None:
    """One message to the bench, once it listens, and its acknowledgement."""
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
                link.sendall(ZAM)
                assert link.recv(4096)
                return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError("the bench does not listen")

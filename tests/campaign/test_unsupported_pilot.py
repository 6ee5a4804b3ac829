"""A pilot that says it can do everything, then `unsupported` to all it is asked: never conform, never exit 0."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conformance.cli.app import run

ROWS = "PSC.01,SSI/IAM.91,TBB/va1.01,MSS/va1.15,MSS/CONF.17"
KINDS = [
    "mail.send/1", "log.read/1", "login.psc/1", "session.read/1", "account.create/1", "account.update/1",
    "account.delete/1", "account.read/1", "account.password/1", "account.permissions/1", "dashboard.read/1",
    "login.password/1", "logout/1", "mail.fetch/1", "mail.delete/1", "mail.reply/1",
]  # fmt: skip


@contextmanager
def adapter() -> Iterator[str]:
    """The adapter, and its address."""

    class Handler(BaseHTTPRequestHandler):
        def _say(self, told: object) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._say({"api": "pilot/1", "kinds": KINDS})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._say({"api": "pilot/1", "id": asked["id"], "status": "unsupported", "reason": "non"})

        def log_message(self, format: str, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_unsupported_to_everything_is_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3; no row that rests on the pilot is conform or nonconform, and none is a fault of the tool."""
    monkeypatch.chdir(tmp_path)
    names = ("igc", "annuaire", "psc", "dmp", "returns", "relay", "mss", "imap")
    services = "".join(f'[services.{name}]\nlisten = "127.0.0.1:0"\n' for name in names)
    with adapter() as url:
        Path("t.toml").write_text(
            'schema = "target/1"\n[vendor]\nname = "V"\nproduct = "P"\nversion = "1"\n[target]\ndsr = "PFI"\n'
            'waves = ["va1", "va2"]\noptions = ["bal-per-org", "iam"]\n'
            '[endpoints]\ndocuments = "mllp://127.0.0.1:9"\n'
            f'{services}[pilot]\nkind = "http"\nurl = "{url}"\n'
            "[timing]\nanswer = 0.5\nsettle = 0.2\nsettle_max = 2.0\nreaction = 0.2\npilot = 0.5\n",
            encoding="utf-8",
        )
        code = run(["run", "--target", "t.toml", "--only", ROWS, "--effort", "smoke", "--seed", "1", "--out", "r"])
    assert code == 3, capsys.readouterr()
    audit = json.loads(Path("r/audit.json").read_text(encoding="utf-8"))
    verdicts = {row["id"]: row["verdict"] for row in audit["requirements"] if row["id"] in ROWS.split(",")}
    assert set(verdicts) == set(ROWS.split(","))
    assert not set(verdicts.values()) & {"conform", "nonconform", "tool-error"}

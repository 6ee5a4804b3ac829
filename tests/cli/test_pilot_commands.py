"""`conformance pilot` as the author of an adapter meets it."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from threading import Thread

import pytest

from conformance.bench.pilot.kinds import kinds
from conformance.cli import app

TARGET = (
    'schema = "target/1"\n[vendor]\nname = "E"\nproduct = "P"\nversion = "1"\n'
    '[target]\ndsr = "PFI"\nwaves = ["va1"]\n[timing]\nanswer = 10.0\npilot = 1.0\n'
)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A target whose pilot is a program that answers as its argument says."""
    program = tmp_path / "adapter.py"
    program.write_text(
        "import json,sys\nasked = json.loads(sys.stdin.readline())\n"
        'if asked[\'call\'] == \'capabilities\': print(\'{"api":"pilot/1","kinds":["account.sync/1"]}\')\n'
        "elif asked.get('kind') == 'account.sync/1':\n"
        "    print(json.dumps({'api':'pilot/1','id':asked['id'],'status':'done','data':{}}))\n"
        "else: print(json.dumps({'api':'pilot/1','id':asked['id'],'status':'ok'}))\n",
        encoding="utf-8",
    )
    path = tmp_path / "cible.toml"
    command = json.dumps([sys.executable, "adapter.py"])
    path.write_text(f'{TARGET}[pilot]\nkind = "command"\ncommand = {command}\n', encoding="utf-8")
    return path


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and all that was printed."""
    code = app.run([*words, "--lang", "en"])
    out = capsys.readouterr()
    return code, out.out + out.err


def test_kinds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind has its line; as JSON, what it unlocks is a list of keys."""
    code, shown = say(capsys, "pilot", "kinds")
    assert code == 0
    assert all(name in shown for name in kinds())
    code, shown = say(capsys, "pilot", "kinds", "--json")
    rows = [json.loads(line) for line in shown.splitlines()]
    assert [row["kind"] for row in rows] == list(kinds())
    assert all(isinstance(row["requirements"], list) for row in rows)


def test_a_good_call(capsys: pytest.CaptureFixture[str], target: Path) -> None:
    """Request, answer and verdict are shown; exit 0."""
    code, shown = say(capsys, "pilot", "try", "account.sync/1", "--target", str(target), "--id", "mine")
    assert code == 0
    assert '"id":"mine"' in shown
    assert "obeys the contract (done)" in shown


def test_capabilities_are_told(capsys: pytest.CaptureFixture[str], target: Path) -> None:
    """What it can do and what it cannot."""
    code, shown = say(capsys, "pilot", "try", "capabilities", "--target", str(target))
    assert code == 0
    assert "can do: account.sync/1." in shown
    assert "mail.send/1" in shown


def test_a_bad_answer_is_told_with_its_place_and_what_to_do(capsys: pytest.CaptureFixture[str], target: Path) -> None:
    """Exit 1, the JSON path, the remedy."""
    code, shown = say(capsys, "pilot", "try", "logout/1", "--target", str(target), "--payload", '{"session": "s"}')
    assert code == 1
    assert "$.status: 'ok'" in shown
    assert "pilot-1.schema.json" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("account.snyc/1",), "account.sync/1"),
        (("logout/1",), "'session' is a required property"),
        (("logout/1", "--payload", "session=s"), "not a JSON object"),
        (("logout/1", "--payload", '{"session": "s", "sesion": 1}'), "logout-1.schema.json"),
    ],
)
def test_wrong_use(capsys: pytest.CaptureFixture[str], target: Path, words: tuple[str, ...], says: str) -> None:
    """A wrong kind or payload is told before anything is asked; exit 2."""
    code, shown = say(capsys, "pilot", "try", *words, "--target", str(target))
    assert code == 2
    assert says in shown


def test_a_target_without_a_pilot(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The remedy names the sample."""
    path = tmp_path / "cible.toml"
    path.write_text(TARGET, encoding="utf-8")
    code, shown = say(capsys, "pilot", "try", "account.sync/1", "--target", str(path))
    assert code == 2
    assert "samples/pilot" in shown


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_token_refused_is_told_as_such(capsys: pytest.CaptureFixture[str], tmp_path: Path, status: str) -> None:
    """The remedy speaks of the token, not of JSON."""
    path = tmp_path / "cible.toml"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def refuse() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            connection.close()

        thread = Thread(target=refuse, daemon=True)
        thread.start()
        path.write_text(f'{TARGET}[pilot]\nkind = "http"\nurl = "http://127.0.0.1:{port}"\n', encoding="utf-8")
        code, shown = say(capsys, "pilot", "try", "account.sync/1", "--target", str(path))
        thread.join(5)
    assert code == 1
    assert "token_env" in shown

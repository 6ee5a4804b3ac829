"""The reference as a process: settings, ports, signals, admin socket, logs; and its independence from the project."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from reference_messages import cda, fresh_oid, message
from reference_peers import Peers, wait_for
from reference_runner import Reference

from conformance.reference.config import ConfigError, load

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "profiles/schema/reference-1.schema.json").read_text(encoding="utf-8"))
ALLOWED = re.compile(r"^conformance\.(errors|reference(\..*)?|standards\.[a-z0-9]+\.syntax)$")


def imported(file: Path) -> set[str]:
    """The modules of the project that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: relative import"
            module = node.module or ""
            package = ROOT / Path(*module.split("."))
            found |= {f"{module}.{a.name}" for a in node.names} if package.is_dir() else {module}
    return {name for name in found if name.split(".")[0] == "conformance"}


def test_the_reference_imports_only_syntax() -> None:
    """From the project, the reference imports its own modules, the errors, and syntax modules; nothing dynamic."""
    for file in sorted((ROOT / "conformance/reference").glob("**/*.py")):
        assert [name for name in imported(file) if not ALLOWED.match(name)] == [], file.name
        assert "importlib" not in file.read_text(encoding="utf-8")
        assert "__import__" not in file.read_text(encoding="utf-8")


def test_what_it_imports_imports_only_syntax() -> None:
    """The syntax modules it takes lead to nothing but syntax modules and the errors."""
    todo = {n for f in (ROOT / "conformance/reference").glob("*.py") for n in imported(f) if "standards" in n}
    done: set[str] = set()
    while todo:
        name = todo.pop()
        done.add(name)
        file = ROOT / Path(*name.split(".")).with_suffix(".py")
        names = {n for n in imported(file) if n != "conformance.errors"} if file.exists() else set()
        assert all(ALLOWED.match(n) for n in names), name
        todo |= names - done


def test_nothing_of_the_project_imports_the_reference() -> None:
    """No module outside the room imports it: it is only ever a process."""
    for file in (ROOT / "conformance").glob("**/*.py"):
        if "reference" not in file.relative_to(ROOT / "conformance").parts[0]:
            assert not [n for n in imported(file) if n.startswith("conformance.reference")], file


def test_the_sample_is_valid(tmp_path: Path) -> None:
    """The sample follows the published schema, and is accepted once its certificates exist."""
    text = (ROOT / "samples/reference/pfi.toml").read_text(encoding="utf-8")
    jsonschema.validate(tomllib.loads(text), SCHEMA)
    (tmp_path / "tls").mkdir()
    for name in ("ca.pem", "pfi.pem", "pfi.key"):
        (tmp_path / "tls" / name).write_text("x")
    (tmp_path / "pfi.toml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "pfi.toml").services == "https://127.0.0.1:8443/si-dmp-server/v2/services"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('schema = "reference/1"', 'schema = "reference/2"', "schema"),
        ('dsr = "PFI"', 'dsr = "LGC"', "dsr"),
        ("[listen]", "[listens]", "listens"),
        ('dmp = "https://', 'dmp = "http://', "peers.dmp"),
        ('returns = "mllp://127.0.0.1:', 'returns = "nowhere:x', "peers.returns"),
        ("attempts = 3", "attempts = 0", "retry.attempts"),
        ("attempts = 3", 'attempts = "3"', "retry.attempts"),
        ("attempts = 3", "tries = 3", "retry.tries"),
        ('name = "CENTRE HOSPITALIER FICTIF"', "", "organisation.name"),
        ('oid = "1.2.250.1.999.9"', "oid = 12", "organisation.oid"),
    ],
)
def test_wrong_settings_are_told(write_config: Callable[..., Path], old: str, new: str, key: str) -> None:
    """A wrong setting is refused naming file, key and remedy; the published schema refuses it too."""
    file = write_config("wrong")
    text = file.read_text(encoding="utf-8")
    assert old in text
    jsonschema.validate(tomllib.loads(text), SCHEMA)
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.key == key
    assert str(file) in str(caught.value)
    assert "Remedy:" in str(caught.value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(file.read_text(encoding="utf-8")), SCHEMA)


def run(*arguments: str) -> tuple[int, str]:
    """Run the command to its end; its exit code and what it wrote on stderr."""
    command = [sys.executable, "-m", "conformance.reference", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return ended.returncode, ended.stderr


def test_unusable_settings_end_with_code_two(write_config: Callable[..., Path], tmp_path: Path) -> None:
    """No file, bad TOML, an unknown defect, a missing key file, a wrong key: exit code 2 and one clear line."""
    good = write_config("good")
    bad = tmp_path / "bad.toml"
    bad.write_text("schema = ", encoding="utf-8")
    missing = good.with_name("missing.toml")
    missing.write_text(good.read_text().replace('key = "pfi.key"', 'key = "absent.key"'))
    crossed = good.with_name("crossed.toml")
    crossed.write_text(good.read_text().replace('key = "pfi.key"', 'key = "dmp.key"'))
    for arguments, word in (
        (("--config", str(tmp_path / "none.toml")), "none.toml"),
        (("--config", str(bad)), "TOML"),
        (("--config", str(good), "--defect", "no-such"), "no-such"),
        (("--config", str(missing)), "tls.key"),
        (("--config", str(crossed)), "tls.certificate"),
        ((), "--config"),
    ):
        code, text = run(*arguments)
        assert code == 2
        assert word in text
        assert "Traceback" not in text


def test_taken_port_is_told(write_config: Callable[..., Path]) -> None:
    """A document port already in use: exit code 2, with a remedy."""
    file = write_config("taken")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        text = file.read_text().replace("mllp://127.0.0.1:0", f"mllp://127.0.0.1:{port}", 1)
        file.write_text(text)
        code, text = run("--config", str(file))
    assert code == 2
    assert "Remedy" in text


def test_admin_port_must_be_loopback(write_config: Callable[..., Path]) -> None:
    """The admin socket is refused on any other address."""
    file = write_config("open")
    file.write_text(file.read_text().replace('admin = "mllp://127.0.0.1:0"', 'admin = "mllp://0.0.0.0:0"'))
    code, text = run("--config", str(file))
    assert code == 2
    assert "loopback" in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly(start: Callable[..., Reference], number: int) -> None:
    """SIGTERM and SIGINT end it with code 0, also with a connection open."""
    process = start()
    process.connect()
    code, log = process.stop(number)
    assert code == 0
    assert "Traceback" not in log


def test_logs_hold_no_patient_data(start: Callable[..., Reference], peers: Peers) -> None:
    """Neither names, matricule nor document go to the log, for an accepted and a refused message."""
    process = start()
    process.ask(message(cda(fresh_oid())))
    process.ask(message(cda(fresh_oid()), order="CA"))
    wait_for(lambda: peers.returns.heard)
    code, log = process.stop()
    assert code == 0
    assert log
    for word in ("279035121518989", "DOMINIQUE", "PAT-TROIS", "ClinicalDocument", "PRIVATE"):
        assert word not in log


def test_no_admin_port_unless_configured(write_config: Callable[..., Path]) -> None:
    """Without `listen.admin` the ready line says null and nothing listens."""
    file = write_config("quiet")
    file.write_text(file.read_text().replace('admin = "mllp://127.0.0.1:0"\n', ""))
    process = Reference(file)
    assert process.ready["ready"] is True
    assert process.ready["admin"] is None
    assert process.stop()[0] == 0


def test_admin_refuses_what_it_does_not_know(reference: Reference) -> None:
    """Unknown operations, names and restart-only defects are refused with a reason; ping and state answer."""
    assert reference.admin(op="ping") == {"ok": True}
    assert reference.admin(op="fly")["ok"] is False
    assert "no-such" in reference.admin(op="defects", names=["no-such"])["error"]
    assert reference.admin(op="defects", names="masque-ps-lost")["ok"] is False
    refused = reference.admin(op="defects", names=["previous-patient-ins"])
    assert (refused["ok"], refused["restart"]) == (False, True)
    state = reference.admin(op="state")["state"]
    assert (state["defects"], state["working"], state["received"]) == ([], 0, 0)


def test_purge_forgets_patients_and_documents(reference: Reference, peers: Peers) -> None:
    """After a purge the same bytes are another document and TD0.2 is asked again."""
    raw = message(cda(fresh_oid()), flags="DESTDMP")
    for _ in range(2):
        reference.ask(raw)
        wait_for(lambda: reference.admin(op="state")["state"]["working"] == 0)
        assert reference.admin(op="purge") == {"ok": True, "finished": True}
    assert len(peers.dmp.of("PRPA")) == 2
    assert len(peers.dmp.of("Provide")) == 2


def test_purge_drops_what_does_not_end(reference: Reference, peers: Peers) -> None:
    """A purge answers even when the DMP keeps silent: what is under way is dropped."""

    async def never(asked: object) -> None:
        await asyncio.sleep(3)

    peers.dmp.answers["PRPA"] = never
    reference.ask(message(cda(fresh_oid())))
    assert reference.admin(op="purge", wait=0.1) == {"ok": True, "finished": False}
    assert reference.admin(op="state")["state"]["working"] == 0
    assert peers.returns.heard == []


def test_unreachable_return_address_does_not_stop_feeding(start: Callable[..., Reference], peers: Peers) -> None:
    """With nobody at the return address, documents are still fed and the work ends."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]
    process = start(returns=free)
    process.ask(message(cda(fresh_oid())))
    wait_for(lambda: process.admin(op="state")["state"]["working"] == 0)
    assert len(peers.dmp.of("Provide")) == 1
    assert process.admin(op="state")["state"]["returned"] == 0

"""The adapters to copy, driven by the real pilots: what a vendor starts from works."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import Any

import pytest

from conformance.bench.clock import Clock
from conformance.bench.pilot import Pilot, PilotFace, make
from conformance.bench.pilot.http import HttpPilot
from conformance.bench.recorder import Recorder
from conformance.bench.target import Timing, load
from conformance.texts import text

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "pilot"
TOKEN = "a-token-of-the-samples"
ACCOUNT = {"login": "essai", "family": "DOE", "given": "Jean", "permissions": ["lecture"]}


@pytest.fixture(scope="module")
def samples() -> Iterator[dict[str, ModuleType]]:
    """The modules of samples/pilot, which import each other by their bare names."""
    made = {}
    for name in ("adapter", "adapter_command", "adapter_files"):
        spec = spec_from_file_location(name, SAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        made[name] = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(made[name])
    yield made
    for name in made:
        del sys.modules[name]


def _speech(id: str, /, **values: object) -> str:
    return text(id, "fr", **values)


def declared(folder: Path, lines: str, environ: dict[str, str] | None = None) -> Pilot:
    """The pilot of a target file that has this [pilot] table."""
    path = folder / "cible.toml"
    path.write_text(
        'schema = "target/1"\n[vendor]\nname = "E"\nproduct = "P"\nversion = "1"\n'
        f'[target]\ndsr = "PFI"\nwaves = ["va1"]\n[pilot]\n{lines}\n[timing]\nanswer = 5.0\npilot = 20.0\n',
        encoding="utf-8",
    )
    target = load(path, environ or {})
    pilot = make(target.pilot, target.secrets, _speech, timing=target.timing, folder=folder)
    assert pilot is not None
    return pilot


def story(pilot: Pilot) -> list[Any]:
    """An account is made (twice with one id), synchronised, read, closed; then something the adapter cannot do."""
    face = PilotFace(pilot, Recorder(Clock(), lambda e: None), Timing(pilot=20.0), run="ab12cd34")

    async def run() -> list[Any]:
        try:
            able, failure = await face.capabilities()
            assert failure is None
            told = [
                await face.stimulate("account.create/1", ACCOUNT, None, "c1", "create"),
                await face.stimulate("account.create/1", ACCOUNT, None, "c1", "create"),
                await face.stimulate("account.create/1", ACCOUNT, None, "c1", "again"),
                await face.stimulate("account.sync/1", {}, None, "c1", "sync"),
                await face.query("account.read/1", {"login": "essai"}, None, "c1", "read"),
                await face.query("account.read/1", {"login": "autre"}, None, "c1", "other"),
                await face.stimulate("logout/1", {"session": "s"}, None, "c1", "logout"),
            ]
        finally:
            await face.close()
        answers = [t.answer for t in told]
        return [
            sorted(able),
            *((t.failure or a.status.value) for t, a in zip(told, answers, strict=True) if t),
            answers,
        ]

    return asyncio.run(run())


KINDS = ["account.create/1", "account.delete/1", "account.read/1", "account.sync/1"]
EXPECTED = [KINDS, "done", "done", "refused", "done", "done", "done", "pilot-unsupported"]


def check(pilot: Pilot) -> None:
    """The story ends as the contract says."""
    *statuses, answers = story(pilot)
    assert statuses == EXPECTED
    assert answers[0] == answers[1]
    assert answers[4].data["account"]["family"] == "DOE"
    assert answers[4].data["account"]["active"] is True
    assert answers[5].data == {"account": None}


@contextmanager
def served(samples: dict[str, ModuleType], store: Path | None = None) -> Iterator[str]:
    """The HTTP adapter on a free port."""
    server = samples["adapter"].serve(0, store, TOKEN)
    server.RequestHandlerClass.log_message = lambda *_: None
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_the_http_adapter(samples: dict[str, ModuleType], tmp_path: Path) -> None:
    """With its token, and refused without."""
    with served(samples) as url:
        lines = f'kind = "http"\nurl = "{url}"\ntoken_env = "PILOT_TOKEN"'
        check(declared(tmp_path, lines, {"PILOT_TOKEN": TOKEN}))
        face = PilotFace(HttpPilot(url, "another-token"), Recorder(Clock(), lambda e: None), Timing())
        _, failure = asyncio.run(_capabilities(face))
    assert failure == "pilot-garbage"
    assert "401" in face.detail


async def _capabilities(face: PilotFace) -> tuple[frozenset[str], str | None]:
    try:
        return await face.capabilities()
    finally:
        await face.close()


def test_the_http_adapter_remembers_after_a_restart(samples: dict[str, ModuleType], tmp_path: Path) -> None:
    """The same id acts once even when the adapter was restarted in between."""
    store = tmp_path / "store.json"
    for _ in range(2):
        with served(samples, store) as url:
            face = PilotFace(HttpPilot(url, TOKEN), Recorder(Clock(), lambda e: None), Timing(), run="ab12cd34")

            async def once(face: PilotFace = face) -> Any:
                try:
                    return await face.stimulate("account.create/1", ACCOUNT, None, "c1", "create")
                finally:
                    await face.close()

            told = asyncio.run(once())
            assert told.answer is not None
            assert (told.answer.status.value, told.answer.ref) == ("done", "compte-1")


def test_the_command_adapter(tmp_path: Path) -> None:
    """One process kept, started in the folder of the target file."""
    for name in ("adapter.py", "adapter_command.py"):
        shutil.copy(SAMPLES / name, tmp_path)
    check(declared(tmp_path, f'kind = "command"\ncommand = ["{sys.executable}", "adapter_command.py"]\nkeep = true'))
    assert (tmp_path / "pilot-store.json").is_file()


def test_the_files_adapter(samples: dict[str, ModuleType], tmp_path: Path) -> None:
    """A folder beside the target file, looked at by the adapter when it likes."""
    files = samples["adapter_files"]
    folder = tmp_path / "echange"
    adapter = files.prepare(folder)
    stop = Event()

    def watch() -> None:
        while not stop.wait(0.05):
            files.turn(adapter, folder)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        check(declared(tmp_path, 'kind = "files"\nfolder = "echange"'))
    finally:
        stop.set()
        thread.join(5)


def test_a_person_needs_nothing_else(tmp_path: Path) -> None:
    """`kind = "person"` is enough; nobody being at the terminal of this test, everything is put off."""
    pilot = declared(tmp_path, 'kind = "person"')
    face = PilotFace(pilot, Recorder(Clock(), lambda e: None), Timing())
    told = asyncio.run(face.stimulate("account.sync/1", {}, None, "c1", "sync"))
    assert told.failure == "pilot-pending"
    assert face.few_cases

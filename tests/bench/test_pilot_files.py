"""The pilot that is a folder: whole files, resumed runs, files of bad will."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from conformance.bench.pilot.contract import PilotFault, Status, Stimulus
from conformance.bench.pilot.files import FilesPilot

FETCH = Stimulus("s1", "mail.fetch/1", {"mailbox": "p@x.fr"})
DONE = b'{"api":"pilot/1","id":"s1","status":"done","data":{}}'


def test_a_request_is_dropped_and_its_answer_awaited(tmp_path: Path) -> None:
    """The file of the request holds the contract's bytes and appears whole; the answer may come later."""

    async def run() -> tuple[Status, Status]:
        pilot = FilesPilot(tmp_path, timeout=3.0)
        asking = asyncio.ensure_future(pilot.stimulate(FETCH))
        while not (tmp_path / "requests" / "s1.json").exists():
            await asyncio.sleep(0.02)
        told = json.loads((tmp_path / "requests" / "s1.json").read_bytes())
        assert told == {
            "api": "pilot/1",
            "call": "stimulus",
            "id": "s1",
            "kind": "mail.fetch/1",
            "payload": {"mailbox": "p@x.fr"},
        }
        (tmp_path / "answers" / "s1.json").write_bytes(DONE)
        return (await asking).status, (await pilot.poll("s1", "mail.fetch/1")).status

    assert asyncio.run(run()) == (Status.DONE, Status.DONE)
    assert [p.name for p in (tmp_path / "requests").iterdir()] == ["s1.json"]


def test_without_an_answer_it_is_pending_and_nothing_was_heard(tmp_path: Path) -> None:
    """Silence is `pending`, with no bytes to record."""
    answer = asyncio.run(FilesPilot(tmp_path, timeout=0.2).stimulate(FETCH))
    assert (answer.status, answer.raw) == (Status.PENDING, b"")


def test_a_run_that_goes_on_finds_the_answer(tmp_path: Path) -> None:
    """An answer that came between two runs is read without a new request; an old request is not written again."""
    asyncio.run(FilesPilot(tmp_path, timeout=0.1).stimulate(FETCH))
    request = tmp_path / "requests" / "s1.json"
    before = request.stat().st_mtime_ns
    asyncio.run(FilesPilot(tmp_path, timeout=0.1).stimulate(FETCH))
    assert request.stat().st_mtime_ns == before
    request.unlink()
    (tmp_path / "answers" / "s1.json").write_bytes(DONE)
    assert asyncio.run(FilesPilot(tmp_path, timeout=0.1).stimulate(FETCH)).status is Status.DONE
    assert not request.exists()


def test_capabilities_are_a_file(tmp_path: Path) -> None:
    """`capabilities.json`; without it the adapter is unreachable."""
    with pytest.raises(PilotFault) as caught:
        asyncio.run(FilesPilot(tmp_path).capabilities())
    assert caught.value.failure == "pilot-unreachable"
    (tmp_path / "capabilities.json").write_bytes(b'{"api":"pilot/1","kinds":["mail.fetch/1"]}')
    assert asyncio.run(FilesPilot(tmp_path).capabilities()) == {"mail.fetch/1"}


def test_a_folder_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    """The folder is the adapter's to make."""
    with pytest.raises(PilotFault) as caught:
        asyncio.run(FilesPilot(tmp_path / "absent", timeout=0.1).stimulate(FETCH))
    assert caught.value.failure == "pilot-unreachable"


@pytest.mark.parametrize(
    ("raw", "failure"),
    [
        (DONE[:20], "pilot-garbage"),
        (b"", "pilot-garbage"),
        (DONE.replace(b"s1", b"s2"), "pilot-schema"),
        (b" " * (16 * 1024 * 1024 + 1), "pilot-garbage"),
    ],
)
def test_bad_files(tmp_path: Path, raw: bytes, failure: str) -> None:
    """Half a file, an empty one, another's answer, a huge one."""
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "s1.json").write_bytes(raw)
    with pytest.raises(PilotFault) as caught:
        asyncio.run(FilesPilot(tmp_path, timeout=0.1).stimulate(FETCH))
    assert caught.value.failure == failure


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link out of the folder is not an answer."""
    (tmp_path / "answers").mkdir()
    (tmp_path / "secret.json").write_bytes(DONE)
    (tmp_path / "answers" / "s1.json").symlink_to(tmp_path / "secret.json")
    assert asyncio.run(FilesPilot(tmp_path, timeout=0.1).stimulate(FETCH)).status is Status.PENDING

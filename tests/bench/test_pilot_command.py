"""The pilot that is a program: what it reads and writes, and how a bad one ends."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from conformance.bench.pilot.command import CommandPilot
from conformance.bench.pilot.contract import PilotFault, Query, Status, Stimulus

T = TypeVar("T")
FETCH = Stimulus("s1", "mail.fetch/1", {"mailbox": "p@x.fr"})
ECHO = """
import json, sys
for n, line in enumerate(sys.stdin):
    asked = json.loads(line)
    if asked["call"] == "capabilities":
        print(json.dumps({"api": "pilot/1", "kinds": ["mail.fetch/1"]}), flush=True)
        continue
    reason = f"{asked['call']} {n}"
    print(json.dumps({"api": "pilot/1", "id": asked["id"], "status": "done", "reason": reason, "data": {}}), flush=True)
"""


def call(program: str, what: Callable[[CommandPilot], Awaitable[T]], *, keep: bool = False, timeout: float = 5.0) -> T:
    """One call of a Python program given as text."""

    async def run() -> T:
        pilot = CommandPilot([sys.executable, "-c", program], keep=keep, timeout=timeout)
        try:
            return await what(pilot)
        finally:
            await pilot.close()

    return asyncio.run(run())


def failure(program: str, *, keep: bool = False, timeout: float = 5.0) -> PilotFault:
    """The fault of a stimulus that must fail."""
    with pytest.raises(PilotFault) as caught:
        call(program, lambda p: p.stimulate(FETCH), keep=keep, timeout=timeout)
    return caught.value


def test_one_process_a_call() -> None:
    """Each call has its own process, which sees the first line of its own stdin and its end."""

    async def twice(pilot: CommandPilot) -> list[str]:
        found = await pilot.capabilities()
        assert found == {"mail.fetch/1"}
        return [(await pilot.stimulate(FETCH)).reason, (await pilot.poll("s1")).reason]

    assert call(ECHO, twice) == ["stimulus 0", "poll 0"]


def test_one_process_kept() -> None:
    """With `keep`, the same process answers line after line, also to calls made together."""

    async def several(pilot: CommandPilot) -> list[str]:
        asked = [pilot.stimulate(FETCH), pilot.stimulate(FETCH), pilot.poll("s1")]
        return [answer.reason for answer in await asyncio.gather(*asked)]

    assert sorted(call(ECHO, several, keep=True)) == ["poll 2", "stimulus 0", "stimulus 1"]


def test_no_shell_reads_the_command() -> None:
    """What a shell would expand reaches the program as it is written."""
    program = "import json,sys;print(json.dumps({'api':'pilot/1','id':'s1','status':'refused','reason':sys.argv[1]}))"

    async def run() -> str:
        pilot = CommandPilot([sys.executable, "-c", program, "$(id); echo * | cat"])
        return (await pilot.stimulate(FETCH)).reason

    assert asyncio.run(run()) == "$(id); echo * | cat"


def test_a_missing_program_is_unreachable() -> None:
    """The program's name is told."""

    async def run() -> None:
        await CommandPilot(["no-such-program-here"]).stimulate(FETCH)

    with pytest.raises(PilotFault) as caught:
        asyncio.run(run())
    assert caught.value.failure == "pilot-unreachable"
    assert "no-such-program-here" in caught.value.detail


def test_a_crash_is_told_with_the_end_of_stderr() -> None:
    """A program that ends without a word: unreachable, with the last it said on stderr, bounded."""
    fault = failure("import sys; sys.stderr.write('x' * 10**6 + 'the reason'); sys.exit(3)")
    assert fault.failure == "pilot-unreachable"
    assert fault.detail.endswith("the reason") or "xxx" in fault.detail
    assert len(fault.detail) <= 2000


def test_a_flood_on_stderr_does_not_block() -> None:
    """What is written on stderr is drained while the answer is awaited."""
    program = "import sys; sys.stderr.write('x' * 5 * 10**6)\n" + ECHO
    assert call(program, lambda p: p.stimulate(FETCH)).status is Status.DONE


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("print('ready')", "pilot-garbage"),
        ("""print('{"api":"pilot/1","id":"other","status":"done"}')""", "pilot-schema"),
        ("""print('{"api":"pilot/1","id":"s1","status":"fine"}')""", "pilot-schema"),
        ("print('x' * (17 * 1024 * 1024))", "pilot-garbage"),
    ],
)
@pytest.mark.parametrize("keep", [False, True])
def test_bad_answers(program: str, expected: str, keep: bool) -> None:
    """Not JSON, another id, an unknown status, a line without end."""
    assert failure(program, keep=keep).failure == expected


@pytest.mark.parametrize("keep", [False, True])
def test_a_timeout_kills_the_whole_group(tmp_path: Path, keep: bool) -> None:
    """A program that hangs is killed with the child it had started, even when both ignore SIGTERM."""
    note = tmp_path / "pids"
    program = (
        "import os,signal,subprocess,sys,time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)\n"
    )
    assert failure(program, keep=keep, timeout=2.5).failure == "pilot-timeout"
    for pid in map(int, note.read_text().split()):
        for _ in range(100):  # a signal sent is not a death yet
            if not _alive(pid):
                break
            time.sleep(0.05)
        assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # a child nobody has reaped yet is dead all the same
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_kept_program_that_dies_is_started_again() -> None:
    """One answer, then death: the next call has a new process."""
    program = ECHO.replace("for n, line in enumerate(sys.stdin):", "for n, line in enumerate([sys.stdin.readline()]):")

    async def twice(pilot: CommandPilot) -> list[str]:
        first = (await pilot.stimulate(FETCH)).reason
        await asyncio.sleep(0.3)
        return [first, (await pilot.query(Query("q1", "session.read/1", {"session": "s"}))).reason]

    assert call(program, twice, keep=True) == ["stimulus 0", "query 0"]

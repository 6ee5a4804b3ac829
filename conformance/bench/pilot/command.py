"""A pilot that is a program: one process a call, or one process kept, speaking JSON a line on stdin and stdout."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from conformance.bench.pilot import contract
from conformance.bench.pilot.base import CAPABILITIES
from conformance.bench.pilot.contract import API, Answer, Capabilities, PilotFault, Query, Stimulus
from conformance.standards.pilot.syntax import LARGEST, write

COMPLAINT = 4096
"""Bytes kept of what the program says last on stderr."""

STOP_SECONDS = 2.0


class CommandPilot:
    """`command` is run as it is, without a shell, in `folder`, in a process group of its own.

    Each call writes one line of JSON (with `call`: `capabilities`, `stimulus`, `query`, `poll`) and reads one line.
    With `keep` one process serves every call, one at a time, until `close`; otherwise each call has its own, whose
    stdin is then closed. A call that lasts over `timeout` seconds ends with the death of the whole group.
    """

    transport: ClassVar[str] = "command"
    polls: ClassVar[bool] = True
    few_cases: ClassVar[bool] = False

    def __init__(
        self, command: Sequence[str], *, folder: Path | None = None, keep: bool = False, timeout: float = 10.0
    ) -> None:
        self._command = tuple(command)
        self._folder = folder
        self._keep = keep
        self._timeout = timeout
        self._turn = asyncio.Lock()
        self._running: _Program | None = None

    async def capabilities(self) -> Capabilities:
        """See `Pilot`."""
        return contract.capabilities(await self._call(CAPABILITIES))

    async def stimulate(self, stimulus: Stimulus) -> Answer:
        """See `Pilot`."""
        return contract.answer(await self._call(contract.request(stimulus, call=True)), stimulus.id, stimulus.kind)

    async def query(self, query: Query) -> Answer:
        """See `Pilot`."""
        return contract.answer(await self._call(contract.request(query, call=True)), query.id, query.kind)

    async def poll(self, id: str, kind: str | None = None) -> Answer:
        """See `Pilot`."""
        return contract.answer(await self._call(write({"api": API, "call": "poll", "id": id})), id, kind)

    async def close(self) -> None:
        """Stop the process that was kept."""
        program, self._running = self._running, None
        if program is not None:
            await program.stop()

    async def _call(self, line: bytes) -> bytes:
        if not self._keep:
            program = await self._start()
            try:
                return await self._ask(program, line, last=True)
            finally:
                await program.stop()
        async with self._turn:
            if self._running is None or self._running.ended:
                await self.close()
                self._running = await self._start()
            try:
                return await self._ask(self._running, line, last=False)
            except BaseException:
                await self.close()  # what it would still say would answer something else
                raise

    async def _start(self) -> _Program:
        try:
            return await _Program.start(self._command, self._folder)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PilotFault("pilot-unreachable", f"{self._command[0]}: {reason}") from None

    async def _ask(self, program: _Program, line: bytes, *, last: bool) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                raw = await program.ask(line, last=last)
        except TimeoutError:
            raise PilotFault("pilot-timeout", f"{self._timeout} s{program.complaint}") from None
        if len(raw) > LARGEST:
            raise PilotFault("pilot-garbage", f"too-big: over {LARGEST} bytes", raw)
        if not raw:
            raise PilotFault("pilot-unreachable", f"it ended without an answer{program.complaint}")
        return raw


class _Program:
    """One process: a line asked, a line answered, stderr drained and forgotten but for its end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = bytearray()
        self._draining = asyncio.ensure_future(self._drain())

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path | None) -> _Program:
        """Start the process; raises OSError."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, start_new_session=True
        )
        return cls(process)

    @property
    def ended(self) -> bool:
        """Whether the process is over."""
        return self._process.returncode is not None

    @property
    def complaint(self) -> str:
        """What it said last on stderr, to put at the end of a sentence."""
        said = self._said.decode("utf-8", "replace").strip()
        return f": {said}" if said else ""

    async def ask(self, line: bytes, *, last: bool) -> bytes:
        """Write a line and read one: at most one byte over the limit, without its end; empty when there was none."""
        assert self._process.stdin is not None
        with suppress(ConnectionError):  # a program that does not read may still have answered
            self._process.stdin.write(line + b"\n")
            await self._process.stdin.drain()
            if last:
                self._process.stdin.close()
        raw = await self._line()
        if not raw:
            await asyncio.wait([self._draining], timeout=STOP_SECONDS)
        return raw

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        held = bytearray()
        while len(held) <= LARGEST:
            part = await self._process.stdout.read(64 * 1024)
            if not part:
                break
            held += part
            end = held.find(b"\n", len(held) - len(part))
            if end >= 0 and held[:end].strip():
                return bytes(held[:end])
        return bytes(held[: LARGEST + 1]).strip()

    async def stop(self) -> None:
        """End the whole group: asked first, then without a choice."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        for force in (False, True):
            self._signal(force=force)
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
                    break
        self._signal(force=True)  # children that outlived it
        self._draining.cancel()
        await asyncio.wait([self._draining])

    def _signal(self, *, force: bool) -> None:
        """End the group of the process; where there are no groups (Windows), the process."""
        with suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL if force else signal.SIGTERM)
            elif self._process.returncode is None:
                self._process.terminate()

    async def _drain(self) -> None:
        assert self._process.stderr is not None
        while part := await self._process.stderr.read(4096):
            self._said += part
            del self._said[:-COMPLAINT]

"""The admin socket: one JSON object a line, for the bench's own self-test. Closed unless configured."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from conformance.reference.config import Address, ConfigError
from conformance.reference.defects import UnknownDefect
from conformance.reference.platform import RestartNeeded

LINE_LIMIT = 64 * 1024
PURGE_WAIT = 5.0


class AdminError(ValueError):
    """A request that cannot be understood."""


class Served(Protocol):
    """What the socket speaks of: a platform, or an identity repository."""

    defects: tuple[str, ...]

    def switch(self, names: Iterable[str]) -> None:
        """Put exactly these defects in. Raises UnknownDefect, RestartNeeded."""

    async def purge(self, *, wait: float) -> bool:
        """Forget everything; False when what was under way had to be dropped."""
        ...

    def state(self) -> dict[str, object]:
        """Counters and load."""
        ...


class Admin:
    """Answers `ping`, `state`, `defects` and `purge`; every answer has `ok`, and `error` when it is false."""

    def __init__(self, platform: Served) -> None:
        self._platform = platform
        self._server: asyncio.Server | None = None
        self._operations: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, object]]]] = {
            "ping": self._ping,
            "state": self._state,
            "defects": self._defects,
            "purge": self._purge,
        }

    async def start(self, address: Address) -> Address:
        """Listen on a loopback address; returns the real one. Raises ConfigError, OSError."""
        try:
            loopback = ipaddress.ip_address(address.host).is_loopback
        except ValueError:
            loopback = address.host == "localhost"
        if not loopback:
            raise ConfigError("listen.admin", "", f"{address.host} is not a loopback address.", "use 127.0.0.1.")
        self._server = await asyncio.start_server(self._serve, address.host, address.port, limit=LINE_LIMIT)
        port: int = self._server.sockets[0].getsockname()[1]
        return Address(address.host, port)

    async def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line over the limit
            return
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
            operation = request.get("op") if isinstance(request, dict) else None
            if not isinstance(operation, str) or operation not in self._operations:
                raise AdminError(f"op must be one of: {', '.join(self._operations)}")
            return {"ok": True, **await self._operations[operation](request)}
        except json.JSONDecodeError:
            return {"ok": False, "error": "not a JSON object"}
        except (AdminError, UnknownDefect, RestartNeeded) as error:
            return {"ok": False, "error": str(error), "restart": isinstance(error, RestartNeeded)}

    async def _ping(self, request: dict[str, Any]) -> dict[str, object]:
        del request
        return {}

    async def _state(self, request: dict[str, Any]) -> dict[str, object]:
        del request
        return {"state": self._platform.state()}

    async def _defects(self, request: dict[str, Any]) -> dict[str, object]:
        names = request.get("names")
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise AdminError("names must be a list of texts")
        self._platform.switch(names)
        return {"defects": list(self._platform.defects)}

    async def _purge(self, request: dict[str, Any]) -> dict[str, object]:
        wait = request.get("wait", PURGE_WAIT)
        if isinstance(wait, bool) or not isinstance(wait, (int, float)) or not 0 <= wait <= 600:
            raise AdminError("wait must be seconds, 0 to 600")
        return {"finished": await self._platform.purge(wait=float(wait))}

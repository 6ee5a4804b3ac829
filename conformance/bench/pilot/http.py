"""A pilot over HTTP: `GET /capabilities`, `POST /stimuli`, `GET /stimuli/{id}`, `POST /queries`."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import aiohttp

from conformance.bench import clock
from conformance.bench.pilot import contract
from conformance.bench.pilot.contract import Answer, Capabilities, PilotFault, Query, Stimulus
from conformance.errors import InternalError, SetupError
from conformance.standards.pilot.syntax import LARGEST

AGAIN = 3
"""How often what has no effect is tried."""

PAUSE = 0.2
ACCEPTED = (200, 201, 202)


class HttpPilot:
    """`url` is the base address, `token` is sent as a bearer token, `anchors` are PEM files of authorities.

    `timeout` is for one call, in seconds. Redirections are not followed: the token would follow them. Each call has
    a connection of its own. What only reads is tried again when the connection fails; a stimulus only when the
    connection was never made, since an adapter may forget that it has already acted.
    """

    transport: ClassVar[str] = "http"
    polls: ClassVar[bool] = True
    few_cases: ClassVar[bool] = False

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        anchors: Sequence[Path] = (),
        check_hostname: bool = True,
        timeout: float = 10.0,
    ) -> None:
        self._base = url.rstrip("/")
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        self._headers |= {"Authorization": f"Bearer {_bearer(token)}"} if token else {}
        self._tls = _tls(anchors, check_hostname) if url.startswith("https:") else None
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def capabilities(self) -> Capabilities:
        """See `Pilot`."""
        return contract.capabilities(await self._call("GET", "/capabilities", b"", again=True))

    async def stimulate(self, stimulus: Stimulus) -> Answer:
        """See `Pilot`."""
        raw = await self._call("POST", "/stimuli", contract.request(stimulus), again=False)
        return contract.answer(raw, stimulus.id, stimulus.kind)

    async def query(self, query: Query) -> Answer:
        """See `Pilot`."""
        raw = await self._call("POST", "/queries", contract.request(query), again=True)
        return contract.answer(raw, query.id, query.kind)

    async def poll(self, id: str, kind: str | None = None) -> Answer:
        """See `Pilot`."""
        raw = await self._call("GET", f"/stimuli/{quote(id, safe='')}", b"", again=True)
        return contract.answer(raw, id, kind)

    async def close(self) -> None:
        """See `Pilot`."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, path: str, body: bytes, *, again: bool) -> bytes:
        for left in range(AGAIN - 1, -1, -1):
            try:
                return await self._once(method, path, body)
            except TimeoutError:
                raise PilotFault("pilot-timeout", f"{method} {path}: {self._timeout} s") from None
            except aiohttp.ClientConnectorCertificateError as error:
                raise PilotFault("pilot-unreachable", f"certificate: {error.certificate_error}") from None
            except aiohttp.ClientConnectorError as error:
                fault = PilotFault("pilot-unreachable", f"{error.os_error.strerror or error.os_error}")
            except (aiohttp.ClientError, OSError) as error:
                fault = PilotFault("pilot-unreachable", f"{type(error).__name__}: the connection was cut")
                if not again:
                    raise fault from None
            if not left:
                raise fault
            await clock.sleep(PAUSE)
        raise InternalError("pilot.no-try")

    async def _once(self, method: str, path: str, body: bytes) -> bytes:
        session = self._session = self._session or aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ssl=True if self._tls is None else self._tls),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        headers = {"Content-Type": "application/json"} if body else {}
        async with asyncio.timeout(self._timeout):
            async with session.request(
                method, self._base + path, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                raw = await _bounded(response)
                if response.status in ACCEPTED:
                    return raw
                status = f"HTTP {response.status}"
                if 300 <= response.status < 400:
                    status += " (redirections are not followed)"
                raise PilotFault("pilot-garbage", f"{method} {path}: {status}", raw)


def _bearer(token: str) -> str:
    token = token.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise SetupError("pilot.bad-token")
    return token


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    held = bytearray()
    async for part in response.content.iter_chunked(64 * 1024):
        held += part
        if len(held) > LARGEST:
            raise PilotFault("pilot-garbage", f"too-big: over {LARGEST} bytes", bytes(held[: PilotFault.KEPT]))
    return bytes(held)


def _tls(anchors: Sequence[Path], check_hostname: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = check_hostname
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for path in anchors:
        try:
            context.load_verify_locations(cafile=str(path))
        except (ssl.SSLError, OSError) as error:
            raise SetupError("pki.unreadable", where=str(path), reason=error) from None
    return context

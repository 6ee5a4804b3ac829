"""The base of the services that speak HTTP: bounded bodies, connection facts, every request and answer recorded."""

from __future__ import annotations

import asyncio
import re
import weakref
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from aiohttp import ClientError, web
from aiohttp.abc import AbstractAccessLogger

from conformance.bench.listening import Listener, bind, connection_facts
from conformance.bench.service import Call, Reply, Service, Site
from conformance.evidence.values import Direction, Fact

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes of one request; more is answered 413 and not kept."""

KEPT_OF_TOO_BIG = 1024
BODY_SECONDS = 60.0
"""How long a request may take to come in whole."""

_ACTION = re.compile(r'\baction="?([^";]+)')


class HttpService(Service):
    """A service over HTTP or HTTPS. `answer` is what it does; faults are put around it by `configure`."""

    scheme: ClassVar[str] = "https"
    largest_body: ClassVar[int] = LARGEST_BODY

    def __init__(self) -> None:
        super().__init__()
        self._listener: Listener | None = None
        self._server: web.Server | None = None
        self._numbers: weakref.WeakKeyDictionary[asyncio.BaseTransport, int] = weakref.WeakKeyDictionary()

    @abstractmethod
    async def answer(self, call: Call) -> Reply:
        """Answer one request."""

    async def listen(self, site: Site) -> tuple[str, int]:
        self._listener = bind(site.host, site.port)
        service = self

        class Unreadable(AbstractAccessLogger):
            """aiohttp answers by itself what is not HTTP, and only tells its access log."""

            def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
                if response.status == 400 and request.method == "UNKNOWN":
                    service.not_http(request)

        self._server = web.Server(self._handle, access_log_class=Unreadable, lingering_time=0.0)
        self._listener.accept(self._server, site.tls, self._no_handshake)
        return self._listener.host, self._listener.port

    async def stop(self) -> None:
        if self._listener:
            await self._listener.close()
        if self._server:
            await self._server.shutdown(1.0)

    def not_http(self, request: web.BaseRequest) -> None:
        """Record that something came that is not HTTP; its bytes are gone."""
        facts: dict[str, Fact] = {"failure": "not-http", "status": 400}
        transport = request.transport
        number = self._number(transport) if transport else self.site.recorder.connection()
        self.site.recorder.record(self.channel, Direction.FROM_VENDOR, number, b"", facts)

    def _no_handshake(self, facts: dict[str, Fact]) -> None:
        recorder = self.site.recorder
        recorder.record(self.channel, Direction.FROM_VENDOR, recorder.connection(), b"", facts)

    def _number(self, transport: asyncio.BaseTransport) -> int:
        if transport not in self._numbers:
            self._numbers[transport] = self.site.recorder.connection()
        return self._numbers[transport]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.busy += 1
        try:
            return await self._exchange(request)
        finally:
            self.busy -= 1

    async def _exchange(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None:  # the peer has gone already
            return web.Response(status=400)
        number = self._number(transport)
        content_type = request.headers.get("Content-Type", "")
        facts: dict[str, Fact] = {
            **connection_facts(transport),
            "method": request.method,
            "path": request.path[:500],
            "content_type": content_type,
            "soap_action": _soap_action(request.headers, content_type),
        }
        body, failure = await self._read(request)
        if failure:
            facts["failure"] = failure
        call = Call(body, "", request.path, content_type, facts)
        if not failure:
            call = await self.guarded(self.prepared(call)) or call
            facts = {**facts, **call.facts, "transaction": call.transaction}
        heard = self.site.recorder.record(self.channel, Direction.FROM_VENDOR, number, body, facts)
        if failure:
            reply: Reply | None = Reply(b"", 413 if failure == "too-big" else 400)
        elif request.method != "POST":
            reply = Reply(b"", 405)
        else:
            reply = await self.guarded(self.answer(call))
        return await self._send(request, number, heard.id, reply or Reply(b"", 500), close=bool(failure))

    async def prepared(self, call: Call) -> Call:
        """The call with what can be said of it before it is recorded (its transaction); itself by default."""
        return call

    async def _read(self, request: web.BaseRequest) -> tuple[bytes, str]:
        """The body, and why it is not whole (`too-big`, `closed`, `timeout`), empty when it is."""
        chunks: list[bytes] = []
        size = 0
        declared = request.content_length or 0
        if declared > self.largest_body:
            return b"", "too-big"
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.content.iter_any():
                    size += len(chunk)
                    self.site.recorder.touch()
                    chunks.append(chunk)
                    if size > self.largest_body:
                        return b"".join(chunks)[:KEPT_OF_TOO_BIG], "too-big"
        except TimeoutError:
            return b"".join(chunks), "timeout"
        except (ConnectionError, ClientError, web.RequestPayloadError):
            return b"".join(chunks), "closed"
        return b"".join(chunks), ""

    async def _send(
        self, request: web.BaseRequest, number: int, answers: str, reply: Reply, *, close: bool
    ) -> web.StreamResponse:
        sent = reply.body if reply.cut is None else reply.body[: int(len(reply.body) * reply.cut)]
        facts: dict[str, Fact] = {"status": reply.status, "content_type": reply.content_type, **reply.facts}
        self.site.recorder.record(self.channel, Direction.TO_VENDOR, number, sent, facts, answers=answers)
        headers = {"Content-Type": reply.content_type} if reply.content_type else {}
        if reply.cut is None:
            response = web.Response(body=reply.body, status=reply.status, headers=headers)
            if close:
                response.force_close()
            return response
        broken = web.StreamResponse(status=reply.status, headers=headers)
        broken.content_length = len(reply.body)
        await broken.prepare(request)
        await broken.write(sent)
        if request.transport:
            request.transport.close()
        return broken


def _soap_action(headers: Mapping[str, str], content_type: str) -> str:
    """The SOAP action: a header in SOAP 1.1, a parameter of the content type in SOAP 1.2."""
    told = headers.get("SOAPAction", "").strip().strip('"')
    found = _ACTION.search(content_type)
    return told or (found[1] if found else "")

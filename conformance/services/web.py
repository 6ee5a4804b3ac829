"""The base of the services that answer GET and POST as web sites do: queries, headers, redirections, cookies.

What is recorded of a request is what it asked: the query of a GET, the body of a POST. Headers that carry credentials
are told by their kind, never kept.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import parse_qsl

from aiohttp import web

from conformance.bench.listening import connection_facts
from conformance.bench.service import Call, Reply
from conformance.evidence.values import Direction, Fact
from conformance.services.http import HttpService

SMALL_BODY = 256 * 1024
PARAMETERS = 100
"""Parameters of a query or a form; those beyond are not read."""

EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WebCall(Call):
    """A request with its method, its parameters (query and form together, the first of each name) and headers.

    Header names are lower-case.
    """

    method: str = "GET"
    parameters: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    cookies: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class WebReply(Reply):
    """An answer with headers of its own (`Location`, `Set-Cookie`...)."""

    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)


class WebService(HttpService):
    """A service that speaks as a web site. `event` names a request, `serve` answers it."""

    largest_body: ClassVar[int] = SMALL_BODY
    protocol: ClassVar[str]

    @abstractmethod
    def event(self, method: str, path: str) -> str:
        """What a request is (`token`), empty when nothing is there."""

    def about(self, call: WebCall) -> Mapping[str, Fact]:
        """More facts of a request, recorded with it."""
        return {}

    @abstractmethod
    async def serve(self, call: WebCall) -> Reply:
        """Answer one request, faults included."""

    async def answer(self, call: Call) -> Reply:
        assert isinstance(call, WebCall)
        return await self.serve(call)

    async def _exchange(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None:  # the peer has gone already
            return web.Response(status=400)
        number = self._number(transport)
        content_type = request.headers.get("Content-Type", "")
        body, failure = await self._read(request)
        event = self.event(request.method, request.path)
        facts: dict[str, Fact] = {
            **connection_facts(transport),
            "protocol": self.protocol,
            "event": event,
            "method": request.method,
            "path": request.path[:500],
            "content_type": content_type[:200],
        }
        query = request.rel_url.raw_query_string  # as it came: `query_string` is already decoded
        form = "x-www-form-urlencoded" in content_type
        call = WebCall(
            body,
            event,
            request.path,
            content_type,
            facts,
            method=request.method,
            parameters=_parameters(query, body if form else b""),
            headers={name.lower(): value for name, value in request.headers.items()},
            cookies=dict(request.cookies),
        )
        if failure:
            facts["failure"] = failure
        else:
            facts |= self.about(call)
        asked = body if request.method == "POST" else query.encode("utf-8", "replace")
        heard = self.site.recorder.record(self.channel, Direction.FROM_VENDOR, number, asked, facts)
        self.counters[event or "other"] += 1
        reply: Reply | None
        if failure:
            reply = Reply(b"", 413 if failure == "too-big" else 400)
        elif not event:
            reply = Reply(b"", 404)
        elif request.method not in ("GET", "POST", "HEAD"):
            reply = Reply(b"", 405)
        else:
            reply = await self.guarded(self.answer(call))
        reply = reply or Reply(b"", 500)
        told: dict[str, Fact] = {"protocol": self.protocol, "event": event}
        return await self._respond(request, number, heard.id, reply, told, close=bool(failure))

    async def _respond(
        self,
        request: web.BaseRequest,
        number: int,
        answers: str,
        reply: Reply,
        told: Mapping[str, Fact],
        *,
        close: bool,
    ) -> web.StreamResponse:
        if reply.cut is not None:
            marked = Reply(reply.body, reply.status, reply.content_type, {**told, **reply.facts}, reply.cut)
            return await self._send(request, number, answers, marked, close=close)
        facts: dict[str, Fact] = {"status": reply.status, "content_type": reply.content_type, **told, **reply.facts}
        headers = dict(reply.headers) if isinstance(reply, WebReply) else {}
        if "Location" in headers:
            facts["location"] = headers["Location"][:4000]
        self.site.recorder.record(self.channel, Direction.TO_VENDOR, number, reply.body, facts, answers=answers)
        if reply.content_type:
            headers["Content-Type"] = reply.content_type
        response = web.Response(body=reply.body, status=reply.status, headers=headers)
        if close:
            response.force_close()
        return response


def _parameters(query: str, form: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for text in (query, form.decode("utf-8", "replace")):
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PARAMETERS)
        except ValueError:
            continue
        for name, value in pairs:
            found.setdefault(name, value)
    return found

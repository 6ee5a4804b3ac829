"""The Pilot API over HTTP on loopback: capabilities, stimuli that act once by id, queries; a bearer token opens it."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

log = logging.getLogger("reference.pilot")

API = "pilot/1"
LIMIT = 32 * 1024 * 1024
KEPT = 5_000
PATIENCE = 3.0
"""Seconds after which a stimulus that still acts is answered `pending`: the caller asks again."""
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class Refusal(Exception):
    """The platform does not do what was asked: why, for a person."""


class Unsupported(Exception):
    """The pilot cannot ask the platform for this."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the id of the stimulus or query, whom it is about, its payload."""

    id: str
    kind: str
    subject: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Mapping[str, Any]]]
"""Acts or reads, returns the data of the answer; raises Refusal, Unsupported."""


class PilotServer:
    """Serves the handlers by kind. `product` and `version` are what the pilot says it drives."""

    def __init__(
        self,
        token: str,
        stimuli: Mapping[str, Handler],
        queries: Mapping[str, Handler],
        *,
        product: str,
        version: str,
    ) -> None:
        self._token = token
        self._stimuli = stimuli
        self._queries = queries
        self._about = {"product": product[:200], "version": version[:200]}
        self._acting: OrderedDict[str, asyncio.Task[dict[str, Any]]] = OrderedDict()
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen; the base address. Raises OSError."""
        application = web.Application(client_max_size=LIMIT, middlewares=[self._guard])
        application.add_routes(
            [
                web.get("/capabilities", self._capabilities),
                web.post("/stimuli", self._stimulus),
                web.get("/stimuli/{id}", self._poll),
                web.post("/queries", self._query),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the port and drop what is acting."""
        if self._runner is not None:
            await self._runner.cleanup()
        self.forget()

    def forget(self) -> None:
        """Forget every answer; what still acts is dropped."""
        for task in self._acting.values():
            task.cancel()
        self._acting.clear()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return web.json_response({"error": "a token is needed"}, status=401, headers={"WWW-Authenticate": "Bearer"})
        return await handler(request)

    async def _capabilities(self, request: web.Request) -> web.StreamResponse:
        del request
        return web.json_response({"api": API, "kinds": sorted({*self._stimuli, *self._queries}), **self._about})

    async def _stimulus(self, request: web.Request) -> web.StreamResponse:
        asked = await _request(request)
        task = self._acting.get(asked.id)
        if task is None:
            task = self._acting[asked.id] = asyncio.create_task(_carry_out(self._stimuli.get(asked.kind), asked))
            while len(self._acting) > KEPT:
                self._acting.popitem(last=False)[1].cancel()
        return await _told(asked.id, task, PATIENCE)

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["id"]
        if name not in self._acting:
            return web.json_response({"error": "no such stimulus"}, status=404)
        return await _told(name, self._acting[name], 0.0)

    async def _query(self, request: web.Request) -> web.StreamResponse:
        asked = await _request(request)
        return web.json_response(await _carry_out(self._queries.get(asked.kind), asked))


async def _told(name: str, task: asyncio.Task[dict[str, Any]], patience: float) -> web.StreamResponse:
    await asyncio.wait((task,), timeout=patience)
    if not task.done():
        return web.json_response({"api": API, "id": name, "status": "pending", "reason": "still acting"}, status=202)
    if task.cancelled():
        return web.json_response({"api": API, "id": name, "status": "refused", "reason": "dropped"})
    return web.json_response(task.result())


async def _carry_out(handler: Handler | None, asked: Request) -> dict[str, Any]:
    """The answer of a handler; never raises."""
    answer: dict[str, Any] = {"api": API, "id": asked.id}
    try:
        if handler is None:
            raise Unsupported(f"{asked.kind} is not a thing this platform has")
        return {**answer, "status": "done", "data": dict(await handler(asked))}
    except Unsupported as cannot:
        return {**answer, "status": "unsupported", "reason": str(cannot)[:2000]}
    except Refusal as no:
        return {**answer, "status": "refused", "reason": str(no)[:2000]}
    except Exception:
        log.exception("a request of the pilot failed: %s", asked.kind)
        return {**answer, "status": "refused", "reason": "a fault of the platform"}


async def _request(request: web.Request) -> Request:
    """Read a request; raises HTTPBadRequest."""
    try:
        found = json.loads(await request.read())
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("api") != API:
        raise web.HTTPBadRequest(text=f"not a request of {API}")
    name, kind, payload, subject = (found.get(k) for k in ("id", "kind", "payload", "subject"))
    subject = {} if subject is None else subject
    if not isinstance(name, str) or not ID.fullmatch(name) or not isinstance(kind, str):
        raise web.HTTPBadRequest(text="id and kind are needed")
    if not isinstance(payload, dict) or not isinstance(subject, dict):
        raise web.HTTPBadRequest(text="payload and subject are objects")
    return Request(name, kind, {str(k): str(v) for k, v in subject.items()}, payload)

"""The browser of the bench, in front of literal answers of a socket."""

from __future__ import annotations

import asyncio

from literal_pilot import http, literal

from conformance.bench.clock import Clock
from conformance.bench.recorder import Recorder
from conformance.bench.user_agent import HOPS, LARGEST_PAGE, UserAgent
from conformance.evidence.values import Direction, Exchange, Sent


def opened(url: str, *more: str, seconds: float = 3.0) -> tuple[list[Sent], list[Exchange]]:
    """Pages opened one after the other in one browser, and what was recorded."""
    kept: list[Exchange] = []

    async def go() -> list[Sent]:
        agent = UserAgent(Recorder(Clock(), kept.append), seconds)
        return [(await agent.open(place, f"p{n}"))[0] for n, place in enumerate((url, *more))]

    return asyncio.run(go()), kept


def test_redirections_are_followed_and_cookies_kept() -> None:
    """Relative places too; the cookie comes back with the next request, by IP address as well."""
    away = http(b"", "302 Found", "Location: /next?a=1%2B2", "Set-Cookie: S=1; Path=/")
    with literal(away, http(b"<p>Bonjour</p>")) as server:
        (sent, again), kept = opened(f"{server.url}/start", f"{server.url}/start")
    assert (sent.failure, again.failure) == (None, None)
    assert server.seen[1].startswith(b"GET /next?a=1%2B2 ")
    assert b"Cookie: S=1" in server.seen[1]
    assert b"Cookie: S=1" in server.seen[2]
    last = next(x for x in kept if x.id == sent.answer)
    assert (last.body, last.facts["status"], last.direction) == (b"<p>Bonjour</p>", 200, Direction.FROM_VENDOR)


def test_a_loop_ends() -> None:
    """A page that leads to itself is left after a few turns."""
    with literal(http(b"", "302 Found", "Location: /again")) as server:
        (sent,), _ = opened(f"{server.url}/again")
    assert sent.failure == "too-many-redirects"
    assert len(server.seen) == HOPS


def test_an_application_takes_over_by_its_own_scheme() -> None:
    """A native product's scheme is not ours to open: the browser has done its part."""
    with literal(http(b"", "302 Found", "Location: fr.example.pfi:/cb?code=1")) as server:
        (sent,), kept = opened(server.url)
    assert sent.failure is None
    assert kept[-1].facts["location"] == "fr.example.pfi:/cb?code=1"


def test_servers_that_say_nothing_good_are_failures() -> None:
    """Nobody there, nobody speaking, not HTTP, not an address: told, never raised."""
    with literal(None) as server:
        assert opened(server.url, seconds=0.5)[0][0].failure == "timeout"
    with literal(b"MSH|^~\\&|\r\n\r\n") as server:
        assert opened(server.url)[0][0].failure == "unreachable"
    gone = server.url
    assert opened(gone)[0][0].failure == "unreachable"
    assert opened("http://[broken")[0][0].failure == "garbage"
    with literal(http(b"", "302 Found", "Location: http://[broken")) as server:
        assert opened(server.url)[0][0].failure == "garbage"


def test_a_page_is_read_up_to_a_bound() -> None:
    """An endless page costs its first part only."""
    with literal(http(b"x" * (LARGEST_PAGE * 3))) as server:
        (sent,), kept = opened(server.url)
    assert sent.failure is None
    assert 0 < len(kept[-1].body) <= LARGEST_PAGE

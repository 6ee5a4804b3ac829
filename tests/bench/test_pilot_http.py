"""The pilot over HTTP against literal servers: good ones, slow ones, liars."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TypeVar

import pytest
from literal_pilot import http, literal

from conformance.bench.pilot.contract import PilotFault, Query, Status, Stimulus
from conformance.bench.pilot.http import HttpPilot
from conformance.bench.pki import Pki, export
from conformance.errors import SetupError

T = TypeVar("T")

DONE = b'{"api":"pilot/1","id":"s1","status":"done","data":{}}'
FETCH = Stimulus("s1", "mail.fetch/1", {"mailbox": "p@x.fr"})
LOG = Query("s1", "log.read/1")
READ = b'{"api":"pilot/1","id":"s1","status":"done","data":{"cursor":"1","entries":[]}}'
TOKEN = "t0ken-of-the-test"


def call(url: str, what: Callable[[HttpPilot], Awaitable[T]], **options: object) -> T:
    """One call of a pilot made for it."""

    async def run() -> T:
        pilot = HttpPilot(url, TOKEN, timeout=1.0, **options)  # type: ignore[arg-type]
        try:
            return await what(pilot)
        finally:
            await pilot.close()

    return asyncio.run(run())


def failure(url: str, what: Callable[[HttpPilot], Awaitable[object]] = lambda p: p.stimulate(FETCH)) -> PilotFault:
    """The fault of a call that must fail; the token is never in it."""
    with pytest.raises(PilotFault) as caught:
        call(url, what)
    assert TOKEN not in str(caught.value)
    assert TOKEN.encode() not in caught.value.raw
    return caught.value


def test_what_goes_on_the_wire() -> None:
    """The request line, the bearer token and the body of a stimulus, as the contract says."""
    with literal(http(DONE)) as server:
        assert call(server.url + "/base/", lambda p: p.stimulate(FETCH)).status is Status.DONE
    head, _, body = server.seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /base/stimuli HTTP/1.1\r\n")
    assert b"Authorization: Bearer t0ken-of-the-test\r\n" in head + b"\r\n"
    assert b"Content-Type: application/json" in head
    assert body == b'{"api":"pilot/1","id":"s1","kind":"mail.fetch/1","payload":{"mailbox":"p@x.fr"}}'


def test_the_other_addresses() -> None:
    """Capabilities, a query and a poll go where the contract says."""
    with literal(http(b'{"api":"pilot/1","kinds":["log.read/1"]}'), http(READ), http(DONE, "202 Accepted")) as server:
        assert call(server.url, lambda p: p.capabilities()) == {"log.read/1"}
        assert call(server.url, lambda p: p.query(LOG)).data["cursor"] == "1"
        assert call(server.url, lambda p: p.poll("s1")).status is Status.DONE
    lines = [seen.split(b"\r\n")[0] for seen in server.seen]
    assert lines == [b"GET /capabilities HTTP/1.1", b"POST /queries HTTP/1.1", b"GET /stimuli/s1 HTTP/1.1"]


def test_a_redirection_is_not_followed() -> None:
    """The token never goes elsewhere: a redirection is garbage, the other server hears nothing."""
    with literal(http(DONE)) as other, literal(http(b"", "307 Moved", f"Location: {other.url}/stimuli")) as server:
        fault = failure(server.url)
        assert fault.failure == "pilot-garbage"
        assert "307" in fault.detail
        assert other.seen == []


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "500 Oops", "204 No Content"])
def test_another_http_status_is_garbage(status: str) -> None:
    """Only 200, 201 and 202 carry an answer; the status is told."""
    with literal(http(DONE, status) if not status.startswith("204") else b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        fault = failure(server.url)
    assert fault.failure == "pilot-garbage"
    assert status[:3] in fault.detail


def test_nobody_there_is_unreachable() -> None:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert failure(f"http://127.0.0.1:{port}").failure == "pilot-unreachable"


def test_silence_is_a_timeout() -> None:
    """A server that takes the request and says nothing."""
    with literal(None) as server:
        assert failure(server.url).failure == "pilot-timeout"
        assert len(server.seen) == 1


def test_an_endless_answer_is_cut() -> None:
    """An answer that never ends stops at the limit, and only a little of it is kept."""
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n" + b" " * 17_000_000
    with literal(huge) as server:
        fault = failure(server.url)
    assert fault.failure in ("pilot-garbage", "pilot-timeout")
    assert len(fault.raw) <= PilotFault.KEPT


def test_a_compressed_answer_is_not_opened() -> None:
    """Nobody asked for gzip: a small message cannot become a large one."""
    bomb = gzip.compress(b" " * 50_000_000)
    with literal(http(bomb, "200 OK", "Content-Encoding: gzip")) as server:
        assert failure(server.url).failure == "pilot-garbage"


def test_a_stimulus_cut_after_it_was_sent_is_not_sent_again() -> None:
    """It may have acted: only what reads is tried again."""
    with literal(http(DONE)[:30], http(DONE)) as server:
        assert failure(server.url).failure == "pilot-unreachable"
        assert len(server.seen) == 1
    with literal(http(READ)[:30], http(READ)) as server:
        assert call(server.url, lambda p: p.query(LOG)).status is Status.DONE
        assert len(server.seen) == 2


def test_the_answer_of_another_id_is_refused() -> None:
    """An adapter that mixes its answers is `pilot-schema`."""
    with literal(http(DONE.replace(b"s1", b"s2"))) as server:
        assert failure(server.url).failure == "pilot-schema"


def test_a_token_that_cannot_be_a_header() -> None:
    """A token of two lines is told before anything is sent."""
    with pytest.raises(SetupError) as caught:
        HttpPilot("http://127.0.0.1:1", "abc\r\nX-Evil: 1")
    assert caught.value.id == "pilot.bad-token"


class _Good(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Capabilities."""
        body = b'{"api":"pilot/1","kinds":[]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_https_is_believed_only_under_a_known_authority(pki: Pki, tmp_path: Path) -> None:
    """The certificate must be under the machine's authorities or the anchors given, and of the right name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*export(tmp_path, "server", pki.server(["localhost", "127.0.0.1"])))
    anchors = tmp_path / "anchors.pem"
    anchors.write_bytes(pki.anchors_pem)
    server = HTTPServer(("127.0.0.1", 0), _Good)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"https://127.0.0.1:{server.server_port}"
        assert call(url, lambda p: p.capabilities(), anchors=(anchors,)) == frozenset()
        fault = failure(url, lambda p: p.capabilities())
        assert fault.failure == "pilot-unreachable"
        assert "certificate" in fault.detail
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

"""The links of a target before a run: the failing layer is named, whatever it is."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from conformance.bench.pki import Pki
from conformance.bench.preflight import Check, Layer, preflight
from conformance.bench.target import Endpoint, Listen, Pilot, Target, Vendor
from conformance.bench.tls import client_context
from conformance.texts import all_texts

TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va1",))


@pytest.fixture(scope="module")
def pki() -> Pki:
    """A throw-away authority."""
    return Pki.generate()


def checks(target: Target, pki: Pki) -> list[Check]:
    """What is found, with a short patience."""
    context = client_context(pki.client(), pki.anchors_pem)
    return list(preflight(target, lambda: context, ssl.create_default_context(), timeout=1.0))


@contextmanager
def server(greeting: bytes | None, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port that says something on connection (None: hangs up at once), and its number."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.settimeout(0.05)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = sock.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with connection:
                try:
                    if tls is not None:
                        connection = tls.wrap_socket(connection, server_side=True)
                    if greeting:
                        connection.sendall(greeting)
                    if greeting is not None:
                        connection.settimeout(1.0)
                        connection.recv(1)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        over.set()
        thread.join(2)
        sock.close()


def one(target: Target, pki: Pki) -> tuple[Layer, str]:
    """The layer and the problem of the only link."""
    (found,) = checks(target, pki)
    return found.layer, found.problem


def at(port: int, *, scheme: str = "mllp", host: str = "127.0.0.1") -> Target:
    """A target with one endpoint."""
    endpoint = Endpoint("mllps" if scheme == "mllps" else "mllp", host, port)
    return replace(TARGET, endpoints={"documents": endpoint})


def test_a_name_without_address(pki: Pki) -> None:
    """`.invalid` never resolves (RFC 2606)."""
    assert one(at(2575, host="nowhere.invalid"), pki) == (Layer.NAME, "unknown-name")


def test_nobody_listens(pki: Pki) -> None:
    """A port that is bound and does not listen refuses."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert one(at(sock.getsockname()[1]), pki) == (Layer.ROUTE, "refused")


def test_a_silent_receiver_is_well(pki: Pki) -> None:
    """An MLLP receiver waits for its peer to speak."""
    with server(b"") as port:
        assert one(at(port), pki) == (Layer.PROTOCOL, "")


def test_another_protocol_is_quoted(pki: Pki) -> None:
    """A mail server greets first."""
    with server(b"220 mail.example ESMTP\r\n") as port:
        (found,) = checks(at(port), pki)
    assert (found.layer, found.problem) == (Layer.PROTOCOL, "not-mllp")
    assert found.values["seen"] == "220 mail.example ESMTP"


def test_hanging_up(pki: Pki) -> None:
    """A connection taken then closed."""
    with server(None) as port:
        assert one(at(port), pki) == (Layer.PROTOCOL, "hangs-up")


def test_clear_where_tls_is_told(pki: Pki) -> None:
    """A port in clear answers a ClientHello with anything but TLS."""
    with server(b"220 not TLS\r\n") as port:
        assert one(at(port, scheme="mllps"), pki) == (Layer.TLS, "no-tls")


@pytest.mark.parametrize(
    ("days", "hosts", "problem"),
    [(30, ["127.0.0.1"], ""), (-3, ["127.0.0.1"], "certificate-expired"), (30, ["10.9.9.9"], "certificate-name")],
)
def test_the_certificate_of_the_endpoint(pki: Pki, tmp_path: Path, days: int, hosts: list[str], problem: str) -> None:
    """Expired and of another name are told apart."""
    identity = pki.server(hosts, days=days)
    (tmp_path / "c.pem").write_bytes(identity.certificate_pem + identity.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c.pem")
    with server(b"", tls=context) as port:
        assert one(at(port, scheme="mllps"), pki) == (Layer.IDENTITY, problem)


def test_a_certificate_of_nobody_known(pki: Pki, tmp_path: Path) -> None:
    """Another authority than ours and the anchors of the target."""
    identity = Pki.generate().server(["127.0.0.1"])
    (tmp_path / "c.pem").write_bytes(identity.certificate_pem + identity.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c.pem")
    with server(b"", tls=context) as port:
        assert one(at(port, scheme="mllps"), pki) == (Layer.IDENTITY, "certificate-unknown")


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        (Listen("127.0.0.1", 0), (Layer.ROUTE, "")),
        (Listen("0.0.0.0", 0), (Layer.ROUTE, "everywhere-untold")),
        (Listen("0.0.0.0", 0, advertise="https://nowhere.invalid:1"), (Layer.NAME, "advertised-unknown")),
        (Listen("127.0.0.1", 0, advertise="https://192.0.2.1:1"), (Layer.ROUTE, "advertised-not-listened")),
        (Listen("192.0.2.77", 0), (Layer.ROUTE, "cannot-listen")),
        (Listen("nowhere.invalid", 0), (Layer.NAME, "unknown-name")),
    ],
)
def test_a_service(pki: Pki, listen: Listen, expected: tuple[Layer, str]) -> None:
    """Where it listens, and how it is told (addresses of RFC 5737)."""
    assert one(replace(TARGET, services={"dmp": listen}), pki) == expected


def test_a_port_already_taken(pki: Pki) -> None:
    """Another program holds it."""
    with server(b"") as port:
        listening = replace(TARGET, services={"dmp": Listen("127.0.0.1", port)})
        assert one(listening, pki) == (Layer.ROUTE, "port-taken")


@contextmanager
def pilot(status: int, date: str) -> Iterator[str]:
    """An HTTP pilot that answers so, with this Date."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Date", date)
            self.end_headers()
            self.wfile.write(b'{"api":"pilot/1","kinds":[]}')

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()


@pytest.mark.parametrize(
    ("status", "layer", "problem"),
    [(401, Layer.IDENTITY, "not-let-in"), (404, Layer.PROTOCOL, "no-capabilities"), (200, Layer.IDENTITY, "")],
)
def test_a_pilot(pki: Pki, status: int, layer: Layer, problem: str) -> None:
    """Let in or not, and the right address."""
    with pilot(status, "") as url:
        assert one(replace(TARGET, pilot=Pilot("http", url)), pki) == (layer, problem)


def test_a_clock_an_hour_off(pki: Pki) -> None:
    """The Date of the pilot is far from ours: told, without stopping anything."""
    with pilot(200, "Wed, 25 Nov 2020 12:00:00 GMT") as url:
        well, clock = checks(replace(TARGET, pilot=Pilot("http", url)), pki)
    assert well.problem == ""
    assert (clock.layer, clock.problem, clock.warning) == (Layer.CLOCK, "clock", True)


def test_every_problem_has_its_text_and_remedy() -> None:
    """What is named here can be told."""
    import ast
    import inspect

    import conformance.bench.preflight as module

    words = {
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and f"preflight.{node.value}" in all_texts()
    }
    assert len(words) >= 15
    assert all(all_texts()[f"preflight.{word}"].remedy_fr for word in words)


def test_an_advertised_name_without_address_is_told_before_a_run() -> None:
    """Only the services whose name has no address are told, and as a warning."""
    from conformance.bench.preflight import unresolved

    services = {
        "dmp": Listen(advertise="https://nulle-part.invalid:8443"),
        "mss": Listen(advertise="smtp://localhost:25"),
        "imap": Listen(),
    }
    (told,) = unresolved(replace(TARGET, services=services))
    assert (told.link, told.problem, told.warning) == ("services.dmp", "advertised-unknown", True)
    assert told.values["host"] == "nulle-part.invalid"

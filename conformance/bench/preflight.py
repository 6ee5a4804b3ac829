"""Before a run: each link examined layer by layer (name, route, TLS, protocol, identity), the failing one named.

Nothing of what is sent changes anything in the vendor's system: connections are opened and closed, and an HTTP pilot
is asked what it can do.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from ipaddress import ip_address
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from conformance.bench.clock import now
from conformance.bench.listening import claim
from conformance.bench.target import Endpoint, Listen, Target

TIMEOUT = 5.0
DRIFT = 300
"""Seconds of difference between two clocks that nobody should have."""


class Layer(StrEnum):
    """Where a link may fail, from the nearest to the farthest."""

    NAME = "name"
    ROUTE = "route"
    TLS = "tls"
    PROTOCOL = "protocol"
    IDENTITY = "identity"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Check:
    """One link examined: `link` is its key in the target, `layer` the last one reached.

    `problem` names a text `preflight.<problem>`, empty when all is well; `values` fill it. `warning` marks what does
    not stop a run.
    """

    link: str
    layer: Layer
    problem: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    warning: bool = False


def preflight(
    target: Target, client: Callable[[], ssl.SSLContext], authority: ssl.SSLContext, *, timeout: float = TIMEOUT
) -> Iterator[Check]:
    """Every link of a target, one `Check` each (two when the clock is wrong too).

    `client` makes the context of a connection to an endpoint over TLS; `authority` trusts the bench's own authority.
    """
    for name, endpoint in target.endpoints.items():
        yield _endpoint(f"endpoints.{name}", endpoint, client, timeout, check_hostname=target.check_hostname)
    for name, listen in target.services.items():
        yield _service(f"services.{name}", listen)
    if target.pilot is not None and target.pilot.kind == "http":
        token = target.secrets.get(target.pilot.token_env, "")
        yield from _web("pilot.url", target.pilot.url, token, authority, timeout)


def _resolved(host: str) -> str | None:
    """None when a name has an address, else why not."""
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _endpoint(
    link: str, place: Endpoint, client: Callable[[], ssl.SSLContext], timeout: float, *, check_hostname: bool
) -> Check:
    values: dict[str, object] = {"host": place.host, "port": place.port}
    reason = _resolved(place.host)
    if reason is not None:
        return Check(link, Layer.NAME, "unknown-name", values | {"reason": reason})
    try:
        with socket.create_connection((place.host, place.port), timeout) as connection:
            if place.scheme == "mllp":
                return _talkative(link, connection, values)
            name = place.host if check_hostname else None
            with client().wrap_socket(connection, server_hostname=name) as secure:
                values["version"] = secure.version()
                return Check(link, Layer.IDENTITY, "", values)
    except ssl.SSLCertVerificationError as error:
        return Check(link, Layer.IDENTITY, _certificate(error), values | {"reason": error.verify_message})
    except ssl.SSLError as error:
        return Check(link, Layer.TLS, "no-tls", values | {"reason": error.reason or error})
    except (TimeoutError, OSError) as error:
        return Check(link, Layer.ROUTE, _route(error), values | {"reason": getattr(error, "strerror", None) or error})


def _talkative(link: str, connection: socket.socket, values: dict[str, object]) -> Check:
    """An MLLP receiver says nothing first: what speaks on connection is something else (SMTP, SSH...)."""
    connection.settimeout(0.3)
    try:
        first = connection.recv(64)
    except TimeoutError:
        return Check(link, Layer.PROTOCOL, "", values)
    except OSError as error:
        return Check(link, Layer.PROTOCOL, "hangs-up", values | {"reason": error.strerror or error})
    if not first:
        return Check(link, Layer.PROTOCOL, "hangs-up", values | {"reason": "EOF"})
    said = first.decode("latin-1").strip()
    return Check(link, Layer.PROTOCOL, "not-mllp", values | {"seen": said})


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
        return "certificate-expired"
    if error.verify_code in (62, 63, 64):  # host name, e-mail address, IP address
        return "certificate-name"
    return "certificate-unknown"


def _route(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no-answer"
    return "refused" if error.errno == errno.ECONNREFUSED else "unreachable"


def _service(link: str, listen: Listen) -> Check:
    """A port that can be had, and a name that the product can use."""
    values: dict[str, object] = {"host": listen.host, "port": listen.port}
    reason = _resolved(listen.host)
    if reason is not None:
        return Check(link, Layer.NAME, "unknown-name", values | {"reason": reason})
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        claim(probe)
        try:
            probe.bind((listen.host, listen.port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            problem = "port-taken" if taken else "cannot-listen"
            return Check(link, Layer.ROUTE, problem, values | {"reason": error.strerror or error})
    if listen.advertise is None:
        told = Check(link, Layer.ROUTE, "everywhere-untold", values, warning=True)
        return told if listen.host in ("0.0.0.0", "::") else Check(link, Layer.ROUTE, "", values)
    host = urlsplit(listen.advertise).hostname or ""
    values["advertise"] = listen.advertise
    reason = _resolved(host)
    if reason is not None:
        return Check(link, Layer.NAME, "advertised-unknown", values | {"host": host, "reason": reason})
    if _loopback(listen.host) and not _loopback(host):
        return Check(link, Layer.ROUTE, "advertised-not-listened", values | {"host": host})
    return Check(link, Layer.NAME, "", values)


def unresolved(target: Target) -> Iterator[Check]:
    """The services whose advertised name has no address from here: a product that resolves it otherwise may still use
    it, so a run goes on, but says so first."""
    for name, listen in target.services.items():
        host = urlsplit(listen.advertise or "").hostname
        reason = _resolved(host) if host else None
        if reason is not None:
            values: dict[str, object] = {"host": host, "port": listen.port, "reason": reason}
            yield Check(f"services.{name}", Layer.NAME, "advertised-unknown", values, warning=True)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _web(link: str, url: str, token: str, context: ssl.SSLContext, timeout: float) -> Iterator[Check]:
    """An HTTP pilot: reached, let in, and its clock near ours."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    values: dict[str, object] = {"host": host, "port": parts.port or (443 if parts.scheme == "https" else 80)}
    reason = _resolved(host)
    if reason is not None:
        yield Check(link, Layer.NAME, "unknown-name", values | {"reason": reason})
        return
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asked = Request(f"{url.rstrip('/')}/capabilities", headers=headers)
    secure = context if parts.scheme == "https" else None
    try:
        with urlopen(asked, timeout=timeout, context=secure) as answer:
            date = answer.headers.get("Date", "")
    except HTTPError as error:
        refused = error.code in (401, 403)
        problem, layer = ("not-let-in", Layer.IDENTITY) if refused else ("no-capabilities", Layer.PROTOCOL)
        yield Check(link, layer, problem, values | {"status": error.code})
        return
    except (URLError, OSError, ValueError) as error:
        inner = getattr(error, "reason", error)
        if isinstance(inner, ssl.SSLError):
            yield Check(link, Layer.TLS, "no-tls", values | {"reason": inner.reason or inner})
            return
        fault = inner if isinstance(inner, OSError) else OSError(str(inner))
        yield Check(link, Layer.ROUTE, _route(fault), values | {"reason": fault.strerror or fault})
        return
    yield Check(link, Layer.IDENTITY, "", values)
    drift = _drift(date)
    if drift is not None and abs(drift) > DRIFT:
        yield Check(link, Layer.CLOCK, "clock", values | {"minutes": round(drift / 60)}, warning=True)


def _drift(date: str) -> float | None:
    """Seconds by which a clock told by a `Date` header is ahead of ours; None when it tells nothing."""
    try:
        told = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() - now().timestamp()

"""A product reduced to its sign-in and its accounts: Authlib asks the provider, PyJWT checks the tokens.

Its pilot and its pages are one server of the standard library. `lax` leaves a check out: `issuer`.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import jwt
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

CLIENT, SECRET = "conformance-pfi", "secret-fictif-du-banc-de-test-0001"
KINDS = ["login.psc/1", "session.read/1", "account.create/1", "account.read/1", "login.password/1", "logout/1"]
STATE, NONCE = "state-0123456789abcdef", "nonce-0123456789abcdef"


@dataclass
class RelyingVendor:
    """Accounts and sessions in dictionaries. `discovery` is the provider's document, `trust` its authorities."""

    discovery: str
    trust: ssl.SSLContext
    directory: str = ""
    lax: frozenset[str] = frozenset()
    url: str = ""
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, dict[str, str]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def pilot(self, kind: str, payload: Mapping[str, Any], id: str) -> tuple[str, dict[str, Any]]:
        """Status and data of a stimulus or a query."""
        if kind == "account.create/1":
            account = dict(payload)
            if self.directory and not account.get("rpps"):
                asked = {"family": account["family"], "given": account["given"]}
                found = httpx.get(f"{self.directory}/practitioners", params=asked).json()
                account["rpps"] = found[0]["rpps"] if found else ""
            self.accounts[account["login"]] = account
            return "done", {}
        if kind == "account.read/1":
            held = self.accounts.get(payload["login"])
            names = ("login", "family", "given", "mail", "rpps", "permissions")
            return "done", {"account": held and {"active": True, **{n: held.get(n) or "" for n in names if n in held}}}
        if kind == "login.password/1":
            account = self.accounts.get(payload["login"], {})
            if not account or account.get("password") != payload["password"]:
                return "refused", {}
            self.sessions[id] = {"login": account["login"]}
            return "done", {"session": id}
        if kind == "session.read/1":
            return "done", dict(self.sessions.get(payload["session"], {}))
        if kind == "logout/1":
            self.sessions.pop(payload["session"], None)
            return "done", {"url": self.metadata()["end_session_endpoint"]}
        if kind == "login.psc/1" and payload["mode"] == "web":
            return "done", {"url": f"{self.url}/login?handle={quote(id)}", "session": id}
        return "unsupported", {}

    def metadata(self) -> dict[str, Any]:
        """The provider's discovery document."""
        found: dict[str, Any] = httpx.get(self.discovery, verify=self.trust).raise_for_status().json()
        return found

    def client(self) -> OAuth2Client:
        """Authlib's client."""
        return OAuth2Client(CLIENT, SECRET, redirect_uri=f"{self.url}/callback", scope="openid scope_all",
                            verify=self.trust)  # fmt: skip

    def login(self, handle: str) -> str:
        """Where the browser must go; the handle travels in the state."""
        place = self.metadata()["authorization_endpoint"]
        url, _ = self.client().create_authorization_url(
            place, state=f"{STATE}.{handle}", nonce=NONCE, acr_values="eidas1"
        )
        return str(url)

    def callback(self, url: str) -> None:
        """Exchange, check, open; raises what Authlib and PyJWT raise."""
        query = parse_qs(urlsplit(url).query)
        state = query["state"][0]
        if not state.startswith(f"{STATE}."):
            raise ValueError("another state")
        metadata, client = self.metadata(), self.client()
        token = client.fetch_token(metadata["token_endpoint"], authorization_response=url, state=state)
        keys = jwt.PyJWKSet.from_dict(httpx.get(metadata["jwks_uri"], verify=self.trust).json())
        key = keys[jwt.get_unverified_header(token["id_token"])["kid"]].key
        issuer = None if "issuer" in self.lax else metadata["issuer"]
        claims = jwt.decode(token["id_token"], key, algorithms=["RS256"], audience=CLIENT, issuer=issuer)
        if claims["nonce"] != NONCE or claims["acr"] != "eidas1":
            raise ValueError("another nonce or level")
        national = client.get(metadata["userinfo_endpoint"]).json()["SubjectNameID"]
        account = next(a for a in self.accounts.values() if a.get("rpps") == national[1:])
        self.sessions[state.partition(".")[2]] = {"login": account["login"], "rpps": national[1:]}


def _handler(vendor: RelyingVendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            try:
                if parts.path == "/capabilities":
                    self._answer(200, json.dumps({"api": "pilot/1", "kinds": KINDS}).encode())
                elif parts.path == "/login":
                    self._answer(302, Location=vendor.login(parse_qs(parts.query)["handle"][0]))
                elif parts.path == "/callback":
                    vendor.callback(f"https://pfi.invalid{self.path}")
                    self._answer(200, b"<p>Bonjour</p>")
                else:
                    self._answer(404)
            except (OAuthError, jwt.PyJWTError, ValueError, KeyError, StopIteration, httpx.HTTPError) as error:
                vendor.troubles.append(f"{type(error).__name__}: {error}")
                self._answer(403, b"<p>Non</p>")

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, data = vendor.pilot(asked["kind"], asked["payload"], asked["id"])
            told = {"api": "pilot/1", "id": asked["id"], "status": status, "data": data}
            self._answer(200, json.dumps(told).encode(), **{"Content-Type": "application/json"})

    return Handler


@contextmanager
def relying(vendor: RelyingVendor) -> Iterator[RelyingVendor]:
    """Serve it on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(vendor))
    vendor.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()

"""Peers of the access half of the reference, from outside libraries: a provider (joserfc), a directory, an authority.

Everything is on loopback, on one event loop in a thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.cookiejar
import ipaddress
import json
import os
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from reference_runner import Reference

CLIENT, SECRET = "plateforme-de-test", "secret-de-test-long-de-plus-de-32-octets"
RPPS = "10100000001"
TOKEN = "jeton-du-pilote-de-test"
TOKEN_NAME = "REFERENCE_TEST_PILOT_TOKEN"


class Authority:
    """A root authority that issues server and client certificates, and lists those it revokes."""

    def __init__(self, name: str) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.revoked: list[int] = []
        self.certificate = self._build(self.name, self.key, 30).sign(self.key, hashes.SHA256())

    def issue(self, folder: Path, name: str, *, days: int = 5, server: bool = False) -> tuple[Path, Path]:
        """PEM files of a certificate and its key; a negative `days` makes one that has expired."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = self._build(subject, key, days).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if server:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        files = folder / f"{name}.pem", folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def revoke(self, file: Path) -> None:
        """Put a certificate on the list."""
        self.revoked.append(x509.load_pem_x509_certificate(file.read_bytes()).serial_number)

    def crl(self, *, hours: int = 24) -> bytes:
        """The list in DER, to be renewed in so many hours."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now - timedelta(days=2))
            .next_update(now + timedelta(hours=hours))
        )
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - timedelta(days=2))
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _build(self, subject: x509.Name, key: rsa.RSAPrivateKey, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=subject == self.name, path_length=None), critical=True)
        )


@dataclass
class Provider:
    """An OpenID provider: `change` alters the claims before they are signed, `sign` replaces the signing."""

    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    change: Callable[[dict[str, Any]], dict[str, Any]] = dict
    sign: Callable[[dict[str, Any]], str] | None = None
    state: Callable[[str], str] = str
    person: dict[str, Any] = field(default_factory=dict)
    base: str = ""
    pending: int = 1

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig", "kid": "k1"}, private=True)
        self._codes: dict[str, dict[str, str]] = {}

    def reset(self) -> None:
        """Answer well again, as somebody."""
        self.asked.clear()
        self.change, self.sign, self.state, self.pending = dict, None, str, 1
        self.signs_in(RPPS, "DURAND", "Camille")

    def signs_in(self, rpps: str, family: str, given: str) -> None:
        """Who agrees from now on."""
        self.person = {
            "sub": f"f:1234:8{rpps}",
            "SubjectNameID": f"8{rpps}",
            "family_name": family,
            "given_name": given,
        }

    def of(self, name: str) -> list[dict[str, str]]:
        """What was asked of an endpoint."""
        return [values for asked, values in self.asked if asked == name]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """All endpoints."""
        name = request.path.rpartition("/")[2]
        values = dict(request.query) | {k: str(v) for k, v in (await request.post()).items()}
        values |= {"Authorization": request.headers.get("Authorization", "")}
        self.asked.append((name, values))
        answer: web.StreamResponse = await getattr(self, f"_{name.replace('-', '_')}")(values)
        return answer

    async def _wallet_openid_configuration(self, values: dict[str, str]) -> web.StreamResponse:
        names = {
            "authorization_endpoint": "auth",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "certs",
            "end_session_endpoint": "logout",
            "backchannel_authentication_endpoint": "ciba",
        }
        return web.json_response({"issuer": self.base, **{k: f"{self.base}/{v}" for k, v in names.items()}})

    async def _auth(self, values: dict[str, str]) -> web.StreamResponse:
        code = f"code{len(self._codes)}"
        self._codes[code] = values
        back = urllib.parse.urlencode({"code": code, "state": self.state(values["state"])})
        raise web.HTTPFound(f"{values['redirect_uri']}?{back}")

    async def _token(self, values: dict[str, str]) -> web.StreamResponse:
        kind, _, pair = values["Authorization"].partition(" ")
        if kind != "Basic" or b64decode(pair).decode() != f"{CLIENT}:{SECRET}":
            return web.json_response({"error": "invalid_client"}, status=401)
        nonce = ""
        if values["grant_type"] == "authorization_code":
            begun = self._codes.pop(values["code"])
            digest = urlsafe_b64encode(hashlib.sha256(values["code_verifier"].encode()).digest()).rstrip(b"=").decode()
            if digest != begun["code_challenge"] or values["redirect_uri"] != begun["redirect_uri"]:
                return web.json_response({"error": "invalid_grant"}, status=400)
            nonce = begun["nonce"]
        elif self.pending:
            self.pending -= 1
            return web.json_response({"error": "authorization_pending"}, status=400)
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": self.base, "sub": self.person["sub"], "aud": CLIENT, "iat": now, "exp": now + 120}
        claims = self.change({**claims, "acr": "eidas1", **({"nonce": nonce} if nonce else {})})
        token = self.sign(claims) if self.sign else self.rs256(claims)
        return web.json_response({"access_token": "acces", "token_type": "Bearer", "id_token": token})

    async def _userinfo(self, values: dict[str, str]) -> web.StreamResponse:
        return web.json_response(self.person if values["Authorization"] == "Bearer acces" else {})

    async def _certs(self, values: dict[str, str]) -> web.StreamResponse:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def _ciba(self, values: dict[str, str]) -> web.StreamResponse:
        return web.json_response({"auth_req_id": "demande", "expires_in": 60, "interval": 0.2})

    async def _logout(self, values: dict[str, str]) -> web.StreamResponse:
        return web.Response(text="au revoir")

    def rs256(self, claims: dict[str, Any]) -> str:
        """Signed with the published key."""
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key, algorithms=["RS256"])

    def stranger(self, claims: dict[str, Any]) -> str:
        """Signed with a key that is not published, under the name of the one that is."""
        other = RSAKey.generate_key(2048, {"use": "sig", "kid": "k1"}, private=True)
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, other, algorithms=["RS256"])

    def hs256(self, claims: dict[str, Any], secret: str = SECRET) -> str:
        """Signed with a shared secret."""
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret), algorithms=["HS256"])


@dataclass
class Directory:
    """Accounts and professionals over HTTP; `down` answers 503. It serves the lists of revocation too."""

    accounts: list[dict[str, Any]] = field(default_factory=list)
    known: list[dict[str, str]] = field(default_factory=list)
    searched: list[dict[str, str]] = field(default_factory=list)
    down: bool = False
    crl: Callable[[], bytes | None] = lambda: None

    def reset(self) -> None:
        """Empty and up."""
        self.accounts, self.known, self.down = [], [], False
        self.searched.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """All addresses."""
        if request.path == "/list.crl":
            body = self.crl()
            return web.Response(body=body) if body is not None else web.Response(status=503)
        if request.path == "/practitioners":
            self.searched.append(dict(request.query))
        if self.down:
            return web.Response(status=503)
        if request.path == "/accounts":
            return web.json_response(self.accounts)
        asked = dict(request.query)
        return web.json_response([p for p in self.known if all(p.get(k) == v for k, v in asked.items())])


CONFIG = """
schema = "reference/1"
dsr = "PFI"
[listen]
documents = "mllp://127.0.0.1:0"
admin = "mllp://127.0.0.1:0"
[peers]
dmp = "https://127.0.0.1:1"
returns = "mllp://127.0.0.1:1"
[tls]
ca = "access-ca.pem"
certificate = "plateforme.pem"
key = "plateforme.key"
[organisation]
name = "CENTRE HOSPITALIER FICTIF"
identifier = "1750000018"
responsible = "899700000015"
oid = "1.2.250.1.999.9"
[pilot]
listen = "127.0.0.1:0"
token_env = "{token}"
[psc]
listen = "127.0.0.1:0"
discovery = "{provider}/.well-known/wallet-openid-configuration"
client_id = "{client}"
secret = "{secret}"
[annuaire]
url = "{directory}"
retry = 0.2
[third_party]
listen = "127.0.0.1:0"
ca = "access-ca.pem"
crl = ["{directory}/list.crl"]
"""


class World:
    """The peers and the configuration of a reference that uses them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority, self.foreign = Authority("AC DE TEST DES ACCES"), Authority("AC ETRANGERE")
        self.provider, self.directory = Provider(), Directory()
        ca = self.authority.certificate.public_bytes(serialization.Encoding.PEM)
        (folder / "access-ca.pem").write_bytes(ca)
        server = self.authority.issue(folder, "fournisseur", server=True)
        self.authority.issue(folder, "plateforme", server=True)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(server), self.loop).result(10)
        text = CONFIG.format(
            token=TOKEN_NAME, provider=self.provider.base, client=CLIENT, secret=SECRET, directory=self.address
        )
        self.config = folder / "access.toml"
        self.config.write_text(text, encoding="utf-8")
        self.reset()

    async def _start(self, server: tuple[Path, Path]) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*server)
        self._runners = []
        for handler, tls in ((self.provider.handle, context), (self.directory.handle, None)):
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handler)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
            self._runners.append(runner)
        self.provider.base = f"https://127.0.0.1:{self._runners[0].addresses[0][1]}"
        self.address = f"http://127.0.0.1:{self._runners[1].addresses[0][1]}"

    def reset(self) -> None:
        """Peers as at the start."""
        self.provider.reset()
        self.directory.reset()
        self.directory.crl = self.authority.crl

    def start(self, *defects: str) -> Access:
        """Start a reference."""
        os.environ[TOKEN_NAME] = TOKEN
        return Access(Reference(self.config, *defects), self.folder)

    def stop(self) -> None:
        """End the peers."""
        for runner in self._runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


class Browser:
    """A user agent of the standard library: cookies, redirections, the pages."""

    def __init__(self, folder: Path) -> None:
        context = ssl.create_default_context(cafile=str(folder / "access-ca.pem"))
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(self.jar),
        )

    def open(self, url: str) -> tuple[int, str]:
        """The last page: its status and text."""
        try:
            with self._opener.open(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


class Access:
    """A running reference, seen through its pilot."""

    def __init__(self, reference: Reference, folder: Path) -> None:
        self.reference, self.folder = reference, folder
        self.pilot, self.web = reference.ready["pilot"], reference.ready["web"]
        self.third_party = int(reference.ready["third_party"].rpartition(":")[2])
        self._count = 0

    def call(self, method: str, path: str, body: object = None, token: str = TOKEN) -> tuple[int, Any]:
        """One call of the Pilot API, with the standard library."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.pilot}{path}", data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, None

    def ask(self, path: str, kind: str, payload: dict[str, Any], name: str = "") -> dict[str, Any]:
        """A stimulus or a query, to its end."""
        self._count += 1
        name = name or f"t{self._count}"
        status, answer = self.call("POST", path, {"api": "pilot/1", "id": name, "kind": kind, "payload": payload})
        assert status in (200, 202), status
        while answer["status"] == "pending":
            _, answer = self.call("GET", f"/stimuli/{name}")
        found: dict[str, Any] = answer
        return found

    def act(self, kind: str, /, **payload: Any) -> dict[str, Any]:
        """A stimulus."""
        return self.ask("/stimuli", kind, payload)

    def read(self, kind: str, /, **payload: Any) -> dict[str, Any]:
        """The data of a query."""
        answer = self.ask("/queries", kind, payload)
        assert answer["status"] == "done", answer
        data: dict[str, Any] = answer["data"]
        return data

    def account(self, login: str) -> dict[str, Any]:
        """An account that must be there."""
        found: dict[str, Any] = self.read("account.read/1", login=login)["account"]
        return found

    def traces(self, action: str = "") -> list[dict[str, Any]]:
        """The traces about accounts."""
        entries = self.read("log.read/1", kind="account")["entries"]
        return [e for e in entries if not action or e["action"] == action]

    def browse(self, url: str = "") -> tuple[int, str, Browser]:
        """Sign in with a browser; the last page."""
        browser = Browser(self.folder)
        return (*browser.open(url or f"{self.web}/login"), browser)

"""The provider on its socket: endpoints of two issuers, settings, faults. What it answers is in `endpoints`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from conformance.bench.service import Call, Handler, Reply, Site
from conformance.bench.tls import server_context
from conformance.errors import InternalError
from conformance.evidence.values import Fact
from conformance.services import faults
from conformance.services.psc.claims import Professional
from conformance.services.psc.endpoints import Endpoints, credentials
from conformance.services.psc.grants import Grants
from conformance.services.psc.tokens import LABELS, Signer
from conformance.services.web import WebCall, WebService

ISSUERS: Mapping[str, str] = MappingProxyType({"psc": "/auth/realms/esante-wallet", "generic": "/realms/etablissement"})
"""Provider -> path of its issuer."""

OPENID = "/protocol/openid-connect/"
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        f"{OPENID}auth": "authorize",
        f"{OPENID}token": "token",
        f"{OPENID}userinfo": "userinfo",
        f"{OPENID}certs": "certs",
        f"{OPENID}logout": "logout",
        f"{OPENID}token/introspect": "introspect",
        f"{OPENID}ext/ciba/auth": "ciba",
        "/.well-known/openid-configuration": "discovery",
        "/.well-known/wallet-openid-configuration": "discovery",
    }
)
"""End of a path, below the issuer's -> the name of the request."""

EVERY = " ".join(sorted({*EVENTS.values()}))


class PscService(WebService):
    """Settings: `rpps`, `family`, `given` of who signs in; what goes wrong in `token` (`tokens.LABELS`), `state`
    (`same`, `wrong`), `error` (an OAuth code); `fault` (`success`, `down`, `slow`, `cut`) on the requests of `on`.

    `live` is `no` when every sign-in comes from a browser of its own. `client`, `secret` are the client's;
    `access-seconds`, `refresh-seconds` lifetimes; `algorithm` RS256 or HS256; `ciba-polls` how often a CIBA client is
    told to wait.
    """

    name: ClassVar[str] = "psc"
    channel: ClassVar[str] = "psc"
    protocol: ClassVar[str] = "oidc"
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "fault": "success",
            "on": EVERY,
            "delay": "5",
            "share": "0.5",
            "spare": "",
            "token": "good",
            "state": "same",
            "error": "",
            "live": "yes",
            "rpps": "01234567897",
            "family": "REAULT",
            "given": "Pierre",
            "client": "conformance-pfi",
            "secret": "secret-fictif-du-banc-de-test-0001",
            "algorithm": "RS256",
            "access-seconds": "120",
            "refresh-seconds": "1500",
            "ciba-polls": "1",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.signer = Signer()
        self.grants = Grants()
        self._endpoints = Endpoints(self)
        self._handler: Handler = self._plain

    async def listen(self, site: Site) -> tuple[str, int]:
        if site.pki is None:
            raise InternalError("bench.not-started")
        hosts = site.hosts or (site.host, "localhost")
        context = server_context(site.identity or site.pki.server(hosts), site.pki.anchors_pem, latest="1.3")
        context.verify_mode = ssl.CERT_NONE  # browsers come here too
        return await super().listen(Site(site.host, site.port, site.recorder, context, site.advertise))

    def configure(self, settings: Mapping[str, str]) -> None:
        super().configure(settings)
        if self.settings["token"] not in LABELS:
            raise InternalError("bench.unknown-setting", where=self.name, key=f"psc.token={self.settings['token']}")
        own: Mapping[str, faults.Maker] = {"down": lambda _: faults.instead(lambda _call: Reply(b"", 503))}
        self._handler = faults.chosen(self.settings, own, self.name)(self._plain)

    def reset(self) -> None:
        super().reset()
        self.grants.clear()

    @property
    def person(self) -> Professional:
        """Who signs in now."""
        return Professional(self.settings["rpps"], self.settings["family"], self.settings["given"])

    def issuer(self, provider: str) -> str:
        """The issuer of a provider, as its tokens name it."""
        return f"{self.advertise.rstrip('/')}{ISSUERS[provider]}"

    def event(self, method: str, path: str) -> str:
        _, rest = _split(path)
        return EVENTS.get(rest, "")

    def about(self, call: WebCall) -> Mapping[str, Fact]:
        provider, _ = _split(call.path)
        facts: dict[str, Fact] = {"provider": provider}
        scheme = call.headers.get("authorization", "").partition(" ")[0].lower()
        if scheme:
            facts["authorization"] = scheme[:20]
        client, _ = credentials(call)
        if client:
            facts["client"] = client[:100]
        return facts

    async def serve(self, call: WebCall) -> Reply:
        return await self._handler(call)

    async def _plain(self, call: Call) -> Reply:
        assert isinstance(call, WebCall)
        provider, _ = _split(call.path)
        return self._endpoints.answer(provider, call)


def _split(path: str) -> tuple[str, str]:
    """The provider that a path belongs to, and what comes after its issuer."""
    for provider, prefix in ISSUERS.items():
        if path.startswith(f"{prefix}/"):
            return provider, path.removeprefix(prefix)
    return "", ""

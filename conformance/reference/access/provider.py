"""The client of the OpenID Connect provider: what is asked of each of its endpoints, over TLS, with bounds."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import aiohttp

from conformance.reference.access.values import Denied
from conformance.reference.config_access import Provider

ANSWER_LIMIT = 1024 * 1024
CODE_GRANT = "authorization_code"
CIBA_GRANT = "urn:openid:params:grant-type:ciba"


class ProviderClient:
    """Every method raises Denied when the provider does not answer as it should: nobody is signed in then."""

    def __init__(self, provider: Provider, context: ssl.SSLContext, timeout: float) -> None:
        self._provider = provider
        self._context = context
        self._timeout = timeout

    async def discovery(self) -> Mapping[str, str]:
        """The provider's document; its issuer must be the one configured, when one is."""
        found = await self._ask("GET", self._provider.discovery)
        texts = {k: v for k, v in found.items() if isinstance(v, str)}
        if not texts.get("issuer") or (self._provider.issuer and texts["issuer"] != self._provider.issuer):
            raise Denied("the provider is not the one expected")
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = not isinstance(methods, list) or "client_secret_basic" in methods
        return {**texts, "authentication": "basic" if basic else "post"}

    async def tokens(self, places: Mapping[str, str], grant: str, values: Mapping[str, str]) -> Mapping[str, Any]:
        """Exchange a code, or ask whether a CIBA request was agreed to; an OAuth error comes back as `error`."""
        return await self._form(places, "token_endpoint", {"grant_type": grant, **values}, errors=True)

    async def keys(self, places: Mapping[str, str]) -> Mapping[str, Any]:
        """The provider's public keys."""
        return await self._ask("GET", _place(places, "jwks_uri"))

    async def person(self, places: Mapping[str, str], access_token: str) -> Mapping[str, Any]:
        """The userinfo of whoever signed in."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return await self._ask("GET", _place(places, "userinfo_endpoint"), headers=headers)

    async def back_channel(self, places: Mapping[str, str], values: Mapping[str, str]) -> Mapping[str, Any]:
        """Ask for a sign-in on the back channel (CIBA)."""
        return await self._form(places, "backchannel_authentication_endpoint", values, errors=True)

    async def end(self, address: str) -> None:
        """Call the address that ends a session there; what it answers does not matter."""
        try:
            async with self._session() as session, session.get(address, allow_redirects=False) as response:
                await response.content.read(ANSWER_LIMIT)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return

    async def _form(
        self, places: Mapping[str, str], name: str, values: Mapping[str, str], *, errors: bool
    ) -> Mapping[str, Any]:
        client, secret = self._provider.client_id, self._provider.secret
        headers: dict[str, str] = {}
        if places.get("authentication") == "post":
            values = {**values, "client_id": client, "client_secret": secret}
        else:  # RFC 6749, 2.3.1: both are form-encoded before they are joined
            pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
            headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return await self._ask("POST", _place(places, name), headers=headers, form=values, errors=errors)

    async def _ask(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        errors: bool = False,
    ) -> Mapping[str, Any]:
        try:
            async with (
                self._session() as session,
                session.request(method, address, headers=headers, data=form, allow_redirects=False) as response,
            ):
                body = await response.content.read(ANSWER_LIMIT)
                if response.status != 200 and not (errors and response.status in (400, 401)):
                    raise Denied(f"the provider answered {response.status}")
                found = json.loads(body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Denied(f"the provider does not answer ({type(error).__name__})") from None
        if not isinstance(found, dict):
            raise Denied("the provider's answer is not an object")
        return found

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._context, force_close=True)
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)


def _place(places: Mapping[str, str], name: str) -> str:
    address = places.get(name, "")
    if not address.startswith("https://"):  # a secret, a code or a token would travel in clear
        raise Denied(f"the provider gives no secure {name}")
    return address

"""What a client asks a provider and what it answers, as values; tokens taken apart, never trusted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.errors import Malformed

LARGEST_TOKEN = 64 * 1024
PARAMETERS = 100
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Token:
    """A JWS in compact form (RFC 7515): header and claims as they stand, the signature's bytes, nothing verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes

    @property
    def algorithm(self) -> str:
        """The `alg` of the header, empty when it is no text."""
        told = self.header.get("alg")
        return told if isinstance(told, str) else ""


@dataclass(frozen=True, slots=True)
class OidcRequest:
    """One request of a client. `event` is the endpoint (`authorize`, `token`, `ciba`, `userinfo`, `logout`...).

    `parameters` come from the query or the form, the first of each name. `authorization` is the scheme of that header
    in lower case; `client` who it says it is. `in_url` tells that the parameters stood in the address.
    """

    event: str
    provider: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    client: str = ""
    authorization: str = ""
    in_url: bool = False

    @property
    def grant(self) -> str:
        """The `grant_type` of a token request."""
        return self.parameters.get("grant_type", "")

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes asked."""
        return frozenset(self.parameters.get("scope", "").split())


@dataclass(frozen=True, slots=True)
class OidcAnswer:
    """What the provider answered: an HTTP status, an error code of OAuth, the parameters sent back by the browser.

    `token` is the label of the id_token given (`good`, `wrong-issuer`...), empty when none was; `id_token` the token
    itself. `login` says whether the professional was `asked` or a live session `reused`.
    """

    event: str
    status: int
    error: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    token: str = ""
    id_token: Token | None = None
    rpps: str = ""
    login: str = ""

    @property
    def ok(self) -> bool:
        """Whether it gave what was asked."""
        return self.status < 400 and not self.error


def read_token(text: str) -> Token:
    """Take a compact JWS apart; raises Malformed (`oidc.token.malformed`)."""
    parts = text.split(".")
    if len(text) > LARGEST_TOKEN or len(parts) != 3:
        raise Malformed("oidc.token.malformed", "JWS", f"{len(parts)} parts, {len(text)} characters")
    return Token(_object(parts[0], "header"), _object(parts[1], "payload"), _bytes(parts[2], "signature"))


def form(text: str) -> Mapping[str, str]:
    """The parameters of a query or a form, the first of each name; raises Malformed when there are too many."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PARAMETERS)
    except ValueError:
        raise Malformed("oidc.request.malformed", "form", f"more than {PARAMETERS} parameters") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def query_of(url: str) -> Mapping[str, str]:
    """The parameters in the query of an address; raises Malformed."""
    try:
        return form(urlsplit(url).query)
    except ValueError:
        raise Malformed("oidc.request.malformed", "url", url[:100]) from None


def _object(part: str, path: str) -> Mapping[str, Any]:
    try:
        value = json.loads(_bytes(part, path))
    except (ValueError, RecursionError):
        raise Malformed("oidc.token.malformed", path, part[:60]) from None
    if not isinstance(value, dict):
        raise Malformed("oidc.token.malformed", path, part[:60])
    return value


def _bytes(part: str, path: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("oidc.token.malformed", path, part[:60]) from None

"""Checking an id_token: signature, issuer, audience, dates, nonce, level (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.access.values import Denied
from conformance.reference.config_access import Provider

LEEWAY = 10.0
"""Seconds by which the clocks of two machines may differ."""
LIMIT = 64 * 1024
SYMMETRIC = "HS256"


def claims_of(token: str, keys: Mapping[str, Any], provider: Provider) -> dict[str, Any]:
    """The claims of a token whose signature holds; raises Denied.

    HS256 is checked with the client's secret, the others with the provider's published keys: never one for the other.
    """
    if len(token) > LIMIT:
        raise Denied("the token is too big")
    try:
        algorithm = _algorithm(token)
        if algorithm not in provider.algorithms:
            raise Denied(f"the token is signed with {algorithm or 'nothing'}")
        if algorithm == SYMMETRIC:
            decoded = jwt.decode(token, OctKey.import_key(provider.secret), algorithms=[SYMMETRIC])
        else:
            decoded = jwt.decode(token, KeySet.import_key_set(_signing(keys)), algorithms=[algorithm])
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Denied(f"the signature of the token does not hold ({type(error).__name__})") from None
    return dict(decoded.claims)


def check(
    claims: Mapping[str, Any], *, issuer: str, nonce: str, now: float, provider: Provider, behaviour: AccessBehaviour
) -> None:
    """Check what an id_token says; raises Denied with the first fault. `now` in seconds of the epoch."""
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if not behaviour.issuer_accepted(claims.get("iss"), issuer):
        raise Denied("the token comes from another issuer")
    if provider.client_id not in audiences:
        raise Denied("the token is for somebody else")
    if len(audiences) > 1 and claims.get("azp") != provider.client_id:
        raise Denied("the token is for several, and not made for us")
    if "azp" in claims and claims["azp"] != provider.client_id:
        raise Denied("the token was made for somebody else")
    if _seconds(claims.get("exp"), -math.inf) + LEEWAY <= now:
        raise Denied("the token has expired")
    if _seconds(claims.get("iat"), math.inf) - LEEWAY > now or _seconds(claims.get("nbf"), now) - LEEWAY > now:
        raise Denied("the token is not valid yet")
    if (claims.get("nonce") or "") != nonce:  # CIBA has none
        raise Denied("the token answers another request")
    if claims.get("acr", provider.acr) != provider.acr:  # absent: the level that was asked
        raise Denied("the level of the sign-in is not the one asked")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise Denied("the token names nobody")


def _algorithm(token: str) -> str:
    from joserfc import jws

    header = jws.extract_compact(token.encode("ascii", "strict")).protected
    return str(header.get("alg", ""))


def _signing(keys: Mapping[str, Any]) -> Any:
    """The keys that sign: those meant for encryption, and symmetric ones that no provider should publish, are left."""
    rows = [k for k in keys.get("keys", []) if isinstance(k, dict)]
    return {"keys": [k for k in rows if k.get("use", "sig") == "sig" and k.get("kty") in ("RSA", "EC")]}


def _seconds(value: object, missing: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else missing

"""Tokens of the provider, good ones and each way of being wrong. Signed with keys that die with the run."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

Claims = dict[str, Any]

EIDAS1 = "eidas1"

WRONG: Mapping[str, Callable[[Claims], Claims]] = {
    "wrong-issuer": lambda c: {**c, "iss": "https://autre-fournisseur.invalid/realms/autre"},
    "wrong-audience": lambda c: {**c, "aud": "un-autre-client", "azp": "un-autre-client"},
    "expired": lambda c: {**c, "iat": c["iat"] - 7200, "auth_time": c["iat"] - 7200, "exp": c["iat"] - 3600},
    "wrong-nonce": lambda c: {**c, "nonce": "nonce-d-une-autre-connexion"},
    "unknown-acr": lambda c: {**c, "acr": "niveau-inconnu"},
}
"""Labels of the tokens whose claims are wrong: what each does to good ones."""

MISSIGNED = frozenset({"bad-signature", "alg-none", "wrong-key"})
"""Labels of the tokens whose claims are right and whose signature is not."""

LABELS = frozenset({"good", *WRONG, *MISSIGNED})


class Signer:
    """Signs as the provider does: RS256 under a published key, or HS256 with the client's secret.

    `wrong-key` signs with a key that is not published, under the name (`kid`) of the one that is.
    """

    @cached_property
    def _own(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "banc-1"}, private=True)

    @cached_property
    def _foreign(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "banc-1"}, private=True)

    @property
    def jwks(self) -> Mapping[str, Any]:
        """The public keys, as the `certs` endpoint gives them."""
        return {"keys": [self._own.as_dict(private=False)]}

    def id_token(self, claims: Claims, label: str, *, algorithm: str = "RS256", secret: str = "") -> str:
        """An id_token of these claims, right or wrong as the label says."""
        claims = WRONG.get(label, dict)(claims)
        if label == "alg-none":
            return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
        token = self.signed(claims, foreign=label == "wrong-key", algorithm=algorithm, secret=secret)
        return _spoilt(token) if label == "bad-signature" else token

    def signed(self, claims: Claims, *, foreign: bool = False, algorithm: str = "RS256", secret: str = "") -> str:
        """A JWT signed in good form."""
        if algorithm == "HS256":
            key = OctKey.import_key(f"not-{secret}" if foreign else secret)
            return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, key, algorithms=["HS256"])
        key_pair = self._foreign if foreign else self._own
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": "banc-1"}, claims, key_pair, algorithms=["RS256"])


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _spoilt(token: str) -> str:
    """The same token with one bit of its signature turned over."""
    head, body, signature = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[0] ^= 0x01
    return f"{head}.{body}.{base64.urlsafe_b64encode(bytes(raw)).rstrip(b'=').decode()}"

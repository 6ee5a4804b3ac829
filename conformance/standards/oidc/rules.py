"""What good practice says of the requests of a client: all of it advice, since no row of a REM states it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.evidence.values import Finding
from conformance.standards.oidc.observe import CODES
from conformance.standards.oidc.syntax import OidcRequest

SHORTEST = 16
"""Characters under which a state or a nonce can be guessed (128 bits in hexadecimal are 32, in base64 22)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: of which requests, which parameter, when it is broken."""

    code: str
    events: frozenset[str]
    parameter: str
    broken: Callable[[OidcRequest], bool]
    expected: str = ""


AUTHORIZE, SIGN_IN = frozenset({"authorize"}), frozenset({"authorize", "ciba"})

RULES: tuple[Rule, ...] = (
    Rule("oidc.request.no-state", AUTHORIZE, "state", lambda r: not r.parameters.get("state")),
    Rule("oidc.request.no-nonce", AUTHORIZE, "nonce", lambda r: not r.parameters.get("nonce")),
    Rule("oidc.request.guessable", AUTHORIZE, "state", lambda r: 0 < len(r.parameters.get("state", "")) < SHORTEST),
    Rule("oidc.request.guessable", AUTHORIZE, "nonce", lambda r: 0 < len(r.parameters.get("nonce", "")) < SHORTEST),
    Rule("oidc.request.not-code", AUTHORIZE, "response_type", lambda r: r.parameters.get("response_type") != "code"),
    Rule("oidc.request.scope", SIGN_IN, "scope", lambda r: "openid" not in r.scopes, "openid"),
    Rule(
        "oidc.request.acr-name",
        SIGN_IN,
        "acr",
        lambda r: "acr" in r.parameters and "acr_values" not in r.parameters,
        "acr_values",
    ),
    Rule(
        "oidc.request.secret-in-url",
        frozenset({"authorize", "token", "logout", "introspect"}),
        "client_secret",
        lambda r: r.in_url and "client_secret" in r.parameters,
    ),
    Rule(
        "oidc.request.token-in-url",
        frozenset({"authorize", "userinfo", "introspect", "token"}),
        "access_token",
        lambda r: r.in_url and bool({"access_token", "token", "refresh_token"} & r.parameters.keys()),
    ),
)


def judge(request: OidcRequest, exchange: str | None = None) -> Iterator[Finding]:
    """Every rule that a request breaks."""
    for rule in RULES:
        if request.event in rule.events and rule.broken(request):
            yield CODES.finding(
                rule.code,
                rule.parameter,
                expected=rule.expected,
                seen=request.parameters.get(rule.parameter, "") if rule.parameter != "client_secret" else "",
                exchange=exchange,
            )

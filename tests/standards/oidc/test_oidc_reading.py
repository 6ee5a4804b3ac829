"""OpenID Connect read from outside: tokens of PyJWT and Authlib, literal requests, examples of the specifications."""

from __future__ import annotations

import jwt
import pytest
from authlib.jose import jwt as authlib_jwt

from conformance.errors import Malformed
from conformance.evidence.values import Direction, Exchange, Severity
from conformance.standards.observe import observe
from conformance.standards.oidc import rules
from conformance.standards.oidc.observe import CODES
from conformance.standards.oidc.syntax import OidcAnswer, OidcRequest, form, query_of, read_token

# RFC 7515, appendix A.1: header, payload and signature of the first example.
RFC7515 = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
# OpenID Connect Core 1.0, 3.1.2.1: the example of an authentication request.
CORE = (
    "response_type=code&scope=openid%20profile%20email&client_id=s6BhdRkqt3&state=af0ifjsldkj"
    "&redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb"
)


def exchange(body: str, direction: Direction = Direction.FROM_VENDOR, **facts: str | int) -> Exchange:
    """An exchange with the provider."""
    return Exchange("x1", "psc", direction, 1, 0, body.encode(), {"protocol": "oidc", **facts})


def test_the_token_of_the_rfc_is_taken_apart() -> None:
    """Header, claims and signature of RFC 7515 A.1."""
    token = read_token(RFC7515)
    assert (token.algorithm, token.claims["iss"], len(token.signature)) == ("HS256", "joe", 32)


def test_tokens_of_two_libraries_are_read_alike() -> None:
    """PyJWT and Authlib, signed or not."""
    claims = {"iss": "https://idp.example", "aud": ["a", "b"], "nonce": "é"}
    own = read_token(jwt.encode(claims, "k" * 32, algorithm="HS256"))
    other = read_token(authlib_jwt.encode({"alg": "HS256"}, claims, "k" * 32).decode())
    assert own.claims == other.claims == claims
    bare = read_token(jwt.encode(claims, None, algorithm="none"))
    assert (bare.algorithm, bare.signature) == ("none", b"")


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "é.é.é", "W10.W10.", "eyJhIjoxfQ.eyJhIjoxfQ.%", "." * 70_000])
def test_what_is_no_token_is_told(text: str) -> None:
    """Never a crash."""
    with pytest.raises(Malformed):
        read_token(text)


def test_a_json_bomb_is_no_token() -> None:
    """Nested arrays deeper than any parser goes."""
    import base64

    part = base64.urlsafe_b64encode(b'{"a":' + b"[" * 20_000).rstrip(b"=").decode()
    with pytest.raises(Malformed):
        read_token(f"{part}.{part}.")


def test_forms_and_queries_give_the_first_of_each_name() -> None:
    """`+` and `%20` are blanks; a hundred and one parameters are too many."""
    assert form("scope=openid+scope_all&scope=x&empty=") == {"scope": "openid scope_all", "empty": ""}
    assert query_of("https://pfi.example/cb?code=a%2Bb&state=s")["code"] == "a+b"
    with pytest.raises(Malformed):
        form("&".join(f"p{n}=1" for n in range(101)))
    with pytest.raises(Malformed):
        query_of("https://[broken/cb?code=1")


def test_the_request_of_the_core_specification_is_observed() -> None:
    """Its parameters, and only the advice that it deserves: no nonce, a short state."""
    seen = observe(exchange(CORE, event="authorize", method="GET", provider="psc"))
    assert seen.kind == "oidc-request"
    assert isinstance(seen.value, OidcRequest)
    assert seen.value.scopes == {"openid", "profile", "email"}
    found = list(rules.judge(seen.value))
    assert sorted(f.code for f in found) == ["oidc.request.guessable", "oidc.request.no-nonce"]


@pytest.mark.parametrize(
    ("event", "body", "code"),
    [
        ("authorize", f"{CORE}&client_secret=x", "oidc.request.secret-in-url"),
        ("userinfo", "access_token=mF_9.B5f-4.1JqM", "oidc.request.token-in-url"),
        ("authorize", CORE.replace("code", "id_token"), "oidc.request.not-code"),
        ("authorize", CORE.replace("openid", "x"), "oidc.request.scope"),
        ("authorize", f"{CORE}&acr=eidas1", "oidc.request.acr-name"),
        ("authorize", CORE.replace("state=af0ifjsldkj&", ""), "oidc.request.no-state"),
    ],
)
def test_each_rule_on_a_literal_request(event: str, body: str, code: str) -> None:
    """All are advice: no row of a REM states them."""
    seen = observe(exchange(body, event=event, method="GET"))
    assert isinstance(seen.value, OidcRequest)
    assert code in [f.code for f in rules.judge(seen.value)]
    assert CODES[code].severity is Severity.ADVICE


def test_answers_by_redirection_and_in_json() -> None:
    """The error of a redirection, the token of a body; what is no token is told and the rest still read."""
    back = observe(exchange("", Direction.TO_VENDOR, event="authorize", status=302,
                            location="https://pfi.example/cb?error=access_denied&state=s"))  # fmt: skip
    assert isinstance(back.value, OidcAnswer)
    assert (back.value.error, back.value.ok) == ("access_denied", False)
    given = observe(exchange(f'{{"id_token":"{RFC7515}"}}', Direction.TO_VENDOR, event="token", status=200))
    assert isinstance(given.value, OidcAnswer)
    assert given.value.id_token is not None
    broken = observe(exchange('{"id_token":"x"}', Direction.TO_VENDOR, event="token", status=200))
    assert [f.code for f in broken.findings] == ["oidc.token.malformed"]
    assert observe(exchange("\x00[", Direction.TO_VENDOR, event="token", status=200)).kind == "oidc-answer"

"""The OpenID provider of the bench, spoken to by Authlib's client; its tokens verified by PyJWT."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from served import Served, served

from conformance.bench.pki import Pki
from conformance.errors import InternalError
from conformance.evidence.values import Direction
from conformance.services.psc import PscService
from conformance.services.psc.tokens import LABELS

CLIENT, SECRET, BACK = "conformance-pfi", "secret-fictif-du-banc-de-test-0001", "https://pfi.invalid/retour"
NONCE, STATE = "n" * 32, "s" * 32
ISSUERS = {"psc": "/auth/realms/esante-wallet", "generic": "/realms/etablissement"}


@pytest.fixture
def provider(pki: Pki) -> Iterator[Served]:
    """A fresh provider."""
    with served(PscService(), pki) as one:
        yield one


class Peer:
    """An ordinary client: Authlib for OAuth 2, PyJWT for the id_token (Core 3.1.3.7)."""

    def __init__(self, provider: Served, name: str = "psc", method: str = "client_secret_basic") -> None:
        headers = {"Connection": "close"}  # or the service waits for us when it stops
        self.browser = httpx.Client(verify=provider.trusting(), headers=headers)
        discovery = "wallet-openid-configuration" if name == "psc" else "openid-configuration"
        self.metadata = self.browser.get(f"{provider.url}{ISSUERS[name]}/.well-known/{discovery}").json()
        self.client = OAuth2Client(
            CLIENT, SECRET, token_endpoint_auth_method=method, redirect_uri=BACK, scope="openid scope_all",
            code_challenge_method="S256", verify=provider.trusting(), headers=headers,
        )  # fmt: skip
        self.keys = jwt.PyJWKSet.from_dict(self.browser.get(self.metadata["jwks_uri"]).json())

    def authorize(self, **more: str) -> tuple[str, str]:
        """Go to the provider and come back; the address come back to, and the PKCE verifier."""
        verifier = "v" * 64
        url, _ = self.client.create_authorization_url(
            self.metadata["authorization_endpoint"], state=STATE, nonce=NONCE, acr_values="eidas1",
            code_verifier=verifier, **more,
        )  # fmt: skip
        answer = self.browser.get(url)
        assert answer.status_code == 302
        return answer.headers["Location"], verifier

    def sign_in(self) -> dict[str, Any]:
        """The tokens of a whole sign-in; raises what Authlib raises (state, OAuth errors)."""
        back, verifier = self.authorize()
        token: dict[str, Any] = self.client.fetch_token(
            self.metadata["token_endpoint"], authorization_response=back, state=STATE, code_verifier=verifier
        )
        return token

    def verified(self, token: dict[str, Any]) -> dict[str, Any]:
        """The claims of the id_token; raises what PyJWT raises."""
        key = self.keys[jwt.get_unverified_header(token["id_token"])["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token["id_token"], key.key, algorithms=["RS256"], audience=CLIENT, issuer=self.metadata["issuer"],
            options={"require": ["exp", "iat", "sub"]},
        )  # fmt: skip
        assert claims["nonce"] == NONCE
        assert claims["acr"] == "eidas1"
        return claims


@pytest.mark.parametrize("name", ["psc", "generic"])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_an_ordinary_client_signs_a_professional_in(provider: Served, name: str, method: str) -> None:
    """Both issuers: code flow with PKCE, id_token that PyJWT accepts, userinfo of whoever the settings chose."""
    provider.configure(rpps="10101010103", family="MARTIN", given="Alix")
    peer = Peer(provider, name, method)
    token = peer.sign_in()
    claims = peer.verified(token)
    assert claims["iss"] == provider.url + ISSUERS[name]
    info = peer.client.get(peer.metadata["userinfo_endpoint"]).json()
    assert info["sub"] == claims["sub"]
    assert (info["SubjectNameID"], info["family_name"]) == ("810101010103", "MARTIN")
    assert token["expires_in"] == 120


def test_a_token_is_refreshed_and_introspected(provider: Served) -> None:
    """The refresh token gives new ones once; introspection says active, then not after the end of the session."""
    peer = Peer(provider)
    first = peer.sign_in()
    second = peer.client.refresh_token(peer.metadata["token_endpoint"], refresh_token=first["refresh_token"])
    assert second["access_token"] != first["refresh_token"]
    told = peer.browser.post(
        peer.metadata["introspection_endpoint"], data={"token": second["access_token"]}, auth=(CLIENT, SECRET)
    ).json()
    assert told["active"] is True
    again = peer.browser.post(
        peer.metadata["token_endpoint"],
        data={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]},
        auth=(CLIENT, SECRET),
    )
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    out = peer.browser.get(
        peer.metadata["end_session_endpoint"],
        params={"id_token_hint": first["id_token"], "post_logout_redirect_uri": BACK, "state": STATE},
    )
    assert out.headers["Location"] == f"{BACK}?state={STATE}"
    gone = peer.browser.post(
        peer.metadata["introspection_endpoint"], data={"token": second["access_token"]}, auth=(CLIENT, SECRET)
    ).json()
    assert gone == {"active": False}


WRONG = {
    "wrong-issuer": jwt.InvalidIssuerError,
    "wrong-audience": jwt.InvalidAudienceError,
    "expired": jwt.ExpiredSignatureError,
    "bad-signature": jwt.InvalidSignatureError,
    "wrong-key": jwt.InvalidSignatureError,
    "wrong-nonce": AssertionError,
    "unknown-acr": AssertionError,
    "alg-none": KeyError,
}


@pytest.mark.parametrize("label", sorted(WRONG))
def test_each_wrong_token_is_wrong_in_that_way_alone(provider: Served, label: str) -> None:
    """PyJWT refuses each scripted token for the reason that its label tells."""
    provider.configure(token=label)
    peer = Peer(provider)
    with pytest.raises(WRONG[label]):
        peer.verified(peer.sign_in())
    assert set(WRONG) | {"good"} == LABELS


def test_an_hs256_token_verifies_with_the_secret_of_the_client(provider: Served) -> None:
    """Signature with the client's secret, as the connector of the ANS also takes."""
    provider.configure(algorithm="HS256")
    token = Peer(provider).sign_in()
    assert jwt.decode(token["id_token"], SECRET, algorithms=["HS256"], audience=CLIENT)["idp"] == "simulateur"


def test_a_live_session_is_used_again_and_logout_ends_it(provider: Served) -> None:
    """The same browser is not asked twice; after logout it is."""
    peer = Peer(provider)
    peer.authorize()
    provider.configure(rpps="10101010103")  # whoever would sign in now: the live session stays the other's
    back, _ = peer.authorize()
    assert "code=" in back
    peer.browser.get(peer.metadata["end_session_endpoint"])
    peer.authorize()
    told = [
        e.facts["login"]
        for e in provider.kept
        if e.facts.get("event") == "authorize" and e.direction is Direction.TO_VENDOR
    ]
    assert told == ["asked", "reused", "asked"]


def test_refusals_and_a_wrong_state_come_back_by_the_browser(provider: Served) -> None:
    """error= instead of a code; a state that nobody sent."""
    peer = Peer(provider)
    provider.configure(error="access_denied")
    back = parse_qs(urlsplit(peer.authorize()[0]).query)
    assert (back["error"], back["state"], "code" in back) == (["access_denied"], [STATE], False)
    provider.configure(state="wrong")
    back = parse_qs(urlsplit(peer.authorize()[0]).query)
    assert back["state"] != [STATE]


def test_ciba_waits_then_gives_tokens(provider: Served) -> None:
    """CIBA Core 1.0, poll mode: authorization_pending, then tokens for whom login_hint names; a refusal ends it."""
    peer = Peer(provider)
    asked = {"scope": "openid scope_all", "login_hint": "810101010103", "binding_message": "42", "acr_values": "eidas1"}
    place, token = peer.metadata["backchannel_authentication_endpoint"], peer.metadata["token_endpoint"]
    request = peer.browser.post(place, data=asked, auth=(CLIENT, SECRET)).json()
    form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": request["auth_req_id"]}
    assert peer.browser.post(token, data=form, auth=(CLIENT, SECRET)).json()["error"] == "authorization_pending"
    given = peer.browser.post(token, data=form, auth=(CLIENT, SECRET)).json()
    key = peer.keys["banc-1"].key
    claims = jwt.decode(given["id_token"], key, algorithms=["RS256"], audience=CLIENT)
    assert claims["preferred_username"] == "810101010103"
    provider.configure(error="access_denied", ciba_polls="0")
    request = peer.browser.post(place, data=asked, auth=(CLIENT, SECRET)).json()
    form["auth_req_id"] = request["auth_req_id"]
    assert peer.browser.post(token, data=form, auth=(CLIENT, SECRET)).json()["error"] == "access_denied"


def test_a_stranger_gets_nothing(provider: Served) -> None:
    """A wrong secret, a code used twice, another redirect_uri, an access token that is none."""
    peer = Peer(provider)
    token = peer.metadata["token_endpoint"]
    back, verifier = peer.authorize()
    code = parse_qs(urlsplit(back).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier}
    assert peer.browser.post(token, data=form, auth=(CLIENT, "faux")).status_code == 401
    other = {**form, "redirect_uri": f"{BACK}/autre"}
    assert peer.browser.post(token, data=other, auth=(CLIENT, SECRET)).json()["error"] == "invalid_grant"
    assert peer.browser.post(token, data=form, auth=(CLIENT, SECRET)).json()["error"] == "invalid_grant"
    headers = {"Authorization": "Bearer rien"}
    assert peer.browser.get(peer.metadata["userinfo_endpoint"], headers=headers).status_code == 401
    assert peer.browser.get(f"{provider.url}/ailleurs").status_code == 404


@pytest.mark.parametrize("address", ["rien", "https://x.invalid/\r\nSet-Cookie:%20a=b", "https://x.invalid/é", ""])
def test_an_address_that_no_browser_takes_is_refused(provider: Served, address: str) -> None:
    """No header is ever made of what a client sends; nothing crashes."""
    peer = Peer(provider)
    asked = {"client_id": CLIENT, "redirect_uri": address, "response_type": "code", "scope": "openid"}
    assert peer.browser.get(peer.metadata["authorization_endpoint"], params=asked).status_code == 400
    out = peer.browser.get(peer.metadata["end_session_endpoint"], params={"post_logout_redirect_uri": address})
    assert (out.status_code, "Location" in out.headers) == (200, False)


def test_garbage_is_answered_and_never_breaks_the_provider(provider: Served) -> None:
    """Basic that is no Base64, forms that are none, huge numbers of parameters, other methods."""
    peer = Peer(provider)
    token = peer.metadata["token_endpoint"]
    for headers, body in (
        ({"Authorization": "Basic %%%"}, b"grant_type=x"),
        ({"Authorization": "Basic /w=="}, b"\xff\xfe"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=1&" * 5000),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"grant_type=refresh_token&refresh_token=%ff"),
    ):
        assert peer.browser.post(token, content=body, headers=headers).status_code == 401
    assert peer.browser.put(token).status_code == 405
    assert peer.browser.get(f"{token}/introspect", params={"token": "x"}).status_code == 401
    assert provider.service.site.recorder.failure is None


def test_down_is_503_and_unknown_settings_are_ours(provider: Served) -> None:
    """A provider that is down answers 503 to all; a token label that does not exist is a fault of the bench."""
    provider.configure(fault="down")
    url = f"{provider.url}{ISSUERS['psc']}/.well-known/openid-configuration"
    assert httpx.get(url, verify=provider.trusting()).status_code == 503
    with pytest.raises(InternalError):
        provider.configure(token="parfait")


def test_no_secret_nor_bearer_is_recorded_in_facts(provider: Served) -> None:
    """Facts tell the kind of credentials; the access token stands only in the body of the answer that gave it."""
    peer = Peer(provider)
    token = peer.sign_in()
    peer.client.get(peer.metadata["userinfo_endpoint"])
    for exchange in provider.kept:
        assert SECRET not in str(dict(exchange.facts))
        assert token["access_token"] not in str(dict(exchange.facts))
    kinds = {e.facts["event"]: e.facts.get("authorization") for e in provider.kept if "authorization" in e.facts}
    assert kinds == {"token": "basic", "userinfo": "bearer"}


def test_shows_the_certificate_that_the_target_gives() -> None:
    """`certificate` of [services.psc] is what clients are shown: an authority that only the target knows is enough."""
    own, bench = Pki.generate(), Pki.generate()
    with served(PscService(), bench, own.server(["127.0.0.1", "localhost"])) as one:
        context = ssl.create_default_context(cadata=own.anchors_pem.decode())
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        answer = httpx.get(
            f"{one.url}{ISSUERS['psc']}/.well-known/wallet-openid-configuration",
            verify=context,
            headers={"Connection": "close"},
        )
    assert answer.status_code == 200

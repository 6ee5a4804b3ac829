"""Signing in at the reference: OpenID Connect against a provider made with joserfc, passwords, sessions."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from access_peers import CLIENT, RPPS, Access, World

GOOD = "Un-bon-mot-de-passe-1"


def person(access: Access, login: str = "cdurand", rpps: str = RPPS, password: str = "") -> None:
    """An account."""
    payload = {"login": login, "family": "DURAND", "given": "Camille", "rpps": rpps, "permissions": ["lire"]}
    made = access.act("account.create/1", **payload, **({"password": password} if password else {}))
    assert made["status"] == "done", made


def test_a_sign_in_by_the_code_flow_opens_the_account_with_the_same_rpps(access: Access, access_world: World) -> None:
    """The request is the one Pro Santé Connect asks for, and the session is the account's."""
    person(access)
    begun = access.ask("/stimuli", "login.psc/1", {"mode": "web"}, "connexion-1")
    assert access.read("session.read/1", session="connexion-1") == {}
    status, page, _ = access.browse(begun["data"]["url"])
    assert status == 200
    assert "cdurand" in page
    assert access.read("session.read/1", session="connexion-1") == {"login": "cdurand", "rpps": RPPS}
    (asked,) = access_world.provider.of("auth")
    assert asked["response_type"] == "code"
    assert asked["client_id"] == CLIENT
    assert asked["scope"] == "openid scope_all"
    assert asked["acr_values"] == "eidas1"
    assert asked["redirect_uri"] == f"{access.web}/callback"
    assert len(asked["state"]) >= 32
    assert len(asked["nonce"]) >= 32
    assert access_world.provider.of("userinfo")[0]["Authorization"] == "Bearer acces"
    assert [t["outcome"] for t in access.traces("account.sign-in")] == ["ok"]


def test_an_hs256_token_under_the_client_secret_is_taken_and_under_another_secret_is_not(
    access: Access, access_world: World
) -> None:
    """OpenID Connect Core 10.1: a symmetric signature rests on the client secret."""
    access_world.provider.sign = access_world.provider.hs256
    assert access.browse()[0] == 200
    access_world.provider.sign = lambda claims: access_world.provider.hs256(claims, "x" * 40)
    assert access.browse()[0] == 403


def test_the_public_key_of_the_provider_is_no_shared_secret(access: Access, access_world: World) -> None:
    """The confusion of algorithms: HS256 under the bytes of the public key opens nothing."""
    provider = access_world.provider
    pem = provider.key.as_pem(private=False).decode()
    provider.sign = lambda claims: provider.hs256(claims, pem)
    assert access.browse()[0] == 403


WRONG: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://autre.invalid"},
    "audience": {"aud": "un-autre"},
    "party": {"azp": "un-autre"},
    "several audiences without party": {"aud": [CLIENT, "un-autre"]},
    "nonce": {"nonce": "rejoue"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1_600_000_000},
    "no expiry": {"exp": None},
    "future": {"iat": 4_000_000_000},
    "level": {"acr": "eidas9"},
    "subject": {"sub": "quelqu-un-d-autre"},
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_token_whose_claims_are_wrong_opens_no_session(access: Access, access_world: World, fault: str) -> None:
    """OpenID Connect Core 3.1.3.7; the refusal is traced."""
    person(access)
    wrong = WRONG[fault]
    access_world.provider.change = lambda claims: {k: v for k, v in {**claims, **wrong}.items() if v is not None}
    begun = access.ask("/stimuli", "login.psc/1", {"mode": "web"}, "faux-jeton")
    assert access.browse(begun["data"]["url"])[0] == 403
    assert access.read("session.read/1", session="faux-jeton") == {}
    assert [t["outcome"] for t in access.traces("account.sign-in")] == ["failed"]
    access_world.provider.change = dict
    assert access.browse()[0] == 200


def test_a_token_signed_by_a_key_that_is_not_published_or_by_nobody_opens_no_session(
    access: Access, access_world: World
) -> None:
    """The signature is verified whatever the channel the token came by."""
    provider = access_world.provider
    for sign in (provider.stranger, lambda c: provider.rs256(c)[:-8] + "AAAAAAAA", lambda c: _unsigned(provider, c)):
        provider.sign = sign
        assert access.browse()[0] == 403


def _unsigned(provider: Any, claims: dict[str, Any]) -> str:
    body = provider.rs256(claims).split(".")[1]
    return f"eyJhbGciOiJub25lIn0.{body}."


def test_a_state_that_is_not_ours_or_serves_twice_opens_no_session(access: Access, access_world: World) -> None:
    """RFC 6749, 10.12: the answer belongs to the browser that asked, once."""
    access_world.provider.state = lambda state: "etat-d-un-autre"
    assert access.browse()[0] == 403
    access_world.provider.state = str
    status, _, browser = access.browse()
    assert status == 200
    asked = access_world.provider.of("auth")[-1]
    assert browser.open(f"{access.web}/callback?code=code9&state={asked['state']}")[0] == 403
    assert len(access_world.provider.of("token")) == 1


def test_without_account_a_professional_gets_one_of_their_own_and_finds_it_again(
    access: Access, access_world: World
) -> None:
    """Two RPPS never meet in one account, even under the same name."""
    assert access.browse()[0] == 200
    access_world.provider.signs_in("10100000002", "DURAND", "Camille")
    assert access.browse()[0] == 200
    access_world.provider.signs_in(RPPS, "DURAND-MARTIN", "Camille")
    assert access.browse()[0] == 200
    logins = [t["author"] for t in access.traces("account.sign-in")]
    assert logins == [f"psc-{RPPS}", "psc-10100000002", f"psc-{RPPS}"]


def test_the_same_account_is_opened_by_password_and_by_the_provider(access: Access) -> None:
    """PSC.02: accounts are matched by RPPS."""
    person(access, password=GOOD)
    by_password = access.act("login.password/1", login="cdurand", password=GOOD)["data"]["session"]
    begun = access.act("login.psc/1", mode="external-browser")
    access.browse(begun["data"]["url"])
    sessions = [access.read("session.read/1", session=s) for s in (by_password, begun["data"]["session"])]
    assert [s["login"] for s in sessions] == ["cdurand", "cdurand"]


def test_a_closed_account_is_opened_by_no_means(access: Access) -> None:
    """Neither by password nor by the provider; a session that was open ends."""
    person(access, password=GOOD)
    session = access.act("login.password/1", login="cdurand", password=GOOD)["data"]["session"]
    access.act("account.delete/1", login="cdurand")
    assert access.read("session.read/1", session=session) == {}
    assert access.act("login.password/1", login="cdurand", password=GOOD)["status"] == "refused"
    assert access.browse()[0] == 403


def test_signing_out_ends_the_session_at_the_provider_too(access: Access, access_world: World) -> None:
    """In the browser by redirection, by the pilot directly; both show the id_token."""
    _, _, browser = access.browse()
    assert "psc-" in browser.open(access.web)[1]
    browser.open(f"{access.web}/logout")
    assert "Personne" in browser.open(access.web)[1]
    begun = access.act("login.psc/1", mode="web")
    access.browse(begun["data"]["url"])
    assert access.act("logout/1", session=begun["data"]["session"])["status"] == "done"
    assert access.read("session.read/1", session=begun["data"]["session"]) == {}
    assert access.act("logout/1", session=begun["data"]["session"])["status"] == "refused"
    hints = [asked["id_token_hint"].count(".") for asked in access_world.provider.of("logout")]
    assert hints == [2, 2]


def test_ciba_waits_until_the_professional_agrees(access: Access, access_world: World) -> None:
    """CIBA Core, poll mode."""
    person(access)
    access_world.provider.pending = 2
    answer = access.act("login.psc/1", mode="ciba", rpps=RPPS)
    assert answer["status"] == "done"
    assert access.read("session.read/1", session=answer["data"]["session"])["login"] == "cdurand"
    assert len(access_world.provider.of("token")) == 3


def test_an_invitation_serves_once_and_the_pages_name_the_conditions(access: Access) -> None:
    """An address that was used is dead; the cookie is not the handle of the pilot; the conditions speak of PSC."""
    url = access.act("login.psc/1", mode="web")["data"]["url"]
    status, _, browser = access.browse(url)
    assert status == 200
    assert access.browse(url)[0] == 403
    (cookie,) = [c for c in browser.jar if c.name == "pfi_session"]
    assert len(str(cookie.value)) >= 32
    assert "Pro Santé Connect" in access.browse(f"{access.web}/conditions")[1]
    assert parse_qs(urlsplit(url).query)["ticket"]


@pytest.mark.parametrize("mode", ["web", "external-browser", "embedded-browser"])
def test_every_browser_may_open_the_address(access: Access, mode: str) -> None:
    """The platform does not mind whose browser it is; a mode that nobody knows is unsupported."""
    begun = access.act("login.psc/1", mode=mode)
    assert access.browse(begun["data"]["url"])[0] == 200
    assert access.read("session.read/1", session=begun["data"]["session"])["rpps"] == RPPS
    assert access.act("login.psc/1", mode="telepathie")["status"] == "unsupported"


def test_defect_any_issuer_opens_a_session_to_a_token_of_another_issuer_only(
    access: Access, access_world: World
) -> None:
    """The other checks still hold."""
    access.reference.admin(op="defects", names=["psc-any-issuer"])
    access_world.provider.change = lambda c: {**c, "iss": "https://autre.invalid"}
    assert access.browse()[0] == 200
    access_world.provider.change = lambda c: {**c, "aud": "un-autre"}
    assert access.browse()[0] == 403


def test_defect_login_fails_never_exchanges_the_code(access: Access, access_world: World) -> None:
    """Nothing reaches the token endpoint, by CIBA neither."""
    access.reference.admin(op="defects", names=["psc-login-fails"])
    assert access.browse()[0] == 403
    assert access.act("login.psc/1", mode="ciba", rpps=RPPS)["status"] == "refused"
    assert access_world.provider.of("token") == []


def test_defect_accounts_by_name_mixes_homonyms_up(access: Access, access_world: World) -> None:
    """Another RPPS of the same name opens the account."""
    access.reference.admin(op="defects", names=["accounts-by-name"])
    person(access)
    access_world.provider.signs_in("10100000002", "DURAND", "Camille")
    begun = access.act("login.psc/1", mode="web")
    access.browse(begun["data"]["url"])
    assert access.read("session.read/1", session=begun["data"]["session"])["login"] == "cdurand"

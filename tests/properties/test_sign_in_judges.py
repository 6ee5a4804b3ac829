"""Judges of sign-ins on literal traffic: Pro Santé Connect, any OpenID Connect provider, accounts that are linked."""

from __future__ import annotations

import pytest
from access_scenes import ASKED, OTHER, RPPS, Scene

from conformance.evidence.values import Direction, Severity
from conformance.models.access import SignIn

PSC_WEB, PSC_BROWSER = "psc.sign-in-web", "psc.sign-in-external-browser"
PSC_CIBA, PSC_EMBEDDED = "psc.sign-in-ciba", "psc.sign-in-embedded-browser"
IAM_WEB, IAM_BROWSER, IAM_CIBA = "iam.openid-web", "iam.openid-external-browser", "iam.openid-ciba"
LINKING = "psc.account-linking"
BROWSERS = {"web": (PSC_WEB, IAM_WEB), "external-browser": (PSC_BROWSER, IAM_BROWSER),
            "embedded-browser": (PSC_EMBEDDED, "")}  # fmt: skip
SESSION = f'{{"login":"dr.martin","rpps":"{RPPS}"}}'


def begun(case: SignIn) -> Scene:
    """A sign-in that the pilot began."""
    payload = f'{{"mode":"{case.mode}","rpps":"{RPPS}"}}'
    return Scene(case, "sign-in").pilot("login-1", payload, '{"url":"https://pfi.example/login","session":"s1"}')


def signed_in(case: SignIn, session: str = SESSION) -> Scene:
    """The whole code flow, then the session as the pilot read it."""
    return begun(case).authorized().tokens().pilot("session-1", data=session)


@pytest.mark.example(PSC_WEB, "positive")
@pytest.mark.example(PSC_BROWSER, "positive")
@pytest.mark.example(PSC_EMBEDDED, "positive")
@pytest.mark.example(IAM_WEB, "positive")
@pytest.mark.example(IAM_BROWSER, "positive")
@pytest.mark.parametrize("mode", list(BROWSERS))
def test_a_whole_code_flow_with_an_open_session_satisfies(mode: str) -> None:
    """Authorization, code exchanged, session open: one witness in that mode, none in another."""
    scene = signed_in(SignIn(mode))  # type: ignore[arg-type]
    for property in filter(None, BROWSERS[mode]):
        found, seen = scene.judged(property)
        assert (found, len(seen)) == ([], 1)
    others = [p for m, names in BROWSERS.items() if m != mode for p in names if p]
    assert all(scene.judged(p) == ([], []) for p in others)


@pytest.mark.example(PSC_WEB, "negative")
@pytest.mark.example(PSC_BROWSER, "negative")
@pytest.mark.example(PSC_EMBEDDED, "negative")
@pytest.mark.example(IAM_WEB, "negative")
@pytest.mark.example(IAM_BROWSER, "negative")
@pytest.mark.parametrize("mode", list(BROWSERS))
def test_a_code_that_opens_nothing_is_an_error(mode: str) -> None:
    """The provider agreed, the session is not open; whether the code was used is told."""
    unused = begun(SignIn(mode)).authorized().pilot("session-1")  # type: ignore[arg-type]
    used = signed_in(SignIn(mode), "{}")  # type: ignore[arg-type]
    psc, iam = BROWSERS[mode]
    assert [(f.code, f.cause, f.absence) for f in unused.judged(psc)[0]] == [
        ("psc.sign-in.not-opened", "code-not-used", False)
    ]
    assert [(f.code, f.cause) for f in used.judged(psc)[0]] == [("psc.sign-in.not-opened", "tokens-given")]
    if iam:
        assert unused.errors(iam) == used.errors(iam) == ["iam.oidc.not-opened"]


@pytest.mark.parametrize("page", ["<script src='/app.js'></script>", "<FORM action='/cgu'><button>Accepter</button>"])
def test_a_page_that_waits_for_a_person_or_a_script_proves_nothing(page: str) -> None:
    """The browser of the bench runs no script and answers no form: no error; a plain page proves the failure."""
    for body, expected in ((page, []), ("<p>Erreur</p>", ["psc.sign-in.not-opened"])):
        scene = begun(SignIn("web")).authorized()
        scene.add("browser", Direction.FROM_VENDOR, body, {"protocol": "browser", "event": "page", "status": 200})
        scene.pilot("session-1")
        assert scene.errors(PSC_WEB) == expected
        assert bool(scene.errors(IAM_WEB)) is bool(expected)


def ciba(case: SignIn, session: str | None) -> Scene:
    """CIBA in poll mode: asked, pending, then an answer; `session` None: the sign-in was refused by the product."""
    status, data = ("refused", "{}") if session is None else ("done", '{"session":"s1"}')
    scene = Scene(case, "sign-in").pilot("login-1", f'{{"mode":"ciba","rpps":"{RPPS}"}}', data, status)
    asked = f"scope=openid+scope_all&login_hint=8{RPPS}&acr_values=eidas1"
    poll = "grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id=1c266114"
    scene.web("psc", "ciba", asked, 200, '{"auth_req_id":"1c266114","expires_in":120}', method="POST", rpps=RPPS)
    scene.web("psc", "token", poll, 400, '{"error":"authorization_pending"}', method="POST")
    if case.refusal:
        return scene.web("psc", "token", poll, 400, '{"error":"access_denied"}', method="POST")
    scene.tokens(case.token)
    return scene if session is None else scene.pilot("session-1", data=session)


@pytest.mark.example(PSC_CIBA, "positive")
@pytest.mark.example(IAM_CIBA, "positive")
def test_ciba_to_an_open_session_satisfies() -> None:
    """Pending is no refusal: the tokens that follow open the session."""
    for property in (PSC_CIBA, IAM_CIBA):
        found, seen = ciba(SignIn("ciba"), SESSION).judged(property)
        assert (found, len(seen)) == ([], 1)


@pytest.mark.example(PSC_CIBA, "negative")
@pytest.mark.example(IAM_CIBA, "negative")
def test_ciba_tokens_that_open_nothing_are_an_error() -> None:
    """Good tokens were given and the product refuses: told by the product itself."""
    scene = ciba(SignIn("ciba"), None)
    assert scene.errors(PSC_CIBA) == ["psc.sign-in.not-opened"]
    assert scene.errors(IAM_CIBA) == ["iam.oidc.not-opened"]


@pytest.mark.example(PSC_CIBA, "negative")
def test_a_session_despite_a_refusal_on_the_back_channel_is_an_error() -> None:
    """access_denied, and a session all the same."""
    case = SignIn("ciba", refusal="access_denied")
    scene = ciba(case, SESSION).pilot("session-1", data=SESSION)
    assert scene.errors(PSC_CIBA) == ["psc.sign-in.despite-refusal"]
    assert [len(w) for w in ciba(case, None).judged(PSC_CIBA)] == [0, 1]


@pytest.mark.example(PSC_WEB, "negative")
def test_a_session_despite_an_error_from_the_provider_is_an_error() -> None:
    """error=access_denied in the address come back to; the twin without session is a witness."""
    case = SignIn("web", refusal="access_denied")
    back = "https://pfi.example/cb?error=access_denied&state=9f86d081884c7d659a2feaa0c55ad015"
    open_ = begun(case).web("psc", "authorize", ASKED, 302, location=back, error="access_denied")
    shut = begun(case).web("psc", "authorize", ASKED, 302, location=back, error="access_denied")
    assert open_.pilot("session-1", data=SESSION).errors(PSC_WEB) == ["psc.sign-in.despite-refusal"]
    found, seen = shut.pilot("session-1").judged(PSC_WEB)
    assert (found, len(seen)) == ([], 1)


def test_a_sign_in_that_never_reaches_the_provider_rests_on_silence() -> None:
    """Nothing heard at the provider: an absence, which the engine has to confirm."""
    found, seen = begun(SignIn("web")).pilot("session-1").judged(PSC_WEB)
    assert [(f.code, f.absence) for f in found] == [("psc.sign-in.not-asked", True)]
    assert seen == []


def test_a_session_that_opens_a_little_later_is_open() -> None:
    """The tokens were fetched after the page had come back: the later reading counts, for good and wrong ones."""
    good = begun(SignIn("web")).authorized().pilot("session-1").tokens().pilot("session-1-late", data=SESSION)
    assert [len(w) for w in good.judged(PSC_WEB)] == [0, 1]
    wrong = begun(SignIn("web", token="expired")).authorized().pilot("session-1").tokens("expired")
    assert wrong.pilot("session-1-late", data=SESSION).errors(IAM_WEB) == ["iam.oidc.invalid-token"]


def test_a_pilot_that_cannot_act_or_read_proves_nothing() -> None:
    """Unsupported mode, or a session that could not be read: neither a finding nor a witness."""
    unsupported = Scene(SignIn("web"), "sign-in").pilot("login-1", failure="pilot-unsupported")
    unread = begun(SignIn("web")).authorized().tokens().pilot("session-1", failure="pilot-timeout")
    wrong = begun(SignIn("web", token="expired")).authorized().tokens("expired")
    for scene in (unsupported, unread, wrong.pilot("session-1", failure="pilot-timeout")):
        for property in (PSC_WEB, IAM_WEB):
            assert scene.judged(property) == ([], [])


@pytest.mark.example(IAM_WEB, "negative")
@pytest.mark.parametrize("label", ["wrong-issuer", "wrong-audience", "expired"])
def test_an_invalid_token_that_opens_a_session_is_an_error_of_iam(label: str) -> None:
    """OpenID Connect Core 3.1.3.7: an error for SSI/IAM.80, advice for PSC.01."""
    case = SignIn("web", token=label)  # type: ignore[arg-type]
    opened = begun(case).authorized().tokens(label).pilot("session-1", data=SESSION)
    assert opened.errors(IAM_WEB) == ["iam.oidc.invalid-token"]
    assert opened.errors(PSC_WEB) == []
    assert [f.code for f in opened.judged(PSC_WEB)[0]] == ["psc.sign-in.unchecked"]
    shut = begun(case).authorized().tokens(label).pilot("session-1")
    assert [len(w) for w in shut.judged(IAM_WEB)] == [0, 1]


@pytest.mark.parametrize("label", ["wrong-nonce", "bad-signature", "alg-none", "wrong-key", "unknown-acr"])
def test_what_the_statement_does_not_say_is_advice(label: str) -> None:
    """Nonce, signature and level: never an error of either row."""
    scene = begun(SignIn("web", token=label)).authorized().tokens(label)  # type: ignore[arg-type]
    scene.pilot("session-1", data=SESSION)
    assert scene.errors(PSC_WEB) == scene.errors(IAM_WEB) == []
    assert [f.subject for f in scene.judged(PSC_WEB)[0]] == [label]


def test_a_nonce_that_was_not_asked_cannot_be_wrong() -> None:
    """The provider then gives a good token: an ordinary sign-in."""
    scene = begun(SignIn("web", token="wrong-nonce")).authorized(ASKED.partition("&nonce")[0]).tokens()
    found, seen = scene.pilot("session-1", data=SESSION).judged(PSC_WEB)
    assert ([f.code for f in found], len(seen)) == (["oidc.request.no-nonce"], 1)


def test_requests_that_good_practice_blames_are_advice() -> None:
    """No state, no nonce, acr instead of acr_values (the example of the CI-SIS)."""
    asked = "response_type=code&client_id=pfi&redirect_uri=https%3A%2F%2Fpfi.example%2Fcb&scope=openid&acr=eidas1"
    scene = begun(SignIn("web")).authorized(asked).tokens().pilot("session-1", data=SESSION)
    found, seen = scene.judged(PSC_WEB)
    assert {f.code for f in found} == {"oidc.request.no-state", "oidc.request.no-nonce", "oidc.request.acr-name"}
    assert scene.errors(PSC_WEB) == []
    assert seen


def test_logout_kept_from_the_provider_and_a_session_asked_anew_are_advice() -> None:
    """What the official scenarios show and the statements do not say."""
    scene = signed_in(SignIn("web", "logout")).pilot("logout").pilot("session-out", data=SESSION)
    assert [f.code for f in scene.judged(PSC_WEB)[0]] == ["psc.logout-local", "psc.session-after-logout"]
    again = signed_in(SignIn("web", "again")).pilot("login-2", data='{"session":"s2"}')
    again.authorized(f"{ASKED}&prompt=login", "asked").tokens().pilot("session-2", data=SESSION)
    assert [f.code for f in again.judged(IAM_WEB)[0]] == ["iam.oidc.session-not-reused"]
    kept = signed_in(SignIn("web", "again")).pilot("login-2", data='{"session":"s2"}')
    kept.authorized(ASKED, "reused").tokens().pilot("session-2", data=SESSION)
    assert kept.judged(IAM_WEB)[0] == []


def linked(case: SignIn, *logins: tuple[str, str, str]) -> Scene:
    """For each professional: RPPS, the account that the password opens, the one that the provider opens."""
    scene = Scene(case, "sign-in")
    for number, (rpps, own, opened) in enumerate(logins, 1):
        scene.pilot(f"password-{number}", data=f'{{"session":"p{number}"}}')
        scene.pilot(f"password-session-{number}", data=f'{{"login":"{own}"}}')
        scene.pilot(f"login-{number}", f'{{"mode":"web","rpps":"{rpps}"}}', f'{{"session":"s{number}"}}')
        scene.authorized().tokens(rpps=rpps)
        scene.pilot(f"session-{number}", data=f'{{"login":"{opened}"}}' if opened else "{}")
    return scene


@pytest.mark.example(LINKING, "positive")
def test_the_same_account_by_both_means_satisfies() -> None:
    """One professional, then two namesakes: each gets the account of the password."""
    one = linked(SignIn("usual", "password"), (RPPS, "a", "a"))
    two = linked(SignIn("usual", "homonyms"), (RPPS, "a", "a"), (OTHER, "b", "b"))
    assert [len(w) for w in one.judged(LINKING)] == [0, 1]
    assert [len(w) for w in two.judged(LINKING)] == [0, 2]


@pytest.mark.example(LINKING, "negative")
def test_the_account_of_a_namesake_is_an_error() -> None:
    """Matched by name, the second professional gets the first one's account: an error; sharing alone is advice."""
    scene = linked(SignIn("usual", "homonyms"), (RPPS, "a", "a"), (OTHER, "b", "a"))
    assert scene.errors(LINKING) == ["psc.accounts.not-linked"]
    assert [f.code for f in scene.judged(LINKING)[0]] == ["psc.accounts.not-linked", "psc.accounts.shared"]


def test_a_password_that_opens_nothing_compares_nothing() -> None:
    """Without the other means, PSC.02 has nothing to say."""
    scene = Scene(SignIn("usual", "password"), "sign-in").pilot("password-1", status="refused")
    scene.pilot("login-1", f'{{"mode":"web","rpps":"{RPPS}"}}', '{"session":"s1"}').authorized().tokens()
    assert scene.pilot("session-1", data=SESSION).judged(LINKING) == ([], [])


LEVEL = "psc.eidas1"


@pytest.mark.example(LEVEL, "positive")
@pytest.mark.example(LEVEL, "negative")
def test_every_authorization_request_asks_for_eidas1() -> None:
    """Absent is an error, eidas2 and eidas3 are advice; at the CIBA endpoint everything is advice."""
    found, seen = signed_in(SignIn("web")).judged(LEVEL)
    assert (found, len(seen)) == ([], 1)
    assert begun(SignIn("web")).authorized(ASKED.replace("&acr_values=eidas1", "")).errors(LEVEL) == [
        "psc.level.not-asked"
    ]
    higher, seen = begun(SignIn("web")).authorized(ASKED.replace("eidas1", "eidas2")).judged(LEVEL)
    assert [(f.code, f.severity) for f in higher] == [("psc.level.other", Severity.ADVICE)]
    assert seen
    ciba = begun(SignIn("ciba")).web("psc", "ciba", "scope=openid+scope_all", 200, "{}", method="POST")
    assert [(f.code, f.severity) for f in ciba.judged(LEVEL)[0]] == [("psc.level.not-asked", Severity.ADVICE)]

"""Signing in with Pro Santé Connect (PSC.01, .02) or any OpenID Connect provider (SSI/IAM.80)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Severity, Witness
from conformance.models.access import INVALID, MODES, Mode, SignIn
from conformance.properties.base import Judge, register
from conformance.properties.flow import finding
from conformance.properties.mail_flow import told
from conformance.properties.sign_in_flow import Attempt, attempt, mode_of
from conformance.standards.oidc import rules
from conformance.standards.oidc.observe import CODES
from conformance.standards.oidc.syntax import OidcRequest

REQUESTS = frozenset(code for code in CODES if code.startswith("oidc.request.") and not code.endswith("malformed"))
IN_WEB = frozenset(
    {
        "sign-in:again",
        "sign-in:logout",
        "state:wrong",
        "provider:down",
        "token:wrong-nonce",
        "token:bad-signature",
        "token:alg-none",
        "token:wrong-key",
        "token:unknown-acr",
    }
)
"""The classes of mishaps, driven in the mode of browsers that is most common."""

NEEDS = frozenset({"pilot:account.create/1"})


def _psc(mode: Mode) -> Judge:
    def judge(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
        case = driven.case
        if not isinstance(case, SignIn) or mode_of(case, context) != mode or case.story in ("password", "homonyms"):
            return
        one = attempt(driven, heard)
        if one is None:
            return
        for request in one.requests:
            if isinstance(request.value, OidcRequest):
                yield from rules.judge(request.value, request.exchange.id)
        if case.sound:
            yield from _opened(one, mode)
            yield from _signed_out(driven, heard)
        else:
            yield from _kept_shut(case, one, mode)

    return judge


def _opened(one: Attempt, mode: str) -> Iterator[Finding | Witness]:
    """Nothing is wrong at the provider: the session is open, or we say where it stopped."""
    if one.open and one.tokens is not None:
        yield Witness(f"signed in with Pro Santé Connect, {mode}", one.exchange)
        return
    if (one.session is None and not one.refused) or (not one.open and one.unfinished):
        return  # the pilot could not read the session, or the product waits for a person: nothing is known
    if one.agreed is None:
        if one.asked:
            return  # the provider itself did not agree: the request was wrong, its own rules say how
        yield finding("psc.sign-in.not-asked", "authorize", exchange=one.exchange, absence=True, subject=mode)
        return
    if not one.open:
        cause = "tokens-given" if one.tokens is not None else "tokens-not-given" if one.exchanged else "code-not-used"
        yield finding("psc.sign-in.not-opened", "session", exchange=one.exchange, cause=cause, subject=mode)


def _kept_shut(case: SignIn, one: Attempt, mode: str) -> Iterator[Finding | Witness]:
    """The provider refuses (the twin asked for), or answers something wrong (advice): no session."""
    if case.refusal or case.down:
        if one.open and (one.denied or case.down):
            yield finding("psc.sign-in.despite-refusal", "session", exchange=one.exchange, seen=one.login, subject=mode)
        if one.closed and (one.denied or case.down):
            yield Witness(f"no session when the provider refuses, {mode}", one.exchange)
        return
    label = "state" if case.wrong_state else case.token
    if label == "wrong-nonce" and one.tokens is not None and one.tokens.token == "good":
        yield from _opened(one, mode)  # no nonce was asked: none can be wrong, the rules of requests say it
        return
    if one.agreed is None or (not case.wrong_state and (one.tokens is None or one.tokens.token != case.token)):
        return  # it never got what was wrong
    if not one.open and not one.closed:
        return  # the session could not be read
    if one.open:
        yield finding("psc.sign-in.unchecked", label, exchange=one.exchange, seen=label, subject=label)
    yield Witness(f"a wrong answer of the provider was faced ({label})", one.exchange)


def _signed_out(driven: Driven[Any], heard: Heard) -> Iterator[Finding]:
    """Whether leaving the product leaves the provider too: advice."""
    if told(driven, heard, "logout") is None:
        return
    left = any(o.kind == "oidc-request" and o.exchange.facts.get("event") == "logout" for o in heard.own)
    sent = next(s for s in driven.sent if s.name == "logout")
    if not left:
        yield finding("psc.logout-local", "logout", exchange=sent.exchange, absence=True)
    after = told(driven, heard, "session-out")
    if after and (after.get("login") or after.get("rpps")):
        yield finding("psc.session-after-logout", "session", exchange=sent.exchange, seen=after.get("login", ""))


for _mode in MODES:
    register(
        f"psc.sign-in-{_mode}",
        exercise="sign-in",
        clause="DSR PFI et RI, PSC.01 ; référentiel Pro Santé Connect ; OpenID Connect Core 1.0, 3.1 ; CIBA Core 1.0",
        requirements=("PFI/va2/PSC.01", "RI/va2/PSC.01"),
        codes=frozenset(
            {
                "psc.sign-in.not-asked",
                "psc.sign-in.not-opened",
                "psc.sign-in.despite-refusal",
                "psc.sign-in.unchecked",
                "psc.logout-local",
                "psc.session-after-logout",
            }
        )
        | REQUESTS,
        claims=frozenset({f"sign-in:{_mode}", f"refused:{_mode}"}) | (IN_WEB if _mode == "web" else frozenset()),
        control=f"sign-in:{_mode}",
        needs=NEEDS,
    )(_psc(_mode))


def _openid(mode: Mode) -> Judge:
    def judge(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
        case = driven.case
        if not isinstance(case, SignIn) or mode_of(case, context) != mode or case.story in ("password", "homonyms"):
            return
        one = attempt(driven, heard)
        if one is None:
            return
        if case.sound:
            yield from _iam_opened(driven, heard, one, mode)
        elif case.token in INVALID and one.tokens is not None and one.tokens.token == case.token:
            if one.open:
                yield finding("iam.oidc.invalid-token", "id_token", exchange=one.exchange, seen=case.token,
                              subject=case.token)  # fmt: skip
            elif one.closed:
                yield Witness(f"an invalid token ({case.token}) opened nothing, {mode}", one.exchange)

    return judge


def _iam_opened(driven: Driven[Any], heard: Heard, one: Attempt, mode: str) -> Iterator[Finding | Witness]:
    if one.open and one.tokens is not None:
        yield Witness(f"signed in with an OpenID Connect provider, {mode}", one.exchange)
        again = attempt(driven, heard, 2)
        if again is not None and driven.case.story == "again":
            reused = any(a.login == "reused" for a in again.given())
            if again.asked and not reused:
                yield finding("iam.oidc.session-not-reused", "prompt", exchange=again.exchange)
        return
    if one.closed and one.agreed is not None and not one.unfinished:
        cause = "tokens-given" if one.tokens is not None else "tokens-not-given" if one.exchanged else "code-not-used"
        yield finding("iam.oidc.not-opened", "session", exchange=one.exchange, cause=cause, subject=mode)


for _mode in MODES[:3]:
    register(
        f"iam.openid-{_mode}",
        exercise="sign-in",
        clause="DSR PFI SSI/IAM.80 ; OpenID Connect Core 1.0, 3.1.3.7 ; CIBA Core 1.0, 10.1",
        requirements=("PFI/va2/SSI/IAM.80",),
        codes=frozenset({"iam.oidc.not-opened", "iam.oidc.invalid-token", "iam.oidc.session-not-reused"}),
        claims=frozenset({f"sign-in:{_mode}", *(f"token:{t}:{_mode}" for t in INVALID)})
        | (frozenset({"sign-in:again"}) if _mode == "web" else frozenset()),
        control=f"sign-in:{_mode}",
        needs=NEEDS,
    )(_openid(_mode))


@register(
    "psc.account-linking",
    exercise="sign-in",
    clause="DSR PFI et RI, PSC.02 ; référentiel Pro Santé Connect, EXI PSC 19 (rapprochement autour du RPPS)",
    requirements=("PFI/va2/PSC.02", "RI/va2/PSC.02"),
    codes=frozenset({"psc.accounts.not-linked", "psc.accounts.shared"}),
    claims=frozenset({"accounts:password", "accounts:homonyms"}),
    control="accounts:password",
    needs=frozenset({"pilot:account.create/1", "pilot:login.password/1"}),
)
def account_linking(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The account that Pro Santé Connect opens is the one that the password of the same professional opens."""
    case = driven.case
    if not isinstance(case, SignIn) or case.story not in ("password", "homonyms"):
        return
    opened: dict[str, list[str]] = {}
    for number in (1, 2) if case.story == "homonyms" else (1,):
        one = attempt(driven, heard, number)
        own = _login(told(driven, heard, f"password-session-{number}"))
        if one is None or not own or one.tokens is None or one.session is None:
            continue
        opened.setdefault(one.login, []).append(one.rpps)
        if one.login == own:
            yield Witness("the same account by Pro Santé Connect and by password", one.exchange)
        elif one.open:
            yield finding(
                "psc.accounts.not-linked", "login", exchange=one.exchange, expected=own, seen=one.login,
                subject=case.story,
            )  # fmt: skip
    for login, people in opened.items():
        if login and len(set(people)) > 1:
            yield finding("psc.accounts.shared", "login", seen=f"{login} : {' '.join(sorted(set(people)))}")


def _login(session: Mapping[str, Any] | None) -> str:
    return str((session or {}).get("login") or "")


LEVEL = "eidas1"
HIGHER = frozenset({"eidas2", "eidas3"})
"""Levels that auditors accept, though they are not recommended."""


@register(
    "psc.eidas1",
    exercise="sign-in",
    clause="DSR RI PSC.08 ; documentation technique de Pro Santé Connect, acr_values",
    requirements=("RI/va2/PSC.08",),
    codes=frozenset({"psc.level.not-asked", "psc.level.other"}),
    claims=frozenset({"sign-in:usual"}),
    control="sign-in:usual",
    needs=NEEDS,
)
def eidas1(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every request at the authorization endpoint asks for the level eidas1; by CIBA, what differs is advice."""
    for observation in heard.of("oidc-request"):
        request, exchange = observation.value, observation.exchange
        if not isinstance(request, OidcRequest) or request.event not in ("authorize", "ciba"):
            continue
        asked = request.parameters.get("acr_values", "").split()
        if request.event == "authorize":
            yield Witness("an authentication was asked for at the authorization endpoint", exchange.id)
        if LEVEL in asked:
            continue
        higher = bool(HIGHER.intersection(asked))
        mild = Severity.ADVICE if higher or request.event == "ciba" else None
        yield finding(
            "psc.level.other" if higher else "psc.level.not-asked", "acr_values", exchange=exchange.id, expected=LEVEL,
            seen=" ".join(asked), subject=request.event, severity=mild,
        )  # fmt: skip

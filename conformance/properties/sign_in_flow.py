"""What judges of sign-ins look at: what the provider was asked and answered, which session came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Context, Direction, Driven, Heard, Observation
from conformance.models.access import SignIn
from conformance.properties.mail_flow import asked, step, told
from conformance.standards.oidc.syntax import OidcAnswer, OidcRequest


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in by the provider.

    `requests` and `answers` are those of the provider meanwhile. `refused` tells that the system would not even begin.
    `session` is what the pilot read of the session: its login and RPPS, empty when it is not open, None when it could
    not be read. `rpps` is whose sign-in it was, `exchange` the stimulus, `page` where the browser ended.
    """

    exchange: str
    rpps: str
    requests: tuple[Observation, ...]
    answers: tuple[Observation, ...]
    refused: bool
    session: Mapping[str, Any] | None
    page: bytes = b""

    @property
    def unfinished(self) -> bool:
        """Whether the last page may wait for a script to run or a person to answer: the browser of the bench does
        neither, so that what did not happen then proves nothing."""
        page = self.page.lower()
        return b"<script" in page or b"<form" in page

    @property
    def open(self) -> bool:
        """Whether a session is open."""
        return bool(self.session and (self.session.get("login") or self.session.get("rpps")))

    @property
    def closed(self) -> bool:
        """Whether it is known that none is."""
        return not self.open and (self.session is not None or self.refused)

    @property
    def login(self) -> str:
        """The account that the session is of."""
        return str((self.session or {}).get("login") or "")

    @property
    def asked(self) -> bool:
        """Whether the provider was asked to sign somebody in."""
        return any(r.event in ("authorize", "ciba") for r in self.spoken())

    @property
    def agreed(self) -> OidcAnswer | None:
        """The provider's agreement: a code given to the browser, or a request accepted on the back channel."""
        return next((a for a in self.given() if a.event in ("authorize", "ciba") and a.ok), None)

    @property
    def tokens(self) -> OidcAnswer | None:
        """The answer that gave tokens, the first of them."""
        return next((a for a in self.given() if a.event == "token" and a.token), None)

    @property
    def denied(self) -> bool:
        """Whether the provider said no."""
        pending = ("authorization_pending", "slow_down")
        return any(a.error and a.error not in pending for a in self.given() if a.event in ("authorize", "token"))

    @property
    def exchanged(self) -> bool:
        """Whether the system went for its tokens."""
        return any(r.event == "token" for r in self.spoken())

    def spoken(self) -> Iterator[OidcRequest]:
        """The requests as values."""
        return (o.value for o in self.requests if isinstance(o.value, OidcRequest))

    def given(self) -> Iterator[OidcAnswer]:
        """The answers as values."""
        return (o.value for o in self.answers if isinstance(o.value, OidcAnswer))


def attempt(driven: Driven[Any], heard: Heard, number: int = 1) -> Attempt | None:
    """The `number`th sign-in of a case; None when the pilot did not begin it."""
    sent = step(driven, f"login-{number}")
    if sent is None or sent.failure is not None:
        return None
    places = {o.exchange.id: place for place, o in enumerate(heard.own)}
    start = places.get(sent.exchange, 0)
    late = f"session-{number}-late"
    last = late if step(driven, late) is not None else f"session-{number}"
    read = step(driven, last)
    end = places.get(read.exchange, len(heard.own)) if read is not None else len(heard.own)
    meanwhile = heard.own[start:end]
    answer = heard.value(sent.answer, dict)
    pages = [o.exchange for o in meanwhile if o.exchange.channel == "browser" and _came(o)]
    return Attempt(
        exchange=sent.exchange,
        rpps=str(asked(driven, heard, f"login-{number}").get("rpps") or ""),
        requests=tuple(o for o in meanwhile if o.kind == "oidc-request"),
        answers=tuple(o for o in meanwhile if o.kind == "oidc-answer"),
        refused=answer is not None and answer.get("status") == "refused",
        session=told(driven, heard, last),
        page=pages[-1].body if pages else b"",
    )


def _came(observation: Observation) -> bool:
    return observation.exchange.direction is Direction.FROM_VENDOR


def mode_of(case: object, context: Context) -> str:
    """How the sign-ins of a case go: its mode, or the one that the target calls usual."""
    if not isinstance(case, SignIn):
        return ""
    usual = context.settings.get("psc_mode", "web")
    return str(usual) if case.mode == "usual" else case.mode

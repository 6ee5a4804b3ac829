"""Scenes of sign-ins, accounts and dashboards in literal words: what a pilot said, what a provider or directory heard.

Nothing comes from our generators, services or reference vendor; tokens are made by PyJWT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

import jwt

from conformance.evidence.values import (
    Binding,
    Context,
    Direction,
    Driven,
    Exchange,
    Fact,
    Finding,
    Heard,
    Observation,
    Sent,
    Severity,
    Witness,
)
from conformance.properties import base
from conformance.standards.observe import observe

DAY = Context(as_of=date(2026, 1, 5), wave="va1+va2", environment="normal")
RPPS, OTHER = "10101010103", "10202020208"
ASKED = (
    "response_type=code&client_id=pfi&redirect_uri=https%3A%2F%2Fpfi.example%2Fcb&scope=openid+scope_all"
    "&acr_values=eidas1&state=9f86d081884c7d659a2feaa0c55ad015&nonce=b5bb9d8014a0f9b1d61e21e796d78dcc"
)
BACK = "https://pfi.example/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=9f86d081884c7d659a2feaa0c55ad015"


@dataclass
class Scene:
    """A case as it unfolds; every call adds what it says to what was heard."""

    case: object
    exercise: str
    heard: list[Observation] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def add(
        self,
        channel: str,
        direction: Direction,
        body: str | bytes,
        facts: Mapping[str, Fact],
        answers: str | None = None,
    ) -> str:
        """One exchange; its id."""
        id = f"x{len(self.heard) + 1}"
        raw = body.encode() if isinstance(body, str) else body
        self.heard.append(observe(Exchange(id, channel, direction, 1, len(self.heard), raw, facts, answers)))
        return id

    def pilot(
        self, name: str, payload: str = "{}", data: str = "{}", status: str = "done", failure: str | None = None
    ) -> Scene:
        """A stimulus or a query and its answer, payload and data in JSON."""
        facts: dict[str, Fact] = {"protocol": "pilot"}
        request = self.add("pilot", Direction.TO_VENDOR, f'{{"id":"{name}","payload":{payload}}}', facts)
        answer = None
        if failure is None:
            told = f'{{"id":"{name}","status":"{status}","data":{data}}}'
            answer = self.add("pilot", Direction.FROM_VENDOR, told, facts, request)
        self.sent.append(Sent(name, request, answer, failure))
        return self

    def web(
        self, channel: str, event: str, asked: str, status: int, answer: str = "", *, method: str = "GET", **facts: Fact
    ) -> Scene:
        """A request of the vendor to the provider (`psc`) or the directory (`annuaire`), and the answer."""
        protocol = "oidc" if channel == "psc" else "annuaire"
        common: dict[str, Fact] = {"protocol": protocol, "event": event}
        kind = "application/x-www-form-urlencoded" if method == "POST" else ""
        own = {k: v for k, v in facts.items() if k.startswith("asked_")}
        heard = self.add(
            channel, Direction.FROM_VENDOR, asked, {**common, "method": method, "content_type": kind, **own}
        )
        rest = {k: v for k, v in facts.items() if not k.startswith("asked_")}
        self.add(channel, Direction.TO_VENDOR, answer, {**common, "status": status, **rest}, heard)
        return self

    def authorized(self, asked: str = ASKED, login: str = "asked") -> Scene:
        """The browser goes to the provider and comes back with a code."""
        return self.web("psc", "authorize", asked, 302, location=BACK, login=login, rpps=RPPS)

    def tokens(self, label: str = "good", rpps: str = RPPS) -> Scene:
        """The code is exchanged."""
        token = jwt.encode({"iss": "https://idp.example", "aud": "pfi", "sub": rpps}, "k" * 32, algorithm="HS256")
        form = urlencode({"grant_type": "authorization_code", "code": "SplxlOBeZQQYbYS6WxSbIA"})
        return self.web("psc", "token", form, 200, f'{{"id_token":"{token}"}}', method="POST", token=label, rpps=rpps)

    def instructed(self, verb: str, name: str, body: str = "", **values: Fact) -> Scene:
        """The bench sets its own directory."""
        facts: dict[str, Fact] = {"instruction": verb, "protocol": "annuaire", "event": "instruction", **values}
        self.sent.append(Sent(name, self.add("annuaire", Direction.TO_VENDOR, body, facts)))
        return self

    def judged(
        self, property: str, parameters: Mapping[str, object] | None = None
    ) -> tuple[list[Finding], list[Witness]]:
        """What a property says."""
        driven = Driven(
            "c1", self.exercise, "normal", self.case, Binding("00000000", 1, "AB", "001001"), tuple(self.sent)
        )
        heard = Heard(tuple(self.heard), tuple(self.heard))
        context = Context(DAY.as_of, DAY.wave, DAY.environment, parameters=parameters or {})
        words = list(base.get(property).judge(driven, heard, context))
        return [w for w in words if isinstance(w, Finding)], [w for w in words if isinstance(w, Witness)]

    def errors(self, property: str, parameters: Mapping[str, object] | None = None) -> list[str]:
        """The codes that count against the vendor."""
        return [f.code for f in self.judged(property, parameters)[0] if f.severity is Severity.ERROR]

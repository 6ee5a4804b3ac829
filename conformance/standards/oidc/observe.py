"""An exchange with a provider decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.errors import Malformed
from conformance.evidence.codes import table
from conformance.evidence.values import Direction, Exchange, Finding, Observation
from conformance.standards.oidc.syntax import NOTHING, OidcAnswer, OidcRequest, Token, form, query_of, read_token

CODES = table(__package__)


def observe(exchange: Exchange) -> Observation:
    """`oidc-request` or `oidc-answer`; never raises. What cannot be read is a finding, the rest is still told.

    A request has no attribution key: an exercise that signs people in drives its cases one at a time.
    """
    findings: list[Finding] = []
    if exchange.direction is Direction.FROM_VENDOR:
        return Observation(exchange, "oidc-request", _request(exchange, findings), (), tuple(findings))
    if "instruction" in exchange.facts:
        return Observation(exchange, "instruction", None)
    return Observation(exchange, "oidc-answer", _answer(exchange, findings), (), tuple(findings))


def _request(exchange: Exchange, findings: list[Finding]) -> OidcRequest:
    facts = exchange.facts
    kind = str(facts.get("content_type", ""))
    get = facts.get("method") != "POST"
    parameters: Mapping[str, str] = NOTHING
    if exchange.body and (get or "x-www-form-urlencoded" in kind):
        try:
            parameters = form(exchange.body.decode("utf-8", "replace"))
        except Malformed as fault:
            findings.append(CODES.finding(fault.code, fault.path, seen=fault.seen, exchange=exchange.id))
    return OidcRequest(
        event=_text(facts.get("event")),
        provider=_text(facts.get("provider")),
        parameters=parameters,
        client=_text(facts.get("client")),
        authorization=_text(facts.get("authorization")),
        in_url=get,
    )


def _answer(exchange: Exchange, findings: list[Finding]) -> OidcAnswer:
    facts = exchange.facts
    status = facts.get("status")
    parameters: Mapping[str, str] = NOTHING
    location = _text(facts.get("location"))
    if location:
        try:
            parameters = query_of(location)
        except Malformed as fault:
            findings.append(CODES.finding(fault.code, fault.path, seen=fault.seen, exchange=exchange.id))
    told = _json(exchange.body)
    token: Token | None = None
    if isinstance(told.get("id_token"), str):
        try:
            token = read_token(told["id_token"])
        except Malformed as fault:
            findings.append(CODES.finding(fault.code, fault.path, seen=fault.seen, exchange=exchange.id))
    return OidcAnswer(
        event=_text(facts.get("event")),
        status=status if isinstance(status, int) else 0,
        error=_text(facts.get("error")) or _text(told.get("error")) or parameters.get("error", ""),
        parameters=parameters,
        token=_text(facts.get("token")),
        id_token=token,
        rpps=_text(facts.get("rpps")),
        login=_text(facts.get("login")),
    )


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

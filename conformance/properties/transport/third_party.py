"""SSI/IE.43: a third-party organisation gets in with a certificate that is not revoked, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.transport.sessions import advice, finding
from conformance.standards.hl7v2.values import Ack

TWIN = "step-1-usual"
"""The name of the connection with the usual certificate."""

CODES = {
    "none": "ssi.third-party.no-certificate",
    "revoked": "ssi.third-party.revoked",
    "expired": "ssi.third-party.expired",
    "foreign": "ssi.third-party.unknown-authority",
}
"""Certificate shown -> the code of having let it in."""

_YES = ("AA", "CA")


@register(
    "ssi-ie.third-party-certificate",
    exercise="third-party.connection",
    clause="Référentiel d'identification électronique, volet ASPM, exigence 4 ; SSI/IE.43",
    requirements=("PFI/va2/SSI/IE.43",),
    codes=frozenset(CODES.values()),
    claims=frozenset({"identity:none", "identity:revoked"}),
    control="identity:usual",
    needs=frozenset({"service:igc"}),
)
def third_party_certificate(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Let in with the usual certificate (the twin), the third party gets no yes with another."""
    del context
    answers = {s.name: (s, heard.value(s.answer, Ack)) for s in driven.sent}
    sent, ack = answers.pop(TWIN, (None, None))
    served = sent is not None and sent.failure is None and ack is not None and ack.code in _YES
    if served and not answers:
        yield Witness("let in with its certificate", sent.exchange if sent else None)
    for other, said in answers.values():
        tried = heard.by_id(other.exchange)
        identity = str(tried.exchange.facts.get("identity") or "") if tried is not None else ""
        if identity not in CODES:
            continue
        code = CODES[identity]
        inside = said is not None and said.code in _YES
        if inside:
            yield finding(code, "TLS", exchange=other.exchange, seen=said.code if said else "", subject=identity)
        # A peer that cannot be reached refuses nobody: only a handshake or a dialogue that ends tells of a refusal.
        turned_away = other.failure in ("tls", "closed", None) and not inside
        if served and (turned_away or (inside and advice(code))):
            yield Witness(f"certificate {identity}: no way in", other.exchange)

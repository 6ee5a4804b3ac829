"""SSI/GEN.12 and SSI/GEN.13: every flow with personal data that the bench hears, its protection, its cryptography."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.evidence.values import Context, Direction, Driven, Exchange, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.transport.refusals import EXERCISE
from conformance.properties.transport.sessions import IMAP, SMTP, Link, finding, links, plain, tunnelled, twin
from conformance.standards.tls import rules


@dataclass(frozen=True, slots=True)
class Flow:
    """A channel with personal data. `national`: over an open network, where TLS is the mechanism of the frameworks.

    `authenticated` names the facts of which one shows who the system is (its certificate, its log-in).
    """

    channels: frozenset[str]
    national: bool
    authenticated: tuple[str, ...] = ()


FLOWS = (
    Flow(frozenset({"dmp"}), national=True, authenticated=("peer_subject", "client_certificate")),
    Flow(SMTP, national=True, authenticated=("client_certificate", "login")),
    Flow(IMAP, national=True, authenticated=("client_certificate", "login")),
    Flow(frozenset({"psc"}), national=True),
    Flow(frozenset({"documents", "returns", "relay"}), national=False),
)

_NO_CERTIFICATE = "did not return a certificate"
"""What OpenSSL says of a client that showed none where one is required."""
_UNKNOWN = ("foreign", "self-signed")


@register(
    "ssi-gen.protected-flows",
    exercise=EXERCISE,
    clause="Corpus SSI vague 2, SSI/GEN.12",
    requirements=("PFI/va2/SSI/GEN.12",),
    codes=frozenset({"ssi.flow.clear", "ssi.flow.clear-local", "ssi.flow.anonymous", "ssi.flow.peer-unverified"}),
    claims=frozenset({"plain", "certificate:foreign", "offer:no-starttls"}),
    control="plain",
    passive=True,
)
def protected_flows(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Each flow heard goes over TLS (or in a declared tunnel), and both of its ends were authenticated before."""
    tunnels = tunnelled(context)
    found: dict[str, Finding] = {}
    safe: dict[str, Exchange] = {}
    for exchange, flow in _carrying(heard):
        channel = exchange.channel
        if channel in tunnels:
            continue
        wrong = _wrong(exchange, flow)
        if wrong is not None:
            found.setdefault(f"{'probe' if _nameless(exchange) else wrong.code} {channel}", wrong)
        elif flow.national:
            safe.setdefault(channel, exchange)
    for channel in safe:  # a connection without certificate beside good ones is a probe, not the flow
        found.pop(f"probe {channel}", None)
    yield from found.values()
    mail = links(heard, SMTP)
    tried = [link for link in mail if link.certificate in _UNKNOWN or link.offer == "no-starttls"]
    if found and any(f.severity.value == "error" for f in found.values()):
        return
    if twin(mail) is not None and (plain(driven) or tried):
        for channel, exchange in safe.items():
            yield Witness(f"{channel}: protected, both ends authenticated", exchange.id)


def _carrying(heard: Heard) -> Iterator[tuple[Exchange, Flow]]:
    """The exchanges with content, or that tried to have some, and the flow of each."""
    for observation in heard.own:
        exchange = observation.exchange
        flow = next((f for f in FLOWS if exchange.channel in f.channels), None)
        if flow is None:
            continue
        facts = exchange.facts
        if exchange.channel == "documents" and exchange.direction is Direction.TO_VENDOR:
            if exchange.body and facts.get("sent") is not False:
                yield exchange, flow
        elif exchange.direction is Direction.FROM_VENDOR and exchange.channel != "documents":
            plain_content = bool(exchange.body) and not facts.get("event")
            if Link(exchange).entrusted or plain_content or _nameless(exchange):
                yield exchange, flow


def _nameless(exchange: Exchange) -> bool:
    """Whether this is a handshake that ended for want of a client certificate."""
    return _NO_CERTIFICATE in str(exchange.facts.get("reason") or "").replace("_", " ").lower()


def _wrong(exchange: Exchange, flow: Flow) -> Finding | None:
    channel = exchange.channel
    if _nameless(exchange):
        return finding("ssi.flow.anonymous", channel, exchange=exchange.id, subject=channel)
    link = Link(exchange)
    if not link.version:
        code = "ssi.flow.clear" if flow.national else "ssi.flow.clear-local"
        return finding(code, channel, exchange=exchange.id, subject=channel)
    if link.certificate in _UNKNOWN:
        return finding(
            "ssi.flow.peer-unverified", channel, exchange=exchange.id, seen=link.certificate, subject=link.certificate
        )
    if flow.authenticated and not any(link.fact(name) for name in flow.authenticated):
        return finding("ssi.flow.anonymous", channel, exchange=exchange.id, subject=channel)
    return None


@register(
    "ssi-gen.cryptography",
    exercise=EXERCISE,
    clause="Corpus SSI vague 2, SSI/GEN.13 ; ANSSI, Recommandations de sécurité relatives à TLS v1.2",
    requirements=("PFI/va2/SSI/GEN.13",),
    codes=frozenset(
        {
            "tls.version.obsolete",
            "tls.suite.broken",
            "tls.suite.no-forward-secrecy",
            "tls.suite.degraded",
            "tls.group.short",
            "tls.key.short",
            "tls.signature.weak",
        }
    ),
    claims=frozenset({"plain", "offer:tls1.1-only", "offer:weak-dh"}),
    control="plain",
    passive=True,
)
def cryptography(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every session negotiated, on any channel, follows the guides of the ANSSI; old offers are not taken."""
    del context
    found: dict[str, Finding] = {}
    sound: dict[str, Exchange] = {}
    for observation in heard.own:
        exchange = observation.exchange
        session = rules.of(exchange.facts) if exchange.facts.get("handshake") != "failed" else None
        if session is None:
            continue
        wrong = tuple(rules.against_anssi(session))
        for one in wrong:
            found.setdefault(f"{one.fingerprint} {exchange.channel}", one.at(exchange=exchange.id))
        if all(f.severity.value != "error" for f in wrong):
            sound.setdefault(exchange.channel, exchange)
    yield from found.values()
    if any(f.severity.value == "error" for f in found.values()):
        return
    mail = links(heard, SMTP)
    if plain(driven) or (twin(mail) is not None and any(link.failed for link in mail)):
        for channel, exchange in sound.items():
            yield Witness(f"{channel}: negotiation that follows the guides", exchange.id)

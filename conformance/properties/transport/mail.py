"""What the system must manage with its operator: IGC-Santé certificates, application mailboxes, a CRL out of reach."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Direction, Driven, Exchange, Finding, Heard, Witness
from conformance.models.transport import TransportCase
from conformance.properties.base import register
from conformance.properties.transport.refusals import EXERCISE
from conformance.properties.transport.sessions import (
    IMAP,
    PROTOCOLS,
    SMTP,
    Link,
    finding,
    links,
    mailbox,
    plain,
    twin,
)

CHANGED = "step-2-changed"
"""The name of the stimulus given after the operator, or its authority, changed."""


@register(
    "mss.igc-sante-certificate",
    exercise=EXERCISE,
    clause="Référentiel socle MSSanté n° 2, ECO.1.1.4 ; MSS/va1.06",
    requirements=("PFI/va1/MSS/va1.06",),
    codes=frozenset({"mss.certificate.igc-refused", "mss.certificate.unknown-authority", "mss.certificate.other-host"}),
    claims=frozenset({"certificate:igc"}),
    control="plain",
)
def igc_sante_certificate(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A chain of the IGC-Santé kind is taken, its anchor being installed; an unknown authority had better not be."""
    del context
    for protocol, channels in PROTOCOLS:
        met = links(heard, channels)
        usual = twin(met)
        igc = [link for link in met if link.certificate == "igc"]
        good = next((link for link in igc if link.version and link.entrusted), None)
        # A chain may be looked at in the handshake or just after it: either way nothing is then entrusted.
        bad = next((link for link in igc if link.event == "session" and link.fact("handshake") != "none"), None)
        if good is not None:
            yield Witness(f"{protocol} session with a chain of the IGC-Santé kind", good.exchange.id)
        elif bad is not None and usual is not None:
            seen = bad.fact("failure")
            yield finding("mss.certificate.igc-refused", protocol, exchange=bad.exchange.id, seen=seen, absence=True)
        elif plain(driven) and usual is not None:
            yield Witness(f"{protocol} served as usual", usual.exchange.id)
        for label, code in _BETTER_REFUSED.items():
            taken = next((link for link in met if link.certificate == label and link.entrusted), None)
            if taken is not None:
                yield finding(code, protocol, exchange=taken.exchange.id, seen=label, subject=label)


_BETTER_REFUSED = {
    "foreign": "mss.certificate.unknown-authority",
    "self-signed": "mss.certificate.unknown-authority",
    "wrong-name": "mss.certificate.other-host",
}
"""Certificates that the row does not speak of, and the advice given to who takes them."""


@register(
    "mss.application-mailbox-session",
    exercise=EXERCISE,
    clause="Référentiel socle MSSanté n° 2, version 1.0, ECO.1.3.1 ; MSS/CONF.12",
    requirements=("PFI/va2/MSS/CONF.12",),
    codes=frozenset(
        {
            "mss.application.no-certificate",
            "mss.application.not-auth-cli",
            "mss.application.mechanism",
            "mss.application.login",
        }
    ),
    claims=frozenset({"plain"}),
    control="plain",
    passive=True,
)
def application_mailbox_session(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """On the application mailbox: the ORG AUTH_CLI certificate, then PLAIN with the address of the mailbox."""
    del driven
    address = mailbox(context)
    for protocol, channels in (("SMTP", SMTP), ("IMAP", IMAP)):
        concerned = [link for link in links(heard, channels) if _on(link, address)]
        wrong: dict[str, Finding] = {}
        for link in concerned:
            for one in _steps(link, protocol, address):
                wrong.setdefault(one.code, one)
        yield from wrong.values()
        if concerned and not wrong:
            yield Witness(f"{protocol}: certificate, then PLAIN, on {address}", concerned[0].exchange.id)


def _on(link: Link, address: str) -> bool:
    """Whether a session is on the application mailbox, by its login or by who sends; over TLS (else see CONF.05)."""
    said = (link.fact("login").lower(), link.fact("mail_from").strip("<>").lower())
    return address in said and bool(link.version)


def _steps(link: Link, protocol: str, address: str) -> Iterator[Finding]:
    where = link.exchange.id
    if not link.fact("client_certificate"):
        yield finding("mss.application.no-certificate", protocol, exchange=where)
    elif link.fact("client_usage") != "AUTH_CLI":
        yield finding("mss.application.not-auth-cli", protocol, exchange=where, seen=link.fact("client_certificate"))
    mechanism = link.fact("mechanism")
    # RFC 3501, which the row cites for PLAIN in IMAP, has the LOGIN command: the same secret, in the same place.
    if mechanism not in (("PLAIN", "LOGIN") if protocol == "IMAP" else ("PLAIN",)):
        yield finding("mss.application.mechanism", protocol, exchange=where, expected="PLAIN", seen=mechanism or "-")
    elif link.fact("login").lower() != address:
        yield finding("mss.application.login", protocol, exchange=where, expected=address, seen=link.fact("login"))


@register(
    "mss.last-crl",
    exercise=EXERCISE,
    clause="Référentiel socle MSSanté n° 2, version 1.0, ECO.1.1.7 ; MSS/CONF.22",
    requirements=("PFI/va2/MSS/CONF.22",),
    codes=frozenset({"mss.crl.lost", "mss.crl.expired-copy", "mss.crl.revoked-taken"}),
    claims=frozenset({"crl:unreachable"}),
    control="plain",
    needs=frozenset({"service:igc"}),
)
def last_crl(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A CRL was fetched; while the current one cannot be, the operator is still reached."""
    del context
    met = links(heard, SMTP)
    usual = twin(met)
    taken = next((link for link in met if link.certificate == "revoked" and link.entrusted), None)
    if taken is not None:
        yield finding("mss.crl.revoked-taken", "SMTP", exchange=taken.exchange.id)
    if usual is None:
        return
    if plain(driven):
        yield Witness("served while the CRL is there", usual.exchange.id)
    case = driven.case
    if not isinstance(case, TransportCase) or case.condition not in _CRL:
        return
    changed = next((heard.by_id(s.exchange) for s in driven.sent if s.name == CHANGED), None)
    if changed is None or not _fetched(heard, changed.exchange.ms):
        return
    later = [link for link in met if link.exchange.ms >= changed.exchange.ms and link.usual]
    good = next((link for link in later if link.entrusted and link.version), None)
    bad = next((link for link in later if link.failed), None)
    if good is not None:
        yield Witness("reached while the CRL is not", good.exchange.id)
    else:
        # Not a session, or only failed ones: the system gave up, or its control kept it from connecting.
        where = bad.exchange.id if bad is not None else changed.exchange.id
        seen = bad.fact("failure") if bad is not None else ""
        yield finding(_CRL[case.condition], "SMTP", exchange=where, seen=seen, absence=True)


_CRL = {"crl:unreachable": "mss.crl.lost", "crl:expired": "mss.crl.expired-copy"}


def _fetched(heard: Heard, before: int) -> bool:
    """Whether a CRL was given to the system before a moment (milliseconds), in this window."""
    asked: dict[str, Exchange] = {}
    for observation in (*heard.window, *heard.own):
        exchange = observation.exchange
        if exchange.channel != "igc" or exchange.ms > before:
            continue
        if exchange.direction is Direction.FROM_VENDOR and "crl" in str(exchange.facts.get("path", "")).lower():
            asked[exchange.id] = exchange
        elif exchange.answers in asked and exchange.facts.get("status") == 200 and exchange.body:
            return True
    return False

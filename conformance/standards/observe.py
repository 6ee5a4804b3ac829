"""One door to every decoder: an exchange becomes an observation by its protocol, told or guessed from its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.evidence.values import Exchange, Observation
from conformance.standards.annuaire.observe import observe as observe_annuaire
from conformance.standards.hl7v2.observe import observe as observe_hl7v2
from conformance.standards.insi.observe import observe as observe_insi
from conformance.standards.mail.observe import observe as observe_mail
from conformance.standards.mail.sessions import observe_imap
from conformance.standards.oidc.observe import observe as observe_oidc
from conformance.standards.pilot.observe import observe as observe_pilot
from conformance.standards.xds.observe import observe as observe_xds

Decoder = Callable[[Exchange], Observation]

_DECODERS: Mapping[str, Decoder] = {"mllp": observe_hl7v2, "http": observe_xds}
"""Protocols of which every word has a body."""

_TOLD: Mapping[str, Decoder] = {
    "annuaire": observe_annuaire,
    "imap": observe_imap,
    "insi": observe_insi,
    "oidc": observe_oidc,
    "pilot": observe_pilot,
    "smtp": observe_mail,
}
"""Protocols of which the facts may say all: a session, a request without a body."""


def observe(exchange: Exchange) -> Observation:
    """Decode an exchange; never raises on what it holds.

    `exchange.facts["protocol"]` (`mllp`, `http`, `smtp`...) decides; without it the first bytes do. A mail that the
    bench delivers is a mail whatever carries it. An empty body gives the kind `nothing` where the protocol has no word
    without one, bytes that no decoder claims `unknown`; both without keys nor findings.
    """
    protocol = exchange.facts.get("protocol")
    if exchange.facts.get("instruction") == "deliver":
        return observe_mail(exchange)
    if isinstance(protocol, str) and protocol in _TOLD:
        return _TOLD[protocol](exchange)
    if not exchange.body:
        return Observation(exchange, "nothing", None)
    decoder = _DECODERS.get(protocol if isinstance(protocol, str) else sniff(exchange.body))
    return Observation(exchange, "unknown", None) if decoder is None else decoder(exchange)


def sniff(body: bytes) -> str:
    """`mllp` for ER7 (framed or not), `http` for XML and multipart, empty when neither."""
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip(b"\x0b\r\n\t ")
    if start[:3] in (b"MSH", b"BHS", b"FHS"):
        return "mllp"
    utf16 = body[:2] in (b"\xff\xfe", b"\xfe\xff")
    return "http" if utf16 or start[:1] == b"<" or start[:2] == b"--" else ""

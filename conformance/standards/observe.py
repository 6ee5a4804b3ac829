"""One door to every decoder: an exchange becomes an observation by its protocol, told or guessed from its bytes."""

from __future__ import annotations

from conformance.evidence.values import Exchange, Observation
from conformance.standards.hl7v2.observe import observe as observe_hl7v2
from conformance.standards.xds.observe import observe as observe_xds

_DECODERS = {"mllp": observe_hl7v2, "http": observe_xds}


def observe(exchange: Exchange) -> Observation:
    """Decode an exchange; never raises on what it holds.

    `exchange.facts["protocol"]` (`mllp`, `http`) decides; without it the first bytes do. An empty body gives the
    kind `nothing`, bytes that no decoder claims `unknown`; both without keys nor findings.
    """
    if not exchange.body:
        return Observation(exchange, "nothing", None)
    protocol = exchange.facts.get("protocol")
    decoder = _DECODERS.get(protocol if isinstance(protocol, str) else sniff(exchange.body))
    return Observation(exchange, "unknown", None) if decoder is None else decoder(exchange)


def sniff(body: bytes) -> str:
    """`mllp` for ER7 (framed or not), `http` for XML and multipart, empty when neither."""
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip(b"\x0b\r\n\t ")
    if start[:3] in (b"MSH", b"BHS", b"FHS"):
        return "mllp"
    utf16 = body[:2] in (b"\xff\xfe", b"\xfe\xff")
    return "http" if utf16 or start[:1] == b"<" or start[:2] == b"--" else ""

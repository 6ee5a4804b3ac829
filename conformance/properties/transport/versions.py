"""Versions, suites and groups negotiated with the operator: MSS/va1.31, CONF.01, CONF.02, CONF.03."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.transport.refusals import EXERCISE
from conformance.properties.transport.sessions import PROTOCOLS, Link, ended, finding, links, plain, twin
from conformance.standards.tls import rules, tables

_OLD = tables.ORDER[: tables.ORDER.index("1.2")]
_SHORT = {"weak-dh", "weak-curve"}
_NOT_ADMITTED = frozenset({"weak-dh", "weak-curve", "foreign-suites"})


@register(
    "mss.tls-1-2-only",
    exercise=EXERCISE,
    clause="Référentiel socle MSSanté n° 2, ECO.1.1.2 ; MSS/va1.31",
    requirements=("PFI/va1/MSS/va1.31",),
    codes=frozenset({"mss.tls.not-1-2"}),
    claims=frozenset({"plain", "offer:tls1.1-only", "offer:tls1.3-only"}),
    control="plain",
    passive=True,
)
def tls_1_2_only(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """No session in another version than 1.2; a product of wave 2 may speak later ones (MSS/CONF.02)."""
    later = context.wave != "va1"
    for protocol, channels in PROTOCOLS:
        met = links(heard, channels)
        wrong = [link for link in met if link.version in _OLD or (link.version == "1.3" and not later)]
        if wrong:
            seen = wrong[0].version
            yield finding("mss.tls.not-1-2", protocol, exchange=wrong[0].exchange.id, seen=seen, subject=seen)
            continue
        usual = twin(met)
        tried = any(link.offer in ("tls1.1-only", "tls1.3-only") for link in ended(met))
        if usual is not None and (plain(driven) or tried):
            yield Witness(f"{protocol}: no session but in an admitted version", usual.exchange.id)


@register(
    "mss.tls-1-2-or-later",
    exercise=EXERCISE,
    clause="Référentiel socle MSSanté n° 2, version 1.0, ECO.1.1.1 ; MSS/CONF.01",
    requirements=("PFI/va2/MSS/CONF.01",),
    codes=frozenset({"mss.tls.below-1-2", "mss.tls.old-version-taken"}),
    claims=frozenset({"plain"}),
    control="plain",
    passive=True,
)
def tls_1_2_or_later(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The system can speak TLS 1.2 at least: what it offers when its handshake fails tells that it cannot."""
    del driven, context
    for protocol, channels in PROTOCOLS:
        met = links(heard, channels)
        good = [link for link in met if link.version in ("1.2", "1.3") and link.entrusted]
        if good:
            yield Witness(f"{protocol} in TLS {good[0].version}", good[0].exchange.id)
        for link in met:
            newest = tables.newest(link.fact("offered_versions"))
            if link.failed and link.offer != "tls1.1-only" and newest in _OLD:
                yield finding("mss.tls.below-1-2", protocol, exchange=link.exchange.id, expected=">= 1.2", seen=newest)
                break
        old = next((link for link in met if link.version in _OLD), None)
        if old is not None:
            yield finding("mss.tls.old-version-taken", protocol, exchange=old.exchange.id, seen=old.version)


@register(
    "mss.tls-1-3",
    exercise=EXERCISE,
    clause="Référentiel socle MSSanté n° 2, version 1.0, ECO.1.1.2 ; MSS/CONF.02",
    requirements=("PFI/va2/MSS/CONF.02",),
    codes=frozenset({"mss.tls.no-1-3"}),
    claims=frozenset({"offer:tls1.3-only"}),
    control="plain",
)
def tls_1_3(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Facing an operator that offers TLS 1.3, the session is in TLS 1.3."""
    del context
    for protocol, channels in PROTOCOLS:
        met = [link for link in links(heard, channels) if link.offer == "tls1.3-only"]
        good = next((link for link in met if link.version == "1.3"), None)
        bad = next((link for link in met if _without_1_3(link)), None)
        if bad is not None and good is None:
            seen = bad.version or tables.newest(bad.fact("offered_versions"))
            yield finding("mss.tls.no-1-3", protocol, exchange=bad.exchange.id, expected="1.3", seen=seen)
        if good is not None:
            yield Witness(f"{protocol} in TLS 1.3", good.exchange.id)
        usual = twin(links(heard, channels))
        if plain(driven) and usual is not None:
            yield Witness(f"{protocol} served as usual", usual.exchange.id)


def _without_1_3(link: Link) -> bool:
    if link.version:
        return link.version != "1.3"
    return link.failed and tables.newest(link.fact("offered_versions")) not in ("", "1.3")


@register(
    "mss.cipher-suites",
    exercise=EXERCISE,
    clause="Référentiel socle MSSanté n° 2, version 1.0, ECO.1.1.3 ; MSS/CONF.03",
    requirements=("PFI/va2/MSS/CONF.03",),
    codes=frozenset({"tls.suite.not-admitted", "tls.group.not-admitted", "mss.tls.suites-offered"}),
    claims=frozenset({"plain", "offer:weak-dh", "offer:weak-curve", "offer:foreign-suites"}),
    control="plain",
    passive=True,
)
def cipher_suites(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every TLS 1.2 session in one of the six suites, its group large enough; nothing else is taken."""
    del context
    for protocol, channels in PROTOCOLS:
        met = links(heard, channels)
        wrong = {f.fingerprint: f for link in met if link.version for f in _against(link)}
        yield from wrong.values()
        usual = twin(met)
        tried = [link for link in met if link.offer in _NOT_ADMITTED and link.failed]
        if usual is not None and not wrong and (plain(driven) or tried):
            yield Witness(f"{protocol}: only admitted suites and groups", usual.exchange.id)
        others = next((o for link in ended(met) if (o := rules.offered_besides(link.fact("offered_suites")))), ())
        if others and plain(driven):
            yield finding("mss.tls.suites-offered", protocol, seen=" ".join(others[:8]))


def _against(link: Link) -> Iterator[Finding]:
    session = rules.of(link.exchange.facts)
    if session is None:
        return
    found = tuple(rules.against_mssante(session))
    yield from (f.at(exchange=link.exchange.id) for f in found)
    if link.offer in _SHORT and session.version != "1.3" and session.group is None:
        # The operator had nothing larger: what its facts do not name cannot have been.
        yield rules.CODES.finding("tls.group.not-admitted", "group", exchange=link.exchange.id, seen=link.offer)

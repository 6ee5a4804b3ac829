"""TLS before anything is entrusted: whatever the protocol (MSS/va1.03), in SMTP (CONF.05), in IMAP (CONF.06)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import Judge, register
from conformance.properties.transport.refusals import EXERCISE
from conformance.properties.transport.sessions import (
    IMAP,
    PROTOCOLS,
    SMTP,
    Link,
    ended,
    finding,
    links,
    plain,
    tunnelled,
    twin,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A property about what goes before TLS: the channels it looks at, its codes, whether a tunnel may stand in."""

    name: str
    requirement: str
    clause: str
    protocols: tuple[tuple[str, Collection[str]], ...]
    code: str
    claims: frozenset[str]
    control: str = "plain"
    needs: frozenset[str] = frozenset()
    tunnel: bool = False
    starttls: bool = False
    advice: str = ""


ROWS = (
    Row(
        "mss.tls-required",
        "PFI/va1/MSS/va1.03",
        "Référentiel socle MSSanté n° 2, ECO.1.1.1 ; MSS/va1.03",
        PROTOCOLS,
        "mss.tls.clear",
        frozenset({"plain", "offer:no-starttls"}),
        tunnel=True,
    ),
    Row(
        "mss.smtp-starttls",
        "PFI/va2/MSS/CONF.05",
        "Référentiel socle MSSanté n° 2, ECO.1.0.1 ; RFC 5321 et RFC 3207 ; MSS/CONF.05",
        (("SMTP", SMTP),),
        "mss.smtp.before-tls",
        frozenset({"plain", "offer:no-starttls"}),
        starttls=True,
        advice="mss.smtp.ehlo-not-repeated",
    ),
    Row(
        "mss.imap-starttls",
        "PFI/va2/MSS/CONF.06",
        "Référentiel socle MSSanté n° 2, ECO.1.0.2 ; RFC 3501, RFC 9051 et RFC 2595 ; MSS/CONF.06",
        (("IMAP", IMAP),),
        "mss.imap.before-tls",
        frozenset({"imap:plain"}),
        control="imap:plain",
        needs=frozenset({"service:imap"}),
        starttls=True,
    ),
)


def protected(row: Row) -> Judge:
    """The judge of a row: nothing entrusted in clear, and something entrusted over TLS."""

    def judge(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
        declared = tunnelled(context) if row.tunnel else frozenset()
        for protocol, channels in row.protocols:
            met = links(heard, channels)
            clear = [link for link in met if link.clear_secrets]
            if clear and all(link.exchange.channel in declared for link in clear):
                yield Witness(f"{protocol} within a declared VPN", clear[0].exchange.id)
                continue
            if clear:
                commands = " ".join(dict.fromkeys(c for link in clear for c in link.clear_secrets))
                yield finding(row.code, protocol, exchange=clear[0].exchange.id, seen=commands, subject=protocol)
            yield from _served(row, protocol, met, driven, spoilt=bool(clear))

    return judge


def _served(
    row: Row, protocol: str, met: tuple[Link, ...], driven: Driven[object], *, spoilt: bool
) -> Iterator[Finding | Witness]:
    usual = twin(met)
    if usual is None:
        return
    begun = [link for link in met if link.fact("starttls") and link.version and link.entrusted]
    if row.advice and any(not link.fact("ehlo_again") for link in begun if link.event == "session"):
        yield finding(row.advice, protocol, exchange=begun[0].exchange.id)
    if row.starttls and not begun:
        return  # implicit TLS is allowed besides, it does not show the interface that the row asks for
    tried = any(link.offer == "no-starttls" for link in ended(met))
    if not spoilt and (plain(driven) or tried):
        yield Witness(f"{protocol}: nothing entrusted before TLS", usual.exchange.id)


for _row in ROWS:
    register(
        _row.name,
        exercise=EXERCISE,
        clause=_row.clause,
        requirements=(_row.requirement,),
        codes=frozenset({_row.code} | ({_row.advice} if _row.advice else set())),
        claims=_row.claims,
        control=_row.control,
        needs=_row.needs,
        passive=True,
    )(protected(_row))

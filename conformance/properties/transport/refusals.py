"""What must not be taken: operators whose certificate or TLS offer is wrong. Rows of tables, one judge.

A mail or a log-in whose facts bear the wrong label is the evidence; a refusal is believed when the same system served
the same operator as usual in the same case, and was seen trying.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import Judge, register
from conformance.properties.transport.sessions import PROTOCOLS, Link, advice, finding, links, plain, twin

EXERCISE = "mail.transport"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A label that the operator may bear, and the code of having taken it."""

    fact: Literal["certificate", "offer"]
    label: str
    code: str

    def borne(self, link: Link) -> bool:
        """Whether the operator bore the label when this was heard."""
        return (link.certificate if self.fact == "certificate" else link.offer) == self.label


@dataclass(frozen=True, slots=True)
class Row:
    """A property made of wrong labels: its name, the row of the REM, its clause, what is wrong."""

    name: str
    requirement: str
    clause: str
    wrong: tuple[Wrong, ...]

    @property
    def claims(self) -> frozenset[str]:
        """The classes to drive: those whose acceptance is an error."""
        return frozenset(f"{w.fact}:{w.label}" for w in self.wrong if not advice(w.code))


ROWS = (
    Row(
        "mss.expired-certificate",
        "PFI/va1/MSS/va1.04",
        "Référentiel socle MSSanté n° 2, ECO.1.1.5 ; MSS/va1.04",
        (
            Wrong("certificate", "expired", "mss.certificate.expired"),
            Wrong("certificate", "not-yet-valid", "mss.certificate.validity"),
            Wrong("certificate", "expired-authority", "mss.certificate.validity"),
        ),
    ),
)


def refused(wrong: tuple[Wrong, ...]) -> Judge:
    """The judge of a table of wrong labels."""

    def judge(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
        del context
        for protocol, channels in PROTOCOLS:
            met = links(heard, channels)
            usual = twin(met)
            for one in wrong:
                tries = [link for link in met if one.borne(link) and link.fact("handshake") != "none"]
                taken = [link for link in tries if link.entrusted]
                if taken:
                    yield finding(one.code, protocol, exchange=taken[0].exchange.id, seen=one.label, subject=one.label)
                if tries and usual is not None and (not taken or advice(one.code)):
                    yield Witness(
                        f"tried {protocol} with {one.fact} {one.label}, served as usual", tries[0].exchange.id
                    )
            if usual is not None and plain(driven):
                yield Witness(f"{protocol} served as usual", usual.exchange.id)

    return judge


for _row in ROWS:
    register(
        _row.name,
        exercise=EXERCISE,
        clause=_row.clause,
        requirements=(_row.requirement,),
        codes=frozenset(w.code for w in _row.wrong),
        claims=_row.claims,
        control="plain",
    )(refused(_row.wrong))

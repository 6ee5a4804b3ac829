"""What the texts say of a negotiated session: the list of the MSSanté operators, the guide of the ANSSI.

Pure functions over what was negotiated; whether it should have been negotiated at all is the business of properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conformance.evidence.codes import table
from conformance.evidence.values import Fact, Finding
from conformance.standards.tls import tables
from conformance.standards.tls.tables import Group

CODES = table(__package__)


@dataclass(frozen=True, slots=True)
class Negotiated:
    """A session as it was negotiated. `suite` and `group` are None when the facts do not tell them.

    `client_key` is the algorithm and size of the key of the vendor's certificate (`RSA 2048`), `client_signature` the
    hash that signs this certificate; both empty when it showed none or when nothing is known of it.
    """

    version: str
    suite: int | None = None
    suite_name: str = ""
    group: Group | None = None
    group_name: str = ""
    client_key: str = ""
    client_signature: str = ""


def of(facts: Mapping[str, Fact]) -> Negotiated | None:
    """What the facts of a connection say; None when it was not over TLS.

    Facts read: `tls`, `cipher_id` or `cipher`, `group` (with `group_bits` for a finite one without a name),
    `client_key`, `client_signature`.
    """
    spoken = tables.version(str(facts.get("tls") or ""))
    if not spoken:
        return None
    name = str(facts.get("cipher") or "")
    told = facts.get("cipher_id")
    suite = tables.number(told) if told else next((i for i, s in tables.SUITES.items() if s.name == name), None)
    group, bits = str(facts.get("group") or ""), facts.get("group_bits")
    return Negotiated(
        spoken,
        suite,
        name or (f"0x{suite:04X}" if suite is not None else ""),
        tables.group(group, bits if isinstance(bits, int) else 0),
        group,
        str(facts.get("client_key") or ""),
        str(facts.get("client_signature") or ""),
    )


def against_mssante(session: Negotiated) -> Iterator[Finding]:
    """The suites and groups that an MSSanté operator admits (ECO.1.1.3).

    The list names suites of TLS 1.2: sessions of TLS 1.3 are not held to it, those of older versions are.
    """
    if session.version == "1.3":
        return
    if session.suite_name and session.suite not in tables.MSSANTE_SUITES:
        yield CODES.finding("tls.suite.not-admitted", "cipher", seen=session.suite_name, subject=session.suite_name)
    least = _short(session, tables.MSSANTE_DH_BITS, tables.MSSANTE_CURVE_BITS)
    if least:
        yield CODES.finding("tls.group.not-admitted", "group", seen=session.group_name, expected=f">= {least}")


def offered_besides(offered: str) -> tuple[str, ...]:
    """The suites of a blank-separated ClientHello that are neither of the MSSanté list nor of TLS 1.3."""
    return tuple(
        tables.SUITES[n].name if n in tables.SUITES else f"0x{n:04X}"
        for n in tables.offered(offered)
        if n not in tables.MSSANTE_SUITES and n >> 8 != 0x13
    )


def against_anssi(session: Negotiated) -> Iterator[Finding]:
    """Version, suite, group and client certificate, against the guide of the ANSSI on TLS."""
    if tables.VERSIONS.get(session.version) == "obsolete":
        yield CODES.finding("tls.version.obsolete", "tls", seen=session.version, expected=">= 1.2")
    suite = tables.SUITES.get(session.suite) if session.suite is not None else None
    if suite is not None and suite.rank in _RANKS:
        yield CODES.finding(_RANKS[suite.rank], "cipher", seen=session.suite_name, subject=session.suite_name)
    least = _short(session, tables.ANSSI_DH_BITS, tables.ANSSI_CURVE_BITS)
    if least:
        yield CODES.finding("tls.group.short", "group", seen=session.group_name, expected=f">= {least}")
    algorithm, _, bits = session.client_key.partition(" ")
    if algorithm == "RSA" and bits.isdigit() and int(bits) < tables.ANSSI_RSA_BITS:
        yield CODES.finding("tls.key.short", "certificate", seen=session.client_key)
    if session.client_signature.lower() in _WEAK_HASHES:
        yield CODES.finding("tls.signature.weak", "certificate", seen=session.client_signature)


_RANKS = {
    "broken": "tls.suite.broken",
    "no-forward-secrecy": "tls.suite.no-forward-secrecy",
    "degraded": "tls.suite.degraded",
}
_WEAK_HASHES = frozenset({"md5", "sha1"})


def _short(session: Negotiated, finite: int, curve: int) -> int:
    """The bits that the group should have, 0 when it has them or when it is not known."""
    if session.group is None:
        return 0
    least = curve if session.group.curve else finite
    return least if session.group.bits < least else 0

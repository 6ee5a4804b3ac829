"""How an MSSanté operator may show itself to a client: certificate, TLS offer, revocation list, a step that fails.

A condition is plain data: the settings of the bench's services while it lasts. What must be true under each of them is
the business of `properties/transport`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Protocol = Literal["smtp", "imap"]

USUAL = "usual"
VALID = "valid"
"""The labels of the operator's TLS offer and certificate when nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way for the operator to show itself.

    `operator` holds settings of the service spoken to (`certificate`, `offer`, `fault`), `igc` those of the authority
    (`crl`). `accepted` tells that a client does right to connect all the same.
    """

    name: str
    operator: Mapping[str, str] = field(default_factory=dict)
    igc: Mapping[str, str] = field(default_factory=dict)
    accepted: bool = False

    @property
    def shown(self) -> str:
        """The label by which the facts of a session tell this condition, empty when they do not tell it."""
        return self.operator.get("certificate") or self.operator.get("offer") or self.operator.get("fault") or ""


CERTIFICATES = (
    "igc", "expired", "not-yet-valid", "revoked", "foreign", "wrong-name", "expired-authority", "self-signed",
)  # fmt: skip
OFFERS = (
    "tls1.1-only", "tls1.2-only", "tls1.3-only",
    "weak-dh", "weak-curve", "foreign-suites", "no-starttls",
)  # fmt: skip
SUITES = ("C030", "C02F", "C028", "C027", "009F", "009E")
"""The six suites admitted with an operator, each of which may be all that it offers (`suite-C030`)."""
FAULTS = ("greeting-4xx", "auth-refused", "cut")

_ACCEPTED = frozenset({"certificate:igc", "offer:tls1.2-only", "offer:tls1.3-only"})


def _all() -> dict[str, Condition]:
    made = [Condition(USUAL, accepted=True)]
    for label in CERTIFICATES:
        name = f"certificate:{label}"
        made.append(Condition(name, {"certificate": label}, accepted=name in _ACCEPTED))
    for label in OFFERS:
        made.append(Condition(f"offer:{label}", {"offer": label}, accepted=f"offer:{label}" in _ACCEPTED))
    made += [Condition(f"suite:{suite}", {"offer": f"suite-{suite}"}, accepted=True) for suite in SUITES]
    made += [Condition(f"crl:{state}", {}, {"crl": state}, accepted=True) for state in ("unreachable", "expired")]
    made += [Condition(f"fault:{fault}", {"fault": fault}) for fault in FAULTS]
    return {c.name: c for c in made}


CONDITIONS: Mapping[str, Condition] = MappingProxyType(_all())
"""Name -> condition."""


@dataclass(frozen=True, slots=True)
class TransportCase:
    """A case: the protocol spoken, and the condition the operator is in after it was as usual."""

    protocol: Protocol = "smtp"
    condition: str = USUAL


CASES: tuple[TransportCase, ...] = tuple(
    TransportCase(protocol, name)
    for protocol in ("smtp", "imap")
    for name in CONDITIONS
    if protocol == "smtp" or not name.startswith("fault:")
)
"""Every case there is, the plainest first."""


def label_of(case: TransportCase) -> str:
    """The input class of a case: `plain`, `certificate:expired`...; in IMAP `imap:plain`, `imap:certificate:...`."""
    name = "plain" if case.condition == USUAL else case.condition
    return name if case.protocol == "smtp" else f"imap:{name}"


Shown = Literal["", "none", "revoked", "expired", "foreign"]
IDENTITIES: tuple[Shown, ...] = ("", "none", "revoked", "expired", "foreign")
"""The client certificates that a third party may show: its usual one first."""


@dataclass(frozen=True, slots=True)
class ThirdPartyCase:
    """A case: the certificate shown after the usual one was."""

    identity: Shown = ""

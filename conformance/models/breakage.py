"""The names of what may be wrong with one message, and what the volet makes of each.

The transformations themselves are in `conformance.generation.breakages`; judges only need this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Carriers = frozenset[Literal["ORU", "MDM"]]

BOTH: Carriers = frozenset({"ORU", "MDM"})
MDM: Carriers = frozenset({"MDM"})


@dataclass(frozen=True, slots=True)
class Breakage:
    """One way of being wrong.

    `must_reject` is true when the volet itself says that the receiver rejects the message; otherwise it is left free
    to take it or not. `clause` cites the source. `carriers` are the messages that can be broken so; `request` is the
    step it needs (`replacement`), any when None.
    """

    name: str
    clause: str
    must_reject: bool = False
    carriers: Carriers = BOTH
    request: Literal["initial", "replacement", "deletion"] | None = None


_COHERENCE = "CI-SIS, Transmission de documents CDA en HL7 v2, type de demande : événement, OBX-11 et ORC-1"
_MESSAGE = "CI-SIS, Transmission de documents CDA en HL7 v2, profils de messages"
_FLAGS = "CI-SIS, Transmission de documents CDA en HL7 v2, métadonnées MetaDMPMSS"
_IDENTITY = "CI-SIS, annexe INS : PID-3"
_DOCUMENT = "CI-SIS, Transmission de documents CDA en HL7 v2, document porté par OBX-5"

_ALL = (
    Breakage("incoherent-obx-11", _COHERENCE, must_reject=True),
    Breakage("incoherent-orc-1", _COHERENCE, must_reject=True),
    Breakage("incoherent-event", _COHERENCE, must_reject=True, carriers=MDM),
    Breakage("base64-broken", _DOCUMENT),
    Breakage("cda-truncated", _DOCUMENT),
    Breakage("cda-of-another-patient", f"{_MESSAGE} : PID-3 identique à recordTarget/patientRole/id"),
    Breakage("txa-12-other-id", f"{_MESSAGE} : TXA-12", carriers=MDM),
    Breakage("txa-13-missing", f"{_MESSAGE} : TXA-13", carriers=MDM, request="replacement"),
    Breakage("txa-17-other", f"{_MESSAGE} : TXA-17", carriers=MDM),
    Breakage("pid-without-ins-oid", _IDENTITY),
    Breakage("nir-key-wrong", "Clé de contrôle du NIR : 97 - (N mod 97)"),
    Breakage("orc-missing", f"{_MESSAGE} : ORC"),
    Breakage("obr-4-differs", f"{_MESSAGE} : OBR-4 identique à OBX-3"),
    Breakage("prt-missing", f"{_MESSAGE} : PRT [1..*]"),
    Breakage("flag-missing", _FLAGS),
    Breakage("flag-value-unknown", _FLAGS),
    Breakage("charset-undeclared-bytes", f"{_MESSAGE} : MSH-18"),
)

BREAKAGES = {b.name: b for b in _ALL}
"""Every breakage, by name."""

MUST_REJECT = frozenset(b.name for b in _ALL if b.must_reject)
"""The names whose message a PFI has to refuse."""

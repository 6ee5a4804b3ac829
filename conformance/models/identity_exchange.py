"""Cases of identities of another domain, and of what a repository traces and counts. Names: the Binding's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from conformance.models.document import Patient

ReceptionKind = Literal[
    "ok-unknown", "ok-known", "ko-unknown", "ko-known", "fault-unknown", "fault-known", "slow", "validated",
    "provisional", "contract", "contract-known", "requalified", "duplicate", "disorder", "late", "merged",
    "unknown-merge", "wrong-charset", "own-domain",
]  # fmt: skip
RECEPTIONS: tuple[ReceptionKind, ...] = get_args(ReceptionKind)
"""What comes, and what INSi says of it.

`known` patients are here before. `contract` has a contract of trust with the sender. `requalified` is checked here
afterwards. `late` is an older state after a newer one, `merged` an update of a number that a merge took away,
`unknown-merge` a merge of numbers that nobody knows, `own-domain` an update of our own domain.
"""


@dataclass(frozen=True, slots=True)
class ReceptionStory:
    """One patient of another domain; `version` is that of the French extension of the messages."""

    kind: ReceptionKind
    patient: Patient
    version: Literal["2.9", "2.11"] = "2.11"

    @property
    def qualified(self) -> bool:
        """Whether the identity comes qualified, with its INS."""
        return self.kind not in ("validated", "provisional", "unknown-merge", "own-domain")

    @property
    def known(self) -> bool:
        """Whether the patient is here before the message."""
        return self.kind.endswith("-known") or self.kind == "own-domain"

    @property
    def contract(self) -> bool:
        """Whether a contract of trust binds the sender."""
        return self.kind in ("contract", "contract-known")


TraceKind = Literal[
    "traits-00", "traits-01", "traits-02", "traits-fault", "card-00", "card-01", "verify-ok", "verify-ko",
    "verify-fault", "users", "rights", "change", "access", "partner", "authentication", "batch", "dashboard",
    "portability",
]  # fmt: skip
TRACES: tuple[TraceKind, ...] = get_args(TraceKind)
"""What is done, and then looked for in the traces, in the dashboard or in the export."""


@dataclass(frozen=True, slots=True)
class TraceStory:
    """One thing done about one patient, or two for a batch."""

    kind: TraceKind
    patient: Patient


ENTITLED, OTHER, DENIED = "banc-habilite", "banc-second", "banc-non-habilite"
"""Users of the product that the pilot acts for: the first two may call INSi; the third is forbidden to."""

"""What a référentiel holds of a patient, and what may happen to it.

Sources: RNIV; Guide d'implémentation de l'INS, rules 1, 5, 19, 20, 25 to 27 and 30. What follows from an event is
told by `conformance.models.identity`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from conformance.standards.ins import answers, statuses
from conformance.standards.ins.documents import Trust
from conformance.standards.ins.statuses import Attribute, Status

StrictField = Literal["birth_name", "given_names", "first_given", "birth", "sex", "place"]
SecondaryField = Literal["used_name", "used_given", "phone", "mail", "address"]
InsField = Literal["matricule", "oid"]

LOCKED: frozenset[str] = frozenset({"birth_name", "given_names", "birth", "sex", "place", "matricule", "oid"})
"""Fields that only a super-user changes on a retrieved or qualified identity (rule 26 does not name first_given)."""

REQUIRED: tuple[StrictField, ...] = ("birth_name", "first_given", "birth", "sex", "place")
"""Fields without which no identity is created; no other may be asked for (rule 5)."""


@dataclass(frozen=True, slots=True)
class Traits:
    """The strict traits. `birth` is AAAAMMJJ (INSi may answer 00 for a day or a month), `sex` M, F or U, `place` a COG.

    An empty string is a field that nothing fills. `given_names` come in the order of the birth record, the first
    included; `first_given` is typed in by a person and never filled by INSi.
    """

    birth_name: str = ""
    given_names: tuple[str, ...] = ()
    first_given: str = ""
    birth: str = ""
    sex: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Secondary:
    """Traits that change neither the status nor the INS (traits complémentaires)."""

    used_name: str = ""
    used_given: str = ""
    phone: str = ""
    mail: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule of 15 characters and the OID of its authority."""

    matricule: str
    oid: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a référentiel holds of a patient.

    `ins` is there only while the status is récupérée or qualifiée. `document` is the kind last presented, `trust` the
    degree that the site gives it ("" when none was). `merged_into` is the name of the identity that absorbed it.
    `history` holds the statuses that it had, the oldest first.
    """

    traits: Traits
    secondary: Secondary = Secondary()
    status: Status = "provisoire"
    ins: Ins | None = None
    attributes: frozenset[Attribute] = frozenset()
    document: str | None = None
    trust: Trust | Literal[""] = ""
    merged_into: str | None = None
    history: tuple[Status, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether an attribute forbids INSi and any status but provisoire."""
        return not statuses.BLOCKING.isdisjoint(self.attributes)


@dataclass(frozen=True, slots=True)
class Answer:
    """What INSi answered to a search: its code (00, 01, 02, "" for a fault), and for 00 an INS and traits."""

    code: str
    ins: Ins | None = None
    traits: Traits = Traits()

    @property
    def usable(self) -> bool:
        """Whether the rules let its identity be taken in."""
        said = self.traits
        return (
            self.code == answers.FOUND
            and self.ins is not None
            and not answers.refusals(
                birth_name=said.birth_name, given=" ".join(said.given_names), sex=said.sex, birth=said.birth
            )
        )


Outcome = Literal["ok", "ko", "fault"]
"""What a verification gave."""


@dataclass(frozen=True, slots=True)
class Create:
    """Somebody types an identity in."""

    traits: Traits
    secondary: Secondary = Secondary()


@dataclass(frozen=True, slots=True)
class SearchInsi:
    """INSi is searched by traits, and its identity accepted."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class SearchByCard:
    """INSi is searched with the carte Vitale, or with its application, which proves the identity by itself."""

    answer: Answer
    application: bool = False


@dataclass(frozen=True, slots=True)
class Verify:
    """INSi verifies the INS held."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BatchVerify:
    """The same, one of a batch."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class PresentDocument:
    """A kind of document is recorded, with the trust that the site gives it; it validates nothing by itself."""

    kind: str
    trust: Trust


@dataclass(frozen=True, slots=True)
class Validate:
    """A user validates the identity on the document recorded."""


@dataclass(frozen=True, slots=True)
class ChangeStrict:
    """Somebody types another value in a strict trait (or in the matricule or the OID)."""

    field: StrictField | InsField
    value: str | tuple[str, ...]
    super_user: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSecondary:
    """Somebody types another value in a secondary trait."""

    field: SecondaryField
    value: str


@dataclass(frozen=True, slots=True)
class Declare:
    """An attribute is set."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Withdraw:
    """An attribute is taken away; the status it took is not given back."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Merge:
    """The identity goes, absorbed by another."""

    into: str


@dataclass(frozen=True, slots=True)
class Split:
    """The merge is undone."""


@dataclass(frozen=True, slots=True)
class Receive:
    """An identity comes from another system, with the status and the INS that it gives it.

    `domain` is the sender's identification domain, "" for one's own. `contract` says that a contract of trust binds the
    sender, `direct` that the patient is also cared for here (then the contract counts for nothing), `verified` what
    INSi says of the INS received. `attributes` are those of PID-32: one's own domain is obeyed in them too.
    """

    traits: Traits
    domain: str = ""
    contract: bool = False
    status: Status = "provisoire"
    ins: Ins | None = None
    verified: Outcome = "ok"
    direct: bool = True
    secondary: Secondary = Secondary()
    attributes: frozenset[Attribute] = frozenset()

    @property
    def trusted(self) -> bool:
        """Whether its status is taken as it is: one's own domain, or a contract without care of one's own."""
        return not self.domain or (self.contract and not self.direct)

    @property
    def qualified(self) -> bool:
        """Whether it comes qualified: the only status under which an INS is read."""
        return self.status == "qualifiee" and self.ins is not None


Event = (
    Create
    | SearchInsi
    | SearchByCard
    | Verify
    | BatchVerify
    | PresentDocument
    | Validate
    | ChangeStrict
    | ChangeSecondary
    | Declare
    | Withdraw
    | Merge
    | Split
    | Receive
)

SECONDARY: tuple[str, ...] = tuple(f.name for f in fields(Secondary))
"""Names of the secondary traits."""

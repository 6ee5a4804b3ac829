"""Statuses and attributes of an identity: what each lets go out, and what leads from one to another.

Sources: RNIV; Guide d'implémentation de l'INS, rules 19 to 30; IHE PAM France, table 0445; FR Core, identity status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Status = Literal["provisoire", "recuperee", "validee", "qualifiee"]
STATUSES: tuple[Status, ...] = get_args(Status)

Attribute = Literal["homonyme", "douteuse", "fictive"]
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)

BLOCKING: frozenset[Attribute] = frozenset({"douteuse", "fictive"})
"""Attributes that force the status provisoire and block every call of INSi (rule 25)."""

Cause = Literal["retrieval", "proof", "card-application", "strict-change", "ko", "attribute", "contract"]
"""What moves a status: an INSi answer taken in, a document of high trust that a user accepted, the application of the
carte Vitale, a strict trait changed, a verification KO, an attribute that blocks, a partner under contract."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From `before`, a cause leads to `after`; `allowed` are the statuses that the rules do not exclude.

    `allowed` is wider than `after` where the rule names no target (clause in `clause`).
    """

    before: Status
    cause: Cause
    after: Status
    clause: str
    allowed: frozenset[Status]


def _rows(cause: Cause, clause: str, *moves: tuple[Status, Status]) -> list[Transition]:
    """One row for each status; a status without move stays. The first move of a status is the usual one."""
    rows = []
    for before in STATUSES:
        targets = [target for start, target in moves if start == before] or [before]
        rows.append(Transition(before, cause, targets[0], clause, frozenset(targets)))
    return rows


_Moves = tuple[tuple[Status, Status], ...]
_RETRIEVED: _Moves = (("provisoire", "recuperee"), ("validee", "qualifiee"))
_PROVED: _Moves = (("provisoire", "validee"), ("recuperee", "qualifiee"))
_QUALIFIED: _Moves = (("provisoire", "qualifiee"), ("recuperee", "qualifiee"), ("validee", "qualifiee"))
_DOWN_ONE: _Moves = (("recuperee", "provisoire"), ("qualifiee", "validee"))
_KO: _Moves = (("recuperee", "provisoire"), ("qualifiee", "provisoire"))
_DOWN: _Moves = (*_KO, ("validee", "provisoire"))

TRANSITIONS: Mapping[tuple[Status, Cause], Transition] = {
    (row.before, row.cause): row
    for row in (
        *_rows("retrieval", "Guide INS, rule 20", *_RETRIEVED),
        *_rows("proof", "Guide INS, rules 19 and 20", *_PROVED),
        *_rows("card-application", "RNIV1 4.3.4", *_QUALIFIED),
        # The rule says nothing of a validated identity whose trait changes: it may have to be proved again.
        *_rows("strict-change", "Guide INS, rule 27", *_DOWN_ONE, ("validee", "validee"), ("validee", "provisoire")),
        # The rule lowers without naming a target; the scenario goes from qualifiée to provisoire.
        *_rows("ko", "Guide INS, rule 49", *_KO, ("qualifiee", "validee")),
        *_rows("attribute", "Guide INS, rule 25", *_DOWN),
        *_rows("contract", "Guide INS, rule 30", *_QUALIFIED),
    )
}
"""(status, cause) -> what follows."""


def after(status: Status, cause: Cause) -> Status:
    """The status to which a cause leads."""
    return TRANSITIONS[status, cause].after


def allowed(status: Status, cause: Cause) -> frozenset[Status]:
    """Every status that the rules let follow."""
    return TRANSITIONS[status, cause].allowed


RETRIEVED: frozenset[Status] = frozenset({"recuperee", "qualifiee"})
"""Statuses with a matricule and an OID kept; its strict traits are locked (rule 26)."""

TRANSMITTED: frozenset[Status] = frozenset({"qualifiee"})
"""Statuses under which the INS goes out (rule 28)."""

RELIABILITY: Mapping[Status, str] = {
    "provisoire": "PROV",
    "recuperee": "PROV",
    "validee": "VALI",
    "qualifiee": "VALI",
}
"""PID-32 by status. No code says récupérée or qualifiée: the latter is VALI beside an INS in PID-3."""

ATTRIBUTE_CODES: Mapping[Attribute, str] = {"homonyme": "HOMA", "douteuse": "DOUT", "fictive": "FICT"}
"""PID-32 by attribute, one repetition each."""

SINCE_2_11 = frozenset({"INVA", "FICT", "DOUT"})
"""Codes of table 0445 that appeared with PAM France 2.11: an older message cannot carry them."""

TABLE_0445 = frozenset({
    "VIDE", "PROV", "VALI", "DOUB", "DESA", "DPOT", "DOUA", "COLP", "COLV", "FILI", "CACH", "ANOM", "IDVER", "RECD",
    "IDRA", "USUR", "HOMD", "HOMA",
}) | SINCE_2_11  # fmt: skip
"""PID-32, PAM France 2.11."""

FR_CORE: Mapping[Status, str] = {
    "provisoire": "PROV",
    "recuperee": "RECUP",
    "validee": "VALI",
    "qualifiee": "QUAL",
}
"""Codes of FR Core, which never belong in PID-32."""


def reliability(status: Status, attributes: frozenset[Attribute], version: str = "2.11") -> tuple[str, ...]:
    """The repetitions of PID-32, the status first; codes younger than the version (`2.9`, `2.11`) are left out."""
    codes = (ATTRIBUTE_CODES[a] for a in ATTRIBUTES if a in attributes)
    known = _digits(version) >= (2, 11)
    return (RELIABILITY[status], *(code for code in codes if known or code not in SINCE_2_11))


def _digits(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())

"""The pure life of a document sent to a PFI: what must be true after each step of a story.

Source: CI-SIS, Transmission de documents CDA en HL7 v2, sections on the request type (event, OBX-11, ORC-1), the
metadata flags and the business returns; Structuration minimale 3.5.5.10 for versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from conformance.models.breakage import BREAKAGES
from conformance.models.document import DocumentStory, Flags, Step

Transaction = Literal["publish", "replace", "delete"]
Outcome = Literal["accept", "reject", "free"]

MASKS: tuple[tuple[str, str], ...] = (
    ("masque_ps", "MASQUE_PS"),
    ("invisible_patient", "INVISIBLE_PATIENT"),
    ("invisible_rep_legaux", "INVISIBLE_REPRESENTANTS_LEGAUX"),
)
"""Flag -> XDS confidentialityCode it becomes (JDV_J58), in the order of the volet."""


@dataclass(frozen=True, slots=True)
class State:
    """What must be true once step `index` was driven.

    `outcome` says whether the PFI must take the message, must refuse it, or is left free by the volet (then `current`,
    `dmp` and `returned` tell nothing). `version` is the versionNumber carried (1 for the first). `document` is the
    step that created the document this message is about, `replaces` the step whose document it replaces. `current` is
    the step whose document is in force afterwards (None once deleted), `superseded` the earlier ones, `deleted` whether
    the document is gone. `dmp` is the DMP transaction owed (None: none may go out). `returned` tells that a business
    return of the DMP (ZAM^Z01) is owed. `masks` are the confidentiality codes owed besides the CDA's own; `secret`
    that the DMP session must be a secret one.
    """

    index: int
    outcome: Outcome
    version: int
    document: int
    replaces: int | None
    current: int | None
    superseded: tuple[int, ...]
    deleted: bool
    dmp: Transaction | None
    returned: bool
    masks: tuple[str, ...]
    secret: bool


def masks(flags: Flags) -> tuple[str, ...]:
    """The confidentiality codes that the flags ask for, in the order of the volet."""
    return tuple(code for name, code in MASKS if getattr(flags, name))


def wants_dmp(story: DocumentStory, step: Step) -> bool:
    """Whether a step asks for a DMP transaction that may be made: DESTDMP = Y and a qualified INS."""
    return step.flags.dest_dmp and story.patient.qualified


def wants_return(story: DocumentStory, step: Step) -> bool:
    """Whether the sender asks to be told the DMP's answer. The flag does not exist before V2.0 of the volet."""
    return step.flags.ack_reception and story.dialect != "1.2" and wants_dmp(story, step)


def states(story: DocumentStory) -> tuple[State, ...]:
    """The state after each step; raises ValueError when the story cannot happen (see `incoherence`)."""
    reason = incoherence(story)
    if reason:
        raise ValueError(reason)
    found: list[State] = []
    current: int | None = None
    past: tuple[int, ...] = ()
    version = 0
    for index, step in enumerate(story.steps):
        before = current
        outcome = _outcome(story, index)
        deletion = step.request == "deletion"
        version += not deletion
        if outcome != "reject":
            past = (*past, before) if before is not None else past
            current = None if deletion else index
        taken = outcome == "accept"
        found.append(
            State(
                index=index,
                outcome=outcome,
                version=version,
                document=before if deletion and before is not None else index,
                replaces=before if step.request == "replacement" else None,
                current=current,
                superseded=past,
                deleted=deletion and outcome != "reject",
                dmp=_TRANSACTION[step.request] if taken and wants_dmp(story, step) else None,
                returned=taken and wants_return(story, step),
                masks=masks(step.flags),
                secret=step.flags.connexion_secrete,
            )
        )
    return tuple(found)


def _outcome(story: DocumentStory, index: int) -> Outcome:
    """Only the last message of a broken story is broken."""
    if story.broken is None or index + 1 < len(story.steps):
        return "accept"
    return "reject" if BREAKAGES[story.broken].must_reject else "free"


_TRANSACTION: dict[str, Transaction] = {"initial": "publish", "replacement": "replace", "deletion": "delete"}


def incoherence(story: DocumentStory) -> str | None:
    """Why a story cannot happen, in a few English words, or None when it can."""
    steps = story.steps
    if not steps:
        return "a story has at least one step"
    checks = (
        (steps[0].request != "initial", "the first step is an initial transmission"),
        (any(s.request == "initial" for s in steps[1:]), "a document is transmitted initially once"),
        (any(s.request == "deletion" for s in steps[:-1]), "nothing follows a deletion"),
        (any(not s.bodies or len(s.bodies) > 2 for s in steps), "a message carries one or two forms of a document"),
        (
            any(len({b.level for b in s.bodies}) != len(s.bodies) for s in steps),
            "two forms of a document are of two levels",
        ),
        (
            story.carrier == "MDM" and any(len(s.bodies) > 1 for s in steps),
            "an MDM carries one document",
        ),
        (story.carrier == "OUL" and story.dialect != "1.2", "OUL left the volet after V1.2"),
        (
            any(_levels(a) != _levels(b) for a, b in pairwise(steps)),
            "a replacement or a deletion carries the same forms",
        ),
        (
            any(b.request == "deletion" and a.bodies != b.bodies for a, b in pairwise(steps)),
            "a deletion carries the document to delete",
        ),
        (
            len({s.flags.dest_dmp for s in steps}) > 1,
            "what was not sent to the DMP can be neither replaced nor deleted there",
        ),
        (
            any(s.no_reply and not s.flags.dest_mss_pat for s in steps),
            "a reply is only closed in a mail to the patient",
        ),
        (
            any(s.flags.modif_conf_code and s.request != "replacement" for s in steps),
            "a change of confidentiality is a replacement",
        ),
    )
    return next((reason for wrong, reason in checks if wrong), None)


def _levels(step: Step) -> frozenset[str]:
    return frozenset(b.level for b in step.bodies)

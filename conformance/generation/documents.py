"""Strategies of document stories: valid, coherent, with every class of `labels`; or broken in exactly one named way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from conformance.generation.draws import chosen, pick, pick_integer
from conformance.generation.labels import KINDS, LABELS
from conformance.generation.patients import (
    ANYONE,
    APOSTROPHE_NAMES,
    CENTENARIAN_DAYS,
    COMPOUND_NAMES,
    LONG_NAMES,
    MINOR_DAYS,
    PLAIN_NAMES,
    PatientWish,
    patients,
)
from conformance.generation.people import PROFESSIONALS, STRUCTURES
from conformance.models.breakage import BREAKAGES
from conformance.models.document import (
    Carrier,
    Dialect,
    DocumentBody,
    DocumentKind,
    DocumentStory,
    Flags,
    Level,
    Patient,
    Professional,
    Request,
    Step,
)

IMAGING = DocumentKind("18748-4", "LN", "CR d'imagerie médicale", "Compte rendu d'imagerie médicale")
BIOLOGY = DocumentKind("11502-2", "LN", "CR d'examens biologiques", "Compte rendu d'examens biologiques")
_DISCHARGE = "Lettre de liaison à la sortie d'un établissement de soins"
_ADMISSION = "Note de transfert (dont lettre de liaison à l'entrée en établissement de soins)"
DOCUMENT_KINDS = (
    IMAGING,
    BIOLOGY,
    DocumentKind("11490-0", "LN", _DISCHARGE, "Lettre de liaison à la sortie"),
    DocumentKind("18761-7", "LN", _ADMISSION, "Lettre de liaison à l'entrée"),
    DocumentKind("34874-8", "LN", "CR opératoire", "Compte rendu opératoire"),
    DocumentKind("34112-3", "LN", "CR hospitalier (séjour)", "Compte rendu d'hospitalisation"),
    DocumentKind("11488-4", "LN", "CR ou fiche de consultation ou de visite", "Compte rendu de consultation"),
    DocumentKind("SYNTH", "TRE_A05", "Synthèse", "Synthèse médicale"),
)
"""Kinds of JDV_J07 (code, label) that Ségur flows carry, the imaging report first."""

STRUCTURED = (IMAGING, BIOLOGY)
"""The kinds that are also made in their structured form (N3)."""

PatientClass = Literal["I", "O", "R", "N", "E"]
Requests = tuple[Request, ...]
STORIES: tuple[Requests, ...] = (
    ("initial",),
    ("initial", "replacement"),
    ("initial", "deletion"),
    ("initial", "replacement", "deletion"),
    ("initial", "replacement", "replacement"),
)
FILLERS = (0, 1_500, 12_000, 60_000)
HEAVY = 170_000
"""Bytes of padding that make a message of about 300 kB."""

Restriction = tuple[str, ...]
UNRESTRICTED: Restriction = ()
RESTRICTIONS: tuple[Restriction, ...] = (
    UNRESTRICTED,
    ("masque_ps",),
    ("invisible_patient",),
    ("connexion_secrete",),
    ("masque_ps", "invisible_patient"),
    ("invisible_patient", "connexion_secrete"),
)
"""The flags set to Y together, by their name in `Flags`."""
MINOR_RESTRICTIONS: tuple[Restriction, ...] = (
    ("invisible_rep_legaux",),
    ("invisible_rep_legaux", "connexion_secrete"),
    ("masque_ps", "invisible_rep_legaux"),
)
"""Hiding from the legal representatives is only asked for minors."""
_UNMASKED = (UNRESTRICTED,)


@dataclass(frozen=True, slots=True)
class StoryWish:
    """What a story must be; None (or an empty tuple) leaves the choice open.

    `changed` asks that a replacement changes the restrictions, `steady` that it never does.
    """

    carrier: Carrier | None = None
    dialect: Dialect | None = None
    kind: DocumentKind | None = None
    levels: tuple[Level, ...] = ()
    latin: bool | None = None
    filler: int | None = None
    requests: tuple[Requests, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    changed: bool = False
    dest_dmp: bool | None = None
    ack_reception: bool | None = None
    ack_lecture: bool | None = None
    mss_ps: bool = False
    mss_pat: bool = False
    no_reply: bool = False
    steady: bool = False
    patient_class: PatientClass | None = None
    patient: PatientWish = ANYONE
    plain: bool = False
    broken: str | None = None


ANYTHING = StoryWish()
_DIALECTS: tuple[Dialect, ...] = ("2.1", "2.1", "2.1", "2.1", "2.0", "1.2")
_CARRIERS: tuple[Carrier, ...] = ("MDM", "ORU")
_CLASSES: tuple[PatientClass, ...] = ("I", "I", "O", "E", "R", "N")
_FOR_ANYONE = (*_UNMASKED * 6, *RESTRICTIONS)
_FOR_MINORS = (*_FOR_ANYONE, *MINOR_RESTRICTIONS)
_KINDS: dict[bool, tuple[DocumentKind, ...]] = {True: (IMAGING, *STRUCTURED), False: (IMAGING, *DOCUMENT_KINDS)}
_ANY_STORY = (*STORIES[:1] * 3, *STORIES)
_FILLERS = (*FILLERS[:1] * 16, *FILLERS * 3, HEAVY)
_FORMS: tuple[tuple[Level, ...], ...] = (("N1",), ("N1",), ("N1",), ("N3",), ("N1", "N3"))


@st.composite
def _stories(draw: DrawFn, wish: StoryWish) -> DocumentStory:
    patient = draw(patients(wish.patient))
    dialect = chosen(draw, wish.dialect, _DIALECTS)
    levels = _levels(draw, wish)
    carrier: Carrier = "ORU"
    if wish.carrier is not None or len(levels) == 1:
        carrier = chosen(draw, wish.carrier, _CARRIERS)
    kind = chosen(draw, wish.kind, _KINDS["N3" in levels])
    requests = STORIES[0] if wish.plain else pick(draw, wish.requests or _ANY_STORY)
    latin = not wish.plain and chosen(draw, wish.latin, (False,) * 6 + (True,))
    steps = _steps(draw, wish, patient, dialect, levels, requests)
    recipients: tuple[Professional, ...] = ()
    if wish.mss_ps and dialect != "1.2":
        start = pick_integer(draw, 0, len(PROFESSIONALS) - 3)
        recipients = PROFESSIONALS[start : start + 1 + start % 2]
    return DocumentStory(
        patient=patient,
        kind=kind,
        author=pick(draw, PROFESSIONALS),
        structure=pick(draw, STRUCTURES),
        recipients=recipients,
        carrier=carrier,
        dialect=dialect,
        charset="8859/15" if latin else "UNICODE UTF-8",
        steps=steps,
        patient_class=chosen(draw, wish.patient_class, _CLASSES),
        broken=wish.broken,
    )


def _levels(draw: DrawFn, wish: StoryWish) -> tuple[Level, ...]:
    if wish.levels:
        return wish.levels
    if wish.plain or wish.kind not in (None, *STRUCTURED):
        return ("N1",)
    return pick(draw, _FORMS[:-1] if wish.carrier == "MDM" else _FORMS)


def _steps(
    draw: DrawFn,
    wish: StoryWish,
    patient: Patient,
    dialect: Dialect,
    levels: tuple[Level, ...],
    requests: Requests,
) -> tuple[Step, ...]:
    restrictions = wish.restrictions or (_FOR_MINORS if patient.birth_day <= MINOR_DAYS else _FOR_ANYONE)
    base = _base_flags(draw, wish, patient, dialect)
    restriction = UNRESTRICTED if wish.plain else pick(draw, restrictions)
    bodies = _bodies(draw, wish, levels)
    steps: list[Step] = []
    for request in requests:
        change = False
        if request == "replacement":
            # A replacement keeps its restrictions, or is made for the very purpose of changing them.
            change = not wish.steady and (wish.changed or pick(draw, (False, True)))
            if change:
                restriction = pick(draw, tuple(r for r in RESTRICTIONS if r != restriction))
            else:
                bodies = _bodies(draw, wish, levels)
        flags = replace(base, modif_conf_code=change, **dict.fromkeys(restriction, True))
        steps.append(Step(request, bodies, flags, no_reply=wish.no_reply))
    return tuple(steps)


def _base_flags(draw: DrawFn, wish: StoryWish, patient: Patient, dialect: Dialect) -> Flags:
    dmp, ack, lecture = True, True, False
    if not wish.plain:
        dmp = chosen(draw, wish.dest_dmp, (True,) * 7 + (False,))
        ack = chosen(draw, wish.ack_reception, (True, True, True, False))
        lecture = bool(wish.ack_lecture)
    if dialect == "1.2":  # the two acknowledgement flags appeared in V2.0
        ack = lecture = False
    return Flags(
        dest_dmp=dmp and patient.qualified,
        dest_mss_ps=wish.mss_ps,
        dest_mss_pat=wish.mss_pat,
        ack_reception=ack,
        ack_lecture=lecture,
    )


def _bodies(draw: DrawFn, wish: StoryWish, levels: tuple[Level, ...]) -> tuple[DocumentBody, ...]:
    filler = wish.filler
    if filler is None:
        filler = 0 if wish.plain else pick(draw, _FILLERS)
    return tuple(DocumentBody(level, filler if level == "N1" else 0) for level in levels)


_V2: Dialect = "2.1"
_TO_PROFESSIONALS = StoryWish(mss_ps=True, dialect=_V2, restrictions=(RESTRICTIONS[2],), requests=STORIES[:1])
_TO_PATIENT = StoryWish(mss_pat=True, dest_dmp=False, dialect=_V2, restrictions=_UNMASKED, requests=STORIES[:1])
_TO_BOTH = StoryWish(mss_ps=True, mss_pat=True, dialect=_V2, restrictions=_UNMASKED, requests=STORIES[:1], steady=True)
"""Mails as the MSSanté matrix of the volet allows them: to professionals alone the document is invisible to the
patient, to the patient alone it does not go to the DMP."""
_LABORATORY = StoryWish(carrier="ORU", kind=BIOLOGY, dest_dmp=True, requests=STORIES[:1], restrictions=_UNMASKED)
_LABORATORY_OUL = replace(_LABORATORY, carrier="OUL", dialect="1.2", latin=False)
_HIDDEN = (RESTRICTIONS[2],)
"""What INTRA/va1.02 sends: the report in N1 then in N3, free then invisible to the patient. OUL is of V1.2 alone."""
_UNQUALIFIED = PatientWish(qualified=False)
_GENERATED = (ANYTHING,) * 6 + (_TO_BOTH, _TO_PATIENT, _TO_PROFESSIONALS)
"""What stories are made of when nothing is asked: one in three goes out by mail too."""

WISHES: dict[str, StoryWish] = {
    "plain": StoryWish(plain=True, levels=("N1",), dialect=_V2),
    "carrier:MDM": StoryWish(carrier="MDM"),
    "carrier:ORU": StoryWish(carrier="ORU"),
    "carrier:OUL": _LABORATORY_OUL,
    "dialect:1.2": StoryWish(dialect="1.2"),
    "dialect:2.0": StoryWish(dialect="2.0"),
    "dialect:2.1": StoryWish(dialect="2.1"),
    "bodies:n1": StoryWish(levels=("N1",)),
    "bodies:n3": StoryWish(levels=("N3",)),
    "bodies:n1+n3": StoryWish(levels=("N1", "N3"), carrier="ORU"),
    "charset:8859/15": StoryWish(latin=True),
    "size:300k": StoryWish(filler=HEAVY, levels=("N1",)),
    "story:initial": StoryWish(requests=STORIES[:1]),
    "story:replacement": StoryWish(requests=(STORIES[1], STORIES[3], STORIES[4])),
    "story:deletion": StoryWish(requests=(STORIES[2], STORIES[3])),
    "story:replacement+deletion": StoryWish(requests=(STORIES[3],)),
    "story:second-replacement": StoryWish(requests=(STORIES[4],)),
    "flag:no-mask": StoryWish(restrictions=_UNMASKED, requests=(STORIES[0], STORIES[2])),
    "flag:masque-ps": StoryWish(restrictions=(RESTRICTIONS[1], RESTRICTIONS[4])),
    "flag:invisible-patient": StoryWish(restrictions=(RESTRICTIONS[2], RESTRICTIONS[4], RESTRICTIONS[5])),
    "flag:invisible-rep-legaux": StoryWish(
        restrictions=MINOR_RESTRICTIONS, patient=PatientWish(ages=(400, MINOR_DAYS))
    ),
    "flag:secret": StoryWish(restrictions=(RESTRICTIONS[3], RESTRICTIONS[5])),
    "flag:modif-conf-code": StoryWish(requests=(STORIES[1],), changed=True),
    "flag:no-dmp": StoryWish(dest_dmp=False),
    "flag:ack-reception": StoryWish(ack_reception=True, dialect=_V2),
    "flag:no-ack": StoryWish(ack_reception=False),
    "flag:ack-lecture": StoryWish(
        ack_lecture=True, dialect=_V2, mss_ps=True, restrictions=(RESTRICTIONS[2],), requests=STORIES[:1]
    ),
    "flag:dest-mss-ps": _TO_PROFESSIONALS,
    "flag:dest-mss-pat": _TO_PATIENT,
    "mss:ack-professional": replace(_TO_PROFESSIONALS, ack_reception=True),
    "mss:ack-patient": replace(_TO_PATIENT, ack_reception=True),
    "mss:both": _TO_BOTH,
    "mss:reply-open": _TO_PATIENT,
    "mss:no-reply": replace(_TO_PATIENT, no_reply=True),
    "mss:replacement": replace(_TO_BOTH, requests=(STORIES[1], STORIES[4])),
    "mss:deletion": replace(_TO_BOTH, requests=(STORIES[2],)),
    "mss:n3": replace(_TO_PATIENT, levels=("N3",)),
    "mss:patient-n1": replace(_TO_PATIENT, levels=("N1",), kind=IMAGING),
    "mss:unqualified": replace(_TO_PATIENT, patient=_UNQUALIFIED),
    "mss:unqualified-ps": replace(_TO_PROFESSIONALS, patient=_UNQUALIFIED),
    "laboratory:n1": replace(_LABORATORY, levels=("N1",)),
    "laboratory:n1-hidden": replace(_LABORATORY, levels=("N1",), restrictions=_HIDDEN),
    "laboratory:n3": replace(_LABORATORY, levels=("N3",)),
    "laboratory:n3-hidden": replace(_LABORATORY, levels=("N3",), restrictions=_HIDDEN),
    "laboratory:n1+n3": replace(_LABORATORY, levels=("N1", "N3")),
    "laboratory:secret": replace(_LABORATORY, restrictions=RESTRICTIONS[3:4]),
    "laboratory:oul-hidden": replace(_LABORATORY_OUL, restrictions=_HIDDEN),
    "recipients:none": ANYTHING,
    "recipients:some": _TO_PROFESSIONALS,
    "identity:qualified": ANYTHING,
    "identity:unqualified": StoryWish(patient=_UNQUALIFIED),
    "identity:corsica": StoryWish(patient=PatientWish(origin="corsica")),
    "identity:overseas": StoryWish(patient=PatientWish(origin="overseas")),
    "identity:abroad": StoryWish(patient=PatientWish(origin="abroad")),
    "identity:nia": StoryWish(patient=PatientWish(nia=True)),
    "identity:long-name": StoryWish(patient=PatientWish(names=LONG_NAMES)),
    "identity:compound": StoryWish(patient=PatientWish(names=COMPOUND_NAMES)),
    "identity:apostrophe": StoryWish(patient=PatientWish(names=APOSTROPHE_NAMES)),
    "identity:several-given": StoryWish(patient=PatientWish(several_given=True)),
    "identity:hyphenated-given": StoryWish(patient=PatientWish(hyphenated=True)),
    "identity:used-name": StoryWish(patient=PatientWish(used_name=True)),
    "identity:homonym": StoryWish(patient=PatientWish(homonym=True)),
    "identity:minor": StoryWish(patient=PatientWish(ages=(2, MINOR_DAYS))),
    "identity:centenarian": StoryWish(patient=PatientWish(ages=(CENTENARIAN_DAYS, 39_400), origin="metropole")),
    **{f"kind:{KINDS[k.code]}": StoryWish(kind=k) for k in DOCUMENT_KINDS},
    **{f"venue:{c}": StoryWish(patient_class=c) for c in dict.fromkeys(_CLASSES)},
}
"""Label -> what a story must be to have it."""


def broken(name: str) -> StoryWish:
    """A story whose last message is broken in one way; all else is plain, so that nothing else can be the cause."""
    breakage = BREAKAGES[name]
    carrier: Carrier | None = "MDM" if breakage.carriers == {"MDM"} else None
    requests: Requests = ("initial",) if breakage.request != "replacement" else ("initial", "replacement")
    patient = PatientWish(names=PLAIN_NAMES, origin="metropole", nia=False, used_name=False)
    return StoryWish(
        plain=breakage.request != "replacement",
        carrier=carrier,
        dialect=_V2,
        levels=("N1",),
        latin=False,
        filler=0,
        requests=(requests,),
        restrictions=_UNMASKED,
        dest_dmp=True,
        ack_reception=True,
        patient=patient,
        broken=name,
    )


WISHES.update({f"broken:{name}": broken(name) for name in BREAKAGES})


@st.composite
def _any_stories(draw: DrawFn) -> DocumentStory:
    return draw(_stories(pick(draw, _GENERATED)))


def stories(label: str | None = None) -> SearchStrategy[DocumentStory]:
    """Unbroken stories of every class, or stories having the label; raises KeyError for a label not in LABELS."""
    if label is None:
        return _any_stories()
    if label not in LABELS:
        raise KeyError(label)
    return _stories(WISHES[label])


def plainest() -> DocumentStory:
    """The plainest permitted case: an imaging report N1 in an MDM V2.1, to the DMP, with its return asked."""
    patient = Patient("MARTIN", ("MARIE",), "F", 14_975, "75", "75115")
    return DocumentStory(patient=patient, kind=IMAGING, author=PROFESSIONALS[0], structure=STRUCTURES[0])

"""The vocabulary of input classes, and which of them a story belongs to. Texts: `conformance/texts/labels.toml`."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.generation.patients import CENTENARIAN_DAYS, LONG_NAME, MINOR_DAYS
from conformance.models.breakage import BREAKAGES
from conformance.models.document import DocumentStory, Flags, Patient, Step

KINDS = {
    "18748-4": "imaging",
    "11502-2": "biology",
    "11490-0": "discharge-letter",
    "18761-7": "admission-letter",
    "34874-8": "operative",
    "34112-3": "hospital-stay",
    "11488-4": "consultation",
    "SYNTH": "synthesis",
}
"""Document code -> what follows `kind:`."""

ANNEX = frozenset({"11490-0", "34874-8", "57833-6", "11502-2", "18748-4"})
"""Codes of the types of documents that the rows of wave 1 name."""

SIZE = 150_000
"""From this many bytes of PDF on, the message weighs about 300 kB: twice Base64."""

_FLAG_LABELS = {
    "masque_ps": "flag:masque-ps",
    "invisible_patient": "flag:invisible-patient",
    "invisible_rep_legaux": "flag:invisible-rep-legaux",
    "connexion_secrete": "flag:secret",
    "modif_conf_code": "flag:modif-conf-code",
    "dest_mss_ps": "flag:dest-mss-ps",
    "dest_mss_pat": "flag:dest-mss-pat",
    "ack_lecture": "flag:ack-lecture",
}

BROKEN = frozenset(f"broken:{name}" for name in BREAKAGES)

LABELS: frozenset[str] = (
    frozenset(
        (
            "plain",
            "carrier:MDM",
            "carrier:ORU",
            "carrier:OUL",
            "dialect:1.2",
            "dialect:2.0",
            "dialect:2.1",
            "bodies:n1",
            "bodies:n3",
            "bodies:n1+n3",
            "charset:8859/15",
            "size:300k",
            "story:initial",
            "story:replacement",
            "story:deletion",
            "story:replacement+deletion",
            "story:second-replacement",
            "flag:no-mask",
            "flag:no-dmp",
            "flag:ack-reception",
            "flag:no-ack",
            "identity:qualified",
            "identity:unqualified",
            "identity:corsica",
            "identity:overseas",
            "identity:abroad",
            "identity:nia",
            "identity:long-name",
            "identity:compound",
            "identity:apostrophe",
            "identity:several-given",
            "identity:hyphenated-given",
            "identity:used-name",
            "identity:homonym",
            "identity:minor",
            "identity:centenarian",
            "recipients:none",
            "recipients:some",
            "mss:ack-professional",
            "mss:ack-patient",
            "mss:both",
            "mss:reply-open",
            "mss:no-reply",
            "mss:replacement",
            "mss:deletion",
            "mss:n3",
            "mss:patient-n1",
            "mss:unqualified",
            "mss:unqualified-ps",
            "laboratory:n1",
            "laboratory:n1-hidden",
            "laboratory:n3",
            "laboratory:n3-hidden",
            "laboratory:n1+n3",
            "laboratory:secret",
            "laboratory:oul-hidden",
        )
    )
    | frozenset(f"kind:{k}" for k in KINDS.values())
    | frozenset(f"venue:{c}" for c in "IORNE")
    | frozenset(_FLAG_LABELS.values())
    | BROKEN
)
"""Every label there is."""

_PLAIN_STEP = Step("initial")


def labels_of(story: DocumentStory) -> frozenset[str]:
    """The input classes a story belongs to; pure, always within LABELS."""
    return frozenset(_labels(story))


def _labels(story: DocumentStory) -> Iterator[str]:
    yield f"carrier:{story.carrier}"
    yield f"dialect:{story.dialect}"
    yield f"kind:{KINDS[story.kind.code]}"
    yield f"venue:{story.patient_class}"
    yield "bodies:" + "+".join(sorted({b.level.lower() for b in story.steps[0].bodies}))
    if story.charset == "8859/15":
        yield "charset:8859/15"
    if any(b.filler >= SIZE for s in story.steps for b in s.bodies):
        yield "size:300k"
    yield "recipients:some" if story.recipients else "recipients:none"
    yield from _story_labels(story)
    for step in story.steps:
        yield from _flag_labels(step.flags)
    yield from _mail_labels(story)
    yield from _laboratory_labels(story)
    if not any(_restricted(step.flags) for step in story.steps):
        yield "flag:no-mask"
    yield from _identity_labels(story.patient)
    if story.broken:
        yield f"broken:{story.broken}"
    if is_plain(story):
        yield "plain"


def is_plain(story: DocumentStory) -> bool:
    """Whether a story is a single ordinary transmission to the DMP, with nothing special but traits and kind."""
    return (
        story.broken is None
        and story.steps == (_PLAIN_STEP,)
        and story.charset == "UNICODE UTF-8"
        and story.patient.qualified
        and not story.recipients
    )


def _story_labels(story: DocumentStory) -> Iterator[str]:
    requests = [s.request for s in story.steps]
    if requests == ["initial"]:
        yield "story:initial"
    if "replacement" in requests:
        yield "story:replacement"
    if requests.count("replacement") > 1:
        yield "story:second-replacement"
    if "deletion" in requests:
        yield "story:deletion"
        if "replacement" in requests:
            yield "story:replacement+deletion"


def _restricted(flags: Flags) -> bool:
    return flags.masque_ps or flags.invisible_patient or flags.invisible_rep_legaux or flags.connexion_secrete


def _flag_labels(flags: Flags) -> Iterator[str]:
    yield from (label for name, label in _FLAG_LABELS.items() if getattr(flags, name))
    if not flags.dest_dmp:
        yield "flag:no-dmp"
    yield "flag:ack-reception" if flags.ack_reception else "flag:no-ack"


def _mail_labels(story: DocumentStory) -> Iterator[str]:
    mailed = [s for s in story.steps if s.flags.dest_mss_ps or s.flags.dest_mss_pat]
    to_patient = [s for s in mailed if s.flags.dest_mss_pat]
    served = bool(to_patient) and story.patient.qualified
    marks = (
        (any(s.flags.dest_mss_ps and s.flags.ack_reception for s in mailed), "mss:ack-professional"),
        (served and any(s.flags.ack_reception for s in to_patient), "mss:ack-patient"),
        (any(s.flags.dest_mss_ps for s in to_patient), "mss:both"),
        (served and any(not s.no_reply for s in to_patient), "mss:reply-open"),
        (served and any(s.no_reply for s in to_patient), "mss:no-reply"),
        (any(s.request == "replacement" for s in mailed), "mss:replacement"),
        (any(s.request == "deletion" for s in mailed), "mss:deletion"),
        (_has(mailed, "N3"), "mss:n3"),
        (served and story.kind.code in ANNEX and _has(to_patient, "N1"), "mss:patient-n1"),
        (bool(to_patient) and not story.patient.qualified, "mss:unqualified"),
        (any(s.flags.dest_mss_ps for s in mailed) and not story.patient.qualified, "mss:unqualified-ps"),
    )
    yield from (label for holds, label in marks if holds)


def _laboratory_labels(story: DocumentStory) -> Iterator[str]:
    """The ways of sending a laboratory report to the DMP that INTRA/va1.02 names."""
    step = story.steps[0]
    flags = step.flags
    if KINDS[story.kind.code] != "biology" or story.broken or not flags.dest_dmp:
        return
    forms = "+".join(sorted(b.level.lower() for b in step.bodies))
    if not _restricted(flags):
        yield f"laboratory:{forms}"
    elif flags.invisible_patient and len(step.bodies) == 1:
        yield f"laboratory:{forms}-hidden"
    if flags.connexion_secrete:
        yield "laboratory:secret"
    if story.carrier == "OUL" and flags.invisible_patient:
        yield "laboratory:oul-hidden"


def _has(steps: list[Step], level: str) -> bool:
    return any(b.level == level for s in steps for b in s.bodies)


_ORIGINS = {"2A": "corsica", "2B": "corsica", "97": "overseas", "98": "overseas", "99": "abroad"}


def _identity_labels(patient: Patient) -> Iterator[str]:
    yield "identity:qualified" if patient.qualified else "identity:unqualified"
    origin = _ORIGINS.get(patient.department)
    marks = (
        (origin is not None, f"identity:{origin}"),
        (patient.kind == "NIA", "identity:nia"),
        (len(patient.birth_name) >= LONG_NAME, "identity:long-name"),
        ("-" in patient.birth_name or " " in patient.birth_name, "identity:compound"),
        ("'" in patient.birth_name, "identity:apostrophe"),
        (len(patient.given_names) > 1, "identity:several-given"),
        ("-" in patient.given_names[0], "identity:hyphenated-given"),
        (patient.used_name is not None, "identity:used-name"),
        (patient.homonym, "identity:homonym"),
        (patient.birth_day <= MINOR_DAYS, "identity:minor"),
        (patient.birth_day >= CENTENARIAN_DAYS, "identity:centenarian"),
    )
    yield from (label for holds, label in marks if holds)

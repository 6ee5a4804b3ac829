"""Stories one step nearer to the plainest one: what a failing case is made plain by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from conformance.generation.documents import plainest
from conformance.models.document import DocumentBody, DocumentStory, Flags, Step
from conformance.models.life import incoherence


def simpler(story: DocumentStory) -> list[DocumentStory]:
    """Coherent stories, each plainer in one respect, the boldest first; none for the plainest story.

    What is broken stays broken, so that the cause is kept.
    """
    found = dict.fromkeys(s for s in _candidates(story) if s != story and incoherence(s) is None)
    return list(found)


def _candidates(story: DocumentStory) -> Iterator[DocumentStory]:
    goal = replace(plainest(), broken=story.broken, carrier=story.carrier)
    if len(story.steps) == 1 or story.broken is None:
        yield goal if story.broken else replace(goal, carrier=plainest().carrier)
    yield from (replace(story, steps=steps) for steps in _shorter(story.steps))
    yield replace(story, patient=goal.patient)
    for name in ("kind", "charset", "dialect", "patient_class", "recipients", "author", "structure"):
        yield _with(story, name, getattr(goal, name))
    if story.broken is None:
        yield replace(story, carrier="MDM")
    light = (DocumentBody(),)
    yield replace(story, steps=tuple(replace(s, bodies=light) for s in story.steps))
    yield replace(story, steps=tuple(replace(s, flags=Flags(), no_reply=False) for s in story.steps))
    yield replace(story, steps=tuple(replace(s, no_reply=False) for s in story.steps))
    for flag in fields(Flags):
        yield replace(story, steps=tuple(_reset(s, flag.name) for s in story.steps))
    for trait in fields(goal.patient):
        patient = replace(story.patient, **{trait.name: getattr(goal.patient, trait.name)})
        if (patient.department, patient.birth_place) in (
            (story.patient.department, story.patient.birth_place),
            (goal.patient.department, goal.patient.birth_place),
        ):
            yield replace(story, patient=patient)


def _with(story: DocumentStory, name: str, value: object) -> DocumentStory:
    changed: DocumentStory = replace(story, **{name: value})  # type: ignore[arg-type]
    return changed


def _reset(step: Step, flag: str) -> Step:
    flags = replace(step.flags, **{flag: getattr(Flags(), flag)})
    return replace(step, flags=flags, no_reply=step.no_reply and flags.dest_mss_pat)


def _shorter(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Without the end, then without one middle step."""
    for length in range(1, len(steps)):
        yield steps[:length]
    for index in range(1, len(steps) - 1):
        yield (*steps[:index], *steps[index + 1 :])

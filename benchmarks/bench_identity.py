"""Identities: steps of the model with the messages that each owes, on the stories that are generated.

Goal: 2,000 steps a second, model and judges together; the model alone has to be far above. Run:
`python benchmarks/bench_identity.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from harness import pin, rates

from conformance.generation.binding import bind
from conformance.generation.identities import LABELS, labels_of, recipe
from conformance.generation.identity_people import Played, played
from conformance.models.identity import Event
from conformance.models.identity_story import IdentityStory
from conformance.models.identity_told import Population, act, messages, replay, told_of, view

GOAL = 2_000
"""Steps a second, model and judges."""

STORIES: tuple[IdentityStory, ...] = tuple(recipe(label) for label in sorted(LABELS))
BOUND: tuple[Played, ...] = tuple(
    played(story, bind("0badcafe", n), date(2026, 1, 1)) for n, story in enumerate(STORIES, 1)
)
STEPS = sum(len(one.events) for one in BOUND)


def steps() -> None:
    """Each story, event by event, with the messages owed."""
    for bound in BOUND:
        population: Population = {}
        for who, event in bound.events:
            assert messages(population, who, event) is not None
            population = act(population, who, event)


def replayed() -> None:
    """Each story told, replayed and compared with the référentiel."""
    for bound in BOUND:
        population: Population = {}
        story: list[tuple[str, Event]] = list(bound.events)
        for who, event in story:
            population = act(population, who, event)
        assert replay(told_of(story)) == view(population)


def binding() -> None:
    """Each story bound and labelled, as every generated case is."""
    for n, story in enumerate(STORIES, 1):
        assert played(story, bind("0badcafe", n), date(2026, 1, 1)).events
        assert labels_of(story)


def main() -> None:
    """The table."""
    pin()
    works: dict[str, Callable[[], object]] = {
        "step and messages owed": steps,
        "told, replayed, compared": replayed,
        "bound and labelled": binding,
    }
    print(f"Identities: {len(STORIES)} stories, {STEPS} steps (goal {GOAL:,} steps/s, model and judges)")
    for name, value in rates(works).items():
        print(f"  {name:<34}{value * STEPS:>12,.0f} steps/s")


if __name__ == "__main__":
    main()

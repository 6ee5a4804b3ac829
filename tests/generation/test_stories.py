"""Strategies of stories: coherent, labelled, reproducible, fast."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings

from conformance.evidence.codec import canonical, digest, from_plain, to_plain
from conformance.generation.documents import WISHES, plainest, stories
from conformance.generation.labels import KINDS, LABELS, labels_of
from conformance.generation.simpler import simpler
from conformance.models.breakage import BREAKAGES
from conformance.models.document import DocumentStory
from conformance.models.life import incoherence, states
from conformance.texts import all_texts

DRAW = hypothesis_settings(
    max_examples=150, phases=[Phase.generate], deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
FEW = hypothesis_settings(DRAW, max_examples=12)

SCRIPT = """
import sys
sys.path[:0] = sys.argv[2:]
if len(sys.argv) > 2:
    import full_of_constants
from hypothesis import HealthCheck, Phase, given, seed, settings
from conformance.evidence.codec import digest
from conformance.generation.documents import stories

@seed(int(sys.argv[1]))
@settings(max_examples=60, phases=[Phase.generate], deadline=None, database=None,
          suppress_health_check=list(HealthCheck))
@given(stories())
def show(story):
    print(digest(story))

show()
"""


@DRAW
@given(stories())
def test_generated_stories_can_happen_and_are_not_broken(story: DocumentStory) -> None:
    """Any generated story is coherent, unbroken, and every label it bears is in the vocabulary."""
    assert incoherence(story) is None
    assert story.broken is None
    assert all(s.outcome == "accept" for s in states(story))
    assert labels_of(story) <= LABELS


@DRAW
@given(stories())
def test_flags_never_contradict_each_other(story: DocumentStory) -> None:
    """Nothing hidden from the patient is mailed to him; hiding from legal representatives is for minors; V1.2 asks no
    acknowledgement; the DMP is never asked for without a qualified INS."""
    for step in story.steps:
        assert not (step.flags.invisible_patient and step.flags.dest_mss_pat)
        assert not step.flags.invisible_rep_legaux or "identity:minor" in labels_of(story)
        assert story.dialect != "1.2" or not (step.flags.ack_reception or step.flags.ack_lecture)
        assert story.patient.qualified or not step.flags.dest_dmp


@pytest.mark.parametrize("label", sorted(LABELS))
def test_a_story_asked_for_a_label_has_it(label: str) -> None:
    """`stories(label)` always has the label and stays coherent."""

    @FEW
    @given(stories(label))
    def check(story: DocumentStory) -> None:
        assert label in labels_of(story)
        assert incoherence(story) is None

    check()


def test_an_unknown_label_is_refused() -> None:
    """A misspelt class is an error, never an empty set of cases."""
    with pytest.raises(KeyError):
        stories("carrier:FAX")


def test_every_label_can_be_generated_and_is_described() -> None:
    """The vocabulary, the wishes and the texts name the same classes, in both languages."""
    assert set(WISHES) == LABELS
    assert {id.removeprefix("label.") for id in all_texts() if id.startswith("label.")} >= LABELS  # others' too
    assert {f"broken:{name}" for name in BREAKAGES} <= LABELS


def test_common_classes_come_up_by_themselves() -> None:
    """600 generated stories reach every class but those that are only made on demand."""
    found: set[str] = set()

    @seed(20261124)
    @hypothesis_settings(DRAW, max_examples=600)
    @given(stories())
    def gather(story: DocumentStory) -> None:
        found.update(labels_of(story))

    gather()
    on_demand = {"identity:homonym", "identity:unqualified", "flag:ack-lecture"}
    on_demand |= {"mss:unqualified", "mss:unqualified-ps", "carrier:OUL", "laboratory:oul-hidden"}
    on_demand |= {"mss:no-reply", "mss:replacement", "mss:deletion"} | {f"broken:{name}" for name in BREAKAGES}
    assert found == LABELS - on_demand


@DRAW
@given(stories())
def test_a_story_is_plain_json(story: DocumentStory) -> None:
    """A story survives the round trip through JSON, with the same digest."""
    again = from_plain(to_plain(story), DocumentStory)
    assert again == story
    assert canonical(to_plain(again)) == canonical(to_plain(story))


def _digests(run_seed: int, *folders: Path) -> list[str]:
    command = [sys.executable, "-c", SCRIPT, str(run_seed), *map(str, folders)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()


def test_the_same_seed_gives_the_same_stories_in_two_processes(tmp_path: Path) -> None:
    """Two processes draw the same digests, even when one has loaded a module whose constants Hypothesis would mix in;
    another seed gives others."""
    numbers = ", ".join(str(n) for n in range(2, 400))
    (tmp_path / "full_of_constants.py").write_text(f"VALUES = [{numbers}]\n", encoding="utf-8")
    alone, crowded = _digests(7), _digests(7, tmp_path)
    assert len(alone) == 60
    assert alone == crowded
    assert _digests(8) != alone


def test_the_plainest_story_is_where_simplification_ends() -> None:
    """Nothing is simpler than the sentinel, and every story gets there by simpler, coherent stories."""
    assert simpler(plainest()) == []

    @FEW
    @given(stories())
    def check(story: DocumentStory) -> None:
        seen = {digest(story)}
        while candidates := simpler(story):
            story = candidates[-1]
            assert incoherence(story) is None
            assert digest(story) not in seen
            seen.add(digest(story))
        assert story == plainest()

    check()


def test_simplifying_keeps_what_is_broken() -> None:
    """A broken story stays broken in the same way, in the same kind of message."""

    @FEW
    @given(stories("broken:txa-13-missing"))
    def check(story: DocumentStory) -> None:
        for candidate in simpler(story):
            assert candidate.broken == "txa-13-missing"
            assert candidate.carrier == "MDM"

    check()


def test_generation_is_fast() -> None:
    """A story costs less than 3 ms of processor time, all overheads of Hypothesis included."""
    count = 0

    @seed(1)
    @hypothesis_settings(DRAW, max_examples=500)
    @given(stories())
    def draw(story: DocumentStory) -> None:
        nonlocal count
        count += 1

    start = time.process_time()
    draw()
    assert (time.process_time() - start) / count < 0.003


def test_document_kinds_have_a_label_each() -> None:
    """Every kind of document that is generated has its own class."""
    kinds = {label for label in LABELS if label.startswith("kind:")}
    assert kinds == {f"kind:{name}" for name in KINDS.values()}

"""Collecting is repeatable: one seed, one set of cases, in every process."""

from __future__ import annotations

import subprocess
import sys

from conformance.engine.collect import collect, draw
from conformance.evidence.codec import digest
from conformance.exercises import registry

PROGRAM = """
from conformance.engine.collect import collect
from conformance.exercises import registry
for c in collect(registry.get("documents.intake"), ("plain", "carrier:ORU"), 15, {seed}, name="k"):
    print(c.digest)
"""


def _other_process(seed: int, hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(seed=seed)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
    )
    return done.stdout.split()


def test_one_seed_gives_the_same_cases_in_two_processes() -> None:
    """Digests of the cases do not depend on the process nor on the hash seed; another seed gives others."""
    first = _other_process(7, "1")
    assert first == _other_process(7, "2")
    assert len(first) > 10
    assert first != _other_process(8, "1")


def test_each_claimed_class_has_a_case_of_its_own() -> None:
    """An input class that a property claims is driven whatever the luck of the generator."""
    exercise = registry.get("documents.intake")
    claims = ("identity:corsica", "flag:secret", "broken:incoherent-orc-1")
    cases = collect(exercise, claims, 0, 3)
    assert {c.explicit for c in cases} == set(claims)
    assert all(c.explicit in c.labels for c in cases)


def test_no_case_is_driven_twice() -> None:
    """Equal cases are kept once, so that the number of cases is the number of different cases."""
    cases = collect(registry.get("documents.intake"), (), 60, 11)
    assert len({c.digest for c in cases}) == len(cases)
    assert all(c.digest == digest(c.case) for c in cases)


def test_a_finite_strategy_gives_what_it_has() -> None:
    """Asking for more than there is neither fails nor repeats."""
    from hypothesis.strategies import sampled_from

    assert sorted(set(draw(sampled_from([1, 2, 3]), 50, 1))) == [1, 2, 3]

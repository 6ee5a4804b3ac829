"""Attribution: which case owns what was heard."""

from __future__ import annotations

from itertools import count

from conformance.bench.correlation import attribute
from conformance.bench.lab import Done
from conformance.evidence.values import Direction, Exchange, Observation

Key = tuple[str, str]


def observed(id: str, *keys: Key, answers: str | None = None) -> Observation:
    """An observation with keys, of an exchange heard from the vendor."""
    return Observation(Exchange(id, "dmp", Direction.FROM_VENDOR, 1, 0, b"", answers=answers), "any", None, keys)


def job(name: str, *keys: Key, exchanges: tuple[str, ...] = ()) -> Done:
    """A job that owns keys and sent exchanges."""
    return Done(name, keys=keys, exchanges=exchanges)


def owners(jobs: list[Done], *observations: Observation) -> dict[str, str]:
    """Exchange id -> job, `-` for an orphan; checks that nothing is lost nor given twice, and that order is kept."""
    owned, orphans = attribute({j.job: j for j in jobs}, observations)
    found = {o.exchange.id: name for name, mine in owned.items() for o in mine} | {o.exchange.id: "-" for o in orphans}
    assert sum(map(len, owned.values())) + len(orphans) == len(observations) == len(found)
    place = dict(zip((o.exchange.id for o in observations), count(), strict=False))
    for mine in (*owned.values(), orphans):
        assert [place[o.exchange.id] for o in mine] == sorted(place[o.exchange.id] for o in mine)
    return found


A = job("a", ("document", "1.1"), ("control", "CA"), ("patient", "P"), exchanges=("x1",))
B = job("b", ("document", "1.2"), ("control", "CB"), ("patient", "P"), exchanges=("x2",))


def test_what_a_case_sent_is_its_own_and_answers_follow() -> None:
    """The exchanges a job made need no key; an answer belongs with what it answers, even quoting something else."""
    found = owners(
        [A, B],
        observed("x1"),
        observed("x2"),
        observed("x3", ("control", "CB"), answers="x1"),
        observed("x4", answers="x3"),
    )
    assert found == {"x1": "a", "x2": "b", "x3": "a", "x4": "a"}


def test_the_strongest_key_decides() -> None:
    """A document outweighs a control id, which outweighs a patient, whatever the order they are listed in."""
    found = owners(
        [A, B, job("c", ("patient", "Q"))],
        observed("x3", ("patient", "Q"), ("control", "CB"), ("document", "1.1")),
        observed("x4", ("patient", "Q"), ("control", "CB")),
        observed("x5", ("patient", "Q")),
    )
    assert found == {"x3": "a", "x4": "b", "x5": "c"}


def test_a_key_of_several_cases_decides_nothing() -> None:
    """A patient that two cases share attributes nothing; a weaker key may still decide after a shared stronger one."""
    shared = [job("a", ("document", "1"), ("patient", "P")), job("b", ("document", "1"), ("patient", "Q"))]
    assert owners([A, B], observed("x3", ("patient", "P"))) == {"x3": "-"}
    assert owners(shared, observed("x3", ("document", "1"), ("patient", "Q")), observed("x4", ("document", "1"))) == {
        "x3": "b",
        "x4": "-",
    }


def test_what_nobody_claims_is_an_orphan() -> None:
    """Unknown keys, no key at all, and the answers to such exchanges are orphans."""
    found = owners([A], observed("x3", ("document", "9")), observed("x4"), observed("x5", answers="x3"))
    assert set(found.values()) == {"-"}


def test_an_entry_uuid_is_learnt_from_the_search() -> None:
    """A deletion names only the entryUUID that the answer to the case's own search gave it."""
    found = owners(
        [A, B],
        observed("x3", ("document", "1.1")),
        observed("x4", ("document", "1.1"), ("entry", "urn:uuid:e"), answers="x3"),
        observed("x5", ("entry", "urn:uuid:e"), ("patient", "P")),
    )
    assert found["x5"] == "a"


def test_learning_also_explains_what_came_before() -> None:
    """An exchange heard before its key was learnt is attributed all the same."""
    found = owners([A, B], observed("x3", ("entry", "e")), observed("x4", ("document", "1.2"), ("entry", "e")))
    assert found == {"x3": "b", "x4": "b"}


def test_a_patient_is_never_learnt() -> None:
    """The patient seen beside a document of a case says nothing of other exchanges about that patient."""
    found = owners([A], observed("x3", ("document", "1.1"), ("patient", "Z")), observed("x4", ("patient", "Z")))
    assert found == {"x3": "a", "x4": "-"}


def test_a_thousand_cases_are_attributed_each_to_its_own() -> None:
    """Distinct document ids never mix, however many cases there are."""
    jobs = [job(f"j{n}", ("document", f"2.25.{n}")) for n in range(1000)]
    found = owners(jobs, *(observed(f"x{n}", ("document", f"2.25.{n}")) for n in range(1000)))
    assert found == {f"x{n}": f"j{n}" for n in range(1000)}

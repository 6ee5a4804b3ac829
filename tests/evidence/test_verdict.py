"""The verdict algebra, enumerated."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from conformance.evidence.verdict import Verdict, exit_code, one_of, requirement_verdict, scenario_verdict

ALL = tuple(Verdict)
ORDER = (Verdict.NONCONFORM, Verdict.TOOL_ERROR, Verdict.INCONCLUSIVE, Verdict.TO_ATTEST, Verdict.CONFORM)


def _subsets() -> list[tuple[Verdict, ...]]:
    return [s for size in range(len(ALL) + 1) for s in combinations(ALL, size)]


@pytest.mark.parametrize("scenarios", _subsets())
def test_the_worst_scenario_decides(scenarios: tuple[Verdict, ...]) -> None:
    """Nonconform, tool-error, inconclusive, to-attest, conform, in that order; nothing at all is inconclusive."""
    expected = next((v for v in ORDER if v in scenarios), Verdict.INCONCLUSIVE)
    assert requirement_verdict(scenarios) is expected
    assert requirement_verdict(scenarios, applicable=False) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("scenarios", [s for s in _subsets() if s])
def test_one_conform_alternative_is_enough(scenarios: tuple[Verdict, ...]) -> None:
    """In a group a conform member decides, and nonconform is said only when no other can still become conform."""
    found = one_of(scenarios)
    real = set(scenarios) - {Verdict.NOT_APPLICABLE}
    if Verdict.CONFORM in real:
        assert found is Verdict.CONFORM
    elif not real:
        assert found is Verdict.NOT_APPLICABLE
    else:
        assert (found is Verdict.NONCONFORM) == (real == {Verdict.NONCONFORM})


@pytest.mark.parametrize(
    ("findings", "witnesses", "unsettled", "tool_errors", "attest"),
    list(product((0, 1), (0, 1), (0, 1), (0, 1), (False, True))),
)
def test_a_driven_scenario(findings: int, witnesses: int, unsettled: int, tool_errors: int, attest: bool) -> None:
    """Zero witnesses is never conform; a finding outweighs all; a fault of ours is never the vendor's."""
    found = scenario_verdict(
        findings=findings, witnesses=witnesses, unsettled=unsettled, tool_errors=tool_errors, attest=attest
    )
    assert (found is Verdict.NONCONFORM) == bool(findings)
    if not findings:
        assert (found is Verdict.TOOL_ERROR) == bool(tool_errors)
    clean = witnesses and not (findings or unsettled or tool_errors)
    assert (found is Verdict.CONFORM) == bool(clean and not attest)
    assert (found is Verdict.TO_ATTEST) == bool(clean and attest)


@pytest.mark.parametrize("rows", list(product(product(ALL, (True, False)), repeat=2)))
def test_exit_codes(rows: tuple[tuple[Verdict, bool], ...]) -> None:
    """1 a mandatory nonconform, 4 a fault of the tool, 3 incomplete, else 0; optional rows only count for 4."""
    mandatory = {v for v, needed in rows if needed}
    if Verdict.NONCONFORM in mandatory:
        expected = 1
    elif any(v is Verdict.TOOL_ERROR for v, _ in rows):
        expected = 4
    elif mandatory & {Verdict.INCONCLUSIVE, Verdict.TO_ATTEST}:
        expected = 3
    else:
        expected = 0
    assert exit_code(rows) == expected

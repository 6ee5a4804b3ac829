"""The counts of a dashboard, by hand."""

from __future__ import annotations

from conformance.models.dashboard import Bounds, Cell, Flow, expected, expected_masked, gained, gaps, plain_finess

DMP = Cell("750000018", "dmp", "18748-4", "success")
DMP_FAILED = Cell("750000018", "dmp", "18748-4", "failure")
PRO = Cell("750000018", "mss-pro", "18748-4", "success")


def row(cell: Cell, count: object, **more: object) -> dict[str, object]:
    """A row of an extraction."""
    return {"finess": cell.finess, "channel": cell.channel, "type": cell.type, "outcome": cell.outcome,
            "count": count, **more}  # fmt: skip


def test_attempts_are_bounded_by_documents_and_by_what_was_captured() -> None:
    """Two documents in three attempts: two or three; a mail to three people: one to three."""
    flows = [Flow(DMP, "a"), Flow(DMP, "a"), Flow(DMP, "b"), Flow(PRO, "a", most=3)]
    assert expected(flows) == {DMP: Bounds(2, 3), PRO: Bounds(1, 3)}


def test_a_failure_before_a_success_may_be_left_out() -> None:
    """The failure of a document that went later counts for none or one; of one that never went, for one."""
    assert expected([Flow(DMP_FAILED, "a"), Flow(DMP, "a")])[DMP_FAILED] == Bounds(0, 1)
    assert expected([Flow(DMP_FAILED, "a")])[DMP_FAILED] == Bounds(1, 1)


def test_masked_documents_are_counted_apart() -> None:
    """A counter without any must show none."""
    flows = [Flow(DMP, "a", masked=True), Flow(DMP, "b"), Flow(PRO, "b")]
    assert expected_masked(flows) == {DMP: Bounds(1, 1), PRO: Bounds(0, 0)}


def test_gains_are_differences_of_sums() -> None:
    """Rows of one counter add up; what did not move is not there; what is no number counts for nothing."""
    before = [row(DMP, 2), row(DMP, 1), row(PRO, 4)]
    after = [row(DMP, 5, masked=1), row(PRO, 4), row(DMP_FAILED, "x"), row(DMP_FAILED, True)]
    assert gained(before, after) == {DMP: 2}
    assert gained(before, after, "masked") == {DMP: 1}


def test_gaps_name_counters_too_low_too_high_and_unexpected() -> None:
    """In a stable order."""
    found = list(gaps({DMP: Bounds(1, 2), PRO: Bounds(1, 1)}, {DMP: 3, DMP_FAILED: 1, PRO: 1}))
    assert [(g.cell, g.seen) for g in found] == [(DMP_FAILED, 1), (DMP, 3)]


def test_a_finess_is_read_in_the_identifier_of_a_structure() -> None:
    """`1` then nine characters, Corsica included; anything else is left as it is."""
    assert [plain_finess(i) for i in ("1750000018", "12A0000001", "750000018", "3187512751", "")] == [
        "750000018",
        "2A0000001",
        "750000018",
        "3187512751",
        "",
    ]

"""Judging keeps apart what the vendor did, what was not heard, and what is our own fault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from conformance.engine.judging import alive, judge
from conformance.engine.plan import Subscription
from conformance.evidence.values import (
    Binding,
    Context,
    Driven,
    Finding,
    Heard,
    Sent,
    Severity,
    Witness,
)
from conformance.properties.base import Property

DAY = Context(as_of=date(2026, 1, 5))
NOTHING = Heard(())


def _driven(
    id: str, *, sentinel: bool = False, labels: frozenset[str] = frozenset(), failure: str | None = None
) -> Any:
    sent = (Sent("step-1", "x1", None if failure else "x2", failure),)
    return Driven(id, "e", "normal", None, Binding("0" * 8, 1, "AB", "001001"), sent, labels, sentinel)


def _subscription(judge: Any, control: str | None = None) -> Subscription:
    property = Property("p", "e", "a clause", ("K",), frozenset(), frozenset(), judge, control)
    return Subscription(property, {"limit": "3"}, ("K#1",), ("va1",))


def _error(code: str = "a.b", seen: str = "v", *, absence: bool = False) -> Finding:
    return Finding(code, Severity.ERROR, seen=seen, absence=absence)


def test_a_crash_of_a_judge_is_ours() -> None:
    """A judge that raises makes a tool fault with its traceback, and no finding."""

    def crash(driven: Any, heard: Any, context: Any) -> Iterator[Any]:
        yield Witness("reached")
        raise ZeroDivisionError("inside")

    found = judge(_subscription(crash), _driven("c1"), NOTHING, DAY, frozenset())
    assert found.fault is not None
    assert "ZeroDivisionError: inside" in found.fault
    assert found.findings == ()
    assert not found.clean


def test_silence_of_a_judge_is_not_a_success() -> None:
    """A judge that yields nothing leaves the case unjudged, with the failure of the send as the reason."""

    def mute(driven: Any, heard: Any, context: Any) -> Iterator[Any]:
        return iter(())

    assert judge(_subscription(mute), _driven("c1"), NOTHING, DAY, frozenset()).reason == "not-reached"
    assert judge(_subscription(mute), _driven("c1", failure="timeout"), NOTHING, DAY, frozenset()).reason == "timeout"


def test_what_came_in_with_our_own_input_is_inherited() -> None:
    """The same code on the same value as in the input does not count; on another value it does."""

    def two(driven: Any, heard: Any, context: Any) -> Iterator[Any]:
        yield _error(seen="old")
        yield _error(seen="new")

    found = judge(_subscription(two), _driven("c1"), NOTHING, DAY, frozenset({("a.b", "old")}))
    assert [f.seen for f in found.errors] == ["new"]


def test_parameters_of_the_profile_reach_the_judge() -> None:
    """`with:` of the YAML is what the judge reads in its context."""
    seen: list[object] = []

    def look(driven: Any, heard: Any, context: Context) -> Iterator[Any]:
        seen.append(context.parameters["limit"])
        yield Witness("reached")

    judge(_subscription(look), _driven("c1"), NOTHING, DAY, frozenset())
    assert seen == ["3"]


def test_silence_is_believed_only_beside_a_live_sentinel_or_control() -> None:
    """A window whose sentinel was heard clean, or the property's control, makes an absence believable; else not."""

    def by_case(driven: Any, heard: Any, context: Any) -> Iterator[Any]:
        yield _error(absence=True) if driven.id == "mute" else Witness("reached")

    subscription = _subscription(by_case, control="plain")
    cases = {
        "mute": _driven("mute"),
        "sentinel": _driven("sentinel", sentinel=True),
        "twin": _driven("twin", labels=frozenset({"plain"})),
        "other": _driven("other"),
    }
    said = {k: judge(subscription, d, NOTHING, DAY, frozenset()) for k, d in cases.items()}
    assert alive(subscription, [said["mute"], said["sentinel"]], cases)
    assert alive(subscription, [said["mute"], said["twin"]], cases)
    assert not alive(subscription, [said["mute"], said["other"]], cases)


def test_a_doubted_absence_is_set_apart_and_a_seen_error_stays() -> None:
    """Only what rests on silence can be doubted."""

    def both(driven: Any, heard: Any, context: Any) -> Iterator[Any]:
        yield _error("seen.error")
        yield _error("not.heard", absence=True)

    found = judge(_subscription(both), _driven("c1"), NOTHING, DAY, frozenset())
    silent = next(f for f in found.findings if f.absence)
    doubted = found.settle({silent.fingerprint: "not-repeated"})
    assert [f.code for f in doubted.findings] == ["seen.error"]
    assert [(f.code, why) for f, why in doubted.unsettled] == [("not.heard", "not-repeated")]
    believed = found.settle({silent.fingerprint: None})
    assert len(believed.findings) == 2

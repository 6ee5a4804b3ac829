"""Which message of the bench a counterexample says has provoked a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.records import Records
from conformance.evidence.journal import Reader, Writer
from conformance.evidence.values import Binding, Driven, Finding, Location, Sent, Severity


@pytest.mark.parametrize(
    ("shown", "told"),
    [("x5", "x4"), ("x4", "x4"), ("x9", "x8"), ("x1", "x8"), (None, "x8")],
    ids=["before the next one", "the message itself", "after the last", "before the first", "nowhere"],
)
def test_the_message_sent_last_before_the_mistake(shown: str | None, told: str, tmp_path: Path) -> None:
    """A case of several gestures: the gesture that came last before what is shown, never a later reading."""
    sent = tuple(Sent(name, exchange) for name, exchange in (("create", "x2"), ("search", "x4"), ("read", "x8")))
    driven = Driven("w1-c1", "identity.life", "normal", {"acts": 3}, Binding("0badcafe", 1, "AB", "000001"), sent)
    writer = Writer.create(tmp_path)
    finding = Finding("ins.blocked.called", Severity.ERROR, Location(exchange=shown))
    Records(writer).counterexample("ins.doubtful-no-call", "0" * 12, driven, "0" * 64, finding, 3)
    writer.close()
    (entry,) = (one for one in Reader(tmp_path).entries() if one.type == "counterexample")
    assert entry["exchange"] == told

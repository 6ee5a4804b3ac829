"""An exchange of the pilot decoded."""

from __future__ import annotations

import pytest

from conformance.evidence.values import Direction, Exchange
from conformance.standards.pilot.observe import observe


def exchange(body: bytes, direction: Direction = Direction.FROM_VENDOR) -> Exchange:
    """An exchange of channel `pilot`."""
    return Exchange("x1", "pilot", direction, 1, 0, body, {"protocol": "pilot"})


def test_kinds_and_values() -> None:
    """A request goes to the vendor, an answer comes from it; the value is the object."""
    assert observe(exchange(b'{"id":"a"}', Direction.TO_VENDOR)).kind == "pilot-request"
    seen = observe(exchange(b'{"id":"a"}'))
    assert (seen.kind, seen.value, seen.keys) == ("pilot-answer", {"id": "a"}, ())


def test_attribution_keys() -> None:
    """Document, message and patient are taken where the contract puts them, strongest first."""
    body = b'{"data":{"message_id":"<1@x>"},"subject":{"ins":"2790328"},"payload":{"document":"2.25.1"}}'
    assert observe(exchange(body)).keys == (("document", "2.25.1"), ("message", "<1@x>"), ("patient", "2790328"))


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{", b'{"a":1,"a":2}', b'{"payload":[1],"data":"x"}'])
def test_never_raises_nor_accuses(body: bytes) -> None:
    """What is no object is `pilot-garbage`; nothing here is ever a finding."""
    seen = observe(exchange(body))
    assert seen.kind in ("pilot-garbage", "pilot-answer")
    assert (seen.findings, seen.keys) == ((), ())

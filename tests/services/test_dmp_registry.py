"""The memory of the DMP: bounded, and its entryUUIDs never given twice."""

from __future__ import annotations

from dmp_client import submission

from conformance.services.registry import Registry
from conformance.standards.xds.submission import Submission, read
from conformance.standards.xds.syntax import parse_envelope


def submitted(uid: str) -> Submission:
    """One document, as a request read from its bytes."""
    return read(parse_envelope(*submission(("d", uid))))


def test_the_oldest_entries_go_first() -> None:
    """Over its bound the registry forgets the oldest document, and only that one."""
    registry = Registry(most=3)
    for n in range(5):
        assert registry.submit(submitted(f"2.25.{n}")) == ()
    assert len(registry) == 3
    assert [registry.by_uid(f"2.25.{n}") is not None for n in range(5)] == [False, False, True, True, True]


def test_contents_are_not_kept() -> None:
    """The bytes of a document are let go once its metadata are taken."""
    registry = Registry()
    request = submitted("2.25.1")
    assert request.entries[0].content == b"<ClinicalDocument/>"
    registry.submit(request)
    kept = registry.by_uid("2.25.1")
    assert kept is not None
    assert kept.content is None


def test_an_entry_uuid_is_given_once() -> None:
    """After a reset the same document gets another entryUUID: one of an earlier run means nothing any more."""
    registry = Registry()
    registry.submit(submitted("2.25.1"))
    first = registry.by_uid("2.25.1")
    registry.clear()
    assert registry.by_uid("2.25.1") is None
    registry.submit(submitted("2.25.1"))
    second = registry.by_uid("2.25.1")
    assert first is not None
    assert second is not None
    assert first.id != second.id

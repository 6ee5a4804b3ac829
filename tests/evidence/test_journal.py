"""The journal keeps everything that was written, shows every alteration, and goes on after a cut."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import pytest

from conformance.errors import JournalError, OutputError
from conformance.evidence import journal


def _written(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / journal.FILE).read_bytes().splitlines()]


def test_lines_are_chained_by_plain_sha256(tmp_path: Path) -> None:
    """Anybody can verify the chain with a JSON reader and SHA-256 alone."""
    writer = journal.Writer.create(tmp_path)
    for i in range(5):
        writer.append("note", i=i)
    writer.close()
    previous = "0" * 64
    for raw in (tmp_path / journal.FILE).read_bytes().splitlines():
        assert json.loads(raw)["prev"] == previous
        previous = hashlib.sha256(raw).hexdigest()
    assert writer.head == previous


def test_a_body_comes_back_and_its_commitment_is_salted(tmp_path: Path) -> None:
    """Two equal bodies have different commitments, so a short body cannot be guessed from its line."""
    writer = journal.Writer.create(tmp_path)
    first, second = writer.body(b"MSH|x"), writer.body(b"MSH|x")
    writer.append("exchange", body=first)
    writer.close()
    reader = journal.Reader(tmp_path)
    assert reader.body(first) == reader.body(second) == b"MSH|x"
    assert first["commit"] != second["commit"]


@pytest.mark.parametrize("change", [b'"i":2', b'"t":"note"', b'"n":2'])
def test_an_altered_line_breaks_the_chain(tmp_path: Path, change: bytes) -> None:
    """Editing any line makes the reader refuse the journal at that place or just after."""
    writer = journal.Writer.create(tmp_path)
    for i in range(4):
        writer.append("note", i=i)
    writer.close()
    path = tmp_path / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    assert change in lines[2]
    lines[2] = lines[2].replace(change, change[:-1] + b"9" if change.endswith(b"2") else b'"t":"nota"')
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalError) as caught:
        list(journal.Reader(tmp_path).entries())
    assert caught.value.id == "journal.chain-broken"


def test_a_removed_line_breaks_the_chain(tmp_path: Path) -> None:
    """A line cannot be taken out, even the first."""
    writer = journal.Writer.create(tmp_path)
    for i in range(3):
        writer.append("note", i=i)
    writer.close()
    path = tmp_path / journal.FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    with pytest.raises(JournalError):
        list(journal.Reader(tmp_path).entries())


def test_an_altered_body_is_refused(tmp_path: Path) -> None:
    """One changed byte of evidence is enough to refuse the body."""
    writer = journal.Writer.create(tmp_path)
    reference = writer.body(b"evidence")
    writer.close()
    segment = next((tmp_path / journal.SEGMENTS).iterdir())
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    with pytest.raises(JournalError) as caught:
        journal.Reader(tmp_path).body(reference)
    assert caught.value.id == "journal.body-altered"


def test_a_redacted_body_leaves_the_chain_whole(tmp_path: Path) -> None:
    """Bodies can be taken out of the evidence: the lines still verify."""
    writer = journal.Writer.create(tmp_path)
    reference = writer.body(b"patient")
    writer.append("exchange", body=reference)
    writer.close()
    for segment in (tmp_path / journal.SEGMENTS).iterdir():
        segment.unlink()
    reader = journal.Reader(tmp_path)
    assert [e.type for e in reader.entries()] == ["exchange"]
    with pytest.raises(JournalError):
        reader.body(reference)


@pytest.mark.parametrize("torn", [1, 7, 40])
def test_a_torn_last_line_is_dropped_and_the_journal_goes_on(tmp_path: Path, torn: int) -> None:
    """After a kill in the middle of a write, all whole lines are kept and the chain goes on from them."""
    writer = journal.Writer.create(tmp_path)
    for i in range(3):
        writer.append("note", i=i)
    writer.close()
    path = tmp_path / journal.FILE
    whole = path.stat().st_size
    last = len(path.read_bytes().splitlines(keepends=True)[-1])
    with path.open("r+b") as file:
        file.truncate(whole - torn)
    writer, dropped = journal.Writer.resume(tmp_path)
    writer.append("resumed")
    writer.close()
    assert dropped == last - torn
    assert [e.type for e in journal.Reader(tmp_path).entries()] == ["note", "note", "resumed"]


def test_a_segment_ends_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies roll over to a new segment file, and every one of them can still be read."""
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 100)
    writer = journal.Writer.create(tmp_path)
    references = [writer.body(bytes([i]) * 60) for i in range(5)]
    writer.close()
    assert len(list((tmp_path / journal.SEGMENTS).iterdir())) > 1
    reader = journal.Reader(tmp_path)
    assert [reader.body(r)[0] for r in references] == list(range(5))


def test_threads_may_write_together(tmp_path: Path) -> None:
    """Lines written from several threads are all there, chained, none mixed."""
    writer = journal.Writer.create(tmp_path)

    def work(k: int) -> None:
        for i in range(50):
            writer.append("note", k=k, i=i, body=writer.body(b"x" * i))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    writer.close()
    reader = journal.Reader(tmp_path)
    entries = list(reader.entries())
    assert len(entries) == 200
    assert all(len(reader.body(e["body"])) == e["i"] for e in entries)


def test_a_folder_that_holds_a_journal_is_not_written_over(tmp_path: Path) -> None:
    """A second run never destroys the journal of the first."""
    journal.Writer.create(tmp_path).close()
    with pytest.raises(OutputError) as caught:
        journal.Writer.create(tmp_path)
    assert caught.value.id == "journal.exists"


def test_a_full_disk_is_told_and_stays_told(tmp_path: Path) -> None:
    """When the disk refuses a write, that call and every later one fail with the reason."""
    writer = journal.Writer.create(tmp_path)
    writer.append("note", i=0)
    full = Path("/dev/full")
    if not full.exists():
        pytest.fail("this test needs /dev/full, which every Linux has")
    writer._file.close()
    writer._file = full.open("ab", buffering=0)
    for _ in range(2):
        with pytest.raises(OutputError) as caught:
            writer.append("note", i=1)
        assert "space" in str(caught.value.values["reason"]).lower()
    assert [e.type for e in journal.Reader(tmp_path).entries()] == ["note"]


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    """Reading an empty folder is an error with its place, not an empty audit."""
    with pytest.raises(JournalError) as caught:
        journal.Reader(tmp_path)
    assert caught.value.where == str(tmp_path)

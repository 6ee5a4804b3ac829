"""The MLLP codec: whole frames, split frames, garbage, limits."""

from __future__ import annotations

from itertools import pairwise

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.bench.mllp import GARBAGE_KEPT, Decoder, Frame, Garbage, TooBig, frame

MESSAGE = b"MSH|^~\\&|A|B|C|D|20260101||ADT^A01^ADT_A01|1|P|2.5\rPID|1\r"


def feed(decoder: Decoder, *pieces: bytes) -> list[object]:
    """All the events of some reads."""
    return [event for piece in pieces for event in decoder.feed(piece)]


def test_frame_is_that_of_the_hl7_library() -> None:
    """A frame has the very bytes that python-hl7 puts on the wire (its sb, eb and cr)."""
    assert frame(MESSAGE) == b"\x0b" + MESSAGE + b"\x1c\x0d"
    assert frame(MESSAGE) == b"\x0b" + bytes(str(hl7.parse(MESSAGE.decode())), "ascii") + b"\x1c\r"


@given(
    bodies=st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\x0b", b"").replace(b"\x1c", b"")), max_size=5),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
@settings(max_examples=100, database=None, deadline=None)
def test_frames_survive_any_split(bodies: list[bytes], cuts: list[int]) -> None:
    """However the bytes are cut into reads, the same frames come out and nothing is called garbage."""
    wire = b"".join(frame(b) for b in bodies)
    edges = [0, *sorted(c for c in cuts if c < len(wire)), len(wire)]
    pieces = [wire[a:b] for a, b in pairwise(edges)]
    decoder = Decoder()
    assert feed(decoder, *pieces) == [Frame(b) for b in bodies]
    assert decoder.end() is None


def test_end_of_block_split_in_two() -> None:
    """FS in one read and CR in the next still close the frame."""
    decoder = Decoder()
    assert feed(decoder, b"\x0bab\x1c") == []
    assert decoder.half
    assert feed(decoder, b"\r") == [Frame(b"ab")]


def test_fs_without_cr_is_data() -> None:
    """FS that no CR follows is part of the message: the block ends with both."""
    assert feed(Decoder(), b"\x0ba\x1cb\x1c\r") == [Frame(b"a\x1cb")]


def test_garbage_between_frames_is_reported() -> None:
    """Bytes between two frames come out as garbage, in their place."""
    decoder = Decoder()
    events = feed(decoder, frame(b"1") + b"HTTP/1.1 400" + frame(b"2"))
    assert events == [Frame(b"1"), Garbage(b"HTTP/1.1 400", 12), Frame(b"2")]


def test_line_ends_between_frames_are_harmless() -> None:
    """CR and LF between frames are not garbage: many senders put them."""
    assert feed(Decoder(), frame(b"1") + b"\r\n", b"\n" + frame(b"2")) == [Frame(b"1"), Frame(b"2")]


def test_interrupted_frame_is_a_half_frame() -> None:
    """A start of block inside a frame means that the first one was never finished."""
    assert feed(Decoder(), b"\x0bhalf" + frame(b"whole")) == [Garbage(b"half", 4, half=True), Frame(b"whole")]


def test_unfinished_frame_at_the_end() -> None:
    """What a connection leaves unfinished is told once, as a half frame."""
    decoder = Decoder()
    assert feed(decoder, b"\x0bMSH|") == []
    assert decoder.end() == Garbage(b"MSH|", 4, half=True)
    assert decoder.end() is None


def test_frame_over_the_limit() -> None:
    """A frame that passes the limit is given up at once, whole or not, and nothing is read after it."""
    for wire in (b"\x0b" + b"a" * 11, frame(b"a" * 11)):
        decoder = Decoder(limit=10)
        (event,) = feed(decoder, wire[:7], wire[7:])
        assert isinstance(event, TooBig)
        assert feed(decoder, frame(b"ok")) == []
    assert feed(Decoder(limit=10), frame(b"a" * 10)) == [Frame(b"a" * 10)]


def test_endless_garbage_is_bounded() -> None:
    """Garbage without end is counted, not kept, and given up at the limit."""
    decoder = Decoder(limit=10_000)
    events = feed(decoder, *[b"x" * 1000] * 50)
    assert len(events) == 1
    assert isinstance(events[0], TooBig)
    assert events[0].size <= 11_000
    assert len(events[0].body) <= GARBAGE_KEPT


@pytest.mark.parametrize("body", [b"", b"\r", b"\n", b"\x1c", b"\r\x1c"])
def test_odd_bodies_come_back(body: bytes) -> None:
    """Empty and odd bodies come out as they went in."""
    assert feed(Decoder(), frame(body)) == [Frame(body)]

"""ER7 is read and written back byte for byte, whatever its delimiters, character set and size."""

from __future__ import annotations

from pathlib import Path

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import Malformed
from conformance.standards.hl7v2.syntax import Delimiters, build, build_segment, escape, parse, unescape

HEAD = "MSH|^~\\&|A|B|C|D|20260105||ADT^A01^ADT_A01|1|P|2.5|||||FRA|{0}\r"


@pytest.mark.corpus
def test_the_published_messages_are_kept_byte_for_byte(shared: Path) -> None:
    """Segments joined by their own separator give the file back, blank lines apart."""
    files = sorted(p for p in (shared / "corpus-hl7v2").iterdir() if p.suffix in (".er7", ".hl7"))
    assert len(files) == 33
    for path in files:
        raw = path.read_bytes()
        message = parse(raw)
        assert message.raw == raw
        kept = [s.raw for s in message.segments]
        assert kept == [line for line in raw.split(message.separator) if line.strip()]
        changed = message.with_value("MSH-10", "OTHER")
        assert changed.with_value("MSH-10", message.get("MSH-10")).segments[0].raw == message.segments[0].raw
        assert [s.raw for s in changed.segments[1:]] == kept[1:]


@pytest.mark.corpus
def test_values_agree_with_python_hl7_on_the_published_messages(shared: Path) -> None:
    """An independent parser reads the same fields (messages with one-byte delimiters)."""
    compared = 0
    for path in sorted((shared / "corpus-hl7v2").glob("*.*")):
        if path.suffix not in (".er7", ".hl7") or path.stat().st_size > 400_000:
            continue
        text = path.read_bytes().decode().replace("\r\n", "\n").strip().replace("\n", "\r")
        if "˜" in text[:12]:
            continue
        theirs, ours = hl7.parse(text), parse(text.encode())
        for segment, other in zip(ours.segments, theirs, strict=True):
            for number in range(1, len(segment.fields)):
                assert segment.raw_field(number).decode() == str(other[number]), (path.name, segment.name, number)
                compared += 1
    assert compared > 1000


@given(
    delimiters=st.lists(st.sampled_from("|^~\\&#$%*+;:!@/=?"), min_size=5, max_size=5, unique=True),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=30),
)
@settings(max_examples=150, deadline=None)
def test_any_delimiters_and_any_text_come_back(delimiters: list[str], value: str) -> None:
    """What is escaped on writing is unescaped on reading, with the delimiters the message declares."""
    d = Delimiters(*(c.encode() for c in delimiters))
    raw = build(
        [
            build_segment("MSH", {3: "A", 10: "1", 12: "2.5", 18: "UNICODE UTF-8"}, d),
            build_segment("PID", {3: [("x", value), "second"], 5: (("a", value), "b")}, d),
        ]
    )
    message = parse(raw)
    assert message.delimiters == d
    assert message.get("PID-3[1].2") == value
    assert message.get("PID-5.1.2") == value
    assert message.get("PID-3[2]") == "second"
    assert message.raw == raw


@pytest.mark.parametrize(
    ("declared", "codec"), [("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859-15"), ("8859/1", "iso8859-1")]
)
def test_texts_are_read_in_the_declared_character_set(declared: str, codec: str) -> None:
    """MSH-18 decides; HL7 table 0211."""
    text = "Élodie Œuvré €" if declared != "8859/1" else "Élodie"
    raw = HEAD.format(declared).encode() + b"PID|||1||" + text.encode(codec) + b"\r"
    assert parse(raw).get("PID-5") == text


def test_an_unknown_character_set_is_malformed() -> None:
    """A character set nobody knows is told with its place."""
    with pytest.raises(Malformed) as caught:
        parse(HEAD.format("KLINGON").encode()).get("MSH-3")
    assert (caught.value.code, caught.value.path) == ("hl7v2.syntax.charset-unknown", "MSH-18")


def test_a_delimiter_of_several_bytes_is_honoured() -> None:
    """U+02DC as the repetition separator, as in published V2.0 examples."""
    raw = "MSH|^˜\\&|A|B|||1||ORU^R01|1|P|2.5|||||FRA|UNICODE UTF-8\rPID|||a˜b\r".encode()
    message = parse(raw)
    assert message.get("PID-3[2]") == "b"
    assert message.raw == raw


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (rb"\X41\\XC3A9\ ", "Aé "),
        (rb"\H\bold\N\ ", "\\H\\bold\\N\\ "),
        (rb"a\.br\b", "a\\.br\\b"),
        (rb"open\ended", "open\\ended"),
    ],
)
def test_escapes(raw: bytes, text: str) -> None:
    """HL7 v2.5 chapter 2.7: delimiters and hexadecimal are undone, the rest is kept."""
    assert unescape(raw).decode() == text


@given(st.text(max_size=60))
def test_escaping_is_undone_by_unescaping(text: str) -> None:
    """For any text that UTF-8 can carry."""
    try:
        raw = escape(text)
    except UnicodeEncodeError:
        return
    assert unescape(raw).decode() == text
    assert not set(raw) & set(b"|^~&\r\n")


@pytest.mark.parametrize("size", [300_000, 20_000_000])
def test_large_messages_are_read_whole(size: int) -> None:
    """A document of 300 kB and one of 20 MB."""
    body = b"QUJD" * (size // 4)
    raw = HEAD.format("UNICODE UTF-8").encode() + b"OBX|1|ED|x||^text^XML^Base64^" + body + b"||||||F\r"
    message = parse(raw)
    obx = message.first("OBX")
    assert obx is not None
    assert obx.raw_value(5, component=5) == body
    assert obx.value(11) == "F"
    assert message.wire() == raw


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    """Hostile bytes never raise anything else."""
    faults = []
    for data in (raw, b"MSH|^~\\&|" + raw, b"MSH" + raw):
        try:
            message = parse(data)
            for segment in message.segments:
                assert segment.fields
            message.get("PID-3[2].4.2")
        except Malformed as error:
            faults.append(error.code)
    assert all(code.startswith("hl7v2.syntax.") for code in faults)

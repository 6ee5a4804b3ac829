"""Messages made fit to be shown, and the finger put on the offending place."""

from __future__ import annotations

import base64
import os

import pytest

from conformance.audit.annotate import AROUND, Gap, annotate, fold
from conformance.audit.excerpt import LINES, elide, excerpt, visible
from conformance.audit.model import Excerpt, FindingExample

MESSAGE = (
    "MSH|^~\\&|A|B|C|D|20260105||MDM^T02|M1|P|2.6|||||FRA|UNICODE UTF-8\r"
    "PID|||IPP^^^H&1.2&ISO^PI~185027512300481^^^N&1.2.250.1.213.1.4.8&ISO^INS||ÉBRUN^LÉA^ANNE^^^^L||1985|F\r"
    "OBX|1|ST|X||un\rOBX|2|ST|Y||deux\r"
)


def example(path: str, seen: str = "") -> FindingExample:
    """A finding at a place."""
    return FindingExample("w1-c1", "x1", path, None, "", seen)


def marked(shown: Excerpt, finding: FindingExample) -> list[tuple[int, str]]:
    """What was marked, with its line number."""
    lines = annotate(shown, finding)
    return [(line.number, piece.text) for line in lines for piece in line.pieces if piece.marked]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("MSH-9", [(1, "MDM^T02")]),
        ("MSH-9.2", [(1, "T02")]),
        ("MSH-1", [(1, "|")]),
        ("MSH-2", [(1, "^~\\&")]),
        ("PID-5.2", [(2, "LÉA")]),
        ("PID-3[2].1", [(2, "185027512300481")]),
        ("PID-3[2].4.2", [(2, "1.2.250.1.213.1.4.8")]),
        ("PID-3.4.1", [(2, "H")]),
        ("OBX(2)-5", [(4, "deux")]),
        ("PID-32", [(2, "")]),
        ("PID-5.9", [(2, "")]),
        ("ZAM-1", [(5, "")]),
        ("OBX(2)", [(4, "OBX|2|ST|Y||deux")]),
        ("OBX", [(3, "OBX|1|ST|X||un")]),
        ("nowhere", []),
    ],
)
def test_the_very_field_is_marked(path: str, expected: list[tuple[int, str]]) -> None:
    """Each HL7 v2 path marks its own characters; what is missing is an empty mark where it should stand."""
    shown = excerpt("x1", "documents", "to-vendor", MESSAGE.encode())
    assert marked(shown, example(path)) == expected


def test_marking_never_changes_the_message() -> None:
    """Put end to end, the pieces of a line are the line."""
    shown = excerpt("x1", "documents", "to-vendor", MESSAGE.encode())
    for path in ("MSH-2", "PID-3[2].4.2", "OBX(2)-5", "PID-40", "OBX"):
        lines = annotate(shown, example(path))
        assert ["".join(p.text for p in line.pieces) for line in lines] == list(shown.lines)


def test_latin_9_messages_are_shown_with_their_letters() -> None:
    """MSH-18 is believed: 8859/15 gives back the euro sign and the ligature."""
    raw = MESSAGE.replace("UNICODE UTF-8", "8859/15").replace("ÉBRUN", "CŒUR€").encode("iso8859-15")
    assert "CŒUR€" in excerpt("x", "c", "d", raw).lines[1]


def test_long_base64_is_shortened_and_delimiters_stay() -> None:
    """A document of 30 kB becomes its first characters and its length; the field count does not change."""
    document = base64.b64encode(os.urandom(30_000)).decode()
    segment = f"OBX|1|ED|X||^TEXT^XML^Base64^{document}||||||F"
    shown = elide(segment)
    assert len(shown) < 120
    assert f"[{len(document)}]" in shown
    assert shown.count("|") == segment.count("|")
    assert elide("court ABCDEF123==") == "court ABCDEF123=="


@pytest.mark.parametrize("nasty", ["\x00", "\x1b[31m", "\u202e", "\ud800", "\uffff", "\x85"])
def test_nothing_that_a_terminal_or_xml_would_obey_goes_through(nasty: str) -> None:
    """Control characters, direction marks, surrogates and non-characters are shown as U+FFFD."""
    assert visible(f"a{nasty[0]}b") == "a\ufffdb"


def test_xml_is_indented_and_the_element_of_the_path_is_marked() -> None:
    """A submission on one line becomes readable; the value seen is marked in its own element."""
    body = b"<a:Envelope xmlns:a='urn:a'><a:Body><patientId>un</patientId><sexe>un</sexe></a:Body></a:Envelope>"
    shown = excerpt("x1", "dmp", "from-vendor", body)
    assert shown.kind == "xml"
    assert len(shown.lines) > 4
    found = marked(shown, example("/Envelope/Body/sexe[1]", "un"))
    assert [text for _, text in found] == ["un"]
    assert "sexe" in shown.lines[found[0][0] - 1]


def test_the_first_part_of_an_mtom_body_is_shown_as_xml() -> None:
    """Headers of the part and the attachment that follows are not part of the document."""
    body = (
        b"--b\r\nContent-Type: application/xop+xml\r\n\r\n<Envelope><Body>texte</Body></Envelope>\r\n--b\r\n"
        b"Content-Type: application/pdf\r\n\r\n%PDF-1.4 \x00\x01\r\n--b--\r\n"
    )
    shown = excerpt("x1", "dmp", "from-vendor", body)
    assert shown.kind == "xml"
    assert "PDF" not in "".join(shown.lines)


def test_a_long_message_is_folded_around_the_place_and_no_line_is_lost() -> None:
    """Shown lines and gaps add up; the noted line is among them; an unmarked message is shown by its beginning."""
    body = "<a>" + "".join(f"<b{n}>valeur{n:03}</b{n}>" for n in range(200)) + "</a>"
    shown = excerpt("x1", "dmp", "from-vendor", body.encode())
    lines = annotate(shown, example("/a/b120", "valeur120"))
    folded = fold(lines)
    assert sum(part.lines if isinstance(part, Gap) else 1 for part in folded) == len(lines) == 202
    assert sum(not isinstance(part, Gap) for part in folded) == 3 + 2 * AROUND + 1
    assert [part.number for part in folded if not isinstance(part, Gap) and part.noted] == [122]
    whole = annotate(shown, example("nowhere"))
    assert fold(whole) == (*whole[:120], Gap(len(whole) - 120))
    assert fold(lines[:40]) == lines[:40]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe",
        b"MSH",
        b"MSH|^~\\&|A\rPID",
        b"MSH|^~\\&|A|||||||||||||||||INCONNU\r",
        b"<a><b></a>",
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        b"<" * 5000,
    ],
)
def test_any_bytes_can_be_shown(body: bytes) -> None:
    """Whatever a vendor sent is shown as something, entities never resolved."""
    shown = excerpt("x1", "documents", "from-vendor", body)
    assert "root:" not in "".join(shown.lines)
    annotate(shown, example("PID-3"))


def test_a_huge_message_is_cut_and_says_so() -> None:
    """At most a bounded number of lines, and `cut` tells."""
    shown = excerpt("x1", "documents", "from-vendor", b"ligne\n" * (LINES + 1))
    assert (len(shown.lines), shown.cut) == (LINES, True)
    assert not excerpt("x1", "documents", "from-vendor", b"ligne\n" * LINES).cut

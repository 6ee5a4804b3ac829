"""Safe reading of XML: what is refused, with which code, and that nothing else is ever raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes
from conformance.standards.xml import syntax as xml

LAUGHS = (
    b"<!DOCTYPE a ["
    + b'<!ENTITY e0 "ha">'
    + b"".join(b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 20) for i in range(1, 10))
    + b']><a b="&e9;">&e9;</a>'
)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not-well-formed"),
        (b"<a>", "not-well-formed"),
        (b"<a></b>", "not-well-formed"),
        (b"<a/><b/>", "not-well-formed"),
        (b"<a>&nbsp;</a>", "not-well-formed"),
        (b"<!DOCTYPE a><a/>", "doctype"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "doctype"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>', "doctype"),
        (LAUGHS, "too-big"),
        (b"<a>" * 400 + b"</a>" * 400, "too-big"),
        (b"<!DOCTYPE a><a>" + b"x" * 11_000_000 + b"</a>", "too-big"),
        (LAUGHS + b"x" * 11_000_000, "too-big"),
        (b"<?pi <a ?><!-- <a -->" + LAUGHS + b"x" * 11_000_000, "too-big"),
        ((LAUGHS.decode() + "x" * 6_000_000).encode("utf-16"), "too-big"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a>' + b"x" * 11_000_000 + b"</a>", "too-big"),
        (b"<a>" * 257 + b"x" * 11_000_000 + b"</a>" * 257, "too-big"),
        (b"<a>" * 5000 + b"x" * 11_000_000 + b"</a>" * 5000, "too-big"),
        (b'<?xml version="1.0"?><a>' + b"\xe9" * 11_000_000 + b"</a>", "encoding"),
        (b'<?xml version="1.0" encoding="UTF-8"?><a>\xe9</a>', "encoding"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "encoding"),
    ],
)
def test_hostile_or_broken_documents_are_refused(raw: bytes, code: str) -> None:
    """Each kind of bad document raises Malformed with its own code, which has its texts."""
    with pytest.raises(Malformed) as caught:
        xml.parse(raw)
    assert caught.value.code == f"xml.syntax.{code}"
    assert caught.value.code in all_codes()


def test_an_external_dtd_is_never_opened(tmp_path: Path) -> None:
    """A DTD that would be a fault if it were read is not read: the DOCTYPE alone is refused."""
    broken = tmp_path / "broken.dtd"
    broken.write_text("<!ELEMENT")
    with pytest.raises(Malformed) as caught:
        xml.parse(f'<!DOCTYPE a SYSTEM "{broken.as_uri()}"><a/>'.encode())
    assert caught.value.code == "xml.syntax.doctype"


def test_no_file_is_read_through_an_entity(tmp_path: Path) -> None:
    """An external entity is refused with its DOCTYPE: the secret is in neither the tree nor the error."""
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP-SECRET")
    raw = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'.encode()
    with pytest.raises(Malformed) as caught:
        xml.parse(raw)
    assert "TOP-SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        "﻿<?xml version='1.0' encoding='UTF-8'?><a>é</a>".encode(),
        "<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16"),
        "<?xml version='1.0' encoding='ISO-8859-15'?><a>é</a>".encode("iso8859-15"),
        "<a>é</a>".encode(),
    ],
)
def test_byte_order_marks_and_common_encodings_are_read(raw: bytes) -> None:
    """UTF-8 with or without a mark, UTF-16 and Latin-9 give the same text."""
    assert xml.text(xml.parse(raw)) == "é"


@pytest.mark.parametrize(
    "raw",
    [
        b"<a>" + b"QUJD" * 4_000_000 + b"</a>",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><!-- c --><?p i?>\n<a>" + b"\xe9" * 16_000_000 + b"</a>",
        ("<?xml version='1.0' encoding='UTF-16'?><a>" + "x" * 16_000_000 + "</a>").encode("utf-16"),
    ],
)
def test_a_text_as_long_as_a_scanned_report_is_read(raw: bytes) -> None:
    """16 million characters in one text: a PDF of 12 MB in Base64 is refused by nobody, so not by us."""
    assert len(xml.text(xml.parse(raw))) == 16_000_000


def test_a_long_document_is_as_deep_as_a_short_one_may_be() -> None:
    """256 levels are read, whatever the length of the text in them."""
    raw = b"<a>" * 256 + b"x" * 11_000_000 + b"</a>" * 256
    assert len(xml.text(xml.parse(raw))) == 11_000_000


def test_size_and_number_of_tags_are_bounded() -> None:
    """A document over the limit is refused before it is parsed, and so are millions of empty tags."""
    with pytest.raises(Malformed, match="too-big"):
        xml.parse(b"<a>0123456789</a>", limit=10)
    with pytest.raises(Malformed, match="too-big"):
        xml.parse(b"<a>" + b"<b/>" * (xml.LIMIT_MARKS + 1) + b"</a>")


def test_text_and_path_ignore_comments() -> None:
    """Comments and instructions count neither in texts, nor among children, nor in paths."""
    root = xml.parse(b"<r xmlns='urn:x'>a<!--no-->b<?no no?><c>d</c><!--no--><c>e</c></r>")
    assert xml.text(root) == "abde"
    assert [xml.path(c) for c in xml.children(root)] == ["/r/c[1]", "/r/c[2]"]
    assert xml.namespace(root) == "urn:x"
    assert xml.child(root, "absent") is None
    assert xml.text(None) == ""


def test_serialised_trees_read_back() -> None:
    """What is serialised reads back the same, with and without its declaration."""
    root = xml.parse("<a b='é&lt;'>ü</a>".encode())
    assert xml.serialise(root).startswith(b"<?xml")
    assert xml.serialise(root, declaration=False).startswith(b"<a")
    assert xml.parse(xml.serialise(root)).get("b") == "é<"


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="<>&;!?ax=\"' -[]", max_size=80).map(str.encode)))
def test_any_bytes_give_a_tree_or_malformed(raw: bytes) -> None:
    """Random bytes and random markup never raise anything but Malformed with a known code."""
    assert outcome(raw) in {"", *all_codes()}


def outcome(raw: bytes) -> str:
    """The code of the Malformed that reading raises, empty when it reads."""
    try:
        xml.parse(raw)
    except Malformed as error:
        return error.code
    return ""

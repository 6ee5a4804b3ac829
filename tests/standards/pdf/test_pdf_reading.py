"""Facts and text of a PDF, and what hostile bytes do: findings, within bounds, never a crash."""

from __future__ import annotations

import io
import random
import zlib

import made_pdfs as made
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from conformance.errors import Malformed, SetupError
from conformance.standards.pdf import bounds, raw, reader, text, xmp
from conformance.standards.pdf.judging import CODES, judge


def test_the_facts_of_a_pdf_a_are_read() -> None:
    """Version, claim, intent, fonts, pages of a file made by fpdf2."""
    pdf = reader.read(made.by_fpdf("Bonjour"))
    assert pdf.claim == xmp.Claim("1", "B")
    assert str(pdf.claim) == "PDF/A-1b"
    assert pdf.intents == ("RGB ",)
    assert pdf.metadata == "plain"
    assert pdf.has_id
    assert len(pdf.pages) == 1
    assert [(f.subtype, f.embedded, f.subset) for f in pdf.fonts] == [("Type0", True, True)]
    assert pdf.features == set()
    assert reader.read(made.by_reportlab()).info["Title"] == "untitled"


def test_what_a_plain_pdf_holds_is_told() -> None:
    """Attachments, scripts, forms, layers and encryption are features."""
    for name, feature in (
        ("attachment", "embedded-files"),
        ("layers", "optional-content"),
        ("widget", "forms"),
        ("document-actions", "additional-actions"),
    ):
        assert feature in reader.read(made.altered(made.MUTATIONS[name][1])).features
    assert ("JavaScript", "1 0 obj/OpenAction") in reader.read(made.altered(made.MUTATIONS["javascript"][1])).actions


def test_the_text_shown_is_read_and_what_is_not_painted_is_not() -> None:
    """Painted text is read, invisible text is not, unless an image lies under it."""
    assert "Élodie" in text.pages(made.by_fpdf("Élodie"))[0]
    assert "cache" not in text.pages(made.by_reportlab("cache", invisible=True))[0]
    assert "cache" in text.pages(made.by_reportlab("cache"))[0]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Nom : D'ARTAGNAN de l'Hérault", "D'ARTAGNAN DE L'HERAULT"),
        ("PIERRE-\nALAIN", "PIERRE-ALAIN"),
        ("domi-\r\nnique", "DOMINIQUE"),
        ("Marie Louise", "MARIE-LOUISE"),
        ("D O M I N I Q U E", "DOMINIQUE"),
        ("Cœur", "COEUR"),
    ],
)
def test_a_name_is_found_however_it_is_set(written: str, wanted: str) -> None:
    """Case, accents, ligatures, hyphens, apostrophes and line ends do not hide a name."""
    assert text.says(text.plain(written), wanted)


@pytest.mark.parametrize(("written", "wanted"), [("MARTINET", "MARTIN"), ("", "MARTIN"), ("LE", "LEROY"), ("X", "")])
def test_a_name_is_not_found_inside_another(written: str, wanted: str) -> None:
    """A short name is not seen in a longer one, and nothing is never found."""
    assert not text.says(text.plain(written), wanted)


@pytest.mark.parametrize(
    "written",
    [
        "né le 28/03/1979",
        "28-03-1979",
        "28.03.1979",
        "1979-03-28",
        "28 mars 1979",
        "28 MARS 1979",
        "28031979",
        "19790328",
    ],
)
def test_a_date_is_found_in_each_usual_way(written: str) -> None:
    """Figures in either order, with or without separators, or the month in letters."""
    assert text.says_date(text.plain(written), "19790328")
    assert not text.says_date(text.plain(written), "19790329")


def test_dates_in_letters_and_partial_dates() -> None:
    """Abbreviated months, the first of a month, a month or a year alone."""
    assert text.says_date(text.plain("1er févr. 1980"), "19800201")
    assert text.says_date(text.plain("3 août 2001"), "20010803")
    assert text.says_date(text.plain("3 juil. 2001"), "20010703")
    assert not text.says_date(text.plain("3 juin 2001"), "20010703")
    assert text.says_date(text.plain("vers mars 1979"), "197903")
    assert text.says_date(text.plain("en 1979"), "1979")
    assert not text.says_date(text.plain("128/03/1979"), "19790328")


def test_a_configured_mention_is_found_word_for_word() -> None:
    """Line breaks and blanks do not count, words do (DOC/va1.03, DOC/va1.18)."""
    page = "Vos données sont trai-\ntées par l'établissement ;\n vous pouvez les  rectifier."
    assert text.mentions(page, "vous pouvez les rectifier.")
    assert not text.mentions(page, "vous pouvez les effacer.")
    assert not text.mentions(page, "  ")


@pytest.mark.parametrize(
    ("info", "said", "same"),
    [
        ("D:20240403115650Z00'00'", "2024-04-03T11:56:50Z", True),
        ("D:20240403135650+02'00'", "2024-04-03T11:56:50Z", True),
        ("D:20240403", "2024-04-03", True),
        ("D:20240403115650-05'00'", "2024-04-03T11:56:50Z", False),
        ("hier", "2024-04-03", False),
        ("D:20241303", "2024-13-03", False),
    ],
)
def test_dates_of_info_and_xmp_are_compared_as_instants(info: str, said: str, same: bool) -> None:
    """The two notations of one instant are equal (6.7.3)."""
    one, other = xmp.instant(info), xmp.instant(said)
    assert (one is not None and one == other) is same


def bomb(size: int, *, filters: object = Name.FlateDecode, layers: int = 1) -> bytes:
    """A PDF whose first page holds a stream that inflates to `size` bytes."""
    with pikepdf.open(io.BytesIO(made.by_fpdf())) as pdf:
        body = b"\0" * size
        for _ in range(layers):
            body = zlib.compress(body, 9)
        held = pdf.make_stream(b"")
        held.write(body, filter=filters, decode_parms=None)
        pdf.Root.ZZ = held
        out = io.BytesIO()
        pdf.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
        return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        bomb(bounds.LIMIT_STREAM + 2_000_000),
        bomb(60_000_000, filters=Array([Name.FlateDecode, Name.FlateDecode]), layers=2),
    ],
)
def test_a_bomb_is_refused_before_it_is_opened(data: bytes) -> None:
    """A stream that inflates beyond the bound, or filters one above another, is not read."""
    assert len(data) < 1_000_000
    found = list(judge(data, required=True))
    assert [f.code for f in found] == ["pdf.bounds"]


def test_forms_that_draw_each_other_many_times_are_refused() -> None:
    """Ten forms, each drawing the one before thirty times: the work is counted, not done."""
    with pikepdf.open(io.BytesIO(made.by_fpdf())) as pdf:
        held = pdf.make_stream(b"0 0 9 9 re f ", Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
        for _ in range(10):
            resources = Dictionary(XObject=Dictionary(A=held))
            held = pdf.make_stream(b"/A Do " * 30, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]), Resources=resources)
        pdf.pages[0].resources["/XObject"] = Dictionary(A=held)
        pdf.pages[0].contents_add(b" /A Do ")
        data = made.saved(pdf)
    assert [f.code for f in judge(data)] == ["pdf.bounds"]


def test_a_page_too_long_to_walk_is_said_not_judged_whole() -> None:
    """Beyond the bound of tokens the content is not walked: a note says so, and the rest is judged."""
    data = made.altered(lambda pdf: pdf.pages[0].contents_add(b" 1 0 0 rg 0 0 9 9 re f" * 120_000))
    assert len(data) < 100_000
    assert [f.code for f in judge(data, required=True)] == ["pdf.a.partial"]


def test_a_form_that_draws_itself_is_read() -> None:
    """A cycle of forms ends."""

    def change(pdf: pikepdf.Pdf) -> None:
        held = pdf.make_stream(b"/A Do ", Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
        held.Resources = Dictionary(XObject=Dictionary(A=held))
        pdf.pages[0].resources["/XObject"] = Dictionary(A=held)
        pdf.pages[0].contents_add(b" /A Do ")

    assert list(judge(made.altered(change))) == []


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"PK\x03\x04", b"%PDF-", b"%PDF-1.4", b"\x00" * 5000, b"%PDF-1.4\n" * 500]
)
def test_what_is_no_pdf_is_one_finding(data: bytes) -> None:
    """Empty, binary and cut files are told."""
    found = list(judge(data, name="a.pdf"))
    assert len(found) == 1
    assert found[0].code in {"pdf.syntax.not-pdf", "pdf.syntax.broken"}


@pytest.mark.parametrize("lost", [1, 6, 30, 1200])
def test_a_cut_file_is_told_even_when_it_can_be_mended(lost: int) -> None:
    """A file without its end is an error for whoever receives it, though readers rebuild what they can."""
    assert {f.code for f in judge(made.own()[:-lost])} & {"pdf.syntax.cut", "pdf.syntax.broken"} or lost == 1
    assert not raw.ended(made.own()[: -lost - 1])
    assert raw.ended(made.own())


def test_a_password_is_told() -> None:
    """A file that a password closes is encrypted, whatever else it holds."""
    data = made.altered(lambda pdf: None, encryption=pikepdf.Encryption(owner="x", user="y"))
    assert [f.code for f in judge(data)] == ["pdf.a.encrypted"]


def test_altered_bytes_never_stop_the_judge() -> None:
    """Cut anywhere, or with bytes changed at random, a file gives findings of our codes."""
    drawn = random.Random(7)
    for base in (made.by_fpdf(), made.own(), made.altered(made.MUTATIONS["widget"][1])):
        for _ in range(25):
            data = bytearray(base)
            for _ in range(drawn.randrange(1, 40)):
                data[drawn.randrange(len(data))] = drawn.randrange(256)
            if drawn.random() < 0.5:
                del data[drawn.randrange(len(data)) :]
            assert {f.code for f in judge(bytes(data), required=True)} <= set(CODES)


def test_metadata_with_entities_or_without_rdf_are_findings() -> None:
    """A packet with a DOCTYPE, or which is no RDF, is not read and is told."""
    for packet in (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a/>", b"<a", b"\xff\xfe", b""):
        with pytest.raises(Malformed):
            xmp.read(packet)
        data = made.altered(
            lambda pdf, p=packet: pdf.Root.__setitem__(
                "/Metadata", pdf.make_stream(p, Type=Name.Metadata, Subtype=Name.XML)
            )
        )
        assert {"pdf.a.xmp", "pdf.a.claim"} <= {f.code for f in judge(data)}


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is a fault of set-up that names the extra to install, never a finding."""
    import importlib

    def absent(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(SetupError) as caught:
        list(judge(b"%PDF-1.4"))
    assert caught.value.values == {"library": "pikepdf", "extra": "pdf"}

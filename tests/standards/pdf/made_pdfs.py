"""PDFs made by several libraries, and altered by pikepdf so that each breaks one clause."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import fpdf
import pikepdf
import reportlab
from pikepdf import Array, Dictionary, Name, String
from reportlab.pdfgen import canvas

from conformance.standards.cda.pdf import pdf_a

VERA = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"


def by_fpdf(*lines: str, compliance: str | None = "PDF/A-1B") -> bytes:
    """A PDF by fpdf2, with an embedded font; PDF/A-1b unless told otherwise."""
    made = fpdf.FPDF(enforce_compliance=compliance)
    made.set_title("Essai")
    made.add_page()
    made.add_font("vera", "", VERA)
    made.set_font("vera", size=11)
    for line in lines or ("Bonjour",):
        made.cell(text=line, new_x="LMARGIN", new_y="NEXT")
    return bytes(made.output())


def by_reportlab(*lines: str, invisible: bool = False) -> bytes:
    """A plain PDF by reportlab, with a font that is not embedded."""
    held = io.BytesIO()
    drawn = canvas.Canvas(held, invariant=True)
    text = drawn.beginText(40, 780)
    if invisible:
        text.setTextRenderMode(3)
    for line in lines or ("Bonjour",):
        text.textLine(line)
    drawn.drawText(text)
    drawn.save()
    return held.getvalue()


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    """The bytes of a pikepdf document, metadata as they are and objects not packed unless told."""
    held = io.BytesIO()
    given = {"fix_metadata_version": False, "object_stream_mode": pikepdf.ObjectStreamMode.disable} | options
    pdf.save(held, **given)  # type: ignore[arg-type]  # one dictionary for options of several types
    return held.getvalue()


def altered(change: Callable[[pikepdf.Pdf], object], **options: object) -> bytes:
    """A PDF/A-1b file with one change."""
    with pikepdf.open(io.BytesIO(by_fpdf())) as pdf:
        change(pdf)
        return saved(pdf, **options)


def _content(data: bytes) -> Callable[[pikepdf.Pdf], object]:
    return lambda pdf: pdf.pages[0].contents_add(data)


def _state(**entries: object) -> Callable[[pikepdf.Pdf], object]:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].resources["/ExtGState"] = Dictionary(ZZ=Dictionary(**entries))
        pdf.pages[0].contents_add(b"/ZZ gs ", prepend=True)

    return change


def _drawn(body: bytes, **entries: object) -> Callable[[pikepdf.Pdf], object]:
    def change(pdf: pikepdf.Pdf) -> None:
        held = pdf.make_stream(body, **({"Type": Name.XObject} | entries))
        pdf.pages[0].resources["/XObject"] = Dictionary(ZZ=held)
        pdf.pages[0].contents_add(b" q 9 0 0 9 0 0 cm /ZZ Do Q ")

    return change


def _image(**entries: object) -> Callable[[pikepdf.Pdf], object]:
    base = {"Subtype": Name.Image, "Width": 1, "Height": 1, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray}
    return _drawn(b"\0\0\0\0", **(base | entries))


def _annotation(**entries: object) -> Callable[[pikepdf.Pdf], object]:
    def change(pdf: pikepdf.Pdf) -> None:
        base = {"Type": Name.Annot, "Subtype": Name.Link, "F": 4, "Rect": Array([0, 0, 9, 9])}
        kept = {k: v for k, v in (base | entries).items() if v is not None}
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(Dictionary(**kept))])

    return change


def _script() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("1"))


def _soft_mask(pdf: pikepdf.Pdf) -> None:
    mask = pdf.make_stream(b"\0", Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8, ColorSpace=Name.DeviceGray)
    _image(SMask=mask)(pdf)


def _standard_font(show: bytes) -> Callable[[pikepdf.Pdf], object]:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].resources.Font["/ZZ"] = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pdf.pages[0].contents_add(show)

    return change


def _packet(before: bytes, after: bytes) -> Callable[[pikepdf.Pdf], object]:
    def change(pdf: pikepdf.Pdf) -> None:
        data, count = re.subn(before, after, pdf.Root.Metadata.read_bytes())
        assert count, before
        pdf.Root.Metadata = pdf.make_stream(data, Type=Name.Metadata, Subtype=Name.XML)

    return change


def _each(*keys: str) -> Callable[[pikepdf.Pdf], object]:
    def change(pdf: pikepdf.Pdf) -> None:
        for held in pdf.objects:
            for key in keys:
                if isinstance(held, Dictionary) and key in held:
                    del held[key]

    return change


def _separation(pdf: pikepdf.Pdf) -> None:
    tint = Dictionary(FunctionType=2, Domain=Array([0, 1]), C0=Array([0, 0, 0, 0]), C1=Array([0, 0, 0, 1]), N=1)
    pdf.pages[0].resources["/ColorSpace"] = Dictionary(ZZ=Array([Name.Separation, Name.Spot, Name.DeviceCMYK, tint]))
    pdf.pages[0].contents_add(b" q /ZZ cs 1 scn 0 0 9 9 re f Q ")


def _widget(pdf: pikepdf.Pdf) -> None:
    script = Dictionary(K=_script())
    _annotation(Subtype=Name.Widget, FT=Name.Tx, T=String("a"), AA=script)(pdf)
    pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].obj.Annots, NeedAppearances=True)


def _set(key: str, value: object) -> Callable[[pikepdf.Pdf], object]:
    return lambda pdf: pdf.Root.__setitem__(key, value)


def _del(key: str) -> Callable[[pikepdf.Pdf], object]:
    return lambda pdf: pdf.Root.__delitem__(key)


def _attached(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["a.txt"] = b"a"


def _titled(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo["/Title"] = "autre"


LAYERS = Dictionary(OCGs=Array([]), D=Dictionary())

# Name -> (clause-test that must break, the change).
MUTATIONS: dict[str, tuple[str, Callable[[pikepdf.Pdf], object]]] = {
    "javascript": ("6.6.1-1", _set("/OpenAction", _script())),
    "launch": ("6.6.1-1", _annotation(A=Dictionary(S=Name.Launch, F=String("x")))),
    "named-action": ("6.6.1-2", _set("/OpenAction", Dictionary(S=Name.Named, N=Name.Print))),
    "document-actions": ("6.6.2-3", _set("/AA", Dictionary(WC=_script()))),
    "flags": ("6.5.3-2", _annotation(F=None)),
    "hidden": ("6.5.3-2", _annotation(F=6)),
    "movie": ("6.5.2-1", _annotation(Subtype=Name.Movie)),
    "opacity-of-annotation": ("6.5.3-1", _annotation(Subtype=Name.Text, CA=0.5)),
    "widget": ("6.9-1", _widget),
    "attachment": ("6.1.11-2", _attached),
    "layers": ("6.1.13-1", _set("/OCProperties", LAYERS)),
    "no-metadata": ("6.7.2-1", _del("/Metadata")),
    "part-2": ("6.7.11-2", _packet(rb"(pdfaid:part(?:>|=.))1", rb"\g<1>2")),
    "level-u": ("6.7.11-3", _packet(rb"(pdfaid:conformance(?:>|=.))B", rb"\g<1>U")),
    "no-intent": ("6.2.3.3-3", _del("/OutputIntents")),
    "title": ("6.7.3-2", _titled),
    "group": ("6.4-3", lambda pdf: pdf.pages[0].obj.__setitem__("/Group", Dictionary(S=Name.Transparency))),
    "fill-opacity": ("6.4-6", _state(ca=0.5)),
    "stroke-opacity": ("6.4-5", _state(CA=0.5)),
    "blend": ("6.4-4", _state(BM=Name.Multiply)),
    "soft-mask-state": ("6.4-1", _state(SMask=Dictionary(S=Name.Alpha))),
    "soft-mask-image": ("6.4-2", _soft_mask),
    "transfer": ("6.2.8-1", _state(TR=Name.Identity)),
    "cmyk": ("6.2.3.3-2", _content(b" q 0 0 0 1 k 0 0 9 9 re f Q ")),
    "cmyk-form": ("6.2.3.3-2", _drawn(b"0 0 0 1 K 0 0 m 9 9 l S", Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))),
    "cmyk-image": ("6.2.3.3-2", _image(ColorSpace=Name.DeviceCMYK)),
    "cmyk-alternate": ("6.2.3.3-2", _separation),
    "operator": ("6.2.10-1", _content(b" 1 2 zork ")),
    "intent-of-rendering": ("6.2.9-1", _content(b" /Zork ri ")),
    "nesting": ("6.1.12-8", _content(b"q " * 40 + b"Q " * 40)),
    "interpolate": ("6.2.4-3", _image(Interpolate=True)),
    "alternates": ("6.2.4-1", _image(Alternates=Array([]))),
    "opi": ("6.2.4-2", _image(OPI=Dictionary())),
    "sixteen-bits": ("6.2.4-4", _image(BitsPerComponent=16)),
    "reference": ("6.2.6-1", _drawn(b"", Subtype=Name.Form, BBox=Array([0, 0, 1, 1]), Ref=Dictionary())),
    "standard-font": ("6.3.4-1", _standard_font(b" BT /ZZ 12 Tf 9 9 Td (x) Tj ET ")),
    "font-program": ("6.3.4-1", _each("/FontFile2", "/FontFile3", "/FontFile")),
    "cid-set": ("6.3.5-3", _each("/CIDSet")),
    "cid-to-gid": ("6.3.3.2-1", _each("/CIDToGIDMap")),
}

# Changes that break nothing.
HARMLESS: dict[str, Callable[[pikepdf.Pdf], object]] = {
    "nothing": lambda pdf: None,
    "invisible-text": _standard_font(b" BT 3 Tr /ZZ 12 Tf 9 9 Td (x) Tj ET "),
    "unused-font": _standard_font(b""),
    "link": _annotation(A=Dictionary(S=Name.URI, URI=String("https://exemple.fr"))),
    "opaque": _state(ca=1.0, CA=1, BM=Name.Normal, SMask=Name("/None")),
    "gray-image": _image(),
    "transfer-default": _state(TR2=Name.Default),
}


def _behind(body: bytes, entry: bytes, key: str, **entries: object) -> bytes:
    """A stream of the catalogue whose filter is written after pikepdf, which would undo it."""
    word = "Z" * (len(entry) - 8)

    def change(pdf: pikepdf.Pdf) -> None:
        pdf.Root[key] = pdf.make_stream(body, **({"XXXXX": Name("/" + word)} | entries))

    mark = b"/XXXXX /" + word.encode()
    data = altered(change, compress_streams=False)
    assert data.count(mark[:-1]) == 1
    return data.replace(mark, entry + b" " * (len(mark) - len(entry)))


def _metadata_compressed() -> bytes:
    with pikepdf.open(io.BytesIO(by_fpdf())) as pdf:
        packet = zlib.compress(pdf.Root.Metadata.read_bytes())
    return _behind(packet, b"/Filter /FlateDecode", "/Metadata", Type=Name.Metadata, Subtype=Name.XML)


def raw_changes() -> dict[str, tuple[str, bytes]]:
    """Name -> (clause-test, bytes) of changes to the bytes themselves."""
    base = altered(lambda pdf: None)
    marks = re.sub(rb"(%PDF-1\.\d\n)%[\x80-\xff]{4}", rb"\1%abcd", base, count=1)
    nameless = re.sub(rb"/ID\s*\[.*?\]", lambda m: b" " * len(m.group()), base, flags=re.DOTALL)
    return {
        "prefix": ("6.1.2-1", b"\n" + base),
        "no-binary-comment": ("6.1.2-2", marks),
        "no-id": ("6.1.3-1", nameless),
        "encrypted": (
            "6.1.3-2",
            altered(lambda pdf: None, encryption=pikepdf.Encryption(owner="x", user="")),
        ),
        "tail": ("6.1.3-3", base + b"rest"),
        "packed": ("6.1.4-3", altered(lambda pdf: None, object_stream_mode=pikepdf.ObjectStreamMode.generate)),
        "metadata-compressed": ("6.7.2-2", _metadata_compressed()),
        "lzw": ("6.1.10-1", _behind(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", b"/Filter /LZWDecode", "/ZZ")),
        "endobj": ("6.1.8-1", base.replace(b"\nendobj\n", b" endobj\n", 1)),
    }


def own() -> bytes:
    """The PDF of our own builder."""
    return pdf_a("NOM", title="essai", uid="1.2.3")

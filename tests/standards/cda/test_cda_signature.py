"""XML signatures of a CDA: enveloped, beside it, by manifest; altered bytes detected, trust apart."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
import signers
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import SignatureReference
from signxml.algorithms import SignatureConstructionMethod
from signxml.signer import XMLSigner
from signxml.xades import XAdESSigner

from conformance.standards.cda import signature

DOCUMENT = b"""<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3"/><title>Compte rendu</title>
<component><structuredBody><component><section><text>Hemoglobine 14,2</text></section></component></structuredBody>
</component></ClinicalDocument>"""
DS = signature.DS


def pem(signer: signers.Signer) -> list[str]:
    """The certificate as signxml takes it."""
    return [signer.certificate.public_bytes(Encoding.PEM).decode()]


def enveloped(document: bytes = DOCUMENT, signer: signers.Signer | None = None) -> bytes:
    """A document signed inside itself, XAdES, by signxml."""
    who = signer or signers.igc()[1]
    made = XAdESSigner(method=SignatureConstructionMethod.enveloped).sign(
        etree.fromstring(document), key=who.key, cert=pem(who)
    )
    return etree.tostring(made)


def found(document: bytes, beside: bytes | None = None) -> list[str]:
    """The codes of the findings with the root of the tests as anchor."""
    return [f.code for f in signature.judge(document, beside, anchors=[signers.igc()[0].certificate])]


def test_an_enveloped_xades_signature_has_its_facts() -> None:
    """Intact, over the whole document, by a certificate of the anchor given."""
    [read] = signature.verify(enveloped(), anchors=[signers.igc()[0].certificate])
    assert (read.intact, read.covers, read.reason, read.xades) == (True, "document", "", True)
    assert read.time.startswith("20")
    assert read.certificate is not None
    assert (read.certificate.igc_sante, read.certificate.trusted) == (True, True)
    assert found(enveloped()) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"14,2", b"14,3"), (b"1.2.3", b"1.2.4"), (b"Compte", b"compte"), (b"<section>", b"<section><title/>")],
)
def test_one_change_is_detected(before: bytes, after: bytes) -> None:
    """DOC/va1.32: a digit, an identifier, a letter, an element."""
    changed = enveloped().replace(before, after, 1)
    assert changed != enveloped()
    assert "cda.signature.altered" in found(changed)


def test_a_changed_signature_is_detected() -> None:
    """The value of the signature, its certificate, its properties."""
    whole = enveloped()
    for name in ("SignatureValue", "DigestValue"):
        root = etree.fromstring(whole)
        held = next(root.iter(f"{{{DS}}}{name}"))
        data = bytearray(base64.b64decode(held.text or ""))
        data[0] ^= 1
        held.text = base64.b64encode(bytes(data)).decode()
        assert found(etree.tostring(root)) == ["cda.signature.altered"]
    root = etree.fromstring(whole)
    next(root.iter("{*}SigningTime")).text = "2020-01-01T00:00:00Z"
    assert "cda.signature.altered" in found(etree.tostring(root))
    root = etree.fromstring(whole)
    stranger = base64.b64encode(signers.stranger().certificate.public_bytes(Encoding.DER)).decode()
    next(root.iter(f"{{{DS}}}X509Certificate")).text = stranger
    assert "cda.signature.altered" in found(etree.tostring(root))


def test_trust_and_issuer_are_facts_apart() -> None:
    """A stranger's signature is intact, of another issuer, and leads to no anchor."""
    assert found(enveloped(signer=signers.stranger())) == ["cda.signature.issuer", "cda.signature.untrusted"]
    assert [f.code for f in signature.judge(enveloped(signer=signers.stranger()))] == ["cda.signature.issuer"]


def test_a_signature_over_a_part_only_is_told() -> None:
    """What is outside the part may change: the signature is intact and partial."""
    root = etree.fromstring(DOCUMENT)
    section = next(root.iter("{urn:hl7-org:v3}section"))
    section.set("ID", "s1")
    who = signers.igc()[1]
    signed = XMLSigner(method=SignatureConstructionMethod.enveloped).sign(
        root, key=who.key, cert=pem(who), reference_uri=[SignatureReference(URI="#s1")], id_attribute="ID"
    )
    assert found(etree.tostring(signed)) == ["cda.signature.partial"]


def detached(document: bytes) -> bytes:
    """A signature file whose manifest holds the digest of a document (IHE DSG), itself signed."""
    digest = base64.b64encode(hashlib.sha256(document).digest()).decode()
    manifest = etree.fromstring(
        f'<ds:Manifest xmlns:ds="{DS}" Id="m"><ds:Reference URI="urn:oid:1.2.3"><ds:DigestMethod '
        f'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>'
        "</ds:Manifest>"
    )
    who = signers.igc()[1]
    made = XMLSigner(method=SignatureConstructionMethod.enveloping).sign(manifest, key=who.key, cert=pem(who))
    return etree.tostring(made)


def test_a_manifest_beside_the_document_covers_it() -> None:
    """The digest of the file in a signed manifest: the file itself is covered, byte for byte."""
    beside = detached(DOCUMENT)
    [read] = signature.verify(DOCUMENT, beside)
    assert (read.intact, read.covers) == (True, "document")
    assert found(DOCUMENT, beside) == []
    assert found(DOCUMENT.replace(b"14,2", b"14,3"), beside) == ["cda.signature.altered"]
    assert found(DOCUMENT + b"\n", beside) == ["cda.signature.altered"]


def test_a_transform_not_known_here_is_not_called_an_alteration() -> None:
    """An XPath filter is not applied here: the signature is said not verified, as a note."""
    other = enveloped().replace(
        b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>',
        b'<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"/>',
    )
    assert found(other) == ["cda.signature.unsupported"]


def test_a_document_without_signature_has_none() -> None:
    """No signature, no finding; broken XML is told."""
    assert found(DOCUMENT) == []
    assert found(b"<a") == ["xml.syntax.not-well-formed"]


@pytest.mark.parametrize("change", ["KeyInfo", "SignedInfo", "SignatureValue", "Reference", "SignatureMethod"])
def test_a_signature_with_a_piece_missing_is_not_intact(change: str) -> None:
    """Whatever is taken away, nothing is called intact and nothing crashes."""
    root = etree.fromstring(enveloped())
    held = next(root.iter(f"{{{DS}}}{change}"))
    held.getparent().remove(held)
    assert set(found(etree.tostring(root))) & {"cda.signature.altered"}


TEMPLATE = f"""<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod
Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/><ds:SignatureMethod
Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI=""><ds:Transforms><ds:Transform
Algorithm="{DS}enveloped-signature"/></ds:Transforms><ds:DigestMethod
Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
<ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"""


@pytest.mark.parametrize("around", [b"", b'<?xml-stylesheet type="text/xsl" href="#"?>'])
def test_a_signature_by_xmlsec_is_verified_with_what_stands_around_the_root(around: bytes, tmp_path: Path) -> None:
    """xmlsec1 signs the whole document, instructions included: intact here, and altered when either changes."""
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed: its signatures cannot be made")
    who = signers.igc()[1]
    source = around + DOCUMENT.replace(b"</ClinicalDocument>", TEMPLATE.encode() + b"</ClinicalDocument>")
    (tmp_path / "in.xml").write_bytes(source)
    (tmp_path / "key.pem").write_bytes(who.pem)
    (tmp_path / "cert.pem").write_bytes(who.certificate.public_bytes(Encoding.PEM))
    command = ["xmlsec1", "--sign", "--privkey-pem", f"{tmp_path}/key.pem,{tmp_path}/cert.pem", "--output"]
    subprocess.run([*command, f"{tmp_path}/out.xml", f"{tmp_path}/in.xml"], check=True, capture_output=True)
    signed = (tmp_path / "out.xml").read_bytes()
    assert found(signed) == []
    assert found(signed.replace(b"14,2", b"14,3")) == ["cda.signature.altered"]
    if around:
        assert found(signed.replace(b'href="#"', b'href="x"')) == ["cda.signature.altered"]

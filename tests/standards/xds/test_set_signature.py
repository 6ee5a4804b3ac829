"""The XAdES signature of a submission set: made by xmlsec1 over a manifest, then altered, emptied, or about others."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import signers
import xds_samples as samples
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.errors import Malformed
from conformance.standards.xds import submission, xades
from conformance.standards.xds.syntax import parse_envelope

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA = {
    "sha256": ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
    "sha1": (f"{DS}sha1", f"{DS}rsa-sha1"),
}


def template(references: tuple[tuple[str, bytes], ...], sha: str) -> bytes:
    """A signature to be filled: its one reference is to a manifest, whose digests are given (IHE DSG)."""
    digest, method = SHA[sha]
    rows = "".join(
        f'<ds:Reference URI="urn:oid:{name}"><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>'
        f"{base64.b64encode(hashlib.new(sha, data).digest()).decode()}</ds:DigestValue></ds:Reference>"
        for name, data in references
    )
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#IHEManifest" Type="{DS}Manifest">'
        f'<ds:Transforms><ds:Transform Algorithm="{C14N}"/></ds:Transforms><ds:DigestMethod Algorithm="{digest}"/>'
        "<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo>"
        f'<ds:Object><ds:Manifest Id="IHEManifest">{rows}</ds:Manifest></ds:Object></ds:Signature>'
    ).encode()


@cache
def signed(references: tuple[tuple[str, bytes], ...], sha: str = "sha256") -> bytes:
    """A manifest signed by xmlsec1."""
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed: its signatures cannot be made")
    folder, who = Path(mkdtemp()), signers.igc()[1]
    (folder / "in.xml").write_bytes(template(references, sha))
    (folder / "key.pem").write_bytes(who.pem)
    (folder / "cert.pem").write_bytes(who.certificate.public_bytes(Encoding.PEM))
    command = ["xmlsec1", "--sign", "--ignore-manifests", "--id-attr:Id", f"{DS}:Manifest", "--privkey-pem"]
    command += [f"{folder}/key.pem,{folder}/cert.pem", "--output", f"{folder}/out.xml", f"{folder}/in.xml"]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "out.xml").read_bytes()


WHOLE = (("2.25.79", b"set"), ("2.25.77", samples.CDA))


def trouble(signature: bytes, document: bytes = samples.CDA) -> str:
    """What is said of the sample submission with that signature."""
    content_type, entity = samples.multipart(samples.submit(), ("doc1@x", document), ("sig1@x", signature))
    return xades.trouble(submission.read(parse_envelope(entity, content_type)))


@pytest.mark.parametrize("sha", ["sha256", "sha1"])
def test_a_signature_of_the_set_and_its_documents_is_sound(sha: str) -> None:
    """xmlsec1's signature of a manifest that names the set and the document: nothing is wrong."""
    made = signed(WHOLE, sha)
    read = xades.read(made)
    assert (read.intact, [r.name for r in read.references]) == (True, ["2.25.79", "2.25.77"])
    assert "Laboratoire" in read.subject
    assert trouble(made) == ""


def test_each_way_of_not_signing_is_told() -> None:
    """Digest, certificate, set, document: each says its own word."""
    made = signed(WHOLE)
    assert trouble(made.replace(b"urn:oid:2.25.77", b"urn:oid:2.25.76")) == "digest"
    assert trouble(made.replace(b"X509Certificate>", b"X509SKI>")) == "certificate"
    assert trouble(signed(WHOLE[1:])) == "set not signed"
    assert trouble(signed(WHOLE[:1])) == "document not signed"
    assert trouble(made, samples.CDA.replace(b'value="2"', b'value="3"')) == "document changed"
    assert trouble(b"<other/>") == "absent"
    assert trouble(b"not XML") == "unreadable"


def test_a_manifest_that_is_not_what_was_signed_proves_nothing() -> None:
    """A sound signature moved beside another manifest covers nothing of the set."""
    made = signed(WHOLE)
    other = template(WHOLE, "sha256").split(b"<ds:Object>")[1].replace(b"IHEManifest", b"Other")
    hidden = made.replace(b"<ds:Manifest ", b"<ds:Manifesto ").replace(b"</ds:Manifest>", b"</ds:Manifesto>")
    moved = hidden.replace(b"</ds:Signature>", b"<ds:Object>" + other)
    assert xades.read(moved).intact is False


def test_a_document_without_signature_is_malformed() -> None:
    """A signature entry that holds no ds:Signature is named so."""
    with pytest.raises(Malformed) as caught:
        xades.read(b"<a/>")
    assert caught.value.code == "xds.signature.absent"


def test_broken_signatures_never_crash() -> None:
    """Half a signature, or one whose parts are emptied, is not intact; nothing is raised."""
    made = signed(WHOLE)
    for broken in (
        made.replace(b"SignedInfo", b"Signed"),
        made.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
        made.replace(C14N.encode(), b"urn:nothing"),
        made.replace(b"rsa-sha256", b"rsa-sha999"),
    ):
        assert not xades.read(broken).intact

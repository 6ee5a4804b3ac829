"""The XAdES signature of a submission set: read, and verified against the certificate it carries.

Integrity only, never trust. Source: IHE ITI Document Digital Signature (TF-3 5.5), W3C XML Signature 1.1; the DMP's own
rules are in a guide that is not public.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from conformance.errors import Malformed
from conformance.standards.saml.syntax import DS
from conformance.standards.xds.submission import Submission
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

LIMIT_CERTIFICATE = 64 * 1024
LIMIT_REFERENCES = 200
LIMIT_SIGNATURE = 2 * 1024 * 1024

_BOTH = (False, True)

_DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of the manifest: what it names (`urn:oid:` taken off), the digest and its algorithm."""

    name: str
    digest: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class SetSignature:
    """A signature as found in the submission.

    `intact` says that it matches its certificate; `reason` why not (`certificate`, `digest`, or `coverage`: the
    manifest is not what was signed). `references` are those of the manifest: the set and each document. `subject` is
    the name in the certificate.
    """

    intact: bool
    reason: str
    references: tuple[Reference, ...]
    method: str
    subject: str = ""


def read(data: bytes) -> SetSignature:
    """The signature in the bytes of a document; raises Malformed of the XML reader, or `xds.signature.absent`."""
    root = xml.parse(data, limit=LIMIT_SIGNATURE)
    found = root if root.tag == f"{{{DS}}}Signature" else next(root.iter(f"{{{DS}}}Signature"), None)
    if found is None:
        raise Malformed("xds.signature.absent", "/", str(root.tag)[:200])
    references = tuple(_references(found))
    method = _algorithm(found, "SignatureMethod")
    certificate = _certificate(found)
    if certificate is None:
        return SetSignature(False, "certificate", references, method)
    reason = _check(found, certificate)
    return SetSignature(not reason, reason, references, method, certificate.subject.rfc4514_string())


def trouble(submission: Submission) -> str:
    """What is wrong with the signature of a submission, in a word or two; empty when nothing is.

    `absent`, `unreadable`, `certificate`, `digest`, `coverage`, `set not signed`, `document not signed`,
    `document changed`.
    """
    held = submission.signature
    if held is None or held.content is None:
        return "absent"
    try:
        found = read(held.content)
    except Malformed as error:
        return "absent" if error.code == "xds.signature.absent" else "unreadable"
    if not found.intact:
        return found.reason
    named = {r.name: r for r in found.references}
    if submission.unique_id not in named:
        return "set not signed"
    for entry in submission.documents:
        reference = named.get(entry.unique_id)
        if reference is None:
            return "document not signed"
        if not _matches(reference, entry.content or b""):
            return "document changed"
    return ""


def _references(signature: Element) -> Iterator[Reference]:
    manifest = next(signature.iter(f"{{{DS}}}Manifest"), None)
    if manifest is None:
        return
    for number, reference in enumerate(manifest.iterfind(f"{{{DS}}}Reference")):
        if number >= LIMIT_REFERENCES:
            return
        yield Reference(
            reference.get("URI", "").removeprefix("urn:oid:"),
            "".join(xml.text(reference.find(f"{{{DS}}}DigestValue")).split()),
            _algorithm(reference, "DigestMethod"),
        )


def _matches(reference: Reference, content: bytes) -> bool:
    """Whether a digest is that of the bytes, or of their canonical form (the examples of the DMP canonicalise)."""
    name = _DIGESTS.get(reference.algorithm)
    if name is None:
        return True  # an algorithm that nobody here knows accuses nobody
    forms = [content]
    try:
        tree = xml.parse(content)
        forms += [etree.tostring(tree, method="c14n", exclusive=e, with_comments=c) for e in _BOTH for c in _BOTH]
    except Malformed:
        pass  # not XML: the bytes themselves
    wanted = reference.digest
    return any(binascii.b2a_base64(hashlib.new(name, f).digest(), newline=False).decode() == wanted for f in forms)


def _algorithm(element: Element, name: str) -> str:
    found = next(element.iter(f"{{{DS}}}{name}"), None)
    return "" if found is None else found.get("Algorithm", "")


def _certificate(signature: Element) -> x509.Certificate | None:
    held = next(signature.iter(f"{{{DS}}}X509Certificate"), None)
    data = "".join(xml.text(held).split())
    if not data or len(data) > LIMIT_CERTIFICATE:
        return None
    try:
        return x509.load_der_x509_certificate(binascii.a2b_base64(data.encode("ascii", "replace"), strict_mode=True))
    except ValueError:
        return None


def _check(signature: Element, certificate: x509.Certificate) -> str:
    alone = etree.Element("signed")  # a signature is looked for below the root
    alone.append(deepcopy(signature))
    expected = SignatureConfiguration(
        require_x509=True,
        location=".//",
        expect_references=True,
        signature_methods=frozenset(m for m in SignatureMethod if "HMAC" not in m.name),
        digest_algorithms=frozenset(DigestAlgorithm),
        verification_time=certificate.not_valid_before_utc,  # expiry is for the judge, who knows the day
    )
    try:
        verified = XMLVerifier().verify(alone, x509_cert=certificate, expect_config=expected)
    except SignXMLException:
        return "digest"
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        NotImplementedError,
        UnsupportedAlgorithm,
        etree.LxmlError,
    ):
        return "digest"  # a signature so broken that the library cannot read it
    signed = [v.signed_xml for v in (verified if isinstance(verified, list) else [verified])]
    covered = any(s is not None and next(s.iter(f"{{{DS}}}Manifest"), None) is not None for s in signed)
    return "" if covered else "coverage"

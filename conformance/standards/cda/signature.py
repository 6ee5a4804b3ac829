"""The XML signatures of a CDA or beside it (XML Signature 1.1; XAdES, ETSI EN 319 132-1; IHE DSG): integrity, coverage.

A signature stands inside the document (enveloped), or in a file of its own whose references, direct or in a manifest,
name the document. Trust is a fact apart: see `standards/certificates.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes, table
from conformance.evidence.values import Finding
from conformance.standards import certificates
from conformance.standards.cda import syntax
from conformance.standards.certificates import Certificate
from conformance.standards.xml import enveloped
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

CODES = table(__package__)

DS = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE = f"{{{DS}}}Signature"
ENVELOPED = f"{DS}enveloped-signature"
LIMIT_SIGNATURES = 20

Covers = Literal["document", "part", ""]

_METHODS = frozenset(m for m in SignatureMethod if "HMAC" not in m.name and "SHA1" not in m.name)
_DIGESTS = frozenset(d for d in DigestAlgorithm if "SHA1" not in d.name)


@dataclass(frozen=True, slots=True)
class XmlSignature:
    """One signature: intact when what it covers and its certificate agree with it.

    `covers` is `document` for the whole ClinicalDocument (or its file), `part` for something inside, empty for neither.
    `reason` says why it is not intact (`certificate`, `algorithm`, `digest`) or why it could not be verified
    (`unsupported`: a transform that is not known here). `xades` tells qualifying properties, `time` the SigningTime
    they hold, as written.
    """

    intact: bool
    covers: Covers
    reason: str
    xades: bool
    time: str
    certificate: Certificate | None


def verify(
    document: bytes,
    signature: bytes | None = None,
    *,
    anchors: Iterable[x509.Certificate] = (),
    moment: datetime | None = None,
) -> tuple[XmlSignature, ...]:
    """Every signature inside a document, or those of a file beside it; empty when there is none.

    Raises Malformed as `xml.parse` does for either.
    """
    roots = tuple(anchors)
    root = xml.parse(document if signature is None else signature)
    subject = document if signature is not None else None
    found = [root] if root.tag == SIGNATURE else list(root.iter(SIGNATURE))
    return tuple(_verified(root, each, subject, roots, moment) for each in found[:LIMIT_SIGNATURES])


def _verified(
    root: Element,
    signature: Element,
    document: bytes | None,
    anchors: tuple[x509.Certificate, ...],
    moment: datetime | None,
) -> XmlSignature:
    time = next((xml.text(e) for e in signature.iter() if xml.local(e) == "SigningTime"), "")
    xades = any(xml.local(e) == "QualifyingProperties" for e in signature.iter())
    held = _certificates(signature)
    if not held:
        return XmlSignature(False, "", "certificate", xades, time, None)
    at = moment or _moment(time)
    facts = certificates.facts(held[0], held[1:], anchors=anchors, moment=at)
    if _unknown_transform(signature):
        return XmlSignature(False, "", "unsupported", xades, time, facts)
    reason, covers = _check(root, signature, held[0], document)
    if reason == "digest" and enveloped.surrounded(root) and enveloped.intact(signature, held[0]):
        reason, covers = "", "document"
    if not reason and not covers and document is not None:
        reason, covers = _manifest(signature, document)
    return XmlSignature(not reason, covers, reason, xades, time, facts)


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


def _certificates(signature: Element) -> list[x509.Certificate]:
    """The certificates of KeyInfo, the signer's first."""
    found = []
    for held in list(signature.iterfind(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"))[:10]:
        data = "".join(xml.text(held).split())
        if len(data) > 2 * certificates.LIMIT_BYTES:
            continue
        try:
            read = certificates.load(binascii.a2b_base64(data.encode("ascii", "replace"), strict_mode=True))
        except binascii.Error:
            continue
        if read is not None:
            found.append(read)
    return found


def _unknown_transform(signature: Element) -> bool:
    """True when a direct reference has a transform that the verifier would pass over without applying it."""
    known = {ENVELOPED, f"{DS}base64", *enveloped.CANONICAL}
    names = signature.iterfind(f"{{{DS}}}SignedInfo/{{{DS}}}Reference/{{{DS}}}Transforms/{{{DS}}}Transform")
    return any(t.get("Algorithm", "") not in known for t in names)


def _check(
    root: Element, signature: Element, certificate: x509.Certificate, document: bytes | None
) -> tuple[str, Covers]:
    """(reason or empty, what is covered) of the signature proper."""
    references = sum(1 for _ in signature.iterfind(f"{{{DS}}}SignedInfo/{{{DS}}}Reference"))
    parent = signature.getparent()
    if parent is None or parent is root:
        location = "./"
    else:
        location = f"./{root.getroottree().getelementpath(parent)}/"
    expected = SignatureConfiguration(
        require_x509=True,
        location=location,
        expect_references=references,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=certificate.not_valid_before_utc,  # trust and validity are facts apart
    )
    try:
        made = XMLVerifier().verify(
            etree.fromstring(etree.tostring(root), etree.XMLParser(resolve_entities=False, no_network=True)),
            x509_cert=certificate,
            uri_resolver=(lambda uri: document) if document is not None else None,
            expect_config=expected,
        )
    except SignXMLException as error:
        return ("algorithm" if "forbidden by configuration" in str(error) else "digest"), ""
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        NotImplementedError,
        UnsupportedAlgorithm,
        etree.LxmlError,
    ):
        return "digest", ""  # a signature so broken that the library cannot read it
    covers: Covers = ""
    for result in made if isinstance(made, list) else [made]:
        if document is not None and result.signed_data == document:
            return "", "document"
        signed = result.signed_xml
        if signed is None:
            continue
        if signed.tag == syntax.DOCUMENT or (
            parent is not None and xml.local(signed) == xml.local(root) and signed.tag == root.tag
        ):
            return "", "document"
        if xml.namespace(signed) == syntax.HL7:
            covers = "part"
    return "", covers


def _manifest(signature: Element, document: bytes) -> tuple[str, Covers]:
    """(reason, coverage) by the references of a manifest: one must have the digest of the document (IHE DSG)."""
    references = list(signature.iterfind(f".//{{{DS}}}Manifest/{{{DS}}}Reference"))[:100]
    if not references:
        return "", ""
    for reference in references:
        algorithm = reference.find(f"{{{DS}}}DigestMethod")
        name = enveloped.HASHES.get(algorithm.get("Algorithm", "") if algorithm is not None else "")
        try:
            told = base64.b64decode("".join(xml.text(reference.find(f"{{{DS}}}DigestValue")).split()), validate=True)
        except binascii.Error:
            continue
        if name and hashlib.new(name, _transformed(reference, document)).digest() == told:
            return "", "document"
    return "digest", ""


def _transformed(reference: Element, document: bytes) -> bytes:
    for transform in reference.iterfind(f"{{{DS}}}Transforms/{{{DS}}}Transform"):
        if transform.get("Algorithm", "") in enveloped.CANONICAL:
            return enveloped.canonical(xml.parse(document).getroottree(), transform) or document
    return document


def judge(
    document: bytes,
    signature: bytes | None = None,
    *,
    anchors: Iterable[x509.Certificate] = (),
    moment: datetime | None = None,
) -> Iterator[Finding]:
    """The findings on the signatures of a document or beside it (DOC/va1.32); none when there is none."""
    try:
        found = verify(document, signature, anchors=anchors, moment=moment)
    except Malformed as error:
        yield all_codes().finding(error.code, error.path, seen=error.seen)
        return
    for number, each in enumerate(found, 1):
        where = f"Signature[{number}]"
        if each.reason == "unsupported":
            yield CODES.finding("cda.signature.unsupported", where)
        elif not each.intact:
            yield CODES.finding("cda.signature.altered", where, seen=each.reason, cause=each.reason)
        elif each.covers != "document":
            yield CODES.finding("cda.signature.partial", where, seen=each.covers)
        if each.certificate is None:
            continue
        if not each.certificate.igc_sante:
            yield CODES.finding("cda.signature.issuer", where, seen=each.certificate.issuer)
        if each.certificate.trusted is False:
            yield CODES.finding("cda.signature.untrusted", where, seen=each.certificate.subject)

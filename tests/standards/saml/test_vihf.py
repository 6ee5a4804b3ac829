"""A VIHF read and its signature verified: signed by signxml, altered, re-signed, wrapped, or plainly broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes
from conformance.standards.saml import reader, syntax
from conformance.standards.xml import syntax as xml

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ROLE = '<Role xmlns="urn:hl7-org:v3" code="{0}" codeSystem="{1}" displayName="{2}"/>'


def attribute(name: str, *values: str) -> str:
    """One attribute and its values."""
    inside = "".join(f"<s:AttributeValue>{v}</s:AttributeValue>" for v in values)
    return f'<s:Attribute Name="{name}">{inside}</s:Attribute>'


PLAIN = (
    attribute("VIHF_Version", "3.0")
    + attribute("Identifiant_Structure", "1750803447")
    + attribute("Secteur_Activite", "SA01^1.2.250.1.71.4.2.4")
    + attribute("Authentification_Mode", "INDIRECTE")
    + attribute("Ressource_URN", "urn:dmp")
    + attribute("urn:oasis:names:tc:xspa:1.0:subject:subject-id", "PFI Essai, v1")
    + attribute("urn:oasis:names:tc:xacml:2.0:resource:resource-id", "279^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH")
    + attribute(
        "urn:oasis:names:tc:xacml:2.0:subject:role",
        ROLE.format("10", "1.2.250.1.71.1.2.7", "Médecin"),
        ROLE.format("SM26", "1.2.250.1.71.4.2.5", "Médecine générale"),
    )
    + attribute(
        "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse",
        '<PurposeOfUse xmlns="urn:hl7-org:v3" code="normal" codeSystem="1.2.250.1.213.1.1.4.248"/>',
    )
)


def assertion(attributes: str = PLAIN) -> bytes:
    """An assertion with these attributes, and where its signature goes (SAML core 2.3.3: after Issuer)."""
    return (
        '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" IssueInstant="2026-01-02T03:04:05Z" '
        'Version="2.0"><s:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">CN=PFI,C=FR'
        '</s:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>'
        '<s:Subject><s:NameID NameQualifier="PSC">801234567897</s:NameID></s:Subject>'
        '<s:Conditions NotBefore="2026-01-02T03:04:05Z" NotOnOrAfter="2026-01-02T04:04:05Z"/>'
        '<s:AuthnStatement AuthnInstant="2026-01-02T03:00:00Z"><s:AuthnContext><s:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient</s:AuthnContextClassRef></s:AuthnContext></s:AuthnStatement>"
        f"<s:AttributeStatement>{attributes}</s:AttributeStatement></s:Assertion>"
    ).encode()


UNSIGNED = assertion().replace(b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>', b"")


@cache
def identity(kind: str = "rsa") -> tuple[Any, x509.Certificate]:
    """A throw-away key and its certificate, which expired long ago."""
    key: Any = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, "PFI")])
    start = datetime(2015, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(77).not_valid_before(start).not_valid_after(start + timedelta(days=365))
    return key, builder.sign(key, hashes.SHA256())


class Old(XMLSigner):  # type: ignore[misc]
    """signxml's signer, willing to sign with SHA-1 as older systems do."""

    def check_deprecated_methods(self) -> None:
        """Let SHA-1 pass."""


def signed(raw: bytes | None = None, *, old: bool = False, kind: str = "rsa", reference: str = "_a1") -> etree._Element:
    """An assertion signed by signxml: RSA-SHA256, ECDSA-SHA256, or RSA-SHA1 when `old`."""
    key, certificate = identity(kind)
    methods = {"rsa": SignatureMethod.RSA_SHA256, "ec": SignatureMethod.ECDSA_SHA256}
    options: dict[str, Any] = {
        "signature_algorithm": SignatureMethod.RSA_SHA1 if old else methods[kind],
        "digest_algorithm": DigestAlgorithm.SHA1 if old else DigestAlgorithm.SHA256,
        "c14n_algorithm": "http://www.w3.org/2001/10/xml-exc-c14n#",
    }
    signer = (Old if old else XMLSigner)(**options)
    done = signer.sign(
        etree.fromstring(raw or assertion()), key=key, cert=[certificate], reference_uri=reference, id_attribute="ID"
    )
    return xml.parse(etree.tostring(done))


def in_envelope(element: etree._Element) -> etree._Element:
    """The wsse:Security of a SOAP envelope around an assertion, read from bytes."""
    raw = (
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:unused="urn:unused"><e:Header>'
        b'<w:Security xmlns:w="'
        + WSSE.encode()
        + b'">'
        + etree.tostring(element)
        + b"</w:Security></e:Header></e:Envelope>"
    )
    return xml.parse(raw)[0][0]


def test_every_fact_of_a_vihf_is_read() -> None:
    """Issuer, NameID, context, conditions and attributes come out; an absent confidentiality-code is told so."""
    vihf = reader.read(xml.parse(UNSIGNED))
    assert vihf is not None
    assert (vihf.id, vihf.version, vihf.issuer) == ("_a1", "2.0", "CN=PFI,C=FR")
    assert vihf.issuer_format.endswith("X509SubjectName")
    assert (vihf.name_id, vihf.name_qualifier) == ("801234567897", "PSC")
    assert vihf.authn_context.endswith(":TLSClient")
    assert (vihf.authn_instant, vihf.not_on_or_after) == ("2026-01-02T03:00:00Z", "2026-01-02T04:04:05Z")
    assert (vihf.vihf_version, vihf.mode, vihf.structure) == ("3.0", "INDIRECTE", "1750803447")
    assert (vihf.sector, vihf.resource_urn, vihf.subject) == ("SA01^1.2.250.1.71.4.2.4", "urn:dmp", "PFI Essai, v1")
    assert (vihf.resource_id, vihf.matricule) == ("279^^^&1.2.250.1.213.1.4.10&ISO^NH", "279")
    assert [(r.code, r.system) for r in vihf.roles] == [("10", "1.2.250.1.71.1.2.7"), ("SM26", "1.2.250.1.71.4.2.5")]
    assert vihf.purpose is not None
    assert vihf.purpose.code == "normal"
    assert (vihf.secret, vihf.confidentiality_code, vihf.signature) == (False, (), None)


@pytest.mark.parametrize("name", ["Authentification_Mode", "Authentification_mode"])
def test_both_spellings_of_the_mode_are_read(name: str) -> None:
    """Published examples spell the attribute in two ways: both give the mode."""
    vihf = reader.read(xml.parse(assertion(attribute(name, "INDIRECTE_RENFORCEE"))))
    assert vihf is not None
    assert vihf.mode == "INDIRECTE_RENFORCEE"


@pytest.mark.parametrize("prefix", ["urn:oasis:names:tc:xspa:1.0:resource:", ""])
def test_a_connexion_secrete_is_told_by_its_attribute(prefix: str) -> None:
    """The confidentiality-code attribute, under a full name or a bare one, makes `secret` true, values or not."""
    coded = '<ConfidentialityCode xmlns="urn:hl7-org:v3" code="INVISIBLE_REPRESENTANTS_LEGAUX" codeSystem="1.2"/>'
    vihf = reader.read(xml.parse(assertion(attribute(f"{prefix}confidentiality-code", coded))))
    assert vihf is not None
    assert vihf.secret
    assert [v.code for v in vihf.confidentiality_code] == ["INVISIBLE_REPRESENTANTS_LEGAUX"]


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_signature_of_signxml_is_intact_inside_an_envelope(kind: str) -> None:
    """Exclusive canonicalisation: the assertion verifies within a SOAP message, though its certificate has expired."""
    vihf = reader.read(in_envelope(signed(kind=kind)))
    assert vihf is not None
    assert vihf.signature is not None
    assert (vihf.signature.intact, vihf.signature.reason, vihf.signature.sha1) == (True, "", False)
    assert vihf.signature.method.endswith("rsa-sha256" if kind == "rsa" else "ecdsa-sha256")
    assert (vihf.signature.subject, vihf.signature.serial) == ("CN=PFI,C=FR", "4d")
    assert vihf.signature.sha256 == identity(kind)[1].fingerprint(hashes.SHA256()).hex()
    assert vihf.signature.not_after == "2016-01-01T00:00:00+00:00"


def test_sha1_is_accepted_only_when_allowed_and_always_told() -> None:
    """RSA-SHA1 verifies by default, fails on its algorithm when refused, and `sha1` says so both times."""
    element = signed(old=True)
    allowed, refused = reader.read(element), reader.read(element, allow_sha1=False)
    assert allowed is not None
    assert refused is not None
    assert allowed.signature is not None
    assert refused.signature is not None
    assert (allowed.signature.intact, allowed.signature.sha1) == (True, True)
    assert (refused.signature.intact, refused.signature.reason, refused.signature.sha1) == (False, "algorithm", True)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"801234567897", b"801234567898", "digest"),
        (b"<ds:X509Certificate>MII", b"<ds:X509Certificate>AAA", "certificate"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", "digest"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", "digest"),
        (b'URI="#_a1"', b'URI="#_other"', "digest"),
        (b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#hmac-sha1", "algorithm"),
        (b"2001/04/xmldsig-more#rsa-sha256", b"urn:nothing", "digest"),
    ],
)
def test_alterations_are_told(old: bytes, new: bytes, reason: str) -> None:
    """Any change of content, certificate, value, reference or algorithm breaks the signature, with its reason."""
    raw = etree.tostring(signed())
    assert old in raw
    vihf = reader.read(xml.parse(raw.replace(old, new, 1)))
    assert vihf is not None
    assert vihf.signature is not None
    assert (vihf.signature.intact, vihf.signature.reason) == (False, reason)


def test_a_signature_moved_to_another_assertion_does_not_count() -> None:
    """Signature wrapping: a genuine signed assertion hidden in a forged one does not make the forged one intact."""
    genuine = signed()
    forged = xml.parse(UNSIGNED.replace(b'ID="_a1"', b'ID="_evil"').replace(b"801234567897", b"899999999999"))
    signature = genuine.find(syntax.SIGNATURE)
    assert signature is not None
    holder = etree.SubElement(forged, f"{{{syntax.SAML}}}Advice")
    holder.append(genuine)
    forged.insert(1, etree.fromstring(etree.tostring(signature)))
    vihf = reader.read(xml.parse(etree.tostring(forged)))
    assert vihf is not None
    assert vihf.signature is not None
    assert vihf.name_id == "899999999999"
    assert not vihf.signature.intact


def test_security_without_or_with_several_assertions() -> None:
    """No header or no assertion gives None; two assertions are Malformed."""
    assert reader.read(None) is None
    assert reader.read(xml.parse(f'<w:Security xmlns:w="{WSSE}"/>'.encode())) is None
    with pytest.raises(Malformed) as caught:
        reader.read(xml.parse(b"<Security>" + UNSIGNED * 2 + b"</Security>"))
    assert caught.value.code == "saml.syntax.several"


def test_assertions_are_bounded() -> None:
    """Hundreds of attributes, or a document that is no assertion, are refused."""
    with pytest.raises(Malformed) as caught:
        reader.read(xml.parse(assertion(attribute("a", "b") * 300)))
    assert caught.value.code == "saml.syntax.too-many"
    with pytest.raises(Malformed) as caught:
        syntax.parse(b"<a/>")
    assert caught.value.code == "saml.syntax.root"


@settings(max_examples=150)
@given(st.data())
def test_mutated_assertions_never_raise_but_malformed(data: st.DataObject) -> None:
    """Any stretch of a signed assertion overwritten gives a VIHF or Malformed with a known code."""
    raw = etree.tostring(signed())
    start = data.draw(st.integers(0, len(raw) - 1))
    end = data.draw(st.integers(start, min(len(raw), start + 60)))
    middle = data.draw(st.one_of(st.just(b""), st.binary(max_size=8), st.just(b"A")))
    assert _outcome(raw[:start] + middle + raw[end:]) in {"read", *all_codes()}


def _outcome(raw: bytes) -> str:
    try:
        reader.read(syntax.parse(raw))
    except Malformed as error:
        return error.code
    return "read"

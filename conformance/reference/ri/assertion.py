"""The assertion of a professional who calls INSi with a CPx card: SAML 2.0, signed RSA-SHA256. Own template.

Source: INS fact sheet, section 8 (headers and assertion of the INSi service).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from conformance.reference.config import ConfigError

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
X509_SUBJECT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
CARD = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who calls: national identifier, name, FINESS that bills, sector of activity."""

    identifier: str
    name: str
    finess: str
    sector: str


class CardSigner:
    """Signs with the key that stands for a card."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises ConfigError when a file is not what it should be."""
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
            loaded = load_pem_private_key(key.read_bytes(), password=None)
        except (ValueError, TypeError):
            remedy = "give PEM files, the key without password."
            raise ConfigError(certificate, "insi.card_certificate", "cannot be read with its key.", remedy) from None
        if not isinstance(loaded, RSAPrivateKey):
            raise ConfigError(key, "insi.card_key", "is not an RSA key.", "give an RSA key.")
        self._key = loaded
        self._signer = XMLSigner(
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )

    def assertion(self, holder: Holder) -> bytes:
        """A signed assertion, serialised without XML declaration."""
        identifier = f"_{uuid.uuid4()}"
        root = etree.fromstring(self._template(holder, identifier))
        signed = self._signer.sign(
            root, key=self._key, cert=[self._certificate], reference_uri=f"#{identifier}", id_attribute="ID"
        )
        return bytes(etree.tostring(signed))

    def _template(self, holder: Holder, identifier: str) -> str:
        moment = datetime.now(UTC)
        now, until = (t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (moment, moment + LASTS))
        issuer = escape(self._certificate.subject.rfc4514_string())
        attributes = "".join(
            f"<saml2:Attribute Name={quoteattr(name)}>"
            f"<saml2:AttributeValue>{escape(value)}</saml2:AttributeValue></saml2:Attribute>"
            for name, value in (
                ("identifiantFacturation", holder.finess),
                ("codeSpecialiteAMO", "01"),
                ("secteurActivite", holder.sector),
                ("urn:oasis:names:tc:xspa:1.0:subject:subject-id", holder.name),
            )
        )
        return (
            f'<saml2:Assertion xmlns:saml2="{SAML}" ID="{identifier}" IssueInstant="{now}" Version="2.0">'
            f'<saml2:Issuer Format="{X509_SUBJECT}">{issuer}</saml2:Issuer>'
            f'<ds:Signature xmlns:ds="{DSIG}" Id="placeholder"/>'
            f'<saml2:Subject><saml2:NameID NameQualifier="CPS">{escape(holder.identifier)}</saml2:NameID>'
            "</saml2:Subject>"
            f'<saml2:Conditions NotBefore="{now}" NotOnOrAfter="{until}"/>'
            f'<saml2:AuthnStatement AuthnInstant="{now}"><saml2:AuthnContext>'
            f"<saml2:AuthnContextClassRef>{CARD}</saml2:AuthnContextClassRef>"
            "</saml2:AuthnContext></saml2:AuthnStatement>"
            f"<saml2:AttributeStatement>{attributes}</saml2:AttributeStatement></saml2:Assertion>"
        )

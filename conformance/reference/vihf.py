"""The VIHF: a SAML 2.0 assertion signed with RSA-SHA256, written from our own template.

Source: DMP fact sheet, VIHF (indirect authentication, automatic treatment); volet transmission, mapping to VIHF.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from conformance.reference.config import ConfigError, Organisation
from conformance.reference.values import Coded, Ins, Institution, Person

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
X509_SUBJECT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
AUTOMATE = Coded("AUTOMATE", "Automate", "1.2.250.1.213.1.1.4.6")
SECRET = Coded("INVISIBLE_REPRESENTANTS_LEGAUX", "Connexion secrète", "1.2.250.1.213.1.1.4.13")
PROFESSION, SPECIALTY = "1.2.250.1.71.1.2.7", "1.2.250.1.71.4.2.5"


@dataclass(frozen=True, slots=True)
class Subject:
    """On whose behalf the DMP is asked: the person and structure of the message's sender, the patient, the request."""

    person: Person | None
    institution: Institution | None
    specialty: Coded | None
    patient: Ins
    secret: bool


class Signer:
    """Writes and signs assertions with one key, parsed once."""

    def __init__(self, certificate: Path, key: Path, organisation: Organisation) -> None:
        """Raises ConfigError when a file is not what it should be."""
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        except ValueError:
            raise ConfigError(certificate, "tls.certificate", "is not a PEM certificate.", "give one.") from None
        try:
            loaded = load_pem_private_key(key.read_bytes(), password=None)
        except (ValueError, TypeError):
            raise ConfigError(key, "tls.key", "is not a plain PEM private key.", "give one without password.") from None
        if not isinstance(loaded, RSAPrivateKey):
            raise ConfigError(key, "tls.key", "is not an RSA key.", "give an RSA key: the VIHF is signed RSA-SHA256.")
        self._key = loaded
        self._issuer = self._certificate.subject.rfc4514_string()
        self._organisation = organisation
        self._signer = XMLSigner(
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )

    def assertion(self, subject: Subject) -> bytes:
        """A signed assertion, serialised without XML declaration."""
        identifier = f"_{uuid.uuid4()}"
        root = etree.fromstring(self._template(subject, identifier))
        signed = self._signer.sign(
            root, key=self._key, cert=[self._certificate], reference_uri=f"#{identifier}", id_attribute="ID"
        )
        return bytes(etree.tostring(signed))

    def _template(self, subject: Subject, identifier: str) -> str:
        house = self._organisation
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        human = subject.person if subject.person is not None and subject.person.kind != "RI" else None
        name_id = human.id if human and human.id else house.responsible
        subject_id = f"{human.given} {human.family}".strip() if human else f"{house.software} {house.version}"
        structure = subject.institution.id if subject.institution and subject.institution.id else house.identifier
        attributes = [
            _text("VIHF_Version", "3.0"),
            _text("Authentification_Mode", "INDIRECTE"),
            _text("Identifiant_Structure", structure),
            _text("Secteur_Activite", f"{house.sector}^1.2.250.1.71.4.2.4"),
            _text("urn:oasis:names:tc:xspa:1.0:subject:subject-id", subject_id or house.software),
            _codes("urn:oasis:names:tc:xacml:2.0:subject:role", "Role", _roles(subject.specialty if human else None)),
            _text("urn:oasis:names:tc:xacml:2.0:resource:resource-id", subject.patient.cx()),
            _text("Ressource_URN", "urn:dmp"),
            _codes(
                "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse",
                "PurposeOfUse",
                (Coded("normal", "Accès normal", "1.2.250.1.213.1.1.4.248"),),
            ),
            _text("LPS_Nom", house.software),
            _text("LPS_Version", house.version),
            _text("LPS_ID_HOMOLOGATION_DMP", house.homologation),
        ]
        if subject.secret:
            name = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
            attributes.append(_codes(name, "ConfidentialityCode", (SECRET,)))
        return (
            f'<saml2:Assertion xmlns:saml2="{SAML}" ID="{identifier}" IssueInstant="{now}" Version="2.0">'
            f'<saml2:Issuer Format="{X509_SUBJECT}">{escape(self._issuer)}</saml2:Issuer>'
            f'<ds:Signature xmlns:ds="{DSIG}" Id="placeholder"/>'
            f"<saml2:Subject><saml2:NameID>{escape(name_id)}</saml2:NameID></saml2:Subject>"
            f'<saml2:AuthnStatement AuthnInstant="{now}"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
            "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
            "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
            f"<saml2:AttributeStatement>{''.join(attributes)}</saml2:AttributeStatement></saml2:Assertion>"
        )


def _roles(specialty: Coded | None) -> tuple[Coded, ...]:
    """Profession, and specialty when there is one, from an author code such as `G15_10/SM26`; else AUTOMATE."""
    if specialty is None or not specialty.code.startswith("G15_"):
        return (AUTOMATE,)
    profession, _, detail = specialty.code.removeprefix("G15_").partition("/")
    first = Coded(profession, specialty.label, PROFESSION)
    return (first, Coded(detail, specialty.label, SPECIALTY)) if detail else (first,)


def _attribute(name: str, values: str) -> str:
    return f"<saml2:Attribute Name={quoteattr(name)}>{values}</saml2:Attribute>"


def _text(name: str, value: str) -> str:
    return _attribute(name, f"<saml2:AttributeValue>{escape(value)}</saml2:AttributeValue>")


def _codes(name: str, element: str, codes: tuple[Coded, ...]) -> str:
    return _attribute(
        name,
        "".join(
            f'<saml2:AttributeValue><{element} xmlns="urn:hl7-org:v3" xmlns:xsi="{XSI}" xsi:type="CE" '
            f"code={quoteattr(c.code)} codeSystem={quoteattr(c.system)} displayName={quoteattr(c.label)}/>"
            "</saml2:AttributeValue>"
            for c in codes
        ),
    )

"""Reading a VIHF: the SAML 2.0 assertion that DMP and INSi messages carry in wsse:Security.

Nothing is trusted: `signature.intact` only says that the signature matches the bytes and the certificate beside it.
Source: SAML core 2.0; CI-SIS "Transport synchrone" annex VIHF, as the DMP and the HL7 v2 volet use it.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.standards.saml import syntax
from conformance.standards.saml.signature import Signature, verify
from conformance.standards.saml.syntax import SAML, Attribute, Value
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

RESOURCE_ID = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
SUBJECT_ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
PURPOSE_OF_USE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
CONFIDENTIALITY = "urn:oasis:names:tc:xspa:1.0:resource:confidentiality-code"


@dataclass(frozen=True, slots=True)
class Vihf:
    """What a VIHF says; texts are empty when absent.

    `resource_id` is the CX of the patient as written (`INS^^^&OID&ISO^NH`). `secret` tells that a confidentiality-code
    attribute is there (connexion secrète, minors). `mode` is DIRECTE, INDIRECTE or INDIRECTE_RENFORCEE, whichever
    way the attribute was spelt. `roles` are coded values in order. `attributes` holds everything as sent.
    """

    id: str
    version: str
    issue_instant: str
    issuer: str
    issuer_format: str
    name_id: str
    name_qualifier: str
    authn_context: str
    authn_instant: str
    not_before: str
    not_on_or_after: str
    attributes: tuple[Attribute, ...]
    signature: Signature | None

    def values(self, name: str) -> tuple[Value, ...]:
        """All values of the attributes of a name; letter case and a `urn:...:` prefix do not count."""
        wanted = _key(name)
        return tuple(v for a in self.attributes if _key(a.name) == wanted for v in a.values)

    def text(self, name: str) -> str:
        """The text of the first value of an attribute, empty when absent."""
        return next((v.text for v in self.values(name)), "")

    @property
    def vihf_version(self) -> str:
        """VIHF_Version."""
        return self.text("VIHF_Version")

    @property
    def mode(self) -> str:
        """Authentification_Mode, also when spelt Authentification_mode."""
        return self.text("Authentification_Mode")

    @property
    def structure(self) -> str:
        """Identifiant_Structure: a Struct_IdNat."""
        return self.text("Identifiant_Structure")

    @property
    def sector(self) -> str:
        """Secteur_Activite, such as `SA01^1.2.250.1.71.4.2.4`."""
        return self.text("Secteur_Activite")

    @property
    def subject(self) -> str:
        """subject-id: the user, or the software of an automatic treatment."""
        return self.text(SUBJECT_ID)

    @property
    def resource_id(self) -> str:
        """resource-id: the patient, as CX."""
        return self.text(RESOURCE_ID)

    @property
    def matricule(self) -> str:
        """The first component of resource-id."""
        return self.resource_id.split("^")[0]

    @property
    def resource_urn(self) -> str:
        """Ressource_URN, `urn:dmp`."""
        return self.text("Ressource_URN")

    @property
    def roles(self) -> tuple[Value, ...]:
        """subject:role, the profession first."""
        return self.values(SUBJECT_ROLE)

    @property
    def purpose(self) -> Value | None:
        """purposeofuse, or None."""
        return next(iter(self.values(PURPOSE_OF_USE)), None)

    @property
    def confidentiality_code(self) -> tuple[Value, ...]:
        """The values of the confidentiality-code attribute, empty when it is absent."""
        return self.values(CONFIDENTIALITY)

    @property
    def secret(self) -> bool:
        """True when a confidentiality-code attribute is there."""
        wanted = _key(CONFIDENTIALITY)
        return any(_key(a.name) == wanted for a in self.attributes)


def _key(name: str) -> str:
    return name.rpartition(":")[2].casefold()


def read(security: Element | None, *, allow_sha1: bool = True) -> Vihf | None:
    """The VIHF inside wsse:Security (or an assertion element), None when there is none.

    The signature is verified too; SHA-1 is accepted unless told otherwise, and always told by `signature.sha1`.
    Raises Malformed of `conformance.standards.saml.syntax`.
    """
    assertion = syntax.find(security)
    if assertion is None:
        return None
    issuer = assertion.find(f"{{{SAML}}}Issuer")
    name_id = assertion.find(f"{{{SAML}}}Subject/{{{SAML}}}NameID")
    authn = assertion.find(f"{{{SAML}}}AuthnStatement")
    context = assertion.find(f"{{{SAML}}}AuthnStatement/{{{SAML}}}AuthnContext/{{{SAML}}}AuthnContextClassRef")
    conditions = assertion.find(f"{{{SAML}}}Conditions")

    def given(element: Element | None, attribute: str) -> str:
        return "" if element is None else element.get(attribute, "")

    return Vihf(
        id=assertion.get("ID", ""),
        version=assertion.get("Version", ""),
        issue_instant=assertion.get("IssueInstant", ""),
        issuer=xml.text(issuer),
        issuer_format=given(issuer, "Format"),
        name_id=xml.text(name_id),
        name_qualifier=given(name_id, "NameQualifier"),
        authn_context=xml.text(context),
        authn_instant=given(authn, "AuthnInstant"),
        not_before=given(conditions, "NotBefore"),
        not_on_or_after=given(conditions, "NotOnOrAfter"),
        attributes=syntax.attributes(assertion),
        signature=verify(assertion, allow_sha1=allow_sha1),
    )

"""Making certificates: identities (certificate, key, chain), authorities, and the extensions a careful peer checks."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from conformance.bench.clock import now
from conformance.errors import SetupError

AUTHORITY_DAYS = 3650

ORGANISATION = "HOPITAL FICTIF DU BANC"
ANY_POLICY = x509.ObjectIdentifier("2.5.29.32.0")
LEAF_POLICY = x509.ObjectIdentifier("2.25.329800735698586629295641978511506172918.1")
"""A policy of our own: the OIDs of the real ones are not to be found under a fictitious authority."""


@dataclass(frozen=True)
class Identity:
    """A certificate with its key and the chain up to (and without) the root."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @cached_property
    def certificate_pem(self) -> bytes:
        """The certificate then its chain, in PEM."""
        return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (self.certificate, *self.chain))

    @cached_property
    def key_pem(self) -> bytes:
        """The private key in PEM (PKCS#8, not encrypted)."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def p12(self, password: bytes, name: str = "conformance") -> bytes:
        """Key, certificate and chain as PKCS#12, as most platforms import them."""
        return pkcs12.serialize_key_and_certificates(
            name.encode(), self.key, self.certificate, self.chain, serialization.BestAvailableEncryption(password)
        )

    @classmethod
    def read(cls, certificate: Path, key: Path) -> Identity:
        """From PEM files; raises SetupError when they cannot be read."""
        try:
            own, *chain = x509.load_pem_x509_certificates(certificate.read_bytes())
            loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise SetupError("pki.unreadable", where=str(certificate), reason=error) from None
        if not isinstance(loaded, rsa.RSAPrivateKey):
            raise SetupError("pki.not-rsa", where=str(key))
        return cls(own, loaded, tuple(chain))

    @classmethod
    def read_p12(cls, file: Path, password: str) -> Identity:
        """From a PKCS#12 file; raises SetupError when it cannot be read, or not with that password."""
        try:
            data = file.read_bytes()
        except OSError as error:
            raise SetupError("pki.unreadable", where=str(file), reason=error.strerror or error) from None
        if data[:1] != b"\x30":  # a DER sequence
            raise SetupError("pki.not-p12", where=str(file))
        try:
            key, own, chain = pkcs12.load_key_and_certificates(data, password.encode() or None)
        except ValueError:
            raise SetupError("pki.p12-password", where=str(file)) from None
        if own is None or not isinstance(key, rsa.RSAPrivateKey):
            raise SetupError("pki.not-rsa", where=str(file))
        return cls(own, key, tuple(chain))


def export(folder: Path, name: str, identity: Identity) -> tuple[Path, Path]:
    """Write `<name>.pem` (with its chain) and `<name>.key` (mode 0600); raises SetupError."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths[0].write_bytes(identity.certificate_pem)
        write_private(paths[1], identity.key_pem)
    except OSError as error:
        raise SetupError("pki.cannot-write", where=str(folder), reason=error.strerror or error) from None
    return paths


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whatever it was before; raises OSError."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def new_key() -> rsa.RSAPrivateKey:
    """A new RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def subject_name(name: str, structure: str = "") -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
    ]
    if structure:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, structure))
    parts.append(x509.NameAttribute(NameOID.COMMON_NAME, name[:64]))
    return x509.Name(parts)


def general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def leaf_builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, start: datetime, end: datetime, serial: int = 0
) -> x509.CertificateBuilder:
    """What every certificate has; the serial number is drawn when 0."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def key_usage(**wanted: bool) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in every})


def issued_by(issuer: Identity) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def new_authority(
    name: str, issuer: Identity | None, days: int = AUTHORITY_DAYS, *, subject: x509.Name | None = None
) -> Identity:
    key = new_key()
    igc = subject is not None
    subject = subject or subject_name(name)
    end = now() + timedelta(days=days)
    start = min(now(), end) - timedelta(days=2)
    builder = leaf_builder(subject, issuer.certificate.subject if issuer else subject, key, start, end)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=0 if issuer else 1), critical=True
    ).add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    if issuer:
        builder = builder.add_extension(issued_by(issuer), critical=False)
    if igc:
        builder = builder.add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(ANY_POLICY, None)]), critical=False
        )
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Identity(certificate, key)


def igc_authorities() -> tuple[Identity, Identity]:
    """A root and an authority for organisations, named and structured as the IGC-Santé's of the elementary range."""

    def named(name: str) -> x509.Name:
        parts = [
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.ORGANIZATION_NAME, "BANC DE TEST"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "0002 000000000"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "IGC-SANTE"),
            (NameOID.COMMON_NAME, name),
        ]
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])

    root = new_authority("", None, subject=named("AC RACINE IGC-SANTE ELEMENTAIRE TEST"))
    return root, new_authority("", root, subject=named("AC IGC-SANTE ELEMENTAIRE ORGANISATIONS TEST"))


def reserved_serial(issuer: Identity, kind: str) -> int:
    """A serial number that an authority keeps for one certificate: always the same."""
    key = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return int.from_bytes(hashlib.sha256(key + kind.encode()).digest()[:18])


def distribution_point(address: str) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)
    return x509.CRLDistributionPoints([point])

"""A throw-away PKI shaped like the IGC-Santé: a root, an intermediate for organisations, server and client leaves.

RSA 2048 and SHA-256, the extensions a careful peer checks, names of fictitious organisations. It proves nothing
outside the bench: its certificates last a few days more than a run.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conformance.bench.clock import now
from conformance.errors import SetupError

AUTHORITY_DAYS = 3650
LEAF_DAYS = 396

ORGANISATION = "HOPITAL FICTIF DU BANC"
STRUCTURE = "10B0000001"
"""Struct_IdNat of the fictitious structure, as the OU of an organisation certificate: 1 then a FINESS that no
structure has."""


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


class Pki:
    """A root and an intermediate authority that issue server and client certificates.

    `generate()` makes a new one; `load_or_create(folder)` keeps one from run to run, so that a vendor installs its
    anchors once. Keys are files of mode 0600 in a folder of mode 0700. All server certificates share one key.
    """

    def __init__(self, root: Identity, intermediate: Identity) -> None:
        self.root = root
        self.intermediate = intermediate

    @cached_property
    def _server_key(self) -> rsa.RSAPrivateKey:
        return _key()

    @classmethod
    def generate(cls) -> Pki:
        """A new root and intermediate (about 0.2 s)."""
        root = _authority("AC RACINE BANC DE TEST", None)
        return cls(root, _authority("AC ORGANISATIONS BANC DE TEST", root))

    @classmethod
    def load_or_create(cls, folder: Path) -> Pki:
        """The PKI of a folder, made and saved there the first time (or when it has expired); raises SetupError."""
        names = [folder / f"{kind}.{end}" for kind in ("root", "intermediate") for end in ("pem", "key")]
        if all(name.is_file() for name in names):
            pki = cls(Identity.read(names[0], names[1]), Identity.read(names[2], names[3]))
            if pki.intermediate.certificate.not_valid_after_utc > now() + timedelta(days=LEAF_DAYS):
                return pki
        pki = cls.generate()
        pki.save(folder)
        return pki

    def save(self, folder: Path) -> None:
        """Write the authorities; raises SetupError when the folder cannot be written."""
        export(folder, "root", self.root)
        export(folder, "intermediate", self.intermediate)

    @cached_property
    def anchors_pem(self) -> bytes:
        """What a peer must trust: the root, then the intermediate, in PEM."""
        return b"".join(i.certificate.public_bytes(serialization.Encoding.PEM) for i in (self.root, self.intermediate))

    def server(self, hosts: Sequence[str], *, days: int = LEAF_DAYS) -> Identity:
        """A server certificate for host names and IP addresses. A negative `days` makes one that has expired."""
        names: list[x509.GeneralName] = [_general_name(h) for h in dict.fromkeys(hosts)]
        subject = _subject(hosts[0])
        return self._leaf(
            subject, ExtendedKeyUsageOID.SERVER_AUTH, days, self._server_key, x509.SubjectAlternativeName(names)
        )

    def client(
        self, name: str = "PLATEFORME FICTIVE", *, structure: str = STRUCTURE, days: int = LEAF_DAYS
    ) -> Identity:
        """An organisation's client certificate: O, OU = Struct_IdNat, CN, as authentication certificates have them."""
        return self._leaf(_subject(name, structure), ExtendedKeyUsageOID.CLIENT_AUTH, days, _key(), None)

    def _leaf(
        self,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        days: int,
        key: rsa.RSAPrivateKey,
        names: x509.SubjectAlternativeName | None,
    ) -> Identity:
        issuer = self.intermediate
        end = now() + timedelta(days=days)
        start = min(now(), end) - timedelta(days=2)  # clocks of two machines differ
        builder = _builder(subject, issuer.certificate.subject, key, start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(digital_signature=True, key_encipherment=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(_issued_by(issuer), critical=False)
        if names:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(issuer.key, hashes.SHA256())
        return Identity(certificate, key, (issuer.certificate,))


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


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _subject(name: str, structure: str = "") -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
    ]
    if structure:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, structure))
    parts.append(x509.NameAttribute(NameOID.COMMON_NAME, name[:64]))
    return x509.Name(parts)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(**wanted: bool) -> x509.KeyUsage:
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


def _issued_by(issuer: Identity) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def _authority(name: str, issuer: Identity | None) -> Identity:
    key = _key()
    subject = _subject(name)
    start, end = now() - timedelta(days=2), now() + timedelta(days=AUTHORITY_DAYS)
    builder = _builder(subject, issuer.certificate.subject if issuer else subject, key, start, end)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=0 if issuer else 1), critical=True
    ).add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    if issuer:
        builder = builder.add_extension(_issued_by(issuer), critical=False)
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Identity(certificate, key)

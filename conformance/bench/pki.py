"""A throw-away PKI shaped like the IGC-Santé: a root, an intermediate for organisations, server and client leaves.

RSA 2048 and SHA-256, the extensions a careful peer checks, names of fictitious organisations. It proves nothing
outside the bench: its certificates last a few days more than a run.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from conformance.bench.clock import now
from conformance.errors import SetupError

AUTHORITY_DAYS = 3650
LEAF_DAYS = 396

ORGANISATION = "HOPITAL FICTIF DU BANC"
STRUCTURE = "10B0000001"
"""Struct_IdNat of the fictitious structure, as the OU of an organisation certificate: 1 then a FINESS that no
structure has."""


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


@dataclass(frozen=True)
class Spots:
    """Where a peer finds the revocation lists and the status of our certificates: `http://host:port`, no slash."""

    igc: str

    def crl(self, authority: str) -> str:
        """The address of the list of an authority (`root`, `intermediate`, `igc-root`, `igc-intermediate`)."""
        return f"{self.igc}/CRL/{authority}.crl"

    def issuer(self, authority: str) -> str:
        """The address of the certificate of an authority, in DER."""
        return f"{self.igc}/AC/{authority}.cer"

    @property
    def ocsp(self) -> str:
        """The address of the OCSP responder."""
        return f"{self.igc}/OCSP"


SERVER_LABELS = (
    "valid",
    "expired",
    "not-yet-valid",
    "revoked",
    "foreign",
    "wrong-name",
    "expired-authority",
    "self-signed",
    "igc",
)
"""What a server certificate of the bench can be; `igc` is valid under the chain shaped like the IGC-Santé's."""

CLIENT_LABELS = ("usual", "revoked", "expired", "foreign")
"""What a client certificate of the bench can be."""

AUTHORITIES = ("root", "intermediate", "igc-root", "igc-intermediate")
"""The authorities a peer is asked to trust or is shown, by the names under which they are published."""


class Pki:
    """A root and an intermediate authority that issue server and client certificates.

    `generate()` makes a new one; `load_or_create(folder)` keeps one from run to run, so that a vendor installs its
    anchors once. Keys are files of mode 0600 in a folder of mode 0700. All server certificates share one key.
    """

    def __init__(self, root: Identity, intermediate: Identity, igc: tuple[Identity, Identity] | None = None) -> None:
        self.root = root
        self.intermediate = intermediate
        self.spots: Spots | None = None
        self._igc = igc
        self._revoked: dict[int, datetime] = {}
        self._made: dict[tuple[str, ...], Identity] = {}

    @cached_property
    def _server_key(self) -> rsa.RSAPrivateKey:
        return _key()

    @classmethod
    def generate(cls) -> Pki:
        """A new root and intermediate (about 0.2 s)."""
        root = _authority("AC RACINE BANC DE TEST", None)
        return cls(root, _authority("AC ORGANISATIONS BANC DE TEST", root), _igc_authorities())

    @classmethod
    def load_or_create(cls, folder: Path) -> Pki:
        """The PKI of a folder, made and saved there the first time (or when it has expired); raises SetupError."""
        names = [(folder / f"{kind}.pem", folder / f"{kind}.key") for kind in AUTHORITIES]
        if all(name.is_file() for pair in names for name in pair):
            kept = [Identity.read(*pair) for pair in names]
            pki = cls(kept[0], kept[1], (kept[2], kept[3]))
            if pki.intermediate.certificate.not_valid_after_utc > now() + timedelta(days=LEAF_DAYS):
                return pki
        pki = cls.generate()
        pki.save(folder)
        return pki

    def save(self, folder: Path) -> None:
        """Write the authorities; raises SetupError when the folder cannot be written."""
        for name in AUTHORITIES:
            export(folder, name, self.authority(name))

    @cached_property
    def anchors_pem(self) -> bytes:
        """What a peer must trust: the root, then the intermediate, then those shaped like the IGC-Santé's, in PEM."""
        return b"".join(
            self.authority(name).certificate.public_bytes(serialization.Encoding.PEM) for name in AUTHORITIES
        )

    @cached_property
    def igc(self) -> tuple[Identity, Identity]:
        """A root and an authority for organisations that have the names and the policies of the IGC-Santé's."""
        return self._igc or _igc_authorities()

    def authority(self, name: str) -> Identity:
        """One of AUTHORITIES by its name; KeyError otherwise."""
        return {
            "root": self.root,
            "intermediate": self.intermediate,
            "igc-root": self.igc[0],
            "igc-intermediate": self.igc[1],
        }[name]

    def operator(self, label: str, hosts: Sequence[str]) -> Identity:
        """The server certificate of an operator by what is wrong with it (SERVER_LABELS); made once, then the same."""
        key = (label, *hosts)
        if key not in self._made:
            self._made[key] = self._operator(label, hosts)
        return self._made[key]

    def bench_client(self, label: str = "usual") -> Identity:
        """The client certificate that the bench shows by what is wrong with it (CLIENT_LABELS); made once."""
        key = ("client", label)
        if key not in self._made:
            made = {
                "usual": lambda: self.client(),
                "revoked": lambda: self.client("PLATEFORME REVOQUEE"),
                "expired": lambda: self.client("PLATEFORME PERIMEE", days=-1),
                "foreign": lambda: self._stranger.client("PLATEFORME ETRANGERE"),
            }[label]()
            if label == "revoked":
                self.revoke(made.certificate)
            self._made[key] = made
        return self._made[key]

    def vendor_client(self, mailbox: str = "APPLICATION FICTIVE") -> Identity:
        """The ORG AUTH_CLI certificate lent to the vendor's system for its application mailbox; made once."""
        key = ("vendor", mailbox)
        if key not in self._made:
            self._made[key] = self.client(mailbox)
        return self._made[key]

    def trust_material(self) -> dict[str, bytes]:
        """What is given to a vendor on another machine, by file name, in PEM: `anchors.pem`, each authority,
        `client.pem` with its chain and `client.key`."""
        client = self.vendor_client()
        authorities = {
            f"{name}.pem": self.authority(name).certificate.public_bytes(serialization.Encoding.PEM)
            for name in AUTHORITIES
        }
        return {
            "anchors.pem": self.anchors_pem,
            **authorities,
            "client.pem": client.certificate_pem,
            "client.key": client.key_pem,
        }

    def revoke(self, certificate: x509.Certificate) -> None:
        """Put a certificate on the lists made from now on."""
        self._revoked[certificate.serial_number] = now() - timedelta(hours=1)

    def revoked(self, serial: int) -> datetime | None:
        """When a certificate was revoked, None when it is good."""
        return self._revoked.get(serial)

    def crl(self, name: str, *, also: Iterable[int] = (), expired: bool = False, days: int = 2) -> bytes:
        """The revocation list of one of AUTHORITIES in DER; `also` are serials revoked besides, for this list only.

        An `expired` one was due to be renewed yesterday. KeyError for another name.
        """
        issuer = self.authority(name)
        at = now()
        update, following = (
            (at - timedelta(days=3), at - timedelta(days=1))
            if expired
            else (at - timedelta(hours=1), at + timedelta(days=days))
        )
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(update)
            .next_update(following)
            .add_extension(_issued_by(issuer), critical=False)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        )
        for serial in {**self._revoked, **dict.fromkeys(also, at - timedelta(hours=1))}:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(update).build()
            )
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    @cached_property
    def _stranger(self) -> Pki:
        """Authorities that nobody was asked to trust."""
        root = _authority("AC RACINE ETRANGERE", None)
        return Pki(root, _authority("AC ORGANISATIONS ETRANGERE", root), self.igc)

    def _operator(self, label: str, hosts: Sequence[str]) -> Identity:
        if label == "valid":
            return self._server(hosts)
        if label == "expired":
            return self._server(hosts, days=-1)
        if label == "not-yet-valid":
            return self._server(hosts, starts=2)
        if label == "revoked":
            made = self._server(hosts)
            self.revoke(made.certificate)
            return made
        if label == "foreign":
            return self._server(hosts, issuer=self._stranger.intermediate)
        if label == "wrong-name":
            return self._server(["autre.banc.invalid"])
        if label == "expired-authority":
            return self._server(hosts, issuer=self._past)
        if label == "igc":
            return self._server(hosts, issuer=self.igc[1])
        assert label == "self-signed", label
        return self._server(hosts, issuer=None)

    @cached_property
    def _past(self) -> Identity:
        """An authority under our root that has expired."""
        return _authority("AC ORGANISATIONS PERIMEE BANC DE TEST", self.root, days=-1)

    def _server(
        self, hosts: Sequence[str], *, days: int = LEAF_DAYS, starts: int = -2, issuer: Identity | str | None = ""
    ) -> Identity:
        names = x509.SubjectAlternativeName([_general_name(h) for h in dict.fromkeys(hosts)])
        by = self.intermediate if isinstance(issuer, str) else issuer
        return self._leaf(
            _subject(hosts[0]), ExtendedKeyUsageOID.SERVER_AUTH, days, self._server_key, names, by, starts=starts
        )

    def server(self, hosts: Sequence[str], *, days: int = LEAF_DAYS) -> Identity:
        """A server certificate for host names and IP addresses. A negative `days` makes one that has expired."""
        return self._server(hosts, days=days)

    def client(
        self, name: str = "PLATEFORME FICTIVE", *, structure: str = STRUCTURE, days: int = LEAF_DAYS
    ) -> Identity:
        """An organisation's client certificate: O, OU = Struct_IdNat, CN, as authentication certificates have them."""
        return self._leaf(
            _subject(name, structure), ExtendedKeyUsageOID.CLIENT_AUTH, days, _key(), None, self.intermediate
        )

    def _leaf(
        self,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        days: int,
        key: rsa.RSAPrivateKey,
        names: x509.SubjectAlternativeName | None,
        issuer: Identity | None,
        *,
        starts: int = -2,
    ) -> Identity:
        end = now() + timedelta(days=days)
        start = min(now(), end) + timedelta(days=starts)  # by default 2 days early: clocks of two machines differ
        builder = _builder(subject, issuer.certificate.subject if issuer else subject, key, start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(digital_signature=True, key_encipherment=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if issuer:
            builder = builder.add_extension(_issued_by(issuer), critical=False)
        if names:
            builder = builder.add_extension(names, critical=False)
        for extension in self._spots(issuer):
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
        if issuer is None:
            return Identity(certificate, key)
        return Identity(certificate, key, (issuer.certificate,))

    def _spots(self, issuer: Identity | None) -> list[x509.ExtensionType]:
        """Policies and, once it is known where they are published, the lists of the issuer and the OCSP responder."""
        made: list[x509.ExtensionType] = []
        name = next((n for n in AUTHORITIES if issuer and self.authority(n) is issuer), None)
        if name and name.startswith("igc"):
            policy = x509.PolicyInformation(LEAF_POLICY, None)
            made.append(x509.CertificatePolicies([policy]))
        if name and self.spots:
            made.append(_distribution(self.spots.crl(name)))
            made.append(
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
                        for method, address in (
                            (AuthorityInformationAccessOID.OCSP, self.spots.ocsp),
                            (AuthorityInformationAccessOID.CA_ISSUERS, self.spots.issuer(name)),
                        )
                    ]
                )
            )
        return made


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


def _authority(
    name: str, issuer: Identity | None, days: int = AUTHORITY_DAYS, *, subject: x509.Name | None = None
) -> Identity:
    key = _key()
    igc = subject is not None
    subject = subject or _subject(name)
    end = now() + timedelta(days=days)
    start = min(now(), end) - timedelta(days=2)
    builder = _builder(subject, issuer.certificate.subject if issuer else subject, key, start, end)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=0 if issuer else 1), critical=True
    ).add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    if issuer:
        builder = builder.add_extension(_issued_by(issuer), critical=False)
    if igc:
        builder = builder.add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(ANY_POLICY, None)]), critical=False
        )
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Identity(certificate, key)


def _igc_authorities() -> tuple[Identity, Identity]:
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

    root = _authority("", None, subject=named("AC RACINE IGC-SANTE ELEMENTAIRE TEST"))
    return root, _authority("", root, subject=named("AC IGC-SANTE ELEMENTAIRE ORGANISATIONS TEST"))


def _distribution(address: str) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)
    return x509.CRLDistributionPoints([point])

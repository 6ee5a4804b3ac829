"""A throw-away PKI shaped like the IGC-Santé: a root, an intermediate for organisations, server and client leaves.

RSA 2048 and SHA-256, the extensions a careful peer checks, names of fictitious organisations. It proves nothing
outside the bench: its certificates last a few days more than a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from conformance.bench.clock import now
from conformance.bench.issuing import (
    LEAF_POLICY,
    Identity,
    distribution_point,
    export,
    general_name,
    igc_authorities,
    issued_by,
    key_usage,
    leaf_builder,
    new_authority,
    new_key,
    reserved_serial,
    subject_name,
    write_private,
)

LEAF_DAYS = 396

STRUCTURE = "10B0000001"
"""Struct_IdNat of the fictitious structure, as the OU of an organisation certificate: 1 then a FINESS that no
structure has."""

__all__ = ["AUTHORITIES", "CLIENT_LABELS", "SERVER_LABELS", "Identity", "Pki", "Spots", "export", "write_private"]


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
        # The serials of the revoked ones are known beforehand: they stand on every list, even one fetched before they
        # are first shown, and are the same from run to run.
        self._reserved = {kind: reserved_serial(intermediate, kind) for kind in ("server", "client")}
        self._revoked = dict.fromkeys(self._reserved.values(), intermediate.certificate.not_valid_before_utc)
        self._made: dict[tuple[str, ...], Identity] = {}

    @cached_property
    def _server_key(self) -> rsa.RSAPrivateKey:
        return new_key()

    @classmethod
    def generate(cls) -> Pki:
        """A new root and intermediate (about 0.2 s)."""
        root = new_authority("AC RACINE BANC DE TEST", None)
        return cls(root, new_authority("AC ORGANISATIONS BANC DE TEST", root), igc_authorities())

    @classmethod
    def load_or_create(cls, folder: Path) -> Pki:
        """The PKI of a folder, made and saved there the first time (or when it has expired); raises SetupError."""

        def kept(*kinds: str) -> list[Identity] | None:
            names = [(folder / f"{kind}.pem", folder / f"{kind}.key") for kind in kinds]
            if not all(name.is_file() for pair in names for name in pair):
                return None
            found = [Identity.read(*pair) for pair in names]
            return found if found[1].certificate.not_valid_after_utc > now() + timedelta(days=LEAF_DAYS) else None

        plain, igc = kept(*AUTHORITIES[:2]), kept(*AUTHORITIES[2:])
        if plain is None:
            pki = cls.generate()
        else:
            pki = cls(plain[0], plain[1], (igc[0], igc[1]) if igc else None)
        if plain is None or igc is None:
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
        return self._igc or igc_authorities()

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
        key = (label, self.spots.igc if self.spots else "", *hosts)
        if key not in self._made:
            self._made[key] = self._operator(label, hosts)
        return self._made[key]

    def bench_client(self, label: str = "usual") -> Identity:
        """The client certificate that the bench shows by what is wrong with it (CLIENT_LABELS); made once."""
        key = ("client", label)
        if key not in self._made:
            made = {
                "usual": lambda: self.client(),
                "revoked": lambda: self._client("PLATEFORME REVOQUEE", serial=self._reserved["client"]),
                "expired": lambda: self.client("PLATEFORME PERIMEE", days=-1),
                "foreign": lambda: self._stranger.client("PLATEFORME ETRANGERE"),
            }[label]()
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

    def operator_serials(self, label: str) -> tuple[int, ...]:
        """The serial numbers of the operator's certificates made so far under a label."""
        return tuple(made.certificate.serial_number for key, made in self._made.items() if key[0] == label)

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
            .add_extension(issued_by(issuer), critical=False)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        )
        for serial, since in {**self._revoked, **dict.fromkeys(also, update)}.items():
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
            )
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    @cached_property
    def _stranger(self) -> Pki:
        """Authorities that nobody was asked to trust."""
        root = new_authority("AC RACINE ETRANGERE", None)
        return Pki(root, new_authority("AC ORGANISATIONS ETRANGERE", root), self.igc)

    def _operator(self, label: str, hosts: Sequence[str]) -> Identity:
        if label == "valid":
            return self._server(hosts)
        if label == "expired":
            return self._server(hosts, days=-1)
        if label == "not-yet-valid":
            return self._server(hosts, starts=2)
        if label == "revoked":
            return self._server(hosts, serial=self._reserved["server"])
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
        return new_authority("AC ORGANISATIONS PERIMEE BANC DE TEST", self.root, days=-1)

    def _server(
        self,
        hosts: Sequence[str],
        *,
        days: int = LEAF_DAYS,
        starts: int = -2,
        issuer: Identity | str | None = "",
        serial: int = 0,
    ) -> Identity:
        names = x509.SubjectAlternativeName([general_name(h) for h in dict.fromkeys(hosts)])
        by = self.intermediate if isinstance(issuer, str) else issuer
        subject = subject_name(hosts[0])
        usage = ExtendedKeyUsageOID.SERVER_AUTH
        return self._leaf(subject, usage, days, self._server_key, names, by, starts=starts, serial=serial)

    def server(self, hosts: Sequence[str], *, days: int = LEAF_DAYS) -> Identity:
        """A server certificate for host names and IP addresses. A negative `days` makes one that has expired."""
        return self._server(hosts, days=days)

    def client(
        self, name: str = "PLATEFORME FICTIVE", *, structure: str = STRUCTURE, days: int = LEAF_DAYS
    ) -> Identity:
        """An organisation's client certificate: O, OU = Struct_IdNat, CN, as authentication certificates have them."""
        return self._client(name, structure=structure, days=days)

    def _client(self, name: str, *, structure: str = STRUCTURE, days: int = LEAF_DAYS, serial: int = 0) -> Identity:
        subject = subject_name(name, structure)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH
        return self._leaf(subject, usage, days, new_key(), None, self.intermediate, serial=serial)

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
        serial: int = 0,
    ) -> Identity:
        end = now() + timedelta(days=days)
        start = min(now(), end) + timedelta(days=starts)  # by default 2 days early: clocks of two machines differ
        builder = leaf_builder(subject, issuer.certificate.subject if issuer else subject, key, start, end, serial)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(key_usage(digital_signature=True, key_encipherment=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if issuer:
            builder = builder.add_extension(issued_by(issuer), critical=False)
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
            made.append(distribution_point(self.spots.crl(name)))
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

"""Certificates and signatures made for tests, by cryptography, pyHanko and signxml."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)


class Signer:
    """A certificate, its key, and the authority that issued it."""

    def __init__(self, subject: str, issuer: Signer | None = None, *, ca: bool = False) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, subject)]
        )
        above = issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name if issuer is None else issuer.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(START)
            .not_valid_after(END)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(True, not ca, False, False, False, ca, ca, False, False),
                critical=True,
            )
        )
        self.certificate = builder.sign(above.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """The private key in PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def igc() -> tuple[Signer, Signer]:
    """(a root with the name of an authority of IGC-Santé, a signer it issued)."""
    root = Signer("TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS", ca=True)
    return root, Signer("Laboratoire des tests", root)


@cache
def stranger() -> Signer:
    """A signer that issued itself."""
    return Signer("Inconnu", ca=True)


def signed_pdf(data: bytes, signer: Signer, authority: Signer | None = None) -> bytes:
    """A PDF signed by pyHanko (PAdES, no timestamp)."""
    from asn1crypto import keys
    from asn1crypto import x509 as asn1
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    def der(each: Signer) -> asn1.Certificate:
        return asn1.Certificate.load(each.certificate.public_bytes(Encoding.DER))

    store = SimpleCertificateStore()
    if authority is not None:
        store.register(der(authority))
    private = signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    made = signers.SimpleSigner(
        signing_cert=der(signer), signing_key=keys.PrivateKeyInfo.load(private), cert_registry=store
    )
    meta = signers.PdfSignatureMetadata(field_name="Cachet", subfilter=fields.SigSeedSubFilter.PADES)
    out = io.BytesIO()
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), meta, signer=made, output=out)
    return out.getvalue()

"""What a product on another machine needs to trust the bench and to be known by it: PEM, PKCS#12, JKS, names."""

from __future__ import annotations

import hashlib
import secrets
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from conformance.bench.clock import now
from conformance.bench.issuing import write_private
from conformance.bench.pki import AUTHORITIES, Pki
from conformance.errors import OutputError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names of a vendor's system on this machine."""

WHITENER = b"Mighty Aphrodite"
"""The constant of the JKS integrity digest (JDK, sun.security.provider.JavaKeyStore)."""

MAGIC, VERSION, TRUSTED = 0xFEEDFEED, 2, 2


def write_kit(
    pki: Pki,
    folder: Path,
    addresses: dict[str, str],
    password: str | None = None,
    *,
    hosts: Sequence[str] = LOOPBACK,
    sheet: str = "",
) -> tuple[Path, ...]:
    """Write the kit and return its files; raises OutputError.

    `addresses` gives the URL of each service, `sheet` the text of `settings.txt`. `hosts` are the names of the vendor's
    own machine, for the server certificate lent to it. `password` protects the stores, one is drawn when none is given:
    it is in `password.txt`. Private keys are files of mode 0600. The certificates prove nothing outside the bench.
    """
    word = password or secrets.token_urlsafe(12)
    client = pki.vendor_client()
    server = pki.server(list(hosts))
    authorities = [pki.authority(name).certificate for name in AUTHORITIES]
    public = {name: data for name, data in pki.trust_material().items() if not name.endswith(".key")}
    public["truststore.jks"] = jks(dict(zip(AUTHORITIES, authorities, strict=True)), word)
    public["truststore.p12"] = _p12_anchors(authorities, word)
    public["server.pem"] = server.certificate_pem
    if addresses:
        public["hosts.txt"] = "".join(_hosts(addresses)).encode()
    if sheet:
        public["settings.txt"] = sheet.encode()
    private = {
        "client.key": client.key_pem,
        "client.p12": client.p12(word.encode(), "client"),
        "server.key": server.key_pem,
        "server.p12": server.p12(word.encode(), "server"),
        "password.txt": f"{word}\n".encode(),
    }
    if "insi" in addresses:  # the certificate of a software that calls INSi without the assertion of a person
        software = pki.vendor_client("INSI-AUTO")
        public["insi.pem"] = software.certificate_pem
        private |= {"insi.key": software.key_pem, "insi.p12": software.p12(word.encode(), "insi")}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in public.items():
            (folder / name).write_bytes(data)
        for name, data in private.items():
            write_private(folder / name, data)
    except OSError as error:
        raise OutputError("trust.cannot-write", where=str(folder), reason=error.strerror or error) from None
    return tuple(folder / name for name in sorted({*public, *private}))


def _p12_anchors(authorities: list[x509.Certificate], word: str) -> bytes:
    """A PKCS#12 store that holds certificates and no key, as platforms import authorities."""
    entries = [
        pkcs12.PKCS12Certificate(certificate, name.encode())
        for name, certificate in zip(AUTHORITIES, authorities, strict=True)
    ]
    encryption = serialization.BestAvailableEncryption(word.encode())
    return pkcs12.serialize_java_truststore(entries, encryption)


def _hosts(addresses: dict[str, str]) -> Iterator[str]:
    """One line a service: its name in the target, its URL, the name its certificate bears."""
    for name, url in sorted(addresses.items()):
        yield f"{name}\t{url}\t{urlsplit(url).hostname or ''}\n"


def jks(certificates: dict[str, x509.Certificate], password: str) -> bytes:
    """A Java key store (JKS) of trusted certificates by alias: the format that Java 8 and older platforms read."""
    made = round(now().timestamp() * 1000)
    body = struct.pack(">III", MAGIC, VERSION, len(certificates))
    for alias, certificate in certificates.items():
        der = certificate.public_bytes(serialization.Encoding.DER)
        body += struct.pack(">I", TRUSTED) + _utf(alias) + struct.pack(">q", made) + _utf("X.509")
        body += struct.pack(">I", len(der)) + der
    digest = hashlib.sha1(password.encode("utf-16-be") + WHITENER + body, usedforsecurity=False)
    return body + digest.digest()


def _utf(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw

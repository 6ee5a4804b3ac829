"""Lists of revocation: fetched when they are needed, checked, kept until they are due to be renewed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

log = logging.getLogger("reference.revocation")

LIST_LIMIT = 8 * 1024 * 1024


class Lists:
    """The latest good list of each authority, by its name: when one cannot be fetched, the one before is used."""

    def __init__(self, addresses: Iterable[str], authorities: Iterable[x509.Certificate], timeout: float) -> None:
        self._addresses = tuple(addresses)
        self._authorities = tuple(authorities)
        self._timeout = timeout
        self._kept: dict[x509.Name, x509.CertificateRevocationList] = {}

    async def refresh(self) -> None:
        """Fetch them all again; what cannot be had or does not hold is left as it was."""
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            for address in self._addresses:
                try:
                    async with session.get(address) as response:
                        body = await response.content.read(LIST_LIMIT) if response.status == 200 else b""
                    found = _parsed(body)
                except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                    log.warning("a list of revocation cannot be had (%s)", type(error).__name__)
                    continue
                if self._holds(found):
                    self._kept[found.issuer] = found
                else:
                    log.warning("a list of revocation is signed by nobody known")

    def current(self) -> bytes:
        """Those in force, in PEM."""
        now = datetime.now(UTC)
        kept = [c for c in self._kept.values() if c.next_update_utc is None or c.next_update_utc > now]
        return b"".join(c.public_bytes(Encoding.PEM) for c in kept)

    def _holds(self, found: x509.CertificateRevocationList) -> bool:
        for authority in self._authorities:
            key = authority.public_key()
            if authority.subject == found.issuer and found.is_signature_valid(key):  # type: ignore[arg-type]
                return True
        return False


def _parsed(body: bytes) -> x509.CertificateRevocationList:
    """DER as authorities publish it, or PEM; raises ValueError."""
    if body.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_crl(body)
    return x509.load_der_x509_crl(body)

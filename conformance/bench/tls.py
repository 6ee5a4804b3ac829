"""TLS contexts of the bench: as a server that asks for a client certificate, and as a client."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from conformance.bench.pki import Identity, export
from conformance.errors import SetupError

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def server_context(
    identity: Identity, anchors_pem: bytes, extra: Sequence[Path] = (), *, latest: Literal["1.2", "1.3"] = "1.2"
) -> ssl.SSLContext:
    """TLS 1.2 (to `latest`), a client certificate required and issued under one of the anchors; raises SetupError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = VERSIONS[latest]
    context.verify_mode = ssl.CERT_REQUIRED
    _trust(context, anchors_pem, extra)
    _present(context, identity)
    return context


def client_context(
    identity: Identity, anchors_pem: bytes, extra: Sequence[Path] = (), *, check_hostname: bool = True
) -> ssl.SSLContext:
    """For a stimulus over TLS: our client certificate, and the authorities under which the vendor's must be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = check_hostname
    _trust(context, anchors_pem, extra)
    _present(context, identity)
    return context


def _trust(context: ssl.SSLContext, anchors_pem: bytes, extra: Sequence[Path]) -> None:
    # Any certificate we are told to trust is an anchor, even an intermediate one (a vendor rarely gives the root).
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=anchors_pem.decode("ascii"))
    for path in extra:
        try:
            context.load_verify_locations(cafile=str(path))
        except (ssl.SSLError, OSError) as error:
            raise SetupError("pki.unreadable", where=str(path), reason=error) from None


def _present(context: ssl.SSLContext, identity: Identity) -> None:
    # The ssl module only takes a key from a file: a private one that lives for the time of the call.
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = export(Path(folder), "own", identity)
        try:
            context.load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            raise SetupError("pki.unreadable", where=str(certificate), reason=error) from None

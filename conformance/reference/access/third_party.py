"""Connections of other structures: MLLP over TLS, with a certificate (authentication or seal) that is not revoked."""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

from cryptography import x509

from conformance.reference.access.revocation import Lists
from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.config import Config
from conformance.reference.config_access import ThirdParty
from conformance.reference.mllp import Handler, Listener
from conformance.reference.traces import Traces

log = logging.getLogger("reference.third-party")

HANDSHAKE_SECONDS = 10.0
SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"


class ThirdPartyListener(Listener):
    """A listener that lets nobody speak before the certificate was checked: chain, dates, revocation.

    The lists of revocation are fetched at every connection; without one in force nobody enters.
    """

    def __init__(
        self,
        handler: Handler,
        config: Config,
        third_party: ThirdParty,
        behaviour: Callable[[], AccessBehaviour],
        traces: Traces,
    ) -> None:
        limits = config.limits
        super().__init__(handler, frame_limit=limits.frame_megabytes * 1024 * 1024, connections=limits.connections)
        self._third_party = third_party
        self._files = (third_party.certificate or config.tls.certificate, third_party.key or config.tls.key)
        authorities = x509.load_pem_x509_certificates(third_party.ca.read_bytes())
        self._lists = Lists(third_party.crl, authorities, config.retry.timeout)
        self._behaviour = behaviour
        self._traces = traces

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # What the peer says first is for TLS: it must not be read before the handshake starts.
        cast(asyncio.ReadTransport, writer.transport).pause_reading()
        try:
            await writer.start_tls(await self._context(), ssl_handshake_timeout=HANDSHAKE_SECONDS)
        except (ssl.SSLError, OSError, TimeoutError) as error:
            reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or type(error).__name__
            log.info("a third party was refused: %s", reason)
            self._trace("unknown", str(reason), ok=False)
            return
        tls = writer.get_extra_info("ssl_object")
        peer = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
        self._trace(peer.subject.rfc4514_string(), tls.version() or "", ok=True)
        await super()._serve(reader, writer)

    async def _context(self) -> ssl.SSLContext:
        """TLS 1.2 or 1.3 with modern suites; the client's certificate is asked for and checked whole."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(SUITES)
        context.load_cert_chain(*self._files)
        context.load_verify_locations(self._third_party.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        if self._behaviour().revocation_checked():
            await self._lists.refresh()
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
            if lists := self._lists.current():
                _add_lists(context, lists)
        return context

    def _trace(self, who: str, response: str, *, ok: bool) -> None:
        self._traces.add(
            who,
            "third-party.connect",
            request="connection of a third party",
            response=response,
            outcome="ok" if ok else "failed",
            kind="account",
            subject={"structure": who},
        )


def _add_lists(context: ssl.SSLContext, pem: bytes) -> None:
    """The ssl module reads lists of revocation from files only."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lists.pem"
        file.write_bytes(pem)
        context.load_verify_locations(file)

"""The operator shows the certificate that a target gives, but where a label says another one."""

from __future__ import annotations

import smtplib
import ssl

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from served import Served, served

from conformance.bench.pki import Pki
from conformance.services.mss.service import MssService

HOSTS = ["127.0.0.1", "localhost"]


def _shown(one: Served) -> bytes:
    """The certificate shown after STARTTLS, in DER."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", one.service.port, timeout=5) as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize(("label", "own_shown"), [("valid", True), ("expired", False)])
def test_own_certificate_only_where_it_is_valid(label: str, own_shown: bool) -> None:
    """`certificate` of [services.mss] is shown under the label `valid`; a scripted one is the bench's own."""
    own = Pki.generate().server(HOSTS)
    with served(MssService(), Pki.generate(), own) as one:
        one.configure(certificate=label)
        shown = _shown(one)
    assert shown
    assert (shown == own.certificate.public_bytes(Encoding.DER)) is own_shown

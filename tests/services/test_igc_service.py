"""The publication point of the throw-away PKI, read by openssl."""

from __future__ import annotations

import base64
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from mail_lab import Bench, opened

from conformance.bench.pki import AUTHORITIES, Identity, Pki, export
from conformance.evidence.values import Direction

HOSTS = ("localhost", "127.0.0.1")


@pytest.fixture
def bench(pki: Pki, tmp_path: Path) -> Iterator[Bench]:
    """The publication point beside the operator."""
    with opened(pki, tmp_path) as lab:
        (tmp_path / "anchors.pem").write_bytes(pki.anchors_pem)
        yield lab


def openssl(*arguments: object) -> str:
    """What openssl says, errors included."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=20)
    return done.stdout + done.stderr


def get(bench: Bench, path: str) -> bytes:
    """The body of a GET."""
    with urllib.request.urlopen(bench.lab.addresses()["igc"] + path, timeout=5) as answer:
        return bytes(answer.read())


def shown(bench: Bench, label: str) -> Identity:
    """The operator's certificate under a label, as the services show it."""
    return bench.pki.operator(label, bench.lab.services["mss"].site.hosts)


def listed(bench: Bench) -> tuple[str, Path]:
    """What openssl says of the list of the issuing authority, verified, and where it is."""
    path = bench.folder / "crl.der"
    path.write_bytes(get(bench, "/CRL/intermediate.crl"))
    return openssl(
        "crl", "-inform", "DER", "-in", path, "-noout", "-text", "-CAfile", bench.folder / "anchors.pem"
    ), path


def test_lists_are_signed_and_tell_who_is_revoked(bench: Bench) -> None:
    """openssl verifies the list; the revoked certificates of the bench are on it before they are ever shown."""
    text, _ = listed(bench)
    assert "verify OK" in text
    for identity in (shown(bench, "revoked"), bench.pki.bench_client("revoked")):
        assert f"{identity.certificate.serial_number:X}" in text
    assert f"{shown(bench, 'valid').certificate.serial_number:X}" not in text
    heard = [e for e in bench.kept if e.channel == "igc" and e.direction is Direction.FROM_VENDOR]
    assert [(e.facts["event"], e.facts["authority"]) for e in heard] == [("crl", "intermediate")]


def test_openssl_refuses_by_the_list(bench: Bench) -> None:
    """`openssl verify -crl_check` accepts the usual certificate and refuses the revoked one."""
    _, der = listed(bench)
    crl = bench.folder / "crl.pem"
    openssl("crl", "-inform", "DER", "-in", der, "-out", crl)
    base = ("verify", "-crl_check", "-CRLfile", crl, "-CAfile", bench.folder / "anchors.pem")
    good, _ = export(bench.folder, "good", shown(bench, "valid"))
    bad, _ = export(bench.folder, "bad", shown(bench, "revoked"))
    assert ": OK" in openssl(*base, good)
    assert "certificate revoked" in openssl(*base, bad)


def test_knobs_of_the_list(bench: Bench) -> None:
    """`expired` was to be renewed yesterday, `unreachable` answers 503, `revokes` names the usual certificate too."""
    bench.settle({"igc.crl": "expired"})
    _, der = listed(bench)
    pem = bench.folder / "old.pem"
    openssl("crl", "-inform", "DER", "-in", der, "-out", pem)
    good, _ = export(bench.folder, "good", shown(bench, "valid"))
    said = openssl("verify", "-crl_check", "-CRLfile", pem, "-CAfile", bench.folder / "anchors.pem", good)
    assert "CRL has expired" in said
    bench.settle({"igc.crl": "unreachable"})
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(bench, "/CRL/intermediate.crl")
    bench.settle({"igc.crl": "revokes"})
    assert f"{shown(bench, 'valid').certificate.serial_number:X}" in listed(bench)[0]


def test_certificates_say_where_to_look(bench: Bench) -> None:
    """The distribution point and the OCSP address in a certificate are those of the service, and they answer."""
    certificate = shown(bench, "valid").certificate
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = points[0].full_name or ()
    assert name.value == bench.lab.addresses()["igc"] + "/CRL/intermediate.crl"
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [a.access_location.value for a in access] == [
        bench.lab.addresses()["igc"] + "/OCSP",
        bench.lab.addresses()["igc"] + "/AC/intermediate.cer",
    ]
    issuer = x509.load_der_x509_certificate(get(bench, "/AC/intermediate.cer"))
    certificate.verify_directly_issued_by(issuer)


def ocsp_says(bench: Bench, label: str, *more: str) -> str:
    """What `openssl ocsp` makes of the answer about a certificate."""
    certificate, _ = export(bench.folder, "asked", shown(bench, label))
    issuer = bench.folder / "issuer.pem"
    issuer.write_bytes(bench.pki.authority("intermediate").certificate.public_bytes(serialization.Encoding.PEM))
    return openssl(
        "ocsp", "-issuer", issuer, "-cert", certificate, "-url", bench.lab.addresses()["igc"] + "/OCSP",
        "-CAfile", bench.folder / "anchors.pem", *more,
    )  # fmt: skip


def test_openssl_asks_the_responder(bench: Bench) -> None:
    """`openssl ocsp` verifies the answers (nonce included): good, revoked, and revoked by the knob."""
    good = ocsp_says(bench, "valid")
    assert "Response verify OK" in good
    assert ": good" in good
    assert "WARNING: no nonce" not in good
    assert ": revoked" in ocsp_says(bench, "revoked")
    bench.settle({"igc.ocsp": "revoked"})
    assert ": revoked" in ocsp_says(bench, "valid", "-no_nonce")
    bench.settle({"igc.ocsp": "unreachable"})
    assert "Error querying OCSP responder" in ocsp_says(bench, "valid")
    heard = [e for e in bench.kept if e.facts.get("event") == "ocsp" and e.direction is Direction.FROM_VENDOR]
    assert len(heard) == 4
    assert {e.facts["serial"] for e in heard} == {
        f"{shown(bench, label).certificate.serial_number:X}" for label in ("valid", "revoked")
    }


def test_the_responder_answers_get_too(bench: Bench) -> None:
    """RFC 6960 A.1: the request in base64 at the end of the path."""
    certificate = shown(bench, "valid").certificate
    issuer = bench.pki.authority("intermediate").certificate
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()
    told = urllib.parse.quote(base64.b64encode(request.public_bytes(serialization.Encoding.DER)), safe="")
    answer = ocsp.load_der_ocsp_response(get(bench, f"/OCSP/{told}"))
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.serial_number == certificate.serial_number


def test_authorities_are_published(bench: Bench) -> None:
    """Each authority alone in DER, and the whole chain in PKCS#7, as openssl reads it."""
    for name in AUTHORITIES:
        read = x509.load_der_x509_certificate(get(bench, f"/AC/{name}.cer"))
        assert read == bench.pki.authority(name).certificate
    chain = bench.folder / "chain.p7b"
    chain.write_bytes(get(bench, "/AC/chain.p7b"))
    assert openssl("pkcs7", "-inform", "DER", "-in", chain, "-print_certs").count("BEGIN CERTIFICATE") == 4


@pytest.mark.parametrize("path", ["/", "/CRL/autre.crl", "/AC/root.key", "/CRL/../AC/root.cer%00", "/OCSP/%%%"])
def test_hostile_requests(bench: Bench, path: str) -> None:
    """What is not published is not found, an unreadable OCSP request gets a malformedRequest; nothing crashes."""
    if path.startswith("/OCSP"):
        answer = ocsp.load_der_ocsp_response(get(bench, path))
        assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    else:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(bench, path)
    assert bench.lab.recorder.failure is None

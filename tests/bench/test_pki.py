"""The throw-away PKI, judged by openssl and by the ssl module."""

from __future__ import annotations

import socket
import ssl
import stat
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from conformance.bench.pki import AUTHORITIES, CLIENT_LABELS, Identity, Pki, export
from conformance.bench.tls import client_context, server_context
from conformance.errors import SetupError


def openssl(*arguments: str | Path) -> str:
    """What openssl says, errors included."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=20)
    return done.stdout + done.stderr


def test_openssl_verifies_the_chains(pki: Pki, tmp_path: Path) -> None:
    """Under the root alone, openssl accepts a server leaf for its host and a client leaf, each for its own use only."""
    pki.save(tmp_path)
    server, _ = export(tmp_path, "server", pki.server(["banc.local", "127.0.0.1"]))
    client, _ = export(tmp_path, "client", pki.client())
    base = ("verify", "-x509_strict", "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "intermediate.pem")
    assert ": OK" in openssl(*base, "-purpose", "sslserver", "-verify_hostname", "banc.local", server)
    assert ": OK" in openssl(*base, "-purpose", "sslserver", "-verify_ip", "127.0.0.1", server)
    assert ": OK" in openssl(*base, "-purpose", "sslclient", client)
    assert ": OK" not in openssl(*base, "-purpose", "sslserver", "-verify_hostname", "autre.local", server)
    assert ": OK" not in openssl(*base, "-purpose", "sslclient", server)
    assert ": OK" not in openssl(*base, "-purpose", "sslserver", client)


def test_shape_of_an_organisation_certificate(pki: Pki) -> None:
    """C, O, OU (the structure) and CN; RSA 2048, SHA-256; the intermediate may issue leaves only."""
    leaf = pki.client("PFI", structure="10B0000001").certificate
    assert [a.value for a in leaf.subject] == ["FR", "HOPITAL FICTIF DU BANC", "10B0000001", "PFI"]
    assert leaf.public_key().key_size == 2048  # type: ignore[union-attr]
    assert leaf.signature_hash_algorithm is not None
    assert leaf.signature_hash_algorithm.name == "sha256"
    basic = pki.intermediate.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)


def test_an_expired_certificate_can_be_made(pki: Pki, tmp_path: Path) -> None:
    """With negative days, openssl says that the certificate has expired."""
    leaf, _ = export(tmp_path, "old", pki.server(["localhost"], days=-1))
    said = openssl("verify", "-partial_chain", "-CAfile", _anchors(pki, tmp_path), leaf)
    assert "certificate has expired" in said


def _anchors(pki: Pki, folder: Path) -> Path:
    path = folder / "anchors.pem"
    path.write_bytes(pki.anchors_pem)
    return path


def test_keys_are_private_and_kept(tmp_path: Path) -> None:
    """Keys are files of mode 0600 in a folder of mode 0700, and the same authority comes back the next time."""
    folder = tmp_path / "pki"
    first = Pki.load_or_create(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(key.stat().st_mode) for key in folder.glob("*.key")} == {0o600}
    second = Pki.load_or_create(folder)
    assert second.anchors_pem == first.anchors_pem
    export(tmp_path, "leaf", second.client())
    assert ": OK" in openssl("verify", "-partial_chain", "-CAfile", _anchors(first, tmp_path), tmp_path / "leaf.pem")


def test_p12_opens_with_its_password(pki: Pki) -> None:
    """The PKCS#12 holds key, certificate and chain, and only its password opens it."""
    identity = pki.client()
    made = identity.p12(b"secret")
    key, certificate, chain = pkcs12.load_key_and_certificates(made, b"secret")
    assert key is not None
    assert certificate == identity.certificate
    assert chain == [pki.intermediate.certificate]
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_key_and_certificates(made, b"wrong")


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_files_that_are_no_certificate(tmp_path: Path, content: bytes) -> None:
    """A certificate that cannot be read is a fault of the set-up, with the file's name."""
    for name in ("a.pem", "a.key"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SetupError, match=r"pki\.unreadable") as error:
        Identity.read(tmp_path / "a.pem", tmp_path / "a.key")
    assert error.value.where == str(tmp_path / "a.pem")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """One real handshake on loopback: the version agreed, and what the server thinks of it (empty: fine)."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    verdict = []

    def serve() -> None:
        connection, _ = listener.accept()
        try:
            with server.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1)
                verdict.append("")
        except OSError as error:
            verdict.append(str(error))

    thread = threading.Thread(target=serve)
    thread.start()
    version = ""
    try:
        with (
            socket.create_connection(listener.getsockname(), 5) as plain,
            client.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            version = str(secure.version())
            secure.send(b"x")
    except OSError as error:
        version = str(error)
    thread.join(5)
    listener.close()
    return version, verdict[0]


def test_mutual_tls(pki: Pki, tmp_path: Path) -> None:
    """Our two contexts agree on TLS 1.2, on 1.3 when allowed; a stranger or a client without certificate is refused."""
    identity = pki.server(["localhost"])
    ours = client_context(pki.client(), pki.anchors_pem)
    assert handshake(server_context(identity, pki.anchors_pem), ours) == ("TLSv1.2", "")
    assert handshake(server_context(identity, pki.anchors_pem, latest="1.3"), ours) == ("TLSv1.3", "")
    other = Pki.generate()
    stranger = client_context(other.client(), pki.anchors_pem)
    assert "verify failed" in handshake(server_context(identity, pki.anchors_pem), stranger)[1]
    trusted = tmp_path / "other.pem"
    trusted.write_bytes(other.intermediate.certificate_pem)
    assert handshake(server_context(identity, pki.anchors_pem, [trusted]), stranger) == ("TLSv1.2", "")
    bare = ssl.create_default_context(cadata=pki.anchors_pem.decode())
    assert "peer did not return a certificate" in handshake(server_context(identity, pki.anchors_pem), bare)[1]


def test_anchors_that_cannot_be_read(pki: Pki, tmp_path: Path) -> None:
    """A file of anchors that holds none is a fault of the set-up."""
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing here")
    with pytest.raises(SetupError, match=r"pki\.unreadable"):
        server_context(pki.server(["localhost"]), pki.anchors_pem, [empty])


def issued(pki: Pki, tmp_path: Path, label: str, *options: str) -> str:
    """What openssl verify says of the operator's certificate under a label, with our roots trusted."""
    identity = pki.operator(label, ["banc.local"])
    leaf, _ = export(tmp_path, "leaf", identity)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"".join(pki.authority(n).certificate_pem for n in ("root", "igc-root")))
    return openssl("verify", "-CAfile", roots, "-untrusted", leaf, "-purpose", "sslserver", *options, leaf)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("valid", ": OK"),
        ("igc", ": OK"),
        ("revoked", ": OK"),
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("foreign", "unable to get local issuer certificate"),
        ("wrong-name", "hostname mismatch"),
        ("expired-authority", "certificate has expired"),
        ("self-signed", "self-signed certificate"),
    ],
)
def test_each_operator_certificate_has_its_own_flaw(pki: Pki, tmp_path: Path, label: str, said: str) -> None:
    """openssl finds in each certificate the flaw of its label, and no other."""
    assert said in issued(pki, tmp_path, label, "-verify_hostname", "banc.local", "-x509_strict")


def test_an_expired_authority_is_the_only_flaw_of_its_leaf(pki: Pki) -> None:
    """The leaf under the expired authority is itself valid today."""
    identity = pki.operator("expired-authority", ["banc.local"])
    assert identity.certificate.not_valid_after_utc > datetime.now(UTC) > identity.certificate.not_valid_before_utc
    assert identity.chain[0].not_valid_after_utc < datetime.now(UTC)


def test_the_chain_like_the_igc_sante(pki: Pki) -> None:
    """Names and structure of the IGC-Santé's elementary range: OU 0002…, OU IGC-SANTE, path length 0, policies."""
    root, issuing = pki.igc
    for authority, name in ((root, "AC RACINE IGC-SANTE ELEMENTAIRE"), (issuing, "AC IGC-SANTE ELEMENTAIRE ORGANIS")):
        subject = [a.value for a in authority.certificate.subject]
        assert subject[0] == "FR"
        assert subject[2].startswith("0002 ")
        assert subject[3] == "IGC-SANTE"
        assert subject[4].startswith(name)
        policies = authority.certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
        assert [p.policy_identifier.dotted_string for p in policies] == ["2.5.29.32.0"]
    basic = issuing.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.path_length == 0


def test_client_certificates_of_the_bench(pki: Pki, tmp_path: Path) -> None:
    """Usual, expired and foreign as openssl sees them; the revoked one stands on the list."""
    found = {}
    for label in CLIENT_LABELS:
        leaf, _ = export(tmp_path, "client", pki.bench_client(label))
        found[label] = openssl(
            "verify", "-partial_chain", "-CAfile", _anchors(pki, tmp_path), "-purpose", "sslclient", leaf
        )
        assert pki.bench_client(label) is pki.bench_client(label)
    assert ": OK" in found["usual"]
    assert ": OK" in found["revoked"]
    assert "certificate has expired" in found["expired"]
    assert "unable to get local issuer certificate" in found["foreign"]
    listed = x509.load_der_x509_crl(pki.crl("intermediate"))
    serials = {entry.serial_number for entry in listed}
    assert pki.bench_client("revoked").certificate.serial_number in serials
    assert pki.bench_client("usual").certificate.serial_number not in serials


def test_what_is_given_to_a_vendor(pki: Pki) -> None:
    """The anchors, each authority, and a client certificate whose key is its own."""
    material = pki.trust_material()
    assert set(material) == {"anchors.pem", "client.pem", "client.key", *(f"{name}.pem" for name in AUTHORITIES)}
    assert material["anchors.pem"].count(b"BEGIN CERTIFICATE") == 4
    key = serialization.load_pem_private_key(material["client.key"], None)
    certificate = x509.load_pem_x509_certificates(material["client.pem"])[0]
    assert certificate.public_key() == key.public_key()
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_folder_of_before_keeps_its_anchors(tmp_path: Path) -> None:
    """A folder that holds only the first two authorities keeps them, and is given the two others."""
    first = Pki.generate()
    for name in AUTHORITIES[:2]:
        export(tmp_path, name, first.authority(name))
    second = Pki.load_or_create(tmp_path)
    assert second.root.certificate == first.root.certificate
    third = Pki.load_or_create(tmp_path)
    assert third.anchors_pem == second.anchors_pem
    assert third.bench_client("revoked").certificate.serial_number == (
        second.bench_client("revoked").certificate.serial_number
    )

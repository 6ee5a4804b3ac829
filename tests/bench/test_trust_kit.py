"""The trust kit, read by programs that we did not write: OpenSSL and Java's keytool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.bench.pki import Pki
from conformance.bench.trust_kit import write_kit


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit whose password is known."""
    folder = tmp_path_factory.mktemp("kit")
    write_kit(Pki.generate(), folder, {"dmp": "https://banc.example:8443"}, "correct horse")
    return folder


def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """OpenSSL's own opinion."""
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False, timeout=60)


def test_the_client_certificate_is_under_the_anchors(kit: Path) -> None:
    """`openssl verify` accepts it for a client, with the anchors alone."""
    done = openssl(
        "verify", "-partial_chain", "-purpose", "sslclient", "-CAfile", kit / "anchors.pem", kit / "client.pem"
    )
    assert done.returncode == 0, done.stderr


def test_the_client_p12_opens_with_its_password_only(kit: Path) -> None:
    """The right password gives the key, another one nothing."""
    good = openssl("pkcs12", "-in", kit / "client.p12", "-passin", "pass:correct horse", "-nodes")
    assert good.stdout.count("PRIVATE KEY") == 2
    assert openssl("pkcs12", "-in", kit / "client.p12", "-passin", "pass:wrong", "-nodes").returncode != 0


@pytest.mark.parametrize(("name", "kind"), [("truststore.jks", "JKS"), ("truststore.p12", "PKCS12")])
def test_java_reads_the_stores(kit: Path, name: str, kind: str) -> None:
    """keytool lists the four authorities as trusted certificates."""
    keytool = shutil.which("keytool")
    assert keytool, "keytool is needed: install a Java runtime (.ci/run does)"
    done = subprocess.run(
        [keytool, "-list", "-storetype", kind, "-keystore", str(kit / name), "-storepass", "correct horse"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("trustedCertEntry") == 4


def test_private_files_are_private_and_names_are_listed(kit: Path) -> None:
    """Keys and the password are the owner's alone; each service has its host name."""
    for name in ("client.key", "client.p12", "password.txt"):
        assert (kit / name).stat().st_mode & 0o077 == 0
    assert (kit / "hosts.txt").read_text() == "dmp\thttps://banc.example:8443\tbanc.example\n"

"""Connections of third parties to the reference: `openssl s_client` and a plain socket as outside peers."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from access_peers import Access, World
from reference_messages import cda, fresh_oid, message


@pytest.fixture(scope="session")
def certificates(access_world: World) -> dict[str, tuple[Path, Path]]:
    """Certificates of other structures, by what is wrong with them."""
    folder, home = access_world.folder, access_world.authority
    found = {
        "usual": home.issue(folder, "structure"),
        "revoked": home.issue(folder, "structure-revoquee"),
        "expired": home.issue(folder, "structure-perimee", days=-1),
        "foreign": access_world.foreign.issue(folder, "structure-etrangere"),
    }
    home.revoke(found["revoked"][0])
    return found


def send(access: Access, files: tuple[Path, Path] | None, version: ssl.TLSVersion) -> str:
    """What a document sent with this certificate is answered; raises OSError when the connection is refused."""
    context = ssl.create_default_context(cafile=str(access.folder / "access-ca.pem"))
    context.maximum_version = version
    if files is not None:
        context.load_cert_chain(*files)
    with (
        socket.create_connection(("127.0.0.1", access.third_party), timeout=10) as link,
        context.wrap_socket(link, server_hostname="127.0.0.1") as tls,
    ):
        body = message(cda(fresh_oid()), flags="", event="T02")
        tls.sendall(b"\x0b" + body + b"\x1c\r")
        heard = b""
        while b"\x1c\r" not in heard:
            data = tls.recv(65536)
            if not data:
                raise ConnectionError("closed")
            heard += data
        return heard.decode()


VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_structure_with_a_good_certificate_sends_documents(
    access: Access, certificates: dict[str, tuple[Path, Path]], version: ssl.TLSVersion
) -> None:
    """In TLS 1.2 and 1.3; the connection is traced under the name of the certificate."""
    assert "|AA|" in send(access, certificates["usual"], version)
    (trace,) = access.traces("third-party.connect")
    assert trace["author"] == "CN=structure"
    assert trace["outcome"] == "ok"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("label", ["none", "revoked", "expired", "foreign"])
def test_a_structure_with_no_or_a_wrong_certificate_is_refused(
    access: Access, certificates: dict[str, tuple[Path, Path]], label: str, version: ssl.TLSVersion
) -> None:
    """SSI/IE.43: the handshake fails, no document is taken, a good one enters right after."""
    with pytest.raises(OSError):
        send(access, certificates.get(label), version)
    assert [t["outcome"] for t in access.traces("third-party.connect")] == ["failed"]
    assert access.reference.admin(op="state")["state"]["received"] == 0
    assert "|AA|" in send(access, certificates["usual"], version)


def test_without_a_list_in_force_nobody_enters(
    access: Access, access_world: World, certificates: dict[str, tuple[Path, Path]]
) -> None:
    """An expired list is none; a silent authority is covered by the last list while it is in force."""
    assert "|AA|" in send(access, certificates["usual"], VERSIONS[0])
    access_world.directory.crl = lambda: None
    assert "|AA|" in send(access, certificates["usual"], VERSIONS[0])
    access_world.directory.crl = lambda: access_world.authority.crl(hours=-1)
    with pytest.raises(OSError):
        send(access, certificates["usual"], VERSIONS[0])
    access_world.directory.crl = access_world.foreign.crl
    with pytest.raises(OSError):
        send(access, certificates["usual"], VERSIONS[0])


@pytest.mark.parametrize(("option", "shaken"), [("-tls1_2", True), ("-tls1_3", True), ("-tls1_1", False)])
def test_openssl_shakes_hands_in_the_versions_in_force_only(
    access: Access, certificates: dict[str, tuple[Path, Path]], option: str, shaken: bool
) -> None:
    """`openssl s_client` as the peer: TLS 1.1 is not had even from one that would speak it."""
    certificate, key = certificates["usual"]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{access.third_party}", option, "-cert", str(certificate),
         "-key", str(key), "-CAfile", str(access.folder / "access-ca.pem"), "-cipher", "ALL:@SECLEVEL=0"],
        input=b"", capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert (b"Verify return code: 0 (ok)" in done.stdout and b"Cipher is (NONE)" not in done.stdout) is shaken


def test_defect_revoked_accepted_lets_a_revoked_certificate_in_and_nothing_else(
    access: Access, certificates: dict[str, tuple[Path, Path]]
) -> None:
    """Chain and dates are still checked."""
    access.reference.admin(op="defects", names=["third-party-revoked-accepted"])
    assert "|AA|" in send(access, certificates["revoked"], VERSIONS[1])
    for label in ("expired", "foreign", "none"):
        with pytest.raises(OSError):
            send(access, certificates.get(label), VERSIONS[1])

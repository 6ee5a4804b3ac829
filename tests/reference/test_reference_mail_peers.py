"""The reference facing mail servers that are not ours: aiosmtpd for submission, Dovecot (if there) for reading."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from reference_mail_bench import APP, DOCTOR, MailBench, cda, fresh_oid, mail_bench, mailed
from test_reference_received import archive, letter, relayed

from conformance.bench.pki import Pki, export


class Kept:
    """Keeps the envelopes that a session which signed in delivers."""

    def __init__(self) -> None:
        self.envelopes: list[tuple[Envelope, str, str]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one."""
        transport: Any = server.transport
        tls = transport.get_extra_info("ssl_object")
        subject = dict(x[0] for x in tls.getpeercert()["subject"]) if tls else {}
        self.envelopes.append((envelope, tls.version() if tls else "", subject.get("organizationName", "")))
        return "250 OK"


def signed_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """PLAIN with the address of the mailbox, over TLS."""
    ok = isinstance(data, LoginPassword) and data.login == APP.encode() and mechanism == "PLAIN"
    return AuthResult(success=ok)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailBench]:
    """The other peers."""
    with mail_bench(tmp_path_factory.mktemp("peers")) as made:
        yield made


def context(pki: Pki, folder: Path) -> ssl.SSLContext:
    """A server that wants a certificate of the client."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*export(folder, "foreign-server", pki.operator("valid", ["127.0.0.1", "localhost"])))
    made.load_verify_locations(cadata=pki.anchors_pem.decode())
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def test_aiosmtpd_takes_the_mails(bench: MailBench) -> None:
    """A server that asks for STARTTLS, a client certificate and AUTH PLAIN takes a mail; ours never speaks before."""
    kept = Kept()
    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=0,
        ready_timeout=5.0,
        tls_context=context(bench.pki, bench.folder),
        require_starttls=True,
        auth_required=True,
        auth_require_tls=True,
        authenticator=signed_in,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        controller.port = free.getsockname()[1]
    controller.start()
    try:
        bench.start(mss=controller.port)
        assert "MSA|AA" in bench.ask(mailed(cda(fresh_oid())))
        bench.settle()
    finally:
        controller.stop()
    ((envelope, version, organisation),) = kept.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (APP, [DOCTOR])
    assert version == "TLSv1.3"
    assert organisation == "HOPITAL FICTIF DU BANC"
    assert isinstance(envelope.content, bytes)
    assert b"\r\nX-MSS-CODECDA: 18748-4\r\n" in envelope.content
    assert all(b < 128 for b in envelope.content)
    assert max(map(len, envelope.content.split(b"\r\n"))) <= 998
    assert "|Y^" in bench.returned()[0]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the servants of Dovecot may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
ssl = required
ssl_cert = <{folder}/dovecot.pem
ssl_key = <{folder}/dovecot.key
ssl_ca = <{folder}/anchors.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
disable_plaintext_auth = yes
auth_mechanisms = plain
mail_location = maildir:{folder}/mails/%u
first_valid_uid = 0
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mails/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@pytest.mark.skipif(shutil.which("dovecot") is None, reason="Dovecot is not installed: nothing to read from")
def test_dovecot_is_read(bench: MailBench, open_folder: Path) -> None:
    """Over STARTTLS with a client certificate: polled, the archive relayed, the mail marked read, then deleted."""
    tmp_path = open_folder
    export(tmp_path, "dovecot", bench.pki.operator("valid", ["127.0.0.1", "localhost"]))
    (tmp_path / "anchors.pem").write_bytes(bench.pki.anchors_pem)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = getpass.getuser()
    root = user == "root"
    servants = {"internal": "dovecot" if root else user, "login": "dovenull" if root else user}
    servants["owner"] = servants["internal"]
    group = ["id", "-gn", servants["owner"]]
    servants["group"] = subprocess.run(group, capture_output=True, text=True, check=True).stdout.strip()
    text = DOVECOT.format(folder=tmp_path, port=port, **servants)
    (tmp_path / "dovecot.conf").write_text(text)
    identifier, raw = letter("IHE_XDM", archive(cda(fresh_oid())))
    folder = tmp_path / "mails" / APP / "new"
    folder.mkdir(parents=True)
    (folder / "1.mail").write_bytes(raw)
    if root:
        for path in (tmp_path / "mails", *(tmp_path / "mails").rglob("*")):
            shutil.chown(path, servants["owner"], servants["group"])
    server = subprocess.Popen(["dovecot", "-F", "-c", str(tmp_path / "dovecot.conf")], env={**os.environ})
    try:
        end = time.monotonic() + 10
        while time.monotonic() < end and socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        bench.start(imap=port)
        bench.heard.clear()
        log = tmp_path / "dovecot.log"
        for _ in range(200):
            if relayed(bench):
                break
            time.sleep(0.05)
        assert relayed(bench), log.read_text() + str(bench.traces())
        bench.wait(lambda: list((tmp_path / "mails" / APP / "cur").glob("*S*")), 10)
        answer = bench.pilot("stimuli", "mail.delete/1", mailbox=APP, message_id=identifier)
        assert answer["status"] == "done", log.read_text()
        assert not list((tmp_path / "mails" / APP / "cur").iterdir())
    finally:
        server.terminate()
        server.wait(10)

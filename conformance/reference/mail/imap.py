"""Reading mailboxes: IMAP4rev1 with STARTTLS before LOGIN (RFC 3501, 9051). Blocking; one session is one object."""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from conformance.reference.mail import MailError
from conformance.reference.mail.tls import Channel

MESSAGE_LIMIT = 64 * 1024 * 1024


class Session:
    """An open session on the INBOX of a mailbox. Every method raises MailError: `imap`, `tls`, `connect`, `cut`."""

    def __init__(self, channel: Channel, mailbox: str) -> None:
        self.mailbox = mailbox
        self._channel = channel
        with _told("connect"):
            self._client = self._open()
        try:
            with _told("cut"):
                self._login()
                self._ok(self._client.select("INBOX"))
        except MailError:
            self.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> imaplib.IMAP4:
        server, timeout = self._channel.mss.imap_server, self._channel.mss.timeout
        if server.implicit:
            context = self._channel.context(self.mailbox)
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=timeout)
        return imaplib.IMAP4(server.host, server.port, timeout=timeout)

    def _login(self) -> None:
        mss, client = self._channel.mss, self._client
        early = self._channel.behaviour.imap_before_tls()
        if early:
            with contextlib.suppress(imaplib.IMAP4.error):
                client.login(self.mailbox, mss.password)
        if not mss.imap_server.implicit and client.state == "NONAUTH":
            if "STARTTLS" in client.capabilities:
                client.starttls(self._channel.context(self.mailbox))
            elif not self._channel.behaviour.clear_allowed():
                raise MailError("tls", f"{mss.imap_server.host} offers no STARTTLS")
        if isinstance(client.sock, ssl.SSLSocket):
            self._channel.check(client.sock)
        if client.state == "NONAUTH":
            if "AUTH=PLAIN" in client.capabilities:
                secret = f"\0{self.mailbox}\0{mss.password}".encode()
                self._ok(client.authenticate("PLAIN", lambda _: secret))
            else:
                self._ok(client.login(self.mailbox, mss.password))

    def unread(self) -> list[str]:
        """UIDs of the mails that nobody read."""
        with _told("cut"):
            self._ok(self._client.noop())
            return self._search("UNSEEN", "UNDELETED")

    def find(self, message_id: str) -> str | None:
        """UID of the mail of a Message-ID, None when there is none."""
        quoted = message_id.replace("\\", "").replace('"', "")
        with _told("cut"):
            found = self._search("HEADER", "Message-ID", f'"{quoted}"')
        return found[-1] if found else None

    def fetch(self, uid: str) -> bytes:
        """The bytes of a mail; raises MailError `imap` when it is too big or gone."""
        with _told("cut"):
            size = self._ok(self._client.uid("FETCH", uid, "(RFC822.SIZE)"))
            found = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(s for s in size if isinstance(s, bytes)))
            if found is not None and int(found[1]) > MESSAGE_LIMIT:
                raise MailError("imap", f"the mail is of {int(found[1])} bytes")
            rows = self._ok(self._client.uid("FETCH", uid, "(BODY.PEEK[])"))
        for row in rows:
            if isinstance(row, tuple):
                return bytes(row[1])
        raise MailError("imap", f"no mail {uid}")

    def mark_read(self, uid: str) -> None:
        """Set the flag Seen."""
        with _told("cut"):
            self._ok(self._client.uid("STORE", uid, "+FLAGS.SILENT", "(\\Seen)"))

    def delete(self, uid: str) -> str:
        """Set the flag Deleted and expunge; what the server answered."""
        with _told("cut"):
            self._ok(self._client.uid("STORE", uid, "+FLAGS", "(\\Deleted)"))
            status, rows = self._client.expunge()
            self._ok((status, rows))
        return f"{status} {b' '.join(r for r in rows if isinstance(r, bytes)).decode('ascii', 'replace')}".strip()

    def close(self) -> None:
        """End the session."""
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            if self._client.state in ("AUTH", "SELECTED"):
                self._client.logout()
        with contextlib.suppress(OSError, AttributeError):
            self._client.shutdown()

    def cut(self) -> None:
        """Close the connection at once, even while another thread reads it."""
        self._client.sock.close()

    def _search(self, *criteria: str) -> list[str]:
        rows = self._ok(self._client.uid("SEARCH", *criteria))
        return [uid.decode("ascii", "replace") for row in rows if isinstance(row, bytes) for uid in row.split()]

    def _ok(self, answer: tuple[str, Any]) -> list[Any]:
        status, given = answer
        rows: list[Any] = list(given) if isinstance(given, list) else [given]
        if status != "OK":
            text = b" ".join(r for r in rows if isinstance(r, bytes)).decode("utf-8", "replace")
            raise MailError("imap", f"{status} {text}")
        return rows


@contextlib.contextmanager
def _told(code: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise MailError("tls", str(error)) from None
    except imaplib.IMAP4.abort as error:
        raise MailError("cut", str(error)) from None
    except imaplib.IMAP4.error as error:
        raise MailError("imap", str(error)) from None
    except OSError as error:
        raise MailError(code, f"{type(error).__name__}: {error}") from None

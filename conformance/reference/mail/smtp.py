"""Submission of one mail to one recipient: STARTTLS before anything, AUTH PLAIN, MAIL, RCPT, DATA (RFC 5321, 3207)."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass

from conformance.reference.config_reader import Server
from conformance.reference.mail import MailError
from conformance.reference.mail.tls import Channel

TRANSIENT = frozenset({"connect", "cut"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """A mail ready to leave. `sender` is the envelope's (empty for a receipt); `notify` asks for SMTP's own DSN."""

    mailbox: str
    sender: str
    recipients: tuple[str, ...]
    data: bytes
    identifier: str
    notify: bool = False


def submit(channel: Channel, parcel: Parcel) -> str:
    """Hand a mail to the operator; returns its answer. Blocking.

    Raises MailError: an SMTP code, `tls`, `connect`, `cut`.
    """
    try:
        client = _connect(channel, parcel.mailbox)
    except smtplib.SMTPConnectError as error:
        raise MailError(str(error.smtp_code), _text(error.smtp_error)) from None
    try:
        return _converse(channel, client, parcel)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()


def _connect(channel: Channel, mailbox: str) -> smtplib.SMTP:
    server, timeout = channel.mss.smtp_server, channel.mss.timeout
    try:
        if server.implicit:
            context = channel.context(mailbox)
            secure = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=context)
            _checked(channel, secure)
            return secure
        return smtplib.SMTP(server.host, server.port, timeout=timeout)
    except smtplib.SMTPConnectError:
        raise
    except ssl.SSLError as error:
        raise MailError("tls", str(error)) from None
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise MailError("connect", f"{type(error).__name__}: {error}") from None


def _converse(channel: Channel, client: smtplib.SMTP, parcel: Parcel) -> str:
    try:
        client.ehlo_or_helo_if_needed()
        if not channel.mss.smtp_server.implicit:
            _secure(channel, client, channel.mss.smtp_server, parcel.mailbox)
        if client.has_extn("auth"):
            client.user, client.password = parcel.mailbox, channel.mss.password
            client.auth("PLAIN", client.auth_plain)
        return _transfer(client, parcel)
    except smtplib.SMTPResponseException as error:
        raise MailError(str(error.smtp_code), _text(error.smtp_error)) from None
    except smtplib.SMTPHeloError as error:
        raise MailError(str(error.smtp_code), _text(error.smtp_error)) from None
    except ssl.SSLError as error:
        raise MailError("tls", str(error)) from None
    except smtplib.SMTPNotSupportedError as error:
        raise MailError("504", str(error)) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise MailError("cut", f"{type(error).__name__}: {error}") from None


def _secure(channel: Channel, client: smtplib.SMTP, server: Server, mailbox: str) -> None:
    channel.behaviour.smtp_before_tls(client, mailbox, channel.mss.password)
    if not client.has_extn("starttls"):
        if channel.behaviour.clear_allowed():
            return
        raise MailError("tls", f"{server.host} offers no STARTTLS")
    client.starttls(context=channel.context(mailbox))
    _checked(channel, client)
    client.ehlo()


def _checked(channel: Channel, client: smtplib.SMTP) -> None:
    try:
        channel.check(client.sock)
    except MailError:
        client.close()
        raise


def _transfer(client: smtplib.SMTP, parcel: Parcel) -> str:
    """MAIL, RCPT for each recipient, DATA. A refused recipient does not keep the others from being served."""
    asks = parcel.notify and client.has_extn("dsn")
    _expect(client.mail(parcel.sender, ["RET=HDRS", f"ENVID={parcel.identifier.strip('<>')}"] if asks else []), 250)
    refused: dict[str, smtplib.SMTPResponseException] = {}
    for recipient in parcel.recipients:
        options = ["NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{recipient}"] if asks else []
        try:
            _expect(client.rcpt(recipient, options), 250, 251)
        except smtplib.SMTPResponseException as error:
            refused[recipient] = error
    if len(refused) == len(parcel.recipients):
        raise next(iter(refused.values()))
    answer = _expect(client.data(parcel.data), 250)
    return "; ".join([answer, *(f"{r} refused: {e.smtp_code} {_text(e.smtp_error)}" for r, e in refused.items())])


def _expect(answer: tuple[int, bytes], *codes: int) -> str:
    code, text = answer
    if code not in codes:
        raise smtplib.SMTPResponseException(code, text)
    return f"{code} {_text(text)}"


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

"""Documents, archives and mails written by the standard library, for the tests of `check`."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable
from email.message import EmailMessage

CDA = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">\n'
    b'<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>\n<id root="1.2.250.1.999.1"/>\n'
    b'<code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/>\n</ClinicalDocument>\n'
)
PDF = b"%PDF-1.4\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def zipped(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of some members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return held.getvalue()


def tarred(members: Iterable[tuple[str, bytes]], mode: str = "w:gz") -> bytes:
    """A tar archive of some members, gzipped unless told otherwise."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def mail(attachments: Iterable[tuple[str, bytes]], body: str = "Bonjour") -> bytes:
    """A mail with attachments, as the standard library writes one."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@essai.mssante.fr", "b@essai.mssante.fr", "Résultats"
    message.set_content(body)
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return bytes(message)

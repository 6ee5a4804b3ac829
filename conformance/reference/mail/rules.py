"""The small decisions of the mail half: `MailBehaviour` lists those that a defect may replace.

Sources: Référentiel socle MSSanté #2 as the requirements of the REM quote it (headers, subject, attachments, TLS), and
the volets "Transmission d'un document CDA-R2 en HL7 v2" and "... à un LPS" (flags, relay, receipts).
"""

from __future__ import annotations

import smtplib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid

from cryptography import x509

from conformance.reference.mail import Attachment, Settings
from conformance.reference.values import Cda, Document, Received

SUITES = (
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:"
    "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2"
)
"""0xC030, 0xC02F, 0xC028, 0xC027, 0x009F, 0x009E. The level refuses a DH group under 2048 bits."""

REPLACES = "Ce document annule et remplace le document précédemment transmis."
DELETED = (
    "Le document désigné ci-dessous, qui vous a été transmis par messagerie sécurisée de santé, a été supprimé par son "
    "émetteur. Nous vous remercions de ne plus en tenir compte et de le supprimer."
)
AUTOMATIC = "Ce message a été généré automatiquement. Pour joindre son émetteur, écrivez à l'adresse : {address}"
MASKING = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX")
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


def plain(text: str) -> str:
    """A text without accents."""
    kept = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE").replace("’", "'"))
    return "".join(c for c in kept if not unicodedata.combining(c))


def day(value: str) -> str:
    """AAAAMMJJ as JJ/MM/AAAA; empty when it is no day."""
    return f"{value[6:8]}/{value[4:6]}/{value[:4]}" if len(value) >= 8 and value[:8].isdecimal() else ""


def sender_label(label: str) -> str:
    """What stands before the sender's address."""
    return label


def return_address(settings: Settings, asked: Sequence[str]) -> str:
    """Where answers go: the address the message asks for (PRT REPLY), or the one that was set. Empty: no Reply-To."""
    return asked[0] if asked else settings.reply_to


def body(text: str, html: str) -> tuple[tuple[str, str], ...]:
    """The parts of the body, (text subtype, content)."""
    return (("plain", text), ("html", html))


def message_id(domain: str) -> str:
    """A Message-ID of its own."""
    return make_msgid(domain=domain)


def replacement_notice(text: str) -> str:
    """The body of a mail that carries a new version of a document."""
    return f"{REPLACES}\n\n{text}"


def delivery_receipt(asked: bool) -> bool:
    """Whether the mail asks for a DSN."""
    return asked


def read_receipt(asked: bool) -> bool:
    """Whether the mail asks for an MDN."""
    return asked


def attachments(archive: Attachment, pdfs: tuple[Attachment, ...], to_patient: bool) -> tuple[Attachment, ...]:
    """The archive, then the same documents as PDF/A-1."""
    del to_patient
    return (archive, *pdfs)


def documents_sent(documents: tuple[Document, ...], previous: tuple[Document, ...]) -> tuple[Document, ...]:
    """The documents of a mail: the N1 version of a message's document, or its only one. `previous`: the mail before."""
    del previous
    return (next((d for d in documents if d.cda.level == "N1"), documents[0]),)


def patient_address(received: Received, domain: str) -> str:
    """The patient's address, built on a qualified INS only; empty otherwise."""
    return f"{received.ins.matricule}@{domain}" if received.ins is not None and received.qualified else ""


def deletion_recipients(recipients: tuple[str, ...], sender: str) -> tuple[str, ...]:
    """Who is told of a deletion: all those who received the document."""
    del sender
    return recipients


def reply_headers(original: EmailMessage) -> tuple[str, str]:
    """In-Reply-To and References of an answer (RFC 5322 3.6.4)."""
    identifier = str(original.get("Message-ID", "")).strip()
    chain = str(original.get("References") or original.get("In-Reply-To") or "").split()
    return identifier, " ".join([*(c for c in chain if c != identifier), identifier])


def ins_header(documents: Sequence[Cda]) -> str:
    """X-MSS-INS: O when the header of a CDA holds matricule, OID and the four traits."""
    return "O" if any(_qualified(d) for d in documents) else "N"


def _qualified(cda: Cda) -> bool:
    traits = cda.patient
    ins = any(root.startswith("1.2.250.1.213.1.4.") and extension for extension, root in cda.patient_ids)
    return ins and all((traits.family, traits.given, len(traits.birth_day) == 8, traits.sex in ("F", "M")))


def code_header(documents: Sequence[Cda]) -> str:
    """X-MSS-CODECDA: the codes, in order."""
    return ",".join(d.type.code for d in documents)


def product_header(reference: str) -> str:
    """X-MSS-NIL; empty: no header."""
    return reference


def no_answer_header() -> str:
    """X-MSS-MES of a mail to a patient who must not answer."""
    return "FIN"


def subject(documents: Sequence[Cda]) -> str:
    """XDM/1.0/DDM+<libellé> <NOM> <prénom> <date de naissance>."""
    first = documents[0]
    title = (first.type.label or first.title)[:40].strip() if len(documents) == 1 else f"{len(documents)} documents"
    traits = first.patient
    return " ".join(
        v
        for v in (f"XDM/1.0/DDM+{title}", plain(traits.family).upper(), plain(traits.given), day(traits.birth_day))
        if v
    )


def is_returned(received: Received) -> bool:
    """Whether the result of a mail goes back to the sending system (ZAM^Z02)."""
    return received.flag("ACK_RECEPTION")


def is_read_returned(received: Received) -> bool:
    """Whether a read receipt goes back to the sending system (ZAM^Z03)."""
    return received.flag("ACK_LECTURE_MSS")


def is_traced(action: str) -> bool:
    """Whether an operation leaves a trace: all do."""
    del action
    return True


def trace_author(author: str) -> str:
    """The author written in a trace."""
    return author


def tls_offer(minimum: str, maximum: str) -> tuple[str, str, str]:
    """What is offered to the operator: lowest and highest version, suites below TLS 1.3 as OpenSSL names them."""
    return minimum, maximum, SUITES


def dates_checked() -> bool:
    """Whether the operator's certificate must be valid today."""
    return True


def chain_accepted(chain: Sequence[x509.Certificate]) -> bool:
    """Whether a chain that leads to our anchors is trusted: always."""
    return bool(chain)


def certificate_shown(mailbox: str, application_mailbox: str) -> bool:
    """Whether the session shows our certificate."""
    del mailbox, application_mailbox
    return True


def clear_allowed() -> bool:
    """Whether a server without STARTTLS is talked to all the same."""
    return False


def smtp_before_tls(client: smtplib.SMTP, login: str, password: str) -> None:
    """What is said between EHLO and STARTTLS: nothing."""
    del client, login, password


def imap_before_tls() -> bool:
    """Whether LOGIN comes before STARTTLS."""
    return False


def last_crl_kept() -> bool:
    """Whether the last CRL serves when the current one cannot be had."""
    return True


def is_archive(members: Sequence[str]) -> bool:
    """Whether the members of a zip file are those of an IHE_XDM archive."""
    names = {m.upper() for m in members}
    inside = any(n.startswith("IHE_XDM/") and n.count("/") == 2 and n.endswith("/METADATA.XML") for n in names)
    return inside and {"INDEX.HTM", "README.TXT"} <= names


def patient_of(metadata_matricule: str, subject: str) -> str:
    """The matricule of the patient of a received document: the one of METADATA.XML."""
    del subject
    return metadata_matricule


def documents_relayed(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """The documents of an archive that are handed over: all."""
    return documents


def receipt_sent(asked: bool) -> bool:
    """Whether the destination's acknowledgement becomes a receipt to the sender of the mail."""
    return asked


def stopped(infected: bool) -> bool:
    """Whether a mail is kept from the destination."""
    return infected


def step_kept(action: str) -> bool:
    """Whether a step is written in the history of a received document: all are."""
    del action
    return True


@dataclass(frozen=True, slots=True)
class MailBehaviour:
    """The replaceable decisions of the mail half. A defect is `dataclasses.replace` of one of them."""

    sender_label: Callable[[str], str] = sender_label
    return_address: Callable[[Settings, Sequence[str]], str] = return_address
    body: Callable[[str, str], tuple[tuple[str, str], ...]] = body
    message_id: Callable[[str], str] = message_id
    replacement_notice: Callable[[str], str] = replacement_notice
    delivery_receipt: Callable[[bool], bool] = delivery_receipt
    read_receipt: Callable[[bool], bool] = read_receipt
    attachments: Callable[[Attachment, tuple[Attachment, ...], bool], tuple[Attachment, ...]] = attachments
    documents_sent: Callable[[tuple[Document, ...], tuple[Document, ...]], tuple[Document, ...]] = documents_sent
    patient_address: Callable[[Received, str], str] = patient_address
    deletion_recipients: Callable[[tuple[str, ...], str], tuple[str, ...]] = deletion_recipients
    reply_headers: Callable[[EmailMessage], tuple[str, str]] = reply_headers
    ins_header: Callable[[Sequence[Cda]], str] = ins_header
    code_header: Callable[[Sequence[Cda]], str] = code_header
    product_header: Callable[[str], str] = product_header
    no_answer_header: Callable[[], str] = no_answer_header
    subject: Callable[[Sequence[Cda]], str] = subject
    is_returned: Callable[[Received], bool] = is_returned
    is_read_returned: Callable[[Received], bool] = is_read_returned
    is_traced: Callable[[str], bool] = is_traced
    trace_author: Callable[[str], str] = trace_author
    tls_offer: Callable[[str, str], tuple[str, str, str]] = tls_offer
    dates_checked: Callable[[], bool] = dates_checked
    chain_accepted: Callable[[Sequence[x509.Certificate]], bool] = chain_accepted
    certificate_shown: Callable[[str, str], bool] = certificate_shown
    clear_allowed: Callable[[], bool] = clear_allowed
    smtp_before_tls: Callable[[smtplib.SMTP, str, str], None] = smtp_before_tls
    imap_before_tls: Callable[[], bool] = imap_before_tls
    last_crl_kept: Callable[[], bool] = last_crl_kept
    is_archive: Callable[[Sequence[str]], bool] = is_archive
    patient_of: Callable[[str, str], str] = patient_of
    documents_relayed: Callable[[tuple[Document, ...]], tuple[Document, ...]] = documents_relayed
    receipt_sent: Callable[[bool], bool] = receipt_sent
    stopped: Callable[[bool], bool] = stopped
    step_kept: Callable[[str], bool] = step_kept

"""Violations of the mail flow: each replaces one decision of `mail.rules.MailBehaviour`, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import EmailMessage

from conformance.reference.defects.table import Defect, of_mail
from conformance.reference.mail import Attachment, Settings, rules
from conformance.reference.values import Cda, Document, Received


def no_return_address(settings: Settings, asked: Sequence[str]) -> str:
    """No Reply-To."""
    del settings, asked
    return ""


def first_return_address(settings: Settings, asked: Sequence[str]) -> str:
    """The address of the settings file, whatever was set since."""
    return asked[0] if asked else settings.first_reply_to


def html_only(text: str, html: str) -> tuple[tuple[str, str], ...]:
    """One part, text/html."""
    del text
    return (("html", html),)


def same_message_id(domain: str) -> str:
    """The same identifier for every mail."""
    return f"<courriel@{domain}>"


def silent_replacement(text: str) -> str:
    """The body as if the document were new."""
    return text


def never(asked: bool) -> bool:
    """What is asked for is not done."""
    del asked
    return False


def receipts_untraced(action: str) -> bool:
    """Receipts that come back leave nothing."""
    return action != "receipt"


def deletions_untraced(action: str) -> bool:
    """Deletions in a mailbox leave nothing."""
    return action != "delete"


def no_label(label: str) -> str:
    """A bare address."""
    del label
    return ""


def archive_alone_for_patient(
    archive: Attachment, pdfs: tuple[Attachment, ...], to_patient: bool
) -> tuple[Attachment, ...]:
    """The patient does not get the PDF."""
    return (archive,) if to_patient else (archive, *pdfs)


def any_identity(received: Received, domain: str) -> str:
    """The matricule of the message, whatever its status."""
    given = next((r for r in received.recipients if r.lower().endswith("@" + domain.lower())), "")
    if given or received.ins is not None:
        return given or f"{received.ins.matricule if received.ins else ''}@{domain}"
    return f"{received.local_ids[0][0]}@{domain}" if received.local_ids else ""


def sender_only(recipients: tuple[str, ...], sender: str) -> tuple[str, ...]:
    """Only our own mailbox is told."""
    del recipients
    return (sender,)


def no_thread(original: EmailMessage) -> tuple[str, str]:
    """Neither In-Reply-To nor References."""
    del original
    return "", ""


def always_qualified(documents: Sequence[Cda]) -> str:
    """O whatever the document holds."""
    del documents
    return "O"


def labels(documents: Sequence[Cda]) -> str:
    """The labels of the codes."""
    return ",".join(d.type.label or d.title for d in documents)


def no_product(reference: str) -> str:
    """No X-MSS-NIL."""
    del reference
    return ""


def nobody(author: str) -> str:
    """No author."""
    del author
    return ""


def lower_case_end() -> str:
    """In small letters."""
    return "fin"


def also_previous(documents: tuple[Document, ...], previous: tuple[Document, ...]) -> tuple[Document, ...]:
    """The document of the patient before goes along."""
    return (*rules.documents_sent(documents, previous), *previous[:1])


def patient_in_subject(metadata_matricule: str, subject: str) -> str:
    """Fifteen characters like a matricule in the subject win over the metadata; without any, the words of a name."""
    found = re.search(r"\b[1-478]\d{5}[\dAB]\d{8}\b", subject)
    if found:
        return found[0]
    del metadata_matricule
    return "".join(subject.removeprefix("XDM/1.0/DDM+").split())[-15:]


def free_subject(documents: Sequence[Cda]) -> str:
    """A subject for humans."""
    del documents
    return "Document de santé"


def one_document_archive(members: Sequence[str]) -> bool:
    """The archive of several documents is not known as an IHE_XDM archive."""
    return rules.is_archive(members) and sum(m.upper().rpartition("/")[2].startswith("DOC") for m in members) == 1


def no_integration_step(action: str) -> bool:
    """How it ended at the destination is not written in the history."""
    return not action.startswith(("acknowledged", "integrated", "replaced"))


def nothing_returned(received: Received) -> bool:
    """What became of the mails is kept silent."""
    del received
    return False


def first_document(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """The first one."""
    return documents[:1]


DEFECTS: tuple[Defect, ...] = (
    of_mail(
        "reply-to-lost",
        "va1/MSS/va1.09",
        "return_address",
        no_return_address,
        "Les courriels de la BAL applicative n'ont pas d'en-tête Reply-To.",
        "Mails from the application mailbox carry no Reply-To.",
    ),
    of_mail(
        "html-only-body",
        "va1/MSS/va1.11",
        "body",
        html_only,
        "Le corps des courriels est en text/html seul.",
        "The body of the mails is text/html alone.",
    ),
    of_mail(
        "message-id-repeated",
        "va1/MSS/va1.12",
        "message_id",
        same_message_id,
        "Tous les courriels ont le même Message-ID.",
        "Every mail has the same Message-ID.",
    ),
    of_mail(
        "replacement-silent",
        "va1/MSS/va1.13",
        "replacement_notice",
        silent_replacement,
        "Un remplacement est envoyé sans la mention « annule et remplace ».",
        "A replacement is sent without the « annule et remplace » mention.",
    ),
    of_mail(
        "receipt-not-traced",
        "va1/MSS/va1.14",
        "is_traced",
        receipts_untraced,
        "Un accusé de réception qui revient ne laisse aucune trace.",
        "A delivery receipt that comes back leaves no trace.",
    ),
    of_mail(
        "receipt-header-ignored",
        "va1/MSS/va1.15",
        "delivery_receipt",
        never,
        "L'accusé de réception demandé n'est pas porté par Return-Receipt-To.",
        "Return-Receipt-To is not set when a delivery receipt is asked for.",
    ),
    of_mail(
        "sender-without-label",
        "va1/MSS/va1.16",
        "sender_label",
        no_label,
        "L'expéditeur est une adresse nue, sans libellé.",
        "The sender is a bare address, without display name.",
    ),
    of_mail(
        "citizen-without-pdf",
        "va1/MSS/va1.17",
        "attachments",
        archive_alone_for_patient,
        "Le courriel au patient porte l'archive sans le PDF.",
        "The mail to the patient carries the archive without the PDF.",
    ),
    of_mail(
        "return-address-fixed",
        "va1/MSS/va1.18",
        "return_address",
        first_return_address,
        "L'adresse de retour paramétrée est ignorée.",
        "The return address that was set is ignored.",
    ),
    of_mail(
        "unqualified-address",
        "va1/MSS/va1.19",
        "patient_address",
        any_identity,
        "Un courriel part vers une adresse usager construite sur une identité non qualifiée.",
        "A mail goes to a patient address built on an identity that is not qualified.",
    ),
    of_mail(
        "deletion-notice-to-sender-only",
        "va1/MSS/va1.30",
        "deletion_recipients",
        sender_only,
        "L'avis de suppression n'est pas envoyé aux destinataires du document.",
        "The deletion notice is not sent to the recipients of the document.",
    ),
    of_mail(
        "reply-without-references",
        "va1/MSS/va1.08",
        "reply_headers",
        no_thread,
        "Une réponse n'a ni References ni In-Reply-To.",
        "A reply has neither References nor In-Reply-To.",
    ),
    of_mail(
        "x-mss-ins-always-o",
        "va2/MSS/CONF.14",
        "ins_header",
        always_qualified,
        "X-MSS-INS vaut O quoi que contienne le CDA.",
        "X-MSS-INS is O whatever the CDA holds.",
    ),
    of_mail(
        "x-mss-codecda-label",
        "va2/MSS/CONF.15",
        "code_header",
        labels,
        "X-MSS-CODECDA donne le libellé au lieu du code.",
        "X-MSS-CODECDA gives the label instead of the code.",
    ),
    of_mail(
        "x-mss-nil-missing",
        "va2/MSS/CONF.16",
        "product_header",
        no_product,
        "Les courriels n'ont pas d'en-tête X-MSS-NIL.",
        "Mails carry no X-MSS-NIL.",
    ),
    of_mail(
        "traces-without-deletions",
        "va2/MSS/CONF.17",
        "is_traced",
        deletions_untraced,
        "Les suppressions dans une BAL ne sont pas tracées.",
        "Deletions in a mailbox are not traced.",
    ),
    of_mail(
        "traces-without-author",
        "va2/MSS/CONF.18",
        "trace_author",
        nobody,
        "Les traces n'ont pas d'auteur.",
        "Traces have no author.",
    ),
    of_mail(
        "fin-lowercase",
        "va2/MSS/CONF.21",
        "no_answer_header",
        lower_case_end,
        "X-MSS-MES vaut « fin » en minuscules.",
        "X-MSS-MES is « fin » in small letters.",
    ),
    of_mail(
        "two-patients-one-mail",
        "va2/MSS/CONF.23",
        "documents_sent",
        also_previous,
        "Le document du patient précédent est joint lui aussi.",
        "The document of the patient before is joined too.",
    ),
    of_mail(
        "patient-from-subject",
        "va2/MSS/CONF.24",
        "patient_of",
        patient_in_subject,
        "Le patient d'un courriel reçu est lu dans son objet.",
        "The patient of a received mail is read in its subject.",
    ),
    of_mail(
        "subject-free",
        "va2/MSS/CONF.25",
        "subject",
        free_subject,
        "L'objet des courriels est « Document de santé ».",
        "The subject of the mails is « Document de santé ».",
    ),
    of_mail(
        "several-documents-not-xdm",
        "va2/MSS/UX.01",
        "is_archive",
        one_document_archive,
        "Une archive IHE_XDM de plusieurs documents n'est pas reconnue.",
        "An IHE_XDM archive of several documents is not recognised.",
    ),
    of_mail(
        "read-receipt-ignored",
        "va2/MSS/UX.33",
        "read_receipt",
        never,
        "L'accusé de lecture demandé n'est pas porté par Disposition-Notification-To.",
        "Disposition-Notification-To is not set when a read receipt is asked for.",
    ),
    of_mail(
        "received-history-gap",
        "va2/MSS/UX.37",
        "step_kept",
        no_integration_step,
        "L'intégration d'un document reçu manque à son historique.",
        "The integration of a received document is missing from its history.",
    ),
    of_mail(
        "mss-returns-missing",
        "va2/CDA/HL7.02",
        "is_returned",
        nothing_returned,
        "Le résultat des envois MSSanté n'est pas retourné au système émetteur.",
        "The results of mails are not returned to the sending system.",
    ),
    of_mail(
        "received-not-relayed",
        "va2/CDA/HL7.03",
        "documents_relayed",
        first_document,
        "Seul le premier document d'une archive reçue est transmis au système destinataire.",
        "Only the first document of a received archive is handed to the destination system.",
    ),
    of_mail(
        "ack-not-converted",
        "va2/CDA/HL7.04",
        "receipt_sent",
        never,
        "L'accusé du système destinataire ne donne aucun accusé à l'émetteur du courriel.",
        "The destination's acknowledgement gives no receipt to the sender of the mail.",
    ),
    of_mail(
        "eicar-relayed",
        "va2/SSI/GEN.08",
        "stopped",
        never,
        "Un fichier que l'antivirus signale est transmis quand même.",
        "A file that the antivirus names is handed over all the same.",
    ),
)

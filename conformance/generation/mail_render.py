"""A received mail made whole once bound: its CDAs, archive, PDF copies, headers. Always the same bytes.

Subject, file names and layout follow the référentiel socle MSSanté n° 2 (ECO.2.1.1 to 2.1.6) and IHE ITI-32.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from conformance.evidence.values import Binding
from conformance.generation.identity import IPP_ROOT, ResolvedIdentity, resolve
from conformance.generation.people import SPECIALTIES
from conformance.generation.render import DEFAULTS, Settings
from conformance.models.mail import MailDocument, ReceivedMail
from conformance.standards import eicar
from conformance.standards.cda import builders as cda
from conformance.standards.cda import pdf
from conformance.standards.cda.marks import LOINC
from conformance.standards.mail import builders as mail
from conformance.standards.xdm import builders as xdm
from conformance.standards.xdm import syntax as zipped

_PARIS = timezone(timedelta(hours=1))
_IMAGING_CODE = "18748-4"
_MASKED = ("MASQUE_PS", "1.2.250.1.213.1.1.4.13", "Masqué aux professionnels de santé")
_CONTENT = re.compile(rb'<text mediaType="application/pdf" representation="B64">[^<]*</text>')
_HASH = re.compile(rb'(<rim:Slot name="hash"><rim:ValueList><rim:Value>)[0-9a-f]{40}')
_SUBSET = "IHE_XDM/SUBSET01"
ARCHIVE = "IHE_XDM.zip"
MISLED = "DURAND CAMILLE 01/02/1970"
"""Whom a misleading subject names: never a patient of the bench's cases."""


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail ready to be delivered.

    `uids` are the unique ids of its CDAs, in order, `documents` their bytes. `message_id` has no angle brackets,
    `sender` is the address it comes from.
    """

    body: bytes
    message_id: str
    sender: str
    uids: tuple[str, ...]
    documents: tuple[bytes, ...]
    keys: tuple[tuple[str, str], ...]
    identity: ResolvedIdentity


def message_id(binding: Binding, *parts: object) -> str:
    """A Message-ID of the bench, without angle brackets, unique in every run."""
    return f"{binding.control('mail', *parts).lower()}.{binding.run}@banc.mssante.fr"


def document_uid(binding: Binding, number: int) -> str:
    """The unique id of the `number`th document (from 1) of a received mail."""
    return binding.uid("mail-document", number)


def render(
    case: ReceivedMail, binding: Binding, as_of: date, mailbox: str, settings: Settings = DEFAULTS
) -> RenderedMail:
    """The mail to `mailbox`, sent on the evening before the run's day."""
    identity = resolve(case.patient, binding, as_of, settings.ins_environment)
    sent_at = datetime.combine(as_of - timedelta(days=1), time(19, 0), _PARIS)
    documents = tuple(
        _document(case, document, number, identity, binding, as_of) for number, document in enumerate(case.documents, 1)
    )
    uids = tuple(document_uid(binding, number) for number in range(1, len(documents) + 1))
    sender = _sender(case, identity, settings)
    spec = mail.MailSpec(
        sender=sender,
        to=(("", mailbox),),
        subject=_subject(case, identity),
        text=_text(case),
        message_id=message_id(binding),
        sent_at=sent_at,
        receipt_to=sender[1] if case.receipt else "",
        files=_files(case, documents, identity, binding, sent_at),
    )
    carried = case.content == "xdm"
    return RenderedMail(
        body=mail.build(spec),
        message_id=spec.message_id,
        sender=sender[1],
        uids=uids if carried else (),
        documents=documents if carried else (),
        keys=(
            *(("document", uid) for uid in uids if carried),
            ("message", spec.message_id),
            ("patient", identity.matricule),
        ),
        identity=identity,
    )


def _sender(case: ReceivedMail, identity: ResolvedIdentity, settings: Settings) -> tuple[str, str]:
    if case.sender == "patient":
        label = f"{identity.first_given_name} {identity.birth_name}"
        return label, f"{identity.matricule}@{settings.patient_domain}"
    who = case.author
    return f"Dr {who.given} {who.family}", f"ps{who.rpps}@{settings.professional_domain}"


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _subject(case: ReceivedMail, identity: ResolvedIdentity) -> str:
    label = case.documents[0].kind.label[:40].strip()
    what = label if len(case.documents) == 1 else f"{len(case.documents)} documents"
    person = f"{_plain(identity.birth_name)} {_plain(identity.first_given_name)} {identity.birth_date:%d/%m/%Y}"
    if case.subject == "misleading":
        person = MISLED
    if case.content != "xdm" or case.subject == "free":
        return f"Votre patient {person}" if case.subject == "misleading" else "Documents demandés"
    return f"{mail.XDM_PREFIX}{what} {person}"


def _text(case: ReceivedMail) -> str:
    words = "Vous trouverez ci-joint des documents de santé." if case.content != "none" else "Merci de me rappeler."
    if case.subject == "misleading":
        words = f"Vous trouverez ci-joint des documents de {MISLED}."
    return f"Bonjour,\n\n{words}\n"


def _document(
    case: ReceivedMail, document: MailDocument, number: int, identity: ResolvedIdentity, binding: Binding, as_of: date
) -> bytes:
    imaging = document.kind.code == _IMAGING_CODE
    start = datetime.combine(as_of - timedelta(days=2), time(9, 30), _PARIS)
    local = (identity.ipp_root, identity.ipp)
    person = cda.PersonSpec(
        f"8{case.author.rpps}",
        case.author.family,
        case.author.given,
        case.author.specialty,
        SPECIALTIES[case.author.specialty],
    )
    made = cda.build(
        cda.CdaSpec(
            uid=document_uid(binding, number),
            set_id=binding.uid("mail-set", number),
            version=1,
            patient=cda.PatientSpec(
                ids=((identity.oid, identity.matricule), local),
                birth_name=identity.birth_name,
                given=identity.given_names,
                sex=identity.sex,
                birth=f"{identity.birth_date:%Y%m%d}",
                birth_place=identity.birth_place,
                used_name=identity.used_name,
            ),
            author=person,
            structure=cda.StructureSpec(f"1{case.structure.finess}", case.structure.name),
            code=document.kind.code,
            code_system=LOINC if document.kind.system == "LN" else cda.TRE_A05,
            label=document.kind.label,
            title=document.kind.title,
            effective_time=start + timedelta(hours=5, minutes=number),
            service_start=start,
            service_stop=start + timedelta(minutes=45),
            level=document.level,
            text=f"{document.kind.title} - {identity.birth_name} - {number}",
            order=(f"{IPP_ROOT}.2", f"D{identity.ipp[1:]}{number}") if imaging else None,
            accession=(f"{IPP_ROOT}.3", f"A{identity.ipp[1:]}{number}") if imaging else None,
        )
    )
    return _infected(made) if case.virus == "document" and number == 1 else made


def _infected(document: bytes) -> bytes:
    held = base64.b64encode(eicar.content())
    return _CONTENT.sub(b'<text mediaType="text/plain" representation="B64">' + held + b"</text>", document, count=1)


def _files(
    case: ReceivedMail,
    documents: tuple[bytes, ...],
    identity: ResolvedIdentity,
    binding: Binding,
    sent_at: datetime,
) -> tuple[mail.File, ...]:
    if case.virus == "attachment":
        return (mail.File("resultats.com", "application/octet-stream", eicar.content()),)
    if case.content == "none":
        return ()
    copies = tuple(
        mail.File(_pdf_name(document, number, identity, sent_at), "application/pdf", _copy(document, number, binding))
        for number, document in enumerate(case.documents, 1)
    )
    archive = _zip(copies, documents) if case.content == "zip" else _archive(case, documents, binding, sent_at)
    kind = "application/octet-stream" if case.opaque else "application/zip"
    joined = mail.File(ARCHIVE if case.content == "xdm" else "documents.zip", kind, archive)
    if case.content == "zip":
        return (joined,)
    return (*copies, joined) if case.pdf_first else (joined, *copies)


def _pdf_name(document: MailDocument, number: int, identity: ResolvedIdentity, sent_at: datetime) -> str:
    act = sent_at - timedelta(days=1)
    label = document.kind.label[:40].strip().replace("/", " ")
    return f"{act:%Y%m%d}_{label}_{identity.birth_name}_{identity.first_given_name}_{number}.pdf"


def _copy(document: MailDocument, number: int, binding: Binding) -> bytes:
    return pdf.pdf_a(document.kind.title, title=document.kind.title, uid=binding.uid("mail-copy", number))


def _zip(copies: tuple[mail.File, ...], documents: tuple[bytes, ...]) -> bytes:
    """An ordinary archive: the CDAs, their PDF copies and a note, nothing of an IHE_XDM."""
    members = {f"document-{n}.xml": document for n, document in enumerate(documents, 1)}
    members |= {f"document-{n}.pdf": copy.content for n, copy in enumerate(copies, 1)}
    return zipped.write({"lisez-moi.txt": b"Documents du patient.\r\n", **members})


def _archive(case: ReceivedMail, documents: tuple[bytes, ...], binding: Binding, sent_at: datetime) -> bytes:
    spec = xdm.SetSpec(
        uid=binding.uid("mail-submission"),
        source=f"{IPP_ROOT}.9",
        submitted=f"{sent_at.astimezone(UTC):%Y%m%d%H%M%S}",
        restrictions=tuple((_MASKED,) if d.masked else () for d in case.documents),
    )
    archive = xdm.build(documents, spec)
    if case.virus == "archive":
        members = dict(zipped.read(archive).members)
        return zipped.write({**members, f"{_SUBSET}/ANNEXE.COM": eicar.content()})
    return archive if case.damage is None else _damaged(case.damage, archive)


def _damaged(name: str, archive: bytes) -> bytes:
    """The archive wrong in one way; raises KeyError for an unknown name."""
    if name == "zip-truncated":
        return archive[: len(archive) * 2 // 3]
    members = dict(zipped.read(archive).members)
    metadata, first = f"{_SUBSET}/METADATA.XML", f"{_SUBSET}/DOC0001.XML"
    every: dict[str, dict[str, bytes | None]] = {
        "metadata-missing": {metadata: None},
        "metadata-unreadable": {metadata: members[metadata][: len(members[metadata]) // 2]},
        "document-missing": {first: None},
        "hash-wrong": {metadata: _HASH.sub(rb"\g<1>" + b"0" * 40, members[metadata])},
    }
    changes = every[name]
    kept = {n: changes.get(n, content) for n, content in members.items()}
    return zipped.write({n: content for n, content in kept.items() if content is not None})

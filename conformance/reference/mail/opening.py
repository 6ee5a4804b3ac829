"""What is in a received mail: its attachments, an IHE_XDM archive when there is one, the documents it describes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.utils import parseaddr

from lxml import etree

from conformance.errors import Malformed
from conformance.reference import cda
from conformance.reference.ebrim import RIM
from conformance.reference.mail.rules import EICAR, MailBehaviour
from conformance.reference.registry import ENTRY_CONFIDENTIALITY, ENTRY_ID, ENTRY_PATIENT
from conformance.reference.values import Cda, Coded, Document, Refused
from conformance.standards.xdm.syntax import Archive
from conformance.standards.xdm.syntax import read as unzip

NS = {"r": RIM}
MAX_PARTS = 200
_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


class NotAnArchive(Exception):
    """A zip that is no usable IHE_XDM archive: why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of an archive, with what METADATA.XML says: patientId (CX), confidentiality codes."""

    document: Document
    patient: str
    codes: tuple[str, ...]

    @property
    def matricule(self) -> str:
        """The first component of patientId."""
        return self.patient.partition("^")[0].strip()

    @property
    def authority(self) -> str:
        """The OID of the authority of patientId."""
        parts = self.patient.split("^")
        return parts[3].split("&")[1] if len(parts) > 3 and parts[3].count("&") >= 2 else ""


def parse(data: bytes) -> EmailMessage:
    """The mail; the parser of the standard library accepts anything."""
    found = message_from_bytes(data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def header(message: Message, name: str) -> str:
    """A header as one line of text, empty when it is missing or cannot be read."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (MessageError, ValueError, IndexError, AttributeError):
        return ""


def address(message: Message, name: str) -> str:
    """The first address of a header, in lower case."""
    return parseaddr(header(message, name))[1].lower()


def text_of(message: EmailMessage) -> str:
    """The text of the body, preferably plain."""
    try:
        body = message.get_body(("plain", "html"))
        return str(body.get_content()) if body is not None else ""
    except (KeyError, LookupError, ValueError, AttributeError, MessageError):
        return ""


def files(message: Message) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each part that is not text of the body."""
    for number, part in enumerate(message.walk()):
        if number > MAX_PARTS:
            return
        if part.is_multipart():
            continue
        name = ""
        try:
            name = part.get_filename() or ""
            data = part.get_payload(decode=True)
        except (ValueError, LookupError, MessageError):
            continue
        if isinstance(data, bytes) and (name or part.get_content_maintype() != "text"):
            yield name, data


def archives(message: Message) -> Iterator[tuple[str, Archive]]:
    """Each attachment that is a zip file (by its first bytes), unpacked; a damaged one is not one."""
    for name, data in files(message):
        if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            try:
                yield name, unzip(data)
            except Malformed:
                continue


def infected(message: Message) -> str:
    """The name of the first file that the antivirus names, looking inside archives; empty when there is none."""
    for name, data in files(message):
        if EICAR in data:
            return name or "attachment"
    for name, archive in archives(message):
        for member, data in archive.members.items():
            if EICAR in data:
                return f"{name}/{member}"
    return ""


def documents_in(files: Iterable[bytes], behaviour: MailBehaviour) -> tuple[Cda, ...]:
    """The headers of the CDA documents of the IHE_XDM archives among these files."""
    found: list[Cda] = []
    for data in files:
        try:
            found += [e.document.cda for e in entries(unzip(data), behaviour)]
        except (Malformed, NotAnArchive):
            continue
    return tuple(found)


def entries(archive: Archive, behaviour: MailBehaviour) -> list[Entry]:
    """The documents of an IHE_XDM archive, in the order of METADATA.XML; raises NotAnArchive."""
    if not behaviour.is_archive(tuple(archive.members)):
        raise NotAnArchive("not the members of an IHE_XDM archive")
    metadata = [n for n in archive.members if n.upper().endswith("/METADATA.XML")]
    if not metadata:
        return _bare(archive)
    found: list[Entry] = []
    for name in metadata:
        folder = name.rpartition("/")[0]
        try:
            root = etree.fromstring(archive.members[name], _parser)
        except (etree.XMLSyntaxError, ValueError):
            raise NotAnArchive(f"{name} cannot be read") from None
        for node in root.iter(f"{{{RIM}}}ExtrinsicObject"):
            found.append(_entry(node, folder, archive))
    if not found:
        raise NotAnArchive("METADATA.XML describes no document")
    return found


def _entry(node: etree._Element, folder: str, archive: Archive) -> Entry:
    uri = _slot(node, "URI")
    data = archive.members.get(f"{folder}/{uri}")
    if data is None:
        raise NotAnArchive(f"{uri or 'a document'} is not in the archive")
    if (size := _slot(node, "size")) and size != str(len(data)):
        raise NotAnArchive(f"{uri} is not of the size told")
    digest = _slot(node, "hash").lower()
    if digest and digest != hashlib.sha1(data).hexdigest():  # the metadata is defined as SHA-1
        raise NotAnArchive(f"{uri} is not what its hash says")
    patient = _external(node, ENTRY_PATIENT)
    if not patient:
        raise NotAnArchive("METADATA.XML names no patient")
    try:
        head = cda.read(data)
    except Refused:
        raise NotAnArchive(f"{uri} is not a CDA document") from None
    told = _external(node, ENTRY_ID)
    if told and told.partition("^")[0] != head.unique_id:
        raise NotAnArchive(f"{uri} is not the document that METADATA.XML describes")
    path = f"r:Classification[@classificationScheme='{ENTRY_CONFIDENTIALITY}']/@nodeRepresentation"
    codes = node.xpath(path, namespaces=NS)
    return Entry(
        Document("1", Coded(head.type.code, head.type.label), "F", data, head),
        patient,
        tuple(str(c) for c in codes) if isinstance(codes, list) else (),
    )


def _bare(archive: Archive) -> list[Entry]:
    """The CDA documents of a zip without metadata."""
    found = []
    for data in archive.members.values():
        try:
            head = cda.read(data)
        except Refused:
            continue
        extension, root = next(iter(head.patient_ids), ("", ""))
        document = Document("1", Coded(head.type.code, head.type.label), "F", data, head)
        found.append(Entry(document, f"{extension}^^^&{root}&ISO^NH", ()))
    return found


def _slot(node: etree._Element, name: str) -> str:
    for slot in node.findall("r:Slot", NS):
        if slot.get("name") == name:
            return slot.findtext("r:ValueList/r:Value", "", NS).strip()
    return ""


def _external(node: etree._Element, scheme: str) -> str:
    for identifier in node.findall("r:ExternalIdentifier", NS):
        if identifier.get("identificationScheme") == scheme:
            return (identifier.get("value") or "").strip()
    return ""

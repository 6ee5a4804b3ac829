"""What a mail encloses: IHE_XDM archives with their CDA documents, PDFs, documents that stand bare; opened once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from conformance.errors import Malformed
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.cda.reader import read as read_cda
from conformance.standards.mail.syntax import Mail, Part
from conformance.standards.xdm import reader as xdm
from conformance.standards.xdm.reader import Media
from conformance.standards.xds.submission import Entry

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_ZIP_TYPES = frozenset({"application/zip", "application/x-zip-compressed", "application/x-zip"})


@dataclass(frozen=True, eq=False)
class Enclosed:
    """One CDA of an archive, or attached bare: where it lies, its bytes, its header, its metadata when listed."""

    place: str
    data: bytes
    header: CdaHeader
    entry: Entry | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    """A ZIP opened: `media` None with its `fault` when it cannot be; `xdm` when it means to be an IHE_XDM archive."""

    media: Media | None
    fault: Malformed | None
    xdm: bool
    documents: tuple[Enclosed, ...] = ()


@dataclass(frozen=True, eq=False)
class Archive:
    """A ZIP attached to a mail."""

    part: Part
    opened: Opened

    @property
    def xdm(self) -> bool:
        """Whether it means to be an IHE_XDM archive: by what it holds, or by its name when it cannot be read."""
        return self.opened.xdm or (self.opened.media is None and "XDM" in self.part.filename.upper())


@dataclass(frozen=True, eq=False)
class Contents:
    """The attachments of a mail by what they are.

    `archives` are the IHE_XDM ones, `zips` the others; `pdfs` the parts that are PDF by type, name or bytes; `bare` the
    CDA documents attached outside any archive.
    """

    archives: tuple[Archive, ...] = ()
    zips: tuple[Archive, ...] = ()
    pdfs: tuple[Part, ...] = ()
    bare: tuple[Enclosed, ...] = ()

    @property
    def documents(self) -> tuple[Enclosed, ...]:
        """The CDA documents of the IHE_XDM archives."""
        return tuple(d for a in self.archives for d in a.opened.documents)

    @property
    def unique_ids(self) -> tuple[str, ...]:
        """The unique ids of every CDA enclosed, in archives first."""
        found = (d.header.unique_id for d in (*self.documents, *self.bare))
        return tuple(dict.fromkeys(u for u in found if u))

    @property
    def listed_ids(self) -> tuple[str, ...]:
        """The unique ids that the metadata of the archives give, readable documents or not."""
        return tuple(dict.fromkeys(e.unique_id for e in self._entries() if e.unique_id))

    @property
    def patients(self) -> tuple[str, ...]:
        """The patient identifiers of the documents and of the metadata: matricules first, then local numbers."""
        strong, weak = [], []
        for document in (*self.documents, *self.bare):
            held = document.header.patient.ins
            strong += [held.extension] if held is not None else []
            weak += [i.extension for i in document.header.patient.ids]
        strong += [e.patient_id.id for e in self._entries()]
        strong += [s.patient_id.id for a in self.archives if a.opened.media for s in a.opened.media.subsets]
        return tuple(dict.fromkeys(p for p in (*strong, *weak) if p))

    def _entries(self) -> Iterator[Entry]:
        for archive in self.archives:
            if archive.opened.media is not None:
                for subset in archive.opened.media.subsets:
                    yield from subset.documents


def contents(mail: Mail) -> Contents:
    """What the attachments of a mail are; never raises for what they hold. The same bytes are unpacked once."""
    archives: list[Archive] = []
    zips: list[Archive] = []
    pdfs: list[Part] = []
    bare: list[Enclosed] = []
    for part in mail.attachments:
        data = part.content
        name = part.filename.upper()
        zipped, pdf = data.startswith((_ZIP, _EMPTY_ZIP)), data.startswith(b"%PDF-")
        if not zipped and not pdf and (header := header_of(data)) is not None:
            bare.append(Enclosed(part.filename or part.path, data, header))
        elif pdf or (not zipped and (part.type == "application/pdf" or name.endswith(".PDF"))):
            pdfs.append(part)
        elif zipped or part.type in _ZIP_TYPES or name.endswith(".ZIP"):
            archive = Archive(part, open_zip(data))
            (archives if archive.xdm else zips).append(archive)
    return Contents(tuple(archives), tuple(zips), tuple(pdfs), tuple(bare))


@lru_cache(maxsize=32)
def open_zip(data: bytes) -> Opened:
    """A ZIP opened; memoised by its bytes, since several judges look into the same attachment."""
    try:
        media = xdm.read(data)
    except Malformed as fault:
        return Opened(None, fault, xdm=False)
    names = tuple(media.archive.members)
    if not xdm.looks_like(names):
        return Opened(media, None, xdm=False)
    entries = {name: entry for s in media.subsets for entry in s.entries for id, name in s.members if id == entry.id}
    documents = [
        Enclosed(name, held, header, entries.get(name))
        for name, held in media.archive.members.items()
        if name.upper().endswith(".XML") and not name.upper().endswith(xdm.METADATA)
        if (header := header_of(held)) is not None
    ]
    return Opened(media, None, xdm=True, documents=tuple(documents))


@lru_cache(maxsize=64)
def header_of(data: bytes) -> CdaHeader | None:
    """The header of a CDA, None for bytes that are none; memoised."""
    if b"ClinicalDocument" not in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        return read_cda(data)
    except Malformed:
        return None

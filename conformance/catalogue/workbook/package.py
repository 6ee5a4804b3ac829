"""The file of a workbook, looked at before anything opens it: a zip, of bounded size, without XML entities."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from conformance.errors import ProfileError

FILE_LIMIT = 32 << 20  # bytes of the file
CONTENT_LIMIT = 64 << 20  # bytes of all its parts, inflated
PARTS = 2_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 20
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")


@dataclass(frozen=True, slots=True)
class Package:
    """A workbook that may be opened: its name, its bytes and their SHA-256, and whether it carries macros or links."""

    name: str
    content: bytes
    sha256: str
    macros: bool
    links: bool


def read(path: Path) -> Package:
    """The bytes of a workbook, held to the limits; raises ProfileError."""
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise ProfileError("workbook.too-big", where=path.name, limit=FILE_LIMIT >> 20)
        content = path.read_bytes()
    except OSError as error:
        raise ProfileError("workbook.unreadable", where=str(path), problem=error.strerror or str(error)) from None
    if content.startswith(_OLE):
        raise ProfileError("workbook.locked", where=path.name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = _looked_at(archive, path.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise ProfileError("workbook.not-a-workbook", where=path.name) from None
    if "xl/workbook.xml" not in names:
        raise ProfileError("workbook.not-a-workbook", where=path.name)
    macros = any(name.endswith("vbaProject.bin") for name in names)
    links = any(name.startswith("xl/externalLinks/") for name in names)
    return Package(path.name, content, sha256(content).hexdigest(), macros, links)


def _looked_at(archive: zipfile.ZipFile, file: str) -> frozenset[str]:
    parts = archive.infolist()
    # A part is never inflated past the size it declares: the sum of what is declared bounds the work.
    if len(parts) > PARTS or sum(part.file_size for part in parts) > CONTENT_LIMIT:
        raise ProfileError("workbook.bomb", where=file, limit=CONTENT_LIMIT >> 20, parts=PARTS)
    for part in parts:
        # What office suites keep beside the workbook (customXml, often in UTF-16) is never parsed.
        if part.filename.endswith((".xml", ".rels", ".vml")) and not part.filename.startswith("customXml/"):
            _plain(archive, part, file)
    return frozenset(part.filename for part in parts)


def _plain(archive: zipfile.ZipFile, part: zipfile.ZipInfo, file: str) -> None:
    """Refuse a part with a document type, or in an encoding where one could hide."""
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            seen = tail + chunk
            if not tail and seen[:4].count(0):
                raise ProfileError("workbook.entities", where=f"{file}: {part.filename}")
            if any(word in seen for word in _DECLARATIONS):
                raise ProfileError("workbook.entities", where=f"{file}: {part.filename}")
            tail = seen[-16:]

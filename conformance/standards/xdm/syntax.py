"""ZIP bytes <-> members, safe on hostile input: bounded numbers and sizes, no name that leaves the archive."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.errors import Malformed

LIMIT_MEMBERS = 2_000
LIMIT_BYTES = 256 * 1024 * 1024
"""Bytes of all members together, unpacked."""

LIMIT_RATIO = 200
"""Unpacked bytes for one packed byte, over 1 MiB."""

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Archive:
    """The members of an archive by name, in their order, exactly as stored; folders are left out.

    `doubled` are names that come more than once (the first one is kept).
    """

    members: Mapping[str, bytes] = field(default_factory=dict)
    doubled: tuple[str, ...] = ()


def read(data: bytes) -> Archive:
    """The archive in memory; nothing is ever written.

    Raises Malformed: `xdm.syntax.zip` (no ZIP, damaged, encrypted, unknown method), `xdm.syntax.name` (a name that is
    absolute, holds `..`, a drive or a backslash), `xdm.syntax.too-big` (members, bytes, ratio).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            return _members(zipped)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed("xdm.syntax.zip", "", str(error)[:200]) from None
    except (NotImplementedError, RuntimeError) as error:  # an unknown method; an encrypted member
        raise Malformed("xdm.syntax.zip", "", str(error)[:200]) from None


def _members(zipped: zipfile.ZipFile) -> Archive:
    rows = zipped.infolist()
    if len(rows) > LIMIT_MEMBERS:
        raise Malformed("xdm.syntax.too-big", "", f"{len(rows)} members")
    found: dict[str, bytes] = {}
    doubled, total = [], 0
    for row in rows:
        name = row.orig_filename
        if not _inside(name):
            raise Malformed("xdm.syntax.name", name[:200], name[:200])
        if row.is_dir():
            continue
        if row.flag_bits & 0x1:
            raise Malformed("xdm.syntax.zip", name[:200], "encrypted")
        if name in found:
            doubled.append(name)
            continue
        found[name] = _content(zipped, row, LIMIT_BYTES - total)
        total += len(found[name])
    return Archive(found, tuple(dict.fromkeys(doubled)))


def _content(zipped: zipfile.ZipFile, row: zipfile.ZipInfo, left: int) -> bytes:
    most = min(left, max(1 << 20, row.compress_size * LIMIT_RATIO))
    out = io.BytesIO()
    with zipped.open(row) as stream:
        while piece := stream.read(_CHUNK):
            out.write(piece)
            if out.tell() > most:
                raise Malformed("xdm.syntax.too-big", row.filename[:200], f"over {most} bytes")
    return out.getvalue()


def _inside(name: str) -> bool:
    """True for a relative name that stays below the root of the archive."""
    if not name or "\x00" in name or "\\" in name or name.startswith("/") or name[1:2] == ":":
        return False
    return not any(step in ("..", ".") for step in name.split("/"))


def write(members: Mapping[str, bytes], *, stamp: tuple[int, int, int, int, int, int] = (2024, 1, 1, 0, 0, 0)) -> bytes:
    """A ZIP of these members in their order, deflated; the same members always give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            row = zipfile.ZipInfo(name, stamp)
            row.compress_type = zipfile.ZIP_DEFLATED
            row.external_attr = 0o644 << 16
            zipped.writestr(row, content)
    return out.getvalue()

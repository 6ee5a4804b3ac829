"""The export for portability (PORT/va1.02): what the repository holds is in the file that it gives."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.identity_exchange.told import finding
from conformance.properties.mail_flow import asked, step, told

LIMIT = 64 * 1024 * 1024
MEMBERS = 2_000


def _texts(data: bytes) -> Iterator[bytes]:
    """The file, or the members of an archive, within bounds."""
    if not data.startswith(b"PK\x03\x04"):
        yield data
        return
    left = LIMIT
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist()[:MEMBERS]:
                with archive.open(info) as member:
                    content = member.read(left)
                left -= len(content)
                yield content
                if left <= 0:
                    return
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
        return


def _readable(data: bytes) -> bool:
    """Whether names can be looked for in it: text, not compressed pages."""
    return b"\0" not in data[:4096] and not data.startswith(b"%PDF")


def _holds(data: bytes, text: str) -> bool:
    return any(text.encode(code, "replace") in data for code in ("utf-8", "latin-1"))


@register(
    "port.export",
    exercise="identity.traces",
    clause="DSR RI PORT/va1.02 (export de l'historique pour la portabilité)",
    requirements=("RI/va1/PORT/va1.02",),
    codes=frozenset({"port.export.empty", "port.export.incomplete"}),
    claims=frozenset({"traces:portability"}),
    needs=frozenset({"pilot:export.portability/1"}),
)
def port_export(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The identity made just before is in the export, when the file can be read as text."""
    data, read = told(driven, heard, "export"), step(driven, "export")
    traits = asked(driven, heard, "create").get("traits")
    made = told(driven, heard, "create")
    if data is None or read is None or made is None or not isinstance(traits, dict):
        return
    where = read.answer or read.exchange
    try:
        file = base64.b64decode(str(data.get("file") or ""))
    except (binascii.Error, ValueError):
        file = b""
    if not file:
        yield finding("port.export.empty", "file", exchange=where)
        return
    texts = [t for t in _texts(file) if _readable(t)]
    if not texts:
        return  # only a person can read it: to be attested
    yield Witness("an export was given", where, str(data.get("format") or ""))
    name, ipp = str(traits.get("birth_name") or ""), str(made.get("ipp") or "")
    for field, value in (("birth_name", name), ("ipp", ipp)):
        if value and not any(_holds(t, value) for t in texts):
            yield finding("port.export.incomplete", field, exchange=where, expected=value, subject=field)

"""Recorded messages made drivable: new control id, time and document ids, and the earlier messages they suppose.

Official example messages repeat MSH-10 and document ids. Only the digits that end an id are replaced, so that what an
id looks like (an OID, a malformed one, a bare number), and which ids are equal, stays as it was recorded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from conformance.evidence.values import Binding
from conformance.models.document import Request
from conformance.standards.hl7v2.syntax import Message, Segment, parse

_TRAILING = re.compile(rb"\d+\Z")
_CDA_HEADER_END = re.compile(rb"<(?:\w+:)?recordTarget\b")
_ROOT_ID = re.compile(rb"<(?:\w+:)?(?:id|setId)\b[^<>]*>")
_RELATED = re.compile(rb"\s*<(?P<p>(?:\w+:)?)relatedDocument\b.*?</(?P=p)relatedDocument\s*>", re.DOTALL)
_ATTRIBUTE = re.compile(rb"\b(root|extension)(\s*=\s*)([\"'])([^\"'<>]*)\3")

_EVENT: dict[Request, str] = {"initial": "T02", "replacement": "T10", "deletion": "T04"}
_STATUS: dict[Request, str] = {"initial": "F", "replacement": "C", "deletion": "D"}
_ORDER: dict[Request, str] = {"initial": "NW", "replacement": "RO", "deletion": "CA"}

_CONFIDENTIALITY_CHANGED = ("MODIF_CONF_CODE", "MODIF_CONFIDENTIALITYCODE")
_VERSION = re.compile(rb"(<(?:\w+:)?versionNumber\s+value\s*=\s*[\"'])(\d+)")


@dataclass(frozen=True, slots=True)
class Stamped:
    """A message to send: its new bytes, `control` its new MSH-10, `uids` the document ids the vendor will quote.

    `derived` tells that it is not a recorded message but one made from it, to be sent before it.
    """

    message: bytes
    control: str
    uids: tuple[str, ...]
    request: Request
    derived: bool


@dataclass(frozen=True, slots=True)
class Stamper:
    """Gives new ids to old ones, the same for the same, within one binding."""

    binding: Binding
    as_of: date
    _known: dict[bytes, bytes] = field(default_factory=dict, repr=False)

    def id(self, old: bytes) -> bytes:
        """The id with the digits at its end replaced (18 others); unchanged when it ends by no digit."""
        found = _TRAILING.search(old)
        if found is None:
            return old
        digits = found[0]
        if digits not in self._known:
            seed = f"{self.binding.run}/{self.binding.number}/".encode() + digits
            number = int.from_bytes(hashlib.sha256(seed).digest()[:16]) % (9 * 10**17) + 10**17
            self._known[digits] = b"%d" % number
        return old[: found.start()] + self._known[digits]


def stamp(raw: bytes, binding: Binding, as_of: date, *, seed: bool) -> tuple[Stamped, ...]:
    """The messages to send in order, the last one being the recorded one; raises Malformed when it is not HL7 v2.

    With `seed`, a replacement is preceded by the initial transmission it supposes, a deletion by the transmission (and
    by the replacement, when its document says that it replaced one).
    """
    recorded = parse(raw)
    stamper = Stamper(binding, as_of)
    request = request_of(recorded)
    chain: list[tuple[Request, Message]] = [(request, recorded)]
    if seed and request == "deletion" and _parents(recorded):
        chain.insert(0, ("replacement", _as(recorded, "replacement")))
    if seed and request != "initial":
        first = chain[0][1]
        chain.insert(0, ("initial", _as(_previous(first) if chain[0][0] == "replacement" else first, "initial")))
    return tuple(
        _stamped(message, step, stamper, index, derived=index + 1 < len(chain))
        for index, (step, message) in enumerate(chain)
    )


def request_of(message: Message) -> Request:
    """What a document message asks for, by its event, else by OBX-11 of its document; `initial` when nothing says."""
    document = next(_documents(message), None)
    status = document.value(11) if document is not None else ""
    said = ((_EVENT, message.get("MSH-9.2")), (_STATUS, status))
    return next((r for table, word in said for r, w in table.items() if w == word), "initial")


def _documents(message: Message) -> Iterator[Segment]:
    """The OBX that carry a document: encapsulated data declared as XML."""
    return (s for s in message.all("OBX") if s.raw_field(2) == b"ED" and s.value(5, 3).upper() == "XML")


def _decoded(obx: Segment) -> bytes | None:
    """The CDA of an OBX; None when there is none or its Base64 cannot be read, even by adding its padding."""
    raw = obx.raw_value(5, component=5)
    try:
        data = binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return None
    return data if b"ClinicalDocument" in data[:4096] else None


def _head_ids(data: bytes) -> list[re.Match[bytes]]:
    """ClinicalDocument/id and setId: the only ids before recordTarget (templateId and typeId have other names)."""
    end = _CDA_HEADER_END.search(data)
    return list(_ROOT_ID.finditer(data, 0, end.start() if end else len(data)))


def _attributes(element: bytes) -> dict[bytes, bytes]:
    return {m[1]: m[4] for m in _ATTRIBUTE.finditer(element)}


def _parents(message: Message) -> list[bytes]:
    """The ids of the documents that the carried ones say they replace."""
    found = []
    for obx in _documents(message):
        related = _RELATED.search(_decoded(obx) or b"")
        if related is not None and (parent := _ROOT_ID.search(related[0])):
            found.append(parent[0])
    return found


def _as(message: Message, request: Request) -> Message:
    """The same message asking for something else, wherever it says what it asks for."""
    for number, _ in _numbered(message):
        message = message.with_value(f"OBX({number})-11", _STATUS[request])
    if message.get("MSH-9.1") == "MDM":
        message = message.with_value("MSH-9.2", _EVENT[request])
    if message.first("ORC") is not None:
        message = message.with_value("ORC-1", _ORDER[request])
    if request == "initial":
        if message.get("TXA-13"):
            message = message.with_value("TXA-13", b"")
        for number, row in enumerate(message.all("OBX"), 1):
            if row.value(3, 1) in _CONFIDENTIALITY_CHANGED:  # only a replacement can change anything
                message = message.with_value(f"OBX({number})-5.1", "N")
    return message


def _previous(message: Message) -> Message:
    """The message with the document it replaces in place of its own: that id, and no parent any more."""
    replaced = parse(message.raw).get("TXA-13.1")
    if replaced:
        message = message.with_value("TXA-12.1", replaced)
    for number, obx in _numbered(message):
        data = _decoded(obx)
        if data is None:
            continue
        related = _RELATED.search(data)
        if related is None:
            continue
        parent, own = _ROOT_ID.search(related[0]), _head_ids(data)
        data = data[: related.start()] + data[related.end() :]
        if parent is not None and own:
            data = data[: own[0].start()] + parent[0] + data[own[0].end() :]
        data = _VERSION.sub(lambda m: m[1] + b"%d" % max(1, int(m[2][:9]) - 1), data, count=1)
        message = _with_document(message, number, data)
    return message


def _numbered(message: Message) -> list[tuple[int, Segment]]:
    """The document OBX with their number among all OBX, from 1."""
    wanted = {d.position for d in _documents(message)}
    return [(n, s) for n, s in enumerate(message.all("OBX"), 1) if s.position in wanted]


def _with_document(message: Message, number: int, data: bytes) -> Message:
    """Put a document back, without padding when there was none: a fault of the recorded message stays."""
    was = message.get(f"OBX({number})-5.5")
    encoded = base64.b64encode(data)
    return message.with_value(f"OBX({number})-5.5", encoded.rstrip(b"=") if len(was) % 4 else encoded)


def _stamped(message: Message, request: Request, stamper: Stamper, index: int, *, derived: bool) -> Stamped:
    control = stamper.binding.control("recorded", index)
    sent = f"{stamper.as_of - timedelta(days=1):%Y%m%d}20{index:02d}"
    message = message.with_value("MSH-10", control).with_value("MSH-7", sent)
    uids: list[str] = []
    for path in ("TXA-12.1", "TXA-13.1"):
        old = message.get(path)
        if old:
            message = message.with_value(path, stamper.id(old.encode()))
    if message.get("TXA-12.1"):
        uids.append(message.get("TXA-12.1"))
    for number, obx in _numbered(message):
        data = _decoded(obx)
        if data is None:
            continue
        data, uid = _document(data, stamper)
        message = _with_document(message, number, data)
        uids += [uid] if uid else []
    return Stamped(message.wire(), control, tuple(dict.fromkeys(uids)), request, derived)


def _document(data: bytes, stamper: Stamper) -> tuple[bytes, str]:
    """A CDA with new ids (own, set, replaced), and its unique id as XDS writes it (`root` or `root^extension`)."""
    places = _head_ids(data)
    related = _RELATED.search(data)
    if related is not None:
        places += _ROOT_ID.finditer(data, related.start(), related.end())
    out, end = [], 0
    for place in places:
        out += [data[end : place.start()], _element(place[0], stamper)]
        end = place.end()
    whole = b"".join((*out, data[end:]))
    own = next((m[0] for m in _head_ids(whole) if b"setId" not in m[0]), b"")
    said = _attributes(own)
    parts = [p.decode("utf-8", "replace") for p in (said.get(b"root", b""), said.get(b"extension", b"")) if p]
    return whole, "^".join(parts)


def _element(element: bytes, stamper: Stamper) -> bytes:
    """An id element with the digits that end its extension replaced, or those that end its root without extension."""
    wanted = b"extension" if b"extension" in _attributes(element) else b"root"
    return _ATTRIBUTE.sub(lambda m: m[1] + m[2] + m[3] + (stamper.id(m[4]) if m[1] == wanted else m[4]) + m[3], element)

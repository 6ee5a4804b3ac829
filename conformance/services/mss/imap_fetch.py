"""What FETCH gives of a message: bytes of sections as they came, ENVELOPE, BODYSTRUCTURE (RFC 3501 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.header import Header

from conformance.services.mss.imap_syntax import Unreadable, Value, quoted
from conformance.services.mss.operator import Message
from conformance.standards.mail.syntax import Address, Mail, Part

MACROS = {
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}

_SECTION = re.compile(
    r"BODY(\.PEEK)?\[((?:\d+\.)*\d+)?\.?"
    r"(HEADER\.FIELDS(?:\.NOT)?|HEADER|TEXT|MIME)?(?: \(([^)]*)\))?\](?:<(\d+)\.(\d+)>)?",
    re.IGNORECASE,
)
_OLD = {"RFC822": "BODY[]", "RFC822.TEXT": "BODY[TEXT]", "RFC822.HEADER": "BODY.PEEK[HEADER]"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def reads(item: str) -> bool:
    """Whether an item gives words or files of the message: more than its header and its structure."""
    asked = _OLD.get(item.upper(), item)
    found = _SECTION.fullmatch(asked)
    return found is not None and (found[3] or "").upper() not in (
        "HEADER",
        "MIME",
        "HEADER.FIELDS",
        "HEADER.FIELDS.NOT",
    )


def marks_seen(item: str) -> bool:
    """Whether an item sets the flag Seen."""
    asked = _OLD.get(item.upper(), item)
    found = _SECTION.fullmatch(asked)
    return found is not None and not found[1]


def item(message: Message, asked: str, flags: str) -> bytes:
    """One item of a FETCH answer, name and value; raises Unreadable for what is none."""
    name = asked.upper()
    if name == "UID":
        return b"UID %d" % message.uid
    if name == "FLAGS":
        return f"FLAGS ({flags})".encode()
    if name == "INTERNALDATE":
        return b'INTERNALDATE "' + internal_date(message).encode() + b'"'
    if name == "RFC822.SIZE":
        return b"RFC822.SIZE %d" % len(message.raw)
    if name == "ENVELOPE":
        return b"ENVELOPE " + (envelope(message.mail) if message.mail else b"(" + b" ".join([b"NIL"] * 10) + b")")
    if name in ("BODY", "BODYSTRUCTURE"):
        whole = structure(message.mail.root, extended=name != "BODY") if message.mail else _opaque(message)
        return name.encode() + b" " + whole
    told = _OLD.get(name)
    found = _SECTION.fullmatch(told or asked)
    if not found:
        raise Unreadable("unknown FETCH item")
    label = name if told else re.sub(r"(?i)^BODY\.PEEK", "BODY", asked.partition("<")[0])
    data = section(message, found[2] or "", (found[3] or "").upper(), (found[4] or "").split())
    if found[5] is not None:
        start = int(found[5])
        data = None if data is None else data[start : start + int(found[6])]
        label = f"{label}<{start}>"
    return label.encode() + b" " + (b"NIL" if data is None else b"{%d}\r\n%s" % (len(data), data))


def internal_date(message: Message) -> str:
    """`25-Nov-2026 13:05:12 +0000`, months in English whatever the locale."""
    at = message.at
    month = _MONTHS[at.month - 1]
    return f"{at.day:02d}-{month}-{at.year} {at:%H:%M:%S} {at.strftime('%z') or '+0000'}"


def section(message: Message, path: str, what: str, names: list[str]) -> bytes | None:
    """The bytes of a section as they came; None when there is no such part."""
    raw = message.raw
    if not path:
        if not what:
            return raw
        if what == "TEXT":
            return raw[len(message.header) :]
        return _header(message.header, what, names)
    part = _find(message.mail.root, path) if message.mail else None
    if part is None:
        return raw[len(message.header) :] if path == "1" and not what and not message.mail else None
    if not what:
        return part.raw
    if what == "MIME":
        return _fields(part)
    if part.mail is None:
        return None
    inner = part.mail
    if what == "TEXT":
        return inner.source[inner.root.start : inner.root.end]
    return _header(inner.source[inner.start : inner.root.start], what, names)


def _find(root: Part, path: str) -> Part | None:
    """The part of a path; of a mail without parts, part 1 is its body (RFC 3501 6.4.5)."""
    at: Part | None = root
    for number in path.split("."):
        if at is None:
            return None
        if at.mail is not None:
            at = at.mail.root
        if at.parts:
            index = int(number) - 1
            at = at.parts[index] if 0 <= index < len(at.parts) else None
        elif number != "1":
            return None
    return at


def _fields(part: Part) -> bytes:
    if not part.fields:
        return b"\r\n"
    return part.source[part.fields[0].start : part.start]


def _header(header: bytes, what: str, names: list[str]) -> bytes:
    if what == "HEADER":
        return header
    wanted = {name.strip('"').lower().encode() for name in names}
    kept = []
    for one in re.findall(rb"[^\r\n:]+:[^\n]*\n(?:[ \t][^\n]*\n)*", header):
        if (one.partition(b":")[0].strip().lower() in wanted) == (what == "HEADER.FIELDS"):
            kept.append(one)
    return b"".join(kept) + b"\r\n"


def envelope(mail: Mail) -> bytes:
    """The ENVELOPE structure."""

    def raw(name: str) -> bytes:
        found = mail.all(name)
        return quoted(found[0].unfolded if found else None)

    def people(name: str, instead: str = "") -> bytes:
        found = mail.addresses(name) or (mail.addresses(instead) if instead else ())
        return b"(" + b"".join(_address(one) for one in found) + b")" if found else b"NIL"

    return (
        b"("
        + b" ".join(
            [
                raw("Date"),
                raw("Subject"),
                people("From"),
                people("Sender", "From"),
                people("Reply-To", "From"),
                people("To"),
                people("Cc"),
                people("Bcc"),
                raw("In-Reply-To"),
                raw("Message-ID"),
            ]
        )
        + b")"
    )


def _address(one: Address) -> bytes:
    label = one.label if one.label.isascii() else Header(one.label, "utf-8").encode(linesep="")
    return b"(%s NIL %s %s)" % (quoted(label or None), quoted(one.local), quoted(one.domain))


def structure(part: Part, *, extended: bool) -> bytes:
    """The BODYSTRUCTURE of a part, or its BODY without the extension data."""
    main, _, sub = part.type.partition("/")
    if part.parts:
        inside = b"".join(structure(one, extended=extended) for one in part.parts)
        tail = b" %s NIL NIL" % _parameters(part.parameters) if extended else b""
        return b"(%s %s%s)" % (inside, quoted(sub), tail)
    fields = {f.key: f.unfolded for f in reversed(part.fields)}
    shown = [
        quoted(main),
        quoted(sub),
        _parameters(part.parameters),
        quoted(fields.get("content-id")),
        quoted(fields.get("content-description")),
        quoted(part.encoding or "7bit"),
        b"%d" % len(part.raw),
    ]
    if part.mail is not None:
        shown += [envelope(part.mail), structure(part.mail.root, extended=extended), _lines(part)]
    elif main == "text":
        shown.append(_lines(part))
    if extended:
        shown += [b"NIL", _disposition(part), b"NIL"]
    return b"(" + b" ".join(shown) + b")"


def _opaque(message: Message) -> bytes:
    size = len(message.raw) - len(message.header)
    return b'("text" "plain" NIL NIL NIL "7bit" %d 0)' % size


def _lines(part: Part) -> bytes:
    return b"%d" % part.raw.count(b"\n")


def _parameters(pairs: Mapping[str, str]) -> bytes:
    return b"(" + b" ".join(p for k, v in pairs.items() for p in (quoted(k), quoted(v))) + b")" if pairs else b"NIL"


def _disposition(part: Part) -> bytes:
    if not part.disposition:
        return b"NIL"
    name = {"filename": part.filename} if part.filename else {}
    return b"(%s %s)" % (quoted(part.disposition), _parameters(name))


def split_items(asked: Value) -> Iterator[str]:
    """The items of a FETCH, macros opened; raises Unreadable."""
    for one in asked if isinstance(asked, tuple) else (asked,):
        if not isinstance(one, str):
            raise Unreadable("a FETCH item is expected")
        yield from MACROS.get(one.upper(), (one,)) if not isinstance(asked, tuple) else (one,)

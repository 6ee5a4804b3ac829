"""Mail bytes <-> fields and parts (RFC 5322, 2045, 2046, 2047, 2231), safe on hostile input. No rule, no table.

Byte spans are kept: what a field or a part was, exactly as it came. The standard library reads parameters and
addresses, on bounded texts only.
"""

from __future__ import annotations

import binascii
import email.errors
import email.message
import email.utils
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from conformance.errors import Malformed

LIMIT_BYTES = 32 * 1024 * 1024
LIMIT_FIELDS = 1_000
LIMIT_FIELD = 64 * 1024
"""Bytes of one field; a longer one is kept raw, its text is cut."""
LIMIT_PARAMETERS = 4_000
"""Characters of a Content-Type or Content-Disposition that are read."""
LIMIT_ADDRESSES = 20_000
"""Characters of an address list that are read."""
LIMIT_PARTS = 1_000
LIMIT_DEPTH = 12

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(=\?)")
_MSG_ID = re.compile(r"<([^<>\s]{1,998})>")
_WORDS = frozenset({"text/plain", "text/html", "text/calendar", "text/enriched"})
_READING = (email.errors.MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the bytes themselves: a finding code (`mail.syntax.…`), where, and a little of it."""

    code: str
    path: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One header field. `raw` is its value as it came (folds included), `[start, end)` its bytes in the mail, name and
    line end included. `text` is unfolded, its encoded words decoded (RFC 2047)."""

    name: str
    raw: bytes
    text: str
    start: int
    end: int

    @property
    def key(self) -> str:
        """The name in lower case."""
        return self.name.lower()

    @property
    def unfolded(self) -> str:
        """The value unfolded and stripped, encoded words as they stand."""
        return _FOLD.sub("", _decode8(self.raw[:LIMIT_FIELD])).strip()


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: display name (decoded, may be empty) and addr-spec."""

    label: str
    address: str

    @property
    def local(self) -> str:
        """What stands before the last @."""
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """What stands after the last @, in lower case."""
        return self.address.rpartition("@")[2].lower()


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the structure. `path` counts as IMAP does (`1`, `2.1`; the root is empty).

    `type` is `type/subtype` in lower case (defaults of RFC 2045), `parameters` those of Content-Type. `disposition` is
    its first word in lower case, `filename` the name it or Content-Type gives, decoded, empty when there is none;
    `filename_form` says how it was written: `plain`, `2231`, `2047` or `8bit`. `[start, end)` are the bytes of its
    body in the mail, still encoded. `parts` are its parts; of a message/rfc822, the mail it holds is `mail`.
    """

    path: str
    fields: tuple[Field, ...]
    type: str
    parameters: Mapping[str, str]
    encoding: str
    disposition: str
    filename: str
    filename_form: str
    source: bytes = field(repr=False)
    start: int
    end: int
    parts: tuple[Part, ...] = ()
    mail: Mail | None = field(default=None, repr=False)

    @property
    def raw(self) -> bytes:
        """The body as it came, still encoded."""
        return self.source[self.start : self.end]

    @property
    def charset(self) -> str:
        """The charset parameter in lower case; us-ascii when there is none (RFC 2046, 4.1.2)."""
        return self.parameters.get("charset", "us-ascii").lower()

    @cached_property
    def decoded(self) -> tuple[bytes, str]:
        """The body decoded, and what is wrong with its encoding (empty: nothing)."""
        return _transfer(self.raw, self.encoding)

    @property
    def content(self) -> bytes:
        """The body decoded of its transfer encoding (empty for a multipart)."""
        return b"" if self.parts else self.decoded[0]

    @cached_property
    def text(self) -> str:
        """The body as text in its charset; what does not decode is replaced, an unknown charset is read as Latin-1."""
        try:
            return self.content.decode(self.charset, "replace")
        except (LookupError, ValueError):
            return self.content.decode("latin-1")

    @property
    def attached(self) -> bool:
        """Whether it is meant as a file: disposition attachment, a name, or a type that is no words."""
        if self.type.startswith("multipart/"):
            return False
        return self.disposition == "attachment" or bool(self.filename) or self.type not in _WORDS

    def walk(self) -> Iterator[Part]:
        """This part and those below, in order; mails within are not entered."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.parts))


@dataclass(frozen=True, eq=False)
class Mail:
    """A mail read: header fields in order, structure, and what is wrong with the bytes.

    `[start, end)` is where it lies in `source`: the whole of it, but for a mail within another.
    """

    source: bytes = field(repr=False)
    start: int
    end: int
    root: Part
    faults: tuple[Fault, ...] = ()

    @property
    def raw(self) -> bytes:
        """The bytes of the mail."""
        return self.source[self.start : self.end]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The header fields, in order."""
        return self.root.fields

    def all(self, name: str) -> tuple[Field, ...]:
        """The fields of a name, in order."""
        key = name.lower()
        return tuple(f for f in self.fields if f.key == key)

    def text(self, name: str) -> str:
        """The text of the first field of a name, empty when there is none."""
        found = self.all(name)
        return found[0].text if found else ""

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The mailboxes of every field of a name, in order."""
        return tuple(a for f in self.all(name) for a in addresses(f))

    @property
    def sender(self) -> Address | None:
        """The first mailbox of From."""
        return next(iter(self.addresses("From")), None)

    @property
    def recipients(self) -> tuple[Address, ...]:
        """The mailboxes of To, Cc and Bcc."""
        return (*self.addresses("To"), *self.addresses("Cc"), *self.addresses("Bcc"))

    @property
    def subject(self) -> str:
        """The subject decoded, empty when there is none."""
        return self.text("Subject")

    @property
    def message_id(self) -> str:
        """The first Message-ID without its angle brackets, empty when there is none."""
        return next((i for f in self.all("Message-ID") for i in message_ids(f.unfolded)), "")

    @property
    def in_reply_to(self) -> tuple[str, ...]:
        """The identifiers of In-Reply-To."""
        return tuple(i for f in self.all("In-Reply-To") for i in message_ids(f.unfolded))

    @property
    def references(self) -> tuple[str, ...]:
        """The identifiers of References, the oldest first."""
        return tuple(i for f in self.all("References") for i in message_ids(f.unfolded))

    def walk(self) -> Iterator[Part]:
        """Every part, the root first; mails within are not entered."""
        return self.root.walk()

    @property
    def attachments(self) -> tuple[Part, ...]:
        """The parts meant as files."""
        return tuple(p for p in self.walk() if p.attached)

    @property
    def wording(self) -> Part | None:
        """The part that holds the words: the first that is no attachment; for multipart/alternative, that part."""
        return _wording(self.root)


def parse(raw: bytes, *, limit: int = LIMIT_BYTES, parts: int = LIMIT_PARTS) -> Mail:
    """The mail of these bytes (an RFC 5322 message, CRLF or LF line ends), at most `limit` bytes and `parts` parts.

    Raises Malformed: `mail.syntax.too-big`, `mail.syntax.not-a-mail` (no header field at the start),
    `mail.syntax.too-many` (fields or parts), `mail.syntax.too-deep`.
    """
    if len(raw) > limit:
        raise Malformed("mail.syntax.too-big", "", f"{len(raw)} bytes")
    return _Reader(raw, parts).mail(0, len(raw), 0)


def addresses(one: Field) -> tuple[Address, ...]:
    """The mailboxes of a field; groups are flattened, what is no address is left out."""
    try:
        found = email.utils.getaddresses([one.unfolded[:LIMIT_ADDRESSES]])
    except _READING:
        return ()
    return tuple(Address(decode_words(label).strip(), address) for label, address in found if address)


def message_ids(text: str) -> tuple[str, ...]:
    """The identifiers between angle brackets, in order, without them."""
    return tuple(_MSG_ID.findall(text))


def decode_words(text: str) -> str:
    """A text with its encoded words decoded (RFC 2047); one that cannot be decoded stays as written."""
    return text if "=?" not in text else _WORD.sub(_word, _BETWEEN.sub(r"\1\2", text))


def _decode8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _word(match: re.Match[str]) -> str:
    charset, way, text = match.groups()
    try:
        if way in "bB":
            data = binascii.a2b_base64(text + "=" * (-len(text) % 4))
        else:
            data = quopri.decodestring(text.encode("ascii"), header=True)
        return data.decode(charset.partition("*")[0])
    except (ValueError, LookupError):
        return match.group()


def _transfer(raw: bytes, encoding: str) -> tuple[bytes, str]:
    if encoding == "base64":
        compact = raw.translate(None, b" \t\r\n")
        try:
            return binascii.a2b_base64(compact, strict_mode=True), ""
        except ValueError as error:
            try:
                return binascii.a2b_base64(compact + b"=" * (-len(compact) % 4)), str(error)[:100]
            except ValueError:
                return b"", str(error)[:100]
    if encoding == "quoted-printable":
        return quopri.decodestring(raw), ""
    return raw, "" if encoding in ("7bit", "8bit", "binary") else encoding[:60]


def _wording(part: Part) -> Part | None:
    if part.type == "multipart/alternative":
        return part
    if not part.parts:
        return None if part.attached else part
    # The words come first: related and mixed hold them in their first part.
    return next((found for inner in part.parts if (found := _wording(inner)) is not None), None)


class _Reader:
    """Reads one mail; counts parts over all depths."""

    def __init__(self, raw: bytes, most: int = LIMIT_PARTS) -> None:
        self.raw = raw
        self.most = most
        self.parts = 0
        self.faults: list[Fault] = []

    def mail(self, start: int, end: int, depth: int) -> Mail:
        outer, self.faults = self.faults, []
        if self.raw.startswith(b"From ", start):  # the separator of an mbox
            start = min(end, self.raw.find(b"\n", start) + 1 or end)
        fields, body = self.header(start, end, "")
        if not fields:
            raise Malformed("mail.syntax.not-a-mail", "", _decode8(self.raw[start : start + 60]))
        root = self.part(fields, body, end, "", depth, "text/plain")
        mail = Mail(self.raw, start, end, root, tuple(self.faults))
        self.faults = outer
        return mail

    def fault(self, code: str, path: str, seen: str = "") -> None:
        if len(self.faults) < 50:
            self.faults.append(Fault(code, path, seen[:200]))

    def header(self, start: int, end: int, path: str) -> tuple[tuple[Field, ...], int]:
        """The fields from an offset, and where the body begins."""
        fields: list[Field] = []
        at = start
        while at < end:
            if self.raw.startswith(b"\r\n", at):
                return tuple(fields), at + 2
            if self.raw.startswith(b"\n", at):
                return tuple(fields), at + 1
            match = _FIELD.match(self.raw, at, end)
            if match is None:  # what is no field ends the header
                self.fault("mail.syntax.field", path, _decode8(self.raw[at : min(end, at + 60)]))
                return tuple(fields), at
            if len(fields) >= LIMIT_FIELDS:
                raise Malformed("mail.syntax.too-many", path, f"> {LIMIT_FIELDS} fields")
            value = match.group(2).removesuffix(b"\r")
            if len(value) > LIMIT_FIELD:
                self.fault("mail.syntax.field", match.group(1).decode("ascii"), f"{len(value)} bytes")
            text = decode_words(_FOLD.sub("", _decode8(value[:LIMIT_FIELD])).strip())
            fields.append(Field(match.group(1).decode("ascii"), value, text, at, match.end()))
            at = match.end()
        return tuple(fields), end

    def part(self, fields: tuple[Field, ...], start: int, end: int, path: str, depth: int, default: str) -> Part:
        self.parts += 1
        if self.parts > self.most:
            raise Malformed("mail.syntax.too-many", path, f"> {self.most} parts")
        if depth > LIMIT_DEPTH:
            raise Malformed("mail.syntax.too-deep", path, f"> {LIMIT_DEPTH}")
        kind, parameters = self.parameters(fields, "content-type", path)
        kind = kind if re.fullmatch(r"[^\s/;]+/[^\s/;]+", kind) else default
        disposition, given = self.parameters(fields, "content-disposition", path)
        encoding = next((f.text.lower() for f in fields if f.key == "content-transfer-encoding"), "7bit").strip()
        name, form = _filename(fields, given.get("filename") or parameters.get("name") or "")
        parts: tuple[Part, ...] = ()
        inner: Mail | None = None
        if kind.startswith("multipart/"):
            parts = self.multipart(kind, parameters.get("boundary", ""), start, end, path, depth)
        elif kind == "message/rfc822" and encoding in ("7bit", "8bit", "binary"):
            try:
                inner = self.mail(start, end, depth + 1)
            except Malformed as error:
                if error.code != "mail.syntax.not-a-mail":
                    raise
                self.fault("mail.syntax.field", path, error.seen)
        made = Part(
            path=path, fields=fields, type=kind, parameters=parameters, encoding=encoding, disposition=disposition,
            filename=name, filename_form=form, source=self.raw, start=start, end=end, parts=parts, mail=inner,
        )  # fmt: skip
        if not parts and encoding in ("base64", "quoted-printable") and made.decoded[1]:
            self.fault("mail.syntax.encoding", path, made.decoded[1])
        return made

    def parameters(self, fields: tuple[Field, ...], key: str, path: str) -> tuple[str, dict[str, str]]:
        """The first word of a field in lower case and its parameters (RFC 2231 put together), decoded."""
        found = next((f for f in fields if f.key == key), None)
        if found is None:
            return "", {}
        if len(found.raw) > LIMIT_PARAMETERS:
            self.fault("mail.syntax.field", key, f"{len(found.raw)} bytes")
            return found.unfolded[:200].partition(";")[0].strip().lower(), {}
        holder = email.message.Message()
        try:
            holder["x"] = found.unfolded
            pairs = holder.get_params([], header="x")
            values = {name.lower(): email.utils.collapse_rfc2231_value(value) for name, value in pairs[1:] if name}
        except _READING:
            self.fault("mail.syntax.field", key, found.unfolded)
            return "", {}
        word = pairs[0][0] if pairs else ""
        return word.strip().lower(), {n: decode_words(v).replace("\x00", "") for n, v in values.items()}

    def multipart(self, kind: str, boundary: str, start: int, end: int, path: str, depth: int) -> tuple[Part, ...]:
        if not boundary or len(boundary) > 200:
            self.fault("mail.syntax.boundary", path, boundary)
            return ()
        line = re.compile(rb"^--" + re.escape(boundary.encode("utf-8")) + rb"(--)?[ \t]*(?:\r?\n|\Z)", re.M)
        default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        made: list[Part] = []
        opened: int | None = None
        closed = False
        for match in line.finditer(self.raw, start, end):
            if opened is not None:
                made.append(self.inner(opened, match.start(), f"{path}.{len(made) + 1}".lstrip("."), depth, default))
            opened = match.end()
            if match.group(1):
                opened, closed = None, True
                break
        if opened is not None:  # the last delimiter is missing: what is left is still a part
            made.append(self.inner(opened, end, f"{path}.{len(made) + 1}".lstrip("."), depth, default))
        if not closed:
            self.fault("mail.syntax.boundary", path, boundary)
        return tuple(made)

    def inner(self, start: int, end: int, path: str, depth: int, default: str) -> Part:
        # The line end before a delimiter belongs to the delimiter (RFC 2046, 5.1.1).
        if end > start and self.raw[end - 1 : end] == b"\n":
            end -= 2 if self.raw[end - 2 : end] == b"\r\n" and end - 1 > start else 1
        fields, body = self.header(start, end, path)
        return self.part(fields, min(body, end), end, path, depth + 1, default)


def _filename(fields: tuple[Field, ...], name: str) -> tuple[str, str]:
    if not name:
        return "", ""
    told = b" ".join(f.raw for f in fields if f.key in ("content-disposition", "content-type"))[:LIMIT_PARAMETERS]
    if re.search(rb"(?:file)?name\*", told, re.I):
        return name, "2231"
    if b"=?" in told:
        return name, "2047"
    return name, "plain" if told.isascii() else "8bit"


def field_groups(data: bytes) -> tuple[tuple[Field, ...], ...]:
    """Blocks of fields one after the other, an empty line between, as the reports of RFC 3464 and 8098 have them."""
    reader, found = _Reader(data), list[tuple[Field, ...]]()
    at = 0
    while at < len(data) and len(found) < LIMIT_PARTS:
        fields, after = reader.header(at, len(data), "")
        if fields:
            found.append(fields)
        if after <= at:
            break
        at = after
    return tuple(found)

"""What the document rows are judged on: the documents captured, and what the editor declares of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from conformance.errors import Malformed
from conformance.evidence.values import Finding, Severity, Witness
from conformance.standards.cda import judging
from conformance.standards.cda.reader import CdaHeader, read
from conformance.standards.hl7v2 import syntax, transmission
from conformance.standards.hl7v2.values import DocumentMessage
from conformance.standards.xml import syntax as xml

Kind = Literal["cda", "pdf", "hl7v2", "other"]


@dataclass(frozen=True)
class Captured:
    """One document or message: the name of its file (or exchange) and its bytes."""

    name: str
    data: bytes

    @cached_property
    def kind(self) -> Kind:
        """What the bytes are."""
        if self.data[:5] == b"%PDF-":
            return "pdf"
        if self.header is not None:
            return "cda"
        return "hl7v2" if self.message is not None else "other"

    @cached_property
    def header(self) -> CdaHeader | None:
        """The header of a CDA, None for anything else."""
        try:
            return read(self.data)
        except Malformed:
            return None

    @cached_property
    def presented(self) -> bool:
        """True for a CDA inside a stylesheet."""
        try:
            return self.header is not None and xml.local(xml.parse(self.data)) in ("stylesheet", "transform")
        except Malformed:
            return False

    @cached_property
    def message(self) -> DocumentMessage | None:
        """The document message of HL7 v2, None for anything else."""
        if not self.data.lstrip(b"\x0b\r\n").startswith(b"MSH"):
            return None
        try:
            value = transmission.read(syntax.parse(self.data.strip(b"\x0b\x1c\r\n") + b"\r"))
        except Malformed:
            return None
        return value if isinstance(value, DocumentMessage) else None

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Declared:
    """What the editor declares of the case behind the documents; None or empty means nothing was said.

    `qualified`: the INS of the patient is qualified. `recipients`: names of the professionals the document was sent
    to. `requester_address`: the MSSanté address of the requester. `privacy_notice`: the RGPD text set up.
    `automatic_validation`: an examination was validated without a biologist; `automatic_notice`: the text set up for
    that. `subcontracted`: examinations were done by another laboratory; `subcontractor`: its name. `accredited`: how
    many examinations are covered by the Cofrac accreditation; `accreditation`: its number. `versions`: 1 or 2.
    """

    qualified: bool | None = None
    recipients: tuple[str, ...] = ()
    requester_address: str = ""
    privacy_notice: str = ""
    automatic_validation: bool | None = None
    automatic_notice: str = ""
    subcontracted: bool | None = None
    subcontractor: str = ""
    accredited: int | None = None
    accreditation: str = ""
    versions: int | None = None


@dataclass(frozen=True)
class Bundle:
    """The views of one case: documents and messages in the order captured, and what is declared of them."""

    captured: tuple[Captured, ...]
    declared: Declared = Declared()
    settings: judging.Settings = judging.DEFAULT

    @cached_property
    def documents(self) -> tuple[Captured, ...]:
        """Every CDA: files, and those that the messages carry (named `message!OBX[n]`)."""
        return tuple(c for c in (*self.captured, *self._carried) if c.header is not None)

    @cached_property
    def _carried(self) -> tuple[Captured, ...]:
        found = []
        for one in self.captured:
            if one.message is not None:
                for document in one.message.documents:
                    if document.data is not None:
                        found.append(Captured(f"{one.name}!OBX[{document.occurrence}]", document.data))
        return tuple(found)

    def of_level(self, level: Literal["N1", "N3"], *codes: str) -> Iterator[Captured]:
        """The CDA documents of a level, of some type codes when any is given."""
        for one in self.documents:
            header = one.header
            assert header is not None
            if header.level == level and (not codes or header.code.code in codes):
                yield one

    @property
    def pdfs(self) -> Iterator[Captured]:
        """The PDF files, those inside the N1 documents included (named `document!nonXMLBody`)."""
        yield from (c for c in self.captured if c.kind == "pdf")
        for one in self.of_level("N1"):
            data = body_of(one)
            if data[:5] == b"%PDF-":
                yield Captured(f"{one.name}!nonXMLBody", data)

    @property
    def messages(self) -> Iterator[Captured]:
        """The document messages of HL7 v2."""
        return (c for c in self.captured if c.message is not None)

    def errors(self, document: Captured) -> tuple[Finding, ...]:
        """The errors of a CDA by every rule of the bench, each named by its file."""
        found = self._judged.get(document.digest)
        if found is None:
            judged = judging.judge(document.data, self.settings)
            found = tuple(f.at(file=document.name) for f in judged if f.severity is Severity.ERROR)
            self._judged[document.digest] = found
        return found

    _judged: dict[str, tuple[Finding, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)


def body_of(document: Captured) -> bytes:
    """The bytes of the body of an N1, empty when there is none or it cannot be decoded."""
    header = document.header
    if header is None or header.body is None:
        return b""
    try:
        return header.body.data
    except Malformed:
        return b""


Judge = Callable[[Bundle], Iterator[Finding | Witness]]


@dataclass(frozen=True, slots=True)
class Row:
    """One judge of document rows.

    `requirements` are the keys it decides (`DSR/wave/id`). `needs` says, in a word of `texts`, what must have been
    captured or declared; a row without a witness is not judged, and says so by this word. `codes` are the finding
    codes of its own (the rules of documents may add theirs when `rules` is true).
    """

    name: str
    requirements: tuple[str, ...]
    clause: str
    needs: str
    codes: frozenset[str]
    judge: Judge = field(repr=False)
    rules: bool = False
    partial: bool = False
    """True when the row also asks for what documents cannot show (a screen, a setting): conform is not said of it."""

"""What the QR codes of a document say: the address of a DRIMbox source viewer, another address, or something else.

The content of the QR code of an ordonnance numérique is not public: it is told apart, never judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from conformance.standards.cda.reader import CdaHeader
from conformance.standards.cda.syntax import tag

PATH = "/IHEInvokeImageDisplay"
_ADDRESS = re.compile(r"https?://[^\s<>\"']{4,2000}")
_UID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_ACCESSION = "{urn:dicom-org:ps3-20}accessionNumber"


@dataclass(frozen=True, slots=True)
class DrimboxUrl:
    """The address of an examination on the viewer of a DRIMbox source (Spécification projet DRIM-M Viewer, 4.2.2)."""

    url: str
    scheme: str
    host: str
    request: str
    study: str
    accession: str
    document: str

    def faults(self) -> Iterator[str]:
        """What is not as the template wants it: `scheme`, `requestType`, `studyUID`, `accessionNumber`, `idCDA`."""
        if self.scheme != "https" or not self.host:
            yield "scheme"
        if self.request != "STUDY":
            yield "requestType"
        if _UID.fullmatch(self.study) is None or len(self.study) > 64:
            yield "studyUID"
        if not self.accession:
            yield "accessionNumber"
        if not self.document:
            yield "idCDA"


def drimbox(url: str) -> DrimboxUrl | None:
    """An address read as one of a DRIMbox source viewer; None when it is not one."""
    try:
        parts = urlsplit(url.strip())
        held = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return None
    if not parts.path.rstrip("/").endswith(PATH):
        return None
    names = ("requestType", "studyUID", "accessionNumber", "idCDA")
    return DrimboxUrl(url.strip(), parts.scheme, parts.netloc, *(held.get(name, "") for name in names))


def kind(payload: bytes) -> Literal["drimbox", "address", "other"]:
    """What the payload of a QR code is."""
    text = payload.decode("utf-8", "replace")
    if drimbox(text) is not None:
        return "drimbox"
    return "address" if _ADDRESS.fullmatch(text.strip()) else "other"


def addresses(text: str) -> tuple[str, ...]:
    """Every address of a DRIMbox source viewer in a text (of a PDF, of a narrative), without repetition."""
    found = (m.group().rstrip(".,;)") for m in _ADDRESS.finditer(text))
    return tuple(dict.fromkeys(url for url in found if drimbox(url) is not None))


def in_document(header: CdaHeader) -> tuple[str, ...]:
    """Every such address in a CDA: texts and attributes (linkHtml/@href, reference/@value, telecom/@value)."""
    pieces: list[str] = []
    for element in header.element.iter():
        if isinstance(element.tag, str):
            pieces += [str(v) for v in element.attrib.values() if PATH in v]
            pieces += [t for t in (element.text, element.tail) if t and PATH in t]
    return addresses("\n".join(pieces))


def studies(header: CdaHeader) -> frozenset[str]:
    """The StudyInstanceUIDs that a header declares: roots of documentationOf/serviceEvent/id."""
    return frozenset(i.root for act in header.acts for i in act.ids if i.root)


def accessions(header: CdaHeader) -> frozenset[str]:
    """The accession numbers that a header declares: inFulfillmentOf/order/ps3-20:accessionNumber."""
    found = header.element.iterfind(f"{tag('inFulfillmentOf')}/{tag('order')}/{_ACCESSION}")
    return frozenset(v for e in found if (v := e.get("extension", "")))

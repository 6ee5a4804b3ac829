"""What of a CDA goes onto paper: the file an N1 embeds, or the lines of an N3's narrative."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from lxml import etree

from conformance.reference.cda import NS, V3
from conformance.reference.values import Cda

LIMIT_LINES = 20_000
_BLOCKS = frozenset({"paragraph", "item", "tr", "caption", "list", "table", "br", "title", "thead", "tbody"})


def embedded(root: etree._Element) -> bytes | None:
    """The PDF inside an N1, None when there is none."""
    body = root.find("h:component/h:nonXMLBody/h:text", NS)
    if body is None or body.get("mediaType") != "application/pdf":
        return None
    try:
        data = base64.b64decode("".join(map(str, body.itertext())).encode("ascii", "ignore"))
    except binascii.Error:
        return None
    return data or None


def lines_of(root: etree._Element, cda: Cda) -> list[str]:
    """Type, creation, author, custodian and patient of a document, then the narrative of each section."""
    custodian = root.findtext(
        "h:custodian/h:assignedCustodian/h:representedCustodianOrganization/h:name", "", NS
    ).strip()
    author = cda.authors[0].person if cda.authors else None
    patient = cda.patient
    lines = [
        f"Type de document : {cda.type.label or cda.type.code}",
        f"Créé le : {_moment(cda.effective_time)}",
        f"Auteur : {' '.join(v for v in (author.given, author.family) if v)}" if author else "",
        f"Structure conservatrice : {custodian}" if custodian else "",
        f"Patient : {patient.family} {patient.given}, né(e) le {_moment(patient.birth_day)}, sexe {patient.sex}",
        "",
    ]
    body = root.find("h:component/h:nonXMLBody/h:text", NS)
    if body is not None and body.get("mediaType") == "text/plain":
        text = "".join(map(str, body.itertext()))
        if body.get("representation") == "B64":
            try:
                text = base64.b64decode(text.encode("ascii", "ignore")).decode("utf-8", "replace")
            except binascii.Error:
                text = ""
        lines += text.splitlines()
    for section in root.iter(f"{{{V3}}}section"):
        title = section.findtext("h:title", "", NS).strip()
        lines += ["", title.upper()] if title else [""]
        narrative = section.find("h:text", NS)
        if narrative is not None:
            lines += [" ".join(line.split()) for line in "".join(_text(narrative)).split("\n")]
    kept: list[str] = []
    for line in lines[:LIMIT_LINES]:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


def _text(node: etree._Element) -> Iterator[str]:
    """The text of a narrative, one line a block, cells apart."""
    name = etree.QName(node).localname if isinstance(node.tag, str) else ""
    if not name:
        return
    if name in _BLOCKS:
        yield "\n"
    if name == "item":
        yield "- "
    yield node.text or ""
    for child in node:
        yield from _text(child)
        if isinstance(child.tag, str) and etree.QName(child).localname in ("td", "th"):
            yield "   "
        yield (child.tail or "").replace("\n", " ")
    if name in _BLOCKS:
        yield "\n"


def _moment(value: str) -> str:
    day = f"{value[6:8]}/{value[4:6]}/{value[:4]}" if len(value) >= 8 else value
    return f"{day} à {value[8:10]}:{value[10:12]}" if len(value) >= 12 else day

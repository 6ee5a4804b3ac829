"""Structural mutations of a parsed document: each one changes one thing, in place, and is undone by parsing again."""

from __future__ import annotations

import random
from collections.abc import Iterator

from lxml import etree

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
HL7 = "{urn:hl7-org:v3}"
TYPES = ("CD", "CE", "PQ", "ST", "IVL_TS", "PIVL_TS", "TS", "II", "ANY", "BL", "NOPE", "IVL_PQ", "ED", "TEL", "INT")
NAMES = ("id", "code", "text", "statusCode", "effectiveTime", "value", "translation", "low", "nope", "section", "entry")
VALUES = (
    "",
    "x",
    "x y",
    "1,5",
    "1.5",
    "-1",
    "20240230",
    "2024-01-01",
    "1.2.3",
    "01.2",
    "true",
    "1",
    "tel",
    "%",
    "EVN",
    "UNK",
    "é",
)
FOREIGN = ("{urn:hl7-org:sdtc}id", "{urn:ihe:pharm:medication}desc", "{urn:example:autre}chose", "chose")
ATTRIBUTES = (
    "nullFlavor",
    "classCode",
    "nope",
    "value",
    "code",
    "root",
    "{urn:hl7-org:sdtc}valueSet",
    "{urn:example:autre}a",
)


def _elements(root: etree._Element) -> list[etree._Element]:
    return [e for e in root.iter() if isinstance(e.tag, str) and e is not root]


def mutate(root: etree._Element, chance: random.Random, at: etree._Element | None = None) -> str:
    """Change one thing of the document and say what."""
    target = at if at is not None else chance.choice(_elements(root))
    parent = target.getparent()
    assert parent is not None
    kind = chance.choice(
        (
            "drop",
            "copy",
            "first",
            "last",
            "rename",
            "type",
            "foreign",
            "text",
            "drop-attribute",
            "value",
            "attribute",
            "empty",
        )
    )
    if kind == "drop":
        parent.remove(target)
    elif kind == "copy":
        target.addnext(etree.fromstring(etree.tostring(target, with_tail=False)))
    elif kind == "first":
        parent.insert(0, target)
    elif kind == "last":
        parent.append(target)
    elif kind == "rename":
        target.tag = HL7 + chance.choice(NAMES)
    elif kind == "type":
        target.set(XSI_TYPE, chance.choice(TYPES))
    elif kind == "foreign":
        target.insert(chance.randint(0, len(target)), etree.Element(chance.choice(FOREIGN)))
    elif kind == "text":
        target.text = (target.text or "") + "texte"
    elif kind == "empty":
        for child in list(target):
            target.remove(child)
        target.text = None
    elif kind == "attribute" or not target.attrib:
        target.set(chance.choice(ATTRIBUTES), chance.choice(VALUES))
    else:
        name = chance.choice(sorted(map(str, target.attrib)))
        if kind == "value":
            target.set(name, chance.choice(VALUES))
        else:
            del target.attrib[name]
    return f"{kind} {target.tag} {dict(target.attrib)}"


def mutants(raw: bytes, count: int, seed: int) -> Iterator[tuple[str, etree._Element]]:
    """`count` mutants of a document, each from a fresh parse."""
    chance = random.Random(seed)
    for _ in range(count):
        root = etree.fromstring(raw)
        yield mutate(root, chance), root


def every_element(raw: bytes, seed: int) -> Iterator[tuple[str, etree._Element]]:
    """One mutant for each element of a document."""
    chance = random.Random(seed)
    for index in range(len(_elements(etree.fromstring(raw)))):
        root = etree.fromstring(raw)
        yield mutate(root, chance, _elements(root)[index]), root

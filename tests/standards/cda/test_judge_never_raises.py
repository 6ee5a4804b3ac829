"""The judge on documents that anything may have happened to: a finding or nothing, never an exception."""

from __future__ import annotations

import random
from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from conformance.standards.cda.judging import Settings, judge

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "samples" / "cda").glob("*.xml"))
SETTINGS = Settings("test", date(2026, 11, 25))
VALUES = (
    "",
    "ZZZ",
    "X",
    "-1",
    "1.2.3",
    "20231345",
    "9" * 400,
    "é²٣",
    "\u00a0",
    "0",
    "#",
    "urn:oid:1.2.3",
    "１２３４５６７８",
)


def damaged(root: etree._Element, chance: random.Random) -> etree._Element:
    """A copy with a few elements and attributes spoilt at random."""
    copy = deepcopy(root)
    for _ in range(chance.randint(1, 4)):
        element = chance.choice([e for e in copy.iter("*") if e is not copy])
        parent = element.getparent()
        if parent is None:
            continue
        kind = chance.randrange(6)
        if kind == 0:
            parent.remove(element)
        elif kind == 1:
            element.addnext(deepcopy(element))
        elif kind == 2 and element.attrib:
            element.set(chance.choice(list(element.attrib)), chance.choice(VALUES))
        elif kind == 3 and element.attrib:
            del element.attrib[chance.choice(list(element.attrib))]
        elif kind == 4:
            element.text = chance.choice(VALUES)
        else:
            element.attrib.clear()
            element.set("nullFlavor", "UNK")
    return copy


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_nothing_raises_on_a_damaged_document(path: Path) -> None:
    """Values of every kind in every place: the judge always answers, and the same way twice."""
    chance, root = random.Random(path.stem), etree.fromstring(path.read_bytes())
    for _ in range(120):
        raw = etree.tostring(damaged(root, chance), encoding="UTF-8")
        assert judge(raw, SETTINGS) == judge(raw, SETTINGS)

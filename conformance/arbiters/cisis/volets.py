"""Which document model a document claims, and so which schematron of the package judges it besides the general ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import Element

_INSTRUCTION = re.compile(r"""SCHSchema\s*=\s*(["'])(?P<where>.*?)\1""")
_PREFIX = "CI-SIS_"


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """`volets.toml`."""
    held: dict[str, dict[str, str]] = tomllib.loads((files(__package__) / "volets.toml").read_text(encoding="utf-8"))
    return held


def choose(document: Element, known: Mapping[str, str]) -> tuple[str | None, str]:
    """The document model (None: none applies) and what was asked for when the package does not have it (else "").

    A document says it itself by an `oxygen` instruction before its root; else the template of its ClinicalDocument
    and the version of that template do. A document without structured body has none (CI-SIS, N1).
    """
    for name in _instructed(document):
        if name in known:
            return name, ""
    if document.find(f"{tag('component')}/{tag('structuredBody')}") is None:
        return None, ""
    asked = ""
    for template in document.findall(tag("templateId")):
        model = table()["roots"].get(template.get("root", ""))
        if model is None:
            continue
        version = template.get("extension") or table()["unversioned"].get(model, "")
        name = table()["versions"].get(f"{model}_{version}", f"{model}_{version}")
        if name in known:
            return name, ""
        asked = asked or name
    return None, asked


def _instructed(document: Element) -> Iterator[str]:
    """The schematrons of document models that instructions before the root name."""
    before: Any = document.getroottree().getroot().getprevious()
    found: list[str] = []
    while before is not None:
        if before.tag is etree.PI and before.target == "oxygen":
            match = _INSTRUCTION.search(before.text or "")
            name = re.split(r"[/\\]", match["where"])[-1] if match else ""
            if name.startswith(_PREFIX) and name.endswith(".sch"):
                found.append(name.removeprefix(_PREFIX).removesuffix(".sch"))
        before = before.getprevious()
    return reversed(found)

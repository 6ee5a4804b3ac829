"""Running the stylesheet of a document: which one, whether it may run, and what came out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from conformance.errors import Malformed
from conformance.standards.cda import syntax
from conformance.standards.cda.syntax import XSL
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

SECONDS = 15
"""Processor time that a stylesheet may take; its process is killed beyond, or when silent for twice as long."""

Fault = Literal["", "version", "extension", "stylesheet", "run", "too-big", "stopped"]

_EXSLT = "http://exslt.org/common"
_PURE = frozenset({(_EXSLT, "node-set"), (_EXSLT, "object-type")})
_CALL = re.compile(r"([A-Za-z_][\w.\-]*):([A-Za-z_][\w.\-]*)\s*\(")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_EXPRESSIONS = frozenset({"select", "test", "match", "use", "value", "count", "from", "group"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a stylesheet made of a document.

    `fault` says why nothing came out: `version` (not XSLT 1.0), `extension` (functions or elements that browsers do
    not have), `stylesheet` (does not compile), `run`, `too-big`, `stopped` (time or memory); `detail` quotes it.
    `asked` are the addresses that the stylesheet wanted to read (document(), include, import): all were refused.
    """

    output: bytes
    asked: tuple[str, ...] = ()
    fault: Fault = ""
    detail: str = ""


def is_self_presenting(document: bytes) -> bool:
    """True when the root is a stylesheet that holds the CDA; raises Malformed as `xml.parse` does."""
    return xml.namespace(xml.parse(document)) == XSL


def render(document: bytes, stylesheet: bytes | None = None) -> Rendered:
    """Run the stylesheet of a document: the one given, else the one that the document is.

    Raises Malformed: as `xml.parse` does for either, `cda.presentation.absent` when there is no stylesheet.
    """
    root = xml.parse(document)
    if stylesheet is not None:
        style = xml.parse(stylesheet)
        syntax.parse(document)
    else:
        style = root
    if xml.namespace(style) != XSL or xml.local(style) not in ("stylesheet", "transform"):
        raise Malformed("cda.presentation.absent", "/", str(style.tag)[:100])
    refused = _refused(style)
    return refused if refused is not None else _run(document, stylesheet)


def _refused(style: Element) -> Rendered | None:
    """Why a stylesheet is not run at all, None when it may be."""
    version = style.get("version", "")
    if version != "1.0":
        return Rendered(b"", fault="version", detail=version)
    prefixes = style.get("extension-element-prefixes", "").split()
    spaces = {style.nsmap.get(p) for p in prefixes}
    for element in style.iter():
        if not isinstance(element.tag, str) or xml.namespace(element) == syntax.HL7:
            continue
        if xml.namespace(element) in spaces - {None}:
            return Rendered(b"", fault="extension", detail=str(element.tag)[:200])
        if called := _called(element):
            return Rendered(b"", fault="extension", detail=called)
    return None


def _called(element: Element) -> str:
    """An extension function that an instruction calls and that is not one every browser has, or empty."""
    if xml.namespace(element) != XSL:
        held = [v for v in element.attrib.values() if "{" in v]
    else:
        held = [v for k, v in element.attrib.items() if k in _EXPRESSIONS or "{" in v]
    for value in held:
        for prefix, name in _CALL.findall(_LITERAL.sub("", str(value))):
            uri = element.nsmap.get(prefix)
            if uri is not None and (uri, name) not in _PURE:
                return f"{prefix}:{name}()"
    return ""


def _run(document: bytes, stylesheet: bytes | None) -> Rendered:
    script = Path(__file__).with_name("sandbox.py")
    order = b"%d %d\n" % (len(document), len(stylesheet or b"")) + document + (stylesheet or b"")
    try:
        done = subprocess.run(
            [sys.executable, str(script), str(SECONDS)],
            input=order,
            capture_output=True,
            timeout=2 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Rendered(b"", fault="stopped", detail=f"{2 * SECONDS} s")
    head, _, output = done.stdout.partition(b"\n")
    try:
        facts = json.loads(head)
    except ValueError:  # killed by its own bounds
        return Rendered(b"", fault="stopped", detail=f"exit {done.returncode}")
    return Rendered(output, tuple(facts["asked"]), facts["fault"], str(facts["detail"]))

"""The small pieces of CDA R2 that every builder writes: elements, identifiers, coded values, times, as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

LOINC = "2.16.840.1.113883.6.1"
SNOMED = "2.16.840.1.113883.6.96"
PS = "1.2.250.1.71.4.2.1"
STRUCTURE = "1.2.250.1.71.4.2.2"
PROFESSIONS = "1.2.250.1.213.1.1.4.5"

SYSTEM_NAMES = {LOINC: "LOINC", SNOMED: "SNOMED CT"}


def timestamp(moment: datetime) -> str:
    """AAAAMMJJhhmmss+ZZzz; raises ValueError for a time without offset (Structuration minimale 3.5.7.1)."""
    if moment.tzinfo is None:
        raise ValueError("a CDA time with an hour needs an offset")
    return moment.strftime("%Y%m%d%H%M%S%z")


Attributes = Mapping[str, str | None]


def el(name: str, attributes: Attributes | None = None, *inside: str) -> str:
    """One element; attributes that are None are left out; `inside` is already serialised."""
    head = name + "".join(f" {k}={quoteattr(v)}" for k, v in (attributes or {}).items() if v is not None)
    content = "".join(inside)
    return f"<{head}>{content}</{name}>" if content else f"<{head}/>"


def identifier(root: str, extension: str | None = None) -> str:
    """An `id` (II)."""
    return el("id", {"root": root, "extension": extension})


def coded(name: str, code: str, system: str, label: str, system_name: str | None = None, *inside: str) -> str:
    """A coded value (CD, CE) under the name of its element; `inside` is already serialised."""
    attributes = {"code": code, "displayName": label, "codeSystem": system, "codeSystemName": system_name}
    return el(name, attributes, *inside)


def ts(name: str, moment: datetime) -> str:
    """A time (TS) with its offset."""
    return el(name, {"value": timestamp(moment)})


def interval(name: str, low: datetime, high: datetime | None) -> str:
    """A period (IVL_TS); without its end when `high` is None."""
    return el(name, None, ts("low", low), ts("high", high) if high else "")


def text(name: str, value: str, **attributes: str | None) -> str:
    """An element that holds a text."""
    return el(name, dict(attributes), escape(value))


def template(root: str, extension: str | None = None) -> str:
    """A `templateId`."""
    return el("templateId", {"root": root, "extension": extension})


def templates(*roots: str) -> str:
    """Several `templateId`, in order."""
    return "".join(template(root) for root in roots)


def unknown(name: str, flavor: str = "UNK") -> str:
    """An element whose value is not known."""
    return el(name, {"nullFlavor": flavor})


def reference(name: str, id: str) -> str:
    """An element (`text`, `originalText`) that points to a part of the narrative."""
    return el(name, None, el("reference", {"value": f"#{id}"}))


def status(code: str = "completed") -> str:
    """A `statusCode`."""
    return el("statusCode", {"code": code})

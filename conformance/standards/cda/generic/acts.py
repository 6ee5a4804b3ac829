"""Acts of the body and who takes part in them: status, identifiers, ways to reach them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.evidence.values import Finding
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic.found import found
from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import Element, local

STATUSES = frozenset(
    re.findall(r"\w+", "normal aborted active cancelled completed held new suspended nullified obsolete")
)
"""HL7 ActStatus, 2.16.840.1.113883.5.14: the states of an act."""

_ACTS = tuple(tag(name) for name in ("observation", "procedure", "substanceAdministration", "organizer", "encounter"))
_ID, _CODE = tag("id"), tag("code")


def judge_status(element: Element, document: Document) -> Iterator[Finding]:
    """The status of an act is one of those of HL7."""
    code = element.get("code")
    if code is None and element.get("nullFlavor") is not None:
        return
    if code not in STATUSES:
        yield found("cda.entry.status", element, "code", seen=code or "", expected=" ".join(sorted(STATUSES)))


def judge_id(element: Element, document: Document) -> Iterator[Finding]:
    """An identifier has a root, or a nullFlavor."""
    if element.get("root") is None and element.get("nullFlavor") is None:
        yield found("cda.entry.id-root", element, seen=element.get("extension", ""), expected="root | nullFlavor")


_CONTACT = re.compile(r"(tel|fax|mailto|https?|ftp|mllp|sips?|sms|file|nfs|telnet):.*[^\s].*", re.DOTALL)


def judge_telecom(element: Element, document: Document) -> Iterator[Finding]:
    """A way to reach somebody: a URL with its scheme, or a nullFlavor."""
    value = element.get("value")
    if value is None and element.get("nullFlavor") is not None:
        return
    if value is None or not _CONTACT.match(value):
        yield found("cda.entry.telecom", element, "value", seen=value or "", expected="tel:… | mailto:… | nullFlavor")


def judge_twice(document: Document) -> Iterator[Finding]:
    """Two acts of different kinds or codes that bear the same identifier: a receiver takes one for the other."""
    if document.body is None or not document.structured:
        return
    first: dict[tuple[str, str], tuple[str, str]] = {}
    told: set[tuple[str, str]] = set()
    for act in document.body.iter(*_ACTS):
        held = act.find(_ID)
        if held is None or not held.get("root"):
            continue
        key = (held.get("root", "").lower(), held.get("extension", ""))
        mine = _kind(act)
        if first.setdefault(key, mine) != mine and key not in told:
            told.add(key)
            yield found("cda.entry.id-twice", held, seen=" ".join(key).strip())


def _kind(act: Element) -> tuple[str, str]:
    code = act.find(_CODE)
    return local(act), "" if code is None else code.get("code", "")


ELEMENT_RULES = {"statusCode": (judge_status,), "id": (judge_id,), "telecom": (judge_telecom,)}
DOCUMENT_RULES = (judge_twice,)

"""SOAP 1.2 faults: writing and reading (W3C SOAP 1.2 part 1, 5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from conformance.standards.xds.syntax import SOAP12
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

Code = Literal["Sender", "Receiver", "VersionMismatch", "MustUnderstand", "DataEncodingUnknown"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault: local name of its code, of its subcode (may be empty), its reason, the text of its detail."""

    code: str
    subcode: str
    reason: str
    detail: str


def build(code: Code, reason: str, *, subcode: str = "", subcode_namespace: str = "", detail: str = "") -> bytes:
    """A soap:Fault element; `subcode` is a local name in `subcode_namespace`, `detail` plain text."""
    sub = (
        f'<soap:Subcode><soap:Value xmlns:sub="{escape(subcode_namespace)}">sub:{escape(subcode)}</soap:Value>'
        "</soap:Subcode>"
        if subcode
        else ""
    )
    more = f"<soap:Detail><detail>{escape(detail)}</detail></soap:Detail>" if detail else ""
    return (
        f'<soap:Fault xmlns:soap="{SOAP12}"><soap:Code><soap:Value>soap:{code}</soap:Value>{sub}</soap:Code>'
        f'<soap:Reason><soap:Text xml:lang="fr">{escape(reason)}</soap:Text></soap:Reason>{more}</soap:Fault>'
    ).encode()


def read(element: Element) -> Fault:
    """A soap:Fault (1.2, or the faultcode and faultstring of 1.1) as plain texts."""
    code = xml.child(element, "Code")
    value = xml.text(xml.child(code, "Value")) or xml.text(xml.child(element, "faultcode"))
    sub = xml.text(xml.child(xml.child(code, "Subcode"), "Value"))
    reason = xml.text(xml.child(xml.child(element, "Reason"), "Text")) or xml.text(xml.child(element, "faultstring"))
    detail = xml.text(xml.child(element, "Detail")) or xml.text(xml.child(element, "detail"))
    return Fault(value.rpartition(":")[2], sub.rpartition(":")[2], reason, detail)

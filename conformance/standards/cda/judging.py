"""A CDA judged by every rule of the bench: structure, header, body, templates. Pure, in milliseconds."""

from __future__ import annotations

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Finding
from conformance.standards.cda import generic, header, syntax
from conformance.standards.cda.document import DEFAULT, Document, Settings
from conformance.standards.cda.merging import merged
from conformance.standards.cda.structure import judge as structure
from conformance.standards.cda.templates import engine
from conformance.standards.xml.syntax import Element

__all__ = ["DEFAULT", "Settings", "judge"]


def judge(document: bytes | Element, settings: Settings = DEFAULT) -> tuple[Finding, ...]:
    """The findings of one document, given as bytes or as its ClinicalDocument element.

    Never raises for what the bytes hold: what cannot be read is the finding of its Malformed.
    """
    if isinstance(document, bytes):
        try:
            document = syntax.parse(document)
        except Malformed as fault:
            return (all_codes().finding(fault.code, fault.path, seen=fault.seen),)
    one = Document(document, settings)
    return merged(structure.judge(document), header.judge(one), (*generic.judge(one), *engine.tables().judge(one)))

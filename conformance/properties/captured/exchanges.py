"""Rows on documents as they travel: a message to the PFI with its flags, a submission to the DMP with its metadata."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Finding, Severity, Witness
from conformance.properties.captured.core import CODES, register
from conformance.properties.captured.forms import BIOLOGY
from conformance.properties.captured.values import Bundle
from conformance.standards.cda import twins
from conformance.standards.hl7v2 import rules

FLAGS = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX", "CONNEXION_SECRETE")


@register(
    "doc.biology-message",
    ("SGL/va1/DOC/va1.20",),
    clause="CI-SIS, Transmission d'un document CDA R2 en HL7 v2; DSR Ségur SGL, DOC.20",
    needs="message",
    codes={"doc.message.form", "cda.twins.header", "cda.twins.same-id"},
    rules=True,
    partial=True,
)
def biology_message(bundle: Bundle) -> Iterator[Finding | Witness]:
    """An ORU (or OUL) carries the N3 and the N1 of one report, of its patient, conforming to the volet."""
    for one in bundle.messages:
        message = one.message
        assert message is not None
        held = Bundle(tuple(d for d in bundle.documents if d.name.startswith(f"{one.name}!")))
        n3, n1 = tuple(held.of_level("N3", *BIOLOGY)), tuple(held.of_level("N1", *BIOLOGY))
        if not n3 and not n1:
            continue
        found = [f.at(file=one.name) for f in rules.judge(message) if f.severity is Severity.ERROR]
        for level, forms in (("N3", n3), ("N1", n1)):
            if not forms:
                found.append(CODES.finding("doc.message.form", "OBX-5", expected=level).at(file=one.name))
        if message.carrier not in ("ORU", "OUL"):
            found.append(CODES.finding("doc.message.form", "MSH-9", seen=message.carrier, expected="ORU | OUL"))
        if n3 and n1 and n3[0].header is not None and n1[0].header is not None:
            found += [f.at(file=one.name) for f in twins.judge(n3[0].header, n1[0].header)]
        yield from found
        if not found:
            yield Witness("report sent in its forms", subject=one.name)

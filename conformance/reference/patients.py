"""TD0.2: does the patient have a DMP, and is it open (HL7 v3 PRPA_IN201307UV02). Own template.

Source: DMP fact sheet, transactions and answers; HL7 v3 Patient Registry, get identifiers query.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

from lxml import etree

from conformance.reference.values import Ins

V3 = "urn:hl7-org:v3"
DMP_RECEIVER = "1.2.250.1.213.4.1.1.1"
AUTHORISATION = "urn:si-dmp-habilitations"
REASONS = "1.2.250.1.213.1.1.4.11"


def existence_query(ins: Ins, sender_oid: str) -> bytes:
    """The body that asks for the existence of a DMP."""
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    message, query = str(uuid.uuid4()), str(uuid.uuid4())
    oid, matricule, sender = quoteattr(ins.oid), quoteattr(ins.matricule), quoteattr(sender_oid)
    return (
        f'<PRPA_IN201307UV02 xmlns="{V3}" ITSVersion="XML_1.0">'
        f'<id root="{message}"/><creationTime value="{now}"/>'
        '<interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201307UV02"/>'
        '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>'
        '<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE">'
        f'<id root="{DMP_RECEIVER}"/></device></receiver>'
        '<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE">'
        f"<id root={sender}/></device></sender>"
        '<controlActProcess classCode="CACT" moodCode="EVN">'
        '<code code="PRPA_TE201307UV02" codeSystem="2.16.840.1.113883.1.6"/>'
        f'<reasonCode code="TEST_EXST" codeSystem="{REASONS}" displayName="Test d\'existence de dossier"/>'
        f'<queryByParameter><queryId root="{query}"/><statusCode code="new"/>'
        '<responsePriorityCode code="I"/><parameterList><patientIdentifier>'
        f"<value root={oid} extension={matricule}/><semanticsText>Patient.id</semanticsText>"
        "</patientIdentifier></parameterList></queryByParameter></controlActProcess></PRPA_IN201307UV02>"
    ).encode()


def authorisation() -> bytes:
    """The body of TD0.3 that adds an authorisation; patient and professional are those of the VIHF."""
    return f'<h:setAuthorization xmlns:h="{AUTHORISATION}"><h:action>AJOUT</h:action></h:setAuthorization>'.encode()


def existence_answer(body: etree._Element) -> str:
    """What an answer says: `open`, `closed` (terminated), `none`, or `unknown` when it says nothing usable."""
    code = _first(body, "queryResponseCode")
    status = next(
        (e.get("code") for p in body.iter(f"{{{V3}}}patient") for e in p.findall(f"{{{V3}}}statusCode")), None
    )
    if code == "NF":
        return "none"
    if code == "OK":
        return "closed" if status == "terminated" else "open"
    return "unknown"


def answer_detail(body: etree._Element) -> str:
    """The code of acknowledgementDetail, where the DMP says why (DMPClosed...); empty when it says nothing."""
    for detail in body.iter(f"{{{V3}}}acknowledgementDetail"):
        code = detail.find(f"{{{V3}}}code")
        if code is not None and code.get("code"):
            return code.get("code") or ""
    return ""


def _first(body: etree._Element, name: str) -> str:
    found = next(body.iter(f"{{{V3}}}{name}"), None)
    return (found.get("code") or "") if found is not None else ""

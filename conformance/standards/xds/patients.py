"""TD0.2 (does a DMP exist?) and TD0.3 (authorisation of a professional): reading requests and answers, writing answers.

Source: HL7 v3 PRPA_IN201307UV02 and PRPA_IN201308UV02 as the DMP uses them; habilitation service of the DMP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from conformance.errors import Malformed
from conformance.standards.saml import reader as saml
from conformance.standards.saml.reader import Vihf
from conformance.standards.xds import constants as k
from conformance.standards.xds.syntax import Addressing, Envelope
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

DMP_DEVICE = "1.2.250.1.213.4.1.1.1"
TEST_OF_EXISTENCE = "TEST_EXST"

_KEYWORDS = "1.2.250.1.213.4.1.2.6.1"
_AUTHORISATION_VALUES = "1.2.250.1.213.4.1.2.6.2"


@dataclass(frozen=True, slots=True)
class Existence:
    """One TD0.2 request. `patient` is (root OID, matricule); ids are (root, extension) as sent."""

    message_id: tuple[str, str]
    query_id: tuple[str, str]
    sender: str
    reason: str
    patient: tuple[str, str]
    vihf: Vihf | None
    addressing: Addressing


@dataclass(frozen=True, slots=True)
class Authorisation:
    """One TD0.3 request: `action` is AJOUT or SUPPRESSION as sent; patient and professional are in the VIHF."""

    action: str
    vihf: Vihf | None
    addressing: Addressing


@dataclass(frozen=True, slots=True)
class ExistenceAnswer:
    """What a TD0.2 answer must say.

    `found` false answers NF. `status` is that of the DMP; `authorisation` the state of the professional's right
    (VALIDE, INEXISTANTE...). `error` is a DMP code (`DMPClosed`...) with its text: the answer is then AE.
    """

    found: bool = True
    status: Literal["active", "terminated"] = "active"
    authorisation: str = "VALIDE"
    error: str = ""
    error_text: str = ""


def _instance(element: Element | None) -> tuple[str, str]:
    return ("", "") if element is None else (element.get("root", ""), element.get("extension", ""))


def _descend(element: Element | None, *names: str) -> Element | None:
    for name in names:
        element = xml.child(element, name)
    return element


def read_existence(envelope: Envelope) -> Existence:
    """The TD0.2 request of a SOAP message; raises Malformed `xds.existence.root`."""
    request = envelope.body
    if xml.local(request) != "PRPA_IN201307UV02":
        raise Malformed("xds.existence.root", "/Envelope/Body", str(request.tag)[:200])
    act = xml.child(request, "controlActProcess")
    query = xml.child(act, "queryByParameter")
    reason = xml.child(act, "reasonCode")
    return Existence(
        message_id=_instance(xml.child(request, "id")),
        query_id=_instance(xml.child(query, "queryId")),
        sender=_instance(_descend(request, "sender", "device", "id"))[0],
        reason="" if reason is None else reason.get("code", ""),
        patient=_instance(_descend(query, "parameterList", "patientIdentifier", "value")),
        vihf=saml.read(envelope.security),
        addressing=envelope.addressing,
    )


def read_authorisation(envelope: Envelope) -> Authorisation:
    """The TD0.3 request of a SOAP message; raises Malformed `xds.authorisation.root`."""
    request = envelope.body
    if xml.local(request) != "setAuthorization":
        raise Malformed("xds.authorisation.root", "/Envelope/Body", str(request.tag)[:200])
    return Authorisation(xml.text(xml.child(request, "action")), saml.read(envelope.security), envelope.addressing)


def existence_response(request: Existence, answer: ExistenceAnswer, *, message_id: str, created: str) -> bytes:
    """The PRPA_IN201308UV02 that answers a TD0.2. `message_id` is a bare UUID, `created` AAAAMMJJhhmmss.

    No trait of the patient is sent back: a system must not show them.
    """
    root, extension = request.message_id
    code, text = quoteattr(answer.error), escape(answer.error_text)
    detail = (
        f'<acknowledgementDetail typeCode="E"><code code={code}/><text>{text}</text></acknowledgementDetail>'
        if answer.error
        else ""
    )
    subject = _subject(request, answer) if answer.found and not answer.error else ""
    attention = (
        f'<attentionLine><keyWordText code="AUTORISATION" codeSystem="{_KEYWORDS}"/>'
        f'<value xsi:type="CV" code={quoteattr(answer.authorisation)} codeSystem="{_AUTHORISATION_VALUES}"/>'
        "</attentionLine>"
        if subject
        else ""
    )
    found = "AE" if answer.error else "OK" if answer.found else "NF"
    return (
        f'<PRPA_IN201308UV02 xmlns="{k.HL7}" xmlns:xsi="{xml.XSI}" ITSVersion="XML_1.0">'
        f"<id root={quoteattr(message_id)}/><creationTime value={quoteattr(created)}/>"
        '<interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201308UV02"/>'
        '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="NE"/>'
        f"{_device('receiver', 'RCV', request.sender)}{_device('sender', 'SND', DMP_DEVICE)}{attention}"
        f'<acknowledgement typeCode="{"AE" if answer.error else "AA"}"><targetMessage>{_id(root, extension)}'
        f"</targetMessage>{detail}</acknowledgement>"
        '<controlActProcess classCode="CACT" moodCode="EVN">'
        f'<reasonCode code="{TEST_OF_EXISTENCE}" codeSystem="1.2.250.1.213.1.1.4.11"/>{subject}'
        f'<queryAck>{_id(*request.query_id, name="queryId")}<queryResponseCode code="{found}"/></queryAck>'
        "</controlActProcess></PRPA_IN201308UV02>"
    ).encode()


def authorisation_response(status: str = "DMPOk", context: str = "") -> bytes:
    """The setAuthorizationResponse: a DMP status and a sentence."""
    return (
        f'<setAuthorizationResponse xmlns="{k.AUTHORISATION}"><output><status>{escape(status)}</status>'
        f"<context>{escape(context)}</context></output></setAuthorizationResponse>"
    ).encode()


def _id(root: str, extension: str, name: str = "id") -> str:
    held = f" extension={quoteattr(extension)}" if extension else ""
    return f"<{name} root={quoteattr(root)}{held}/>"


def _device(name: str, code: str, root: str) -> str:
    return (
        f'<{name} typeCode="{code}"><device classCode="DEV" determinerCode="INSTANCE">{_id(root, "")}</device></{name}>'
    )


def _subject(request: Existence, answer: ExistenceAnswer) -> str:
    return (
        '<subject typeCode="SUBJ" contextConductionInd="false"><registrationEvent classCode="REG" moodCode="EVN">'
        '<statusCode code="completed"/><subject1 typeCode="SBJ"><patient classCode="PAT">'
        f'{_id(*request.patient)}<statusCode code="{answer.status}"/>'
        '<patientPerson classCode="PSN" determinerCode="INSTANCE"/></patient></subject1>'
        f'<custodian typeCode="CST"><assignedEntity classCode="ASSIGNED">{_id(DMP_DEVICE, "")}'
        "</assignedEntity></custodian></registrationEvent></subject>"
    )

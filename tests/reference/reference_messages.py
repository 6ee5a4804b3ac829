"""Literal document messages for the tests of the reference: HL7 v2 text and CDA text, nothing from the project.

Source of the forms: volet transmission V2.1 (segments, flags), structuration minimale (CDA header).
"""

from __future__ import annotations

import base64
import itertools
from pathlib import Path

INS = "279035121518989"
CORSICAN = "180032B02040123"
OID = "1.2.250.1.213.1.4.10"
FLAGS = (
    "MASQUE_PS",
    "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX",
    "CONNEXION_SECRETE",
    "MODIF_CONF_CODE",
    "DESTDMP",
    "DESTMSSANTEPS",
    "DESTMSSANTEPAT",
    "ACK_RECEPTION",
    "ACK_LECTURE_MSS",
)
_numbers = itertools.count(1)

PDF = base64.b64encode(b"%PDF-1.4 fictif").decode()
N1 = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{PDF}</text></nonXMLBody>'
N3 = "<structuredBody><component><section><title>Conclusion</title></section></component></structuredBody>"


def fresh(prefix: str = "T") -> str:
    """An identifier no other message of this run has."""
    return f"{prefix}{next(_numbers):06d}"


def fresh_oid() -> str:
    """A document identifier no other document of this run has."""
    return f"1.2.250.1.999.1.{next(_numbers)}"


def cda(unique_id: str, *, ins: str = INS, body: str = N1, replaced: str = "", code: str = "18748-4") -> str:
    """A CDA document of one page."""
    third = "1.3.6.1.4.1.19376.1.2.20" if body is N1 else "1.2.250.1.213.1.1.1.45"
    related = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{replaced}"/></parentDocument></relatedDocument>'
        if replaced
        else ""
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.2.8.2.1"/><templateId root="1.2.250.1.213.1.1.1.1"/><templateId root="{third}"/>
<id root="{unique_id}"/>
<code code="{code}" codeSystem="2.16.840.1.113883.6.1" displayName="CR d'imagerie médicale"/>
<title>Radiographie de hanche</title><effectiveTime value="20260110123000+0100"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
<languageCode code="fr-FR"/>
<recordTarget><patientRole><id root="{OID}" extension="{ins}"/>
<patient><name><family qualifier="BR">PAT-TROIS</family><given qualifier="BR">DOMINIQUE</given></name>
<administrativeGenderCode code="F"/><birthTime value="19790328"/></patient></patientRole></recordTarget>
<author><time value="20260110"/><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="801234564895"/>
<code code="G15_10/SM44" codeSystem="1.2.250.1.213.1.1.4.5" displayName="Médecin - Radio-diagnostic"/>
<assignedPerson><name><family>THOMAS</family><given>Eric</given></name></assignedPerson>
<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1300017985"/><name>Organisation-Y</name>
</representedOrganization></assignedAuthor></author>
<legalAuthenticator><time value="20260110"/><signatureCode code="S"/><assignedEntity>
<id root="1.2.250.1.71.4.2.1" extension="801234564895"/><assignedPerson><name><family>THOMAS</family></name>
</assignedPerson></assignedEntity></legalAuthenticator>
<documentationOf><serviceEvent><effectiveTime><low value="20260110090000+0100"/></effectiveTime>
<performer typeCode="PRF"><assignedEntity><id nullFlavor="UNK"/><representedOrganization>
<standardIndustryClassCode code="ETABLISSEMENT" codeSystem="1.2.250.1.213.1.1.4.9" displayName="Etablissement"/>
</representedOrganization></assignedEntity></performer></serviceEvent></documentationOf>
{related}
<componentOf><encompassingEncounter><effectiveTime/><location><healthCareFacility>
<code code="SA07" codeSystem="1.2.250.1.71.4.2.4" displayName="Cabinet individuel"/></healthCareFacility></location>
</encompassingEncounter></componentOf><component>{body}</component></ClinicalDocument>"""


def message(
    *documents: str,
    event: str = "T02",
    status: str = "F",
    order: str = "NW",
    control: str = "",
    flags: str = "DESTDMP ACK_RECEPTION",
    ins: str = INS,
    identity: str = "VALI",
    charset: str = "UNICODE UTF-8",
    accept: str = "",
    application: str = "",
) -> bytes:
    """An ORU (event R01) or MDM message carrying these CDA texts; `flags` are the names that say Y."""
    carrier = "ORU" if event == "R01" else "MDM"
    structure = "ORU_R01" if carrier == "ORU" else "MDM_T02"
    version = "2.5" if carrier == "ORU" else "2.6"
    kind = "CE" if carrier == "ORU" else "CWE"
    control = control or fresh()
    rows = [
        f"MSH|^~\\&|RIS-Y|Organisation-Y|PFI-Y|Organisation-Y|202601101300||{carrier}^{event}^{structure}|{control}|P"
        f"|{version}|||{accept}|{application}|FRA|{charset}|||2.1^CISIS_CDA_HL7_V2"
    ]
    if carrier == "MDM":
        rows.append("EVN||20260110130000")
    rows.append(
        f"PID|||{ins}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^INS~IPP0001^^^LOCAL&1.2.250.1.999.2&ISO^PI||"
        f"PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L||19790328|F{'|' * 24}{identity}"
    )
    rows += ["PV1|1|I", f"ORC|{order}", "OBR|1|||18748-4^CR d'imagerie médicale^LN"]
    if carrier == "MDM":
        rows.append("TXA|1|18748-4|TEXT|20260110130000||||||||1.2.3|||||AU")
    for number, text in enumerate(documents, 1):
        data = base64.b64encode(text.encode()).decode()
        rows.append(f"OBX|{number}|ED|18748-4^CR d'imagerie médicale^LN||^TEXT^XML^Base64^{data}||||||{status}")
        if number == 1:
            rows.append(
                "PRT||UC||SB^Send by^participation|801234564895^Éric^Thomas^^^^^^&1.2.250.1.71.4.2.1&ISO^^^^IDNPS|||"
                "Organisation-Y^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1300017985"
            )
    for number, name in enumerate(FLAGS, len(documents) + 1):
        letter = "Y" if name in flags.split() else "N"
        rows.append(f"OBX|{number}|{kind}|{name}^x^MetaDMPMSS||{letter}^^expandedYes-NoIndicator||||||F")
    codec = "iso8859-15" if charset == "8859/15" else "utf-8"
    return ("\r".join(rows) + "\r").encode(codec)


def official(shared: Path, part: str, *, control: str, unique_id: str = "") -> bytes:
    """An official example re-stamped: CR segments, its own MSH-10 and, when given, its own document identifier."""
    (file,) = [f for f in (shared / "corpus-hl7v2").iterdir() if part in f.name]
    rows = file.read_bytes().replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
    msh = rows[0].split(b"|")
    msh[9] = control.encode()
    rows[0] = b"|".join(msh)
    for index, row in enumerate(rows):
        if unique_id and row.startswith(b"OBX|1|ED|"):
            head, _, tail = row.partition(b"Base64^")
            data, bar, rest = tail.partition(b"|")
            text = base64.b64decode(data + b"=" * (-len(data) % 4))
            begin = text.index(b'<id root="') + len(b'<id root="') if b'<id root="' in text else -1
            end = text.index(b'"', begin)
            text = text[:begin] + unique_id.encode() + text[end:]
            rows[index] = head + b"Base64^" + base64.b64encode(text) + bar + rest
    return b"\r".join(rows)

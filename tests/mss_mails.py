"""Mails of MSSanté for the tests of judges: literal documents, an archive by `zipfile`, a PDF/A-1 by fpdf2.

The standard library puts them together. Nothing here comes from our builders nor from the reference vendor.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path

import fpdf
import reportlab

INS, OID, UID = "279035121518989", "1.2.250.1.213.1.4.10", "1.2.250.1.999.1.77.1"
OTHER_INS = "180017511500121"
APP, BACK = "pfi@banc.mssante.fr", "accueil@banc.mssante.fr"
PRO, PATIENT = "ps801234567897@banc.mssante.fr", f"{INS}@patient.mssante.fr"
LABEL = "CR d'imagerie médicale"
NOTICE = f"Message généré automatiquement. Pour joindre l'émetteur : {BACK}"
BODY = f"Bonjour,\n\nVeuillez trouver le document en pièce jointe.\n\n{NOTICE}\n"


@cache
def pdf_a(text: str = "Compte rendu") -> bytes:
    """A PDF/A-1b by fpdf2, its font embedded."""
    made = fpdf.FPDF(enforce_compliance="PDF/A-1B")
    made.set_title("Compte rendu")
    made.add_page()
    made.add_font("vera", "", Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
    made.set_font("vera", size=11)
    made.cell(text=text)
    return bytes(made.output())


PLAIN_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def cda(
    *, uid: str = UID, ins: str = INS, family: str = "PAT-TROIS", replaces: str = "", structured: bool = False,
    title: str = LABEL, time: str = "20260104101500+0100",
) -> bytes:  # fmt: skip
    """A report; without `ins` its patient is only known by a local number."""
    identifier = f'<id root="{OID}" extension="{ins}"/>' if ins else '<id root="1.2.250.1.999.2" extension="B17"/>'
    related = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{replaces}"/></parentDocument></relatedDocument>'
        if replaces
        else ""
    )
    held = base64.b64encode(pdf_a()).decode()
    body = (
        "<structuredBody><component><section><title>Compte rendu</title><text>Normal</text></section></component>"
        "</structuredBody>"
        if structured
        else f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{held}</text></nonXMLBody>'
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.2.8.2.1"/><templateId root="1.2.250.1.213.1.1.1.1"/>
<templateId root="1.3.6.1.4.1.19376.1.2.20"/><id root="{uid}"/>
<code code="18748-4" displayName="{LABEL}" codeSystem="2.16.840.1.113883.6.1"/>
<title>{title}</title><effectiveTime value="{time}"/>
<confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>
<setId root="1.2.250.1.999.1.77"/><versionNumber value="{2 if replaces else 1}"/>
<recordTarget><patientRole>{identifier}<patient><name><family qualifier="BR">{family}</family>
<given>DOMINIQUE MARIE</given><given qualifier="BR">DOMINIQUE</given></name>
<administrativeGenderCode code="F" displayName="Féminin" codeSystem="2.16.840.1.113883.5.1"/>
<birthTime value="19790328"/><birthplace><place><addr><county>51215</county></addr></place></birthplace>
</patient></patientRole></recordTarget>{related}
<component>{body}</component>
</ClinicalDocument>""".encode()


def archive(*documents: bytes, metadata: bool = True) -> bytes:
    """An IHE_XDM archive of these documents, its METADATA.XML as bare as ebXML allows."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("INDEX.HTM", "<html/>")
        zipped.writestr("README.TXT", "Banc")
        entries = ""
        for number, content in enumerate(documents, 1):
            name = f"DOC{number:05d}.XML"
            zipped.writestr(f"IHE_XDM/SUBSET01/{name}", content)
            entries += (
                f'<rim:ExtrinsicObject id="D{number}" mimeType="text/xml" '
                'objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
                f'<rim:Slot name="URI"><rim:ValueList><rim:Value>{name}</rim:Value></rim:ValueList></rim:Slot>'
                f'<rim:Slot name="hash"><rim:ValueList><rim:Value>{hashlib.sha1(content).hexdigest()}</rim:Value>'
                "</rim:ValueList></rim:Slot></rim:ExtrinsicObject>"
            )
        if metadata:
            zipped.writestr(
                "IHE_XDM/SUBSET01/METADATA.XML",
                '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
                '<rim:RegistryObjectList xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
                f'<rim:RegistryPackage id="S"/>{entries}'
                '<rim:Classification id="k" classifiedObject="S" '
                'classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>'
                "</rim:RegistryObjectList></lcm:SubmitObjectsRequest>",
            )
    return out.getvalue()


HEADERS = {
    "From": f"PFI du Banc <{APP}>",
    "Reply-To": BACK,
    "To": PATIENT,
    "Date": "Mon, 05 Jan 2026 09:31:05 +0100",
    "Message-ID": "<1.20260105@banc.mssante.fr>",
    "Subject": f"XDM/1.0/DDM+{LABEL} PAT-TROIS DOMINIQUE 28/03/1979",
    "X-MSS-INS": "O",
    "X-MSS-CODECDA": "18748-4",
    "X-MSS-NIL": "PFI-0001",
}
"""What the mail of a sound vendor says."""


def mail(
    headers: Mapping[str, str | None] | None = None,
    *,
    text: str | None = BODY,
    html: str = "",
    documents: tuple[bytes, ...] | None = None,
    pdfs: tuple[bytes, ...] | None = None,
    files: tuple[tuple[str, bytes], ...] = (),
) -> bytes:
    """A mail that transmits a report, as it should be; `headers` change those of HEADERS, None takes one away."""
    made = EmailMessage(SMTP)
    for name, value in {**HEADERS, **(headers or {})}.items():
        if value is None:
            continue
        if name in ("From", "Reply-To", "To"):
            made[name] = [_mailbox(one) for one in value.split(", ")]
        else:
            made[name] = value
    if text is not None:
        made.set_content(text)
    if html:
        if text is None:
            made.set_content(html, subtype="html")
        else:
            made.add_alternative(html, subtype="html")
    held = (cda(),) if documents is None else documents
    if held:
        made.add_attachment(archive(*held), maintype="application", subtype="zip", filename="IHE_XDM.zip")
    for number, pdf in enumerate((pdf_a(),) if pdfs is None else pdfs, 1):
        name = f"20260104_{LABEL}_PAT-TROIS_DOMINIQUE_{number}.pdf"
        made.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    for name, content in files:
        made.add_attachment(content, maintype="application", subtype="zip", filename=name)
    return made.as_bytes()


def _mailbox(one: str) -> Address:
    label, _, address = one.rpartition("<")
    return Address(label.strip(), addr_spec=address.strip("> "))


def bare(*lines: str) -> bytes:
    """A mail written line by line."""
    return "\r\n".join((*lines, "")).encode()

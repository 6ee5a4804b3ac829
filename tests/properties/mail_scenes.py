"""Scenes of mailboxes for judges, made of literal bytes: what a vendor wrote, passed on, and told by its pilot.

The mail that the bench delivers is its own input and comes from its builders; whatever the vendor says is literal:
MDM after the tables of the CI-SIS volet "Transmission à un LPS" 1.1, MDN after RFC 8098, mails after RFC 5322.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import scenes as s

from conformance.evidence.values import (
    Binding,
    Direction,
    Driven,
    Exchange,
    Fact,
    Finding,
    Heard,
    Observation,
    Sent,
    Severity,
    Witness,
)
from conformance.properties import base
from conformance.standards import eicar
from conformance.standards.mail import builders as mail
from conformance.standards.observe import observe
from conformance.standards.xdm import builders as xdm

PFI, DOCTOR, OTHER = "pfi@banc.mssante.fr", "ps99700004210@banc.mssante.fr", "ps99700004228@banc.mssante.fr"
ID = "q1.0a1b2c3d@banc.mssante.fr"
AT = datetime(2026, 1, 4, 18, 0, tzinfo=UTC)
MASK = ("MASQUE_PS", "1.2.250.1.213.1.1.4.13", "Masqué aux professionnels de santé")
SECOND = s.UID + ".2"

_PERSON = (
    '<id root="1.2.250.1.71.4.2.1" extension="899700004210"/><addr nullFlavor="NASK"/><telecom nullFlavor="NASK"/>'
    "<assignedPerson><name><family>GARNIER</family><given>Hélène</given></name></assignedPerson>"
)
_PLACE = '<id root="1.2.250.1.71.4.2.2" extension="1990001010"/><name>Centre hospitalier</name>'
_PRACTICE = (
    '<standardIndustryClassCode code="ETABLISSEMENT" displayName="Etablissement de santé" '
    'codeSystem="1.2.250.1.213.1.1.4.9"/>'
)
HEADER = (
    f'<author><time value="20260104101500+0100"/><assignedAuthor>{_PERSON}'
    f"<representedOrganization>{_PLACE}</representedOrganization></assignedAuthor></author>"
    f"<custodian><assignedCustodian><representedCustodianOrganization>{_PLACE}</representedCustodianOrganization>"
    "</assignedCustodian></custodian>"
    '<legalAuthenticator><time value="20260104101500+0100"/><signatureCode code="S"/>'
    f"<assignedEntity>{_PERSON}</assignedEntity></legalAuthenticator>"
    '<documentationOf><serviceEvent><effectiveTime><low value="20260104093000+0100"/></effectiveTime>'
    f'<performer typeCode="PRF"><assignedEntity>{_PERSON}<representedOrganization>{_PLACE}{_PRACTICE}'
    "</representedOrganization></assignedEntity></performer></serviceEvent></documentationOf>"
    '<componentOf><encompassingEncounter><effectiveTime nullFlavor="UNK"/><location><healthCareFacility>'
    '<code code="SA01" displayName="Etablissement public de santé" codeSystem="1.2.250.1.71.4.2.4"/>'
    "</healthCareFacility></location></encompassingEncounter></componentOf>"
)
"""What the metadata of an archive are made of, besides what the plain scenes need."""


def cda() -> bytes:
    """The report of the plain scenes, its header whole."""
    return s.cda().replace(b"<component>", HEADER.encode() + b"<component>", 1)


def second() -> bytes:
    """Another document of the same patient."""
    return cda().replace(f'<id root="{s.UID}"/>'.encode(), f'<id root="{SECOND}"/>'.encode())


def archive(*documents: bytes, masks: tuple[tuple[tuple[str, str, str], ...], ...] = ()) -> bytes:
    """An IHE_XDM archive of these documents; `masks` are confidentiality codes besides those of the CDAs."""
    return xdm.build(documents, xdm.SetSpec("2.25.11", "2.25.12", "20260104170000", restrictions=masks))


def received(
    *documents: bytes,
    masked: bool = False,
    receipt: bool = True,
    subject: str = "XDM/1.0/DDM+CR d'imagerie médicale PAT-TROIS DOMINIQUE 28/03/1979",
    files: tuple[mail.File, ...] | None = None,
) -> bytes:
    """The mail that the bench delivers: an archive of these documents; the last one masked when asked."""
    held = documents or (cda(),)
    if files is None:
        masks = tuple((MASK,) if masked and n == len(held) else () for n in range(1, len(held) + 1))
        files = (mail.File("IHE_XDM.zip", "application/zip", archive(*held, masks=masks)),)
    return mail.build(
        mail.MailSpec(
            sender=("Dr Hélène GARNIER", DOCTOR),
            to=(("", PFI),),
            subject=subject,
            text="Bonjour.",
            message_id=ID,
            sent_at=AT,
            receipt_to=DOCTOR if receipt else "",
            files=files,
        )
    )


def infected_cda() -> bytes:
    """The report whose body is the EICAR test file."""
    start, _, rest = cda().partition(b'<text mediaType="application/pdf" representation="B64">')
    held = base64.b64encode(eicar.content())
    return start + b'<text mediaType="text/plain" representation="B64">' + held + rest[rest.index(b"</text>") :]


def mdm(document: bytes | None = None, *, uid: str = s.UID, control: str = "R1", matricule: str = s.INS) -> bytes:
    """The MDM of the LPS volet by which a PFI passes a document on."""
    held = base64.b64encode(document if document is not None else cda()).decode()
    rows = [
        f"MSH|^~\\&|PFI-Y|Organisation-Y|DPI-Y|Organisation-Y|20260105093100+0100||MDM^T02^MDM_T02|{control}|P|2.6"
        "|||||FRA|UNICODE UTF-8|||1.1^CISIS_CDA_HL7_LPS",
        "EVN||20260105093000+0100",
        f"PID|||{matricule}^^^ASIP-SANTE-INS-NIR&{s.OID}&ISO^INS||PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L||19790328|F"
        "|||^^^^^^BDL^^51215|||||||||||||||||||||VALI",
        "PV1|1|N",
        "ORC|NW",
        "OBR|1|||18748-4^CR d'imagerie médicale^LN",
        f"TXA|1|18748-4|TEXT|20260105093000+0100||||||||{uid}|||||AU",
        f"OBX|1|ED|18748-4^CR d'imagerie médicale^LN||^text^XML^Base64^{held}||||||F",
        f"PRT||UC||SB^Send by^participation|||||||||||^^X.400^{DOCTOR}",
        f"OBX|2|ED|<{ID}>^XDM/1.0/DDM+CR^L||^text^^Base64^Qm9uam91cg==||||||F",
    ]
    return ("\r".join(rows) + "\r").encode()


def ack(code: str, control: str = "R1") -> bytes:
    """What the destination answers."""
    error = "" if code == "AA" else "ERR||PID^1^3|207^Application internal error^HL70357|E|902^Patient inconnu\r"
    return (
        "MSH|^~\\&|DPI-Y|Organisation-Y|PFI-Y|Organisation-Y|20260105093101+0100||ACK^T02^ACK|D1|P|2.6|||||FRA"
        f"|UNICODE UTF-8\rMSA|{code}|{control}\r{error}"
    ).encode()


def mdn(disposition: str = "processed", *extra: str, about: str = ID) -> bytes:
    """A disposition notification (RFC 8098), as the volet asks for it."""
    lines = [
        f"From: PFI <{PFI}>",
        f"To: <{DOCTOR}>",
        "Message-ID: <mdn1@pfi>",
        f"References: <{about}>",
        "Subject: XDM/1.0/DDM+CR",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="B"',
        "",
        "--B",
        "Content-Type: text/plain",
        "",
        "Traitement.",
        "--B",
        "Content-Type: message/disposition-notification",
        "",
        f"Original-Recipient: rfc822;{PFI}",
        f"Final-Recipient: rfc822;{PFI}",
        f"Original-Message-ID: <{about}>",
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}",
        *extra,
        "",
        "--B--",
        "",
    ]
    return "\r\n".join(lines).encode()


def letter(*headers: str, id: str = "new1@pfi", subject: str = "Message du banc ABC", sender: str = PFI) -> bytes:
    """A mail written by the vendor, with these header lines besides."""
    lines = [
        f"From: Hopital <{sender}>",
        f"To: <{DOCTOR}>",
        f"Subject: {subject}",
        "Date: Mon, 5 Jan 2026 09:00:00 +0100",
        *([f"Message-ID: <{id}>"] if id else []),
        *headers,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Bonjour.",
        "",
    ]
    return "\r\n".join(lines).encode()


def dsn(about: str, recipient: str = DOCTOR, action: str = "delivered") -> bytes:
    """A delivery report of the operator (RFC 3464)."""
    lines = [
        "From: MAILER-DAEMON@mss.example",
        f"To: <{PFI}>",
        "Message-ID: <dsn1@mss.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"',
        "",
        "--B",
        "Content-Type: text/plain",
        "",
        "Remis.",
        "--B",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mss.example",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        f"Action: {action}",
        f"Status: {'2.0.0' if action == 'delivered' else '5.1.1'}",
        "",
        "--B",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: <{about}>",
        "",
        "--B--",
        "",
    ]
    return "\r\n".join(lines).encode()


def trace(action: str, about: str = "", **more: str) -> dict[str, Any]:
    """An entry of a log; `more` replaces its elements."""
    whole = {
        "at": "2026-01-05T09:00:01+01:00",
        "author": PFI,
        "action": action,
        "request": "DATA",
        "response": "250 2.0.0 OK",
        "outcome": "ok",
        **more,
    }
    return {**whole, "subject": {"message_id": f"<{about}>"} if about else {}}


def past(*actions: str, patient: str = s.INS, state: str = "integrated") -> dict[str, Any]:
    """An answer to document.history."""
    steps = [{"at": f"2026-01-05T09:00:0{n}+01:00", "action": a, "outcome": "ok"} for n, a in enumerate(actions)]
    return {"state": state, "patient": patient, "history": steps}


@dataclass
class Scene:
    """Traffic put together in order; `judge` gives what a property says of it."""

    exercise: str = "mail.reception"
    heard: list[Observation] = field(default_factory=list)
    elsewhere: list[Observation] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    sentinel: bool = False

    def put(
        self, channel: str, direction: Direction, body: bytes, facts: Mapping[str, Fact], answers: str | None = None
    ) -> str:
        """One exchange; gives its id."""
        id = f"x{len(self.heard) + 1}"
        self.heard.append(observe(Exchange(id, channel, direction, 1, len(self.heard), body, facts, answers)))
        return id

    def deliver(self, body: bytes) -> Scene:
        """The bench puts a mail in the mailbox."""
        facts = {"protocol": "imap", "event": "delivered", "instruction": "deliver", "to": PFI, "message_id": ID}
        self.sent.append(Sent("deliver", self.put("imap", Direction.TO_VENDOR, body, facts)))
        return self

    def command(self, command: str, about: str = ID, body: bytes = b"") -> Scene:
        """An IMAP command with an effect."""
        facts = {"protocol": "imap", "event": "command", "command": command, "mailbox": PFI, "message_id": about}
        self.put("imap", Direction.FROM_VENDOR, body, facts)
        return self

    def read(self, about: str = ID) -> Scene:
        """The vendor reads a mail."""
        return self.command("FETCH", about)

    def relay(self, message: bytes, answer: str = "AA", control: str = "R1") -> Scene:
        """The vendor passes a document on, the destination answers."""
        facts = {"protocol": "mllp"}
        id = self.put("relay", Direction.FROM_VENDOR, message, facts)
        self.put("relay", Direction.TO_VENDOR, ack(answer, control), facts, id)
        return self

    def write(self, body: bytes, *to: str, reply: str = "250", sender: str = PFI) -> Scene:
        """The vendor sends a mail."""
        facts = {
            "protocol": "smtp",
            "event": "mail",
            "mail_from": sender,
            "rcpt_to": " ".join(to or (DOCTOR,)),
            "reply": reply,
        }
        id = self.put("mss", Direction.FROM_VENDOR, body, facts)
        self.put("mss", Direction.TO_VENDOR, f"{reply} x".encode(), {"protocol": "smtp", "event": "reply"}, id)
        return self

    def report(self, body: bytes) -> Scene:
        """The operator puts a receipt in the sender's mailbox."""
        self.put("mss", Direction.TO_VENDOR, body, {"protocol": "smtp", "event": "receipt"})
        return self

    def pilot(self, name: str, kind: str, payload: Mapping[str, Any], data: Any = None, status: str = "done") -> Scene:
        """The bench asks the pilot, which answers."""
        asked = {"api": "pilot/1", "id": "i1", "kind": kind, "payload": payload}
        told = {"api": "pilot/1", "id": "i1", "status": status, "data": data or {}}
        facts = {"protocol": "pilot"}
        request = self.put("pilot", Direction.TO_VENDOR, json.dumps(asked).encode(), facts)
        answer = self.put("pilot", Direction.FROM_VENDOR, json.dumps(told).encode(), facts, request)
        self.sent.append(Sent(name, request, answer))
        return self

    def history(self, data: Mapping[str, Any]) -> Scene:
        """What the product tells of the mail."""
        return self.pilot("history", "document.history/1", {"message_id": f"<{ID}>"}, data)

    def log(self, *entries: Mapping[str, Any]) -> Scene:
        """What the product's log holds."""
        return self.pilot("log", "log.read/1", {"kind": "mail"}, {"cursor": "9", "entries": list(entries)})

    def sending(self, **more: Any) -> Scene:
        """The pilot is asked to send a mail, and says its Message-ID."""
        payload = {"mailbox": PFI, "to": [DOCTOR], "subject": "Message du banc ABC", "text": "Bonjour.", **more}
        return self.pilot("send", "mail.send/1", payload, {"message_id": "<new1@pfi>"})

    def judge(self, property: str) -> tuple[list[Finding], list[Witness]]:
        """The findings and the witnesses of a property."""
        driven = Driven(
            "c1",
            self.exercise,
            "normal",
            None,
            Binding("00000000", 1, "ABC", "001001"),
            tuple(self.sent),
            sentinel=self.sentinel,
        )
        heard = Heard(tuple(self.heard), (*self.heard, *self.elsewhere))
        words = list(base.get(property).judge(driven, heard, s.DAY))
        return [w for w in words if isinstance(w, Finding)], [w for w in words if isinstance(w, Witness)]


def errors(findings: list[Finding]) -> list[str]:
    """The codes that count against the vendor."""
    return [f.code for f in findings if f.severity is Severity.ERROR]

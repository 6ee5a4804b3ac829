"""Collects the segments of one message: the pieces that the builders of `builders.py` put together."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime

from conformance.standards.hl7v2 import tables
from conformance.standards.hl7v2.orders import (
    DocumentOrder,
    Envelope,
    ErrorRow,
    LocalId,
    PatientTraits,
    Practitioner,
    Recipient,
    Sender,
    Structure,
    Visit,
)
from conformance.standards.hl7v2.syntax import CHARSETS, Field, build_segment
from conformance.standards.hl7v2.values import FLAGS, Coded, Request

STATUSES: Mapping[Request, str] = {"initial": "F", "replacement": "C", "deletion": "D"}
ORDERS: Mapping[Request, str] = {"initial": "NW", "replacement": "RO", "deletion": "CA"}
_YES_NO: Mapping[str, str] = {"1.2": "", "2.0": "HL70136", "2.1": tables.YES_NO_SYSTEM}
PARTICIPATION: Mapping[str, str] = {"2.0": "HL70912", "1.0": "HL70912", "2.1": "participation", "1.1": "participation"}


def time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time in a message needs its offset from UTC")
    return moment.strftime("%Y%m%d%H%M%S%z")


def coded(value: Coded) -> Field:
    return (value.code, value.label, value.system)


def _cx(id: LocalId) -> Field:
    return (id.value, "", "", (id.namespace, id.oid, id.oid_type), id.type)


class Writer:
    """Collects the segments of one message, in one character set."""

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.codec = CHARSETS[envelope.charset]
        self.segments: list[bytes] = []
        self.rows = 0

    @classmethod
    def of_charset(cls, charset: str) -> Writer:
        w = cls.__new__(cls)
        w.codec = CHARSETS[charset]
        w.segments = []
        w.rows = 0
        return w

    def add(self, name: str, fields: Mapping[int, Field]) -> None:
        """Append a segment; fields left empty at its end are not written."""
        self.segments.append(build_segment(name, {n: v for n, v in fields.items() if v}, charset=self.codec))

    def msh(self, type: tuple[str, str, str], version: str, profile: tuple[str, str] | None = None) -> None:
        e = self.envelope
        self.add(
            "MSH",
            {
                3: e.sender.application,
                4: e.sender.facility,
                5: e.receiver.application,
                6: e.receiver.facility,
                7: time(e.sent_at),
                9: type,
                10: e.control_id,
                11: e.processing,
                12: version,
                17: "FRA",
                18: e.charset,
                21: profile,
            },
        )

    def pid(self, p: PatientTraits) -> None:
        ids: list[Field] = [_cx(i) for i in p.local_ids]
        if p.ins is not None:
            ids.insert(0, (p.ins.matricule, "", "", (p.ins.namespace, p.ins.oid, "ISO"), "INS"))
        names: list[Field] = [(p.birth_name, p.given_names[0], " ".join(p.given_names), "", "", "", "L")]
        if p.used_name is not None or p.used_given is not None:
            used_given = p.used_given or p.given_names[0]
            names.append((p.used_name or p.birth_name, used_given, "", "", "", "", "D"))
        self.add(
            "PID",
            {
                1: "1",
                3: ids,
                5: names,
                7: p.birth_date.strftime("%Y%m%d"),
                8: p.sex,
                11: [("", "", "", "", "", "", "BDL", "", p.birth_place)] if p.birth_place else None,
                18: _cx(p.account) if p.account is not None else None,
                32: list(p.status or (("VALI",) if p.ins is not None else ("PROV",))),
            },
        )

    def pv1(self, visit: Visit) -> None:
        number = _cx(visit.number) if visit.number is not None else None
        self.add("PV1", {1: "1", 2: visit.patient_class, 19: number})

    def obx(self, type: str, code: Field, value: Field, *, status: str = "F", sub_id: str = "") -> None:
        self.rows += 1
        self.add("OBX", {1: str(self.rows), 2: type, 3: code, 4: sub_id, 5: value, 11: status})

    def encapsulated(self, kind: Coded, data: bytes, status: str, word: str, system: bool = True) -> None:
        code = (kind.code, kind.label, kind.system if system else "")
        self.obx("ED", code, (None, word, "XML", "Base64", base64.b64encode(data)), status=status)

    def documents(self, order: DocumentOrder, word: str, flag_type: str) -> None:
        """The document OBX, its PRT, then the flags in the order of the dialect."""
        coded = order.dialect != "1.2"
        for n, data in enumerate(order.documents):
            self.encapsulated(order.kind, data, STATUSES[order.request], word, coded)
            if n == 0:
                self._participants(order)
        system = tables.META_SYSTEM if coded else ""
        for name in tables.FLAG_ORDER[order.dialect]:
            if name in FLAGS:
                self.flag(name, order.flags.get(name, False), flag_type, system, _YES_NO[order.dialect])
                if name == "DESTMSSANTEPAT" and order.patient_must_not_answer:
                    self.add("NTE", {1: "1", 4: "FIN"})
            elif name in order.bodies:
                body = (None, word, None, "Base64", base64.b64encode(order.bodies[name].encode()))
                self.obx("ED", (name, tables.FLAG_LABELS[name], system), body)

    def _participants(self, order: DocumentOrder) -> None:
        if order.dialect == "1.2":  # recipients are in the CDA; only the reply address is a PRT
            self.reply(order.reply_to, "")
            return
        table = PARTICIPATION[order.dialect]
        self.sender(order.sender, table)
        self.recipients(order.recipients, order.patient, table)
        self.reply(order.reply_to, table)

    def flag(self, name: str, value: bool, type: str, system: str, answers: str) -> None:
        code = name if system else tables.V12_FLAG_NAMES.get(name, name)
        self.obx(type, (code, tables.FLAG_LABELS[name], system), ("Y" if value else "N", "", answers))

    def sender(self, sender: Sender, table: str) -> None:
        fields: dict[int, Field] = {10: sender.device}
        if sender.person is not None:
            fields[5] = _practitioner(sender.person)
        if sender.structure is not None:
            fields[8] = _structure(sender.structure)
        self._prt("SB", table, fields, sender.address)

    def recipients(self, recipients: tuple[Recipient, ...], patient: PatientTraits, table: str) -> None:
        for r in recipients:
            fields: dict[int, Field] = {}
            if r.person is not None:
                fields[5] = _practitioner(r.person)
            elif r.patient and (ins := patient.ins or r.ins) is not None:
                authority = (ins.namespace, ins.oid, "ISO")
                names = (patient.birth_name, patient.given_names[0])
                fields[5] = (ins.matricule, *names, *[""] * 5, authority, "L", "", "", "INS")
            if r.structure is not None:
                fields[8] = _structure(r.structure)
            self._prt("RCT", table, fields, r.address)

    def reply(self, addresses: tuple[str, ...], table: str) -> None:
        for address in addresses:
            self._prt("REPLY", table, {}, address)

    def _prt(self, role: str, table: str, fields: Mapping[int, Field], address: str) -> None:
        # V1.2 names the participation by its code alone.
        participation: Field = (role, tables.PARTICIPATIONS[role], table) if table else role
        contact: Field = ("", "", "X.400", address) if address else None
        self.add("PRT", {2: "UC", 4: participation, **fields, 15: contact})

    def error(self, row: ErrorRow) -> None:
        application = coded(row.application) if row.application is not None else None
        location: Field = tuple(row.location.split("^")) if row.location else None
        self.add("ERR", {2: location, 3: coded(row.code), 4: row.severity, 5: application})


def _practitioner(p: Practitioner) -> Field:
    authority = ("ASIP-SANTE-PS", tables.PROFESSIONAL_OID, "ISO")
    return (p.id, p.family, p.given, *[""] * 5, authority, "D", "", "", p.id_type)


def _structure(s: Structure) -> Field:
    # A UF or a service is identified within its establishment: the authority is then a FINESS number.
    official = s.authority == tables.STRUCTURE_OID
    authority: Field = ("ASIP-SANTE-ST", s.authority, "ISO") if official else s.authority
    return (s.name, *[""] * 4, authority, s.id_type, "", "", s.id)

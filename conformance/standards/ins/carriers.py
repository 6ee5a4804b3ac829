"""How an INS is written on each channel, and how to tell one from any other fifteen digits.

Sources: annexe CI-SIS INS (PID-3, XDS); PAM France PID-3; Structuration minimale 3.5.5.12.1.1 (CDA); MSSanté, addresses
of citizens. An identifier is an INS by its type or its authority, never by its digits: a NIR kept for reimbursement is
none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from conformance.standards.ins import nir, oids

Channel = Literal["hl7v2", "cda", "xds", "mail"]

NAMESPACES = ("ASIP-SANTE-INS-NIR", "ASIP-SANTE-INS-NIA")
TYPES = frozenset({"INS", "INS-NIR", "INS-NIA"})
"""CX-5 values by which an identifier says that it is an INS; only INS is in the French table 0203."""

PATIENT_DOMAIN = "patient.mssante.fr"
"""Domain of the mailboxes of citizens, whose local part is the matricule with its key."""


@dataclass(frozen=True, slots=True)
class Carried:
    """An INS as it stood somewhere. `oid` is empty where the channel has none (mail) or where it was left out."""

    channel: Channel
    matricule: str
    oid: str = ""
    namespace: str = ""
    type: str = ""

    @property
    def complete(self) -> bool:
        """Whether it has all that its channel asks for; its key and environment are judged by the rules."""
        if not nir.is_matricule(self.matricule):
            return False
        if self.channel == "mail":
            return True
        named = self.namespace in NAMESPACES_BY_CHANNEL[self.channel]
        return oids.is_ins(self.oid) and self.type == TYPE_BY_CHANNEL[self.channel] and named


TYPE_BY_CHANNEL: Mapping[Channel, str] = {"hl7v2": "INS", "cda": "", "xds": "NH", "mail": ""}
"""CX-5 on each channel."""

NAMESPACES_BY_CHANNEL: Mapping[Channel, tuple[str, ...]] = {
    "hl7v2": NAMESPACES,
    "cda": ("",),
    "xds": ("",),
    "mail": ("",),
}
"""HD-1 of the assigning authority on each channel."""


def pid3(matricule: str, oid: str) -> str:
    """The repetition of PID-3 (CX) of an INS. Raises KeyError for an OID that is not of an INS."""
    return f"{matricule}^^^{oids.AUTHORITIES[oid].namespace}&{oid}&ISO^INS"


def xds_patient(matricule: str, oid: str) -> str:
    """XDSDocumentEntry.patientId, and the resource-id of a VIHF."""
    return f"{matricule}^^^&{oid}&ISO^NH"


def cda_id(matricule: str, oid: str) -> tuple[str, str]:
    """Root and extension of the first patientRole/id."""
    return oid, matricule


def mailbox(matricule: str, domain: str = PATIENT_DOMAIN) -> str:
    """The address of the citizen."""
    return f"{matricule}@{domain}"


def read_cx(text: str, channel: Literal["hl7v2", "xds"] = "hl7v2") -> Carried | None:
    """The INS that a CX is (default separators), None when it is another identifier.

    It is one by its type, its namespace or its OID; in XDS, NH alone is a type of other numbers too.
    """
    parts = [*text.split("^"), "", "", "", "", ""]
    authority = [*parts[3].split("&"), "", ""]
    found = Carried(channel, parts[0].strip(), authority[1], authority[0], parts[4])
    typed = found.type in TYPES or found.namespace in NAMESPACES or oids.is_ins(found.oid)
    return found if typed and found.matricule else None


def read_id(root: str, extension: str) -> Carried | None:
    """The INS that an `id` of CDA is, by its root."""
    return Carried("cda", extension.strip(), root) if oids.is_ins(root) and extension.strip() else None


_ADDRESS = re.compile(r"([^@\s<>]+)@([^@\s<>]+)")


def read_address(address: str, domains: Iterable[str] = (PATIENT_DOMAIN,)) -> Carried | None:
    """The INS that the address of a citizen is, by its domain and its fifteen characters."""
    match = _ADDRESS.search(address)
    if match is None or match[2].lower() not in {d.lower() for d in domains} or not nir.is_matricule(match[1].upper()):
        return None
    return Carried("mail", match[1].upper())


def mentions(text: str, matricule: str) -> bool:
    """Whether a matricule, with or without its key, blanks or dots between its groups, stands in a text.

    Worth an advice only: a NIR of reimbursement has the same digits. It never matches inside a longer number.
    """
    body, key = matricule[:13], matricule[13:]
    spaced = r"[ .\u00a0-]?".join(map(re.escape, body))
    tail = rf"(?:[ .\u00a0-]?{re.escape(key)})?" if key else ""
    return re.search(rf"(?<![0-9A-Za-z]){spaced}{tail}(?![0-9])", text) is not None

"""Vocabulary of the CI-SIS transmission volets: flags, participations, acknowledgements, error codes (V2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from conformance.standards.hl7v2.values import FLAGS, MAIL_BODIES

FLAG_LABELS: Mapping[str, str] = {
    "MASQUE_PS": "Masqué aux professionnels de Santé",
    "INVISIBLE_PATIENT": "Document Non Visible par le patient",
    "INVISIBLE_REP_LEGAUX": "Non visible par les représentants Légaux du patient",
    "CONNEXION_SECRETE": "Connexion Secrete",
    "MODIF_CONF_CODE": "Modification Confidentiality Code",
    "DESTDMP": "Destinataire DMP",
    "DESTMSSANTEPS": "Destinataire (Professionnel de Santé, organisation ou BAL applicative)",
    "DESTMSSANTEPAT": "Destinataire Patient",
    "ACK_RECEPTION": "Accusé de réception",
    "ACK_LECTURE_MSS": "Accusé de lecture",
    "CORPSMAIL_PS": "Corps du mail pour un PS",
    "CORPSMAIL_PATIENT": "Corps du mail pour le patient",
}

V12_FLAG_NAMES: Mapping[str, str] = {
    "INVISIBLE_REP_LEGAUX": "INVISIBLE_REPRESENTANTS_LEGAUX",
    "MODIF_CONF_CODE": "MODIF_CONFIDENTIALITYCODE",
}
"""V2.1 names -> the long names of V1.2."""

FLAG_ORDER: Mapping[str, tuple[str, ...]] = {
    "1.2": (*FLAGS[:8], *MAIL_BODIES),
    "2.0": (*FLAGS[:8], *MAIL_BODIES, *FLAGS[8:]),
    "2.1": (*FLAGS, *MAIL_BODIES),
}
"""Dialect towards the PFI -> its metadata OBX, in its order (V1.2 has no acknowledgement flag)."""

LPS_FLAGS: Final = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "MODIF_CONF_CODE")
"""The flags of the volet LPS 1.1, in its order."""

META_SYSTEM: Final = "MetaDMPMSS"
YES_NO_SYSTEM: Final = "expandedYes-NoIndicator"
ZAM_SYSTEM: Final = "AckMetierZAM"
ERROR_SYSTEM: Final = "messageErrorCondition"

PARTICIPATIONS: Mapping[str, str] = {"SB": "Send by", "RCT": "Result Copies To", "REPLY": "Reply To"}
"""PRT-4 codes and their labels."""

PROFESSIONAL_OID: Final = "1.2.250.1.71.4.2.1"
STRUCTURE_OID: Final = "1.2.250.1.71.4.2.2"
ZAM_STATUS: Mapping[str, tuple[str, str]] = {
    "Z01": ("ACK_RECEPTION_DMP", "Accusé de réception DMP"),
    "Z02": ("ACK_RECEPTION_MSS", "Accusé de réception MSSanté"),
    "Z03": ("ACK_LECTURE_MSS", "Accusé de lecture"),
}
"""Trigger -> OBX-3 code and label of the first OBX."""

ZAM_ADDRESS: Mapping[str, tuple[str, str]] = {
    "Z02": ("DESTINATAIRE_MSS", "Destinataire MSSanté"),
    "Z03": ("LECTEUR_MSS", "Lecteur du courriel MSSanté"),
}
"""Trigger -> OBX-3 code and label of the second OBX."""

ZAM_ERROR_SYSTEMS: Mapping[str, frozenset[str]] = {
    "Z01": frozenset({"DMP_ERROR_CODE"}),
    "Z02": frozenset({"SMTPERRORCODE"}),
    "Z03": frozenset({"applicationErrorCondition", "applicationErrorCode"}),
}
"""Trigger -> coding systems of ERR-5 (both names of table 0533 appear in the guide)."""

MESSAGE_ERRORS: Mapping[str, str] = {
    "0": "Message accepted",
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "198": "Non-Conformant Cardinality",
    "199": "Other HL7 Error",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application error",
}
"""Table 0357 messageErrorCondition, with the guide's label for 207."""

APPLICATION_ERRORS = frozenset({"900", "901", "902", "903", "904", "905", "906"})
"""Table applicationErrorCondition of the volet."""

SMTP_ERRORS = frozenset(
    map(
        str,
        (
            *(101, 111, 251, 252, 420, 421, 422, 431, 432, 441, 442, 450, 451, 452),
            *(500, 501, 502, 503, 504, 510, 512, 513, 523, 530, 541, 550, 551, 552, 553, 554),
        ),
    )
)
"""Table SMTPERRORCODE of the volet."""

SEVERITIES = frozenset({"E", "F", "I", "W", "Error", "Fatal Error", "Information", "Warning"})
"""ERR-4: letters of table 0516, or the words printed in the volet for a ZAM."""

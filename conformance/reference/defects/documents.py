"""Violations of the document flow: each replaces one decision of `rules.Behaviour`, and nothing else."""

from __future__ import annotations

from conformance.reference import rules
from conformance.reference.defects.table import Defect
from conformance.reference.rules import Memory
from conformance.reference.values import Coded, Document, Envelope, Ins, Outcome, Received, Refusal

IMAGING_REPORT = "18748-4"


def masked_codes_without_ps(received: Received, document: Document) -> tuple[Coded, ...]:
    """All the codes but MASQUE_PS."""
    return tuple(c for c in rules.confidentiality_codes(received, document) if c.code != "MASQUE_PS")


def never_secret(received: Received) -> bool:
    """The flag of the secret connection is not looked at."""
    del received
    return False


def masked_imaging_refused(received: Received) -> Refusal | None:
    """A report masked to professionals is refused when it is an imaging report."""
    if received.flag("MASQUE_PS") and received.documents[0].cda.type.code == IMAGING_REPORT:
        return Refusal("207", "OBX^2^5")
    return rules.refused_flags(received)


def only_mdm_fed(received: Received) -> bool:
    """A document that came in an ORU stays in the platform."""
    return received.envelope.type != "ORU" and rules.is_fed(received)


def structured_version(documents: tuple[Document, ...]) -> Document:
    """The structured version when there is one."""
    return next((d for d in documents if d.cda.level == "N3"), documents[0])


def anything_coherent(received: Received) -> Refusal | None:
    """Event, OBX-11 and ORC-1 are not compared."""
    del received
    return None


def no_replacement(received: Received) -> Refusal | None:
    """A replacement is not a request the platform knows."""
    if rules.request_of(received) == "replacement":
        return Refusal("201", "MSH^1^9")
    return rules.refused_request(received)


def previous_control(head: Envelope, memory: Memory) -> str:
    """The control id of the message before."""
    return memory.previous_control or head.control


def only_success_returned(received: Received, outcome: Outcome) -> bool:
    """What the DMP refused is kept silent."""
    return outcome.success and rules.is_returned(received, outcome)


def own_reference(head: Envelope, own_control: str) -> str:
    """The return quotes itself."""
    del head
    return own_control


def without_corsican_letter(ins: Ins) -> str:
    """2A and 2B become 20, as in old numeric files."""
    letter = ins.matricule[6:7].upper()
    plain = ins.matricule[:6] + "0" + ins.matricule[7:] if letter in ("A", "B") else ins.matricule
    return Ins(plain, ins.oid).cx()


def patient_before(ins: Ins, previous: Ins | None) -> Ins:
    """The patient of the message before."""
    return previous or ins


def no_oul(head: Envelope) -> Refusal | None:
    """A laboratory report in OUL is not a message the platform knows."""
    return Refusal("200", "MSH^1^9") if head.type == "OUL" else rules.unsupported(head)


def no_order(head: Envelope) -> Refusal | None:
    """An order is not a message the platform knows."""
    return Refusal("200", "MSH^1^9") if head.type == "ORM" else rules.unsupported(head)


def never_created(effective_time: str) -> str:
    """No creation time."""
    del effective_time
    return ""


def access_asked() -> bool:
    """Access is asked for each time."""
    return True


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "masque-ps-lost",
        "PFI/va1/INTRA/va1.01",
        "Le masquage aux professionnels demandé par le message n'est pas repris dans la soumission au DMP.",
        "The masking to professionals asked for by the message is missing from the DMP submission.",
        "confidentiality_codes",
        masked_codes_without_ps,
    ),
    Defect(
        "secret-connection-lost",
        "PFI/va1/INTRA/va1.01",
        "La connexion secrète demandée par le message n'est pas reprise dans le jeton VIHF.",
        "The secret connection asked for by the message is missing from the VIHF assertion.",
        "secret_connection",
        never_secret,
    ),
    Defect(
        "masked-report-refused",
        "PFI/va1/INTRA/va1.01",
        "Un compte rendu d'imagerie masqué aux professionnels est refusé à la réception.",
        "An imaging report masked to professionals is refused on reception.",
        "refused_flags",
        masked_imaging_refused,
    ),
    Defect(
        "oru-not-fed",
        "PFI/va1/DMP/va1.01",
        "Un document reçu dans un message ORU est acquitté mais n'alimente jamais le DMP.",
        "A document received in an ORU message is acknowledged but never reaches the DMP.",
        "is_fed",
        only_mdm_fed,
    ),
    Defect(
        "n3-fed-instead-of-n1",
        "PFI/va1/DMP/va1.01",
        "Quand le message porte les versions N1 et N3, c'est la version N3 qui part au DMP.",
        "When the message carries the N1 and N3 versions, the N3 version goes to the DMP.",
        "version_fed",
        structured_version,
    ),
    Defect(
        "incoherent-accepted",
        "PFI/va2/CDA/HL7.01",
        "Un message dont l'évènement, OBX-11 et ORC-1 se contredisent est accepté.",
        "A message whose event, OBX-11 and ORC-1 contradict each other is accepted.",
        "incoherent",
        anything_coherent,
    ),
    Defect(
        "replacement-refused",
        "PFI/va2/CDA/HL7.01",
        "Un message de remplacement conforme est refusé.",
        "A conform replacement message is refused.",
        "refused_request",
        no_replacement,
    ),
    Defect(
        "ack-of-previous-message",
        "PFI/va2/CDA/HL7.01",
        "L'accusé de réception cite l'identifiant du message précédent.",
        "The acknowledgement quotes the control id of the previous message.",
        "acknowledged_control",
        previous_control,
        restart=True,
    ),
    Defect(
        "failure-not-returned",
        "PFI/va2/CDA/HL7.02",
        "Le refus du DMP n'est pas retourné au système émetteur.",
        "The DMP's refusal is not returned to the sending system.",
        "is_returned",
        only_success_returned,
    ),
    Defect(
        "return-without-reference",
        "PFI/va2/CDA/HL7.02",
        "Le retour métier cite son propre identifiant au lieu de celui du message du document.",
        "The business return quotes its own control id instead of that of the document's message.",
        "return_reference",
        own_reference,
    ),
    Defect(
        "corsican-matricule-altered",
        "PFI/va1/INS/va1.16",
        "La lettre d'un matricule INS corse est remplacée par un zéro dans la soumission au DMP.",
        "The letter of a Corsican INS matricule becomes a zero in the DMP submission.",
        "patient_id",
        without_corsican_letter,
    ),
    Defect(
        "previous-patient-ins",
        "PFI/va1/INS/va1.16",
        "La soumission au DMP porte l'INS du patient reçu juste avant.",
        "The DMP submission carries the INS of the patient received just before.",
        "patient_fed",
        patient_before,
        restart=True,
    ),
    Defect(
        "oul-refused",
        "PFI/va1/INTRA/va1.02",
        "Un compte rendu de biologie reçu dans un message OUL est refusé.",
        "A laboratory report received in an OUL message is refused.",
        "unsupported",
        no_oul,
    ),
    Defect(
        "dmp-submission-without-creation-time",
        "PFI/va1/DMP/va1.08",
        "La date de création manque aux métadonnées du document soumis au DMP.",
        "The creation time is missing from the metadata of the document submitted to the DMP.",
        "created",
        never_created,
    ),
    Defect(
        "access-request-before-feeding",
        "PFI/va2/DMP/CONF.05",
        "L'autorisation d'accès au DMP (TD0.3) est demandée avant chaque alimentation.",
        "Access to the DMP (TD0.3) is asked for before each feeding.",
        "asks_access",
        access_asked,
    ),
    Defect(
        "orm-refused",
        "PFI/va1/INS/va1.16",
        "Une demande reçue en ORM, avec un PID conforme, est refusée.",
        "An order received as ORM, with a conform PID, is refused.",
        "unsupported",
        no_order,
    ),
)

"""One message of a bound story: its CDA, then the HL7 v2 message that carries it.

The same story, step, binding, day and settings always give the same bytes. All times lie on the two days before the
run's day, so that nothing is ever in the future: the act, then the document, then the message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal, get_args

from conformance.evidence.values import Binding
from conformance.generation.identity import IPP_ROOT, ResolvedIdentity, resolve
from conformance.generation.people import SPECIALTIES
from conformance.models.document import DocumentBody, DocumentStory, Flags, Professional
from conformance.models.life import State, states
from conformance.standards.cda import builders as cda
from conformance.standards.cda.marks import LOINC
from conformance.standards.hl7v2 import builders as hl7
from conformance.standards.ins import oids

_PARIS = timezone(timedelta(hours=1))
_ORDERED, _ACT, _DOCUMENT, _MESSAGE = time(8, 0), time(9, 30), time(14, 0), time(20, 0)

_CODE_SYSTEMS = {"LN": LOINC, "TRE_A05": cda.TRE_A05}
_HOSPITAL_STAY = ("IMP", "2.16.840.1.113883.5.4", "Hospitalisation (établissement, y compris HAD)")
_OUTPATIENT = ("EXTERNE", "1.2.250.1.213.1.1.4.2.291", "Acte et consultation externe (établissement)")
_EMERGENCY = ("EMER", "2.16.840.1.113883.5.4", "Passage aux urgences (établissement)")
_ENCOUNTERS = {"I": _HOSPITAL_STAY, "O": _OUTPATIENT, "R": _OUTPATIENT, "N": _OUTPATIENT, "E": _EMERGENCY}
_IMAGING_CODE = "18748-4"

_FLAG_FIELDS = {
    "MASQUE_PS": "masque_ps",
    "INVISIBLE_PATIENT": "invisible_patient",
    "INVISIBLE_REP_LEGAUX": "invisible_rep_legaux",
    "CONNEXION_SECRETE": "connexion_secrete",
    "MODIF_CONF_CODE": "modif_conf_code",
    "DESTDMP": "dest_dmp",
    "DESTMSSANTEPS": "dest_mss_ps",
    "DESTMSSANTEPAT": "dest_mss_pat",
    "ACK_RECEPTION": "ack_reception",
    "ACK_LECTURE_MSS": "ack_lecture",
}

_BUILDERS: Mapping[str, Callable[[hl7.DocumentOrder], bytes]] = {"ORU": hl7.oru, "MDM": hl7.mdm, "OUL": hl7.oul}


@dataclass(frozen=True, slots=True)
class Settings:
    """How the bench presents itself: MSH-3 to MSH-6, MSH-11, the INS environment (its OIDs), domains of addresses."""

    sending_application: str = "RIS-BANC"
    sending_facility: str = "HOPITAL-BANC"
    receiving_application: str = "PFI"
    receiving_facility: str = "HOPITAL-BANC"
    processing: Literal["P", "T", "D"] = "T"
    ins_environment: oids.Environment = "test"
    professional_domain: str = "banc.mssante.fr"
    patient_domain: str = "patient.mssante.fr"

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Settings:
        """The settings of a target that concern messages; others are left, missing ones keep their default."""
        known = {k: str(v) for k, v in settings.items() if k in cls.__slots__ and v is not None}
        if known.get("ins_environment", "test") not in get_args(oids.Environment):
            del known["ins_environment"]
        return cls(**known)  # type: ignore[arg-type]


DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to be sent.

    `uids` are the unique ids of the documents it carries (N1 first), `documents` their bytes, `replaced` the ids they
    replace. `control` is MSH-10. `keys` are the attribution keys, strongest first.
    """

    message: bytes
    uids: tuple[str, ...]
    control: str
    keys: tuple[tuple[str, str], ...]
    documents: tuple[bytes, ...]
    replaced: tuple[str, ...]
    identity: ResolvedIdentity


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a message is about, as HL7 v2 tells it: the identity, its traits, the venue, who asks."""

    identity: ResolvedIdentity
    traits: hl7.PatientTraits
    visit: hl7.Visit
    requester: hl7.Practitioner


def bearer(story: DocumentStory, binding: Binding, as_of: date, settings: Settings = DEFAULTS) -> Bearer:
    """The patient of a story once bound: the same in every message of the case, whatever the message."""
    identity = resolve(story.patient, binding, as_of, settings.ins_environment)
    return Bearer(identity, _traits(identity), _visit(story, identity), _practitioner(story.author))


def before_documents(as_of: date) -> datetime:
    """When an order or an appointment is sent: the day of the act, before it."""
    return _moment(as_of, 2, _ORDERED)


def envelope(
    settings: Settings, control: str, sent_at: datetime, charset: hl7.Charset = "UNICODE UTF-8"
) -> hl7.Envelope:
    """The header of a message of the bench."""
    return hl7.Envelope(
        sender=hl7.Endpoint(settings.sending_application, settings.sending_facility),
        receiver=hl7.Endpoint(settings.receiving_application, settings.receiving_facility),
        control_id=control,
        sent_at=sent_at,
        charset=charset,
        processing=settings.processing,
    )


def document_uid(binding: Binding, step: int, body: DocumentBody) -> str:
    """The unique id of one form of the document made at a step: an OID without extension."""
    return binding.uid("document", step, body.level)


def render(
    story: DocumentStory, step_index: int, binding: Binding, as_of: date, settings: Settings = DEFAULTS
) -> Rendered:
    """The message of one step, unbroken; raises ValueError when the story cannot happen.

    A replacement names the documents of the step before; a deletion carries, byte for byte, the documents it deletes.
    """
    life = states(story)
    state = life[step_index]
    step = story.steps[step_index]
    made = life[state.document]
    identity = resolve(story.patient, binding, as_of, settings.ins_environment)
    addressees = _addressees(story, story.steps[made.index].flags, identity, settings)
    documents = tuple(_document(story, made, body, identity, binding, as_of, addressees) for body in step.bodies)
    uids = tuple(document_uid(binding, made.index, body) for body in step.bodies)
    replaced = (
        tuple(document_uid(binding, state.replaces, b) for b in step.bodies) if state.replaces is not None else ()
    )
    control = binding.control("step", step_index)
    sent_at = _moment(as_of, 1, _MESSAGE) + timedelta(minutes=step_index)
    order = hl7.DocumentOrder(
        envelope=envelope(settings, control, sent_at, story.charset),
        patient=_traits(identity),
        visit=_visit(story, identity),
        request=step.request,
        kind=hl7.Coded(story.kind.code, story.kind.label, story.kind.system),
        documents=documents,
        document_id=uids[0],
        replaced_id=replaced[0] if replaced else None,
        sender=hl7.Sender(
            structure=hl7.Structure(story.structure.name, story.structure.finess),
            person=_practitioner(story.author),
        ),
        dialect=story.dialect,
        recipients=_recipients(story, step.flags, identity, settings),
        reply_to=(_address(story.author, settings),) if step.flags.dest_mss_ps or step.flags.dest_mss_pat else (),
        flags={name: getattr(step.flags, field) for name, field in _FLAG_FIELDS.items()},
        patient_must_not_answer=step.no_reply and story.dialect != "1.2",
        event_at=sent_at,
    )
    return Rendered(
        message=_BUILDERS[story.carrier](order),
        uids=uids,
        control=control,
        keys=(
            *(("document", uid) for uid in uids),
            ("control", control),
            ("patient", identity.matricule),
            ("patient", identity.ipp),
        ),
        documents=documents,
        replaced=replaced,
        identity=identity,
    )


def _moment(as_of: date, days_before: int, at: time) -> datetime:
    return datetime.combine(as_of - timedelta(days=days_before), at, _PARIS)


def _document(
    story: DocumentStory,
    made: State,
    body: DocumentBody,
    identity: ResolvedIdentity,
    binding: Binding,
    as_of: date,
    recipients: tuple[cda.PersonSpec, ...],
) -> bytes:
    imaging = story.kind.code == _IMAGING_CODE
    start = _moment(as_of, 2, _ACT)
    replaces = binding.uid("document", made.replaces, body.level) if made.replaces is not None else None
    return cda.build(
        cda.CdaSpec(
            uid=document_uid(binding, made.index, body),
            set_id=binding.uid("set", body.level),
            version=made.version,
            patient=_patient(identity),
            author=_author(story.author),
            structure=cda.StructureSpec(f"1{story.structure.finess}", story.structure.name),
            code=story.kind.code,
            code_system=_CODE_SYSTEMS[story.kind.system],
            label=story.kind.label,
            title=story.kind.title,
            effective_time=_moment(as_of, 1, _DOCUMENT) + timedelta(minutes=30 * made.index),
            service_start=start,
            service_stop=start + timedelta(minutes=45),
            replaces=replaces,
            recipients=recipients,
            level=body.level,
            text=f"{story.kind.title} - {identity.birth_name} - version {made.version}",
            filler=body.filler,
            encounter=_ENCOUNTERS[story.patient_class],
            order=(f"{IPP_ROOT}.2", f"D{identity.ipp[1:]}") if imaging else None,
            accession=(f"{IPP_ROOT}.3", f"A{identity.ipp[1:]}") if imaging else None,
        )
    )


def _patient(identity: ResolvedIdentity) -> cda.PatientSpec:
    local = (identity.ipp_root, identity.ipp)
    return cda.PatientSpec(
        ids=((identity.oid, identity.matricule), local) if identity.qualified else (local,),
        birth_name=identity.birth_name,
        given=identity.given_names,
        sex=identity.sex,
        birth=f"{identity.birth_date:%Y%m%d}",
        birth_place=identity.birth_place,
        used_name=identity.used_name,
    )


def _author(person: Professional) -> cda.PersonSpec:
    return cda.PersonSpec(
        f"8{person.rpps}", person.family, person.given, person.specialty, SPECIALTIES[person.specialty]
    )


def _practitioner(person: Professional) -> hl7.Practitioner:
    return hl7.Practitioner(f"8{person.rpps}", person.family, person.given)


def _traits(identity: ResolvedIdentity) -> hl7.PatientTraits:
    return hl7.PatientTraits(
        birth_name=identity.birth_name,
        given_names=identity.given_names,
        birth_date=identity.birth_date,
        sex=identity.sex,
        birth_place=identity.birth_place,
        ins=hl7.Ins(identity.matricule, identity.oid, identity.namespace) if identity.qualified else None,
        local_ids=(hl7.LocalId(identity.ipp, identity.ipp_authority, identity.ipp_root),),
        used_name=identity.used_name,
        account=hl7.LocalId(f"S{identity.ipp[1:]}", identity.ipp_authority, f"{IPP_ROOT}.1", type="AN"),
    )


def _visit(story: DocumentStory, identity: ResolvedIdentity) -> hl7.Visit:
    number = hl7.LocalId(f"V{identity.ipp[1:]}", identity.ipp_authority, f"{IPP_ROOT}.1", type="VN")
    return hl7.Visit(story.patient_class, None if story.patient_class == "N" else number)


def _address(person: Professional, settings: Settings) -> str:
    return f"ps{person.rpps}@{settings.professional_domain}"


def _addressees(
    story: DocumentStory, flags: Flags, identity: ResolvedIdentity, settings: Settings
) -> tuple[cda.PersonSpec, ...]:
    """The recipients in the CDA, with their mailboxes: where V1.2 of the volet has them, since it has no PRT for them.

    In V1.2 the patient who gets a mail is one of them; later the message itself says so.
    """
    people = tuple(replace(_author(r), mailbox=_address(r, settings)) for r in story.recipients)
    if story.dialect != "1.2" or not flags.dest_mss_pat:
        return people
    mailbox = f"{identity.matricule}@{settings.patient_domain}"
    return (*people, cda.PersonSpec("", identity.birth_name, identity.first_given_name, mailbox=mailbox))


def _recipients(
    story: DocumentStory, flags: Flags, identity: ResolvedIdentity, settings: Settings
) -> tuple[hl7.Recipient, ...]:
    people = tuple(hl7.Recipient(_address(r, settings), person=_practitioner(r)) for r in story.recipients)
    if not flags.dest_mss_pat:
        return people
    ins = hl7.Ins(identity.matricule, identity.oid, identity.namespace)
    return (*people, hl7.Recipient(f"{identity.matricule}@{settings.patient_domain}", patient=True, ins=ins))

"""Reading an ITI-57 Update Document Set (DMP TD3.3): a change of availability status, above all a deletion (TD3.3c)."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.errors import Malformed
from conformance.standards.saml import reader as saml
from conformance.standards.saml.reader import Vihf
from conformance.standards.xds import constants as k
from conformance.standards.xds import ebrim
from conformance.standards.xds.datatypes import Author, Cx
from conformance.standards.xds.submission import associations, submission_set
from conformance.standards.xds.syntax import Addressing, Envelope
from conformance.standards.xml import syntax as xml


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One change asked for: the entryUUID it is about, the full URNs of the old and the new status."""

    target: str
    original: str
    new: str

    @property
    def is_deletion(self) -> bool:
        """True for TD3.3c."""
        return self.new == k.DELETED


@dataclass(frozen=True, slots=True)
class Update:
    """One update request: its submission set, the changes, the VIHF."""

    unique_id: str
    source_id: str
    patient_id: Cx
    submission_time: str
    authors: tuple[Author, ...]
    changes: tuple[StatusChange, ...]
    vihf: Vihf | None
    addressing: Addressing

    @property
    def deletions(self) -> tuple[StatusChange, ...]:
        """The changes that delete."""
        return tuple(c for c in self.changes if c.is_deletion)


def read(envelope: Envelope) -> Update:
    """The update of a SOAP message; raises Malformed `xds.update.root` or `xds.submission.set`."""
    request = envelope.body
    if xml.local(request) != "SubmitObjectsRequest":
        raise Malformed("xds.update.root", "/Envelope/Body", str(request.tag)[:200])
    objects = ebrim.objects(request)
    package = submission_set(objects)
    return Update(
        unique_id=ebrim.identifier(package, k.SET_IDENTIFIERS["unique_id"]),
        source_id=ebrim.identifier(package, k.SET_IDENTIFIERS["source_id"]),
        patient_id=Cx.parse(ebrim.identifier(package, k.SET_IDENTIFIERS["patient_id"])),
        submission_time=ebrim.first(ebrim.slots(package), "submissionTime"),
        authors=ebrim.authors(package, k.SET_SCHEMES["author"]),
        changes=tuple(
            StatusChange(a.target, ebrim.first(a.slots, "OriginalStatus"), ebrim.first(a.slots, "NewStatus"))
            for a in associations(objects)
            if a.kind == k.UPDATE_STATUS
        ),
        vihf=saml.read(envelope.security),
        addressing=envelope.addressing,
    )

"""What the DMP of the bench remembers: metadata of the documents of each patient, and what it says of a request.

Pure and in memory; contents are not kept. Error codes are those of IHE ITI TF-3 table 4.2.4.1-2.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from conformance.standards.xds import constants as k
from conformance.standards.xds.datatypes import Coded, Cx
from conformance.standards.xds.query import Query, RegistryError
from conformance.standards.xds.submission import Association, Entry, Submission
from conformance.standards.xds.update import StatusChange, Update

REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
"""repositoryUniqueId of the DMP, as its examples give it."""

MOST_ENTRIES = 100_000
"""Entries kept; the oldest go first, so that a long run cannot fill the memory."""

Found = Entry | Association | Submission
"""What a stored query may give back; a submission set comes without its entries."""

ACCEPTED_STATUSES = (k.DELETED, k.ARCHIVED)
"""New statuses a software in indirect mode may ask for (TD3.3c, TD3.3d)."""


@dataclass(frozen=True, slots=True)
class Version:
    """One document of a chain of replacements: its entry as it now stands, and its number (1 for the first)."""

    entry: Entry
    number: int


class Registry:
    """The entries by entryUUID and by uniqueId. Every method returns the errors of the answer, none for a success."""

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self._most = most
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._by_uid: dict[str, str] = {}
        self._replaced: dict[str, str] = {}  # entryUUID -> the one it replaces
        self._sets: OrderedDict[str, tuple[Submission, tuple[str, ...]]] = OrderedDict()
        self._given = 0

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything; entryUUIDs are not given again."""
        self._entries.clear()
        self._by_uid.clear()
        self._replaced.clear()
        self._sets.clear()

    def by_uid(self, unique_id: str) -> Entry | None:
        """The entry of a document, whatever its status."""
        return self._entries.get(self._by_uid.get(unique_id, ""))

    def file(self, patient: Cx) -> tuple[Version, ...]:
        """The documents of a patient, deleted ones too, in the order they came: status and version of each."""
        return tuple(
            Version(e, len(self.chain(e.id)))
            for e in self._entries.values()
            if (e.patient_id.id, e.patient_id.authority) == (patient.id, patient.authority) and not e.is_signature
        )

    def chain(self, entry_uuid: str) -> tuple[Entry, ...]:
        """An entry and those it replaced, the first version first; empty when it is not known."""
        found: list[Entry] = []
        at: str | None = entry_uuid
        while at is not None and at in self._entries:
            found.append(self._entries[at])
            at = self._replaced.get(at)
        return tuple(reversed(found))

    def submit(self, submission: Submission) -> tuple[RegistryError, ...]:
        """Take the entries of a submission, deprecate those they replace; nothing is taken when there is an error."""
        errors = [*self._documents(submission), *self._replacements(submission)]
        if errors:
            return tuple(errors)
        for _, target in submission.replacements:
            self._entries[target] = replace(self._entries[target], status=k.DEPRECATED)
        given = {entry.id: self._take(entry) for entry in submission.entries}
        for entry, target in submission.replacements:
            self._replaced[given[entry.id]] = target
        self._keep(submission, tuple(given.values()))
        return ()

    def update(self, update: Update) -> tuple[RegistryError, ...]:
        """Change statuses (TD3.3); nothing is changed when there is an error."""
        errors = [error for change in update.changes for error in self._change_errors(change)]
        if not update.changes:
            errors.append(RegistryError("XDSRegistryMetadataError", "no association UpdateAvailabilityStatus"))
        if errors:
            return tuple(errors)
        for change in update.changes:
            self._entries[change.target] = replace(self._entries[change.target], status=change.new)
        return ()

    def find(self, query: Query) -> tuple[list[Found], tuple[RegistryError, ...]]:
        """What a stored query asks for: entries, associations, submission sets; a deleted document is never found."""
        search = self._queries.get(query.name)
        if search is None:
            return [], (RegistryError("XDSUnknownStoredQuery", query.id),)
        missing = next(
            (group for group in _REQUIRED[query.name] if not any(query.parameters.get(p) for p in group)), None
        )
        if missing:
            return [], (RegistryError("XDSStoredQueryMissingParam", " | ".join(missing)),)
        found = [o for o in search(self, query) if not (isinstance(o, Entry) and o.status == k.DELETED)]
        return list({_name(o): o for o in found}.values()), ()

    def _documents(self, submission: Submission) -> Iterable[RegistryError]:
        if not submission.documents:
            yield RegistryError("XDSRegistryMetadataError", "no document entry")
        seen: set[str] = set()
        for entry in submission.entries:
            if not entry.unique_id or not entry.patient_id.id:
                yield RegistryError("XDSRegistryMetadataError", f"uniqueId {entry.unique_id} patientId {entry.id}")
            if entry.content is None:
                yield RegistryError("XDSMissingDocument", entry.unique_id)
            if entry.unique_id in self._by_uid or entry.unique_id in seen:
                yield RegistryError("XDSDuplicateUniqueIdInRegistry", entry.unique_id)
            if (entry.patient_id.id, entry.patient_id.authority) != (
                submission.patient_id.id,
                submission.patient_id.authority,
            ):
                yield RegistryError("XDSPatientIdDoesNotMatch", entry.unique_id)
            seen.add(entry.unique_id)

    def _replacements(self, submission: Submission) -> Iterable[RegistryError]:
        sources = {entry.id for entry in submission.entries}
        for association in submission.associations:
            if association.kind != k.REPLACE:
                continue
            target = self._entries.get(association.target)
            if target is None or association.source not in sources:
                yield RegistryError("UnresolvedReferenceException", association.target)
            elif target.status != k.APPROVED:
                yield RegistryError("XDSRegistryDeprecatedDocumentError", association.target)
            elif (target.patient_id.id, target.patient_id.authority) != (
                submission.patient_id.id,
                submission.patient_id.authority,
            ):
                yield RegistryError("XDSPatientIdDoesNotMatch", association.target)

    def _change_errors(self, change: StatusChange) -> Iterable[RegistryError]:
        entry = self._entries.get(change.target)
        if entry is None or entry.status == k.DELETED:
            yield RegistryError("UnresolvedReferenceException", change.target)
        if change.new not in ACCEPTED_STATUSES:
            yield RegistryError("XDSRegistryMetadataError", f"NewStatus {change.new}")

    def _keep(self, submission: Submission, members: tuple[str, ...]) -> None:
        self._given += 1
        name = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'set {self._given}/{submission.unique_id}')}"
        self._sets[name] = (replace(submission, id=name, entries=(), associations=(), vihf=None), members)
        while len(self._sets) > self._most:
            self._sets.popitem(last=False)

    def _take(self, entry: Entry) -> str:
        self._given += 1
        entry_uuid = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{self._given}/{entry.unique_id}')}"
        kept = replace(
            entry, id=entry_uuid, logical_id=entry_uuid, status=k.APPROVED, repository=REPOSITORY, content=None
        )
        self._entries[entry_uuid] = kept
        self._by_uid[entry.unique_id] = entry_uuid
        while len(self._entries) > self._most:
            _, oldest = self._entries.popitem(last=False)
            self._by_uid.pop(oldest.unique_id, None)
            self._replaced.pop(oldest.id, None)
        return entry_uuid

    def _get_documents(self, query: Query) -> Iterable[Entry]:
        named = [self._entries.get(u) for u in query.entry_uuids] + [self.by_uid(u) for u in query.unique_ids]
        return (e for e in named if e is not None)

    def _find_documents(self, query: Query) -> Iterable[Entry]:
        statuses = query.parameters.get("$XDSDocumentEntryStatus", ())
        patient = query.patient_id
        for entry in self._entries.values():
            same = (entry.patient_id.id, entry.patient_id.authority) == (patient.id, patient.authority)
            if same and entry.status in statuses and not entry.is_signature and _codes_match(entry, query):
                yield entry

    def _get_associations(self, query: Query) -> Iterable[Association]:
        """The replacements and memberships that an entry or a set (`$uuid`) takes part in."""
        asked = frozenset(query.entry_uuids) | {e.id for e in self._get_documents(query)}
        for new, old in self._replaced.items():
            if new in asked or old in asked:
                yield Association(k.REPLACE, new, old)
        for name, (_, members) in self._sets.items():
            for member in members:
                if name in asked or member in asked:
                    yield Association(k.HAS_MEMBER, name, member, {"SubmissionSetStatus": ("Original",)})

    def _get_both(self, query: Query) -> Iterable[Found]:
        yield from self._get_documents(query)
        yield from self._get_associations(query)

    def _find_sets(self, query: Query) -> Iterable[Submission]:
        patient = query.patient_id
        (low,) = query.parameters.get("$XDSSubmissionSetSubmissionTimeFrom", ())[:1] or ("",)
        (high,) = query.parameters.get("$XDSSubmissionSetSubmissionTimeTo", ())[:1] or ("",)
        for held, _ in self._sets.values():
            same = (held.patient_id.id, held.patient_id.authority) == (patient.id, patient.authority)
            if same and (not low or held.submission_time >= low) and (not high or held.submission_time < high):
                yield held

    _queries: Mapping[str, Callable[[Registry, Query], Iterable[Found]]] = {
        "GetDocuments": _get_documents,
        "FindDocuments": _find_documents,
        "GetAssociations": _get_associations,
        "GetDocumentsAndAssociations": _get_both,
        "FindSubmissionSets": _find_sets,
    }


_REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "GetDocuments": (("$XDSDocumentEntryEntryUUID", "$XDSDocumentEntryUniqueId"),),
    "FindDocuments": (("$XDSDocumentEntryPatientId",), ("$XDSDocumentEntryStatus",)),
    "GetAssociations": (("$uuid",),),
    "GetDocumentsAndAssociations": (("$XDSDocumentEntryEntryUUID", "$XDSDocumentEntryUniqueId"),),
    "FindSubmissionSets": (("$XDSSubmissionSetPatientId",), ("$XDSSubmissionSetStatus",)),
}
"""Parameters a query must have (IHE ITI TF-2 3.18.4.1.2.3.7): one of each group."""

_CODE_FILTERS: Mapping[str, Callable[[Entry], tuple[Coded, ...]]] = {
    "$XDSDocumentEntryClassCode": lambda e: (e.class_code,),
    "$XDSDocumentEntryTypeCode": lambda e: (e.type_code,),
    "$XDSDocumentEntryFormatCode": lambda e: (e.format_code,),
    "$XDSDocumentEntryConfidentialityCode": lambda e: e.confidentiality_codes,
}


def _codes_match(entry: Entry, query: Query) -> bool:
    """Each code filter of the query lets the entry through (values are `code^^scheme`)."""
    for name, codes in _CODE_FILTERS.items():
        wanted = query.parameters.get(name, ())
        if wanted and not any(f"{c.code}^^{c.scheme}" in wanted for c in codes(entry)):
            return False
    return True


def _name(found: Found) -> tuple[str, ...]:
    """What makes an object of an answer itself."""
    return (found.kind, found.source, found.target) if isinstance(found, Association) else (found.id,)

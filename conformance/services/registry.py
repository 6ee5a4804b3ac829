"""What the DMP of the bench remembers: metadata of the documents of each patient, and what it says of a request.

Pure and in memory; contents are not kept. Error codes are those of IHE ITI TF-3 table 4.2.4.1-2.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from conformance.standards.xds import constants as k
from conformance.standards.xds.datatypes import Coded
from conformance.standards.xds.query import Query, RegistryError
from conformance.standards.xds.submission import Entry, Submission
from conformance.standards.xds.update import StatusChange, Update

REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
"""repositoryUniqueId of the DMP, as its examples give it."""

MOST_ENTRIES = 100_000
"""Entries kept; the oldest go first, so that a long run cannot fill the memory."""

ACCEPTED_STATUSES = (k.DELETED, k.ARCHIVED)
"""New statuses a software in indirect mode may ask for (TD3.3c, TD3.3d)."""


class Registry:
    """The entries by entryUUID and by uniqueId. Every method returns the errors of the answer, none for a success."""

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self._most = most
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._by_uid: dict[str, str] = {}
        self._given = 0

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything; entryUUIDs are not given again."""
        self._entries.clear()
        self._by_uid.clear()

    def by_uid(self, unique_id: str) -> Entry | None:
        """The entry of a document, whatever its status."""
        return self._entries.get(self._by_uid.get(unique_id, ""))

    def submit(self, submission: Submission) -> tuple[RegistryError, ...]:
        """Take the entries of a submission, deprecate those they replace; nothing is taken when there is an error."""
        errors = [*self._documents(submission), *self._replacements(submission)]
        if errors:
            return tuple(errors)
        for _, target in submission.replacements:
            self._entries[target] = replace(self._entries[target], status=k.DEPRECATED)
        for entry in submission.entries:
            self._take(entry)
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

    def find(self, query: Query) -> tuple[list[Entry], tuple[RegistryError, ...]]:
        """The entries a stored query asks for; a deleted document is never found."""
        search = self._queries.get(query.name)
        if search is None:
            return [], (RegistryError("XDSUnknownStoredQuery", query.id),)
        missing = next(
            (group for group in _REQUIRED[query.name] if not any(query.parameters.get(p) for p in group)), None
        )
        if missing:
            return [], (RegistryError("XDSStoredQueryMissingParam", " | ".join(missing)),)
        found = (e for e in search(self, query) if e.status != k.DELETED)
        return list({e.id: e for e in found}.values()), ()

    def _documents(self, submission: Submission) -> Iterable[RegistryError]:
        if not submission.documents:
            yield RegistryError("XDSRegistryMetadataError", "no document entry")
        seen: set[str] = set()
        for entry in submission.entries:
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
            elif target.patient_id.id != submission.patient_id.id:
                yield RegistryError("XDSPatientIdDoesNotMatch", association.target)

    def _change_errors(self, change: StatusChange) -> Iterable[RegistryError]:
        entry = self._entries.get(change.target)
        if entry is None or entry.status == k.DELETED:
            yield RegistryError("UnresolvedReferenceException", change.target)
        if change.new not in ACCEPTED_STATUSES:
            yield RegistryError("XDSRegistryMetadataError", f"NewStatus {change.new}")

    def _take(self, entry: Entry) -> None:
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

    _queries: Mapping[str, Callable[[Registry, Query], Iterable[Entry]]] = {
        "GetDocuments": _get_documents,
        "FindDocuments": _find_documents,
    }


_REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "GetDocuments": (("$XDSDocumentEntryEntryUUID", "$XDSDocumentEntryUniqueId"),),
    "FindDocuments": (("$XDSDocumentEntryPatientId",), ("$XDSDocumentEntryStatus",)),
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

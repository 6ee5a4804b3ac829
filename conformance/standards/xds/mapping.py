"""XDS metadata that follow from a CDA header, and where an entry contradicts them.

Source: CI-SIS Structuration minimale 3.5.4 (header -> XDS metadata), ITI TF-3 4.2.3. What has no origin in the header
(classCode, sourceId, comments...) is not derived. Times of the header are local with an offset, metadata are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from conformance.standards.cda.reader import CdaHeader, Code, Instance, Participant
from conformance.standards.xds.datatypes import Coded, Cx
from conformance.standards.xds.submission import Entry

_TIME = re.compile(r"([0-9]{4,14})(?:\.[0-9]+)?([+-])?([0-9]{4})?")

FORMATS = {
    "application/pdf": "urn:ihe:iti:xds-sd:pdf:2008",
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
}
"""formatCode of an N1 by the media type of its body, as IHE XDS-SD names them (ITI TF-3 5.2)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metadata that is not what the header says: its name, what was sent, what follows from the header.

    `firm` is true for what identifies the document, its patient, its type, its author and its times; the others
    (labels, title, names) may be rewritten by a sender.
    """

    name: str
    seen: str
    expected: str
    firm: bool = True


def utc(value: str) -> str:
    """A time of a header as XDS writes it: UTC, as precise as given; a mere day stays. Empty when unreadable."""
    match = _TIME.fullmatch(value)
    if match is None:
        return ""
    digits, sign, offset = match.groups()
    if len(digits) < 10 or sign is None or offset is None:
        return digits
    size = len(digits) - len(digits) % 2
    try:
        moment = datetime.strptime(digits[:size], "%Y%m%d%H%M%S"[: size - 2])  # noqa: DTZ007 - the offset is given apart
        shift = timedelta(hours=int(offset[:2]), minutes=int(offset[2:]))
        zone = timezone(shift if sign == "+" else -shift)
        return moment.replace(tzinfo=zone).astimezone(UTC).strftime("%Y%m%d%H%M%S"[: size - 2])
    except (ValueError, OverflowError):
        return ""


def differences(entry: Entry, header: CdaHeader) -> Iterator[Difference]:
    """Where the metadata of an entry contradict the header of its document; absent metadata are not differences."""
    for name, sent, expected, same, firm in _ROWS:
        seen, wanted = sent(entry), expected(header)
        if seen and wanted and not same(seen, wanted):
            yield Difference(name, seen, wanted, firm)


def _cx(value: Cx) -> str:
    return f"{value.id}^^^&{value.authority}&ISO" if value.raw else ""


def _patient(header: CdaHeader) -> str:
    return _instance(header.patient.ins)


def _instance(value: Instance | None) -> str:
    return f"{value.extension}^^^&{value.root}&ISO" if value is not None and value.root else ""


def _local(header: CdaHeader) -> str:
    """The local ids, then the INS: sourcePatientId is one of them."""
    return "|".join(_instance(i) for i in header.patient.ids if i.root)


def _coded(value: Coded) -> str:
    return f"{value.code}^{value.scheme}" if value.code else ""


def _code(value: Code) -> str:
    return f"{value.code}^{value.system}" if value.code else ""


def _ids(people: tuple[Participant, ...]) -> str:
    return "|".join(i.extension for p in people for i in p.ids if i.extension)


def _signer(header: CdaHeader) -> str:
    signer = header.legal_authenticator
    return _ids((signer,)) if signer is not None else ""


def _start(header: CdaHeader) -> str:
    return utc(header.acts[0].low) if header.acts else ""


def _stop(header: CdaHeader) -> str:
    return utc(header.acts[0].high) if header.acts else ""


def _format(header: CdaHeader) -> str:
    return FORMATS.get(header.body.media_type, "") if header.level == "N1" and header.body is not None else ""


def _birth(entry: Entry) -> str:
    return next((row.partition("|")[2][:8] for row in entry.patient_info if row.startswith("PID-7|")), "")


def _sex(entry: Entry) -> str:
    sex = next((row.partition("|")[2] for row in entry.patient_info if row.startswith("PID-8|")), "")
    return sex if sex in ("M", "F") else ""


def _equal(seen: str, expected: str) -> bool:
    return seen == expected


def _moment(seen: str, expected: str) -> bool:
    """Equal as far as both are precise."""
    size = min(len(seen), len(expected))
    return seen[:size] == expected[:size]


def _one_of(seen: str, expected: str) -> bool:
    return seen in expected.split("|")


def _some(seen: str, expected: str) -> bool:
    return not set(seen.split("|")).isdisjoint(expected.split("|"))


def _text(seen: str, expected: str) -> bool:
    return " ".join(seen.split()).casefold() == " ".join(expected.split()).casefold()


def _authors(entry: Entry) -> str:
    return "|".join(p.id for a in entry.authors for p in a.persons if p.id)


def _institutions(entry: Entry) -> str:
    return "|".join(o.id for a in entry.authors for o in a.institutions if o.id)


def _author_structures(header: CdaHeader) -> str:
    return "|".join(i.extension for a in header.authors for i in a.organisation.ids if i.extension)


def _first(entry: Entry) -> str:
    return _coded(entry.confidentiality_codes[0]) if entry.confidentiality_codes else ""


_Row = tuple[str, Callable[[Entry], str], Callable[[CdaHeader], str], Callable[[str, str], bool], bool]

_ROWS: tuple[_Row, ...] = (
    ("uniqueId", lambda e: e.unique_id, lambda h: h.unique_id, _equal, True),
    ("patientId", lambda e: _cx(e.patient_id), _patient, _equal, True),
    ("sourcePatientId", lambda e: _cx(e.source_patient_id), _local, _one_of, True),
    ("typeCode", lambda e: _coded(e.type_code), lambda h: _code(h.code), _equal, True),
    ("formatCode", lambda e: e.format_code.code, _format, _equal, True),
    ("confidentialityCode", _first, lambda h: _code(h.confidentiality), _equal, True),
    ("healthcareFacilityTypeCode", lambda e: _coded(e.facility_type), lambda h: _code(h.facility), _equal, True),
    ("practiceSettingCode", lambda e: _coded(e.practice_setting), lambda h: _code(h.practice), _equal, True),
    ("languageCode", lambda e: e.language, lambda h: h.language, _equal, True),
    ("creationTime", lambda e: e.creation_time, lambda h: utc(h.effective_time), _moment, True),
    ("serviceStartTime", lambda e: e.service_start, _start, _moment, True),
    ("serviceStopTime", lambda e: e.service_stop, _stop, _moment, True),
    ("authorPerson", _authors, lambda h: _ids(h.authors), _some, True),
    ("authorInstitution", _institutions, _author_structures, _some, True),
    ("legalAuthenticator", lambda e: e.legal_authenticator.id, _signer, _one_of, True),
    ("sourcePatientInfo.PID-7", _birth, lambda h: h.patient.birth[:8], _moment, True),
    ("sourcePatientInfo.PID-8", _sex, lambda h: h.patient.sex.code, _equal, True),
    ("title", lambda e: e.title, lambda h: h.title, _text, False),
)
"""(metadata, what an entry sends, what the header says, when they agree, firm): one row a metadata."""

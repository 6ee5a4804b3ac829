"""A mail that transmits documents: attachments, one patient, subject, addresses of patients (ECO.2.1.1 to 2.1.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from conformance.errors import Malformed, SetupError
from conformance.evidence.values import Severity
from conformance.standards.ins import nir, traits
from conformance.standards.mail import wording
from conformance.standards.mail.contents import Enclosed
from conformance.standards.mail.rules.core import Hit, Letter, Rule, Rules, matricule
from conformance.standards.mail.rules.headers import qualified
from conformance.standards.pdf import judging as pdf_judging
from conformance.standards.pdf import reader as pdf_reader
from conformance.standards.pdf import text as pdf_text
from conformance.standards.xdm import judging as xdm

MARK = "XDM/1.0/DDM+"
LABEL = 40
"""Characters of the label, the displayName being cut there (ECO.2.1.3, known second-hand)."""

_DATE = re.compile(r"(?:^|\s)(\d{2}[/.-]\d{2}[/.-]\d{4}|\d{4}-\d{2}-\d{2}|\d{8})\s*$")


def _no_archive(letter: Letter) -> Iterator[Hit]:
    held = letter.contents
    if not held.archives:
        seen = ", ".join(p.filename or p.type for p in letter.mail.attachments)
        yield Hit("attachments", seen[:200], "IHE_XDM.zip")


def _unreadable(letter: Letter) -> Iterator[Hit]:
    for archive in letter.contents.archives:
        media, fault = archive.opened.media, archive.opened.fault
        if media is None:
            yield Hit(archive.part.filename or archive.part.path, str(fault)[:200], "IHE_XDM")
        elif not media.subsets or all(s.fault is not None for s in media.subsets):
            yield Hit(archive.part.filename or archive.part.path, "", "IHE_XDM/SUBSET01/METADATA.XML")


def _no_cda(letter: Letter) -> Iterator[Hit]:
    for archive in letter.contents.archives:
        if archive.opened.media is not None and not archive.opened.documents:
            yield Hit(archive.part.filename or archive.part.path, ", ".join(archive.opened.media.archive.members)[:200])


def distinct(documents: tuple[Enclosed, ...]) -> int:
    """How many documents there are, two forms (N1 and N3) of the same content being one."""
    return len({(d.header.code.code, d.header.effective_time, d.header.patient.birth) for d in documents})


def _no_pdf(letter: Letter) -> Iterator[Hit]:
    held = letter.contents
    wanted = max(1, distinct(held.documents))
    if len(held.pdfs) < wanted:
        yield Hit("attachments", f"{len(held.pdfs)} PDF", f"{wanted} PDF")


@lru_cache(maxsize=64)
def pdf_a_faults(data: bytes) -> tuple[str, ...]:
    """The codes of what makes a PDF no PDF/A-1; memoised. Raises SetupError without the libraries."""
    try:
        pdf = pdf_reader.read(data)
    except Malformed as fault:
        return (fault.code,)
    found = (f.code for f in pdf_judging.judge_pdf_a(pdf) if f.severity is Severity.ERROR)
    return tuple(dict.fromkeys(found))


def _pdf_a(letter: Letter) -> Iterator[Hit]:
    """PDFs that are no PDF/A-1: an error as long as some document lacks its own, advice on what else is attached."""
    held = letter.contents
    sound = 0
    hits: list[Hit] = []
    for part in held.pdfs:
        try:
            found = pdf_a_faults(part.content)
        except SetupError as missing:
            yield Hit(part.filename or part.path, str(missing)[:200], "PDF/A-1", "not-judged", Severity.NOTE)
            return
        sound += not found
        if found:
            hits.append(Hit(part.filename or part.path, ", ".join(found)[:200], "PDF/A-1"))
    severity = Severity.ADVICE if sound >= max(1, distinct(held.documents)) else None
    yield from (replace(hit, severity=severity) for hit in hits)


def _pdf_differs(letter: Letter) -> Iterator[Hit]:
    attached = {p.content for p in letter.contents.pdfs}
    if not attached:
        return
    for document in letter.contents.documents:
        if document.header.body is None:
            continue
        try:
            inside = document.header.body.data
        except Malformed:
            continue
        if inside.startswith(b"%PDF-") and inside not in attached:
            yield Hit(document.place, "", "PDF du N1")


def _persons(letter: Letter) -> set[tuple[str, ...]]:
    """The patients of the documents: by matricule, or by birth name and date for those without one."""
    held = letter.contents
    documents = (*held.documents, *held.bare)
    found: set[tuple[str, ...]] = {(i,) for d in documents if (i := _matricule_of(d))}
    known = {_traits(d) for d in documents if _matricule_of(d)}
    found |= {_traits(d) for d in documents if not _matricule_of(d) and _traits(d) not in known}
    listed = [
        e.patient_id.id for a in held.archives if a.opened.media for s in a.opened.media.subsets for e in s.entries
    ]
    # Metadata only add a patient by a matricule: local numbers depend on who writes them.
    return found | {(i,) for i in listed if nir.is_matricule(i)}


def _matricule_of(document: Enclosed) -> str:
    held = document.header.patient.ins
    return held.extension if held is not None else ""


def _traits(document: Enclosed) -> tuple[str, str]:
    patient = document.header.patient
    family = patient.name.family("BR") or next((p.text for p in patient.name.families), "")
    return wording.plain(family), patient.birth[:8]


def _patients(letter: Letter) -> Iterator[Hit]:
    found = _persons(letter)
    if len(found) > 1:
        yield Hit("attachments", " | ".join(sorted(" ".join(p) for p in found))[:300], 1)


def _archive_rules(letter: Letter) -> Iterator[Hit]:
    for archive in letter.contents.archives:
        if archive.opened.media is None:
            continue
        for finding in xdm.judge_media(archive.opened.media):
            if finding.severity is Severity.ERROR:
                yield Hit(finding.location.path, finding.seen, finding.expected, finding.code)


def _archive_name(letter: Letter) -> Iterator[Hit]:
    for archive in letter.contents.archives:
        if archive.part.filename.upper() != "IHE_XDM.ZIP":
            yield Hit("attachments", archive.part.filename, "IHE_XDM.zip")


def _archives(letter: Letter) -> Iterator[Hit]:
    if len(letter.contents.archives) > 1:
        yield Hit("attachments", len(letter.contents.archives), 1)


ATTACHMENTS: Rules = (
    Rule("mail.attachments.no-archive", _no_archive),
    Rule("mail.attachments.archive-unreadable", _unreadable),
    Rule("mail.attachments.no-cda", _no_cda),
    Rule("mail.attachments.no-pdf", _no_pdf),
    Rule("mail.attachments.not-pdf-a", _pdf_a),
    Rule("mail.attachments.patients", _patients),
    Rule("mail.attachments.pdf-differs", _pdf_differs),
    Rule("mail.attachments.archive", _archive_rules),
    Rule("mail.attachments.archive-name", _archive_name),
    Rule("mail.attachments.archives", _archives),
)


def _mark(letter: Letter) -> Iterator[Hit]:
    if not letter.mail.subject.startswith(MARK):
        yield Hit("Subject", letter.mail.subject, f"{MARK}<libellé> <NOM> <prénom>")


def _rest(letter: Letter) -> tuple[str, str]:
    """What follows the mark, and the date that ends it (empty without one)."""
    rest = letter.mail.subject.removeprefix(MARK).strip()
    found = _DATE.search(rest)
    return (rest[: found.start()].strip(), found.group(1)) if found else (rest, "")


def _names(letter: Letter) -> tuple[list[str], list[str]]:
    """The family and given names that a subject may bear, made plain, the longest first."""
    families: set[str] = set()
    givens: set[str] = set()
    for document in letter.contents.documents:
        name = document.header.patient.name
        families |= {wording.plain(p.text) for p in name.families}
        givens |= {wording.plain(p.text) for p in name.givens}
        givens |= {wording.plain(p.text.split()[0]) for p in name.givens if p.text.split()}
    return sorted(families - {""}, key=len, reverse=True), sorted(givens - {""}, key=len, reverse=True)


def _says(text: str, wanted: str) -> bool:
    return f" {wanted} " in f" {text} "


def _fields(letter: Letter) -> Iterator[Hit]:
    if not letter.mail.subject.startswith(MARK):
        return
    rest, _date = _rest(letter)
    told = wording.plain(rest)
    families, givens = _names(letter)
    if not families or not givens:  # no document to compare with: three words at least
        if len(told.split()) < 3:
            yield Hit("Subject", letter.mail.subject, f"{MARK}<libellé> <NOM> <prénom>", "fields")
        return
    for what, known in (("NOM", families), ("prénom", givens)):
        if not any(_says(told, name) for name in known):
            yield Hit("Subject", letter.mail.subject, f"<{what}>", what)
            return
    ends = [f"{family} {given}" for family in families for given in givens]
    held = next((e for e in ends if told == e or told.endswith(f" {e}")), None)
    if held is None:
        yield Hit("Subject", letter.mail.subject, "<libellé> <NOM> <prénom>", "order")
    elif told == held:
        yield Hit("Subject", letter.mail.subject, "<libellé>", "libellé")


def _births(letter: Letter) -> set[str]:
    return {d.header.patient.birth[:8] for d in letter.contents.documents if len(d.header.patient.birth) >= 8}


def _birth_date(letter: Letter) -> Iterator[Hit]:
    _text, written = _rest(letter)
    known = _births(letter)
    digits = re.sub(r"\D", "", written)
    if written and known and digits not in known and digits[4:] + digits[2:4] + digits[:2] not in known:
        yield Hit("Subject", written, " | ".join(sorted(known)))


def _label(letter: Letter) -> Iterator[Hit]:
    documents = letter.contents.documents
    if not documents or not letter.mail.subject.startswith(MARK):
        return
    count = distinct(documents)
    wanted = documents[0].header.code.label[:LABEL].strip() if count == 1 else f"{count} documents"
    rest, _date = _rest(letter)
    if wanted and not wording.plain(rest).startswith(wording.plain(wanted)):
        yield Hit("Subject", rest, wanted)


def _name_form(letter: Letter) -> Iterator[Hit]:
    rest, written = _rest(letter)
    if letter.mail.subject.startswith(MARK) and letter.contents.documents:
        name = letter.contents.documents[0].header.patient.name
        family = traits.normalise(name.family("BR"))
        if family and not _says(rest, family):
            yield Hit("Subject", rest, family, "NOM")
    if written and re.fullmatch(r"\d{2}/\d{2}/\d{4}", written) is None:
        yield Hit("Subject", written, "JJ/MM/AAAA", "date")


SUBJECT: Rules = (
    Rule("mail.subject.mark", _mark),
    Rule("mail.subject.fields", _fields),
    Rule("mail.subject.birth-date", _birth_date),
    Rule("mail.subject.label", _label),
    Rule("mail.subject.form", _name_form),
)


def _address_form(letter: Letter) -> Iterator[Hit]:
    for address in letter.patients:
        local = address.partition("@")[0].upper()
        if not nir.is_matricule(local):
            yield Hit("To", address, "matricule@patient.mssante.fr")


def _address_key(letter: Letter) -> Iterator[Hit]:
    for address in letter.patients:
        held = matricule(address)
        if held and not nir.key_ok(held):
            yield Hit("To", address, f"{held[:13]}{nir.key(held[:13])}")


def _address_unqualified(letter: Letter) -> Iterator[Hit]:
    documents = letter.contents.documents
    if letter.patients and documents and not any(qualified(d.header) for d in documents):
        yield Hit("To", ", ".join(letter.patients)[:200], "INS qualifiée")


def _address_other(letter: Letter) -> Iterator[Hit]:
    known = {i for d in letter.contents.documents if (i := _matricule_of(d))}
    for address in letter.patients:
        held = matricule(address)
        if held and known and held not in known:
            yield Hit("To", address, " | ".join(sorted(known)))


PATIENT_ADDRESS: Rules = (
    Rule("mail.patient-address.form", _address_form),
    Rule("mail.patient-address.unqualified", _address_unqualified),
    Rule("mail.patient-address.key", _address_key),
    Rule("mail.patient-address.other", _address_other),
)


def replacement_mention(letter: Letter) -> str:
    """Where a mention of the type `annule et remplace` stands: `subject`, `body`, `cda` or `pdf`; empty: nowhere."""
    documents = letter.contents.documents
    for place, text in (
        ("subject", letter.mail.subject),
        ("body", letter.text),
        ("cda", " ".join(d.header.title for d in documents)),
    ):
        if wording.REPLACES.search(wording.plain(text)):
            return place
    try:
        shown = (page for part in letter.contents.pdfs for page in _shown(part.content))
        return "pdf" if any(wording.REPLACES.search(wording.plain(page)) for page in shown) else ""
    except SetupError:
        return ""


@lru_cache(maxsize=32)
def _shown(data: bytes) -> tuple[str, ...]:
    try:
        return pdf_text.pages(data)
    except Malformed:
        return ()

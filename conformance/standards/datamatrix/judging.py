"""The symbols of a document judged against its CDA header, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes, table
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.reader import CdaHeader, Patient
from conformance.standards.datamatrix import gs1, ins, qr, reading
from conformance.standards.datamatrix.reading import Symbol
from conformance.standards.ins import nir, oids, traits

CODES = table(__package__)

SOURCE = "ANS, Format du datamatrix INS 2.2"


def judge(data: bytes, header: CdaHeader | None = None, *, required: bool = False) -> Iterator[Finding]:
    """The findings on the symbols of a PDF or an image.

    `required` says that a row asks for these symbols (DOC/va1.04, INS/va1.03): otherwise an error is lowered to a
    warning, since an embedded copy owes nothing. Without a header only the writing of each symbol is judged.
    Raises SetupError when the libraries are absent; never for what the bytes hold.
    """
    try:
        symbols = reading.find(data)
    except Malformed as error:
        yield all_codes().finding(error.code, error.path, seen=error.seen)
        return
    yield from judge_symbols(symbols, header, required=required)


def judge_symbols(
    symbols: Iterable[Symbol], header: CdaHeader | None = None, *, required: bool = False
) -> Iterator[Finding]:
    """The findings on symbols already read, as `judge`."""
    for finding in _judged(tuple(symbols), header):
        lower = not required and finding.severity is Severity.ERROR
        yield replace(finding, severity=Severity.WARNING) if lower else finding


def _judged(symbols: tuple[Symbol, ...], header: CdaHeader | None) -> Iterator[Finding]:
    printed = [s for s in symbols if s.kind == "datamatrix" and ins.is_ins(s.data)]
    for symbol in printed:
        yield from judge_ins(symbol.data, header.patient if header else None, path=_place(symbol))
    for symbol in symbols:
        if symbol.kind == "datamatrix" and symbol.gs1:
            yield from judge_gs1(symbol.data, path=_place(symbol))
    if header is None:
        return
    qualified = header.patient.ins
    if qualified is None:
        for symbol in printed:
            yield CODES.finding("datamatrix.ins.unqualified", _place(symbol))
    elif not printed:
        # INS/va1.03 leaves the datamatrix out when the INS already stands in another bar code.
        if not any(qualified.extension.encode() in s.data for s in symbols):
            yield CODES.finding("datamatrix.ins.absent", "document", expected=qualified.extension)
    elif all(s.page > 1 for s in printed):
        yield CODES.finding("datamatrix.ins.first-page", _place(printed[0]), seen=printed[0].page, expected="1")


def _place(symbol: Symbol) -> str:
    return f"page[{symbol.page}]/{symbol.kind}"


def judge_ins(payload: bytes, patient: Patient | None = None, *, path: str = "datamatrix") -> Iterator[Finding]:
    """The findings on the payload of one INS datamatrix: its writing, its values, and against a CDA patient."""
    try:
        read = ins.parse(payload)
    except Malformed as error:
        yield CODES.finding(error.code, path, seen=error.seen)
        return
    if read.header != ins.HEADER:
        yield CODES.finding("datamatrix.ins.header", path, seen=read.header, expected=ins.HEADER)
    for fault in read.faults:
        code = f"datamatrix.ins.{'separator' if fault.what == 'separator' else 'block'}"
        # A separator too many is read by most; one too few runs two values into one.
        mild = fault.what == "separator" and fault.seen == "GS"
        yield CODES.finding(
            code,
            f"{path}/{fault.block}",
            seen=fault.seen,
            cause=fault.what,
            subject=fault.block,
            severity=Severity.WARNING if mild else None,
        )
    yield from _values(read, path)
    if patient is not None:
        yield from _compared(read, patient, path)


def _values(read: ins.InsMatrix, path: str) -> Iterator[Finding]:
    for block in ins.BLOCKS.values():
        value, where = read.value(block.name), f"{path}/{block.id}"
        if not value:
            if not block.optional:
                yield CODES.finding("datamatrix.ins.missing", where, expected=block.name, subject=block.id)
        elif fault := _fault(block.id, value, read):
            yield CODES.finding("datamatrix.ins.value", where, seen=value, cause=fault, subject=block.id)
    matricule = read.value("matricule")
    if nir.is_matricule(matricule) and not nir.key_ok(matricule):
        expected = matricule[:13] + nir.key(matricule[:13])
        yield CODES.finding("datamatrix.ins.key", f"{path}/S1", seen=matricule, expected=expected)


def _fault(block: str, value: str, read: ins.InsMatrix) -> str:
    """Why a value is not one of its block: a short word, or empty."""
    match block:
        case "S1":
            return "" if nir.is_matricule(value) else "form"
        case "S2":
            return "" if oids.is_ins(value) else "oid"
        case "S3":
            return next(iter(traits.given_name_faults(value)), "")
        case "S4":
            return next(iter(traits.birth_name_faults(value)), "")
        case "S5":
            return "" if value in ("M", "F") else "form"
        case "S6":
            return "" if traits.parse_birth(read.birth_date) else "date"
        case _:
            return "" if traits.is_place(value) else "form"


def _compared(read: ins.InsMatrix, patient: Patient, path: str) -> Iterator[Finding]:
    """Each field of the symbol against the header; what either does not have is not compared."""
    held = patient.ins
    name = patient.name
    plain: tuple[tuple[str, str, str, str], ...] = (
        ("S1", "patientRole/id/@extension", read.value("matricule"), held.extension if held else ""),
        ("S5", "administrativeGenderCode", read.value("sex"), patient.sex.code),
        ("S6", "birthTime", read.birth_date, patient.birth[:8] if len(patient.birth) >= 8 else ""),
        ("S7", "birthplace county", read.value("place"), patient.birth_place),
    )
    for block, element, seen, expected in plain:
        if seen and expected and seen != expected:
            yield _differs(path, block, element, seen, expected)
    for block, element, seen, expected in (
        ("S3", "given", read.value("given"), name.given() or name.given("BR")),
        ("S4", "family[@qualifier='BR']", read.value("birth_name"), name.family("BR")),
    ):
        if seen and expected and traits.normalise(seen) != traits.normalise(expected):
            mild = Severity.WARNING if traits.same_name(seen, expected) else None
            yield _differs(path, block, element, seen, expected, mild)
    printed = oids.authority(read.value("oid"))
    declared = oids.authority(held.root) if held else None
    if printed and declared and printed.oid != declared.oid:
        # INSi of test answers under the OID of production: only the nature of the number contradicts.
        mild = Severity.WARNING if printed.nature == declared.nature else None
        yield _differs(path, "S2", "patientRole/id/@root", printed.oid, declared.oid, mild)


def _differs(
    path: str, block: str, element: str, seen: str, expected: str, severity: Severity | None = None
) -> Finding:
    return CODES.finding(
        "datamatrix.ins.differs",
        f"{path}/{block}",
        seen=seen,
        expected=f"{expected} ({element})",
        subject=block,
        severity=severity,
    )


def judge_gs1(payload: bytes, *, path: str = "datamatrix") -> Iterator[Finding]:
    """The findings on the payload of one GS1 DataMatrix: element strings, check digit, dates (ERGO/va1.07)."""
    try:
        read = gs1.parse(payload)
    except Malformed as error:
        yield CODES.finding(error.code, f"{path}/{error.path}".rstrip("/"), seen=error.seen)
        return
    for code, identifier, seen in gs1.faults(read):
        yield CODES.finding(code, f"{path}/{identifier}", seen=seen, subject=identifier)


def judge_drimbox(symbols: Iterable[Symbol], header: CdaHeader, *, text: str = "") -> Iterator[Finding]:
    """DB/RIS.11: addresses of the source viewer in the body, each with its QR code, with the identifiers of the header.

    `text` is what the PDF of an N1 shows; addresses inside the CDA are found without it.
    """
    written = dict.fromkeys((*qr.in_document(header), *qr.addresses(text)))
    coded = {
        found.url: _place(s)
        for s in symbols
        if s.kind == "qrcode" and (found := qr.drimbox(s.data.decode("utf-8", "replace"))) is not None
    }
    if not written and not coded:
        yield CODES.finding("datamatrix.drimbox.absent", "document")
        return
    for url in written:
        if url not in coded:
            yield CODES.finding("datamatrix.drimbox.no-code", "document", expected=url)
    for url, place in coded.items():
        if url not in written:
            yield CODES.finding("datamatrix.drimbox.no-address", place, seen=url)
    studies, accessions = qr.studies(header), qr.accessions(header)
    for url in dict.fromkeys((*written, *coded)):
        read = qr.drimbox(url)
        if read is None:
            continue
        place = coded.get(url, "document")
        for fault in read.faults():
            yield CODES.finding("datamatrix.drimbox.template", place, seen=url, cause=fault, subject=fault)
        for what, seen, declared in (
            ("studyUID", read.study, studies),
            ("accessionNumber", read.accession, accessions),
            ("idCDA", read.document, frozenset({header.unique_id, header.id.root})),
        ):
            if seen and declared and seen not in declared:
                expected = " ".join(sorted(declared))
                yield CODES.finding("datamatrix.drimbox.differs", place, seen=seen, expected=expected, subject=what)

"""The headers of MSSanté (X-MSS-INS, X-MSS-CODECDA, X-MSS-NIL, X-MSS-MES) and how headers are encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.standards.cda.reader import CdaHeader
from conformance.standards.ins import nir
from conformance.standards.mail.rules.core import Hit, Letter, Rule, Rules
from conformance.standards.mail.syntax import decode_words

_LINE = 998
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=")


def qualified(header: CdaHeader) -> bool:
    """Whether a CDA header bears a qualified INS as MSS/CONF.14 says: matricule, OID, and the four traits."""
    patient = header.patient
    held = patient.ins
    return (
        held is not None
        and nir.is_matricule(held.extension)
        and bool(patient.name.family("BR"))
        and bool(patient.name.given("BR") or patient.name.given())
        and bool(patient.birth)
        and bool(patient.sex.code)
    )


def _values(letter: Letter, name: str) -> list[str]:
    return [f.text for f in letter.mail.all(name)]


def _ins_expected(letter: Letter) -> str:
    found = {qualified(d.header) for d in letter.contents.documents}
    return "O" if found == {True} else "N" if found == {False} else ""


def _ins_missing(letter: Letter) -> Iterator[Hit]:
    if letter.contents.documents and not _values(letter, "X-MSS-INS"):
        yield Hit("X-MSS-INS", "", _ins_expected(letter) or "O | N")


def _ins_value(letter: Letter) -> Iterator[Hit]:
    if letter.contents.documents:
        for value in _values(letter, "X-MSS-INS"):
            if value not in ("O", "N"):
                yield Hit("X-MSS-INS", value, "O | N")


def _ins_differs(letter: Letter) -> Iterator[Hit]:
    expected = _ins_expected(letter)
    for value in dict.fromkeys(_values(letter, "X-MSS-INS")):
        if expected and value in ("O", "N") and value != expected:
            yield Hit("X-MSS-INS", value, expected)


def _ins_mixed(letter: Letter) -> Iterator[Hit]:
    if letter.contents.documents and not _ins_expected(letter):
        yield Hit("X-MSS-INS", ", ".join(_values(letter, "X-MSS-INS")))


def _unexpected(name: str, letter: Letter) -> Iterator[Hit]:
    if not letter.contents.documents and letter.mail.all(name):
        yield Hit(name, letter.mail.text(name))


INS: Rules = (
    Rule("mail.x-mss-ins.missing", _ins_missing),
    Rule("mail.x-mss-ins.value", _ins_value),
    Rule("mail.x-mss-ins.differs", _ins_differs),
    Rule("mail.x-mss-ins.unexpected", lambda letter: _unexpected("X-MSS-INS", letter)),
    Rule("mail.x-mss-ins.mixed", _ins_mixed),
)


def _codes_of(letter: Letter) -> list[str]:
    """The codes written: one header with commas or repeated headers, the text does not say which."""
    return [c for value in _values(letter, "X-MSS-CODECDA") for c in re.split(r"[,;\s]+", value) if c]


def _code_missing(letter: Letter) -> Iterator[Hit]:
    if letter.contents.documents and not _codes_of(letter):
        yield Hit("X-MSS-CODECDA", letter.mail.text("X-MSS-CODECDA"), _wanted(letter))


def _wanted(letter: Letter) -> str:
    return ",".join(dict.fromkeys(d.header.code.code for d in letter.contents.documents))


def _code_differs(letter: Letter) -> Iterator[Hit]:
    documents = letter.contents.documents
    found = _codes_of(letter)
    if documents and found and set(found) != {d.header.code.code for d in documents}:
        yield Hit("X-MSS-CODECDA", ",".join(found), _wanted(letter))


CODE_CDA: Rules = (
    Rule("mail.x-mss-codecda.missing", _code_missing),
    Rule("mail.x-mss-codecda.differs", _code_differs),
    Rule("mail.x-mss-codecda.unexpected", lambda letter: _unexpected("X-MSS-CODECDA", letter)),
)


def _nil_missing(letter: Letter) -> Iterator[Hit]:
    if not any(_values(letter, "X-MSS-NIL")):
        yield Hit("X-MSS-NIL", "", letter.settings.product or "référence produit")


def _nil_differs(letter: Letter) -> Iterator[Hit]:
    for value in dict.fromkeys(_values(letter, "X-MSS-NIL")):
        if value and letter.settings.product and value != letter.settings.product:
            yield Hit("X-MSS-NIL", value, letter.settings.product)


def _nil_several(letter: Letter) -> Iterator[Hit]:
    found = _values(letter, "X-MSS-NIL")
    if len(found) > 1:
        yield Hit("X-MSS-NIL", len(found), 1)


NIL: Rules = (
    Rule("mail.x-mss-nil.missing", _nil_missing),
    Rule("mail.x-mss-nil.differs", _nil_differs),
    Rule("mail.x-mss-nil.several", _nil_several),
)


def _mes_value(letter: Letter) -> Iterator[Hit]:
    for value in _values(letter, "X-MSS-MES"):
        if value != "FIN":
            yield Hit("X-MSS-MES", value, "FIN")


def _mes_not_patient(letter: Letter) -> Iterator[Hit]:
    if letter.mail.all("X-MSS-MES") and letter.recipients and not letter.patients:
        yield Hit("X-MSS-MES", letter.mail.text("X-MSS-MES"))


MES: Rules = (
    Rule("mail.x-mss-mes.value", _mes_value),
    Rule("mail.x-mss-mes.not-patient", _mes_not_patient),
)


def _date(letter: Letter) -> Iterator[Hit]:
    found = letter.mail.all("Date")
    if len(found) != 1:
        yield Hit("Date", len(found), 1)


def _eight_bits(letter: Letter) -> Iterator[Hit]:
    for field in letter.mail.fields:
        if not field.raw.isascii():
            yield Hit(field.name, field.text[:60], "=?utf-8?…?=")


def _undecoded(letter: Letter) -> Iterator[Hit]:
    for field in letter.mail.fields:
        left = _ENCODED_WORD.search(decode_words(field.unfolded))
        if left is not None and not field.key.startswith("content-"):
            yield Hit(field.name, left.group()[:80])


def _long_line(letter: Letter) -> Iterator[Hit]:
    for field in letter.mail.fields:
        if max(map(len, field.raw.split(b"\n"))) > _LINE:
            yield Hit(field.name, f"> {_LINE}", f"<= {_LINE}")


def _file_names(letter: Letter) -> Iterator[Hit]:
    for part in letter.mail.attachments:
        if part.filename_form in ("2047", "8bit"):
            yield Hit(f"{part.path}/filename", part.filename[:80], "filename*=", part.filename_form)


ENCODING: Rules = (
    Rule("mail.header.date", _date),
    Rule("mail.header.eight-bits", _eight_bits),
    Rule("mail.header.encoded-word", _undecoded),
    Rule("mail.header.long-line", _long_line),
    Rule("mail.header.file-name", _file_names),
)

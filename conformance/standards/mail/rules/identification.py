"""Who writes and how to be answered: Message-ID, sender's label, Reply-To and notice, receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.standards.ins import traits
from conformance.standards.mail import wording
from conformance.standards.mail.rules.core import ADDRESS, Hit, Letter, Rule, Rules
from conformance.standards.mail.syntax import addresses

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = rf"{_ATEXT}(?:\.{_ATEXT})*"
MSG_ID = re.compile(rf"<{_DOT_ATOM}@(?:{_DOT_ATOM}|\[[\x21-\x5a\x5e-\x7e]*\])>")
"""msg-id of RFC 5322, 3.6.4, without its comments and without the obsolete forms."""

_TITLES = frozenset({"DR", "PR", "PROF", "DOCTEUR", "PROFESSEUR", "M", "MR", "MME", "MLLE", "MONSIEUR", "MADAME", "ME"})


def _id_missing(letter: Letter) -> Iterator[Hit]:
    if not letter.mail.all("Message-ID"):
        yield Hit("Message-ID", "", "<…@…>")


def _id_several(letter: Letter) -> Iterator[Hit]:
    found = letter.mail.all("Message-ID")
    if len(found) > 1:
        yield Hit("Message-ID", len(found), 1)


def _id_syntax(letter: Letter) -> Iterator[Hit]:
    for field in letter.mail.all("Message-ID"):
        if MSG_ID.fullmatch(field.unfolded) is None:
            yield Hit("Message-ID", field.unfolded, "<id-left@id-right>")


MESSAGE_ID: Rules = (
    Rule("mail.message-id.missing", _id_missing),
    Rule("mail.message-id.several", _id_several),
    Rule("mail.message-id.syntax", _id_syntax),
)


def _sender_missing(letter: Letter) -> Iterator[Hit]:
    author = letter.author
    if author is None or ADDRESS.fullmatch(author.address) is None:
        yield Hit("From", letter.mail.text("From"), "Intitulé_BAL <…@….mssante.fr>")


def _label_missing(letter: Letter) -> Iterator[Hit]:
    author = letter.author
    if author is None:
        return
    label = author.label.strip(" \"'")
    told = wording.letters(label)
    # An address put again as its own label names nobody.
    if not told or label.lower() in (author.address.lower(), author.local.lower()):
        yield Hit("From", letter.mail.text("From"), f"Intitulé_BAL <{author.address}>")


def _person(letter: Letter) -> Iterator[Hit]:
    author = letter.author
    if author is None or not letter.personal or not author.label.strip():
        return
    words = [w for w in re.split(r"[_\s.,]+", traits.normalise(author.label)) if re.search(r"[A-Z]", w)]
    while words and words[0] in _TITLES:
        words.pop(0)
    if len(words) < 2:
        yield Hit("From", author.label, "[Titre]_Prénom_NOM[_Entité]")


SENDER: Rules = (
    Rule("mail.sender.missing", _sender_missing),
    Rule("mail.sender.no-label", _label_missing),
    Rule("mail.sender.person", _person),
)


def _reply_missing(letter: Letter) -> Iterator[Hit]:
    if letter.automatic and not letter.mail.addresses("Reply-To"):
        yield Hit("Reply-To", letter.mail.text("Reply-To"), "BAL personnelle ou organisationnelle")


def _reply_wrong(letter: Letter) -> Iterator[Hit]:
    if not letter.automatic:
        return
    for one in letter.mail.addresses("Reply-To"):
        wrong = _unreachable(letter, one.address)
        if wrong:
            yield Hit("Reply-To", one.address, "BAL personnelle ou organisationnelle", wrong)


def _unreachable(letter: Letter, address: str) -> str:
    """Why an address is not a personal or organisational mailbox of MSSanté, empty when nothing says so."""
    if not letter.of_mssante(address):
        return "domain"
    if address.lower() in letter.settings.application:
        return "application"
    return "patient" if address.lower().endswith(f"@{letter.settings.patient_domain}") else ""


def _notice(letter: Letter) -> tuple[bool, bool, tuple[str, ...]]:
    """Whether the end of the message says automatic, whether any of it does, and the addresses of that end."""
    end = wording.tail(letter.text)
    said = wording.AUTOMATIC.search(wording.plain(end)) is not None
    anywhere = said or wording.AUTOMATIC.search(wording.plain(letter.text)) is not None
    return said, anywhere, tuple(dict.fromkeys(a.rstrip(".").lower() for a in ADDRESS.findall(end)))


def _notice_missing(letter: Letter) -> Iterator[Hit]:
    if letter.automatic:
        said, anywhere, _found = _notice(letter)
        if not said:
            seen = "pas à la fin" if anywhere else ""
            yield Hit("body", seen, "généré automatiquement", "not-last" if anywhere else "")


def _notice_address(letter: Letter) -> Iterator[Hit]:
    if letter.automatic:
        said, _anywhere, found = _notice(letter)
        if said and not any(not _unreachable(letter, a) for a in found):
            yield Hit("body", ", ".join(found)[:200], "BAL personnelle ou organisationnelle")


def _notice_differs(letter: Letter) -> Iterator[Hit]:
    if letter.automatic:
        said, _anywhere, found = _notice(letter)
        reply = tuple(a.address.lower() for a in letter.mail.addresses("Reply-To"))
        if said and found and reply and not set(found) & set(reply):
            yield Hit("body", ", ".join(found)[:200], ", ".join(reply)[:200])


NOTICE: Rules = (
    Rule("mail.reply-to.missing", _reply_missing),
    Rule("mail.reply-to.mailbox", _reply_wrong),
    Rule("mail.notice.missing", _notice_missing),
    Rule("mail.notice.no-address", _notice_address),
    Rule("mail.notice.differs", _notice_differs),
)


def _receipt(name: str, letter: Letter) -> Iterator[Hit]:
    for field in letter.mail.all(name):
        found = addresses(field)
        if len(found) != 1 or ADDRESS.fullmatch(found[0].address) is None:
            yield Hit(name, field.unfolded, "<BAL de l'émetteur>")


def _receipt_elsewhere(name: str, letter: Letter) -> Iterator[Hit]:
    ours = {letter.sender.lower(), *(a.address.lower() for a in letter.mail.addresses("From"))}
    ours |= {a.address.lower() for a in letter.mail.addresses("Reply-To")}
    for one in letter.mail.addresses(name):
        if one.address.lower() not in ours:
            yield Hit(name, one.address, ", ".join(sorted(filter(None, ours))))


RECEIPTS: Rules = (
    Rule("mail.receipt.address", lambda letter: _receipt("Return-Receipt-To", letter)),
    Rule("mail.receipt.address", lambda letter: _receipt("Disposition-Notification-To", letter)),
    Rule("mail.receipt.elsewhere", lambda letter: _receipt_elsewhere("Return-Receipt-To", letter)),
    Rule("mail.receipt.elsewhere", lambda letter: _receipt_elsewhere("Disposition-Notification-To", letter)),
)

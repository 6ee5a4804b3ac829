"""SEARCH of IMAP4rev1 (RFC 3501 6.4.4) as predicates over messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from email.utils import parsedate_to_datetime

from conformance.services.mss.imap_syntax import Unreadable, Value, numbers, text
from conformance.services.mss.operator import Message

Test = Callable[[int, Message], bool]
"""Given the sequence number and the message."""

LIMIT_KEYS = 300
"""Keys on one level: NOT and OR nest as deep as there are keys."""

_FLAGS = {
    "SEEN": "\\Seen",
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HEADERS = {"FROM": "From", "TO": "To", "CC": "Cc", "BCC": "Bcc", "SUBJECT": "Subject"}


def compiled(keys: tuple[Value, ...], largest: int, largest_uid: int) -> Test:
    """One test of all the keys; raises Unreadable."""
    if len(keys) > LIMIT_KEYS:
        raise Unreadable("too many keys")
    rest = iter(keys)
    tests = []
    for key in rest:
        if isinstance(key, str) and key.upper() == "CHARSET":
            next(rest, None)
            continue
        tests.append(_test(key, rest, largest, largest_uid))
    return lambda n, m: all(test(n, m) for test in tests)


def _test(key: Value, rest: Iterator[Value], largest: int, largest_uid: int) -> Test:
    if isinstance(key, tuple):
        return compiled(key, largest, largest_uid)
    name = text(key).upper()

    def following() -> str:
        found = next(rest, None)
        if found is None:
            raise Unreadable("a value is missing")
        return text(found)

    def another() -> Test:
        found = next(rest, None)
        if found is None:
            raise Unreadable("a key is missing")
        return _test(found, rest, largest, largest_uid)

    if name in ("ALL", "OLD"):
        return lambda n, m: True
    if name in ("NEW", "RECENT"):
        return lambda n, m: False
    if name in _FLAGS:
        flag = _FLAGS[name]
        return lambda n, m: flag in m.flags
    if name.startswith("UN") and name[2:] in _FLAGS:
        absent = _FLAGS[name[2:]]
        return lambda n, m: absent not in m.flags
    if name in ("KEYWORD", "UNKEYWORD"):
        word, wanted = following(), name == "KEYWORD"
        return lambda n, m: (word in m.flags) == wanted
    if name == "NOT":
        inner = another()
        return lambda n, m: not inner(n, m)
    if name == "OR":
        left, right = another(), another()
        return lambda n, m: left(n, m) or right(n, m)
    if name in _HEADERS or name == "HEADER":
        field = _HEADERS.get(name) or following()
        words = following().lower()
        return lambda n, m: _has(m, field, words)
    if name in ("BODY", "TEXT"):
        sought = following().lower().encode()
        return lambda n, m: sought in (m.raw if name == "TEXT" else m.raw[len(m.header) :]).lower()
    if name in ("LARGER", "SMALLER"):
        told = following()
        if not (told.isascii() and told.isdigit() and len(told) <= 10):
            raise Unreadable("a size is expected")
        size = int(told)
        return lambda n, m: len(m.raw) > size if name == "LARGER" else len(m.raw) < size
    if name in ("SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE", "SENTON"):
        day = _day(following())
        return lambda n, m: _dated(m, name, day)
    if name == "UID":
        uids = list(numbers(following(), largest_uid))
        return lambda n, m: any(low <= m.uid <= high for low, high in uids)
    ranges = list(numbers(name, largest))
    return lambda n, m: any(low <= n <= high for low, high in ranges)


def _has(message: Message, field: str, words: str) -> bool:
    mail = message.mail
    found = mail.all(field) if mail else ()
    return any(words in f.text.lower() or words in f.unfolded.lower() for f in found)


def _day(told: str) -> date:
    day, _, rest = told.partition("-")
    month, _, year = rest.partition("-")
    try:
        return date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
    except ValueError:
        raise Unreadable("not a date") from None


def _dated(message: Message, name: str, day: date) -> bool:
    if name.startswith("SENT"):
        try:
            own = parsedate_to_datetime(message.mail.text("Date") if message.mail else "").date()
        except (ValueError, TypeError):
            return False
    else:
        own = message.at.date()
    how = name.removeprefix("SENT")
    return own >= day if how == "SINCE" else own < day if how == "BEFORE" else own == day

"""Dates and periods of the header: form, calendar, offset, order, future (CI-SIS Structuration minimale 3.5.7.1)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from conformance.evidence.values import Severity
from conformance.standards.cda.header.core import Row, Run
from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import Element

FORMS = "AAAA | AAAAMMJJ | AAAAMMJJhhmm±ZZzz | AAAAMMJJhhmmss±ZZzz"
LONGEST = 40
"""Characters of a time, at most: more is hostile, and is not kept in memory."""
OLDEST = 1880
"""No patient of today was born before; an earlier act is a slip of the keyboard."""

DECADES = timedelta(days=20 * 366)
"""A gap that no example, however careless, can have: an error, not a warning."""

_SHAPE = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?:(?P<day>[0-9]{2})"
    r"(?:(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:\.[0-9]+)?)?)?)?)?(?P<zone>[+-][0-9]{1,4})?"
)
_LOW, _CENTER, _HIGH, _WIDTH = (tag(name) for name in ("low", "center", "high", "width"))
_WIDEST = timedelta(hours=14)


class Moment:
    """A time that was read: its parts, and the first instant that it may mean (UTC when no offset is given)."""

    __slots__ = ("instant", "precision", "zone")

    def __init__(self, instant: datetime, precision: int, zone: str) -> None:
        self.instant, self.precision, self.zone = instant, precision, zone


def moment(text: str) -> Moment | str:
    """A Moment, or what is wrong: `form`, `calendar` or `zone`. `precision` is 4, 6, 8, 12 or 14 digits."""
    return "form" if len(text) > LONGEST else _moment(text)


@lru_cache(maxsize=2048)
def _moment(text: str) -> Moment | str:
    match = _SHAPE.fullmatch(text)
    if match is None:
        return "form"
    *digits, zone = match.groups()
    if zone and not digits[3]:
        return "form"
    offset = _offset(zone or "")
    if offset is None:
        return "zone"
    year, month, day, hour, minute, second = (
        int(part or default) for part, default in zip(digits, "011000", strict=True)
    )
    precision = next(size for size, part in zip((14, 12, 12, 8, 6, 4), reversed(digits), strict=True) if part)
    try:
        instant = datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return "calendar"
    return Moment(instant, precision, zone or "")


def _offset(zone: str) -> timedelta | None:
    if not zone:
        return timedelta(0)
    digits = zone[1:].ljust(4, "0") if len(zone) != 2 else f"0{zone[1:]}00"
    hours, minutes = int(digits[:2]), int(digits[2:])
    found = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or found > _WIDEST:
        return None
    return -found if zone[0] == "-" else found


def time(node: Element, row: Row, run: Run) -> None:
    """A TS: a value written as the CI-SIS asks, a date of the calendar, with its offset, not in the future."""
    text = node.get("value")
    if text is None:
        if node.get("nullFlavor") is None or "value" in row.options:
            run.say("cda.time.absent", node, row=row, seen=node.get("nullFlavor", ""))
        return
    if next(node.iterchildren("{*}*"), None) is not None:
        run.say("cda.time.content", node, row=row)
    found = moment(text)
    if isinstance(found, str):
        run.say(f"cda.time.{found}", node, row=row, seen=text, expected=FORMS)
        return
    _written(node, row, run, text, found)
    if "past" in row.options:
        _past(node, row, run, text, found)


def _written(node: Element, row: Row, run: Run, text: str, found: Moment) -> None:
    if found.precision >= 12:
        if not found.zone:
            severity = Severity(row.options["zone"]) if "zone" in row.options and not _beside(node) else None
            run.say("cda.time.offset", node, row=row, seen=text, expected=f"{text}+0100", severity=severity)
        elif len(found.zone) != 5:
            severity = Severity.ERROR if "strict" in row.options else None
            run.say("cda.time.short-offset", node, row=row, seen=text, expected="±ZZzz", severity=severity)
    elif found.precision == 6 and "birth" not in row.options:
        run.say("cda.time.month", node, row=row, seen=text, expected=FORMS)
    if found.instant.year < OLDEST:
        run.say("cda.time.old", node, row=row, seen=text, expected=f"≥ {OLDEST}")


def _beside(node: Element) -> bool:
    """True when the other bound of the period has an offset: the two cannot be compared."""
    parent = node.getparent()
    bounds = [] if parent is None else [moment(c.get("value", "")) for c in parent.iterchildren(_LOW, _HIGH)]
    return any(isinstance(bound, Moment) and bound.zone for bound in bounds)


def _past(node: Element, row: Row, run: Run, text: str, found: Moment) -> None:
    """Not after the day of the judgement (a day is left for time zones); never decades after the document itself."""
    as_of, made = run.document.settings.as_of, moment(run.document.effective)
    if as_of is not None:
        last = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
        late = found.instant - last > timedelta(days=2)
    elif isinstance(made, Moment):
        last = made.instant
        late = found.instant - last > DECADES
    else:
        return
    if late:
        run.say("cda.time.future", node, row=row, seen=text, expected=f"≤ {last:%Y%m%d}")


def period(node: Element, row: Row, run: Run) -> None:
    """An interval: bounds or a value, never both, and low before high; `loose` when equal bounds are allowed."""
    if node.get("value") is not None:
        if any(child.tag in (_LOW, _HIGH, _CENTER, _WIDTH) for child in node):
            run.say("cda.time.content", node, row=row)
        else:
            _value(node, row, run)
        return
    low, high = node.find(_LOW), node.find(_HIGH)
    if low is None and high is None and node.get("nullFlavor") is None:
        if node.find(_CENTER) is None and node.find(_WIDTH) is None and "loose" not in row.options:
            run.say("cda.time.absent", node, row=row)
        return
    if low is not None and high is not None:
        _ordered(node, row, run, low.get("value", ""), high.get("value", ""))


def _value(node: Element, row: Row, run: Run) -> None:
    text = node.get("value", "")
    found = moment(text)
    if isinstance(found, str):
        run.say(f"cda.time.{found}", node, row=row, seen=text, expected=FORMS)
    else:
        _written(node, row, run, text, found)


def _ordered(node: Element, row: Row, run: Run, first: str, last: str) -> None:
    low, high = moment(first), moment(last)
    if isinstance(low, str) or isinstance(high, str):
        return
    if first == last:
        if "loose" not in row.options:
            run.say("cda.time.empty", node, row=row, seen=first)
        return
    # In a loose period a bound without hours stands for its whole day: only what is common is compared.
    size = min(low.precision, high.precision) if "loose" in row.options else 14
    if (first[:size] > last[:size]) if size <= 8 else low.instant > high.instant:
        run.say("cda.time.order", node, row=row, seen=f"{first} > {last}", expected="low ≤ high")


def to_the_second(node: Element, row: Row, run: Run) -> None:
    """`effectiveTime` is given to the second (3.5.5.7): a day or a year is an error, minutes are a warning."""
    found = moment(node.get("value", ""))
    if isinstance(found, Moment) and found.precision < 14:
        severity = Severity.WARNING if found.precision == 12 else None
        run.say(
            "cda.effective-time.precision",
            node,
            row=row,
            seen=node.get("value", ""),
            expected="AAAAMMJJhhmmss±ZZzz",
            severity=severity,
        )


def day(text: str) -> date | None:
    """The day of a TS in its own zone, None when it gives none."""
    found = moment(text)
    if isinstance(found, str) or found.precision < 8:
        return None
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def later(node: Element, row: Row, run: Run, code: str, below: str, done: date, made: date) -> None:
    """Say that what a document of the day `made` tells as done bears a later day; by decades it is an error."""
    as_of = run.document.settings.as_of
    if done > made and (as_of is None or done <= as_of):  # a date in the future is told as such
        severity = Severity.ERROR if done - made > DECADES else None
        run.say(code, node, row=row, below=below, seen=f"{done:%Y%m%d}", expected=f"≤ {made:%Y%m%d}", severity=severity)

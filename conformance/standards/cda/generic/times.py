"""Times of the body: dates of the calendar, order of bounds, nothing done in the future or before birth."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic.found import found
from conformance.standards.cda.generic.values import kind
from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import Element, local

_TS = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\.\d+)?([+-])?(\d{4})?")
_EARLIEST = 1880

# Before this many years, a date before the patient's birth may be the mother's or a relative's.
FAMILY_YEARS = 5

ACTS = frozenset({"act", "encounter", "observation", "organizer", "procedure", "substanceAdministration", "supply"})
DONE = frozenset({"procedure", "encounter", "substanceAdministration", "act"})
"""Acts that happen at their time; the time of an observation may be that of what it foresees."""
PEOPLE = frozenset({"author", "performer", "participant", "informant", "specimen"})
_LOW, _HIGH = tag("low"), tag("high")
_BOUNDS = (_LOW, _HIGH, tag("center"))


@lru_cache(maxsize=8192)
def fault(text: str) -> str:
    """What is wrong with a time: `form`, `month`, `day`, `hour`, `zone`, `year`; `no-zone` when only the zone lacks."""
    match = _TS.fullmatch(text)
    if match is None:
        return "form"
    year, month, day, hour, minute, second, _, sign, zone = match.groups()
    if int(year) < _EARLIEST:
        return "year"
    if month is not None and not 1 <= int(month) <= 12:
        return "month"
    if day is not None and not 1 <= int(day) <= calendar.monthrange(int(year), int(month))[1]:
        return "day"
    if any(part is not None and int(part) > most for part, most in ((hour, 23), (minute, 59), (second, 59))):
        return "hour"
    if (sign is None) != (zone is None):
        return "zone"
    if zone is not None and (int(zone[2:]) > 59 or not -1200 <= int(sign + zone) <= 1400):
        return "zone"
    return "no-zone" if minute is not None and zone is None else ""


def judge_time(element: Element, document: Document) -> Iterator[Finding]:
    """A time of the body with its bounds."""
    if local(element) == "value" and kind(element) not in ("TS", "IVL_TS"):
        return
    for held in (element, *element.iterchildren(*_BOUNDS)) if len(element) else (element,):
        value = held.get("value")
        if value is None:
            yield from _absent(held, element)
            continue
        if held.get("nullFlavor") is not None:
            yield found("cda.value.and-null", held, seen=f"{value} {held.get('nullFlavor')}")
        wrong = fault(value)
        if wrong == "no-zone":
            yield found("cda.body-time.zone-missing", held, "value", seen=value)
        elif wrong:
            yield found("cda.body-time.invalid", held, "value", seen=value, cause=wrong)
        else:
            yield from _when(element, held, value, document)
    yield from _order(element)


def _absent(held: Element, element: Element) -> Iterator[Finding]:
    """A time, or one of its bounds, that says nothing at all."""
    if len(held) or held.attrib or local(held) in ("value", "expirationTime"):
        return  # a typed or periodic time says something else than an instant
    severity = Severity.WARNING if local(held) == "time" else None
    yield found("cda.body-time.absent", held, expected="value | nullFlavor", severity=severity)


def _order(element: Element) -> Iterator[Finding]:
    if not len(element):
        return
    low, high = element.find(_LOW), element.find(_HIGH)
    first = "" if low is None else low.get("value", "")
    last = "" if high is None else high.get("value", "")
    if not first or not last or fault(first) not in ("", "no-zone") or fault(last) not in ("", "no-zone"):
        return
    # both at the precision of the less precise one; the minutes only when both are in the same zone
    size = min(len(re.split("[+-]", first)[0]), len(re.split("[+-]", last)[0]), 14)
    if first[-5:] != last[-5:]:
        size = min(size, 8)
    if first[:size] > last[:size]:
        yield found("cda.body-time.order", element, seen=f"{first} > {last}")


def _when(element: Element, held: Element, value: str, document: Document) -> Iterator[Finding]:
    parent = element.getparent()
    if parent is None:
        return
    owner, day = local(parent), value[:8]
    as_of = document.settings.as_of
    if as_of is not None and local(held) != "high" and day > _written(as_of)[: len(day)]:
        if owner in PEOPLE:
            yield found("cda.body-time.future", held, "value", seen=value, expected=f"<= {as_of}")
        elif owner in ACTS and local(element) == "effectiveTime" and _done(parent):
            severity = None if owner in DONE else Severity.WARNING
            yield found("cda.body-time.future", held, "value", seen=value, expected=f"<= {as_of}", severity=severity)
    born = document.birth[:8]
    if not (born.isascii() and born.isdigit()):
        return
    if owner in ACTS and local(element) == "effectiveTime" and day < born[: len(day)] and _own(parent):
        years = int(born[:4]) - int(day[:4])
        certain = owner == "substanceAdministration" and years > FAMILY_YEARS and parent.get("moodCode") == "EVN"
        severity = None if certain else Severity.WARNING
        yield found("cda.body-time.before-birth", held, "value", seen=value, expected=f">= {born}", severity=severity)


@lru_cache(maxsize=8)
def _written(day: date) -> str:
    return day.strftime("%Y%m%d")


def _done(act: Element) -> bool:
    status = act.find(tag("statusCode"))
    return act.get("moodCode") == "EVN" and status is not None and status.get("code") == "completed"


def _own(act: Element) -> bool:
    """True when the act is not said to be about somebody else."""
    at: Element | None = act
    while at is not None and local(at) != "section":
        if at.find(tag("subject")) is not None:
            return False
        at = at.getparent()
    return True


RULES = dict.fromkeys(("effectiveTime", "time", "birthTime", "expirationTime", "value"), (judge_time,))

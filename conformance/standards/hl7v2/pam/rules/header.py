"""MSH and EVN of a PAM message: event, structure, what it declares, times (IHE ITI TF-4 4.1.1; PAM FR 2.11.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.pam.reader import declared
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.rules.msh import earlier

KNOWN = ("2.9", "2.11")
_PROFILE = re.compile(r"\d+(?:\.\d+)*\^IHE_FRANCE-\d+(?:\.\d+)*-PAM")

UNSURE = frozenset({"A24", "A37"})
"""Link and unlink: optional in TF-4 (France), absent from the list of 2.11.2."""


def _refused(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in events.REFUSED:
        certain = m.event not in UNSURE
        yield Hit(
            "MSH-9.2", m.header.line, seen=m.event, expected=events.REFUSED[m.event], subject=m.event, certain=certain
        )


def _unknown(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if not m.known and m.event not in events.REFUSED:
        yield Hit("MSH-9.2", m.header.line, seen=m.event, expected=", ".join(sorted(events.STRUCTURES)))


def _structure(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    expected = events.STRUCTURES.get(m.event)
    if expected is not None and m.structure != expected:
        yield Hit("MSH-9.3", m.header.line, seen=m.structure, expected=expected)


def _version(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """MSH-12.1 is 2.5 and MSH-12.2 FRA; the third component differs from one text to the other."""
    parts = [*m.message.segments[0].components(12), "", "", ""]
    if any(parts) and (parts[0] != "2.5" or parts[1].split("&")[0] != "FRA" or not parts[2]):
        seen = "^".join(parts).rstrip("^")
        yield Hit("MSH-12", m.header.line, seen=seen, expected="2.5^FRA^2.11")


def _undeclared(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if not m.version:
        yield Hit("MSH-21", m.header.line, expected="2.11^IHE_FRANCE-2.11-PAM")


def _unknown_version(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.version and not any(m.version == v or m.version.startswith(f"{v}.") for v in KNOWN):
        yield Hit("MSH-21", m.header.line, seen=m.version, expected=" | ".join(KNOWN))


def _profile(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    raw = m.message.segments[0].value(21)
    if raw and _PROFILE.fullmatch(raw) is None:
        yield Hit("MSH-21", m.header.line, seen=raw, expected=f"{m.version or '2.11'}^IHE_FRANCE-2.11-PAM")


def _disagree(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    msh = m.message.segments[0]
    one, other = declared(msh.value(21), ""), declared("", msh.value(12, 3))
    if one and other and one.split(".")[:2] != other.split(".")[:2]:
        yield Hit("MSH-12.3", m.header.line, seen=other, expected=one)


def _timing(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    evn = m.message.first("EVN")
    if evn is not None and m.planned_at and m.occurred_at:
        yield Hit("EVN-6", evn.line, seen=f"{m.planned_at}, {m.occurred_at}")


def _pending(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    evn = m.message.first("EVN")
    if evn is not None and m.event in events.PENDING and m.occurred_at:
        yield Hit("EVN-6", evn.line, seen=m.occurred_at)


def _before(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.recorded_at and earlier(m.header.sent_at, m.recorded_at):
        yield Hit("MSH-7", m.header.line, seen=m.header.sent_at, expected=f">= EVN-2 = {m.recorded_at}")


HEADER_RULES: Rules = (
    Rule("hl7v2.pam.event-refused", _refused),
    Rule("hl7v2.pam.event-unknown", _unknown),
    Rule("hl7v2.pam.structure-name", _structure),
    Rule("hl7v2.pam.version", _version),
    Rule("hl7v2.pam.undeclared", _undeclared),
    Rule("hl7v2.pam.version-unknown", _unknown_version),
    Rule("hl7v2.pam.profile", _profile),
    Rule("hl7v2.pam.versions-differ", _disagree),
    Rule("hl7v2.pam.event-times", _timing),
    Rule("hl7v2.pam.pending-occurred", _pending),
    Rule("hl7v2.pam.before-event", _before),
)

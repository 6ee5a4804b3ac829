"""Which acknowledgements a message asks for, and what an acknowledgement says (HL7 v2.5 chapter 2, 2.9.2 and 2.9.3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from conformance.errors import Malformed
from conformance.standards.hl7v2.syntax import build, build_segment, parse

ACCEPT_CODES = frozenset({"CA", "CE", "CR"})
_ASKED = frozenset({"AL", "SU"})  # ER and NE: silence is a proper answer


@dataclass(frozen=True, slots=True)
class Expected:
    """What the sender of a message must wait for.

    Original mode (MSH-15 and MSH-16 empty) waits for an application acknowledgement only. Enhanced mode waits for an
    accept acknowledgement, an application acknowledgement, both or none, as MSH-15 and MSH-16 say.
    """

    accept: bool
    application: bool
    enhanced: bool = False

    def final(self, code: str) -> bool:
        """An acknowledgement of that code (MSA-1) ends the wait."""
        if code not in ACCEPT_CODES:
            return True
        return not self.enhanced or code != "CA" or (self.accept and not self.application)


ORIGINAL = Expected(accept=False, application=True)


def expected(body: bytes) -> Expected:
    """What a message asks for; the original mode when it cannot be read."""
    try:
        header = parse(body).segments[0]
        accept, application = header.value(15), header.value(16)
    except Malformed:
        return ORIGINAL
    if not accept and not application:
        return ORIGINAL
    return Expected(accept in _ASKED, application in _ASKED, enhanced=True)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """MSA-1, MSA-2, and whether it asks for an accept acknowledgement itself (its own MSH-15 is AL or SU)."""

    code: str
    control: str
    asks_accept: bool = False


def read(body: bytes) -> Acknowledgement | None:
    """The acknowledgement in a message, or None when it is not HL7 v2 or has no MSA."""
    try:
        message = parse(body)
        msa = message.first("MSA")
        if msa is None:
            return None
        return Acknowledgement(msa.value(1), msa.value(2), message.segments[0].value(15) in _ASKED)
    except Malformed:
        return None


def accept(body: bytes, sent_at: datetime) -> bytes:
    """The accept acknowledgement (CA) of a message that parses: header turned round, same version and charset."""
    header = parse(body).segments[0]
    control = header.raw_field(10)
    # Derived from the message's own id: two acknowledgements of one message are the same message.
    own = b"CA" + hashlib.sha256(control).hexdigest()[:16].upper().encode()
    fields = dict(enumerate((header.raw_field(n) for n in (5, 6, 3, 4)), 3))
    fields |= {7: sent_at.strftime("%Y%m%d%H%M%S%z").encode(), 9: b"ACK", 10: own}
    fields |= {n: header.raw_field(n) for n in (11, 12, 17, 18)}
    separators = header.message.delimiters
    msh = build_segment("MSH", {n: fields.get(n, b"") for n in range(3, 19)}, separators)
    return build([msh, build_segment("MSA", {1: b"CA", 2: control}, separators)])

"""Which acknowledgements a message asks for, and what an acknowledgement says (HL7 v2.5 chapter 2, 2.9.2 and 2.9.3).

Read with a few cuts in the bytes and not with the parser: this is done for every message while others wait.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from conformance.errors import Malformed
from conformance.standards.hl7v2.syntax import build, build_segment, parse, unescape

ACCEPT_CODES = frozenset({"CA", "CE", "CR"})
_MSA = re.compile(rb"[\r\n](MSA[^\r\n]*)")
_WRITTEN = re.compile(rb"(\d{12})(\d\d)?(?:\.\d{1,4})?([+-]\d{4})?")
_ASKED = frozenset({b"AL", b"SU"})  # ER and NE: silence is a proper answer


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
    fields = _header(body)
    accept, application = (b"".join(fields[n - 1 : n]) for n in (15, 16))
    if not accept and not application:
        return ORIGINAL
    return Expected(accept in _ASKED, application in _ASKED, enhanced=True)


def ahead(body: bytes, at: datetime) -> int | None:
    """Seconds by which MSH-7 of a message is ahead of `at` (with its zone); None when it is not written to the minute.

    Without an offset it is taken for the local time of the zone of `at` (HL7 v2.5, 2.A.21 DTM).
    """
    match = _WRITTEN.fullmatch(b"".join(_header(body)[6:7]))
    if match is None:
        return None
    minute, second, offset = (part.decode() if part else "" for part in match.groups())
    try:
        written = datetime.strptime(f"{minute}{second or '00'}{offset or f'{at:%z}'}", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    seconds = (written - at) // timedelta(seconds=1)
    # A time written to the minute may be up to a minute before the instant it names.
    return min(seconds + 59, 0) if not second and seconds < 0 else seconds


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """MSA-1, MSA-2, and whether it asks for an accept acknowledgement itself (its own MSH-15 is AL or SU)."""

    code: str
    control: str
    asks_accept: bool = False


def read(body: bytes) -> Acknowledgement | None:
    """The acknowledgement in a message, or None when it is not HL7 v2 or has no MSA."""
    header = _header(body)
    found = _MSA.search(body)
    if not header or found is None:
        return None
    fields = [*found[1].split(body[3:4]), b"", b""]
    code, control = fields[1], fields[2]
    asks = b"".join(header[14:15]) in _ASKED
    return Acknowledgement(code.decode("ascii", "replace"), _text(control, body), asks)


def _header(body: bytes) -> list[bytes]:
    """The fields of MSH, MSH-n being at n - 1; none when it is not HL7 v2."""
    if body[:3] != b"MSH" or len(body) < 8:
        return []
    return body.partition(b"\r")[0].partition(b"\n")[0].split(body[3:4])


def _text(raw: bytes, body: bytes) -> str:
    escape = body[6:7]  # MSH-2, third character
    if escape in raw:
        with suppress(Malformed):
            raw = unescape(raw, parse(body).delimiters)
    return raw.decode("utf-8", "replace")


def accept(body: bytes, sent_at: datetime) -> bytes:
    """The accept acknowledgement (CA) of a message that parses: header turned round, same version and charset."""
    message = parse(body)
    header, separators = message.segments[0], message.delimiters
    control = header.raw_field(10)
    # Derived from the message's own id: two acknowledgements of one message are the same message.
    own = b"CA" + hashlib.sha256(control).hexdigest()[:16].upper().encode()
    fields = dict(enumerate((header.raw_field(n) for n in (5, 6, 3, 4)), 3))
    fields |= {7: sent_at.strftime("%Y%m%d%H%M%S%z").encode(), 9: b"ACK", 10: own}
    fields |= {n: header.raw_field(n) for n in (11, 12, 17, 18)}
    msh = build_segment("MSH", {n: fields.get(n, b"") for n in range(3, 19)}, separators)
    return build([msh, build_segment("MSA", {1: b"CA", 2: control}, separators)])

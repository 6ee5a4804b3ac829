"""What a receiver answers to a PAM message before it looks at its content (HL7 v2.5 2.9; PAM FR tables 0008, 0357)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from conformance.standards.hl7v2.orders import ErrorRow
from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.pam.builders import Code, refusal
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.values import Read

LABELS: Mapping[str, str] = {
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
"""Table 0357 -> labels."""

_ACCEPT: Mapping[str, Code] = {"AA": "CA", "AE": "CE", "AR": "CR"}


def reply(message: Read | AdtMessage) -> tuple[Literal["AA", "AR"], ErrorRow | None]:
    """AA, or AR with its error when PAM FR has no such type, event, version or processing id."""
    head = message.header
    code = ""
    if head.code != "ADT":
        code, place = "200", "MSH^1^9"
    elif head.trigger not in events.STRUCTURES:
        code, place = "201", "MSH^1^9"
    elif head.version and not head.version.startswith("2.5"):
        code, place = "203", "MSH^1^12"
    elif head.processing not in ("P", "T", "D"):
        code, place = "202", "MSH^1^11"
    if not code:
        return "AA", None
    return "AR", refusal(code, LABELS[code], place)


def in_mode(code: Literal["AA", "AE", "AR"], message: Read | AdtMessage) -> Code | None:
    """The first code to answer in the mode that MSH-15 and MSH-16 ask for; None when no acknowledgement is wanted.

    Original mode (both empty): the code itself. Enhanced mode: the accept level (CA, CE, CR) when MSH-15 wants it for
    this outcome, else the application level when MSH-16 does.
    """
    msh = message.message.segments[0]
    accept, application = msh.value(15), msh.value(16)
    if not accept and not application:
        return code
    if _wanted(accept, code):
        return _ACCEPT[code]
    return code if _wanted(application, code) else None


def _wanted(condition: str, code: str) -> bool:
    """Table 0155: AL always, NE never, ER on error or reject, SU on success."""
    return condition == "AL" or (condition == "ER" and code != "AA") or (condition == "SU" and code == "AA")

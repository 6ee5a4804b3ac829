"""A PAM consumer: the MLLP listener to which the vendor's system sends its ADT messages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from conformance.bench.clock import now
from conformance.bench.service import Call, Reply, Service
from conformance.errors import InternalError, Malformed
from conformance.services import faults
from conformance.services.returns import ReturnsService
from conformance.standards.hl7v2 import builders
from conformance.standards.hl7v2.syntax import parse

_CODES: dict[str, Literal["AA", "AE", "AR"]] = {"AA": "AA", "AE": "AE", "AR": "AR"}


def _error(code: str, text: str) -> tuple[builders.ErrorRow, ...]:
    return (builders.ErrorRow(builders.Coded(code, text, "HL70357"), "E", "PID^1^3"),)


ERRORS: Mapping[str, tuple[builders.ErrorRow, ...]] = MappingProxyType(
    {
        "AA": (),
        "AE": _error("204", "Unknown key identifier"),
        "AR": _error("206", "Application record locked"),
    }
)
"""Why a message is refused, by acknowledgement code: the patient is unknown there, or the record is locked."""

EVENTS = " ".join(f"ADT^{event}" for event in (*(f"A{n:02d}" for n in range(1, 63)), "Z99"))
"""Every ADT event of HL7 2.5, and the French Z99."""


class PamService(ReturnsService):
    """Acknowledges every HL7 v2 message as `answer` says: `AA`, `AE` (unknown patient) or `AR` (record locked).

    `fault` is `success`, `silent` (the message is taken, nothing answers), `slow` or `cut`, for the message types of
    `on`; the other settings are `delay` in seconds, `share`, and `spare`, a text whose bearers are always accepted.
    """

    name: ClassVar[str] = "pam"
    channel: ClassVar[str] = "pam"
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"answer": "AA", "fault": "success", "on": EVENTS, "delay": "5", "share": "0.5", "spare": ""}
    )

    def configure(self, settings: Mapping[str, str]) -> None:
        Service.configure(self, settings)
        if self.settings["answer"] not in _CODES:
            raise InternalError("bench.unknown-setting", where=self.name, key=f"answer={self.settings['answer']}")
        own: Mapping[str, faults.Maker] = {"silent": lambda _: faults.instead(lambda _call: Reply(b""))}
        self._handler = faults.chosen(self.settings, own, self.name)(self._plain)

    async def _plain(self, call: Call) -> Reply:
        spare = self.settings["spare"].encode()
        code = "AA" if spare and spare in call.body else _CODES[self.settings["answer"]]
        try:
            control = parse(call.body).segments[0].raw_field(10)
            # Derived from the message: the same acknowledgement for the same message.
            own = "P" + hashlib.sha256(control + code.encode()).hexdigest()[:15].upper()
            return Reply(builders.ack(call.body, control_id=own, sent_at=now(), code=code, errors=ERRORS[code]))
        except Malformed:
            return Reply(b"")  # nothing to quote in an acknowledgement

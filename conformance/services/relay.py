"""The destination of received mails: an MLLP listener that takes the MDM of the LPS volet, integrates or refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from conformance.bench.clock import now
from conformance.bench.service import Call, Reply
from conformance.errors import InternalError, Malformed
from conformance.services.returns import ReturnsService
from conformance.standards.hl7v2 import builders
from conformance.standards.hl7v2.syntax import parse

UNKNOWN_PATIENT = builders.ErrorRow(
    builders.Coded("207", "Application internal error", "HL70357"),
    "E",
    "PID^1^3",
    builders.Coded("902", "Patient inconnu", "applicationErrorCondition"),
)
"""Why the destination refuses: the document is well formed, but nobody there has this patient."""

_CODES: dict[str, Literal["AA", "AE", "AR"]] = {"AA": "AA", "AE": "AE", "AR": "AR"}


class RelayService(ReturnsService):
    """Acknowledges every HL7 v2 message as `answer` says: `AA` (integrated), `AE` (unknown patient) or `AR`.

    The other settings are those of the business returns: `fault`, `on`, `delay`, `share`.
    """

    name: ClassVar[str] = "relay"
    channel: ClassVar[str] = "relay"
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"answer": "AA", "fault": "success", "on": "MDM^T02 MDM^T10 MDM^T04", "delay": "5", "share": "0.5"}
    )

    def configure(self, settings: Mapping[str, str]) -> None:
        super().configure(settings)
        if self.settings["answer"] not in _CODES:
            raise InternalError("bench.unknown-setting", where=self.name, key=f"answer={self.settings['answer']}")

    async def _plain(self, call: Call) -> Reply:
        code = _CODES[self.settings["answer"]]
        try:
            control = parse(call.body).segments[0].raw_field(10)
            # Derived from the message: the same acknowledgement for the same message.
            own = "R" + hashlib.sha256(control + code.encode()).hexdigest()[:15].upper()
            errors = () if code == "AA" else (UNKNOWN_PATIENT,)
            return Reply(builders.ack(call.body, control_id=own, sent_at=now(), code=code, errors=errors))
        except Malformed:
            return Reply(b"")  # nothing to quote in an acknowledgement

"""The reference RI, whose messages are written without our builders, keeps the PAM rules: two readings of one text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conformance.reference.config_identity import Domain, Pam
from conformance.reference.ri import pam_out
from conformance.reference.ri.rules import IdentityBehaviour
from conformance.reference.ri.values import Identity, Ins, Traits
from conformance.standards.hl7v2.pam import reader, rules
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.syntax import parse

TRAITS = Traits("ADRUN", ("ZOE",), "ZOE", "19751231", "F", "63220")
IDENTITIES = {
    "provisoire": Identity("1", TRAITS, "provisoire", "20260301"),
    "qualifiee": Identity(
        "1",
        TRAITS,
        "qualifiee",
        "20260301",
        ins=Ins("275126322074974", "1.2.250.1.213.1.4.10", "20260301"),
        document="CN",
    ),
    "douteuse": Identity("1", TRAITS, "provisoire", "20260301", attributes=("douteuse",)),
}


@pytest.mark.parametrize("version", ["2.9", "2.11"])
@pytest.mark.parametrize(("event", "merged"), [("A28", ()), ("A31", ()), ("A40", ("2",)), ("A47", ("2",))])
@pytest.mark.parametrize("status", IDENTITIES)
def test_the_reference_keeps_the_rules(status: str, event: str, merged: tuple[str, ...], version: str) -> None:
    """Nothing to say on its four events; a doubtful identity needs the table of 2.11."""
    house = pam_out.House("RI", "CHU", Domain("CHU", "1.2.250.1.71.9.1"), Pam("DPI", "CHU", version))
    told = IDENTITIES[status]
    raw = pam_out.message(
        event, told, house, IdentityBehaviour(), "C1", datetime(2026, 3, 1, 10, tzinfo=UTC), merged=merged
    )
    message = reader.read(parse(raw))
    assert isinstance(message, AdtMessage)
    assert message.version == version
    later = {"hl7v2.pam.reliability-later"} if (status, version) == ("douteuse", "2.9") else set()
    assert {f.code for f in rules.judge(message)} == later

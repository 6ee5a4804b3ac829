"""What the DMP makes of who calls: the session its VIHF opens, and the authorisations given by TD0.3.

Whether a VIHF obeys the rules is the judges' business: the DMP refuses one only when a setting says so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from conformance.evidence.values import Fact
from conformance.standards.saml import modes
from conformance.standards.saml.reader import Vihf

MOST = 100_000
"""Authorisations kept; the oldest go first."""

ADD, REMOVE = "AJOUT", "SUPPRESSION"


class Authorisations:
    """The authorisation of each professional (or structure) on the DMP of each patient, as TD0.3 set it."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], str] = OrderedDict()

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()

    def change(self, vihf: Vihf | None, action: str) -> None:
        """Carry out a TD0.3; what is asked twice is asked once, what means nothing changes nothing."""
        if vihf is None or action not in (ADD, REMOVE):
            return
        self._held[_who(vihf)] = "VALIDE" if action == ADD else "INEXISTANTE"
        while len(self._held) > MOST:
            self._held.popitem(last=False)

    def state(self, vihf: Vihf | None, otherwise: str) -> str:
        """What TD0.2 says of it; `otherwise` when no TD0.3 was heard."""
        return otherwise if vihf is None else self._held.get(_who(vihf), otherwise)


def _who(vihf: Vihf) -> tuple[str, str]:
    """The patient, and who acts for the mode: the person, or the structure that answers for its users."""
    actor = vihf.structure if vihf.mode == modes.INDIRECT else vihf.name_id
    return vihf.matricule, actor


def facts(vihf: Vihf | None) -> Mapping[str, Fact]:
    """What is recorded with an answer: authentication mode, who acts, and whether the assertion is intact."""
    if vihf is None:
        return {"vihf": "absent"}
    signed = vihf.signature
    return {
        "vihf": "unsigned" if signed is None else "intact" if signed.intact else signed.reason,
        "vihf_mode": vihf.mode[:40],
        "vihf_structure": vihf.structure[:80],
    }


def refusal(vihf: Vihf | None, asked: str, patient: str) -> str:
    """Why a caller is not served under the setting `vihf` (`any`, `required`, `consistent`); empty when it is.

    `required` wants an intact assertion, `consistent` all that its mode must say, for the `patient` of the request.
    """
    if asked == "any":
        return ""
    if vihf is None:
        return "VIHF absent"
    if vihf.signature is None or not vihf.signature.intact:
        return "VIHF not intact"
    if asked == "consistent":
        lacks = ", ".join(modes.lacks(vihf))
        if lacks:
            return f"VIHF: {lacks}"
        if patient and vihf.matricule != patient:
            return "VIHF of another patient"
    return ""

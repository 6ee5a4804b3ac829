"""SSI/GEN.08: with the antivirus in service, the EICAR test file of a received mail is found out."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties import mail_flow as flow
from conformance.properties.base import register
from conformance.properties.flow import finding
from conformance.standards import eicar


@register(
    "ssi-gen.antivirus",
    exercise="mail.reception",
    clause="REM PFI vague 2, SSI/GEN.08",
    requirements=("PFI/va2/SSI/GEN.08",),
    codes=frozenset({"ssi.antivirus.not-detected", "ssi.antivirus.passed-on"}),
    claims=frozenset({"received:eicar-alone", "received:eicar-in-archive", "received:eicar-in-cda"}),
    control="received:plain",
    needs=frozenset({"pilot:settings.set/1", "pilot:document.history/1"}),
)
def antivirus(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The test file is told, or the mail held back while a sound one goes through; what a CDA encloses is advice."""
    mail = flow.delivered(driven, heard)
    if mail is None or mail.danger == "" or not _in_service(driven, heard, context):
        return
    messages = flow.relayed(heard)
    passed = next((m for m in messages if any(eicar.inside(d) for d in m.contents)), None)
    if _told(driven, heard, mail.mail.message_id):
        yield Witness("test file detected: told", mail.exchange)
    elif mail.danger == "file" and messages and flow.steps_of(driven, heard) is not None:
        # The mail went its way, and the product, which tells what it did of it, tells of no detection.
        yield finding("ssi.antivirus.not-detected", "MSH", exchange=messages[0].exchange, expected="EICAR")
    elif mail.danger == "enclosed" and passed is not None:
        yield Witness("test file enclosed in a CDA", mail.exchange)
    elif mail.valid and not messages and _sound_twin(heard) and flow.was_read(heard, mail.mail.message_id):
        yield Witness("test file held back, a sound document passed on", mail.exchange)
    if passed is not None:
        yield finding("ssi.antivirus.passed-on", "OBX-5", exchange=passed.exchange, expected="EICAR")


def _in_service(driven: Driven[object], heard: Heard, context: Context) -> bool:
    """Whether the antivirus is declared in service: the pilot has put it on, or the target says so."""
    return flow.told(driven, heard, "antivirus") is not None or context.settings.get("antivirus") == "on"


def _told(driven: Driven[object], heard: Heard, message_id: str) -> bool:
    steps = flow.steps_of(driven, heard) or ()
    if any(_names(flow.meanings(s.action), s.outcome) for s in steps):
        return True
    state = (flow.told(driven, heard, "history") or {}).get("state")
    if isinstance(state, str) and "quarantine" in flow.meanings(state):
        return True
    log = flow.traces(flow.told(driven, heard, "log"))
    return any(t.message_id == message_id and _names(t.means, t.outcome) for t in log)


def _names(means: frozenset[str], outcome: str) -> bool:
    """Whether an entry names a dangerous file: a scan that went well does not."""
    return "quarantine" in means or ("antivirus" in means and outcome == "failed")


def _sound_twin(heard: Heard) -> bool:
    return any(flow.is_relayed(o) for o in heard.window)

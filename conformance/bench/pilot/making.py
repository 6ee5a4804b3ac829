"""From the `[pilot]` table of a target to a pilot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

from conformance.bench.pilot.base import Pilot
from conformance.bench.pilot.command import CommandPilot
from conformance.bench.pilot.files import FilesPilot
from conformance.bench.pilot.http import HttpPilot
from conformance.bench.pilot.person import PersonPilot, Speech
from conformance.bench.target import Pilot as Declared
from conformance.bench.target import Timing
from conformance.errors import TargetError

T = TypeVar("T")


def make(
    declared: Declared | None,
    secrets: Mapping[str, str],
    speech: Speech,
    *,
    timing: Timing | None = None,
    folder: Path | None = None,
    hush: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Pilot | None:
    """The pilot that a target declares, None when it declares none.

    `secrets` are the target's. `speech` gives a text of an id in the language of the run. `folder` is the run's: the
    answers of a person are kept there, beside the journal; `hush` silences the rest while a person is asked.
    `timing.answer` is the time of one call. Raises TargetError for a pilot without the key it needs, SetupError for
    anchors that cannot be read.
    """
    if declared is None:
        return None
    seconds = (timing or Timing()).answer
    match declared.kind:
        case "http":
            return HttpPilot(
                _needed(declared.url, "url"),
                secrets.get(declared.token_env, ""),
                anchors=declared.anchors,
                check_hostname=declared.check_hostname,
                timeout=seconds,
            )
        case "command":
            command = _needed(declared.command, "command")
            return CommandPilot(command, folder=declared.base, keep=declared.keep, timeout=seconds)
        case "files":
            if declared.folder is None:
                raise TargetError("target.missing-key", key="pilot.folder")
            return FilesPilot(declared.folder, timeout=seconds)
        case "person":
            return PersonPilot(speech, folder=declared.folder or folder, hush=hush)


def _needed(value: T, key: str) -> T:
    if not value:
        raise TargetError("target.missing-key", key=f"pilot.{key}")
    return value

"""A laboratory facing a target: every service of the bench, and the pilot that the target declares."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path

from conformance.bench.lab import Lab
from conformance.bench.pilot import make as make_pilot
from conformance.bench.pilot.person import Speech
from conformance.bench.pki import Pki
from conformance.bench.recorder import Sink
from conformance.bench.target import Target
from conformance.services import make


def facing(
    target: Target,
    pki: Pki,
    speech: Speech,
    *,
    folder: Path | None = None,
    hush: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Callable[[Sink, int, date], Lab]:
    """What makes the laboratory of a run (its sink, the number of exchanges already recorded, its day).

    `speech` gives the texts of a person's pilot in the language of the run; its answers are kept in `folder`, `hush`
    silences the display while it asks. Raises TargetError when the target names a service that does not exist, or a
    pilot without the key it needs.
    """
    services = make(target)
    pilot = make_pilot(target.pilot, target.secrets, speech, timing=target.timing, folder=folder, hush=hush)

    def laboratory(sink: Sink, first: int, as_of: date) -> Lab:
        return Lab(target, services, sink, pki, as_of=as_of, first=first, pilot=pilot)

    return laboratory

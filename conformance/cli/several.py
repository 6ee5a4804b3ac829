"""A target with several `[[configuration]]`: one run each, in `RUN/<name>/`, and one merged audit in `RUN/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from conformance.cli.speech import say
from conformance.errors import OutputError, UsageError

if TYPE_CHECKING:
    from conformance.bench.target import Target
    from conformance.engine.run import RunRequest


def begin(request: RunRequest, target: Path) -> NoReturn:
    """Run each configuration of the target of a request, the folder of which is that of the whole; conclude."""
    from conformance.audit.write import CONFIGURATIONS, SCHEMA, folder_names
    from conformance.catalogue.loader import resolve_options

    for one in request.target.configurations:  # an unknown option is told before the first run, not after it
        resolve_options(request.profile.options, request.target.configured(one.name).options)
    parts = folder_names([one.name for one in request.target.configurations])
    document = {
        "schema": SCHEMA,
        "parts": parts,
        "dsr": request.profile.dsr,
        "waves": list(request.waves),
        "effort": request.effort,
        "seed": request.seed,
        "only": sorted(request.only),
        "digest": request.target.digest,
    }
    try:
        request.folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        (request.folder / CONFIGURATIONS).write_text(content, encoding="utf-8")
    except OSError as e:
        raise OutputError("journal.cannot-write", where=str(request.folder), reason=e.strerror or str(e)) from e
    requests = {
        name: replace(request, target=request.target.configured(name), folder=request.folder / place)
        for name, place in parts.items()
    }
    _each(requests, request.folder, target)


def go_on(folder: Path, described: Mapping[str, Any], loaded: Target, target: Path, cases: Path | None) -> NoReturn:
    """What remains of the runs of a merged audit: those that were cut, then those that were never begun."""
    from conformance.bench.clock import today
    from conformance.catalogue.loader import load_profile
    from conformance.engine.records import past
    from conformance.engine.run import RunRequest
    from conformance.evidence.journal import FILE

    known = [one.name for one in loaded.configurations]
    if known != list(described["parts"]) or loaded.digest != described["digest"]:
        raise UsageError("cli.run.configurations-differ", where=str(target))
    profile = load_profile(described["dsr"])
    requests = {}
    for name, place in described["parts"].items():
        begun = (folder / place / FILE).is_file()
        gone = past(folder / place) if begun else None
        if gone is not None and gone.closed:
            continue
        requests[name] = RunRequest(
            profile=profile,
            waves=tuple(described["waves"]),
            target=loaded.configured(name),
            folder=folder / place,
            as_of=today() if gone is None else date.fromisoformat(str(gone.opening["as_of"])),
            effort=described["effort"],
            seed=described["seed"],
            cases=cases,
            only=frozenset(described["only"]),
            resume=begun,
        )
    _each(requests, folder, target)


def _each(requests: Mapping[str, RunRequest], folder: Path, target: Path) -> NoReturn:
    from conformance.cli.ending import conclude, remember
    from conformance.cli.run import drive

    cases = next((request.cases for request in requests.values()), None)
    remember(folder, target=target, cases=cases)
    for number, (name, request) in enumerate(requests.items(), 1):
        remember(request.folder, target=target, cases=request.cases)
        say("cli.run.configuration-begins", name=name, number=number, count=len(requests))
        drive(request, folder)
    conclude(folder)

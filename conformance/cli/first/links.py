"""`conformance doctor --target`: the links of a target, examined and told."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.speech import say, spoken, t
from conformance.texts import all_texts, fill

if TYPE_CHECKING:
    from conformance.bench.target import Target

SCHEMA = "preflight/1"


def examine(path: Path) -> tuple[list[dict[str, object]], int]:
    """The checks of a target as plain data, and how many stop a run; raises TargetError."""
    from conformance.bench.pki import Pki
    from conformance.bench.preflight import preflight
    from conformance.bench.target import load
    from conformance.bench.tls import client_context
    from conformance.cli.run import PKI

    target = load(path)
    pki = Pki.load_or_create(PKI)

    def client() -> ssl.SSLContext:
        return client_context(
            pki.client(), pki.anchors_pem, target.endpoint_anchors, check_hostname=target.check_hostname
        )

    authority = ssl.create_default_context(cadata=pki.anchors_pem.decode("ascii"))
    told: list[dict[str, object]] = []
    for check in preflight(target, client, authority):
        state = "well" if not check.problem else "doubtful" if check.warning else "bad"
        line: dict[str, object] = {"link": check.link, "layer": check.layer.value, "state": state}
        if check.problem:
            found = all_texts()[f"preflight.{check.problem}"]
            line |= {
                "problem": check.problem,
                "what": fill(found.says(spoken()), check.values),
                "remedy": fill(found.remedy(spoken()), check.values),
            }
        told.append(line)
    return told, sum(line["state"] == "bad" for line in told)


def warn_of_names(target: Target) -> None:
    """Before a run or a listening: tell on stderr the advertised names that have no address from here."""
    from conformance.bench.preflight import unresolved

    for check in unresolved(target):
        found = all_texts()[f"preflight.{check.problem}"]
        layer, what = t(f"preflight.layer.{check.layer.value}"), fill(found.says(spoken()), check.values)
        print(t("preflight.doubtful", link=check.link, layer=layer, what=what), file=sys.stderr)
        print(t("preflight.remedy", remedy=fill(found.remedy(spoken()), check.values)), file=sys.stderr)


def show(told: list[dict[str, object]], bad: int, path: Path) -> None:
    """Print what `examine` found."""
    if not told:
        say("preflight.nothing")
        return
    for line in told:
        layer = t(f"preflight.layer.{line['layer']}")
        say(f"preflight.{line['state']}", link=line["link"], layer=layer, what=line.get("what", ""))
        if "remedy" in line:
            say("preflight.remedy", remedy=line["remedy"])
    print()
    if bad:
        say("preflight.some-bad", count=bad)
    else:
        say("preflight.all-well", target=path)

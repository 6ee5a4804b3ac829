"""What an audit quotes of a journal: messages, counterexamples and their nearest right case, digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.audit.excerpt import excerpt
from conformance.audit.model import Counterexample, Evidence, Excerpt, FindingSummary, Neighbour
from conformance.audit.nearest import Neighbours
from conformance.audit.tally import Heard, Tally, example
from conformance.evidence.journal import Reader

EVIDENCE = 40
"""Exchanges whose digests are given for a scenario."""


class Quotes:
    """Fetches from the journal what a scenario shows; the digest of an exchange is computed once."""

    def __init__(self, journal: Tally, reader: Reader) -> None:
        self._journal = journal
        self._reader = reader
        self._neighbours = Neighbours(journal, reader)
        self._digests: dict[str, str] = {}

    def counterexamples(self, heard: Sequence[Heard]) -> tuple[Counterexample, ...]:
        """The counterexamples of some properties, in the order they were found."""
        wanted: dict[str, list[str]] = {}
        for one in heard:
            wanted.setdefault(one.subscription["id"], []).append(one.run_key["key"])
        lines = [line for line in self._journal.counterexamples if line["property"] in wanted]
        return tuple(self._counterexample(line, wanted[line["property"]]) for line in lines)

    def _counterexample(self, line: Mapping[str, Any], keys: Sequence[str]) -> Counterexample:
        finding = example(line["finding"], line["case"], self._reader)
        shown = next((x for x in (finding.exchange, line["exchange"]) if x in self._journal.exchanges), None)
        sent = line["exchange"] if line["exchange"] != shown else None
        return Counterexample(
            fingerprint=line["fingerprint"],
            code=line["finding"]["code"],
            case=line["case"],
            labels=tuple(line["labels"]),
            calls=line["calls"],
            finding=finding,
            data=self._reader.plain(line["body"]),
            excerpt=self._excerpt(shown),
            stimulus=self._excerpt(sent),
            nearest=self._nearest(line, keys, shown),
        )

    def _nearest(self, line: Mapping[str, Any], keys: Sequence[str], shown: str | None) -> Neighbour | None:
        driven = self._journal.cases.get(line["case"])
        key = driven.key if driven is not None else keys[0]
        found = self._neighbours.find(key, line["property"], line)
        if found is None:
            return None
        case, distance, differences = found
        twin = None if shown is None else self._neighbours.same_place(case, shown)
        return Neighbour(case, self._journal.cases[case].labels, distance, differences, self._excerpt(twin))

    def _excerpt(self, exchange: str | None) -> Excerpt | None:
        """An exchange made fit to be shown, None when the journal has none of that id."""
        heading = self._journal.exchanges.get(exchange or "")
        if exchange is None or heading is None:
            return None
        body = self._reader.body(heading.body)
        return excerpt(exchange, heading.channel, heading.direction, body, heading.facts)

    def evidence(
        self, findings: Sequence[FindingSummary], counterexamples: Sequence[Counterexample]
    ) -> tuple[Evidence, ...]:
        """The digests of every exchange that findings and counterexamples name, in the order of the journal."""
        named = {e.exchange for f in findings for e in f.examples}
        for one in counterexamples:
            near = None if one.nearest is None else one.nearest.excerpt
            named |= {x.exchange for x in (one.excerpt, one.stimulus, near) if x is not None}
        return tuple(sorted(self._evidence(named), key=lambda e: e.line)[:EVIDENCE])

    def _evidence(self, named: Iterable[str]) -> Iterable[Evidence]:
        for exchange in named:
            heading = self._journal.exchanges.get(exchange)
            if heading is not None:
                if exchange not in self._digests:
                    body = self._reader.body(heading.body)
                    self._digests[exchange] = hashlib.sha256(body).hexdigest()
                yield Evidence(
                    exchange,
                    heading.channel,
                    heading.direction,
                    heading.line,
                    heading.body["len"],
                    heading.body["commit"],
                    self._digests[exchange],
                )

"""What was done: accesses, changes, calls of INSi with all they returned, exchanges with partners; and the calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from conformance.reference.clock import Clock
from conformance.reference.ri.rules import IdentityBehaviour, Operation
from conformance.reference.ri.values import Answer, Ins

Kind = Literal["access", "change", "insi", "partner"]
KEPT = 20_000
TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One trace; `more` are the members that only its kind has."""

    at: str
    kind: Kind
    author: str
    action: str
    ipp: str = ""
    request: str = ""
    response: str = ""
    ok: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """As an object of the pilot."""
        return {
            "at": self.at,
            "kind": self.kind,
            "author": self.author,
            "action": self.action,
            "ipp": self.ipp,
            "request": self.request[:TEXT],
            "response": self.response[:TEXT],
            "outcome": "ok" if self.ok else "failed",
            **self.more,
        }


@dataclass(frozen=True, slots=True)
class Call:
    """One call of INSi, for the dashboard."""

    at: str
    author: str
    operation: Operation
    answer: Answer


class Journal:
    """The traces and the calls of the process, the latest of them. `behaviour` decides what is written."""

    def __init__(self, clock: Clock, behaviour: Callable[[], IdentityBehaviour]) -> None:
        self.clock = clock
        self._behaviour = behaviour
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.calls: deque[Call] = deque(maxlen=KEPT)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.calls.clear()

    def read(self, ipp: str = "", kind: str = "") -> list[Entry]:
        """The traces about an identity, of a kind; oldest first."""
        return [e for e in self._entries if (not ipp or e.ipp == ipp) and (not kind or e.kind == kind)]

    def accessed(self, author: str, ipp: str, action: str) -> None:
        """Somebody saw an identity with its INS."""
        if self._behaviour().access_traced():
            self._entries.append(Entry(self.clock.stamp(), "access", author, action, ipp))

    def changed(self, author: str, ipp: str, action: str, *, field: str = "", before: str = "", after: str = "") -> str:
        """Somebody changed an identity; the time of it."""
        at = self.clock.stamp()
        if self._behaviour().change_traced(action):
            more = {"change": {"field": field, "before": before, "after": after}} if field else {}
            self._entries.append(Entry(at, "change", author, action, ipp, more=more))
        return at

    def refused(self, author: str, ipp: str, action: str, reason: str) -> None:
        """Somebody wanted to change an identity and could not."""
        if self._behaviour().change_traced(action):
            self._entries.append(Entry(self.clock.stamp(), "change", author, action, ipp, response=reason, ok=False))

    def called(self, author: str, ipp: str, operation: Operation, request: str, answer: Answer) -> None:
        """INSi was called."""
        at, rules = self.clock.stamp(), self._behaviour()
        self.calls.append(Call(at, author, operation, answer))
        verification = operation in ("verify", "verify-batch")
        wanted = rules.verification_traced() if verification else rules.retrieval_traced()
        if not wanted or not rules.call_traced(operation, answer.failed):
            return
        kept = rules.answer_traced(answer)
        insi: dict[str, Any] = {"operation": operation, "code": kept.code}
        if kept.ins is not None:
            insi |= {"matricule": kept.ins.matricule, "oid": kept.ins.oid, "traits": _traits(kept)}
            insi["historic"] = [_ins(i) for i in kept.historic]
        told = f"{kept.code} {kept.label}".strip()
        self._entries.append(
            Entry(at, "insi", author, f"INSi {operation}", ipp, request, told, not answer.failed, {"insi": insi})
        )

    def exchanged(self, author: str, ipp: str, partner: str, action: str, *, ok: bool) -> None:
        """Data bearing the INS went to a partner, or came from it."""
        if self._behaviour().partner_traced():
            self._entries.append(
                Entry(self.clock.stamp(), "partner", author, action, ipp, ok=ok, more={"partner": partner})
            )


def _ins(ins: Ins) -> dict[str, str]:
    return {"matricule": ins.matricule, "oid": ins.oid}


def _traits(answer: Answer) -> dict[str, object]:
    told = answer.traits.shown()
    del told["first_given"]
    told["birth"] = answer.traits.birth.replace("-", "")
    return told

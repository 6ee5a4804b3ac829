"""What the pilot of the repository knows about identities, by kind."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from conformance.reference.access.service import Access
from conformance.reference.access.values import Denied as AccessDenied
from conformance.reference.pilot import accounts
from conformance.reference.pilot.accounts import Answer
from conformance.reference.pilot.reading import day, table, text, texts, truth
from conformance.reference.pilot.server import Handler, Refusal, Request, Unsupported
from conformance.reference.ri import dashboard, editions, portability
from conformance.reference.ri.insi import Card, dashed
from conformance.reference.ri.platform import IdentityPlatform
from conformance.reference.ri.values import ATTRIBUTES, SECONDARY, STRICT, Denied, Ins, Secondary, Traits

USER = "secretariat"
"""Who acts when nobody is named."""
FARTHEST = 36_500
NOTHING: Answer = {}


def stimuli(platform: IdentityPlatform, access: Access) -> dict[str, Handler]:
    """The stimuli."""
    desk = _Desk(platform, access)
    return {
        **accounts.stimuli(access),
        **_refusing(
            {
                "settings.set/1": desk.set_setting,
                "identity.create/1": desk.create,
                "identity.update/1": desk.update,
                "identity.document/1": desk.document,
                "identity.validate/1": desk.validate,
                "identity.attribute/1": desk.attribute,
                "identity.merge/1": desk.merge,
                "identity.split/1": desk.split,
                "identity.search-insi/1": desk.search_insi,
                "identity.verify-insi/1": desk.verify_insi,
                "identity.verify-batch/1": desk.verify_batch,
            }
        ),
    }


def queries(platform: IdentityPlatform, access: Access) -> dict[str, Handler]:
    """The queries."""
    desk = _Desk(platform, access)
    return {
        **accounts.queries(access),
        **_refusing(
            {
                "log.read/1": desk.read_log,
                "identity.read/1": desk.read,
                "identity.search/1": desk.search,
                "identity.trace/1": desk.trace,
                "edition.print/1": desk.edition,
                "export.portability/1": desk.export,
                "dashboard.insi/1": desk.board,
            }
        ),
    }


def _refusing(handlers: Mapping[str, Callable[[Request], Awaitable[Answer]]]) -> dict[str, Handler]:
    """What the repository denies is a refusal for the pilot."""

    def told(handler: Callable[[Request], Awaitable[Answer]]) -> Handler:
        async def ask(asked: Request) -> Answer:
            try:
                return await handler(asked)
            except (Denied, AccessDenied) as no:
                raise Refusal(str(no)) from None

        return ask

    return {kind: told(handler) for kind, handler in handlers.items()}


class _Desk:
    def __init__(self, platform: IdentityPlatform, access: Access) -> None:
        self._platform = platform
        self._access = access
        self._base = platform.repository

    async def set_setting(self, asked: Request) -> Answer:
        name, value = text(asked.payload, "name"), text(asked.payload, "value")
        if name == "clock.days-forward":
            if not value.isascii() or not value.isdecimal() or int(value) > FARTHEST:
                raise Refusal(f"a number of days, {FARTHEST} at most")
            self._access.move_forward(int(value))
        else:
            self._base.settings.set(name, value)
        return NOTHING

    async def create(self, asked: Request) -> Answer:
        traits = _traits(_table(asked.payload, "traits"))
        secondary = _secondary(asked.payload.get("secondary", {}))
        made = self._base.create(Traits(**traits), Secondary(**secondary), _user(asked))
        return {"ipp": made.ipp}

    async def update(self, asked: Request) -> Answer:
        payload = asked.payload
        ins = table(payload, "ins") if "ins" in payload else None
        self._base.update(
            text(payload, "ipp"),
            _traits(payload.get("traits", {})),
            _secondary(payload.get("secondary", {})),
            Ins(ins.get("matricule", ""), ins.get("oid", "")) if ins is not None else None,
            _user(asked),
            super_user=truth(payload, "super_user"),
        )
        return NOTHING

    async def document(self, asked: Request) -> Answer:
        trust = text(asked.payload, "trust")
        if trust not in ("high", "low"):
            raise Refusal("trust is high or low")
        self._base.document(text(asked.payload, "ipp"), text(asked.payload, "kind"), trust, _user(asked))
        return NOTHING

    async def validate(self, asked: Request) -> Answer:
        self._base.validate(text(asked.payload, "ipp"), _user(asked))
        return NOTHING

    async def attribute(self, asked: Request) -> Answer:
        wanted = text(asked.payload, "attribute")
        attribute = next((a for a in ATTRIBUTES if a == wanted), None)
        if attribute is None:
            raise Refusal("no such attribute")
        self._base.declare(text(asked.payload, "ipp"), attribute, truth(asked.payload, "set"), _user(asked))
        return NOTHING

    async def merge(self, asked: Request) -> Answer:
        self._base.merge(text(asked.payload, "ipp"), text(asked.payload, "into"), _user(asked))
        return NOTHING

    async def split(self, asked: Request) -> Answer:
        return {"ipp": self._base.split(text(asked.payload, "ipp"), _user(asked)).ipp}

    async def search_insi(self, asked: Request) -> Answer:
        mode = text(asked.payload, "mode")
        if mode not in ("traits", "card", "mobile"):
            raise Unsupported("there is no such search in this repository")
        told = table(asked.payload, "card") if "card" in asked.payload else None
        card = None
        if told is not None:
            birth = dashed(told.get("birth", ""))
            card = Card(told.get("matricule", ""), told.get("birth_name", ""), birth, told.get("rank", "1"))
        result = await self._platform.calls.search(text(asked.payload, "ipp"), mode, _user(asked), card)
        return {"code": result.code, "taken": result.taken, "alert": result.alert}

    async def verify_insi(self, asked: Request) -> Answer:
        result = await self._platform.calls.verify(text(asked.payload, "ipp"), _user(asked))
        return {"outcome": result.code or "none", "alert": result.alert}

    async def verify_batch(self, asked: Request) -> Answer:
        results = await self._platform.calls.verify_batch(texts(asked.payload, "ipps"), _user(asked))
        return {"outcomes": [{"ipp": ipp, "outcome": result.code or "none"} for ipp, result in results]}

    async def read(self, asked: Request) -> Answer:
        identity = self._base.read(text(asked.payload, "ipp"), _user(asked))
        return {"identity": identity.shown() if identity is not None else None}

    async def search(self, asked: Request) -> Answer:
        wanted = {name: text(asked.payload, name, "") for name in ("birth", "name", "given", "matricule")}
        if not any(wanted.values()):
            raise Refusal("nothing to search by")
        return {"ipps": self._base.search(**wanted, author=_user(asked))}

    async def trace(self, asked: Request) -> Answer:
        found = self._platform.journal.read(text(asked.payload, "ipp", ""), text(asked.payload, "kind", ""))
        return {"entries": [entry.shown() for entry in found]}

    async def edition(self, asked: Request) -> Answer:
        identity = self._base.get(text(asked.payload, "ipp"))
        ins = self._platform.behaviour().told_ins(identity)
        self._platform.journal.accessed(_user(asked), identity.ipp, "edition.print")
        sheet = editions.printed(identity, ins, self._platform.config.organisation.name)
        return {"pdf": base64.b64encode(sheet).decode()}

    async def export(self, asked: Request) -> Answer:
        del asked
        platform, rules = self._platform, self._platform.behaviour()
        held = rules.exported(tuple(self._base))
        file = portability.export(held, rules.told_ins, platform.identities.domain, platform.clock.stamp())
        documentation = portability.DOCUMENTATION
        return {"file": base64.b64encode(file).decode(), "format": portability.FORMAT, "documentation": documentation}

    async def board(self, asked: Request) -> Answer:
        first, last = day(asked.payload, "from"), day(asked.payload, "to")
        platform = self._platform
        calls, rules = platform.journal.calls, platform.behaviour()
        return dashboard.board(calls, tuple(self._base), first, last, platform.finess, rules)

    async def read_log(self, asked: Request) -> Answer:
        """The traces of accounts and sign-in; those of identities have their own query."""
        cursor, found = self._platform.traces.read(text(asked.payload, "since", ""))
        wanted = text(asked.payload, "kind", "")
        rows = [{k: v for k, v in asdict(t).items() if k != "kind"} for t in found if not wanted or t.kind == wanted]
        return {"cursor": cursor, "entries": rows}


def _user(asked: Request) -> str:
    return text(asked.payload, "user", "") or asked.subject.get("author") or USER


def _table(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name)
    if not isinstance(value, dict):
        raise Refusal(f"{name} is missing or is not an object")
    return value


def _traits(value: object) -> dict[str, Any]:
    """Strict traits that are given; raises Refusal."""
    if not isinstance(value, dict) or any(name not in STRICT for name in value):
        raise Refusal("traits are an object of strict traits")
    found: dict[str, Any] = {}
    for name in value:
        found[name] = texts(value, name) if name == "given_names" else text(value, name)
    return found


def _secondary(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or any(name not in SECONDARY for name in value):
        raise Refusal("secondary is an object of complementary traits")
    return {name: text(value, name) for name in value}

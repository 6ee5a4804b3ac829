"""Kinds about accounts, sign-in and sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from conformance.reference.access import batch
from conformance.reference.access.values import Account, Denied
from conformance.reference.pilot.reading import data, table, text, texts
from conformance.reference.pilot.server import Handler, Refusal, Request, Unsupported

if TYPE_CHECKING:
    from conformance.reference.access.service import Access

Answer = Mapping[str, Any]
NOTHING: Answer = {}


def stimuli(access: Access) -> dict[str, Handler]:
    """Handlers by kind; those about OpenID Connect and the directory only when the platform has them."""
    desk = _Desk(access)
    found: dict[str, Callable[[Request], Awaitable[Answer]]] = {
        "account.create/1": desk.create,
        "account.update/1": desk.update,
        "account.delete/1": desk.delete,
        "account.permissions/1": desk.permissions,
        "account.password/1": desk.password,
        "account.batch/1": desk.batch,
        "login.password/1": desk.login,
        "logout/1": desk.logout,
    }
    if access.upkeep is not None:
        found["account.sync/1"] = desk.synchronise
    if access.relying is not None:
        found["login.psc/1"] = desk.login_openid
    return {kind: _told(handler) for kind, handler in found.items()}


def queries(access: Access) -> dict[str, Handler]:
    """Handlers by kind."""
    desk = _Desk(access)
    return {"account.read/1": _told(desk.read), "session.read/1": _told(desk.session)}


def _told(handler: Callable[[Request], Awaitable[Answer]]) -> Handler:
    """What the platform denies is a refusal for the pilot."""

    async def ask(asked: Request) -> Answer:
        try:
            return await handler(asked)
        except Denied as no:
            raise Refusal(str(no)) from None

    return ask


class _Desk:
    """What an administrator and the professionals do. The author is who the subject names, or the administrator."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def _author(self, asked: Request) -> str:
        return asked.subject.get("author") or self._access.administrator

    async def create(self, asked: Request) -> Answer:
        payload = asked.payload
        account = Account(
            text(payload, "login"),
            text(payload, "family"),
            text(payload, "given"),
            text(payload, "mail", ""),
            text(payload, "profession", ""),
            text(payload, "rpps", ""),
            frozenset(texts(payload, "permissions")),
        )
        made = self._access.accounts.create(account, self._author(asked), text(payload, "password", ""))
        return {"login": made.login, **({"rpps": made.rpps} if made.rpps else {})}

    async def update(self, asked: Request) -> Answer:
        changes = table(asked.payload, "changes")
        self._access.accounts.update(text(asked.payload, "login"), changes, self._author(asked))
        return NOTHING

    async def delete(self, asked: Request) -> Answer:
        self._access.accounts.activate(text(asked.payload, "login"), False, self._author(asked))
        return NOTHING

    async def permissions(self, asked: Request) -> Answer:
        login, author = text(asked.payload, "login"), self._author(asked)
        add, remove = texts(asked.payload, "add"), texts(asked.payload, "remove")
        account = self._access.accounts.get(login)
        held = account.permissions if account is not None else frozenset()
        self._access.accounts.permit(login, (held | set(add)) - set(remove), author)
        return NOTHING

    async def password(self, asked: Request) -> Answer:
        payload = asked.payload
        self._access.accounts.change_password(text(payload, "login"), text(payload, "old"), text(payload, "new"))
        return NOTHING

    async def batch(self, asked: Request) -> Answer:
        if text(asked.payload, "format") != "csv":
            raise Unsupported("batches are in CSV")
        content = data(asked.payload, "base64")
        result = batch.run(content, self._access.accounts, self._access.behaviour(), self._author(asked))
        return {"created": result.created, "updated": result.updated, "rejected": result.rejected}

    async def synchronise(self, asked: Request) -> Answer:
        del asked
        assert self._access.upkeep is not None
        await self._access.upkeep.synchronise()
        return NOTHING

    async def login(self, asked: Request) -> Answer:
        account = self._access.accounts.sign_in(text(asked.payload, "login"), text(asked.payload, "password"))
        return {"session": self._access.sessions.open(account.login).name}

    async def login_openid(self, asked: Request) -> Answer:
        """The handle of the session is the id of the stimulus, whatever browser opens the address."""
        relying, pages = self._access.relying, self._access.pages
        assert relying is not None
        assert pages is not None
        mode = text(asked.payload, "mode")
        if mode in ("web", "external-browser", "embedded-browser"):
            return {"url": pages.invite(asked.id), "session": asked.id}
        if mode == "ciba":
            await relying.ciba(text(asked.payload, "rpps", ""), asked.id)
            return {"session": asked.id}
        raise Unsupported(f"there is no {mode} in this platform")

    async def logout(self, asked: Request) -> Answer:
        if not await self._access.sign_out(text(asked.payload, "session")):
            raise Refusal("no such session")
        return NOTHING

    async def read(self, asked: Request) -> Answer:
        account = self._access.accounts.get(text(asked.payload, "login"))
        return {"account": account.shown() if account is not None else None}

    async def session(self, asked: Request) -> Answer:
        session = self._access.sessions.find(text(asked.payload, "session"))
        if session is None:
            return NOTHING
        return {"login": session.login, **({"rpps": session.rpps} if session.rpps else {})}

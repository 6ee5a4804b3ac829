"""The access half as one thing: made from the settings, started, stopped, emptied."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence

from conformance.reference.access.accounts import Accounts
from conformance.reference.access.directory import DirectoryClient
from conformance.reference.access.openid import Relying
from conformance.reference.access.pages import Pages
from conformance.reference.access.provider import ProviderClient
from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.access.sessions import Sessions
from conformance.reference.access.third_party import ThirdPartyListener
from conformance.reference.access.upkeep import Upkeep
from conformance.reference.access.values import Denied
from conformance.reference.clock import Clock
from conformance.reference.config import Config
from conformance.reference.config_access import Provider
from conformance.reference.defects import with_defects
from conformance.reference.mllp import Handler
from conformance.reference.traces import Traces


class Access:
    """Accounts, sessions, sign-in, upkeep, third parties; parts that are not configured are None.

    `defects` tells the names of the defects in force; `handle` takes the documents of third parties.
    """

    def __init__(
        self, config: Config, clock: Clock, traces: Traces, defects: Callable[[], Sequence[str]], handle: Handler
    ) -> None:
        """Raises ConfigError when TLS files cannot be used."""
        access = config.access
        self._config = config
        self._clock = clock
        self._defects = defects
        self._known: tuple[tuple[str, ...], AccessBehaviour] = ((), AccessBehaviour())
        self.administrator = access.accounts.administrator
        self.accounts = Accounts(traces, clock, self.behaviour)
        self.sessions = Sessions(self.accounts)
        self.relying: Relying | None = None
        self.pages: Pages | None = None
        self.upkeep: Upkeep | None = None
        self.third_party: ThirdPartyListener | None = None
        if access.provider is not None:
            client = ProviderClient(access.provider, _context(access.provider, config), config.retry.timeout)
            self.relying = Relying(access.provider, client, self.accounts, self.sessions, self.behaviour)
            self.pages = Pages(self.relying, self.accounts, self.sessions)
        if access.directory is not None:
            directory = DirectoryClient(access.directory, config)
            self.upkeep = Upkeep(access.directory, directory, self.accounts, clock, self.behaviour)
        if access.third_party is not None:
            self.third_party = ThirdPartyListener(handle, config, access.third_party, self.behaviour, traces)

    def behaviour(self) -> AccessBehaviour:
        """The decisions, with the defects in force put in."""
        names = tuple(self._defects())
        if self._known[0] != names:
            self._known = (names, with_defects(AccessBehaviour(), "access", names))
        return self._known[1]

    async def start(self) -> dict[str, str]:
        """Open the ports that are configured; their addresses by name. Raises OSError."""
        access, heard = self._config.access, {}
        if self.pages is not None and access.provider is not None:
            heard["web"] = await self.pages.start(access.provider.listen.host, access.provider.listen.port)
        if self.third_party is not None and access.third_party is not None:
            heard["third_party"] = f"mllps://{await self.third_party.start(access.third_party.listen)}"
        if self.upkeep is not None:
            self.upkeep.start()
        return heard

    async def stop(self) -> None:
        """Close everything."""
        for part in (self.pages, self.third_party, self.upkeep):
            if part is not None:
                await part.stop()

    def forget(self) -> None:
        """As at the start: no account, no session, nothing due, the calendar of the machine."""
        self._clock.days_forward = 0
        self.accounts.forget()
        self.sessions.forget()
        if self.relying is not None:
            self.relying.forget()
        if self.upkeep is not None:
            self.upkeep.forget()

    def move_forward(self, days: int) -> None:
        """Live this many days later; what falls due is done."""
        self._clock.days_forward = days
        if self.upkeep is not None:
            self.upkeep.wake()

    async def sign_out(self, handle: str) -> bool:
        """Close a session, at the provider too; False when there is none."""
        session = self.sessions.find(handle)
        if session is None:
            return False
        self.sessions.close(session.name)
        self.accounts.trace(session.login, "account.sign-out", session.login, request=f"sign-out, {session.means}")
        if session.means == "openid" and self.relying is not None:
            try:
                await self.relying.end(session)
            except Denied as no:
                self.accounts.trace(session.login, "account.sign-out", session.login, response=str(no), ok=False)
        return True


def _context(provider: Provider, config: Config) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 towards the provider, whose certificate is checked with its name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(provider.ca or config.tls.ca)
    return context

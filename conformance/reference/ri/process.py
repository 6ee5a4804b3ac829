"""The process: the PAM port, the pilot, the sign-in pages and the admin socket of the repository."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.reference.access.service import Access
from conformance.reference.admin import Admin
from conformance.reference.config import Config
from conformance.reference.config_identity import Identities
from conformance.reference.mllp import Listener
from conformance.reference.pilot.server import PilotServer
from conformance.reference.ri import kinds
from conformance.reference.ri.platform import IdentityPlatform


class IdentityProcess:
    """All that listens. `start` gives the addresses by name."""

    def __init__(self, config: Config, identities: Identities, defects: Sequence[str]) -> None:
        """Raises UnknownDefect, ConfigError."""
        self._config = config
        self._platform = platform = IdentityPlatform(config, identities, defects)
        limits = config.limits
        self._listener = Listener(
            platform.handle, frame_limit=limits.frame_megabytes * 1024 * 1024, connections=limits.connections
        )
        self._admin = Admin(platform)
        self._access = Access(config, platform.clock, platform.traces, lambda: platform.defects, platform.handle)
        platform.holder = self._holder
        self._pilot: PilotServer | None = None
        if config.access.pilot is not None:
            self._pilot = PilotServer(
                config.access.pilot.token,
                kinds.stimuli(platform, self._access),
                kinds.queries(platform, self._access),
                product=config.organisation.software,
                version=config.organisation.version,
            )
        platform.emptied.append(self._forget)

    async def start(self) -> dict[str, str | None]:
        """Open the ports. Raises OSError, ConfigError."""
        await self._platform.start()
        config = self._config
        heard: dict[str, str | None] = {"identities": f"mllp://{await self._listener.start(config.documents)}"}
        heard["admin"] = str(await self._admin.start(config.admin)) if config.admin is not None else None
        heard |= await self._access.start()
        pilot = config.access.pilot
        if self._pilot is not None and pilot is not None:
            heard["pilot"] = await self._pilot.start(pilot.listen.host, pilot.listen.port)
        return heard

    async def stop(self) -> None:
        """Close everything."""
        if self._pilot is not None:
            await self._pilot.stop()
        await self._access.stop()
        await self._admin.stop()
        await self._listener.stop()
        await self._platform.stop()

    def _holder(self, user: str) -> str:
        """The RPPS of a user who has one, else that of the card in the reader."""
        account = self._access.accounts.get(user)
        assert self._config.identities is not None
        return account.rpps if account is not None and account.rpps else self._config.identities.client.holder

    def _forget(self) -> None:
        if self._pilot is not None:
            self._pilot.forget()
        self._access.forget()

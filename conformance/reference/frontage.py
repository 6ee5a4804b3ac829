"""What the platform shows besides its document port: accounts, sign-in pages, third-party port, pilot."""

from __future__ import annotations

from conformance.reference.access.service import Access
from conformance.reference.config import Config
from conformance.reference.pilot import kinds
from conformance.reference.pilot.server import PilotServer
from conformance.reference.platform import Platform


class Frontage:
    """Made around a platform; each part opens only when it is configured."""

    def __init__(self, config: Config, platform: Platform) -> None:
        """Raises ConfigError."""
        self._config = config
        self.access = Access(config, platform.clock, platform.traces, lambda: platform.defects, platform.handle)
        self._pilot: PilotServer | None = None
        pilot = config.access.pilot
        if pilot is not None:
            house = config.organisation
            self._pilot = PilotServer(
                pilot.token,
                kinds.stimuli(self.access, lambda: platform.mail),
                kinds.queries(self.access, lambda: platform.mail, platform.traces, platform.ledger),
                product=house.software,
                version=house.version,
            )
        platform.emptied.append(self.forget)

    async def start(self) -> dict[str, str]:
        """Open the ports; their addresses by name. Raises OSError."""
        heard = await self.access.start()
        pilot = self._config.access.pilot
        if self._pilot is not None and pilot is not None:
            heard["pilot"] = await self._pilot.start(pilot.listen.host, pilot.listen.port)
        return heard

    async def stop(self) -> None:
        """Close everything."""
        if self._pilot is not None:
            await self._pilot.stop()
        await self.access.stop()

    def forget(self) -> None:
        """Empty everything."""
        if self._pilot is not None:
            self._pilot.forget()
        self.access.forget()

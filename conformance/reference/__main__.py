"""`python -m conformance.reference --config FILE [--defect NAME ...]`: a reference vendor as a process.

The settings say which product: a platform (`dsr = "PFI"`) or an identity repository (`dsr = "RI"`, or the identity
part of a `"SGL"`, `"RIS"`, `"LGO"` or `"DPI"`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from conformance.reference.admin import Admin
from conformance.reference.config import Config, ConfigError, load
from conformance.reference.defects import DEFECTS, UnknownDefect
from conformance.reference.dmp import Dmp
from conformance.reference.frontage import Frontage
from conformance.reference.mllp import Listener
from conformance.reference.platform import Platform
from conformance.reference.ri.process import IdentityProcess
from conformance.reference.vihf import Signer

EXIT_CONFIG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code (0 after a clean stop, 2 when the settings cannot be used)."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance.reference", description="A reference vendor: PFI or RI."
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, TOML of schema reference/1")
    parser.add_argument("--defect", action="append", default=[], metavar="NAME", help="put a named defect in")
    parser.add_argument("--list-defects", action="store_true", help="list the defects and leave")
    parser.add_argument("--dsr", default="", metavar="DSR", help="with --list-defects: those of one product only")
    parser.add_argument("--json", action="store_true", help="with --list-defects: as JSON")
    options = parser.parse_args(arguments)
    if options.list_defects:
        print(_listing(options.dsr, as_json=options.json))
        return 0
    if options.config is None:
        parser.error("--config FILE is needed")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(_serve(load(options.config), options.defect))
    except (ConfigError, UnknownDefect) as error:
        print(f"reference: {error}", file=sys.stderr)
        return EXIT_CONFIG
    return 0


def _listing(dsr: str, *, as_json: bool) -> str:
    found = [(d, key) for d in DEFECTS for key in d.keys if not dsr or key.startswith(f"{dsr}/")]
    if not as_json:
        return "\n".join(f"{d.name}{' (restart)' if d.restart else ''}\t{key}\t{d.en}" for d, key in found)
    rows = [{"name": d.name, "key": key, "fr": d.fr, "en": d.en, "restart": d.restart} for d, key in found]
    return json.dumps(rows, ensure_ascii=False, indent=1)


class Product(Protocol):
    """What is served: `start` opens the ports and gives their addresses by name."""

    async def start(self) -> dict[str, str | None]:
        """Raises OSError, ConfigError."""
        ...

    async def stop(self) -> None:
        """Close everything."""


async def _serve(config: Config, defects: Sequence[str]) -> None:
    stopping = asyncio.Event()
    _on_stop(asyncio.get_running_loop(), stopping.set)
    product: Product = (
        PlatformProcess(config, defects)
        if config.identities is None
        else IdentityProcess(config, config.identities, defects)
    )
    try:
        try:
            heard = await product.start()
        except OSError as error:
            remedy = "free the port, or give port 0 for any free one."
            raise ConfigError("listen", "", f"a port cannot be had ({error.strerror}).", remedy) from None
        print(json.dumps({"ready": True, **heard}), flush=True)
        await stopping.wait()
    finally:
        await product.stop()


class PlatformProcess:
    """All that listens in the reference PFI."""

    def __init__(self, config: Config, defects: Sequence[str]) -> None:
        """Raises UnknownDefect, ConfigError."""
        self._config = config
        dmp = Dmp(config, Signer(config.tls.certificate, config.tls.key, config.organisation))
        self._platform = Platform(config, dmp, defects)
        limits = config.limits
        self._documents = Listener(
            self._platform.handle, frame_limit=limits.frame_megabytes * 1024 * 1024, connections=limits.connections
        )
        self._admin = Admin(self._platform)
        self._frontage = Frontage(config, self._platform)

    async def start(self) -> dict[str, str | None]:
        """Open the ports. Raises OSError, ConfigError."""
        config = self._config
        await self._platform.start()
        heard = await self._documents.start(config.documents)
        administered = await self._admin.start(config.admin) if config.admin is not None else None
        shown = await self._frontage.start()
        return {
            "documents": f"mllp://{heard}",
            "admin": str(administered) if administered is not None else None,
            **shown,
        }

    async def stop(self) -> None:
        """Close everything."""
        await self._frontage.stop()
        await self._admin.stop()
        await self._documents.stop()
        await self._platform.stop()


def _on_stop(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Have Ctrl-C and a request to end call `stop`, on systems whose loop knows no signals (Windows) too."""
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


if __name__ == "__main__":
    sys.exit(main())

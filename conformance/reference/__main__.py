"""`python -m conformance.reference --config FILE [--defect NAME ...]`: the reference PFI as a process."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.reference.admin import Admin
from conformance.reference.config import Config, ConfigError, load
from conformance.reference.defects import DEFECTS, UnknownDefect
from conformance.reference.dmp import Dmp
from conformance.reference.frontage import Frontage
from conformance.reference.mllp import Listener
from conformance.reference.platform import Platform
from conformance.reference.vihf import Signer

EXIT_CONFIG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code (0 after a clean stop, 2 when the settings cannot be used)."""
    parser = argparse.ArgumentParser(prog="python -m conformance.reference", description="The reference PFI.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, TOML of schema reference/1")
    parser.add_argument("--defect", action="append", default=[], metavar="NAME", help="put a named defect in")
    parser.add_argument("--list-defects", action="store_true", help="list the defects and leave")
    parser.add_argument("--json", action="store_true", help="with --list-defects: as JSON")
    options = parser.parse_args(arguments)
    if options.list_defects:
        print(_listing(as_json=options.json))
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


def _listing(*, as_json: bool) -> str:
    if not as_json:
        return "\n".join(f"{d.name}{' (restart)' if d.restart else ''}\t{d.key}\t{d.en}" for d in DEFECTS)
    rows = [{"name": d.name, "key": d.key, "fr": d.fr, "en": d.en, "restart": d.restart} for d in DEFECTS]
    return json.dumps(rows, ensure_ascii=False, indent=1)


async def _serve(config: Config, defects: Sequence[str]) -> None:
    stopping = asyncio.Event()
    _on_stop(asyncio.get_running_loop(), stopping.set)
    platform = Platform(
        config, Dmp(config, Signer(config.tls.certificate, config.tls.key, config.organisation)), defects
    )
    limits = config.limits
    documents = Listener(
        platform.handle, frame_limit=limits.frame_megabytes * 1024 * 1024, connections=limits.connections
    )
    admin = Admin(platform)
    frontage = Frontage(config, platform)
    await platform.start()
    try:
        try:
            heard = await documents.start(config.documents)
            administered = await admin.start(config.admin) if config.admin is not None else None
            shown = await frontage.start()
        except OSError as error:
            remedy = "free the port, or give port 0 for any free one."
            raise ConfigError("listen", "", f"a port cannot be had ({error.strerror}).", remedy) from None
        ready = {
            "ready": True,
            "documents": f"mllp://{heard}",
            "admin": str(administered) if administered is not None else None,
            **shown,
        }
        print(json.dumps(ready), flush=True)
        await stopping.wait()
    finally:
        await frontage.stop()
        await admin.stop()
        await documents.stop()
        await platform.stop()


def _on_stop(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Have Ctrl-C and a request to end call `stop`, on systems whose loop knows no signals (Windows) too."""
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


if __name__ == "__main__":
    sys.exit(main())

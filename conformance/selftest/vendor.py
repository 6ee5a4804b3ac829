"""The reference vendor as a subprocess: its settings written, its process started, its admin socket spoken to."""

from __future__ import annotations

import errno
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from conformance.bench.pki import Pki
from conformance.errors import SetupError
from conformance.selftest.settings import TOKEN_ENV, Settings

START_SECONDS = 20.0
ADMIN_SECONDS = 30.0
OURS = (16_000, 32_000)
"""Ports that no usual system gives to outgoing connections, so that one chosen is still free when it is bound."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """A defect that the reference vendor knows: its name, the requirement it violates, a sentence in each language."""

    name: str
    requirement: str
    fr: str
    en: str
    restart: bool


class ReferenceVendor:
    """`with ReferenceVendor(folder, pki, {"dmp": "https://...", "returns": "mllp://..."}) as vendor: vendor.documents`.

    `dsr` is PFI, RI, or one whose identity part is played. `peers` are the addresses of its counterparts by the name of
    the bench's service; `dmp` and `returns` are needed for a PFI, `insi` and `pam` for the others (an LGO may go
    without `pam`); what rests on other services is closed when they are not there. `token` opens its pilot, which is
    closed without one. `addresses` tells where it listens, by name: `documents` or `identities`, `admin`, and `pilot`,
    `web`, `third_party` when they are open. Raises SetupError when it does not start.
    """

    def __init__(
        self, folder: Path, pki: Pki, peers: Mapping[str, str], *, token: str = "", defects: Iterable[str] = (),
        dsr: str = "PFI",
    ) -> None:  # fmt: skip
        self.folder = folder
        self.addresses: Mapping[str, str] = {}
        self._token = token
        self._config = Settings(folder, pki, peers, pilot=bool(token), dsr=dsr)
        self._defects = tuple(defects)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def documents(self) -> str:
        """Where it takes document messages: `mllp://host:port`."""
        return self.addresses.get("documents", "")

    def __enter__(self) -> ReferenceVendor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process, at the same addresses when it was started before, and wait for `{"ready": true}`."""
        self._config.write(self.addresses)
        command = [sys.executable, "-m", "conformance.reference", "--config", str(self._config.path)]
        for name in self._defects:
            command += ["--defect", name]
        log = self.folder / "reference.log"
        environment = {**os.environ, TOKEN_ENV: self._token} if self._token else None
        with log.open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            ready = json.loads(line)
            self.addresses = {name: where for name, where in ready.items() if isinstance(where, str)}
            _admin(self.addresses)
        except (ValueError, KeyError, TypeError, AttributeError):
            self.stop()
            raise SetupError("selftest.vendor-did-not-start", where=str(log)) from None

    def stop(self) -> None:
        """End the process; harmless when it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def restart(self, defects: Iterable[str]) -> None:
        """Stop, and start again at the same address with these defects."""
        self.stop()
        self._defects = tuple(defects)
        self.start()

    def switch(self, defects: Iterable[str]) -> None:
        """Set the defects over the admin socket, and forget all state."""
        self._ask({"op": "defects", "names": list(defects)})
        self.purge()

    def purge(self) -> None:
        """Forget all state."""
        self._ask({"op": "purge"})

    def _ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            with socket.create_connection(_admin(self.addresses), ADMIN_SECONDS) as connection:
                connection.sendall(json.dumps(question).encode() + b"\n")
                answer = connection.makefile("rb").readline()
            found: Mapping[str, Any] = json.loads(answer)
        except (OSError, ValueError) as error:
            raise SetupError("selftest.admin-silent", where=str(self.folder), reason=str(error)) from None
        if found.get("ok") is not True:
            raise SetupError("selftest.admin-refused", where=str(self.folder), reason=str(found))
        return found


def seeded_defects(dsr: str = "") -> tuple[Seeded, ...]:
    """The defects that the reference vendors list, or that of one DSR; raises SetupError when there is no answer."""
    command = [sys.executable, "-m", "conformance.reference", "--list-defects", "--json", "--dsr", dsr]
    done = subprocess.run(command, capture_output=True, check=False, timeout=START_SECONDS)
    try:
        rows = json.loads(done.stdout)
        return tuple(Seeded(r["name"], r["key"], r["fr"], r["en"], bool(r["restart"])) for r in rows)
    except (ValueError, KeyError, TypeError):
        raise SetupError("selftest.no-defects", reason=done.stderr.decode(errors="replace")[-300:]) from None


def free_ports(count: int) -> tuple[int, ...]:
    """Loopback ports that nobody uses at this moment, drawn below those that systems lend to outgoing connections."""
    found: list[socket.socket] = []
    drawn = random.SystemRandom()
    try:
        while len(found) < count:
            try:
                found.append(socket.create_server(("127.0.0.1", drawn.randrange(*OURS))))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        return tuple(s.getsockname()[1] for s in found)
    finally:
        for s in found:
            s.close()


def _admin(addresses: Mapping[str, str]) -> tuple[str, int]:
    """Host and port of the admin socket; raises KeyError, ValueError."""
    host, _, port = addresses["admin"].rpartition(":")
    return host, int(port)

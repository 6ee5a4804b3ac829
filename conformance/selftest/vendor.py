"""The reference vendor as a subprocess: its settings written, its process started, its admin socket spoken to."""

from __future__ import annotations

import json
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

START_SECONDS = 20.0
ADMIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Seeded:
    """A defect that the reference vendor knows: its name, the requirement it violates, a sentence in each language."""

    name: str
    requirement: str
    fr: str
    en: str
    restart: bool


class ReferenceVendor:
    """`with ReferenceVendor(folder, pki, dmp=..., returns=...) as vendor: vendor.documents`.

    `dmp` and `returns` are the addresses of its counterparts. Raises SetupError when it does not start.
    """

    def __init__(self, folder: Path, pki: Pki, *, dmp: str, returns: str, defects: Iterable[str] = ()) -> None:
        self.folder = folder
        self.documents = ""
        self._admin = ("", 0)
        self._config = _configure(folder, pki, dmp, returns)
        self._defects = tuple(defects)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ReferenceVendor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, documents: str = "mllp://127.0.0.1:0") -> None:
        """Start the process and wait for its line `{"ready": true}`."""
        self._config(documents)
        command = [sys.executable, "-m", "conformance.reference", "--config", str(self.folder / "reference.toml")]
        for name in self._defects:
            command += ["--defect", name]
        log = self.folder / "reference.log"
        with log.open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            ready = json.loads(line)
            self.documents = ready["documents"]
            host, _, port = str(ready["admin"]).rpartition(":")
            self._admin = (host, int(port))
        except (ValueError, KeyError, TypeError):
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
        self.start(self.documents)

    def switch(self, defects: Iterable[str]) -> None:
        """Set the defects over the admin socket, and forget all state."""
        self._ask({"op": "defects", "names": list(defects)})
        self.purge()

    def purge(self) -> None:
        """Forget all state."""
        self._ask({"op": "purge"})

    def _ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            with socket.create_connection(self._admin, ADMIN_SECONDS) as connection:
                connection.sendall(json.dumps(question).encode() + b"\n")
                answer = connection.makefile("rb").readline()
            found: Mapping[str, Any] = json.loads(answer)
        except (OSError, ValueError) as error:
            raise SetupError("selftest.admin-silent", where=str(self.folder), reason=str(error)) from None
        if found.get("ok") is not True:
            raise SetupError("selftest.admin-refused", where=str(self.folder), reason=str(found))
        return found


def seeded_defects() -> tuple[Seeded, ...]:
    """The defects that the reference vendor lists; raises SetupError when it does not answer."""
    command = [sys.executable, "-m", "conformance.reference", "--list-defects", "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=START_SECONDS)
    try:
        rows = json.loads(done.stdout)
        return tuple(Seeded(r["name"], r["key"], r["fr"], r["en"], bool(r["restart"])) for r in rows)
    except (ValueError, KeyError, TypeError):
        raise SetupError("selftest.no-defects", reason=done.stderr.decode(errors="replace")[-300:]) from None


def free_ports(count: int) -> tuple[int, ...]:
    """Loopback ports that nobody uses at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(s.getsockname()[1] for s in sockets)
    for s in sockets:
        s.close()
    return ports


def _configure(folder: Path, pki: Pki, dmp: str, returns: str) -> Any:
    """Write what does not change; the function returned writes the configuration for a listening address."""
    folder.mkdir(parents=True, exist_ok=True)
    client = pki.client()
    (folder / "ca.pem").write_bytes(pki.anchors_pem)
    (folder / "client.pem").write_bytes(client.certificate_pem)
    key = folder / "client.key"
    key.touch(mode=0o600)
    key.write_bytes(client.key_pem)

    def write(documents: str) -> None:
        text = (
            'schema = "reference/1"\ndsr = "PFI"\n\n'
            f'[listen]\ndocuments = "{documents}"\nadmin = "127.0.0.1:0"\n\n'
            f'[peers]\ndmp = "{dmp}"\nreturns = "{returns}"\n\n'
            '[tls]\nca = "ca.pem"\ncertificate = "client.pem"\nkey = "client.key"\n\n'
            '[organisation]\nname = "HOPITAL FICTIF DU BANC"\nidentifier = "10B0000001"\n'
            'responsible = "801234567897"\noid = "2.25.4217316518"\n'
        )
        (folder / "reference.toml").write_text(text, encoding="utf-8")

    return write

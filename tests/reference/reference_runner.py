"""The reference as a subprocess, driven over its own ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from reference_peers import Mllp


class Reference:
    """One running reference process."""

    def __init__(self, config: Path, *defects: str) -> None:
        command = [sys.executable, "-m", "conformance.reference", "--config", str(config)]
        for name in defects:
            command += ["--defect", name]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": ""}
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read() if self.process.stderr else ""
        self.ready = json.loads(line)
        port = self.ready.get("documents") or self.ready["identities"]
        self.port = int(port.rpartition(":")[2])

    def connect(self) -> Mllp:
        """A new connection to the document port."""
        return Mllp(self.port)

    def ask(self, message: bytes) -> str:
        """One message on a connection of its own."""
        connection = self.connect()
        try:
            return connection.ask(message)
        finally:
            connection.close()

    def admin(self, **request: Any) -> dict[str, Any]:
        """One admin request."""
        host, _, port = self.ready["admin"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as link, link.makefile("rw") as file:
            file.write(json.dumps(request) + "\n")
            file.flush()
            answer: dict[str, Any] = json.loads(file.readline())
            return answer

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to stop; its exit code and its log."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, log = self.process.communicate(timeout=10)
        return self.process.returncode, log

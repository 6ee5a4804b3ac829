"""The reference as a subprocess between real loopback peers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from access_peers import Access, World
from reference_peers import Peers, make_pki
from reference_runner import Reference

TEMPLATE = """
schema = "reference/1"
dsr = "PFI"
[listen]
documents = "mllp://127.0.0.1:0"
admin = "mllp://127.0.0.1:0"
[peers]
dmp = "https://127.0.0.1:{dmp}"
returns = "mllp://127.0.0.1:{returns}"
[tls]
ca = "ca.pem"
certificate = "pfi.pem"
key = "pfi.key"
[organisation]
name = "CENTRE HOSPITALIER FICTIF"
identifier = "1750000018"
responsible = "899700000015"
oid = "1.2.250.1.999.9"
[limits]
messages = {messages}
[retry]
attempts = 3
pause = 0.05
timeout = {timeout}
"""


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the throw-away certificates."""
    folder = tmp_path_factory.mktemp("pki")
    make_pki(folder)
    return folder


@pytest.fixture(scope="session")
def all_peers(pki: Path) -> Iterator[Peers]:
    """Both peers, for the whole session."""
    peers = Peers(pki)
    yield peers
    peers.stop()


@pytest.fixture
def peers(all_peers: Peers) -> Peers:
    """Both peers, with nothing remembered."""
    all_peers.reset()
    return all_peers


@pytest.fixture(scope="session")
def write_config(pki: Path, all_peers: Peers) -> Callable[..., Path]:
    """Write a configuration that names the peers; keywords change its limits."""

    def write(name: str = "pfi", *, messages: int = 500, timeout: float = 2.0, dmp: int = 0, returns: int = 0) -> Path:
        file = pki / f"{name}.toml"
        text = TEMPLATE.format(
            dmp=dmp or all_peers.dmp.port,
            returns=returns or all_peers.returns.port,
            messages=messages,
            timeout=timeout,
        )
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def shared_reference(write_config: Callable[..., Path]) -> Iterator[Reference]:
    """One process for the tests that need no other setting."""
    process = Reference(write_config())
    yield process
    process.stop()


@pytest.fixture
def reference(shared_reference: Reference, peers: Peers) -> Reference:
    """The common process, without defect and without memory."""
    shared_reference.admin(op="defects", names=[])
    assert shared_reference.admin(op="purge")["ok"]
    peers.reset()
    return shared_reference


@pytest.fixture
def start(write_config: Callable[..., Path], peers: Peers) -> Iterator[Callable[..., Reference]]:
    """Start a process of its own: `start(*defects, **settings)`; stopped at the end."""
    running: list[Reference] = []

    def begin(*defects: str, **settings: Any) -> Reference:
        running.append(Reference(write_config("own", **settings), *defects))
        return running[-1]

    yield begin
    for process in running:
        process.stop()


@pytest.fixture(scope="session")
def access_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A provider, a directory and an authority, for the whole session."""
    world = World(tmp_path_factory.mktemp("access"))
    yield world
    world.stop()


@pytest.fixture(scope="session")
def all_access(access_world: World) -> Iterator[Access]:
    """One reference with everything about access configured."""
    running = access_world.start()
    yield running
    running.reference.stop()


@pytest.fixture
def access(all_access: Access, access_world: World) -> Access:
    """That reference, empty and without defect; its peers as at the start."""
    access_world.reset()
    all_access.reference.admin(op="defects", names=[])
    assert all_access.reference.admin(op="purge")["ok"]
    return all_access

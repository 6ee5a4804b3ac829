"""A first target names the services that the rows of its profile need, and no other."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from conformance.bench.target import load
from conformance.catalogue.loader import load_profile
from conformance.cli.app import run
from conformance.cli.first import target_text
from conformance.services import SERVICES
from conformance.texts import Lang, text


def answers(*properties: str) -> Any:
    """Answers about a profile of one row that these properties decide."""
    rows = (SimpleNamespace(properties=properties),)
    return SimpleNamespace(profile=SimpleNamespace(requirements=lambda waves: rows), waves=("va1",))


@pytest.mark.parametrize(
    ("properties", "services"),
    [
        (("ins.doubtful-no-call",), {"insi"}),
        (("ins.doubtful-no-call", "ins.pam-replay"), {"insi", "pam"}),
        (("psc.only",), {"psc"}),
    ],
)
def test_only_what_is_needed(properties: tuple[str, ...], services: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The needs of a property and those of its exercise are put together."""
    if properties == ("psc.only",):
        fake = SimpleNamespace(needs=frozenset({"service:psc", "pilot:login.psc/1"}), exercise="documents.intake")
        monkeypatch.setattr("conformance.properties.base.get", lambda name: fake)
    assert set(target_text._services(answers(*properties))) == services


def test_a_profile_that_says_nothing_gets_them_all() -> None:
    """Until some row is decided, every service is offered."""
    assert set(target_text._services(answers())) == set(target_text.PORTS)


def test_the_first_profile_is_as_it_was() -> None:
    """A PFI needs neither INSi nor a PAM consumer."""
    profile = load_profile("PFI")
    told: Any = SimpleNamespace(profile=profile, waves=tuple(w.name for w in profile.waves))
    assert set(target_text._services(told)) == set(target_text.PORTS) - {"insi", "pam"}


def test_every_port_is_of_a_service_and_explained() -> None:
    """Names are those of services, ports differ, and each has its comment in both languages."""
    assert set(target_text.PORTS) <= set(SERVICES)
    assert len(set(target_text.PORTS.values())) == len(target_text.PORTS)
    for name in target_text.PORTS:
        for lang in get_args(Lang):
            assert text(f"cli.init.file.service.{name}", lang)


def test_a_registry_of_identities_takes_identity_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init` for a RI: the address typed is that of the identities, its services are those of identities, it loads."""
    typed = ["V", "P", "1", "", "RI", "va1"]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
    assert run(["init", str(tmp_path / "ri.toml")]) == 0
    target = load(tmp_path / "ri.toml", {})
    assert {name: str(e) for name, e in target.endpoints.items()} == {"identities": "mllp://127.0.0.1:2575"}
    assert {"insi", "pam"} <= set(target.services)
    assert not {"dmp", "returns", "relay"} & set(target.services)

"""A first target names the services that the rows of its profile need, and no other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

import pytest

from conformance.catalogue.loader import load_profile
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
        (("ins.doubtful-no-call",), {"insi", "pam"}),
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

"""The reference vendor put between the services of the bench: what is open, what it says it can do, how it restarts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.bench.clock import today
from conformance.catalogue.loader import load_profile
from conformance.evidence.values import Exchange
from conformance.selftest.embedded import DSRS, Embedded, embedded
from conformance.selftest.settings import TOKEN_ENV
from conformance.selftest.vendor import seeded_defects

ENDPOINTS = {"PFI": {"documents", "third-party"}, **{dsr: {"identities"} for dsr in set(DSRS) - {"PFI"}}}
_RI = ("mail.", "document.", "dashboard.read")
OTHERS = {
    "PFI": ("identity.", "edition.", "export.", "dashboard.insi"),
    "RI": _RI,
    **dict.fromkeys(set(DSRS) - {"PFI", "RI"}, (*_RI, "login.psc", "account.sync")),
}
"""Kinds that a reference vendor has not: those of the other, and those of the services that it is not given."""


@pytest.fixture(scope="module", params=DSRS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A running reference vendor of each DSR."""
    with embedded(request.param, tmp_path_factory.mktemp("vendor")) as running:
        yield running
    assert TOKEN_ENV not in os.environ


def unkept(exchange: Exchange) -> None:
    """Nothing is kept."""
    del exchange


def test_the_bench_reaches_every_endpoint_and_the_pilot_has_every_kind(pair: Embedded) -> None:
    """What the target declares is really there, the port of third parties over TLS included."""
    with pair.make_lab(unkept, 0, today()) as lab:
        assert dict(lab.preflight()) == dict.fromkeys(ENDPOINTS[pair.target.dsr])
        schemas = Path(__file__).resolve().parents[2] / "profiles" / "schema" / "pilot"
        known = {f.name.removesuffix(".schema.json").replace("-1", "/1") for f in schemas.glob("*-1.schema.json")}
        wanted = {kind for kind in known if not kind.startswith(OTHERS[pair.target.dsr])}
        assert lab.capabilities() == wanted - {"pilot/1"}


def test_it_restarts_at_the_same_addresses(pair: Embedded) -> None:
    """A target written before holds after."""
    before = dict(pair.vendor.addresses)
    pair.vendor.restart(("ack-of-previous-message",))
    assert dict(pair.vendor.addresses) == before
    pair.vendor.restart(())
    assert dict(pair.vendor.addresses) == before


def test_what_it_claims_are_rows_that_need_claiming(pair: Embedded) -> None:
    """Claims are PEUT rows of the profile, and options are options."""
    levels = {row.key: row.level for row in load_profile(pair.target.dsr).requirements()}
    assert {str(levels[key]) for key in pair.target.claims} <= {"PEUT"}


def test_every_defect_belongs_to_a_row_of_the_profile() -> None:
    """No defect is owed to a row that does not exist; names are unique in a DSR."""
    keys = {row.key for dsr in DSRS for row in load_profile(dsr).requirements()}
    defects = seeded_defects()
    for dsr in DSRS:
        assert seeded_defects(dsr) == tuple(d for d in defects if d.requirement.startswith(f"{dsr}/"))
    assert [d.name for d in defects if d.requirement not in keys] == []
    assert len({(d.name, d.requirement.split("/")[0]) for d in defects}) == len(defects)

"""What every test may use: the shared corpora, when they lie beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the shared corpora and specifications; the test is skipped with a clear reason without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared corpora are not beside this checkout (../shared): corpus tests cannot run")
    return folder


@pytest.fixture(scope="session")
def cisis() -> Path:
    """The official TestContenuCDA package that `CISIS_HOME` names; without it the test is skipped, with a reason."""
    home = os.environ.get("CISIS_HOME", "")
    if not home:
        pytest.skip("CISIS_HOME does not name a copy of the official TestContenuCDA package: its tests cannot run")
    folder = Path(home)
    schema = folder / "infrastructure" / "cda" / "CDA_extended.xsd"
    assert schema.is_file(), f"CISIS_HOME={home} holds no such package"
    return folder

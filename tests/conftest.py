"""What every test may use: the shared corpora, when they lie beside the checkout."""

from __future__ import annotations

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

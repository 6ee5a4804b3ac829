"""One throw-away PKI for the tests of this folder: making RSA keys takes time."""

from __future__ import annotations

import pytest

from conformance.bench.pki import Pki


@pytest.fixture(scope="session")
def pki() -> Pki:
    """A root, an intermediate, and whatever they issue."""
    return Pki.generate()

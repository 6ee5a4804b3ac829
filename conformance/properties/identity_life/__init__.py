"""Judges of the life of identities in a référentiel: statuses, INSi, traits, what PAM carries.

Each module registers its properties; what they look at is in `flow.py`.
"""

from __future__ import annotations

from conformance.properties.identity_life import changes, creation, insi, reception, statuses, wire

__all__ = ["changes", "creation", "insi", "reception", "statuses", "wire"]

"""Judges of identities that come from another domain, and of what a repository traces, counts and exports.

Each module registers its properties; what they look at is in `told.py`.
"""

from __future__ import annotations

from conformance.properties.identity_exchange import dashboard, export, reception, service, traces

__all__ = ["dashboard", "export", "reception", "service", "traces"]

"""Judges of transport: TLS and sessions with the MSSanté operator, protected flows, third parties.

Each module registers its properties; what they look at is in `sessions.py`.
"""

from __future__ import annotations

from conformance.properties.transport import flows, mail, refusals, starttls, third_party, versions

__all__ = ["flows", "mail", "refusals", "starttls", "third_party", "versions"]

"""A simulated OpenID provider with the shapes of Pro Santé Connect, and the same under an ordinary issuer.

Facts come from the public texts about Pro Santé Connect (endpoints, claims, lifetimes, CIBA in poll mode); the provider
agrees by itself for the professional that the case chose, keeps a live session in a cookie, and is wrong on purpose
when its settings say so.
"""

from __future__ import annotations

from conformance.services.psc.service import PscService

__all__ = ["PscService"]

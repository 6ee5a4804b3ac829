"""Services the bench plays: national services and hospital peers. Faults are wrappers around them."""

from __future__ import annotations

from conformance.bench.service import Service
from conformance.bench.target import Target, nearest
from conformance.errors import TargetError
from conformance.services.annuaire import AnnuaireService
from conformance.services.dmp import DmpService
from conformance.services.igc import IgcService
from conformance.services.insi import InsiService
from conformance.services.mss.service import ImapImplicitService, ImapService, MssImplicitService, MssService
from conformance.services.pam import PamService
from conformance.services.psc import PscService
from conformance.services.relay import RelayService
from conformance.services.returns import ReturnsService

SERVICES: dict[str, type[Service]] = {
    service.name: service
    for service in (
        IgcService,
        AnnuaireService,
        PscService,
        DmpService,
        ReturnsService,
        RelayService,
        InsiService,
        PamService,
        MssService,
        ImapService,
        MssImplicitService,
        ImapImplicitService,
    )
}
"""Every service of the bench, by its name in a target."""


def make(target: Target) -> list[Service]:
    """All the services of the bench, new; raises TargetError when the target names one that does not exist."""
    for name in target.services:
        if name not in SERVICES:
            raise TargetError(
                "target.unknown-service",
                where=str(target.path or ""),
                key=f"services.{name}",
                near=nearest(name, list(SERVICES)),
                known=", ".join(SERVICES),
            )
    return [service() for service in SERVICES.values()]

"""The pilot: how the bench asks a product to act, and reads what it holds."""

from conformance.bench.pilot.base import Pilot
from conformance.bench.pilot.contract import Answer, PilotFault, Query, Stimulus
from conformance.bench.pilot.face import PilotFace, Told
from conformance.bench.pilot.making import make

__all__ = ["Answer", "Pilot", "PilotFace", "PilotFault", "Query", "Stimulus", "Told", "make"]

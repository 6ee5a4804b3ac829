"""Violations of accounts, sign-in, traces and connections of third parties."""

from __future__ import annotations

from conformance.reference.defects.table import Defect

DEFECTS: tuple[Defect, ...] = ()

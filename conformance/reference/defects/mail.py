"""Violations of the mail flow: each replaces one decision of `mail.rules.MailBehaviour`, and nothing else."""

from __future__ import annotations

from conformance.reference.defects.table import Defect

DEFECTS: tuple[Defect, ...] = ()

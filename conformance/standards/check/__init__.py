"""Checking files without any endpoint: what they are, whether they conform, and where they do not. Pure."""

from __future__ import annotations

from conformance.standards.check.messages import check, check_files, split
from conformance.standards.check.values import Report, Verdict

__all__ = ["Report", "Verdict", "check", "check_files", "split"]

"""The audit as JSON (`audit/1`), for other programs. Same audit, same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from conformance.audit.model import Audit, FindingSummary
from conformance.evidence.codec import to_plain
from conformance.evidence.codes import all_codes

SCHEMA = "audit/1"


def as_json(audit: Audit) -> dict[str, Any]:
    """The document of `profiles/schema/audit-1.schema.json`."""
    plain: Any = to_plain(audit)
    for row, result in zip(plain["requirements"], audit.requirements, strict=True):
        row["receivability"] = {
            "state": result.receivability,
            "owed": result.proofs_owed,
            "received": result.proofs_received,
        }
    summary = {
        scope: {verdict.value: count for verdict, count in audit.by_verdict(mandatory=mandatory).items()}
        for scope, mandatory in (("mandatory", True), ("indicative", False))
    }
    return {"schema": SCHEMA, "summary": summary, "codes": _codes(audit), **plain}


def findings(audit: Audit) -> Iterator[FindingSummary]:
    """Every finding of an audit, row by row."""
    for row in audit.requirements:
        for scenario in row.scenarios:
            yield from scenario.findings


def _codes(audit: Audit) -> dict[str, dict[str, str]]:
    """The texts of the codes that the audit quotes, so that it can be read without the tool."""
    table = all_codes()
    return {
        code: {
            "severity": table[code].severity.value,
            "clause": table[code].clause,
            "fr": table[code].fr,
            "en": table[code].en,
            "remedy_fr": table[code].remedy_fr,
            "remedy_en": table[code].remedy_en,
        }
        for code in sorted({finding.code for finding in findings(audit)} & set(table))
    }


def dump(audit: Audit) -> bytes:
    """The JSON bytes: keys sorted, two-space indent, UTF-8, one final newline."""
    return (json.dumps(as_json(audit), ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()

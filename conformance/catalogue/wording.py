"""The official wording of the rows, as `conformance catalogue import` read it from a workbook.

It is kept outside the package, in the folder one works in (`.conformance/wording/pfi.json`) or where
CONFORMANCE_WORDING says (a file, or a folder of such files): the texts are not ours to publish.
"""

from __future__ import annotations

import html
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from conformance.errors import ProfileError

SCHEMA = "conformance-wording/1"
ENVIRONMENT_VARIABLE = "CONFORMANCE_WORDING"
FOLDER = Path(".conformance") / "wording"
LIMIT = 32 << 20  # bytes of one file

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*)?/?>")
_BLOCKS = frozenset({"p", "br", "li", "ul", "ol", "div", "tr"})
_INLINE = frozenset({"span", "b", "i", "u", "strong", "em", "a", "sup", "sub", "font", "td", "th", "table", "tbody"})
_BULLET = re.compile(r"^\s*(?:[*•·–-]|\d{1,2}[.)])\s+", re.MULTILINE)
_SIGNS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "..."})

_TEXT = {"type": "string", "maxLength": 40_000}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_FILE = {
    "type": "object",
    "required": ["schema", "dsr", "workbook", "version", "date", "sha256", "rows"],
    "properties": {
        "schema": {"const": SCHEMA},
        **dict.fromkeys(("dsr", "workbook", "version", "date", "sha256"), _TEXT),
        "rows": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["text", "digest", "where"],
                "properties": {"text": _TEXT, "digest": _TEXT, "where": _TEXT, "scenarios": _TEXTS, "proofs": _TEXTS},
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The official text of one row: `version` names its edition, `digest` is the SHA-256 of its normalised text.

    `workbook`, `date` (ISO, may be empty) and `where` (`Exigences!E12`) say where it was read. `scenarios` and
    `proofs` hold their texts by official number.
    """

    key: str
    text: str
    version: str
    digest: str
    workbook: str = ""
    date: str = ""
    where: str = ""
    scenarios: Mapping[str, str] | None = None
    proofs: Mapping[str, str] | None = None


def plain(text: str) -> str:
    """A text without the HTML of the exports: a line a paragraph; escaped chevrons are part of the text."""

    def tag(found: re.Match[str]) -> str:
        name = found[1].lower()
        return "\n" if name in _BLOCKS else "" if name in _INLINE else found[0]

    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in html.unescape(_TAG.sub(tag, text)).split("\n"))
    return "\n".join(line for line in lines if line)


def normalised(text: str) -> str:
    """A text of which only the words and signs count: no HTML, list mark, line break, or typographic variant."""
    bare = unicodedata.normalize("NFC", _BULLET.sub("", plain(text)).translate(_SIGNS))
    return re.sub(r"\s+([;:!?.,%])", r"\1", " ".join(bare.split()))


def digest_of(text: str) -> str:
    """SHA-256 (hexadecimal) of the normalised text."""
    return sha256(normalised(text).encode()).hexdigest()


def default_place(dsr: str) -> Path:
    """Where the wording of a DSR is looked for: CONFORMANCE_WORDING, else the folder one works in."""
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if not given:
        return FOLDER / f"{dsr.lower()}.json"
    place = Path(given)
    return place if place.suffix == ".json" else place / f"{dsr.lower()}.json"


def wording_of(key: str) -> Wording | None:
    """The official wording of a row (`PFI/va1/DMP/va1.01`), None when none was imported; raises ProfileError."""
    return load(default_place(key.split("/")[0])).get(key)


def load(place: Path) -> Mapping[str, Wording]:
    """The wordings of a file by row, none when there is no file; raises ProfileError on one that is not ours."""
    try:
        status = place.stat()
    except OSError:
        return {}
    return _load(place, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _load(place: Path, _changed: int, size: int) -> Mapping[str, Wording]:
    try:
        if size > LIMIT:
            raise ValueError(f"{size} bytes")
        file: Any = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProfileError("workbook.wording-unreadable", where=str(place), problem=str(error)[:200]) from None
    wrong = next(iter(Draft202012Validator(_FILE).iter_errors(file)), None)
    if wrong is not None:
        raise ProfileError("workbook.wording-unreadable", where=str(place), problem=f"{wrong.json_path}: schema")
    for key, row in file["rows"].items():
        if digest_of(row["text"]) != row["digest"]:
            raise ProfileError("workbook.wording-altered", where=str(place), key=key)
    common = {"version": file["version"], "workbook": file["workbook"], "date": file["date"]}
    return {key: Wording(key=key, **row, **common) for key, row in file["rows"].items()}

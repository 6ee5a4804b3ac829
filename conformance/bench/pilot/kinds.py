"""The catalogue of kinds: what may be asked of a pilot, with the schemas of what is said both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

from conformance.errors import InternalError, SetupError

FOLDER = "profiles/schema/pilot"
SUFFIX = ".schema.json"
ENVELOPE = "pilot-1" + SUFFIX


@dataclass(frozen=True, slots=True)
class Kind:
    """Something a pilot may be asked. `name` carries the version (`mail.send/1`).

    `payload` and `data` are JSON Schemas (2020-12) of what is asked with it and of what `done` answers.
    """

    name: str
    role: Literal["stimulus", "query"]
    description: str
    payload: Mapping[str, Any] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)

    @property
    def need(self) -> str:
        """The need that an exercise or a property declares for it."""
        return f"pilot:{self.name}"

    @property
    def gesture(self) -> str:
        """The id of the text that asks a person for it; its braces are members of the payload."""
        return f"pilot.gesture.{self.name.partition('/')[0].replace('.', '-')}"

    @property
    def by_hand(self) -> bool:
        """Whether a person can do it at a screen and say so in one word: a stimulus, never a query."""
        return self.role == "stimulus"

    def faults(self, part: Literal["payload", "data"], value: object) -> list[str]:
        """What is wrong with a payload or with data, the plainest first; empty when it obeys the schema."""
        return told_faults(_validator(self.name, part), value)


def told_faults(validator: Draft202012Validator, value: object) -> list[str]:
    """Each violation as `path: message`, bounded, the nearest to the root first."""
    found = sorted(islice(validator.iter_errors(value), 200), key=lambda e: (len(e.absolute_path), str(e.json_path)))
    return [f"{e.json_path}: {e.message[:300]}" for e in found[:20]]


@cache
def schemas() -> Mapping[str, Mapping[str, Any]]:
    """File name -> schema, of the envelope and of every kind, from an installed wheel or from a checkout."""
    for root in (files("conformance") / "_shipped", Path(__file__).resolve().parents[3]):
        folder = root / FOLDER
        if folder.is_dir():
            found = sorted((f for f in folder.iterdir() if f.name.endswith(SUFFIX)), key=lambda f: f.name)
            return {f.name: json.loads(f.read_text(encoding="utf-8")) for f in found}
    raise SetupError("bench.incomplete-installation", file=FOLDER)


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind, by name."""
    made = {}
    for name, schema in schemas().items():
        if name != ENVELOPE:
            inside = schema["properties"]
            kind = Kind(schema["title"], schema["x-role"], schema["description"], inside["payload"], inside["data"])
            made[kind.name] = kind
    return made


def kind_of(name: str) -> Kind:
    """A kind by its name; raises InternalError when the catalogue has none."""
    try:
        return kinds()[name]
    except KeyError:
        raise InternalError("pilot.unknown-kind", kind=name, known=", ".join(kinds())) from None


@cache
def envelope(part: Literal["request", "answer", "capabilities"]) -> Draft202012Validator:
    """What checks one of the three messages of the contract."""
    schema = schemas()[ENVELOPE]
    return Draft202012Validator({**{k: v for k, v in schema.items() if k != "oneOf"}, "$ref": f"#/$defs/{part}"})


@cache
def _validator(name: str, part: Literal["payload", "data"]) -> Draft202012Validator:
    kind = kinds()[name]
    return Draft202012Validator(dict(kind.payload if part == "payload" else kind.data))

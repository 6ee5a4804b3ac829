"""The JSON Schemas of the catalogue, applied to strict YAML with lines in the errors.

The files of `profiles/schema/` are ordinary schemas that an editor can use too. Since strict YAML holds texts only,
`boolean` here means the text `true` or `false`.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from conformance.catalogue import places
from conformance.catalogue.strict import Table, find
from conformance.errors import ProfileError

SCHEMAS = ("profile-1.schema.json", "socle-1.schema.json", "options-1.schema.json")

_BOOLEANS = ("true", "false")


def check(table: Table, name: str) -> None:
    """Hold a table to the schema of a name (`profile-1`); raises ProfileError with the file, line, key and remedy."""
    errors = list(_validator(name).iter_errors(cast(Any, table)))
    if errors:
        # A key that does not exist is most often the misspelling of one that is then missing: it is told first.
        stray = next((error for error in errors if error.validator == "additionalProperties"), None)
        raise _told(table, stray or best_match(errors))


@cache
def _validator(name: str) -> Validator:
    types = Draft202012Validator.TYPE_CHECKER.redefine("boolean", lambda _, value: value in _BOOLEANS)
    kind: type[Validator] = extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    return kind(_schema(f"{name}.schema.json"))


@cache
def _schema(file: str) -> dict[str, Any]:
    """A schema with each `$ref` replaced by what it names: the schemas do not recurse, and looking up is slow."""
    made: dict[str, Any] = _inlined(_files()[file], file)
    return made


def _inlined(part: Any, file: str) -> Any:
    match part:
        case {"$ref": str(reference)}:
            name, _, path = reference.partition("#")
            found = _files()[name or file]
            for step in path.strip("/").split("/"):
                found = found[step]
            return {**_inlined(found, name or file), **{key: value for key, value in part.items() if key != "$ref"}}
        case dict():
            return {key: _inlined(value, file) for key, value in part.items() if key != "$defs"}
        case list():
            return [_inlined(value, file) for value in part]
    return part


@cache
def _files() -> dict[str, dict[str, Any]]:
    """The schemas by file name, which is also how they refer to each other."""
    folder = places.profiles() / "schema"
    return {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in SCHEMAS}


def _told(table: Table, error: ValidationError) -> ProfileError:
    path = list(error.absolute_path)
    key = ".".join(str(step) for step in path)
    where = str(find(table, path) or "")
    wanted: Any = error.validator_value
    match error.validator:
        case "additionalProperties" if isinstance(error.instance, Table):
            known = sorted(cast(Any, error.schema)["properties"])
            extra = next(k for k in error.instance if k not in known)
            near = get_close_matches(extra, known, n=3) or known
            spot = error.instance.spots[extra]
            return ProfileError("catalogue.unknown-key", where=str(spot), key=extra, known=", ".join(near))
        case "required" if isinstance(error.instance, Table):
            missing = next(k for k in wanted if k not in error.instance)
            return ProfileError("catalogue.missing-key", where=where, key=missing)
        case "enum":
            known = [str(value) for value in wanted]
            value = error.instance
            return ProfileError("catalogue.not-a-choice", where=where, key=key, value=value, known=", ".join(known))
    return ProfileError("catalogue.schema", where=where, key=key or "/", problem=error.message[:200])

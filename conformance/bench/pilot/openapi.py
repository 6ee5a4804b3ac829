"""The Pilot API as an OpenAPI 3.1 description, made from the schemas: what an editor's code generator takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from conformance.bench.pilot.contract import API
from conformance.bench.pilot.kinds import ENVELOPE, kinds, schemas

PAGE = "profiles/schema/pilot/openapi.json"


def openapi() -> dict[str, Any]:
    """The description: four operations, the envelope, and payload and data of every kind."""
    envelope = schemas()[ENVELOPE]["$defs"]
    parts = {_title(name): _moved(part) for name, part in envelope.items()}
    for kind in kinds().values():
        name = _title(kind.name.partition("/")[0]) + kind.name.partition("/")[2]
        parts[f"{name}Payload"] = {"title": f"{kind.name} payload", **kind.payload}
        parts[f"{name}Data"] = {"title": f"{kind.name} data", **kind.data}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pilot API",
            "version": API.partition("/")[2],
            "description": schemas()[ENVELOPE]["description"],
        },
        "security": [{}, {"token": []}],
        "paths": {
            "/capabilities": {"get": _operation("capabilities", "What the adapter can do.", "Capabilities")},
            "/stimuli": {"post": _asking("stimulate", "Make the product act; the same id twice acts once.")},
            "/stimuli/{id}": {
                "get": {
                    **_operation("poll", "What became of a stimulus or of a query that was pending.", "Answer"),
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": _ref("Id")}],
                }
            },
            "/queries": {"post": _asking("query", "Read what the product holds.")},
        },
        "components": {
            "schemas": parts,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def page() -> str:
    """The description as it is committed."""
    return json.dumps(openapi(), ensure_ascii=False, indent=2) + "\n"


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(name)}}


def _operation(id: str, summary: str, answer: str) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "The answer.", "content": _json(answer)}}
    if answer == "Answer":
        responses["202"] = {"description": "The answer, when it is pending.", "content": _json(answer)}
    return {"operationId": id, "summary": summary, "responses": responses}


def _asking(id: str, summary: str) -> dict[str, Any]:
    return {**_operation(id, summary, "Answer"), "requestBody": {"required": True, "content": _json("Request")}}


def _title(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[.-]", name))


def _moved(schema: Any) -> Any:
    """A schema of the envelope with its references brought to where OpenAPI keeps schemas."""
    if isinstance(schema, Mapping):
        return {
            k: f"#/components/schemas/{_title(v.removeprefix('#/$defs/'))}" if k == "$ref" else _moved(v)
            for k, v in schema.items()
        }
    return [_moved(one) for one in schema] if isinstance(schema, list) else schema

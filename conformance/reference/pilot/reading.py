"""Values of a payload, read strictly; raises Refusal."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from conformance.reference.pilot.server import Refusal

DAY = re.compile(r"\d{4}-\d\d-\d\d")


def text(payload: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text; needed when there is no default."""
    value = payload.get(name, default)
    if not isinstance(value, str):
        raise Refusal(f"{name} is missing or is not a text")
    return value


def texts(payload: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts."""
    value = payload.get(name)
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise Refusal(f"{name} is missing or is not a list of texts")
    return tuple(value)


def truth(payload: Mapping[str, Any], name: str) -> bool:
    """A boolean, false when it is not there."""
    value = payload.get(name, False)
    if not isinstance(value, bool):
        raise Refusal(f"{name} is not true or false")
    return value


def table(payload: Mapping[str, Any], name: str) -> dict[str, str]:
    """An object of texts."""
    value = payload.get(name)
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise Refusal(f"{name} is missing or is not an object of texts")
    return {str(k): v for k, v in value.items()}


def data(payload: Mapping[str, Any], name: str) -> bytes:
    """Bytes in base64."""
    try:
        return base64.b64decode("".join(text(payload, name).split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(f"{name} is not base64") from None


def day(payload: Mapping[str, Any], name: str) -> str:
    """A day, AAAA-MM-JJ."""
    value = text(payload, name)
    if not DAY.fullmatch(value):
        raise Refusal(f"{name} is not a day")
    return value

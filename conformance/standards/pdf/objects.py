"""Looking into objects of a PDF without believing their types: every helper answers for anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.standards.pdf import bounds


def is_dictionary(held: Any) -> bool:
    """True for a dictionary or a stream."""
    module = bounds.library("pikepdf")
    return isinstance(held, (module.Dictionary, module.Stream))


def is_stream(held: Any) -> bool:
    """True for a stream."""
    return isinstance(held, bounds.library("pikepdf").Stream)


def entry(held: Any, key: str) -> Any:
    """An entry of a dictionary or a stream, None when absent or when `held` is neither."""
    return held.get(key) if is_dictionary(held) else None


def keys(held: Any) -> tuple[str, ...]:
    """The keys of a dictionary or a stream without their slash, empty for anything else."""
    return tuple(str(k)[1:] for k in held.keys()) if is_dictionary(held) else ()  # noqa: SIM118 - streams iterate bytes


def items(held: Any) -> tuple[Any, ...]:
    """The items of an array, empty for anything else."""
    return tuple(held) if isinstance(held, bounds.library("pikepdf").Array) else ()


def name(held: Any) -> str:
    """A name without its slash, empty for anything else."""
    return str(held)[1:] if isinstance(held, bounds.library("pikepdf").Name) else ""


def string(held: Any) -> str | None:
    """A text string, None for anything else."""
    return str(held) if isinstance(held, bounds.library("pikepdf").String) else None


def whole(held: Any) -> int | None:
    """An integer, None for anything else."""
    return int(held) if isinstance(held, int) and not isinstance(held, bool) else None


def number(held: Any) -> float | None:
    """A number, None for anything else."""
    try:
        return None if held is None or isinstance(held, bool) else float(held)
    except (TypeError, ValueError, OverflowError):
        return None


def place(held: Any) -> str:
    """Where an object is: `12 0 obj`, or `direct object`."""
    ref, generation = held.objgen
    return f"{ref} {generation} obj" if ref else "direct object"


def identity(held: Any) -> object:
    """What tells an object from another: its number when it is indirect, else what it holds."""
    ref = tuple(held.objgen)
    return ref if ref != (0, 0) else ("direct", hash(bytes(held.unparse())))


def each(held: Any) -> Iterator[Any]:
    """One value or the items of an array; nothing for None."""
    if held is None:
        return
    if isinstance(held, bounds.library("pikepdf").Array):
        yield from held
    else:
        yield held

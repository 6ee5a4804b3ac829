"""The payload of the INS datamatrix: 26 characters of header, blocks S1 to S7 (ANS, Format du datamatrix INS 2.2).

A block is two characters of identifier and a value. GS (0x1D) closes a block of variable length that is shorter than
its maximum and is not the last. The order of blocks is free.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from conformance.errors import Malformed

MARKER = "IS"
VERSION = "01"
HEADER = MARKER + VERSION + "0" * 22
GS = "\x1d"

What = Literal["separator", "length", "unknown", "repeated"]


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of block: its name here, its shortest and longest value, whether it may be absent, its lexical form."""

    id: str
    name: str
    shortest: int
    longest: int
    form: str
    optional: bool = False

    @property
    def fixed(self) -> bool:
        """True when its length never varies: no separator then."""
        return self.shortest == self.longest


BLOCKS: dict[str, Block] = {
    b.id: b
    for b in (
        Block("S1", "matricule", 15, 15, r"[0-9]{6}[0-9AB][0-9]{8}"),
        Block("S2", "oid", 19, 20, r"[0-9.]+"),
        Block("S3", "given", 1, 100, r"[A-Z '\-]+"),
        Block("S4", "birth_name", 1, 100, r"[A-Z '\-]+"),
        Block("S5", "sex", 1, 1, r"[MF]"),
        Block("S6", "birth", 10, 10, r"[0-9]{2}-[0-9]{2}-[0-9]{4}"),
        Block("S7", "place", 5, 5, r"[0-9][0-9AB][0-9]{3}", optional=True),
    )
}
_NEXT = re.compile(r"\x1d|S(?=[1-7])")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of writing: what, in which block, and what was seen."""

    what: What
    block: str
    seen: str


@dataclass(frozen=True, slots=True)
class InsMatrix:
    """A payload read: the version of its header, its values by name (`matricule`, `oid`...), its faults of writing."""

    header: str
    values: dict[str, str]
    faults: tuple[Fault, ...]

    def value(self, name: str) -> str:
        """The value of a block by its name, empty when absent."""
        return self.values.get(name, "")

    @property
    def birth_date(self) -> str:
        """The date of birth as AAAAMMJJ, empty when the block has not its form."""
        day, _, rest = self.value("birth").partition("-")
        month, _, year = rest.partition("-")
        text = year + month + day
        return text if len(text) == 8 and text.isdigit() else ""


def is_ins(payload: bytes) -> bool:
    """True when a payload starts as an INS datamatrix does."""
    return payload[:2] == MARKER.encode() and payload[2:4].isdigit()


def parse(payload: bytes) -> InsMatrix:
    """Read a payload, going on after faults of writing; raises Malformed `datamatrix.ins.header` when it is none.

    A value that has not the form of its block is taken up to what looks like the next block.
    """
    if not is_ins(payload) or len(payload) > 1000:
        raise Malformed("datamatrix.ins.header", "header", repr(payload[:30]))
    text = payload.decode("latin-1")
    header, at = text[: len(HEADER)], len(HEADER)
    values: dict[str, str] = {}
    faults: list[Fault] = []
    while at < len(text):
        if text[at] == GS:  # a separator that closes nothing: after a fixed block, or twice
            faults.append(Fault("separator", _last(values), "GS"))
            at += 1
            continue
        block = BLOCKS.get(text[at : at + 2])
        if block is None:
            faults.append(Fault("unknown", text[at : at + 2], text[at : at + 20]))
            following = _NEXT.search(text, at + 1)
            at = following.start() if following else len(text)
            continue
        value, at, found = _value(block, text, at + 2)
        faults += found
        if block.name in values:
            faults.append(Fault("repeated", block.id, value))
        values.setdefault(block.name, value)
    return InsMatrix(header, values, tuple(faults))


def _last(values: dict[str, str]) -> str:
    name = next(reversed(values), "")
    return next((b.id for b in BLOCKS.values() if b.name == name), "")


def _value(block: Block, text: str, at: int) -> tuple[str, int, list[Fault]]:
    """(value, where the next block starts, faults) of the block whose value starts at `at`."""
    if block.fixed:
        value = text[at : at + block.longest]
        if re.fullmatch(block.form, value):
            return value, at + block.longest, []
    following = _NEXT.search(text, at)
    end = following.start() if following else len(text)
    value, faults = text[at:end], []
    closed = end < len(text) and text[end] == GS
    if not closed and end < len(text) and value.endswith("GS"):
        value = value[:-2]
        faults.append(Fault("separator", block.id, "the letters G and S"))
    elif not closed and not block.fixed and end < len(text) and len(value) < block.longest:
        faults.append(Fault("separator", block.id, "absent"))
    elif closed and (block.fixed or len(value) >= block.longest or end == len(text) - 1):
        faults.append(Fault("separator", block.id, "GS"))
    if not block.shortest <= len(value) <= block.longest:
        faults.append(Fault("length", block.id, value))
    return value, end + 1 if closed else end, faults


def build(
    *,
    matricule: str,
    oid: str,
    given: str,
    birth_name: str,
    sex: str,
    birth: str,
    place: str = "",
    order: Sequence[str] = tuple(BLOCKS),
) -> bytes:
    """The payload of an identity; `birth` is AAAAMMJJ, `given` the list of prénoms, `order` that of the blocks.

    Raises ValueError when a value does not have the form of its block.
    """
    values = {"S1": matricule, "S2": oid, "S3": given, "S4": birth_name, "S5": sex, "S7": place}
    values["S6"] = f"{birth[6:8]}-{birth[4:6]}-{birth[:4]}"
    present = [id for id in order if values[id] or not BLOCKS[id].optional]
    out = HEADER
    for id in present:
        block, value = BLOCKS[id], values[id]
        if not block.shortest <= len(value) <= block.longest or not re.fullmatch(block.form, value):
            raise ValueError(f"not a value of {id}: {value!r}")
        out += id + value
        if not block.fixed and len(value) < block.longest and id != present[-1]:
            out += GS
    return out.encode("ascii")

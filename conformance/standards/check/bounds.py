"""How much of an archive is opened: every number here is a bound on what hostile bytes may cost."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of one file given to the check, with all that it holds at any depth."""

    document: int = 64 * MIB  # bytes of one document, once extracted
    archive: int = 4096 * MIB  # bytes of an archive on disk
    total: int = 4096 * MIB  # bytes extracted, all depths together
    entries: int = 100_000  # documents extracted, all depths together
    directory: int = 32 * MIB  # bytes of the central directory of a zip
    ratio: int = 200  # bytes extracted for one read, above `ratio_from`
    ratio_from: int = 4 * MIB
    depth: int = 6  # archives within archives
    parts: int = 1000  # parts of a mail


DEFAULT = Bounds()


class Exhausted(Exception):
    """A budget is spent: `code` is the finding code that says which."""

    def __init__(self, code: str, seen: str, expected: str) -> None:
        self.code = code
        self.seen = seen
        self.expected = expected
        super().__init__(code)


class Budget:
    """What is left of the bounds of one file while what it holds is opened."""

    def __init__(self, bounds: Bounds = DEFAULT) -> None:
        self.bounds = bounds
        self._bytes = 0
        self._entries = 0

    def spend(self, size: int) -> None:
        """Count one entry of a size; raises Exhausted when the file has had its share."""
        self._entries += 1
        self._bytes += size
        if self._entries > self.bounds.entries:
            raise Exhausted("check.container.too-many", f"> {self.bounds.entries}", f"<= {self.bounds.entries}")
        if self._bytes > self.bounds.total:
            raise Exhausted("check.container.too-much", f"> {self.bounds.total}", f"<= {self.bounds.total}")

"""Report files written as they grow and put in place at once: a reader never sees half a report."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from conformance.errors import OutputError

_PIECE = 1 << 20


class Spool:
    """A text file beside its final place, renamed there by `commit`; removed when left without it.

    Raises OutputError when it cannot be written.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        with _told(place):
            handle, name = tempfile.mkstemp(prefix=f".{place.name[:80]}.", suffix=".part", dir=place.parent)
        self._file = os.fdopen(handle, "w", encoding="utf-8", newline="\n")
        self._name = Path(name)
        self._done = False

    def write(self, text: str) -> None:
        """Add a text; characters that no encoding takes become U+FFFD."""
        with _told(self.place):
            self._file.write(text.encode("utf-8", "replace").decode() if not text.isascii() else text)

    def take(self, other: IO[str]) -> None:
        """Add all of another open file, from its start, piece by piece."""
        other.seek(0)
        while piece := other.read(_PIECE):
            self.write(piece)

    def commit(self) -> None:
        """Put the file in its place, with the rights that a new file has."""
        with _told(self.place):
            self._file.close()
            mask = os.umask(0)
            os.umask(mask)
            self._name.chmod(0o666 & ~mask)
            self._name.replace(self.place)
        self._done = True

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._done:
            with suppress(OSError):  # what cannot be written any more is thrown away all the same
                self._file.close()
            self._name.unlink(missing_ok=True)


def scratch() -> IO[str]:
    """A nameless text file on disk, for what is written before what must precede it is known."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", errors="replace")


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError("check.cannot-write", where=str(place), reason=reason) from error

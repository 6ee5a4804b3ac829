"""The user's copy of TestContenuCDA: where its parts are. Only read; what is broken in it is made good elsewhere."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.sax.saxutils import quoteattr

from conformance.arbiters.cisis import cache
from conformance.errors import Malformed, SetupError
from conformance.standards.schematron import Missing
from conformance.standards.xml import syntax as xml

GRAMMAR = "infrastructure/cda/CDA_extended.xsd"
SCHEMATRONS = "schematrons"
VALUE_SETS = "jeuxDeValeurs"
TERMINOLOGIES = "schematrons/profils/terminologies/terminologie"
EXAMPLES = "ExemplesCDA"

FAMILIES: Mapping[str, str] = {
    "StrucMin": "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "IHE": "schematrons/profils/IHE.sch",
    "ModelesDeContenusCDA": "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch",
    "Modeles_ANS": "schematrons/profils/CI-SIS_Modeles_ANS.sch",
    "terminologie": "schematrons/profils/terminologies/schematron/terminologie.sch",
}
"""The schematrons that judge every document, under the names that reports use."""

LARGEST = 512 * 1024 * 1024
"""Bytes of one file of the package; a terminology is the largest."""

_VOCABULARY = re.compile(r"voc-([0-9.]+)-DYNAMIC\.xml")


@dataclass(slots=True)
class Files:
    """The resolver: paths relative to the root, forgiving about letter case, completed by files made in the cache."""

    root: Path
    made: dict[str, Path] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    _folders: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, base: str, href: str) -> tuple[str, bytes]:
        """The path inside the package and the bytes of `href` as seen from the file `base`; raises Missing."""
        asked = posixpath.normpath(posixpath.join(posixpath.dirname(base), href))
        found = self.find(asked)
        if found is None:
            raise Missing(asked)
        path = self.path(found)
        try:
            if path.stat().st_size > LARGEST:
                raise Missing(asked)
            raw = path.read_bytes()
        except OSError:
            raise Missing(asked) from None
        if not raw:
            raise Missing(asked)
        return found, raw

    def find(self, asked: str) -> str | None:
        """The real path of a file asked for, whatever its letter case; None when there is none, or outside."""
        if asked.startswith(("/", "..")) or "\x00" in asked:
            return None
        if asked in self.made:
            return asked
        at = ""
        for part in asked.split("/"):
            entries = self._entries(at)
            name = part if part in entries.values() else entries.get(part.lower())
            if name is None:
                return None
            at = f"{at}/{name}" if at else name
        if at != asked:
            self.renamed[asked] = at
        return at if self.path(at).is_file() else None

    def path(self, found: str) -> Path:
        """The file on disk of a path inside the package."""
        return self.made.get(found, self.root / found)

    def uri(self, found: str) -> str:
        """The `file:` address of a path inside the package."""
        return self.path(found).absolute().as_uri()

    def _entries(self, folder: str) -> dict[str, str]:
        if folder not in self._folders:
            try:
                names = sorted(p.name for p in (self.root / folder).iterdir())
            except OSError:
                names = []
            self._folders[folder] = {name.lower(): name for name in names}
        return self._folders[folder]


class Package:
    """A package that can be judged with. `root` is the folder that holds `schematrons` and `infrastructure`."""

    def __init__(self, root: Path, files: Files) -> None:
        self.root = root
        self.files = files

    @classmethod
    def open(cls, path: Path, *, kept: Path | None = None) -> Package:
        """The package at a path (its own folder, or one that holds nothing but it).

        Raises SetupError: no such folder, an archive not unpacked, not a package, half a package, unreadable.
        """
        root = locate(path)
        package = cls(root, Files(root))
        package._complete(cache.folder(kept) / "cisis" / "made")
        return package

    @cached_property
    def volets(self) -> Mapping[str, str]:
        """The document models: name with its version (`BIO-CR-BIO_2024.01`) to path."""
        found = sorted((self.root / SCHEMATRONS).glob("CI-SIS_*.sch"))
        return {p.stem.removeprefix("CI-SIS_"): f"{SCHEMATRONS}/{p.name}" for p in found}

    @cached_property
    def schematrons(self) -> Mapping[str, str]:
        """All schematrons by name: those of every document, then the document models."""
        return {**FAMILIES, **self.volets}

    def value_sets(self) -> Iterator[Path]:
        """The files of value sets."""
        yield from sorted((self.root / VALUE_SETS).glob("*.xml"))

    def terminologies(self) -> Iterator[Path]:
        """The RDF files of terminologies."""
        yield from sorted((self.root / TERMINOLOGIES).glob("*.rdf"))

    def _complete(self, made: Path) -> None:
        """Make again, in the cache, vocabularies that StrucMin names and that the package has in another form."""
        home = posixpath.dirname(FAMILIES["StrucMin"])
        wanted: set[str] = set()
        for part in (self.root / home / "include").glob("*.sch"):
            wanted.update(m[0] for m in _VOCABULARY.finditer(part.read_text(encoding="utf-8", errors="replace")))
        absent = sorted(name for name in wanted if self.files.find(f"{home}/include/{name}") is None)
        if not absent:
            return
        by_oid = {oid: path for path in self.value_sets() if (oid := _oid(path))}
        for name in absent:
            match = _VOCABULARY.fullmatch(name)
            source = by_oid.get(match[1]) if match else None
            if match is None or source is None:
                continue
            content = vocabulary(source.read_bytes(), match[1])
            folder = made / hashlib.sha256(content).hexdigest()[:16]
            path = folder / name
            self.files.made[f"{home}/include/{name}"] = path if path.is_file() else cache.keep(path, content)


def locate(path: Path) -> Path:
    """The root of the package at or just below a path. Raises SetupError."""
    if not path.exists():
        raise SetupError("official.no-such-folder", path=path)
    if not path.is_dir():
        raise SetupError("official.not-a-folder", path=path)
    try:
        below = sorted(p for p in path.iterdir() if p.is_dir())
    except OSError as error:
        raise SetupError("official.unreadable", path=path, problem=error.strerror or str(error)) from None
    roots = [p for p in (path, *below) if (p / SCHEMATRONS).is_dir() or (p / GRAMMAR).is_file()]
    if not roots:
        raise SetupError("official.not-a-package", path=path)
    root = roots[0]
    needed = (GRAMMAR, *FAMILIES.values())
    files = Files(root)
    absent = [name for name in needed if files.find(name) is None]
    if not any((root / VALUE_SETS).glob("*.xml")):
        absent.append(f"{VALUE_SETS}/*.xml")
    if absent:
        raise SetupError("official.half-a-package", path=root, missing=", ".join(absent))
    for name in needed:
        try:
            with (root / name).open("rb") as file:
                file.read(1)
        except OSError as error:
            raise SetupError("official.unreadable", path=root / name, problem=error.strerror or str(error)) from None
    return root


def vocabulary(raw: bytes, oid: str) -> bytes:
    """A value set in the form that StrucMin reads, from its published form (IHE SVS)."""
    rows = [
        "<concept "
        + " ".join(f"{name}={quoteattr(concept.get(name, ''))}" for name in ("code", "codeSystem", "displayName"))
        + ' level="0" type="L"/>'
        for concept in xml.parse(raw).iter("{urn:ihe:iti:svs:2008}Concept")
    ]
    inside = "\n".join(rows)
    return (
        '<valueSets xmlns="urn:hl7-org:v3">'
        f'<valueSet xmlns="" id={quoteattr(oid)}><conceptList>\n{inside}\n</conceptList></valueSet></valueSets>\n'
    ).encode()


def _oid(path: Path) -> str:
    try:
        found = next(xml.parse(path.read_bytes()).iter("{urn:ihe:iti:svs:2008}ValueSet"), None)
    except (Malformed, OSError):
        return ""
    return "" if found is None else found.get("id", "")

"""Compiled schematrons kept in the cache: made again as soon as one of the files they came from changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conformance.arbiters.cisis import cache
from conformance.arbiters.cisis.package import Package
from conformance.standards.schematron import Compiled, Missing, compile_schema
from conformance.standards.schematron.compiler import VERSION, Written


class Stylesheets:
    """The compiled schematrons of a package, by name. Raises SchemaError for one that cannot be compiled."""

    def __init__(self, package: Package, *, kept: Path | None = None) -> None:
        self._package = package
        self._folder = cache.folder(kept) / "cisis" / "stylesheets"

    def get(self, name: str) -> Compiled:
        """The compiled schematron: the copy kept if it is still good, else a new one, which is kept."""
        href = self._package.schematrons[name]
        place = self._folder / f"{self._key(href)}.json"
        found = self._kept(place)
        if found is None:
            found = compile_schema(self._package.files, "", href, address=self._package.files.uri)
            self._keep(place, found)
        return found

    def ready(self, name: str) -> bool:
        """Whether a good copy is kept already."""
        return self._kept(self._folder / f"{self._key(self._package.schematrons[name])}.json") is not None

    def _key(self, href: str) -> str:
        whole = f"{VERSION}\x1f{self._package.root.absolute()}\x1f{href}"
        return hashlib.sha256(whole.encode()).hexdigest()[:24]

    def _inputs(self, sources: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for source in sources:
            try:
                raw = self._package.files.path(source).read_bytes()
            except OSError:
                yield source, ""
            else:
                yield source, hashlib.sha256(raw).hexdigest()

    def _kept(self, place: Path) -> Compiled | None:
        try:
            held = json.loads(place.read_bytes())
            compiled = _read(held["compiled"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        files = self._package.files
        if dict(self._inputs(compiled.sources)) != held.get("inputs"):
            return None
        for base, href in compiled.nowhere:
            try:
                files.read(base, href)
            except Missing:
                continue
            return None
        return compiled

    def _keep(self, place: Path, compiled: Compiled) -> None:
        held = {"inputs": dict(self._inputs(compiled.sources)), "compiled": asdict(compiled)}
        try:
            cache.keep(place, json.dumps(held, ensure_ascii=False).encode())
        except OSError:  # a cache that cannot be written only costs time
            return


def _read(held: dict[str, Any]) -> Compiled:
    pairs = {name: tuple((a, b) for a, b in held[name]) for name in ("missing", "nowhere")}
    plain = {name: tuple(held[name]) for name in ("patterns", "sources", "absent")}
    return Compiled(**{**held, **pairs, **plain, "tests": tuple(_written(row) for row in held["tests"])})


def _written(row: dict[str, Any]) -> Written:
    return Written(**{**row, "words": tuple(row["words"])})

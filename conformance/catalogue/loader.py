"""Reads `profiles/` into values: strict YAML, JSON Schema, shared bodies, then the model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path

from conformance.catalogue import places, schema, strict
from conformance.catalogue.build import options_of, profile_of
from conformance.catalogue.expression import evaluate, names
from conformance.catalogue.model import Options, Profile, Requirement
from conformance.catalogue.strict import Table
from conformance.errors import ProfileError, TargetError

_NOT_PROFILES = frozenset({"options.yaml"})


def load_profile(dsr_or_path: str | Path, *, check: bool = True) -> Profile:
    """The profile of a DSR (`PFI`, any case) or of a YAML file; raises ProfileError with file, line, key and remedy.

    A file that has an `options.yaml` beside it uses that one and the `socle/` there, else the shipped ones.
    `check=False` leaves unknown options for `conformance.catalogue.lint` to tell.
    """
    text = str(dsr_or_path)
    if isinstance(dsr_or_path, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        file: Traversable = Path(dsr_or_path)
        beside = Path(dsr_or_path).parent
        root: Traversable = beside if (beside / "options.yaml").is_file() else places.profiles()
    else:
        root = places.profiles()
        file = root / f"{text.lower()}.yaml"
        if text.lower() not in (known := sorted(_shipped(root))):
            near = get_close_matches(text.lower(), known, n=3) or known
            raise ProfileError("catalogue.unknown-dsr", dsr=text, known=", ".join(near).upper())
    return _Reader(root).profile(file, check=check)


def all_profiles(*, check: bool = True) -> tuple[Profile, ...]:
    """Every shipped profile, by DSR name; raises ProfileError."""
    reader = _Reader(places.profiles())
    return tuple(reader.profile(file, check=check) for _, file in sorted(_shipped(places.profiles()).items()))


def load_options() -> Options:
    """The options and standard reasons of `profiles/options.yaml`; raises ProfileError."""
    return _Reader(places.profiles()).options


def resolve_options(options: Options, declared: Iterable[str]) -> frozenset[str]:
    """The options that hold: the defaults, plus the names declared, minus those declared as `!name`.

    Raises TargetError (`catalogue.option-not-known`) on a name that does not exist, with the nearest ones.
    """
    held = set(options.defaults)
    for word in declared:
        name = word.removeprefix("!")
        if name not in options:
            near = get_close_matches(name, list(options), n=3) or sorted(options)
            raise TargetError("catalogue.option-not-known", name=name, known=", ".join(near))
        if word.startswith("!"):
            held.discard(name)
        else:
            held.add(name)
    return frozenset(held)


def applicable(requirement: Requirement, options: Collection[str], claims: Collection[str]) -> bool:
    """Whether a row applies. `options` come from `resolve_options`; `claims` are the keys of the PEUT rows claimed."""
    return evaluate(requirement.when, options, claims)


def digest(profile: Profile) -> str:
    """SHA-256 (hexadecimal) of everything the profile was made from: it changes when any row, option or text does."""
    return profile.digest


def _shipped(root: Traversable) -> dict[str, Traversable]:
    """The profiles of a folder, by lower-case DSR name."""
    return {
        entry.name.removesuffix(".yaml"): entry
        for entry in root.iterdir()
        if entry.name.endswith(".yaml") and entry.name not in _NOT_PROFILES
    }


class _Reader:
    """Reads the files of one folder, each once, and remembers their digests."""

    def __init__(self, root: Traversable) -> None:
        self._root = root
        self._tables: dict[str, Table] = {}
        self._digests: dict[str, str] = {}
        self.options = options_of(self._read(root / "options.yaml", "options-1"))

    def profile(self, file: Traversable, *, check: bool) -> Profile:
        """The profile of a file, bodies merged in."""
        name = places.display(file)
        table = self._read(file, None)
        used = {"options.yaml", file.name}
        for row in _rows(table):
            body = row.get("use")
            if isinstance(body, str):
                used.add(self._merge(row, body))
        schema.check(table, "profile-1")
        parts = sorted((part, self._digests[part]) for part in used)
        made = profile_of(table, self.options, digest=sha256(repr(parts).encode()).hexdigest(), path=name)
        if check:
            _refuse_unknown_options(made)
        return made

    def _read(self, file: Traversable, kind: str | None) -> Table:
        """A file as a strict table, held to a schema when one is named."""
        name = places.display(file)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ProfileError("catalogue.unreadable", where=name, problem=error.strerror or str(error)) from None
        table = strict.read(content, name)
        if kind is not None:
            schema.check(table, kind)
        self._digests[f"socle/{file.name}" if kind == "socle-1" else file.name] = sha256(content).hexdigest()
        return table

    def _merge(self, row: Table, use: str) -> str:
        """Give a row the keys of its shared body that it has not; returns the body's file."""
        file, _, name = use.partition(".")
        known = sorted(_yaml_names(self._root / "socle"))
        if file not in known:
            self._unknown(row, use, [f"{other}.{name}" for other in get_close_matches(file, known, n=3) or known])
        place = self._root / "socle" / f"{file}.yaml"
        if file not in self._tables:
            self._tables[file] = self._read(place, "socle-1")
        bodies = self._tables[file]["bodies"]
        assert isinstance(bodies, Table)  # the schema said so
        body = bodies.get(name)
        if not isinstance(body, Table):
            near = get_close_matches(name, list(bodies), n=3) or sorted(bodies)
            self._unknown(row, use, [f"{file}.{other}" for other in near])
        else:
            for key, value in body.items():
                if key not in row:
                    row.put(key, value, body.spots[key])
        return f"socle/{place.name}"

    def _unknown(self, row: Table, use: str, near: list[str]) -> None:
        raise ProfileError(
            "catalogue.unknown-body", where=str(row.spots["use"]), name=use, known=", ".join(near) or "-"
        )


def _yaml_names(folder: Traversable) -> Iterator[str]:
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.name.endswith(".yaml"):
                yield entry.name.removesuffix(".yaml")


def _rows(table: Table) -> Iterator[Table]:
    """The requirement tables of a profile that is not yet held to its schema: what has not their shape is left out."""
    waves = table.get("waves")
    for wave in waves.values() if isinstance(waves, Table) else ():
        rows = wave.get("requirements") if isinstance(wave, Mapping) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, Table):
                yield row


def _refuse_unknown_options(profile: Profile) -> None:
    for row in profile.requirements():
        for name in names(row.when):
            if name not in profile.options:
                near = get_close_matches(name, list(profile.options), n=3) or sorted(profile.options)
                raise ProfileError(
                    "catalogue.unknown-option", where=row.where, key=row.key, name=name, known=", ".join(near)
                )

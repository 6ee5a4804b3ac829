"""A schema and a resolver in, a stylesheet and the table of its tests out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.standards.schematron.lookups import Lookups, constants
from conformance.standards.schematron.model import Schema, Test, Value
from conformance.standards.schematron.source import Missing, Resolver, read_schema
from conformance.standards.schematron.stylesheet import Writer

VERSION = 4
"""Goes into every digest: raised when the same schema would give another stylesheet."""

_WORD = re.compile(r"[\w.]+:([\w.\-]+)|\*|/")
_PREDICATES = re.compile(r"\[[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class Written:
    """One assert or report of the schema: its stable id, role, pattern, context (or abstract rule) and test.

    `words` are those of its message, with a place for a value between any two of them.
    """

    id: str
    role: str
    report: bool
    pattern: str
    context: str
    test: str
    flag: str = ""
    see: str = ""
    words: tuple[str, ...] = ("",)

    def told(self, values: Sequence[str]) -> str:
        """The message with its values, white space made single."""
        pieces = [self.words[0]]
        for value, words in zip(values, self.words[1:], strict=True):
            pieces += [value, words]
        return " ".join("".join(pieces).split())


@dataclass(frozen=True, slots=True)
class Compiled:
    """A stylesheet, what its numbers mean, and all that it was made from.

    `digest` changes with any file read and with the compiler. `missing` are includes that brought nothing, `absent`
    addresses of documents that tests look into and that are nowhere: such a test ends in an error, told in the
    outcome. `dynamic` says that the parameters `documents` and `texts` of the stylesheet must be given. `constants`
    are its global variables with one known value. `nowhere` are the (base, address) that the resolver did not find: a
    copy kept of this stays good while the sources stay the same and these stay absent.
    """

    stylesheet: str
    tests: tuple[Written, ...]
    digest: str
    patterns: tuple[str, ...]
    sources: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]
    dynamic: bool
    unknown_phase: bool
    constants: Mapping[str, str] = field(default_factory=dict)
    nowhere: tuple[tuple[str, str], ...] = ()


def compile_schema(
    resolver: Resolver,
    base: str,
    href: str,
    *,
    phase: str | None = None,
    address: Callable[[str], str] = lambda found: found,
) -> Compiled:
    """The stylesheet of the schema at `href`, seen from `base`.

    Documents named in tests are looked for beside the schema itself, as those of the skeleton's stylesheet are.
    `address` turns what the resolver calls a file into what an XSLT processor can load. Raises SchemaError.
    """
    schema = read_schema(resolver, base, href, phase=phase)
    home, _ = resolver.read(base, href)
    read: dict[str, bytes] = {}

    def locate(wanted: str) -> str | None:
        try:
            found, raw = resolver.read(home, wanted)
        except Missing:
            return None
        read[found] = raw
        return address(found)

    known = constants(schema.globals())
    lookups = Lookups(locate, known)
    writer = Writer(schema, lookups, address(home))
    text = writer.write()
    sources = {**dict(schema.sources), **read}
    return Compiled(
        stylesheet=text,
        tests=tuple(_written(*row) for row in writer.tests),
        digest=_digest(sources, schema, address(home)),
        patterns=tuple(p.id for p in schema.patterns),
        sources=tuple(sorted(sources)),
        missing=schema.missing,
        absent=tuple(sorted(lookups.absent)),
        dynamic=lookups.dynamic,
        unknown_phase=schema.unknown_phase,
        constants=known,
        nowhere=tuple(sorted({*schema.missing, *((home, href) for href in lookups.absent)})),
    )


def _written(test: Test, pattern: str, context: str) -> Written:
    told = "".join(p.select if isinstance(p, Value) else p for p in test.message)
    seed = hashlib.sha256("\x1f".join((context, test.test, told)).encode()).hexdigest()[:6]
    return Written(
        id=f"{_short(context, pattern)}.{seed}",
        role=test.role,
        report=test.report,
        pattern=pattern,
        context=context,
        test=" ".join(test.test.split()),
        flag=test.flag,
        see=test.see,
        words=tuple(_words(test)),
    )


def _words(test: Test) -> Iterator[str]:
    held = ""
    for piece in test.message:
        if isinstance(piece, Value):
            yield held
            held = ""
        else:
            held += piece
    yield held


def _short(context: str, pattern: str) -> str:
    """A readable name: that of the pattern, or the last two elements of the context when the pattern has none."""
    if pattern and not pattern.startswith("template-"):
        return pattern
    plain = context
    for _ in range(8):
        plain = _PREDICATES.sub("", plain)
    names = [m[1] or "any" for m in _WORD.finditer(plain) if m[0] != "/"]
    return "-".join(names[-2:]) or context.strip() or "document"


def _digest(sources: Mapping[str, bytes], schema: Schema, home: str) -> str:
    total = hashlib.sha256(f"{VERSION}\x1f{schema.phase}\x1f{home}".encode())
    for name, raw in sorted(sources.items()):
        total.update(f"\x1f{name}\x1f{len(raw)}\x1f".encode())
        total.update(raw)
    return total.hexdigest()

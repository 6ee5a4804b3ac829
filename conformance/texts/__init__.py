"""Everything the bench says to a person, French and English side by side, one TOML file a room.

Each file holds tables `["room.short-id"]` with `fr` and `en`, and for a fault also `remedy_fr` and `remedy_en`.
`{name}` in a text is filled from the values given; nothing else is interpreted.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from conformance.errors import BenchError, InternalError

Lang = Literal["fr", "en"]

LANGUAGES: tuple[Lang, ...] = ("fr", "en")
ENVIRONMENT_VARIABLE = "CONFORMANCE_LANG"

_BRACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages; a fault also has a remedy in both."""

    id: str
    fr: str
    en: str
    remedy_fr: str = ""
    remedy_en: str = ""

    def says(self, lang: Lang) -> str:
        """The sentence in a language, braces not filled."""
        return self.en if lang == "en" else self.fr

    def remedy(self, lang: Lang) -> str:
        """What to do, in a language; empty for a text that is not a fault."""
        return self.remedy_en if lang == "en" else self.remedy_fr


@dataclass(frozen=True, slots=True)
class Rendered:
    """A fault told to a person: what happened, where (may be empty), what to do."""

    id: str
    what: str
    where: str
    remedy: str


def language(choice: str | None = None) -> Lang:
    """The language to speak: the choice given, else `CONFORMANCE_LANG`, else French."""
    wanted = (choice or os.environ.get(ENVIRONMENT_VARIABLE) or "fr").lower()
    return "en" if wanted.startswith("en") else "fr"


@cache
def all_texts() -> Mapping[str, Text]:
    """Every text, by id; raises InternalError on a duplicate."""
    found: dict[str, Text] = {}
    for entry in sorted(files(__package__).iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        for id, row in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if id in found:
                raise InternalError("texts.duplicate", text=id, where=entry.name)
            found[id] = Text(id=id, **row)
    return found


def fill(template: str, values: Mapping[str, object]) -> str:
    """Put values in the braces of a template; a missing value leaves its brace to be seen."""
    return _BRACE.sub(lambda m: str(values[m[1]]) if m[1] in values else m[0], template)


def text(id: str, lang: Lang, /, **values: object) -> str:
    """The text of an id in a language; raises InternalError when there is none."""
    try:
        found = all_texts()[id]
    except KeyError:
        raise InternalError("texts.unknown", text=id) from None
    return fill(found.says(lang), values)


def explain(error: BenchError, lang: Lang) -> Rendered:
    """A fault in a language. A fault whose id has no text is still told, with its id and values."""
    found = all_texts().get(error.id)
    if found is None:
        generic = all_texts()["texts.no-text"]
        values: Mapping[str, object] = {"detail": str(error)}
        return Rendered(error.id, fill(generic.says(lang), values), error.where, fill(generic.remedy(lang), values))
    values = {"where": error.where, **error.values}
    return Rendered(error.id, fill(found.says(lang), values), error.where, fill(found.remedy(lang), values))


def render_error(error: BenchError, lang: Lang) -> str:
    """A fault in a few plain lines: what happened, where, what to do."""
    told = explain(error, lang)
    lines = [told.what]
    if told.where:
        lines.append(text("texts.where", lang, where=told.where))
    if told.remedy:
        lines.append(text("texts.remedy", lang, remedy=told.remedy))
    return "\n".join(lines)


__all__ = [
    "ENVIRONMENT_VARIABLE",
    "LANGUAGES",
    "Lang",
    "Rendered",
    "Text",
    "all_texts",
    "explain",
    "fill",
    "language",
    "render_error",
    "text",
]

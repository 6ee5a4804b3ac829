"""The audit as one HTML page: self-contained, no script, nothing loaded; readable on screen, on paper and aloud."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from conformance.audit.annotate import annotate, fold
from conformance.audit.excerpt import elide, visible
from conformance.audit.model import Audit, FindingSummary, RequirementResult, ScenarioResult, Words
from conformance.evidence.codes import Code, all_codes
from conformance.texts import Lang, all_texts, text

_MONTHS = {
    "fr": "janvier,février,mars,avril,mai,juin,juillet,août,septembre,octobre,novembre,décembre",
    "en": "January,February,March,April,May,June,July,August,September,October,November,December",
}


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of a large audit is shown in a scenario; what is left out is said so, and stands in audit.json."""

    findings: int = 20
    labels: int = 60
    faults: int = 5
    data: int = 20_000  # characters of the data of a counterexample


CAPS = Caps()


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (files(__package__) / "templates" / name).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    return environment.get_template("audit.html.j2")


@cache
def _style() -> tuple[Markup, str]:
    """The style sheet (ours, hence not escaped) and the hash by which the page's policy admits it alone."""
    style = (files(__package__) / "templates" / "audit.css").read_text("utf-8")
    return Markup(style), "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def anchor(key: str) -> str:
    """The fragment of a requirement key: unique, since characters replaced are replaced by their code."""
    return "r-" + re.sub(r"[^A-Za-z0-9.-]", lambda m: f"_{ord(m[0]):x}_", key)


def day(iso: str, lang: Lang) -> str:
    """An ISO date in words."""
    year, month, number = iso.split("-")
    first = "1er" if lang == "fr" and int(number) == 1 else str(int(number))
    return f"{first} {_MONTHS[lang].split(',')[int(month) - 1]} {year}"


def reasons(counts: Mapping[str, int], lang: Lang) -> str:
    """Why cases were not judged, with how many of each."""
    separator = " : " if lang == "fr" else ": "
    return ", ".join(f"{reason(word, lang)}{separator}{count}" for word, count in counts.items())


def reason(word: str, lang: Lang) -> str:
    """Why a case was not judged; a word without a text is shown as it is."""
    id = f"audit.unjudged.{word or 'none'}"
    return text(id, lang) if id in all_texts() else word


def why(result: RequirementResult | ScenarioResult, lang: Lang) -> str:
    """Why a verdict is not a plain conform or nonconform; empty when it is."""
    if not result.reason:
        return ""
    detail = result.detail.get(lang, "")
    if result.reason in ("abandoned", "no-witness", "unsettled"):
        detail = reason(detail, lang)
    return text(f"audit.reason.{result.reason}", lang, detail=detail)


def code_of(finding: FindingSummary) -> Code | None:
    """The code of a finding, or None when this version of the tool does not know it."""
    return all_codes().get(finding.code)


def sentence(finding: FindingSummary, lang: Lang) -> str:
    """What a finding says."""
    code = code_of(finding)
    return code.text(lang) if code is not None else text("audit.page.finding.unknown", lang, code=finding.code)


def _pretty(data: object) -> str:
    written = json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True)
    shown = elide(written)
    return shown if len(shown) <= CAPS.data else shown[: CAPS.data] + "\n…"


def render(audit: Audit, lang: Lang) -> str:
    """The page, in a language."""
    style, style_hash = _style()
    waves = [(w, [r for r in audit.requirements if r.wave == w]) for w in audit.identity.waves]

    def t(id: str, /, **values: object) -> str:
        return text(f"audit.{id}", lang, **values)

    def words(both: Words) -> str:
        return both.get(lang, "")

    def environment(name: str) -> str:
        return t("page.environment.normal") if name == "normal" else t("page.environment.other", name=name)

    def digest_name(name: str) -> str:
        id = f"audit.page.digest.{name}"
        return text(id, lang) if id in all_texts() else name

    def label(name: str) -> str:
        id = f"label.{name}"
        return text(id, lang) if id in all_texts() else name

    def told(pick: Callable[[Code], str]) -> Callable[[FindingSummary], str]:
        return lambda finding: pick(code) if (code := code_of(finding)) is not None else ""

    names: dict[str, Any] = {
        "audit": audit,
        "lang": lang,
        "style": style,
        "style_hash": style_hash,
        "caps": CAPS,
        "waves": [(wave, rows) for wave, rows in waves if rows],
        "mandatory": {v.value: n for v, n in audit.by_verdict(mandatory=True).items()},
        "indicative": {v.value: n for v, n in audit.by_verdict(mandatory=False).items()},
        "day": day(audit.identity.as_of, lang),
        "t": t,
        "words": words,
        "anchor": anchor,
        "reasons": lambda counts: reasons(counts, lang),
        "why": lambda result: why(result, lang),
        "environment": environment,
        "digest_name": digest_name,
        "visible": visible,
        "annotate": lambda excerpt, finding: fold(annotate(excerpt, finding)),
        "label": label,
        "pretty": _pretty,
        "code_text": lambda finding: sentence(finding, lang),
        "code_clause": told(lambda code: code.clause),
        "code_remedy": told(lambda code: code.remedy(lang)),
    }
    return _template().render(names)

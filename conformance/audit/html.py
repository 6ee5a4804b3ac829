"""The audit as one HTML page: self-contained, nothing loaded, whole without its few lines of script and on paper."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from conformance.audit.annotate import annotate, fold, plain
from conformance.audit.excerpt import elide, visible
from conformance.audit.model import (
    Audit,
    Counterexample,
    FindingExample,
    FindingSummary,
    RequirementResult,
    ScenarioResult,
    Share,
    Words,
)
from conformance.audit.untested import Need, untested
from conformance.evidence.codes import Code, all_codes
from conformance.evidence.verdict import Verdict
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
    deciding: int = 15  # rows named beside the exit code
    opened: int = 10  # entries of a reason that is shown unfolded


CAPS = Caps()

NEEDS = ("endpoint", "service", "pilot")


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
def _resource(name: str) -> tuple[Markup, str]:
    """A style sheet or script (ours, hence not escaped) and the hash by which the page's policy admits it alone."""
    content = (files(__package__) / "templates" / name).read_text("utf-8")
    return Markup(content), "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


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


def why(result: RequirementResult | ScenarioResult | Share, lang: Lang) -> str:
    """Why a verdict is not a plain conform or nonconform; empty when it is."""
    if not result.reason:
        return ""
    detail = result.detail.get(lang, "")
    if result.reason in ("abandoned", "no-witness", "unsettled"):
        detail = reason(detail, lang)
    return text(f"audit.reason.{result.reason}", lang, detail=detail)


def deciding(audit: Audit) -> list[RequirementResult]:
    """The rows that make the exit code what it is, in the order of the audit."""
    wanted = {
        1: (Verdict.NONCONFORM,),
        3: (Verdict.INCONCLUSIVE, Verdict.TO_ATTEST),
        4: (Verdict.TOOL_ERROR,),
    }.get(audit.exit_code, ())
    return [row for row in audit.requirements if row.verdict in wanted and (row.mandatory or audit.exit_code == 4)]


def replay(audit: Audit, lang: Lang) -> str:
    """The command that drives the same cases again."""
    who = audit.identity
    words = [f"conformance run --target {text('audit.page.replay.target', lang)}", f"--wave {','.join(who.waves)}"]
    words += [f"--effort {who.effort}", f"--seed {who.seed}"]
    if who.configuration and not audit.parts:
        words.append(f"--configuration {shlex.quote(visible(who.configuration))}")
    if who.only:
        words.append(f"--only {','.join(who.only)}")
    if who.cases:
        words.append(f"--cases {shlex.quote(visible(who.cases))}")
    return " \\\n  ".join(words)


def valid_place(example: Counterexample) -> FindingExample:
    """Where to look in the right message: the place of the finding, whatever stands there."""
    return replace(example.finding, seen="", expected="")


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
    style, style_hash = _resource("audit.css")
    script, script_hash = _resource("filter.js")
    waves = [(w, [r for r in audit.requirements if r.wave == w]) for w in audit.identity.waves]

    def t(id: str, /, **values: object) -> str:
        told = text(f"audit.{id}", lang, **values)
        # A French sign of two parts never begins a line.
        return re.sub(r" (?=[:;?!»])", "\u00a0", told) if lang == "fr" else told

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

    def need_name(need: Need) -> str:
        return t(f"page.need.{need.kind}", name=need.what) if need.kind in NEEDS else need.name

    def need_how(need: Need) -> str:
        return t(f"page.how.{need.kind}", name=need.what) if need.kind in NEEDS else ""

    states = Counter(row.receivability for row in audit.requirements)
    names: dict[str, Any] = {
        "audit": audit,
        "lang": lang,
        "style": style,
        "style_hash": style_hash,
        "script": script,
        "script_hash": script_hash,
        "caps": CAPS,
        "colon": ":" if lang == "en" else "\u00a0:",
        "untested": untested(audit),
        "need_name": need_name,
        "need_how": need_how,
        "first_wave": audit.identity.waves[0],
        "deciding": deciding(audit),
        "derived": sum(row.derived for row in audit.requirements),
        "owed": sum(row.proofs_owed for row in audit.requirements),
        "received": sum(row.proofs_received for row in audit.requirements),
        "receivability": {state: states[state] for state in ("complete", "incomplete", "none-owed")},
        "present": {v.value: n for v, n in audit.by_verdict().items() if n},
        "sections": list(dict.fromkeys(row.section for row in audit.requirements)),
        "levels": list(dict.fromkeys(row.level for row in audit.requirements)),
        "replay": replay(audit, lang),
        "valid_place": valid_place,
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
        "visible_lines": lambda told: "\n".join(visible(line) for line in told.split("\n")),
        "annotate": lambda excerpt, finding: fold(annotate(excerpt, finding) if finding else plain(excerpt)),
        "label": label,
        "pretty": _pretty,
        "code_text": lambda finding: sentence(finding, lang),
        "code_clause": told(lambda code: code.clause),
        "code_remedy": told(lambda code: code.remedy(lang)),
    }
    return _template().render(names)

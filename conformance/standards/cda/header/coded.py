"""Coded elements of the header: code, code system and label together, against a value set where the table names one."""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache

from conformance.standards import valuesets
from conformance.standards.cda.header.core import Row, Run
from conformance.standards.cda.header.systems import fault
from conformance.standards.cda.syntax import tag
from conformance.standards.valuesets import ValueSet
from conformance.standards.xml.syntax import Element

LONGEST = 300
"""Characters of a label that are compared."""

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))*")
_TRANSLATION = tag("translation")
_QUALIFIER = tag("qualifier")
_ORIGINAL = tag("originalText")
_CS_FORBIDDEN = ("codeSystem", "codeSystemName", "codeSystemVersion", "displayName")

# Labels that say the same as the published one with other words.
_SYNONYMS = {
    ("F", "2.16.840.1.113883.5.1"): ("femme", "female"),
    ("M", "2.16.840.1.113883.5.1"): ("homme", "male"),
    ("UN", "2.16.840.1.113883.5.1"): ("indetermine", "undifferentiated", "non precise"),
    ("R", "2.16.840.1.113883.5.25"): ("restricted", "acces restreint"),
    ("V", "2.16.840.1.113883.5.25"): ("very restricted", "acces tres restreint"),
    ("N", "2.16.840.1.113883.5.25"): ("normale",),
    ("IMP", "2.16.840.1.113883.5.4"): ("inpatient encounter", "patient hospitalise"),
    ("AMB", "2.16.840.1.113883.5.4"): ("ambulatory",),
    ("EMER", "2.16.840.1.113883.5.4"): ("urgence", "emergency"),
    ("HH", "2.16.840.1.113883.5.4"): ("domicile", "home health"),
}
_EMPTY_WORDS = frozenset({"avec", "sans", "dans", "pour", "autre", "autres", "code", "libelle", "test", "type"})


def coded(node: Element, row: Row, run: Run) -> None:
    """A CE or CD: what it must have, its code system, then its value set and its label; one mistake, one finding."""
    code, system, label = node.get("code"), node.get("codeSystem"), node.get("displayName")
    if code is None:
        _without_code(node, row, run, system, label)
    elif _complete(node, row, run, code, system, label):
        _valued(node, row, run, code, system or "", label or "")
    _distinct(node, row, run)


def _without_code(node: Element, row: Row, run: Run, system: str | None, label: str | None) -> None:
    if node.get("nullFlavor") is not None:
        return  # the walk has told of it
    if label is not None or "full" in row.options or "set" in row.options or node.find(_ORIGINAL) is None:
        seen = " ".join(text for text in (system, label) if text)
        run.say("cda.coded.incomplete", node, row=row, below="@code", seen=seen, expected="@code")


def _complete(node: Element, row: Row, run: Run, code: str, system: str | None, label: str | None) -> bool:
    for name, value in (("code", code), ("codeSystem", system), ("displayName", label)):
        if value is None:
            if name == "codeSystem" or "full" in row.options:
                run.say("cda.coded.incomplete", node, row=row, below=f"@{name}", seen=code, expected=f"@{name}")
                return False
        elif not value.strip():
            run.say("cda.coded.incomplete", node, row=row, below=f"@{name}", seen=value, expected=f"@{name}")
            return False
        elif value != value.strip() and name != "displayName":
            run.say("cda.coded.blank", node, row=row, below=f"@{name}", seen=f"«{value}»", expected=value.strip())
            return False
    if node.get("codeSystemName") == "" or (system is not None and _OID.fullmatch(system) is None):
        run.say("cda.coded.system-oid", node, row=row, below="@codeSystem", seen=system, expected=_bare(system or ""))
        return False
    return True


def _bare(system: str) -> str:
    return system.removeprefix("urn:oid:")


def _valued(node: Element, row: Row, run: Run, code: str, system: str, label: str) -> None:
    name = row.options.get("set")
    if name is None:
        wrong = fault(code, system)
        if wrong:
            run.say("cda.coded.syntax", node, row=row, below="@code", seen=f"{code} ({system})", expected=wrong)
        return
    known = valuesets.get(name)
    if not known.has(code, system):
        systems = known.systems_of(code)
        if systems:
            run.say("cda.coded.system", node, row=row, below="@codeSystem", seen=system, expected=" | ".join(systems))
        else:
            expected = _nearest(known, code) or f"{known.name} ({known.oid})"
            run.say(row.options["code"], node, row=row, below="@code", seen=f"{code} ({system})", expected=expected)
        return
    published = known.label(code, system)
    if label and label != published:
        _labelled(node, row, run, known, (code, system), label)


def _nearest(known: ValueSet, code: str) -> str:
    """The code that was meant, when only its case is wrong or the label was put in its place."""
    folded = code.casefold()
    return next((c for (c, _), text in known.concepts.items() if folded in (c.casefold(), text.casefold())), "")


def _labelled(node: Element, row: Row, run: Run, known: ValueSet, concept: tuple[str, str], label: str) -> None:
    words = normal(label[:LONGEST])
    labels = {normal(one) for one in (known.label(*concept), *_SYNONYMS.get(concept, ()))}
    if words in labels:
        return
    published = known.label(*concept)
    other = _others(known.name).get(words)
    if other is not None and other != concept[0]:
        code = "cda.coded.label"
    else:
        labels |= {normal(one) for one in valuesets.labels().get(concept, ())}
        if words in labels:
            return
        code = "cda.coded.label-near" if any(near(words, one) for one in labels) else "cda.coded.label"
    run.say(code, node, row=row, below="@displayName", seen=label, expected=published, cause=concept[0])


@lru_cache(maxsize=64)
def _others(name: str) -> dict[str, str]:
    """Label -> code, for the labels of a set that only one concept has."""
    found: dict[str, str] = {}
    twice = set()
    for (code, _), label in valuesets.get(name).concepts.items():
        words = normal(label)
        if words in found:
            twice.add(words)
        found[words] = code
    return {label: code for label, code in found.items() if label not in twice}


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Letters and digits in lower case without accents, other characters as one space."""
    bare = unicodedata.normalize("NFD", text.replace("œ", "oe").replace("Œ", "OE"))
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in bare.casefold() if not unicodedata.combining(c))))


@lru_cache(maxsize=4096)
def near(one: str, other: str) -> bool:
    """True when two normal labels plainly speak of the same thing: a shared word, or nearly the same letters."""
    if not one or not other:
        return False
    first = {word for word in one.split() if len(word) > 3 and word not in _EMPTY_WORDS}
    second = {word for word in other.split() if len(word) > 3 and word not in _EMPTY_WORDS}
    if first & second or one in other or other in one:
        return True
    if any(a.startswith(b[:5]) for a in first for b in second if min(len(a), len(b)) > 5):
        return True
    return difflib.SequenceMatcher(None, one[:80], other[:80]).ratio() > 0.7


def _distinct(node: Element, row: Row, run: Run) -> None:
    if len(node) == 0:
        return
    if row.type == "CE" and node.find(_QUALIFIER) is not None:
        run.say("cda.coded.qualifier", node, row=row)
    seen = set()
    for child in node.iterchildren(_TRANSLATION):
        concept = (child.get("code"), child.get("codeSystem"))
        if child.get("nullFlavor") is not None or concept in seen:
            run.say("cda.coded.translation", child, row=row, seen=child.get("code") or child.get("nullFlavor", ""))
        seen.add(concept)


def simple(node: Element, row: Row, run: Run) -> None:
    """A CS: a code and nothing else."""
    code = node.get("code")
    if code is None or not code.strip():
        if node.get("nullFlavor") is None:
            run.say("cda.coded.incomplete", node, row=row, below="@code", expected="@code")
        return
    for name in _CS_FORBIDDEN:
        if node.get(name) is not None:
            run.say("cda.coded.simple", node, row=row, below=f"@{name}", seen=node.get(name))
            return

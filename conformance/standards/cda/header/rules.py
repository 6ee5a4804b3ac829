"""Rules of the header that the table names by `is=`: the document's own identity, versions, roles, acts."""

from __future__ import annotations

import re

from conformance.evidence.values import Severity
from conformance.standards.cda.header import models
from conformance.standards.cda.header.core import Row, Run
from conformance.standards.cda.header.times import day, later
from conformance.standards.cda.syntax import tag
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

TYPE_ID = ("2.16.840.1.113883.1.3", "POCD_HD000040")
LANGUAGE = "fr-FR"
DISCHARGE = "1.2.250.1.213.2.14"
LONGEST_TITLE = 128

_VERSION = re.compile(r"[1-9][0-9]*")
_RELATED = tag("relatedDocument")
_PERFORMER = "/".join(tag(n) for n in ("serviceEvent", "performer"))
_ACT_TIME = "/".join(tag(n) for n in ("serviceEvent", "effectiveTime"))
_PARENT_ID = "/".join(tag(n) for n in ("parentDocument", "id"))


def document(node: Element, row: Row, run: Run) -> None:
    """What holds of the whole document: its models, its main act."""
    for name, value in (("classCode", "DOCCLIN"), ("moodCode", "EVN")):
        if node.get(name) not in (None, value):
            run.say("cda.header.role", node, row=row, below=f"@{name}", seen=node.get(name), expected=value)
    models.declared(node, run)
    main = node.find(tag("documentationOf"))
    if main is not None and main.get("nullFlavor") is None:
        if next(main.iterfind(_PERFORMER), None) is None:
            run.say("cda.act.performer", main, below="serviceEvent/performer")
        if main.find(_ACT_TIME) is None:
            run.say("cda.act.low", main, below="serviceEvent/effectiveTime")


def realm(node: Element, row: Row, run: Run) -> None:
    """The realm is FR."""
    if node.get("code") != "FR":
        run.say("cda.header.realm", node, row=row, below="@code", seen=node.get("code", ""), expected="FR")


def type_id(node: Element, row: Row, run: Run) -> None:
    """The schema is POCD_HD000040 of HL7."""
    seen = (node.get("root"), node.get("extension"))
    if seen != TYPE_ID and seen[0]:
        run.say("cda.header.type-id", node, row=row, seen=" ".join(s or "" for s in seen), expected=" ".join(TYPE_ID))


def document_id(node: Element, row: Row, run: Run) -> None:
    """The id is a complete OID or UUID; the DMP takes no extension."""
    if node.get("extension"):
        run.say("cda.id.extension", node, row=row, seen=node.get("extension"))
    for other in node.itersiblings(tag("setId")):
        if other.get("root") == node.get("root") and other.get("extension") == node.get("extension"):
            run.say("cda.id.as-set", node, row=row, seen=node.get("root", ""))


def set_id(node: Element, row: Row, run: Run) -> None:
    """The series is identified as the document is."""
    if node.get("extension"):
        run.say("cda.id.extension", node, row=row, seen=node.get("extension"))


def title(node: Element, row: Row, run: Run) -> None:
    """A title has 128 characters at most."""
    text = xml.text(node)
    if len(text) > LONGEST_TITLE:
        run.say("cda.title.length", node, row=row, seen=len(text), expected=LONGEST_TITLE)


def language(node: Element, row: Row, run: Run) -> None:
    """The language is `fr-FR`, case included (3.5.5.9)."""
    code = node.get("code")
    if code is not None and code != LANGUAGE:
        run.say("cda.language.value", node, row=row, below="@code", seen=code, expected=LANGUAGE)


def version(node: Element, row: Row, run: Run) -> None:
    """A positive integer; more than 1 where a document is replaced."""
    value = node.get("value")
    if value is None or _VERSION.fullmatch(value) is None:
        return  # told by its type
    replaces = any(other.get("typeCode") == "RPLC" for other in node.itersiblings(_RELATED))
    if replaces and value == "1":
        restarts = any(v.restarts for oid in run.document.templates if (v := models.volets().get(oid)) is not None)
        run.say("cda.version.first", node, row=row, seen="1", severity=Severity.WARNING if restarts else None)
    elif not replaces and value != "1":
        run.say("cda.version.alone", node, row=row, seen=value, expected="relatedDocument RPLC")


def parent_id(node: Element, row: Row, run: Run) -> None:
    """A document does not replace itself, and names the version that it replaces, not the series."""
    root = run.document.root
    mine, series = root.find(tag("id")), root.find(tag("setId"))
    for own, code in ((mine, "cda.version.itself"), (series, "cda.version.set")):
        if own is not None and own.get("root") and _same(own, node):
            run.say(code, node, row=row, seen=node.get("root", ""))


def parent_set(node: Element, row: Row, run: Run) -> None:
    """The version replaced is of the same series."""
    series = run.document.root.find(tag("setId"))
    if series is not None and node.get("root") and series.get("root") and not _same(series, node):
        run.say("cda.version.other-set", node, row=row, seen=node.get("root", ""), expected=series.get("root", ""))


def parent_version(node: Element, row: Row, run: Run) -> None:
    """The version replaced has a lower number."""
    mine = run.document.root.find(tag("versionNumber"))
    own, other = ("" if one is None else one.get("value", "") for one in (mine, node))
    if _VERSION.fullmatch(own[:9]) and other[:9].isdigit() and int(other[:9]) >= int(own[:9]):
        run.say("cda.version.parent-version", node, row=row, seen=other, expected=f"< {own}")


def _same(one: Element, other: Element) -> bool:
    return one.get("root") == other.get("root") and one.get("extension") == other.get("extension")


def signature(node: Element, row: Row, run: Run) -> None:
    """The signature code of who takes responsibility or attests is S."""
    if node.get("code") != "S":
        seen = node.get("code") or node.get("nullFlavor", "")
        run.say("cda.actor.signature", node, row=row, below="@code", seen=seen, expected="S")


def author(node: Element, row: Row, run: Run) -> None:
    """An author is a person or a device; a person has a specialty."""
    held = [xml.local(child) for child in node if xml.local(child) in ("assignedPerson", "assignedAuthoringDevice")]
    if len(held) > 1:
        run.say("cda.author.both", node, row=row, seen=" + ".join(held))
    elif not held:
        run.say("cda.author.nobody", node, row=row)
    elif held == ["assignedPerson"] and node.find(tag("code")) is None:
        run.say("cda.author.specialty-absent", node, row=row, below="code")
    if "assignedPerson" in held and node.find(tag("representedOrganization")) is None:
        run.say("cda.author.structure-absent", node, row=row, below="representedOrganization")


def informant(node: Element, row: Row, run: Run) -> None:
    """An informant is a professional or a relation of the patient, one of them."""
    held = [child for child in node if xml.local(child) in ("assignedEntity", "relatedEntity")]
    if len(held) != 1:
        run.say("cda.informant.entity", node, row=row, seen=len(held))


def order_id(node: Element, row: Row, run: Run) -> None:
    """An order is told from others by its extension under the arc of its issuer, or by a UUID."""
    root = node.get("root", "")
    if "." in root and node.get("extension") is None:
        run.say("cda.order.id-root", node, row=row, seen=root)


def completed(node: Element, row: Row, run: Run) -> None:
    """A consent that is recorded is completed."""
    if node.get("nullFlavor") is None and node.get("code") != "completed":
        run.say("cda.consent.status", node, row=row, below="@code", seen=node.get("code", ""), expected="completed")


def discharge(node: Element, row: Row, run: Run) -> None:
    """The way out is coded, under 1.2.250.1.213.2.14."""
    for name in ("code", "displayName"):
        if node.get(name) is None and node.get("nullFlavor") is None and node.get("codeSystem") is not None:
            run.say("cda.coded.incomplete", node, row=row, below=f"@{name}", expected=f"@{name}")
            return
    system = node.get("codeSystem")
    if system not in (None, DISCHARGE):
        run.say("cda.coded.system", node, row=row, below="@codeSystem", seen=system, expected=DISCHARGE)


def responsible(node: Element, row: Row, run: Run) -> None:
    """Who answers for the encounter has a name."""
    for entity in node.iterchildren(tag("assignedEntity")):
        if entity.find(tag("assignedPerson")) is None:
            run.say("cda.encounter.responsible-name", entity, row=row, below="assignedPerson")


def act_period(node: Element, row: Row, run: Run) -> None:
    """The main act does not begin years after the document that tells of it."""
    low = node.find(tag("low"))
    begun = None if low is None else day(low.get("value", ""))
    made = day(run.document.effective)
    if begun is not None and made is not None:
        later(node, row, run, "cda.act.after", "low", begun, made)

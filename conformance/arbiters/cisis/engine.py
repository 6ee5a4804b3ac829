"""One document judged in this process: XSD, then each schematron that applies, in SaxonC."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any

from conformance.arbiters.cisis import codes, reading, volets
from conformance.arbiters.cisis.grammar import Grammar
from conformance.arbiters.cisis.package import FAMILIES, TERMINOLOGIES, Package
from conformance.arbiters.cisis.report import NotRun, OfficialFinding, OfficialReport
from conformance.arbiters.cisis.stylesheets import Stylesheets
from conformance.errors import Malformed, SetupError
from conformance.standards.schematron import Compiled, Outcome, SchemaError, read_outcome
from conformance.standards.schematron.stylesheet import OURS
from conformance.standards.xml.syntax import Element

UPSTREAM = {
    "2.16.840.1.113883.6.1": "LOINC",
    "2.16.840.1.113883.6.96": "SNOMED CT",
    "1.2.250.1.213.2.62": "UCD",
    "2.16.840.1.113883.3.26.1.1": "NCIT",
    "2.16.840.1.113883.6.3": "CIM-10",
    "1.2.250.1.213.2.11": "ADICAP",
    "1.2.250.1.213.2.5": "CCAM",
    "1.2.250.1.213.2.59": "Medicabase",
    "1.2.250.1.213.2.65": "CLADIMED",
    "2.16.840.1.113883.6.73": "ATC",
    "1.2.250.1.213.2.68": "EMDN",
    "2.16.840.1.113883.6.347": "CIM-11",
    "0.4.0.127.0.16.1.1.2.1": "EDQM",
}
"""The code systems whose codes the official tool looks up, when the package is complete."""


class Engine:
    """A package ready to judge, in this process. Raises SetupError: no SaxonC, an XSD that does not load."""

    def __init__(self, package: Package, *, kept: Path | None = None) -> None:
        try:
            from saxonche import PySaxonProcessor
        except ImportError:
            raise SetupError("official.no-saxon") from None
        self._package = package
        self._grammar = Grammar(package)
        self._codes = codes.Codes(codes.build(package, kept=kept))
        self._stylesheets = Stylesheets(package, kept=kept)
        self._saxon: Any = PySaxonProcessor(license=False)
        self._xslt: Any = self._saxon.new_xslt30_processor()
        self._loaded: dict[str, tuple[Compiled, Any]] = {}

    def judge(self, raw: bytes, name: str = "") -> OfficialReport:
        """The verdict on a document, given as its bytes. Never raises for what the document holds."""
        try:
            root, dropped = reading.read(raw)
        except Malformed as error:
            return OfficialReport(
                name, False, xsd=(f"{error.path}: {error.seen}",), not_run=(NotRun("", "malformed", error.code),)
            )
        document = reading.unwrapped(root)
        wrong = self._grammar.errors(document)
        volet, unknown = volets.choose(document, self._package.volets)
        not_run = [NotRun(unknown, "volet-unknown")] if unknown else []
        absent = sorted({s for s in _systems(document) if s in UPSTREAM and s not in self._codes.systems})
        not_run += [NotRun(s, "terminology-absent", UPSTREAM[s]) for s in absent]
        not_run += [NotRun(entity, "entity") for entity in dropped]
        node = self._saxon.parse_xml(xml_text=reading.source(document))
        findings: list[OfficialFinding] = []
        for family in [*FAMILIES, *([volet] if volet else [])]:
            try:
                outcome = self._run(family, node, document)
            except SchemaError as error:
                not_run.append(NotRun(family, "schematron-unusable", str(error)))
                continue
            not_run += [NotRun(family, "rule-error", f"{p}: {code} {said}"[:500]) for p, code, said in outcome.errors]
            findings += [
                OfficialFinding(
                    family, f"{family}.{f.test.id}", f.test.role, f.path, f.text, reading.line_of(document, f.path)
                )
                for f in outcome.failures
            ]
        accepted = not wrong and not any(f.refuses for f in findings)
        return OfficialReport(name, accepted, wrong, tuple(findings), volet, tuple(not_run))

    def _run(self, family: str, node: Any, document: Element) -> Outcome:
        compiled, stylesheet = self._load(family)
        if compiled.dynamic:
            documents, texts = self._tables(family, compiled, document)
            stylesheet.set_parameter(f"{{{OURS}}}documents", self._saxon.make_string_value("\n".join(documents)))
            stylesheet.set_parameter(f"{{{OURS}}}texts", self._saxon.make_string_value("\n".join(texts)))
        return read_outcome(compiled, stylesheet.transform_to_string(xdm_node=node))

    def _load(self, family: str) -> tuple[Compiled, Any]:
        if family not in self._loaded:
            compiled = self._stylesheets.get(family)
            try:
                stylesheet = self._xslt.compile_stylesheet(stylesheet_text=compiled.stylesheet)
            except Exception as error:  # noqa: BLE001 - SaxonC raises its own class, which only exists once imported
                raise SchemaError(str(error)[:500], family) from None
            self._loaded[family] = (compiled, stylesheet)
        return self._loaded[family]

    def _tables(self, family: str, compiled: Compiled, document: Element) -> tuple[list[str], list[str]]:
        """The terminologies that a document may ask for, and its codes that they hold, as the rules call them."""
        home = posixpath.dirname(self._package.schematrons[family])
        prefix = next(
            (v for v in compiled.constants.values() if posixpath.normpath(posixpath.join(home, v)) == TERMINOLOGIES), ""
        )
        systems = _systems(document)
        there = {system for system in systems if system in self._codes.systems}
        pairs = {(s, c) for s in there for c in systems[s] if c.isprintable()}
        found = self._codes.known(pairs)
        return [f"{prefix}{s}.rdf" for s in sorted(there)], [f"{prefix}{s}.rdf\t{c}" for s, c in sorted(found)]


def _systems(document: Element) -> dict[str, set[str]]:
    """The codes of a document by code system."""
    found: dict[str, set[str]] = {}
    for element in document.iter("*"):
        system = element.get("codeSystem")
        if system and "\n" not in system:
            found.setdefault(system, set()).add(element.get("code", ""))
    return found

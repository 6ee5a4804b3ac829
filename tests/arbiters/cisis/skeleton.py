"""The ISO skeleton that the official package ships, run in SaxonC: the judge of our own compiler."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from lxml import etree

from conformance.arbiters.cisis.package import Package
from conformance.standards.schematron import compile_schema

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
STAGES = ("iso_dsdl_include.xsl", "iso_abstract_expand.xsl", "iso_svrl_for_xslt2.xsl")

Told = Counter[tuple[str, str, str]]
"""How often each (path, role, text) was told."""


class Skeleton:
    """The schematrons of a package compiled by its own skeleton, in a copy where its broken paths are put right."""

    def __init__(self, package: Package, folder: Path) -> None:
        import saxonche

        self._package = package
        self._folder = folder
        self.saxon: Any = saxonche.PySaxonProcessor(license=False)
        self._xslt: Any = self.saxon.new_xslt30_processor()
        self._loaded: dict[str, Any] = {}
        for name in ("schematrons", "jeuxDeValeurs"):
            shutil.copytree(package.root / name, folder / name, copy_function=shutil.copyfile)
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        for href in package.schematrons.values():
            compile_schema(package.files, "", href)
        for asked, real in package.files.renamed.items():
            (folder / asked).parent.mkdir(parents=True, exist_ok=True)
            if not (folder / asked).exists():
                shutil.copyfile(package.files.path(real), folder / asked)
        for asked, made in package.files.made.items():
            shutil.copyfile(made, folder / asked)
        engine = package.root / "schematrons" / "moteur"
        self._stages = [self._xslt.compile_stylesheet(stylesheet_file=str(engine / stage)) for stage in STAGES]

    def parsed(self, document: str) -> Any:
        """A document as SaxonC holds it."""
        return self.saxon.parse_xml(xml_text=document)

    def told(self, name: str, node: Any) -> Told:
        """What the schematron of a name says of a document."""
        said = self._stylesheet(name).transform_to_string(xdm_node=node)
        root = etree.fromstring(said.encode(), etree.XMLParser(huge_tree=True))
        found = root.iter(f"{SVRL}failed-assert", f"{SVRL}successful-report")
        return Counter((e.get("location", ""), e.get("role") or "", self._text(e)) for e in found)

    @staticmethod
    def _text(element: Any) -> str:
        return " ".join("".join(element.find(f"{SVRL}text").itertext()).split())

    def _stylesheet(self, name: str) -> Any:
        if name not in self._loaded:
            source = self._folder / self._package.schematrons[name]
            text = source.read_text(encoding="utf-8")
            for _, href in compile_schema(self._package.files, "", self._package.schematrons[name]).missing:
                text = re.sub(rf'<include\s+href="{re.escape(href)}"\s*/>', "", text)
            source.write_text(text, encoding="utf-8")
            made = self._stages[0].transform_to_string(source_file=str(source))
            for stage in self._stages[1:]:
                made = stage.transform_to_string(xdm_node=self.saxon.parse_xml(xml_text=made))
            place = source.with_name(f"skeleton-{name}.xsl")
            place.write_text(made, encoding="utf-8")
            self._loaded[name] = self._xslt.compile_stylesheet(stylesheet_file=str(place))
        return self._loaded[name]

"""The content model as an XML Schema, built in memory from `model.txt` and compiled once by libxml2."""

from __future__ import annotations

from functools import cache
from typing import Any

from lxml import etree

from conformance.standards.cda.structure.notation import Attribute, Complex, Model, Name, Particle, Simple, model

XS = "http://www.w3.org/2001/XMLSchema"
_FACETS = {"pattern": "pattern", "length": "minLength", "least": "minInclusive", "most": "maxInclusive"}
_SCHEME = "model:"


def _q(name: str) -> str:
    return f"{{{XS}}}{name}"


class _Builder:
    """Writes one schema a namespace; the simple types all lie in that of hl7."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def schemas(self) -> dict[str, bytes]:
        return {prefix: etree.tostring(self.schema(prefix)) for prefix in self.model.namespaces}

    def schema(self, prefix: str) -> etree._Element:
        model = self.model
        root = etree.Element(
            _q("schema"),
            nsmap={"xs": XS, **model.namespaces},
            targetNamespace=model.namespaces[prefix],
            elementFormDefault="qualified",
        )
        for other, uri in model.namespaces.items():
            if other != prefix:
                etree.SubElement(root, _q("import"), namespace=uri, schemaLocation=_SCHEME + other)
        for name, (target, nillable) in model.elements.items():
            if name[0] == prefix:
                element = etree.SubElement(root, _q("element"), name=name[1], type=self.ref(target))
                if nillable:
                    element.set("nillable", "true")
        for name, kind in model.attributes.items():
            if name[0] == prefix:
                etree.SubElement(root, _q("attribute"), name=name[1], type=self.simple_ref(kind))
        for name, items in model.groups.items():
            if name[0] == prefix:
                self.content(etree.SubElement(root, _q("group"), name=name[1]), items)
        for complex_type in model.types.values():
            if complex_type.name[0] == prefix:
                self.complex(root, complex_type)
        if prefix == "hl7":
            for simple in model.simples.values():
                self.simple(root, simple)
        return root

    def ref(self, name: Name) -> str:
        return self.simple_ref(name[1]) if not name[0] else ":".join(name)

    def simple_ref(self, name: str) -> str:
        return name if ":" in name else f"hl7:{name}"

    def simple(self, parent: etree._Element, simple: Simple) -> None:
        node = etree.SubElement(parent, _q("simpleType"), name=simple.name)
        if simple.variety == "list":
            etree.SubElement(node, _q("list"), itemType=self.simple_ref(simple.members[0]))
        elif simple.variety == "union":
            etree.SubElement(node, _q("union"), memberTypes=" ".join(map(self.simple_ref, simple.members)))
        else:
            self.restriction(node, simple.base, simple.codes, simple.facets)

    def restriction(
        self, node: etree._Element, base: str, codes: tuple[str, ...], facets: tuple[tuple[str, str], ...] = ()
    ) -> None:
        inner = etree.SubElement(node, _q("restriction"), base=self.simple_ref(base))
        for facet, value in facets:
            etree.SubElement(inner, _q(_FACETS[facet]), value=value)
        for code in codes:
            etree.SubElement(inner, _q("enumeration"), value=code)

    def complex(self, parent: etree._Element, complex_type: Complex) -> None:
        node = etree.SubElement(parent, _q("complexType"), name=complex_type.name[1])
        if complex_type.mixed:
            node.set("mixed", "true")
        if complex_type.abstract:
            node.set("abstract", "true")
        if complex_type.base is not None:
            node = etree.SubElement(
                etree.SubElement(node, _q("complexContent")),
                _q("restriction" if complex_type.restricts else "extension"),
                base=self.ref(complex_type.base),
            )
        self.content(node, complex_type.items)
        for attribute in complex_type.attributes:
            self.attribute(node, attribute)

    def content(self, parent: etree._Element, items: tuple[Particle, ...]) -> None:
        if items:
            sequence = etree.SubElement(parent, _q("sequence"))
            for item in items:
                self.particle(sequence, item)

    def particle(self, parent: etree._Element, item: Particle) -> None:
        if item.kind in ("sequence", "choice"):
            node = etree.SubElement(parent, _q(item.kind))
            for below in item.items:
                self.particle(node, below)
        elif item.kind == "any":
            node = etree.SubElement(parent, _q("any"), namespace="##other", processContents="skip")
        elif item.kind == "group":
            node = etree.SubElement(parent, _q("group"), ref=self.ref(item.name))
        elif item.kind == "cited":
            node = etree.SubElement(parent, _q("element"), ref=self.ref(item.name))
        else:
            node = etree.SubElement(parent, _q("element"), name=item.name[1], type=self.ref(item.type))
            if item.nillable:
                node.set("nillable", "true")
        if item.low != 1:
            node.set("minOccurs", str(item.low))
        if item.high != 1:
            node.set("maxOccurs", "unbounded" if item.high is None else str(item.high))

    def attribute(self, parent: etree._Element, attribute: Attribute) -> None:
        if attribute.name[0]:
            node = etree.SubElement(parent, _q("attribute"), ref=self.ref(attribute.name))
        elif attribute.withdrawn:
            etree.SubElement(parent, _q("attribute"), name=attribute.name[1], use="prohibited")
            return
        elif attribute.codes:
            node = etree.SubElement(parent, _q("attribute"), name=attribute.name[1])
            self.restriction(etree.SubElement(node, _q("simpleType")), attribute.type, attribute.codes)
        else:
            node = etree.SubElement(
                parent, _q("attribute"), name=attribute.name[1], type=self.simple_ref(attribute.type)
            )
        if attribute.required:
            node.set("use", "required")
        if attribute.fixed is not None:
            node.set("fixed", attribute.fixed)


class _Memory(etree.Resolver):
    """Answers the imports of a schema from memory, and nothing else."""

    def __init__(self, texts: dict[str, bytes]) -> None:
        self.texts = texts

    def resolve(self, system_url: Any, public_id: Any, context: Any) -> Any:  # type: ignore[override]  # stub is short
        text = self.texts.get(str(system_url).removeprefix(_SCHEME))
        return None if text is None else self.resolve_string(text, context, base_url=system_url)


def build(model: Model) -> etree.XMLSchema:
    """The schema of a model, compiled. Its root element is whatever the model lets other namespaces cite."""
    texts = _Builder(model).schemas()
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    parser.resolvers.add(_Memory(texts))
    return etree.XMLSchema(etree.fromstring(texts["hl7"], parser, base_url=_SCHEME + "hl7"))


@cache
def schema() -> etree.XMLSchema:
    """The schema of a CDA document, compiled at the first call and kept."""
    return build(model())

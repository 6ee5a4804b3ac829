"""Model -> XSLT 3.0: one `for-each` over the selected nodes for each rule, one `if` for each assert, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from conformance.standards.schematron import contexts
from conformance.standards.schematron.contexts import Path, Step
from conformance.standards.schematron.lookups import Lookups, Table, attribute
from conformance.standards.schematron.model import Block, Item, Let, Pattern, Rule, Schema, Test, Value, flatten
from conformance.standards.schematron.tokens import variables

OURS = "urn:conformance:schematron"
"""The namespace of what we add (prefix `x`): variables, functions, keys."""

SEPARATOR = "&#xE000;"
"""Between the two halves of a key of a map: a character of the private use area."""

_NAMESPACES: Mapping[str, str] = {
    "xsl": "http://www.w3.org/1999/XSL/Transform",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "iso": "http://purl.oclc.org/dsdl/schematron",
    "schold": "http://www.ascc.net/xml/schematron",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "svrl": "http://purl.oclc.org/dsdl/svrl",
    "saxon": "http://saxon.sf.net/",
    "map": "http://www.w3.org/2005/xpath-functions/map",
    "err": "http://www.w3.org/2005/xqt-errors",
    "x": OURS,
}
"""What the skeleton's stylesheets have in scope, and ours."""

_LIBRARY = f"""
<xsl:output method="xml" indent="no" omit-xml-declaration="yes"/>
<xsl:function name="x:path" as="xs:string">
  <xsl:param name="n" as="node()"/>
  <xsl:sequence select="string-join((if ($n instance of document-node()) then $n/* else $n)/ancestor-or-self::*/
    (let $m := name(), $k := count(preceding-sibling::*[name() = $m]) return
    '/' || $m || (if ($k) then '[' || ($k + 1) || ']' else '')))"/>
</xsl:function>
<xsl:function name="x:has1" as="xs:boolean">
  <xsl:param name="m" as="map(*)"/>
  <xsl:param name="a" as="xs:string*"/>
  <xsl:sequence select="some $i in $a satisfies map:contains($m, $i)"/>
</xsl:function>
<xsl:function name="x:has2" as="xs:boolean">
  <xsl:param name="m" as="map(*)"/>
  <xsl:param name="a" as="xs:string*"/>
  <xsl:param name="b" as="xs:string*"/>
  <xsl:sequence select="some $i in $a, $j in $b satisfies map:contains($m, $i || '{SEPARATOR}' || $j)"/>
</xsl:function>
"""

_DYNAMIC = """
<xsl:param name="x:documents" as="xs:string" select="''"/>
<xsl:param name="x:texts" as="xs:string" select="''"/>
<xsl:variable name="x:known-documents" as="map(*)" select="map:merge(
  tokenize($x:documents, '&#10;') ! map:entry(., true()), map{'duplicates': 'use-first'})"/>
<xsl:variable name="x:known-texts" as="map(*)" select="map:merge(
  tokenize($x:texts, '&#10;') ! map:entry(., true()), map{'duplicates': 'use-first'})"/>
<xsl:function name="x:available" as="xs:boolean">
  <xsl:param name="d" as="xs:string?"/>
  <xsl:sequence select="map:contains($x:known-documents, string($d))"/>
</xsl:function>
<xsl:function name="x:listed" as="xs:boolean">
  <xsl:param name="d" as="xs:string?"/>
  <xsl:param name="t" as="xs:string?"/>
  <xsl:sequence select="map:contains($x:known-texts, string($d) || '&#9;' || string($t))"/>
</xsl:function>
"""


@dataclass(slots=True)
class Writer:
    """Writes the stylesheet of a schema; `tests` are its asserts and reports in the order of their numbers."""

    schema: Schema
    lookups: Lookups
    base: str
    tests: list[tuple[Test, str, str]] = field(default_factory=list)
    _heads: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)
    _tops: list[str] = field(default_factory=list)
    _shared: dict[tuple[str, tuple[Item, ...]], str] = field(default_factory=dict)
    _globals: frozenset[str] = frozenset()

    def write(self) -> str:
        """The whole stylesheet."""
        self._globals = frozenset(let.name for let in self.schema.globals())
        lets = [
            f"<xsl:variable name={_attr(let.name)} select={_attr(self.lookups.rewrite(let.value))}/>"
            for let in self.schema.globals()
        ]
        bodies = [self._pattern(number, pattern) for number, pattern in enumerate(self.schema.patterns)]
        calls = "".join(f'<xsl:call-template name="x:p{n}"/>' for n in range(len(bodies)))
        return "\n".join(
            [
                self._opening(),
                _LIBRARY,
                _DYNAMIC if self.lookups.dynamic else "",
                *self._held(),
                *(
                    f"<xsl:key name={_attr(n)} match={_attr(_key_match(p))} use={_attr(p)}/>"
                    for p, n in self._keys.items()
                ),
                *lets,
                *(
                    f"<xsl:variable name={_attr(name)} as='node()*' select={_attr(select)}/>"
                    for select, name in self._heads.items()
                ),
                f"<xsl:template match='/'><x:outcome>{calls}</x:outcome></xsl:template>",
                *bodies,
                *self._tops,
                "</xsl:stylesheet>",
            ]
        )

    def _opening(self) -> str:
        spaces = {**_NAMESPACES, **{p: u for p, u in self.schema.namespaces if p and p != "xml"}}
        declared = " ".join(f"xmlns:{p}={_attr(u)}" for p, u in spaces.items())
        return f"<xsl:stylesheet version='3.0' {declared} exclude-result-prefixes='#all' xml:base={_attr(self.base)}>"

    def _held(self) -> Iterator[str]:
        """Documents and maps, made when the stylesheet is compiled (static) and kept with it."""
        for address, name in self.lookups.documents.items():
            yield f"<xsl:variable name='x:{name}' static='yes' select={_attr(f'doc({_literal(address)})')}/>"
        for table, name in self.lookups.tables.items():
            yield f"<xsl:variable name='x:{name}' static='yes' select={_attr(_map_of(table))}/>"

    # -- patterns ------------------------------------------------------------------------------------------------

    def _pattern(self, number: int, pattern: Pattern) -> str:
        alternatives = [contexts.parse(rule.context) for rule in pattern.rules]
        if any(paths is None for paths in alternatives):
            inside = self._matched(number, pattern)
        else:
            kept = [paths for paths in alternatives if paths is not None]
            inside = "".join(self._selected(pattern, kept))
        told = f"<x:error p='{number}' c='{{$err:code}}'><xsl:value-of select='$err:description'/></x:error>"
        body = f"<xsl:try>{inside}<xsl:catch>{told}</xsl:catch></xsl:try>" if inside else ""
        return f"<xsl:template name='x:p{number}'>{body}</xsl:template>"

    def _selected(self, pattern: Pattern, alternatives: list[tuple[Path, ...]]) -> Iterator[str]:
        """Each rule over the nodes of its own context, less those that an earlier rule of the pattern has taken."""
        for index, rule in enumerate(pattern.rules):
            items = self._items(rule, pattern)
            if not items:
                continue
            wanted = "|".join(self._selection(path) for path in alternatives[index])
            taken = dict.fromkeys(
                self._selection(earlier)
                for paths in alternatives[:index]
                for earlier in paths
                if any(not contexts.disjoint(earlier, path) for path in alternatives[index])
            )
            if wanted in taken:
                continue
            if taken:
                wanted = f"({wanted}) except ({'|'.join(taken)})"
            yield f"<xsl:for-each select={_attr(wanted)}>{items}</xsl:for-each>"

    def _matched(self, number: int, pattern: Pattern) -> str:
        """The same with real match templates, for contexts that cannot be turned into selections."""
        mode = f"x:m{number}"
        self._tops.append(f"<xsl:mode name='{mode}' on-no-match='shallow-skip'/>")
        self._tops.append(f"<xsl:template match='document-node() | node()' mode='{mode}' priority='-10'/>")
        for index, rule in enumerate(pattern.rules):
            context = self.lookups.rewrite(rule.context)
            priority = 1000 + len(pattern.rules) - index
            self._tops.append(
                f"<xsl:template match={_attr(context)} mode='{mode}' priority='{priority}'>"
                f"{self._items(rule, pattern)}</xsl:template>"
            )
        return f"<xsl:apply-templates select='/ | //*' mode='{mode}'/>"

    # -- contexts ------------------------------------------------------------------------------------------------

    def _selection(self, path: Path) -> str:
        """A variable that holds the nodes of a path: one for each beginning, so that rules share their work."""
        at = "/" if path.rooted else ""
        if not path.steps:
            return "/"
        for number, step in enumerate(path.steps):
            first = number == 0 and not path.rooted
            text = self._first(step) if first else f"{at if at != '/' else ''}{step.axis}{self._step(step)}"
            at = f"${self._heads.setdefault(text, f'x:n{len(self._heads)}')}"
        return at

    def _first(self, step: Step) -> str:
        found = contexts.anchor(step)
        if found is None:
            return f"//{self._step(step)}"
        key = self._keys.setdefault(found.path, f"x:k{len(self._keys)}")
        looked = f"key('{key}', {_literal(found.value)})"
        if contexts.alone(step):
            return looked if step.name == "*" else f"{looked}[self::{step.name}]"
        return f"{looked}/self::{self._step(step)}"

    def _step(self, step: Step) -> str:
        return self.lookups.rewrite(step.text)

    # -- rules ---------------------------------------------------------------------------------------------------

    def _items(self, rule: Rule, pattern: Pattern) -> str:
        if not any(isinstance(item, Test) for item in flatten(rule.items)):
            return ""
        return "".join(self._body(rule.items, pattern, rule, _attributes(rule.items)))

    def _body(self, items: tuple[Item, ...], pattern: Pattern, rule: Rule, attributes: frozenset[str]) -> Iterator[str]:
        for index, item in enumerate(items):
            if isinstance(item, Let):
                yield f"<xsl:variable name={_attr(item.name)} select={_attr(self.lookups.rewrite(item.value))}/>"
            elif isinstance(item, Test):
                yield self._test(item, pattern, rule, attributes)
            elif self._closed(item, items[:index], items[index + 1 :]):
                yield f"<xsl:call-template name='{self._template(item, pattern)}'/>"
            else:
                yield from self._body(item.items, pattern, rule, attributes)

    def _closed(self, block: Block, before: tuple[Item, ...], after: tuple[Item, ...]) -> bool:
        """Whether an abstract rule shares no variable with the rule that extends it, and can stand alone."""
        needs = _free(flatten(block.items))
        named = {item.name for item in flatten(before) if isinstance(item, Let)}
        gives = {item.name for item in flatten(block.items) if isinstance(item, Let)}
        return needs <= self._globals and not needs & named and not gives & _free(flatten(after))

    def _template(self, block: Block, pattern: Pattern) -> str:
        name = self._shared.get((block.id, block.items))
        if name is None:
            name = self._shared[(block.id, block.items)] = f"x:a{len(self._shared)}"
            rule = Rule("", block.items, block.id)
            body = "".join(self._body(block.items, pattern, rule, _attributes(block.items)))
            self._tops.append(f"<xsl:template name='{name}'>{body}</xsl:template>")
        return name

    def _test(self, test: Test, pattern: Pattern, rule: Rule, attributes: frozenset[str]) -> str:
        number = len(self.tests)
        self.tests.append((test, pattern.id, rule.context or rule.id))
        looked = self.lookups.rewrite(test.test, attributes)
        condition = looked if test.report else f"not({looked})"
        said = "".join(_shown(p, self.lookups) for p in test.message if isinstance(p, Value))
        return f"<xsl:if test={_attr(condition)}><x:f n='{number}' p='{{x:path(.)}}'>{said}</x:f></xsl:if>"


def _attributes(items: Iterable[Item]) -> frozenset[str]:
    """The variables of a rule that always hold an attribute of the node."""
    lets = [item for item in flatten(tuple(items)) if isinstance(item, Let)]
    names = [let.name for let in lets]
    return frozenset(let.name for let in lets if attribute(let) and names.count(let.name) == 1)


def _free(items: Iterable[Item]) -> set[str]:
    """The variables that some items, in order, use without having declared them."""
    free: set[str] = set()
    own: set[str] = set()
    for item in items:
        free |= _spoken(item) - own
        if isinstance(item, Let):
            own.add(item.name)
    return free


def _spoken(item: Item) -> frozenset[str]:
    if isinstance(item, Let):
        return variables(item.value)
    if isinstance(item, Test):
        return variables(item.test).union(*(variables(p.select) for p in item.message if isinstance(p, Value)))
    return frozenset()


def _shown(value: Value, lookups: Lookups) -> str:
    """A value of a message. The words around it stay out of the stylesheet: they are half of its weight."""
    return f"<x:v><xsl:value-of select={_attr(lookups.rewrite(value.select))}/></x:v>"


def _map_of(table: Table) -> str:
    found = f"doc({_literal(table.address)})//{table.name}"
    if not table.attributes:
        entry = f"{found}/text() ! map:entry(string(.), true())"
    else:
        held = "".join(f"[@{name}]" for name in table.attributes)
        whole = " || '\ue000' || ".join(f"@{name}" for name in table.attributes)
        entry = f"{found}{held} ! map:entry(string({whole}), true())"
    return f"map:merge({entry}, map{{'duplicates': 'use-first'}})"


def _key_match(path: str) -> str:
    """The elements a key is worth making for."""
    return f"*[{path}]"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _attr(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})

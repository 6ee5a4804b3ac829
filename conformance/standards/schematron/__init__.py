"""ISO Schematron (ISO/IEC 19757-3, query binding `xslt2`) compiled into one lean XSLT 3.0 stylesheet.

`compile_schema` reads a schema through a resolver that the caller gives, and writes a stylesheet that says only which
asserts fail (or reports succeed) and where. Same semantics as the ISO skeleton, another way to get there: the skeleton
walks the whole document once for each pattern; here each rule *selects* the nodes of its context, by a key where the
context begins with `element/@attribute = 'literal'`, so that a rule that the document cannot trigger costs nothing.

    source    files -> model: includes, phases, abstract patterns and rules
    model     what a schema is once read
    tokens    XPath text cut into tokens
    contexts  a match pattern as a selection, when that is proved to be the same
    lookups   documents named by literals loaded once, value sets as maps
    stylesheet  model -> XSLT 3.0
    results   what the stylesheet said -> `Failure`
"""

from conformance.standards.schematron.compiler import Compiled, compile_schema
from conformance.standards.schematron.results import Failure, Outcome, read_outcome
from conformance.standards.schematron.source import Missing, Resolver, SchemaError

__all__ = [
    "Compiled",
    "Failure",
    "Missing",
    "Outcome",
    "Resolver",
    "SchemaError",
    "compile_schema",
    "read_outcome",
]

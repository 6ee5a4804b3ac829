"""Run by itself in a process of its own: one XSLT 1.0 transformation, with nothing to read, write or call.

It imports nothing of ours. In: a line with two sizes, then the document, then the stylesheet (none when the document
holds it). Out: one line of JSON, then the result.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

from lxml import etree as typed

etree: Any = typed  # the stubs know neither resolvers nor access control

LIMIT_OUTPUT = 32 * 1024 * 1024
LIMIT_MEMORY = 1024 * 1024 * 1024
LIMIT_DEPTH = 1500
HERE = "conformance:document"


class _Nothing(etree.Resolver):  # type: ignore[misc]  # of a library seen as Any
    """Answers every address with an empty document, and remembers it: no file nor network is ever reached."""

    def __init__(self, own: dict[str, bytes]) -> None:
        self.asked: list[str] = []
        self.own = own

    def resolve(self, system_url: str, public_id: str, context: object) -> Any:
        if system_url in self.own:  # document(''): the stylesheet reads itself
            return self.resolve_string(self.own[system_url], context, base_url=system_url)
        if len(self.asked) < 50:
            self.asked.append(str(system_url)[:200])
        return self.resolve_string("<absent/>", context, base_url="conformance:absent")


def _limit(seconds: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_MEMORY, LIMIT_MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def transform(document: bytes, stylesheet: bytes | None) -> tuple[dict[str, object], bytes]:
    """(facts, result): `fault` is empty, `stylesheet`, `run` or `too-big`; `asked` the addresses it wanted."""
    own = {f"{HERE}/stylesheet": stylesheet} if stylesheet else {HERE: document}
    resolver = _Nothing(own)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    parser.resolvers.add(resolver)
    facts: dict[str, object] = {"fault": "", "detail": "", "asked": resolver.asked, "messages": []}
    rights = etree.XSLTAccessControl(
        read_file=True,  # reaches the resolver, which never lets it through
        write_file=False,
        create_dir=False,
        read_network=False,
        write_network=False,
    )
    etree.XSLT.set_global_max_depth(LIMIT_DEPTH)
    source = etree.fromstring(document, parser, base_url=HERE).getroottree()
    style = etree.fromstring(stylesheet, parser, base_url=f"{HERE}/stylesheet").getroottree() if stylesheet else source
    try:
        run = etree.XSLT(style, access_control=rights)
    except etree.LxmlError as error:
        return facts | {"fault": "stylesheet", "detail": str(error)[:500]}, b""
    try:
        result = bytes(run(source))
    except (etree.LxmlError, ValueError, MemoryError) as error:
        return facts | {"fault": "run", "detail": str(error)[:500]}, b""
    facts["messages"] = [str(entry.message)[:200] for entry in list(run.error_log)[:20]]
    if len(result) > LIMIT_OUTPUT:
        return facts | {"fault": "too-big", "detail": f"{len(result)} bytes"}, b""
    return facts, result


def main() -> None:
    """Read one order from standard input and answer it; the argument is the processor time it may take, in seconds."""
    _limit(int(sys.argv[1]))
    head = sys.stdin.buffer.readline().split()
    sizes = [int(word) for word in head]
    document = sys.stdin.buffer.read(sizes[0])
    stylesheet = sys.stdin.buffer.read(sizes[1]) or None
    facts, result = transform(document, stylesheet)
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + result)


if __name__ == "__main__":
    main()

"""What a rendered page shows, and what it needs from elsewhere. The page is only read, never executed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lxml import etree, html

LIMIT_TEXT = 5_000_000

_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_UNSEEN = frozenset({"script", "style", "head", "template", "noscript"})
_LOADED = {
    "img": ("src", "srcset"), "script": ("src",), "link": ("href",), "iframe": ("src",), "frame": ("src",),
    "object": ("data",), "embed": ("src",), "video": ("src", "poster"), "audio": ("src",), "source": ("src", "srcset"),
    "body": ("background",), "table": ("background",), "td": ("background",), "input": ("src",), "image": ("href",),
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A page read: its text as shown, what it loads from elsewhere, whether it runs scripts."""

    text: str
    loads: tuple[str, ...]
    scripts: tuple[str, ...]

    @cached_property
    def joined(self) -> str:
        """The text without blanks nor case, to find passages whatever their layout."""
        return joined(self.text)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Every number shown, without useless zeros."""
        return frozenset(number(n) for n in _NUMBER.findall(self.text))

    def says(self, passage: str) -> bool:
        """True when a passage is shown, blanks and case aside."""
        return joined(passage) in self.joined


def joined(text: str) -> str:
    """A text without blanks, without case, composed characters unified."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", text)).casefold()


def number(text: str) -> str:
    """A number with a point and without useless zeros: `2,050` is `2.05`."""
    whole, _, rest = text.replace(",", ".").partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")


def read(output: bytes) -> Page:
    """Read the result of a stylesheet: HTML, XHTML or text."""
    root = _root(output)
    if root is None:
        return Page(output[:LIMIT_TEXT].decode("utf-8", "replace"), (), ())
    scripts = tuple(_scripts(root))
    text = "".join(_text(root, hide=not scripts))[:LIMIT_TEXT]
    return Page(text, tuple(dict.fromkeys(_loads(root))), scripts)


def _root(output: bytes) -> etree._Element | None:
    if b"<" not in output:
        return None
    try:
        return html.document_fromstring(output, parser=html.HTMLParser(encoding=_encoding(output), huge_tree=False))
    except (etree.LxmlError, ValueError, LookupError):
        return None


def _encoding(output: bytes) -> str | None:
    head = output[:1024]
    declared = re.search(rb"(?:charset|encoding)\s*=\s*[\"']?([\w\-]+)", head)
    return declared[1].decode("ascii") if declared else "utf-8"


def _text(root: etree._Element, *, hide: bool) -> Iterator[str]:
    """Text nodes in order, a blank between elements; what styles hide is left out when no script could show it."""
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            unseen = tag in _UNSEEN or (
                hide and (_HIDDEN.search(element.get("style", "")) or "hidden" in element.attrib)
            )
            if unseen:
                walk.skip_subtree()
            else:
                yield element.text or ""
        else:
            yield f" {element.tail or ''}" if event == "end" else element.tail or ""


def _loads(root: etree._Element) -> Iterator[str]:
    """Every address that a reader would fetch to show the page: not links to follow, not data inside it."""
    for element in root.iter():
        tag = element.tag if isinstance(element.tag, str) else ""
        for name in _LOADED.get(tag, ()):
            value = (element.get(name) or "").strip()
            if value and not value.lower().startswith(("data:", "#", "about:", "cid:")):
                yield value[:200]
        style = (element.get("style") or "") + (element.text or "" if tag == "style" else "")
        for one, other in _URL.findall(style):
            address = (one or other).strip()
            if address and not address.lower().startswith(("data:", "#")):
                yield address[:200]


def _scripts(root: etree._Element) -> Iterator[str]:
    for element in root.iter():
        if element.tag == "script":
            yield "script"
        for name, value in element.attrib.items():
            if str(name).lower().startswith("on"):
                yield str(name)[:40]
            elif str(value).strip().lower().startswith("javascript:"):
                yield "javascript:"

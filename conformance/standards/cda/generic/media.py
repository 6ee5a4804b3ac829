"""Attachments (`observationMedia/value`) and every other embedded content of a structured body."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic import content
from conformance.standards.cda.generic.found import found
from conformance.standards.xml.syntax import Element, local


def judge_media(element: Element, document: Document) -> Iterator[Finding]:
    """An element that embeds Base64: strict, of the type announced, whole."""
    parent = element.getparent()
    if parent is None:
        return
    if element.get("representation") != "B64":
        if local(parent) == "observationMedia" and (element.text or "").strip():
            yield found("cda.media.representation", element, seen=element.get("representation", ""), expected="B64")
        return
    announced = element.get("mediaType", "")
    if local(parent) == "observationMedia":
        if not announced:
            yield found("cda.media.type-missing", element, expected=content.MEDIA_SET)
        elif announced not in content.media_types():
            yield found("cda.media.type-unknown", element, "mediaType", seen=announced, expected=content.MEDIA_SET)
    data, wrong = content.decoded(element.text or "")
    yield from judge_bytes(element, announced, data, wrong, compressed=element.get("compression") is not None)


def judge_bytes(
    element: Element, announced: str, data: bytes | None, wrong: str, *, compressed: bool = False
) -> Iterator[Finding]:
    """The bytes of an element that announces Base64, or what is wrong with them; `compressed` are not looked into."""
    if data is None:
        code = "empty" if wrong == "empty" else "base64"
        yield found(f"cda.media.{code}", element, seen=(element.text or "").strip()[:40], cause=wrong)
        return
    if content.is_twice(data):
        yield found("cda.media.twice", element, seen=data[:24].decode("latin-1"))
        return
    if compressed:
        return
    seen = content.what(data)
    if announced and not content.agrees(announced, seen):
        severity = Severity.WARNING if content.near(announced, seen) else None
        shown = f"{seen or '?'} {data[:8].hex(' ')}"
        yield found("cda.media.type-other", element, "mediaType", seen=shown, expected=announced, severity=severity)
        if severity is None:
            return
    if content.is_locked(data, seen):
        yield found("cda.media.locked", element, seen="/Encrypt")
        return
    lacking = content.cut(data, seen)
    if lacking:
        yield found("cda.media.cut", element, seen=f"{len(data)}", expected=lacking, cause=seen)


RULES = dict.fromkeys(("value", "text", "thumbnail", "originalText"), (judge_media,))

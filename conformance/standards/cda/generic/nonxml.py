"""The body that is not structured (N1): Structuration minimale, 3.7.2."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Finding
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic import content
from conformance.standards.cda.generic.found import found
from conformance.standards.cda.generic.media import judge_bytes
from conformance.standards.cda.syntax import tag


def judge_nonxml(document: Document) -> Iterator[Finding]:
    """The body of an N1, nothing for a structured document; a document without any body is the structure's matter."""
    body = document.body
    if body is None or document.structured:
        return
    text = body.find(tag("text"))
    if text is None:
        yield found("cda.n1.absent", body)
        return
    if text.get("nullFlavor") is not None:
        yield found("cda.n1.null", text, "nullFlavor", seen=text.get("nullFlavor"))
        return
    announced = text.get("mediaType")
    if announced not in content.N1_TYPES:
        expected = " ".join(sorted(content.N1_TYPES))
        yield found("cda.n1.media-type", text, "mediaType", seen=announced or "", expected=expected)
        announced = None  # the bytes are not held to a type that is refused already
    data, wrong = content.decoded(text.text or "")
    if text.get("representation") != "B64":
        yield found("cda.n1.representation", text, seen=text.get("representation", ""), expected="B64")
        if data is None or content.what(data) in ("", "text/plain"):
            return  # plain text, as it says: there is nothing to decode
    if wrong == "empty":
        yield found("cda.n1.empty", text)
        return
    yield from judge_bytes(text, announced or "", data, wrong)
    if data is not None and content.what(data) == "application/pdf" and not content.cut(data, "application/pdf"):
        part = content.pdf_a_part(data)
        if part != "1":
            yield found("cda.n1.pdf-a", text, seen=part, expected="1")


RULES = (judge_nonxml,)

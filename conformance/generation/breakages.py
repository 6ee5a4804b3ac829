"""Rendered messages broken in exactly one named way (`models/breakage.py` says what the volet makes of each)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

from conformance.generation.render import Rendered
from conformance.standards.hl7v2.syntax import Message, parse
from conformance.standards.ins import nir

Transform = Callable[[Rendered], Rendered]

# Never a replacement: it would also lack the document replaced, in TXA-13 and in the CDA.
_OTHER_STATUS = {"F": "D", "C": "D", "D": "F"}
_OTHER_ORDER = {"NW": "RO", "RO": "NW", "CA": "NW"}
_OTHER_EVENT = {"T02": "T04", "T10": "T02", "T04": "T02"}


@dataclass(frozen=True, slots=True)
class Broken:
    """A transformation and the finding code that the rules must yield for it, which the whole message lacks.

    `follows` are the codes of what cannot but follow: without its OID, an INS is no longer the one of the CDA.
    """

    name: str
    code: str
    apply: Transform
    follows: frozenset[str] = frozenset()


def _message(change: Callable[[Message], Message]) -> Transform:
    return lambda rendered: replace(rendered, message=change(parse(rendered.message)).raw)


def _document(change: Callable[[bytes], bytes]) -> Transform:
    """Change the bytes of the first document and put them back in the message."""

    def apply(rendered: Rendered) -> Rendered:
        data = change(rendered.documents[0])
        message = parse(rendered.message).with_value("OBX-5.5", base64.b64encode(data))
        return replace(rendered, message=message.raw, documents=(data, *rendered.documents[1:]))

    return apply


def _swap(path: str, table: dict[str, str]) -> Callable[[Message], Message]:
    return lambda m: m.with_value(path, table[m.get(path)])


def _without(name: str) -> Callable[[Message], Message]:
    def change(message: Message) -> Message:
        while (segment := message.first(name)) is not None:
            message = message.with_segment(segment.position, None)
        return message

    return change


def _cut(message: Message) -> Message:
    """Base64 whose last quantum is cut and which holds a character of no alphabet."""
    segment = message.first("OBX")
    data = segment.raw_value(5, component=5) if segment else b""
    return message.with_value("OBX-5.5", data[:1000] + b"*" + data[1001:])


def _wrong_key(rendered: Rendered) -> Rendered:
    """Another key on the INS, in the message and in the document alike."""
    right = rendered.identity.matricule
    wrong = right[:13] + f"{int(right[13:]) % 97 + 1:02d}"
    data = rendered.documents[0].replace(right.encode(), wrong.encode())
    message = parse(rendered.message.replace(right.encode(), wrong.encode()))
    return replace(
        rendered,
        message=message.with_value("OBX-5.5", base64.b64encode(data)).raw,
        documents=(data, *rendered.documents[1:]),
        keys=(*rendered.keys, ("patient", wrong)),
    )


def _other_patient(rendered: Rendered) -> Rendered:
    """A document whose INS is somebody else's: another order number, with its own valid key."""
    right = rendered.identity.matricule
    body = right[:10] + f"{(int(right[10:13]) + 499) % 999 + 1:03d}"
    other = (body + nir.key(body)).encode()
    return _document(lambda data: data.replace(right.encode(), other))(rendered)


def _flag_row(message: Message, code: str) -> int:
    """The occurrence (from 1) of the OBX that carries a flag."""
    rows = enumerate(message.all("OBX"), 1)
    return next(n for n, row in rows if row.value(3, 1) == code)


def _flag_missing(message: Message) -> Message:
    """One flag taken out; the rows after it are numbered again, so that nothing else is wrong."""
    row = _flag_row(message, "CONNEXION_SECRETE")
    message = message.with_segment(list(message.all("OBX"))[row - 1].position, None)
    for number, _ in enumerate(message.all("OBX"), 1):
        message = message.with_value(f"OBX({number})-1", str(number))
    return message


def _other_order_code(message: Message) -> Message:
    """Another document type, in OBR-4 only."""
    return message.with_value("OBR-4.1", "11488-4" if message.get("OBR-4.1") != "11488-4" else "18748-4")


_TRANSFORMS: tuple[Broken, ...] = (
    Broken("incoherent-obx-11", "hl7v2.request.incoherent", _message(_swap("OBX-11", _OTHER_STATUS))),
    Broken("incoherent-orc-1", "hl7v2.request.incoherent", _message(_swap("ORC-1", _OTHER_ORDER))),
    Broken("incoherent-event", "hl7v2.request.incoherent", _message(_swap("MSH-9.2", _OTHER_EVENT))),
    Broken("base64-broken", "hl7v2.base64.invalid", _message(_cut)),
    Broken("cda-truncated", "hl7v2.document.not-cda", _document(lambda data: data[: len(data) * 2 // 3])),
    Broken("cda-of-another-patient", "hl7v2.cda.patient-ids", _other_patient),
    Broken(
        "txa-12-other-id",
        "hl7v2.cda.document-id",
        _message(lambda m: m.with_value("TXA-12", f"{m.get('TXA-12')[:-6]}135791")),
    ),
    Broken("txa-13-missing", "hl7v2.txa.no-replaced-id", _message(lambda m: m.with_value("TXA-13", ""))),
    Broken("txa-17-other", "hl7v2.txa.status", _message(lambda m: m.with_value("TXA-17", "LA"))),
    Broken(
        "pid-without-ins-oid",
        "ins.oid.unknown",
        _message(lambda m: m.with_value("PID-3[1].4.2", "")),
        frozenset({"hl7v2.cda.patient-ids"}),
    ),
    Broken("nir-key-wrong", "ins.matricule.key", _wrong_key),
    Broken("orc-missing", "hl7v2.structure.missing", _message(_without("ORC"))),
    Broken("obr-4-differs", "hl7v2.order.code", _message(_other_order_code)),
    Broken("prt-missing", "hl7v2.prt.none", _message(_without("PRT")), frozenset({"hl7v2.prt.no-sender"})),
    Broken("flag-missing", "hl7v2.flags.missing", _message(_flag_missing)),
    Broken(
        "flag-value-unknown",
        "hl7v2.flags.value",
        _message(lambda m: m.with_value(f"OBX({_flag_row(m, 'INVISIBLE_PATIENT')})-5.1", "O")),
    ),
    Broken(
        "charset-undeclared-bytes",
        "hl7v2.charset.undecodable",
        _message(lambda m: m.with_value("OBR-4.2", "imagerie m\xe9dicale".encode("latin-1"))),
    ),
)

TRANSFORMS = {b.name: b for b in _TRANSFORMS}
"""Every transformation, by the name of its breakage."""


def break_message(name: str, rendered: Rendered) -> Rendered:
    """The message broken in one way, and nothing else; raises KeyError for an unknown name."""
    return TRANSFORMS[name].apply(rendered)

"""An exchange with the INSi service decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Direction, Exchange, Observation
from conformance.standards.insi import rules, syntax
from conformance.standards.insi.rules import Mode
from conformance.standards.saml import reader as saml
from conformance.standards.saml.reader import Vihf
from conformance.standards.saml.syntax import ASSERTION
from conformance.standards.xml.syntax import Element

LIMIT_ASSERTIONS = 4


@dataclass(frozen=True, slots=True)
class InsiRequest:
    """What was asked. `operation` is empty for a body that is none of the operations (`request` is then None).

    `mode` is how the caller says who it is: `CPS` or `PSC` (the NameQualifier of its assertion), `assertion` (another
    qualifier), `certificate` (no assertion: the client certificate alone). `common_name` is that of this certificate.
    """

    operation: str
    request: syntax.Request | None
    message: syntax.Message
    vihf: Vihf | None
    mode: Mode
    common_name: str

    @property
    def search(self) -> bool:
        """Whether an INS was looked for."""
        return self.operation in ("search-traits", "search-card")

    @property
    def verifications(self) -> tuple[syntax.Verification, ...]:
        """What was to be verified, one or many."""
        if isinstance(self.request, syntax.Verification):
            return (self.request,)
        return self.request.verifications if isinstance(self.request, syntax.BatchVerification) else ()

    def about(self, matricule: str) -> bool:
        """Whether it carries this matricule (verification, card)."""
        return matricule in {value for name, value in _keys(self) if name == "patient"}


@dataclass(frozen=True, slots=True)
class InsiAnswer:
    """What was answered. `operation` is that of the request, `code` is `00`, `01`, `02`, `OK`, `KO`, `fault`, or empty
    when nothing readable went (`answer` is then None). `fault` names the fault of the bench, empty when there is none.
    """

    operation: str
    code: str
    answer: syntax.Response | None
    status: int
    fault: str

    @property
    def found(self) -> syntax.Answer | None:
        """The answer of a search that found somebody."""
        return self.answer if isinstance(self.answer, syntax.Answer) and self.answer.ins is not None else None


def observe(exchange: Exchange) -> Observation:
    """`insi-request`, `insi-answer`, `insi-malformed` (a Malformed), `instruction`, `nothing` (no body); never raises.

    Keys of a request: `message` (MessageID), `patient` (matricules carried), `traits` (NOM^AAAA-MM-JJ). The findings
    are those of the rules of `conformance.standards.insi.rules`.
    """
    facts = exchange.facts
    if "instruction" in facts:
        return Observation(exchange, "instruction", None)
    content_type = facts.get("content_type")
    if exchange.direction is not Direction.FROM_VENDOR:
        return Observation(exchange, "insi-answer", _answer(exchange, str(content_type or "")))
    if not exchange.body:
        return Observation(exchange, "nothing", None)
    try:
        message = syntax.parse(exchange.body, content_type if isinstance(content_type, str) else "")
        vihf = professional(message.security)
    except Malformed as error:
        found = all_codes().finding(error.code, error.path, seen=error.seen, exchange=exchange.id)
        return Observation(exchange, "insi-malformed", error, (), (found,))
    value = request(message, vihf, str(facts.get("peer_subject", "")))
    action = facts.get("soap_action")
    findings = rules.judge(message, vihf, value.mode, value.common_name, str(action or ""))
    made = tuple(f.at(exchange=exchange.id) for f in findings)
    return Observation(exchange, "insi-request", value, tuple(dict.fromkeys(_keys(value))), made)


def request(message: syntax.Message, vihf: Vihf | None, subject: str) -> InsiRequest:
    """A request, with how its caller says who it is; `subject` is that of the client certificate."""
    asked = message.value if isinstance(message.value, syntax.Request) else None
    return InsiRequest(message.operation, asked, message, vihf, rules.mode(vihf), common_name(subject))


def professional(security: Element | None) -> Vihf | None:
    """The assertion of the professional in wsse:Security: that of a carte Vitale may stand beside it.

    Raises Malformed: those of the SAML reader, `insi.syntax.too-many` over 4 assertions.
    """
    held = [] if security is None else [e for e in security if e.tag == ASSERTION]
    if len(held) > LIMIT_ASSERTIONS:
        raise Malformed("insi.syntax.too-many", "wsse:Security", f"{len(held)} assertions")
    read = [found for e in held if (found := saml.read(e)) is not None]
    return next((v for v in read if v.name_qualifier in ("CPS", "PSC")), read[0] if read else None)


_COMMON_NAME = re.compile(r"(?:^|,\s*)(?:commonName|CN)=((?:[^,\\]|\\.)*)")


def common_name(subject: str) -> str:
    """The CN of a distinguished name written as `key=value` pairs, empty when there is none."""
    found = _COMMON_NAME.search(subject)
    return found[1].strip() if found else ""


def _keys(value: InsiRequest) -> Iterator[tuple[str, str]]:
    if value.message.addressing.message_id:
        yield "message", value.message.addressing.message_id
    asked = value.request
    for one in value.verifications:
        if one.ins is not None and one.ins.matricule:
            yield "patient", one.ins.matricule
        yield from _named(one.traits.birth_name, one.traits.birth)
    if isinstance(asked, syntax.CardSearch):
        if asked.number is not None and asked.number.matricule:
            yield "patient", asked.number.matricule
        yield from _named(asked.birth_name, asked.birth)
    if isinstance(asked, syntax.TraitsSearch):
        yield from _named(asked.birth_name, asked.birth)


def _named(name: str, birth: str) -> Iterator[tuple[str, str]]:
    if name and birth:
        yield "traits", f"{name}^{birth}"


def _answer(exchange: Exchange, content_type: str) -> InsiAnswer:
    facts = exchange.facts
    status = facts.get("status")
    told = (str(facts.get("event", "")), str(facts.get("code", "")))
    value: syntax.Response | None = None
    if exchange.body:
        try:
            message = syntax.parse(exchange.body, content_type)
        except Malformed:
            pass  # cut, as a fault asked
        else:
            value = message.value if isinstance(message.value, syntax.Response) else None
    return InsiAnswer(*told, value, status if isinstance(status, int) else 0, str(facts.get("fault", "")))

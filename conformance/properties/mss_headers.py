"""The headers of MSSanté on the mails that a PFI sends (MSS/CONF.14, CONF.15, CONF.16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.evidence.values import Context, Driven, Finding, Heard, Severity, Witness
from conformance.properties.base import register
from conformance.properties.mails import MSS, asked, said, sent, settings
from conformance.standards.mail import rules

_CONTROL = "mss:reply-open"


def _by_form(heard: Heard, context: Context, group: str) -> Iterator[Finding | Witness]:
    """A header that depends on what is enclosed: two assertions, with a CDA in an archive and without."""
    for one in sent(heard, context):
        held = bool(one.letter.contents.documents)
        yield from said(one, rules.GROUPS[group], "header of a CDA enclosed" if held else "no header without a CDA")


@register(
    "mss.header-ins",
    exercise="documents.intake",
    clause="DSR PFI MSS/CONF.14 ; référentiel socle MSSanté n° 2, ECO.2.4.2",
    requirements=("PFI/va2/MSS/CONF.14",),
    codes=rules.codes_of("ins"),
    claims=frozenset({"flag:dest-mss-ps", "flag:dest-mss-pat", "mss:both", "mss:n3", "mss:unqualified-ps"}),
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def header_ins(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """X-MSS-INS is O or N as the CDA enclosed bears a qualified INS or not, and absent without a CDA in an archive."""
    yield from _by_form(heard, context, "ins")
    if any(sent(heard, context)):
        return
    for delivery in asked(driven, heard, context):
        patient = delivery.message.patient
        if delivery.refused and patient is not None and not patient.qualified:
            # A PFI may refuse to mail what bears no qualified INS: there is then no header to judge.
            yield Witness("message without a qualified INS refused, nothing sent", delivery.sent.answer)


@register(
    "mss.header-code-cda",
    exercise="documents.intake",
    clause="DSR PFI MSS/CONF.15 ; référentiel socle MSSanté n° 2, ECO.2.4.1",
    requirements=("PFI/va2/MSS/CONF.15",),
    codes=rules.codes_of("code-cda"),
    claims=frozenset({"flag:dest-mss-ps", "flag:dest-mss-pat", "mss:both", "mss:n3"}),
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def header_code_cda(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """X-MSS-CODECDA gives the code of every CDA enclosed in an archive, and is absent without any."""
    yield from _by_form(heard, context, "code-cda")


@register(
    "mss.header-absent",
    exercise="mail.compose",
    clause="DSR PFI MSS/CONF.14 et MSS/CONF.15 ; référentiel socle MSSanté n° 2, ECO.2.4.1 et 2.4.2",
    requirements=("PFI/va2/MSS/CONF.14", "PFI/va2/MSS/CONF.15"),
    codes=frozenset({"mail.x-mss-ins.unexpected", "mail.x-mss-codecda.unexpected"}),
    claims=frozenset({"composed:plain"}),
    needs=MSS,
    passive=True,
)
def header_absent(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The permitted twin: a mail that a person writes, without an archive, has neither of the two headers."""
    for one in sent(heard, context):
        if not one.letter.contents.documents:
            table = (*rules.GROUPS["ins"], *rules.GROUPS["code-cda"])
            yield from said(one, table, "no header without a CDA in an archive")


@register(
    "mss.header-nil",
    exercise="documents.intake",
    clause="DSR PFI MSS/CONF.16 ; référentiel socle MSSanté n° 2, ECO.2.4.3",
    requirements=("PFI/va2/MSS/CONF.16",),
    codes=rules.codes_of("nil"),
    claims=frozenset({"flag:dest-mss-ps", "flag:dest-mss-pat", "mss:both"}),
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def header_nil(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every mail bears X-MSS-NIL, the product reference that the target declares.

    Without a declared reference a value cannot be compared: a header that is missing is still told, nothing is
    witnessed.
    """
    declared = bool(settings(context).product)
    for one in sent(heard, context):
        words = said(one, rules.GROUPS["nil"], "X-MSS-NIL is the product reference")
        yield from (w for w in words if declared or isinstance(w, Finding))
    # The automatic receipts that the vendor sends are mails too: what they lack is advice.
    for observation in (*heard.of("mail-dsn"), *heard.of("mail-mdn")):
        receipt = getattr(observation.value, "mail", None)
        if receipt is not None:
            found = rules.apply(rules.GROUPS["nil"], rules.Letter(receipt, settings(context)))
            yield from (_softened(f, observation.exchange.id) for f in found)


def _softened(found: Finding, exchange: str) -> Finding:
    return replace(found, severity=Severity.ADVICE).at(exchange=exchange)

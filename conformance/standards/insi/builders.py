"""Writing INSi messages: answers as the service writes them, and requests for those who ask.

Answers are seen in several styles on the real service: `style` chooses which (see STYLES).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from conformance.standards.insi import syntax as s
from conformance.standards.xds.syntax import SOAP12, WSA, WSSE

STYLES = ("default", "prefixed", "mixed")
"""`default`: RESULTAT is in the default namespace; `prefixed`: `ns2:` everywhere; `mixed`: the body's prefix differs
from the envelope's and unused namespaces are declared."""

Style = Literal["default", "prefixed", "mixed"]

LABELS = {"00": "OK", "01": "Aucune identite trouvee", "02": "Plusieurs identites trouvees"}
"""LibelleCR of each CodeCR."""

UNIT_ASKED, UNIT_ANSWERED = s.LOT2_NS + "REQUnitaire", s.LOT2_NS + "REPUnitaire"
BATCH_ASKED, BATCH_ANSWERED = s.LOT2_NS + "REQMasse", s.LOT2_NS + "REPMasse"


def _row(name: str, value: str, *, always: bool = False) -> str:
    return f"<{name}>{escape(value)}</{name}>" if value or always else ""


def _number(number: s.Number) -> str:
    return (
        _row("NumIdentifiant", number.thirteen, always=True)
        + _row("Cle", number.key)
        + _row("TypeMatricule", number.nature)
    )


def _ins(name: str, ins: s.Ins) -> str:
    dates = _row("DateDeb", ins.since) + _row("DateFin", ins.until)
    return f"<{name}>{dates}<IdIndividu>{_number(ins.number)}</IdIndividu>{_row('OID', ins.oid, always=True)}</{name}>"


def _traits(name: str, traits: s.Traits, empty: Iterable[str] = ()) -> str:
    """`empty` are elements written though they hold nothing."""
    kept = frozenset(empty)
    rows = (
        ("NomNaissance", traits.birth_name),
        ("Prenom", traits.first),
        ("ListePrenom", traits.given),
        ("Sexe", traits.sex),
        ("DateNaissance", traits.birth),
        ("LieuNaissance", traits.place),
    )
    return f"<{name}>{''.join(_row(n, v, always=n in kept) for n, v in rows)}</{name}>"


def result(answer: s.Answer, *, empty: Iterable[str] = ()) -> str:
    """RESULTAT, without its namespace: give it to `envelope`."""
    report = (
        f"<CR>{_row('CodeCR', answer.code, always=True)}"
        f"{_row('LibelleCR', answer.label or LABELS.get(answer.code, ''), always=True)}</CR>"
    )
    if answer.ins is None:
        return f"<RESULTAT>{report}</RESULTAT>"
    history = "".join(_ins("INSHISTO", old) for old in answer.history)
    traits = _traits("TIQ", answer.traits or s.Traits(), empty)
    return f"<RESULTAT>{report}<INDIVIDU>{_ins('INSACTIF', answer.ins)}{history}{traits}</INDIVIDU></RESULTAT>"


def _outcome(answer: s.VerificationAnswer) -> str:
    return (
        f"{_row('Reference', answer.reference)}<CR>{_row('CodeCR', answer.outcome, always=True)}"
        f"{_row('LibelleCR', answer.label or answer.outcome, always=True)}</CR>"
    )


def verification_result(answer: s.VerificationAnswer) -> str:
    """The answer to a unit verification."""
    return f"<RESULTAT>{_outcome(answer)}</RESULTAT>"


def batch_result(answer: s.BatchAnswer) -> str:
    """The answer to a mass verification: a receipt (EN_COURS) or all the outcomes (TERMINE)."""
    state = "TERMINE" if answer.done else "EN_COURS"
    rows = "".join(f"<Resultat>{_outcome(r)}</Resultat>" for r in answer.results)
    return f"<RESULTAT>{_row('IdLot', answer.batch, always=True)}{_row('Etat', state)}{rows}</RESULTAT>"


def _prefixed(body: str, prefix: str) -> str:
    """The same elements with a prefix: our own XML, where `<` only opens tags."""
    return body.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")


def envelope(body: str, namespace: str, *, style: Style = "default") -> bytes:
    """A SOAP 1.2 answer around a body of one namespace."""
    name = body[1 : body.index(">")]
    unused = f'xmlns:ns3="{s.BY_CARD_NS}" xmlns:ns4="{s.BY_TRAITS_NS}"'
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    if style == "prefixed":
        inside = _prefixed(body, "ns2").replace(f"<ns2:{name}>", f'<ns2:{name} xmlns:ns2="{namespace}">', 1)
        text = f'{head}<soap:Envelope xmlns:soap="{SOAP12}"><soap:Body>{inside}</soap:Body></soap:Envelope>'
    elif style == "mixed":
        inside = body.replace(f"<{name}>", f'<{name} xmlns="{namespace}" {unused}>', 1)
        text = (
            f'{head}<soap:Envelope xmlns:soap="{SOAP12}"><env:Body xmlns:env="{SOAP12}">{inside}</env:Body>'
            "</soap:Envelope>"
        )
    else:
        inside = body.replace(f"<{name}>", f'<{name} xmlns="{namespace}">', 1)
        text = f'{head}<soap:Envelope xmlns:soap="{SOAP12}"><soap:Body>{inside}</soap:Body></soap:Envelope>'
    return text.encode()


def refusal(fault: s.Refusal) -> bytes:
    """A SOAP 1.2 fault with its siram:Erreur."""
    sub = (
        f"<soap:Subcode><soap:Value>siram:{escape(fault.subcode)}</soap:Value></soap:Subcode>" if fault.subcode else ""
    )
    error = (
        f"<soap:Detail><siram:Erreur code={quoteattr(fault.error)} messageID={quoteattr(fault.message_id)} "
        f"severite={quoteattr(fault.severity or 'erreur')}>{escape(fault.detail)}</siram:Erreur></soap:Detail>"
        if fault.error
        else ""
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{SOAP12}" xmlns:siram="{s.SIRAM_NS}">'
        f"<soap:Body><soap:Fault><soap:Code><soap:Value>soap:{escape(fault.code)}</soap:Value>{sub}</soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="fr">{escape(fault.reason)}</soap:Text></soap:Reason>{error}'
        "</soap:Fault></soap:Body></soap:Envelope>"
    )
    return text.encode()


def traits_search(asked: s.TraitsSearch) -> str:
    """The body of a search by traits."""
    rows = _row("NomNaissance", asked.birth_name) + "".join(_row("Prenom", g) for g in asked.given)
    rows += _row("Sexe", asked.sex) + _row("DateNaissance", asked.birth) + _row("LieuNaissance", asked.place)
    return f'<RECSANSVITALE xmlns="{s.BY_TRAITS_NS}">{rows}</RECSANSVITALE>'


def card_search(asked: s.CardSearch) -> str:
    """The body of a search by carte Vitale."""
    numbers = (("MatriculeIndividu", asked.number), ("MatriculeOD", asked.holder))
    rows = "".join(f"<{name}>{_number(number)}</{name}>" for name, number in numbers if number is not None)
    rows += _row("NomNaissance", asked.birth_name) + _row("DateNaissance", asked.birth)
    return f'<RECVITALE xmlns="{s.BY_CARD_NS}">{rows}{_row("RangNaissance", asked.rank)}</RECVITALE>'


def _individual(asked: s.Verification) -> str:
    ins = "" if asked.ins is None else _ins("INSFourni", asked.ins)
    return (
        f"<IndividuVerifie>{_row('Reference', asked.reference)}{ins}"
        f"{_traits('TraitsIdentiteIndividu', asked.traits)}</IndividuVerifie>"
    )


def verification(asked: s.Verification) -> str:
    """The body of a unit verification."""
    return f'<RequeteUnitaire xmlns="{UNIT_ASKED}">{_individual(asked)}</RequeteUnitaire>'


def batch_verification(asked: s.BatchVerification) -> str:
    """The body of a mass verification."""
    rows = "".join(_individual(one) for one in asked.verifications)
    return f'<RequeteMasse xmlns="{BATCH_ASKED}">{_row("IdLot", asked.batch)}{rows}</RequeteMasse>'


def batch_results(asked: s.BatchResults) -> str:
    """The body that asks for the results of a mass verification."""
    return f'<RequeteResultat xmlns="{BATCH_ASKED}">{_row("IdLot", asked.batch, always=True)}</RequeteResultat>'


def _context(name: str, namespace: str, context: s.Context) -> str:
    nature = f" Nature={quoteattr(context.nature)}" if context.nature else ""
    rows = _row("Id", context.id) + _row("Temps", context.time) + _row("Emetteur", context.sender)
    if name == "ContexteLPS":
        idam = f"<IDAM R={quoteattr(context.idam_reference)}>{escape(context.idam)}</IDAM>"
        more = (
            _row("Version", context.software_version)
            + _row("Instance", context.instance)
            + _row("Nom", context.software)
        )
        rows += f"<LPS>{idam}{more}</LPS>"
    else:
        rows += "<COUVERTURE/>"
    return f'<{name} xmlns="{namespace}" Version={quoteattr(context.version)}{nature}>{rows}</{name}>'


def request(
    body: str,
    operation: s.Operation,
    *,
    message_id: str,
    bam: s.Context | None = None,
    lps: s.Context | None = None,
    security: str = "",
) -> bytes:
    """A SOAP 1.2 request; `security` is the content of wsse:Security (an assertion), left out when empty."""
    header = _context("ContexteBAM", s.BAM_NS, bam) if bam else ""
    header += _context("ContexteLPS", s.LPS_NS, lps) if lps else ""
    header += f'<wsa:Action xmlns:wsa="{WSA}">{s.ACTION}{s.NAMES[operation]}</wsa:Action>'
    header += f'<wsa:MessageID xmlns:wsa="{WSA}">{escape(message_id)}</wsa:MessageID>'
    header += f'<wsse:Security xmlns:wsse="{WSSE}">{security}</wsse:Security>' if security else ""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{SOAP12}"><soap:Header>{header}'
        f"</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
    return text.encode()

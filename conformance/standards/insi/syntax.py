"""INSi SOAP bytes <-> requests and answers. By namespace and local name, whatever the prefixes; no rule.

Sources: WSDL DESIR_ICIR_EXP 1.5.0 and its schemas (search by traits and by card); the operations of lot 2
(verification) have no public WSDL: they are known by what they hold (`IndividuVerifie`), whatever their root.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from conformance.errors import Malformed
from conformance.standards.xds.syntax import Addressing, parse_envelope
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

BY_TRAITS_NS = "http://www.cnamts.fr/INSiRecSans"
BY_CARD_NS = "http://www.cnamts.fr/INSiRecVit"
RESULT_NS = "http://www.cnamts.fr/INSiResultat"
LOT2_NS = "http://www.cnamts.fr/INSiLot2/"
BAM_NS = "urn:siram:bam:ctxbam"
LPS_NS = "urn:siram:lps:ctxlps"
SIRAM_NS = "urn:siram"

ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:"

Operation = Literal["search-traits", "search-card", "verify", "verify-batch", "batch-results"]

NAMES: dict[Operation, str] = {
    "search-traits": "rechercherInsAvecTraitsIdentite",
    "search-card": "rechercherInsAvecCarteVitale",
    "verify": "verifierInsAvecTraitsIdentite",
    "verify-batch": "verifierInsEnMasse",
    "batch-results": "recupererResultatVerificationEnMasse",
}
"""The operations, and their names in SOAP actions. Those of lot 2 are not published: nothing may rest on them."""

LIMIT_BYTES = 16 * 1024 * 1024
LIMIT_BATCH = 20_000
LIMIT_HISTORY = 200


@dataclass(frozen=True, slots=True)
class Number:
    """A matricule as INSi splits it: 13 characters, key (may be absent), nature as written (may be absent)."""

    thirteen: str = ""
    key: str = ""
    nature: str = ""

    @property
    def matricule(self) -> str:
        """The 15 characters; a number that was already written whole stays as it is."""
        return self.thirteen if len(self.thirteen) == 15 else self.thirteen + self.key


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule and its OID; `since` and `until` (AAAA-MM-JJ) may be empty."""

    number: Number
    oid: str = ""
    since: str = ""
    until: str = ""

    @property
    def matricule(self) -> str:
        """The 15 characters."""
        return self.number.matricule


@dataclass(frozen=True, slots=True)
class TraitsSearch:
    """RECSANSVITALE. `birth` is AAAA-MM-JJ as written; empty texts when absent."""

    birth_name: str = ""
    given: tuple[str, ...] = ()
    sex: str = ""
    birth: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class CardSearch:
    """RECVITALE: what a carte Vitale tells of the beneficiary; `holder` is the number of the ouvrant droit."""

    number: Number | None = None
    holder: Number | None = None
    birth_name: str = ""
    birth: str = ""
    rank: str = ""


@dataclass(frozen=True, slots=True)
class Traits:
    """TIQ or TraitsIdentiteIndividu. `given` is ListePrenom, `first` is Prenom; empty when absent."""

    birth_name: str = ""
    given: str = ""
    first: str = ""
    sex: str = ""
    birth: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """An INS and the traits it is said to belong to. `reference` names it in a batch."""

    ins: Ins | None
    traits: Traits
    reference: str = ""


@dataclass(frozen=True, slots=True)
class BatchVerification:
    """Many verifications in one message (PEUT); `batch` is the vendor's name of the set, may be empty."""

    verifications: tuple[Verification, ...]
    batch: str = ""


@dataclass(frozen=True, slots=True)
class BatchResults:
    """The results of a set sent before are asked for."""

    batch: str


@dataclass(frozen=True, slots=True)
class Answer:
    """RESULTAT. `ins` and `traits` are None unless somebody was found (00)."""

    code: str
    label: str = ""
    ins: Ins | None = None
    history: tuple[Ins, ...] = ()
    traits: Traits | None = None


@dataclass(frozen=True, slots=True)
class VerificationAnswer:
    """The outcome of a verification: `OK`, `KO`, or the text as written when it is neither."""

    outcome: str
    label: str = ""
    reference: str = ""

    @property
    def ok(self) -> bool:
        """Whether the INS and the traits were confirmed."""
        return self.outcome == "OK"


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What became of a set: its name at INSi, whether it is treated, and then one outcome for each verification."""

    batch: str
    done: bool
    results: tuple[VerificationAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A SOAP fault: local names of its code and subcode (`siram_100`), its reason, and the siram:Erreur it carries."""

    code: str
    subcode: str = ""
    reason: str = ""
    error: str = ""
    severity: str = ""
    message_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """ContexteBAM or ContexteLPS; the software's fields are empty for the former. `time` is as written."""

    version: str = ""
    nature: str = ""
    id: str = ""
    time: str = ""
    sender: str = ""
    idam: str = ""
    idam_reference: str = ""
    software: str = ""
    software_version: str = ""
    instance: str = ""


Request = TraitsSearch | CardSearch | Verification | BatchVerification | BatchResults
Response = Answer | VerificationAnswer | BatchAnswer | Refusal


@dataclass(frozen=True, slots=True)
class Message:
    """A SOAP message of INSi. `operation` is empty for an answer and for what is none of the operations.

    `version` is `1.2` or `1.1`; `security` is wsse:Security; `root` the expanded name of what the body holds.
    """

    version: str
    addressing: Addressing
    operation: Operation | Literal[""]
    value: Request | Response | None
    bam: Context | None = None
    lps: Context | None = None
    security: Element | None = field(default=None, compare=False)
    root: str = ""


def parse(entity: bytes, content_type: str = "application/soap+xml", *, limit: int = LIMIT_BYTES) -> Message:
    """Read a request or an answer.

    Raises Malformed: what the SOAP and XML readers raise, `insi.syntax.too-many` over 20 000 verifications or 200
    former matricules.
    """
    envelope = parse_envelope(entity, content_type, limit=limit)
    header = _header(envelope.body)
    operation, value = _read(envelope.body)
    return Message(
        envelope.version,
        envelope.addressing,
        operation,
        value,
        _context(_find(header, BAM_NS, "ContexteBAM")),
        _context(_find(header, LPS_NS, "ContexteLPS")),
        envelope.security,
        str(envelope.body.tag),
    )


def _header(body: Element) -> Element | None:
    envelope = body.getroottree().getroot()
    return next((e for e in xml.children(envelope, "Header") if xml.namespace(e) == xml.namespace(envelope)), None)


def _read(body: Element) -> tuple[Operation | Literal[""], Request | Response | None]:
    name, space = xml.local(body), xml.namespace(body)
    if name == "RECSANSVITALE" and space == BY_TRAITS_NS:
        return "search-traits", _traits_search(body)
    if name == "RECVITALE" and space == BY_CARD_NS:
        return "search-card", _card_search(body)
    if name == "RESULTAT" and space == RESULT_NS:
        return "", _answer(body)
    if name == "Fault":
        return "", _refusal(body)
    checked = [e for e in body.iter() if xml.local(e) == "IndividuVerifie"]
    if checked:
        return _verifications(body, checked)
    if not space.startswith(LOT2_NS):
        return "", None
    if _named(body, "IdLot") is not None and _named(body, "Resultat") is None and _named(body, "Etat") is None:
        return "batch-results", BatchResults(_text(body, "IdLot"))
    if _named(body, "IdLot") is not None:
        return "", _batch_answer(body)
    return "", _outcome(body)


def _verifications(body: Element, checked: list[Element]) -> tuple[Operation, Request]:
    if len(checked) > LIMIT_BATCH:
        raise Malformed("insi.syntax.too-many", xml.path(body), f"over {LIMIT_BATCH} IndividuVerifie")
    read = tuple(_verification(e) for e in checked)
    many = len(read) > 1 or "Masse" in xml.local(body) or xml.namespace(body).endswith("Masse")
    if many:
        return "verify-batch", BatchVerification(read, _text(body, "IdLot"))
    return "verify", read[0]


def _verification(element: Element) -> Verification:
    given = xml.child(element, "INSFourni")
    reference = _text(element, "Reference")
    return Verification(
        None if given is None else _ins(given), _traits(xml.child(element, "TraitsIdentiteIndividu")), reference
    )


def _traits_search(body: Element) -> TraitsSearch:
    given = tuple(xml.text(e) for e in xml.children(body, "Prenom"))
    return TraitsSearch(
        _text(body, "NomNaissance"),
        tuple(g for g in given if g),
        _text(body, "Sexe"),
        _text(body, "DateNaissance"),
        _text(body, "LieuNaissance"),
    )


def _card_search(body: Element) -> CardSearch:
    return CardSearch(
        _number(xml.child(body, "MatriculeIndividu")),
        _number(xml.child(body, "MatriculeOD")),
        _text(body, "NomNaissance"),
        _text(body, "DateNaissance"),
        _text(body, "RangNaissance"),
    )


def _answer(body: Element) -> Answer:
    report, person = xml.child(body, "CR"), xml.child(body, "INDIVIDU")
    code, label = _text(report, "CodeCR"), _text(report, "LibelleCR")
    if person is None:
        return Answer(code, label)
    active, traits = xml.child(person, "INSACTIF"), xml.child(person, "TIQ")
    history = list(xml.children(person, "INSHISTO"))
    if len(history) > LIMIT_HISTORY:
        raise Malformed("insi.syntax.too-many", xml.path(person), f"over {LIMIT_HISTORY} INSHISTO")
    return Answer(
        code,
        label,
        None if active is None else _ins(active),
        tuple(_ins(e) for e in history),
        None if traits is None else _traits(traits),
    )


def _outcome(body: Element) -> VerificationAnswer | None:
    report = xml.child(body, "CR")
    code = _text(report, "CodeCR") or _text(body, "CodeCR")
    return VerificationAnswer(code, _text(report, "LibelleCR"), _text(body, "Reference")) if code else None


def _batch_answer(body: Element) -> BatchAnswer:
    rows = list(xml.children(body, "Resultat"))
    if len(rows) > LIMIT_BATCH:
        raise Malformed("insi.syntax.too-many", xml.path(body), f"over {LIMIT_BATCH} Resultat")
    results = tuple(r for r in map(_outcome, rows) if r is not None)
    return BatchAnswer(_text(body, "IdLot"), _text(body, "Etat") != "EN_COURS", results)


def _refusal(body: Element) -> Refusal:
    code = xml.child(body, "Code")
    detail = xml.child(body, "Detail")
    error = _find(detail, SIRAM_NS, "Erreur")

    def told(attribute: str) -> str:
        return "" if error is None else error.get(attribute, "")

    return Refusal(
        _unprefixed(xml.text(xml.child(code, "Value")) or _text(body, "faultcode")),
        _unprefixed(xml.text(xml.child(xml.child(code, "Subcode"), "Value"))),
        xml.text(xml.child(xml.child(body, "Reason"), "Text")) or _text(body, "faultstring"),
        told("code"),
        told("severite"),
        told("messageID"),
        xml.text(error if error is not None else detail),
    )


def _ins(element: Element) -> Ins:
    number = _number(xml.child(element, "IdIndividu")) or Number()
    return Ins(number, _text(element, "OID"), _text(element, "DateDeb"), _text(element, "DateFin"))


def _number(element: Element | None) -> Number | None:
    if element is None:
        return None
    return Number(_text(element, "NumIdentifiant"), _text(element, "Cle"), _text(element, "TypeMatricule"))


def _traits(element: Element | None) -> Traits:
    return Traits(
        _text(element, "NomNaissance"),
        _text(element, "ListePrenom"),
        _text(element, "Prenom"),
        _text(element, "Sexe"),
        _text(element, "DateNaissance"),
        _text(element, "LieuNaissance"),
    )


def _context(element: Element | None) -> Context | None:
    if element is None:
        return None
    software = xml.child(element, "LPS")
    idam = xml.child(software, "IDAM")
    return Context(
        element.get("Version", ""),
        element.get("Nature", ""),
        _text(element, "Id"),
        _text(element, "Temps"),
        _text(element, "Emetteur"),
        xml.text(idam),
        "" if idam is None else idam.get("R", ""),
        _text(software, "Nom"),
        _text(software, "Version"),
        _text(software, "Instance"),
    )


def _find(element: Element | None, space: str, name: str) -> Element | None:
    return None if element is None else element.find(f"{{{space}}}{name}")


def _named(element: Element, name: str) -> Element | None:
    return xml.child(element, name)


def _text(element: Element | None, name: str) -> str:
    return xml.text(xml.child(element, name))


def _unprefixed(value: str) -> str:
    return value.rpartition(":")[2]

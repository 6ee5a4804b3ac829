"""The client of the INSi service: SOAP 1.2 over mutual TLS, by card or by certificate. Requests from own templates.

Source: INS fact sheet, section 8. The bodies of the verification are not published: those of the fact sheet.
"""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import aiohttp

from conformance.errors import Malformed
from conformance.reference.config import Config, ConfigError
from conformance.reference.config_identity import Identities
from conformance.reference.ri.assertion import CardSigner, Holder
from conformance.reference.ri.rules import IdentityBehaviour, Mode
from conformance.reference.ri.values import Answer, Ins, Traits
from conformance.standards.insi.syntax import Answer as Found
from conformance.standards.insi.syntax import BatchAnswer, Refusal, Response, VerificationAnswer, parse
from conformance.standards.insi.syntax import Traits as FoundTraits

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:"
BY_TRAITS, BY_CARD = "http://www.cnamts.fr/INSiRecSans", "http://www.cnamts.fr/INSiRecVit"
UNIT, BATCH = "http://www.cnamts.fr/INSiLot2/REQUnitaire", "http://www.cnamts.fr/INSiLot2/REQMasse"
ANSWER_LIMIT = 16 * 1024 * 1024
POLLS, PAUSE = 20, 0.3
"""How often the results of a batch are asked for, and the seconds between."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a carte Vitale tells of its holder: number of 15 characters, name, birth AAAA-MM-JJ, rank."""

    matricule: str
    birth_name: str
    birth: str
    rank: str = "1"


class InsiClient:
    """Every method returns an Answer, with `failed` when the service gave none that can be used. Never raises."""

    def __init__(self, config: Config, identities: Identities, behaviour: Callable[[], IdentityBehaviour]) -> None:
        """Raises ConfigError when the TLS files cannot be used."""
        self._config = config
        self._identities = identities
        self._behaviour = behaviour
        tls, client = config.tls, identities.client
        organisation = client.certificate or tls.certificate, client.key or tls.key
        card = client.card_certificate or tls.certificate, client.card_key or tls.key
        self._contexts: Mapping[Mode, ssl.SSLContext] = {
            "organisation": _context(config, *organisation),
            "cpx": _context(config, *card),
        }
        self._signer = CardSigner(*card)

    async def by_traits(self, traits: Traits, given: Sequence[str], place: str, holder: str) -> Answer:
        """Search by traits (RECSANSVITALE); `given` are the given names told."""
        rows = _row("NomNaissance", traits.birth_name) + "".join(_row("Prenom", g) for g in given)
        rows += _row("Sexe", traits.sex) + _row("DateNaissance", dashed(traits.birth)) + _row("LieuNaissance", place)
        body = f'<RECSANSVITALE xmlns="{BY_TRAITS}">{rows}</RECSANSVITALE>'
        mode = self._behaviour().interactive_mode()
        return _found(await self._ask("rechercherInsAvecTraitsIdentite", body, mode, holder))

    async def by_card(self, card: Card, holder: str) -> Answer:
        """Search with a carte Vitale (RECVITALE)."""
        rows = f"<MatriculeIndividu>{_number(card.matricule)}</MatriculeIndividu>"
        rows += _row("NomNaissance", card.birth_name) + _row("DateNaissance", card.birth)
        rows += _row("RangNaissance", card.rank)
        body = f'<RECVITALE xmlns="{BY_CARD}">{rows}</RECVITALE>'
        mode = self._behaviour().interactive_mode()
        return _found(await self._ask("rechercherInsAvecCarteVitale", body, mode, holder))

    async def verify(self, ins: Ins, traits: Traits, holder: str) -> Answer:
        """Verify one identity."""
        body = f'<RequeteUnitaire xmlns="{UNIT}">{_individual("", ins, traits)}</RequeteUnitaire>'
        found = await self._ask("verifierInsAvecTraitsIdentite", body, self._behaviour().automatic_mode(), holder)
        if isinstance(found, VerificationAnswer):
            return Answer(found.outcome.lower()[:20], found.label)
        return _failed(found)

    async def verify_batch(self, asked: Sequence[tuple[Ins, Traits]], holder: str) -> list[Answer]:
        """Verify several identities with one call; the answers are in the order of what was asked."""
        rows = "".join(_individual(str(n), ins, traits) for n, (ins, traits) in enumerate(asked, 1))
        body = f'<RequeteMasse xmlns="{BATCH}">{rows}</RequeteMasse>'
        mode = self._behaviour().automatic_mode()
        found = await self._ask("verifierInsEnMasse", body, mode, holder)
        for _ in range(POLLS):
            if not isinstance(found, BatchAnswer) or found.done:
                break
            await asyncio.sleep(PAUSE)
            wanted = f'<RequeteResultat xmlns="{BATCH}"><IdLot>{escape(found.batch)}</IdLot></RequeteResultat>'
            found = await self._ask("recupererResultatVerificationEnMasse", wanted, mode, holder)
        if not isinstance(found, BatchAnswer) or not found.done:
            return [_failed(found)] * len(asked)
        told = {r.reference: Answer(r.outcome.lower()[:20], r.label) for r in found.results}
        return [told.get(str(n), Answer("", "no result", failed=True)) for n in range(1, len(asked) + 1)]

    async def _ask(self, operation: str, body: str, mode: Mode, holder: str) -> Response | str:
        """What was answered, or why nothing was."""
        rules = self._behaviour()
        security = self._security(holder) if rules.asserted(mode) else ""
        entity = self._envelope(operation, body, security)
        headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{ACTION}{operation}"'}
        connector = aiohttp.TCPConnector(ssl=self._contexts[rules.shown_certificate(mode)], force_close=True)
        timeout = aiohttp.ClientTimeout(total=self._config.retry.timeout)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session,
                session.post(self._identities.insi, data=entity, headers=headers) as response,
            ):
                answered = await response.content.read(ANSWER_LIMIT)
                while more := await response.content.read(ANSWER_LIMIT):
                    answered += more
                    if len(answered) > ANSWER_LIMIT:
                        return "answer too big"
                value = parse(answered).value
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return f"no answer ({type(error).__name__})"
        except (Malformed, ValueError):
            return "an answer that cannot be read"
        if isinstance(value, Found | VerificationAnswer | BatchAnswer | Refusal):
            return value
        return "an answer that is none"

    def _security(self, holder: str) -> str:
        house = self._config.organisation
        finess = self._identities.domain.finess or house.identifier[1:]
        national = holder if len(holder) == 12 else f"8{holder}"
        who = Holder(national, f"{house.software} {holder}", finess, house.sector)
        return self._signer.assertion(who).decode()

    def _envelope(self, operation: str, body: str, security: str) -> bytes:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        house, idam = self._config.organisation, self._identities.client.idam
        sender = self._identities.domain.finess or house.identifier[1:]
        software = (
            f'<IDAM R="4">{escape(idam)}</IDAM><Version>{escape(house.version)}</Version>'
            f"<Instance>{uuid.uuid4()}</Instance><Nom>{escape(house.software)}</Nom>"
        )
        common = f"<Temps>{now}</Temps><Emetteur>{escape(sender)}</Emetteur>"
        header = (
            f'<b:ContexteBAM xmlns:b="urn:siram:bam:ctxbam" Version="01_02" Nature="CTXBAM">'
            f"{_prefix('b', f'<Id>{uuid.uuid4()}</Id>{common}')}<b:COUVERTURE/></b:ContexteBAM>"
            f'<l:ContexteLPS xmlns:l="urn:siram:lps:ctxlps" Version="01_00" Nature="CTXLPS">'
            f"{_prefix('l', f'<Id>{uuid.uuid4()}</Id>{common}<LPS>{software}</LPS>')}</l:ContexteLPS>"
            f'<a:Action xmlns:a="{WSA}">{ACTION}{operation}</a:Action>'
            f'<a:MessageID xmlns:a="{WSA}">urn:uuid:{uuid.uuid4()}</a:MessageID>'
        )
        if security:
            header += f'<wsse:Security xmlns:wsse="{WSSE}">{security}</wsse:Security>'
        text = f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>{header}</soap:Header><soap:Body>{body}</soap:Body>'
        return f'<?xml version="1.0" encoding="UTF-8"?>{text}</soap:Envelope>'.encode()


def dashed(birth: str) -> str:
    """AAAAMMJJ as AAAA-MM-JJ."""
    return f"{birth[:4]}-{birth[4:6]}-{birth[6:]}" if len(birth) == 8 else birth


def _row(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>" if value else ""


def _prefix(prefix: str, rows: str) -> str:
    return rows.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")


def _number(matricule: str) -> str:
    return f"<NumIdentifiant>{escape(matricule[:13])}</NumIdentifiant><Cle>{escape(matricule[13:15])}</Cle>"


def _individual(reference: str, ins: Ins, traits: Traits) -> str:
    told = (
        _row("NomNaissance", traits.birth_name)
        + _row("ListePrenom", " ".join(traits.given_names) or traits.first_given)
        + _row("Sexe", traits.sex)
        + _row("DateNaissance", dashed(traits.birth))
        + _row("LieuNaissance", traits.place if traits.place != "99999" else "")
    )
    kind = _row("TypeMatricule", ins.nature)
    return (
        f"<IndividuVerifie>{_row('Reference', reference)}<INSFourni><IdIndividu>{_number(ins.matricule)}{kind}"
        f"</IdIndividu><OID>{escape(ins.oid)}</OID></INSFourni><TraitsIdentiteIndividu>{told}</TraitsIdentiteIndividu>"
        "</IndividuVerifie>"
    )


def _found(value: Response | str) -> Answer:
    if not isinstance(value, Found) or not value.code:
        return _failed(value)
    if value.code != "00" or value.ins is None:
        return Answer(value.code[:20], value.label)
    told = value.traits or FoundTraits()
    given = tuple(told.given.split()) or tuple(told.first.split())
    traits = Traits(told.birth_name, given, "", told.birth, told.sex, told.place)
    today = datetime.now().astimezone().strftime("%Y%m%d")
    historic = tuple(Ins(i.matricule, i.oid) for i in value.history)
    return Answer(value.code, value.label, ins=Ins(value.ins.matricule, value.ins.oid, today), historic=historic,
                  traits=traits)  # fmt: skip


def _failed(value: Response | str) -> Answer:
    if isinstance(value, Refusal):
        return Answer((value.error or value.subcode or value.code)[:20], value.reason[:200], failed=True)
    return Answer("", value if isinstance(value, str) else "another answer than asked", failed=True)


def _context(config: Config, certificate: object, key: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(config.tls.ca)
        context.load_cert_chain(str(certificate), str(key))
    except (OSError, ssl.SSLError) as error:
        remedy = "give PEM files that go together."
        raise ConfigError("tls", "", f"cannot be used ({type(error).__name__}).", remedy) from None
    return context

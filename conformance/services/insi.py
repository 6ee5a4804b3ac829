"""INSi: search of the INS by traits or by carte Vitale, verification one by one or in mass. SOAP 1.2, mutual TLS.

It answers from the identities that the exercise declares (and the public test persons). What it takes for granted is
told by the findings of `conformance.standards.insi`, not by refusals: it refuses a caller only when a setting says so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar, cast

from conformance.bench.service import Call, Handler, Reply
from conformance.errors import InternalError, Malformed
from conformance.evidence.values import Fact
from conformance.services import faults
from conformance.services.http import HttpService
from conformance.services.insi_base import STRANGER, TEST_PERSONS, Former, People, Person
from conformance.standards.ins import oids
from conformance.standards.insi import builders, rules
from conformance.standards.insi import syntax as s
from conformance.standards.insi.observe import InsiRequest, professional, request

PATH = "/lps"
OPERATIONS = " ".join(s.NAMES)
BATCHES = 1000
"""Sets of verifications kept; the oldest go first."""

CHANGES: Mapping[str, Callable[[s.Traits], s.Traits]] = MappingProxyType(
    {
        "empty-name": lambda t: replace(t, birth_name=""),
        "empty-given": lambda t: replace(t, given="", first=""),
        "empty-sex": lambda t: replace(t, sex=""),
        "lunar-day": lambda t: replace(t, birth=t.birth[:8] + "00"),
        "lunar-month": lambda t: replace(t, birth=f"{t.birth[:4]}-00-{t.birth[8:]}"),
        "lunar-date": lambda t: replace(t, birth=t.birth[:4] + "-00-00"),
        "no-place": lambda t: replace(t, place=""),
        "other-given": lambda t: replace(t, given=f"ABEL {t.given}", first="ABEL"),
    }
)
"""What a setting `answer` may do to the traits of the person found."""

_EMPTY = {"empty-name": ("NomNaissance",), "empty-given": ("ListePrenom",), "empty-sex": ("Sexe",)}
"""Elements that are written, with nothing inside."""

_CHOICES = {
    "verification": ("natural", "ok", "ko"),
    "batch": ("immediate", "later"),
    "given-field": ("list", "both", "first"),
    "style": builders.STYLES,
    "caller": ("any", "required"),
    "test-persons": ("yes", "no"),
}

_REFUSALS = {
    "soap-fault": s.Refusal("Receiver", "siram_40", "Erreur technique.", "insi_102", "fatale"),
    "refused": s.Refusal("Sender", "siram_100", "Logiciel non autorisé.", "desir_550", detail="Numéro inconnu."),
    "bad-certificate": s.Refusal(
        "Sender", "siram_100", "Le certificat n'est pas admis.", "desir_560", detail="Certificat inattendu."
    ),
}


class InsiService(HttpService):
    """The INSi of the bench.

    Settings, for the operations of `on` (`search-traits search-card verify verify-batch batch-results`):
    `fault` is `success`, `slow` (`delay` seconds), `cut` (`share`), `soap-fault`, `refused`, `bad-certificate`,
    `unavailable` (503), `garbage` (a web page). `answer` to a search is `natural`, `01`, `02`, `other-person`, or what
    is done to the person found, joined by `+`: `empty-name`, `empty-given`, `empty-sex`, `lunar-day`, `lunar-month`,
    `lunar-date`, `no-place`, `other-given` (the list begins with another prénom). `verification` is `natural`, `ok`
    or `ko`. A request that quotes `spare` gets the natural answer. `oid` goes with the persons that have none of
    their own; `given-field` tells prénoms in ListePrenom (`list`), in Prenom too (`both`), or in Prenom alone
    (`first`). `batch` gives the outcomes of a mass verification at once (`immediate`) or when asked for again
    (`later`, after `batch-polls` answers EN_COURS). `caller` `required` refuses who shows neither an assertion nor
    a software certificate. `style`: see the builders.

    Instructions: `person` (values of `Person`; `history` is `matricule[^oid[^since[^until]]]`, blank separated)
    declares one, again to change it; `forget` takes out the one of `matricule`, or all those declared without it.
    """

    name: ClassVar[str] = "insi"
    channel: ClassVar[str] = "insi"
    mutual_tls: ClassVar[bool] = True
    largest_body: ClassVar[int] = s.LIMIT_BYTES
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "answer": "natural",
            "verification": "natural",
            "fault": "success",
            "on": OPERATIONS,
            "spare": "",
            "delay": "5",
            "share": "0.5",
            "oid": oids.oid("NIR", "production"),
            "given-field": "list",
            "batch": "immediate",
            "batch-polls": "1",
            "caller": "any",
            "style": "default",
            "test-persons": "yes",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.people = People()
        self._known = People(TEST_PERSONS)
        self._batches: OrderedDict[str, tuple[int, tuple[s.VerificationAnswer, ...]]] = OrderedDict()
        self._sets = 0
        self._handler: Handler = self._plain

    @property
    def advertise(self) -> str:
        """The address of the service, with its usual path."""
        base = super().advertise
        return base if base.rstrip("/").endswith(PATH) else base.rstrip("/") + PATH

    def configure(self, settings: Mapping[str, str]) -> None:
        super().configure(settings)
        for key, allowed in _CHOICES.items():
            if self.settings[key] not in allowed:
                raise InternalError("bench.unknown-setting", where=self.name, key=f"{self.name}.{key}")
        asked = self.settings["answer"]
        if asked not in ("natural", "01", "02", "other-person") and not set(asked.split("+")) <= set(CHANGES):
            raise InternalError("bench.unknown-setting", where=self.name, key=f"{self.name}.answer={asked}")
        own: dict[str, faults.Maker] = {
            name: lambda _, fault=fault: faults.instead(lambda call: _refused(call, fault))  # type: ignore[misc]
            for name, fault in _REFUSALS.items()
        }
        own["unavailable"] = lambda _: faults.instead(lambda call: Reply(b"", 503, facts=_facts(call, "")))
        own["garbage"] = lambda _: faults.instead(
            lambda call: Reply(b"<html><body>Maintenance</body></html>", 200, "text/html", _facts(call, ""))
        )
        self._handler = faults.chosen(self.settings, own, self.name)(self._plain)

    def reset(self) -> None:
        super().reset()
        self.people.clear()
        self._batches.clear()

    async def instruct(self, verb: str, body: bytes, values: Mapping[str, str]) -> Mapping[str, Fact]:
        """See the class; raises InternalError for another verb, or values that make no person."""
        if verb == "person" and values.get("matricule"):
            self.people.put(_person(values))
        elif verb == "forget":
            if values.get("matricule"):
                self.people.forget(values["matricule"])
            else:
                self.people.clear()
        else:
            raise InternalError("bench.unknown-instruction", where=self.name, verb=verb)
        return {"protocol": self.name, "event": "instruction", "persons": len(self.people)}

    async def prepared(self, call: Call) -> Call:
        """Decode the message and name its operation."""
        facts: dict[str, Fact] = {**call.facts, "protocol": self.name}
        try:
            message = s.parse(call.body, call.content_type, limit=self.largest_body)
            asked = request(message, professional(message.security), str(call.facts.get("peer_subject", "")))
        except Malformed as error:
            self.counters["other"] += 1
            return replace(call, parsed=error, facts={**facts, "event": ""})
        self.counters[asked.operation or "other"] += 1
        facts |= {"event": asked.operation, "mode": asked.mode, "common_name": asked.common_name}
        return replace(call, parsed=asked, transaction=asked.operation, facts=facts)

    async def answer(self, call: Call) -> Reply:
        return await self._handler(call)

    async def _plain(self, call: Call) -> Reply:
        asked = call.parsed
        if not isinstance(asked, InsiRequest):
            code = asked.code if isinstance(asked, Malformed) else ""
            return _refused(call, s.Refusal("Sender", "siram_10", f"Message illisible : {code}"))
        if asked.message.version != "1.2":
            return _refused(call, s.Refusal("VersionMismatch", "", "SOAP 1.2"))
        if asked.request is None:
            return _refused(call, s.Refusal("Sender", "siram_10", f"Opération inconnue : {asked.message.root[:200]}"))
        stranger = asked.vihf is None and asked.common_name not in rules.SOFTWARE
        if stranger and self.settings["caller"] == "required":
            return _refused(call, _REFUSALS["bad-certificate"])
        spare = self.settings["spare"].encode()
        natural = bool(spare) and spare in call.body
        match asked.request:
            case s.TraitsSearch() as search:
                return self._lacking(call, search) or self._found(call, self._by_traits(search), natural=natural)
            case s.CardSearch() as card:
                found = self.people.by_card(card) or self._usual().by_card(card)
                return self._found(call, found, natural=natural)
            case s.Verification() as one:
                outcome = self._verified(one, natural=natural)
                body = builders.verification_result(outcome)
                return self._soap(call, body, builders.UNIT_ANSWERED, outcome.outcome)
            case s.BatchVerification() as many:
                return self._batch(call, tuple(self._verified(one, natural=natural) for one in many.verifications))
            case s.BatchResults() as again:
                return self._again(call, again.batch)

    def _usual(self) -> People:
        """The test persons, unless they are to be unknown."""
        return self._known if self.settings["test-persons"] == "yes" else People()

    def _by_traits(self, asked: s.TraitsSearch) -> tuple[Person, ...]:
        return self.people.by_traits(asked) or self._usual().by_traits(asked)

    def _lacking(self, call: Call, asked: s.TraitsSearch) -> Reply | None:
        """A refusal when a criterion without which nobody can be looked for is missing."""
        if asked.birth_name and asked.given and asked.sex and asked.birth:
            return None
        return _refused(call, s.Refusal("Sender", "siram_10", "Critères de recherche incomplets."))

    def _found(self, call: Call, found: tuple[Person, ...], *, natural: bool) -> Reply:
        asked = "natural" if natural or call.transaction not in self.settings["on"].split() else self.settings["answer"]
        if asked == "other-person":
            found = (STRANGER,)
        if asked in ("01", "02"):
            answer = s.Answer(asked)
        elif len(found) != 1:
            answer = s.Answer("02" if found else "01")
        else:
            answer = self._told(found[0])
        empty: list[str] = []
        if answer.traits is not None:
            for change in asked.split("+") if asked not in ("natural", "other-person") else ():
                answer = replace(answer, traits=CHANGES[change](answer.traits or s.Traits()))
                empty += _EMPTY.get(change, ())
        told: dict[str, Fact] = {"found": " ".join(p.matricule for p in found[:20]), "answer": asked}
        body = builders.result(answer, empty=empty)
        return self._soap(call, body, s.RESULT_NS, answer.code, told)

    def _told(self, person: Person) -> s.Answer:
        default = self.settings["oid"]
        history = tuple(
            s.Ins(s.Number(old.matricule[:13], old.matricule[13:]), old.oid or default, old.since, old.until)
            for old in person.history
        )
        number = s.Number(person.matricule[:13], person.matricule[13:])
        told, field = person.traits, self.settings["given-field"]
        if field == "list":
            told = replace(told, first="")
        elif field == "first":
            told = replace(told, first=told.given, given="")
        return s.Answer("00", "", s.Ins(number, person.oid or default), history, told)

    def _verified(self, asked: s.Verification, *, natural: bool) -> s.VerificationAnswer:
        forced = "natural" if natural else self.settings["verification"]
        if forced == "natural":
            default = self.settings["oid"]
            right = self.people.confirms(asked, default) or self._usual().confirms(asked, default)
            forced = "ok" if right else "ko"
        return s.VerificationAnswer(forced.upper(), "", asked.reference)

    def _batch(self, call: Call, results: tuple[s.VerificationAnswer, ...]) -> Reply:
        self._sets += 1
        batch = f"LOT{self._sets:06d}"
        if self.settings["batch"] == "immediate":
            return self._batch_told(call, s.BatchAnswer(batch, True, results))
        self._batches[batch] = (int(self.settings["batch-polls"]), results)
        while len(self._batches) > BATCHES:
            self._batches.popitem(last=False)
        return self._batch_told(call, s.BatchAnswer(batch, False))

    def _again(self, call: Call, batch: str) -> Reply:
        kept = self._batches.get(batch)
        if kept is None:
            return _refused(call, s.Refusal("Sender", "siram_10", "Lot inconnu."))
        polls, results = kept
        if polls > 0:
            self._batches[batch] = (polls - 1, results)
            return self._batch_told(call, s.BatchAnswer(batch, False))
        return self._batch_told(call, s.BatchAnswer(batch, True, results))

    def _batch_told(self, call: Call, answer: s.BatchAnswer) -> Reply:
        confirmed: dict[str, Fact] = {"confirmed": sum(r.ok for r in answer.results), "batch": answer.batch}
        code = "OK" if answer.done else "EN_COURS"
        return self._soap(call, builders.batch_result(answer), builders.BATCH_ANSWERED, code, confirmed)

    def _soap(self, call: Call, body: str, namespace: str, code: str, facts: Mapping[str, Fact] | None = None) -> Reply:
        style = cast(builders.Style, self.settings["style"])
        entity = builders.envelope(body, namespace, style=style)
        return Reply(entity, 200, "application/soap+xml; charset=utf-8", {**_facts(call, code), **(facts or {})})


def _facts(call: Call, code: str) -> Mapping[str, Fact]:
    return {"protocol": InsiService.name, "event": call.transaction, "code": code}


def _refused(call: Call, fault: s.Refusal) -> Reply:
    asked = call.parsed
    told = asked.message.addressing.message_id if isinstance(asked, InsiRequest) else ""
    body = builders.refusal(replace(fault, message_id=told))
    status = 400 if fault.code == "Sender" else 500
    return Reply(body, status, "application/soap+xml; charset=utf-8", _facts(call, "fault"))


def _person(values: Mapping[str, str]) -> Person:
    birth = values.get("birth", "")
    if len(birth) == 8 and birth.isascii() and birth.isdigit():
        birth = f"{birth[:4]}-{birth[4:6]}-{birth[6:]}"
    return Person(
        values.get("family", ""),
        " ".join(values.get("given", "").replace(",", " ").split()),
        values.get("sex", ""),
        birth,
        values.get("place", ""),
        values["matricule"],
        values.get("oid", ""),
        tuple(Former(*one.split("^")[:4]) for one in values.get("history", "").split()),
        values.get("holder", ""),
        values.get("rank", "1"),
    )

"""Calls of INSi for identities of the base: search, verification, batch; what is taken in, what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from conformance.reference.ri.insi import Card, InsiClient, dashed
from conformance.reference.ri.journal import Journal
from conformance.reference.ri.repository import TO_CHECK, Repository
from conformance.reference.ri.rules import IdentityBehaviour, Operation
from conformance.reference.ri.values import Answer, Identity, Traits

LUNAR = "INSi rend une date de naissance incomplète : identité non rapatriée."
EMPTY = "INSi rend un nom, des prénoms ou un sexe vide : identité non rapatriée."
INCOHERENT = "Le premier prénom saisi n'est pas le début des prénoms rendus par INSi : à vérifier et à corriger."
UNANSWERED = "INSi ne répond pas : {reason}"
UNCONFIRMED = "INSi ne confirme pas cette identité : elle est à vérifier."


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a search: the code answered, whether the identity was taken in, what the user is warned of."""

    code: str
    taken: bool = False
    alert: str = ""


class Calls:
    """Whoever calls INSi. Methods raise Denied when the call may not be made."""

    def __init__(
        self,
        repository: Repository,
        client: InsiClient,
        journal: Journal,
        behaviour: Callable[[], IdentityBehaviour],
        holder: Callable[[str], str],
    ) -> None:
        """`holder` gives the RPPS of a user."""
        self._repository = repository
        self._client = client
        self._journal = journal
        self._behaviour = behaviour
        self._holder = holder

    async def search(self, ipp: str, mode: str, user: str, card: Card | None = None) -> Result:
        """Search by traits or with the carte Vitale, and take in who was found (rules 6, 11, 12 and 20).

        `card` is what the reader tells of the card in it; without one it is made up from the traits.
        """
        identity, rules = self._allowed(ipp, user, "identity.search-insi"), self._behaviour()
        by_card = rules.card_read(mode)
        operation: Operation = "search-card" if by_card else "search-traits"
        answer = await (self._by_card(identity, user, card) if by_card else self._by_traits(identity, user))
        self._journal.called(user, ipp, operation, _asked(identity), answer)
        if answer.failed:
            return Result(answer.code, alert=UNANSWERED.format(reason=answer.label or answer.code))
        if answer.code != "00" or answer.ins is None:
            return Result(answer.code, alert=answer.label)
        identity = self._repository.get(ipp)
        alert = self.obstacle(answer)
        if alert or rules.insi_blocked(identity):
            self._journal.refused(user, ipp, "identity.search-insi", alert)
            return Result(answer.code, alert=alert)
        checked = identity.checked or rules.proved_by(mode)
        changed = replace(
            identity,
            traits=rules.imported(identity.traits, answer.traits),
            ins=answer.ins,
            checked=checked,
            status=rules.status_of(True, checked),
            worklists=tuple(w for w in identity.worklists if w != TO_CHECK),
        )
        self._repository.put(identity, changed, user, "identity.search-insi")
        coherent = rules.coherent_given(identity.traits.first_given, answer.traits.given_names)
        return Result(answer.code, taken=True, alert="" if coherent else INCOHERENT)

    async def _by_traits(self, identity: Identity, user: str) -> Answer:
        traits = identity.traits
        place = traits.place if traits.place != "99999" else ""
        return await self._client.by_traits(traits, (traits.first_given,), place, self._holder(user))

    async def _by_card(self, identity: Identity, user: str, card: Card | None) -> Answer:
        if card is not None:
            return await self._client.by_card(card, self._holder(user))
        traits = identity.traits
        known = identity.ins or (identity.former[-1] if identity.former else None)
        matricule = known.matricule if known is not None else card_number(traits)
        return await self._client.by_card(Card(matricule, traits.birth_name, dashed(traits.birth)), self._holder(user))

    def obstacle(self, answer: Answer) -> str:
        """Why what INSi answered may not be taken in; empty when it may."""
        rules, told = self._behaviour(), answer.traits
        if not rules.importable_names(told):
            return EMPTY
        return "" if rules.importable_date(told.birth) else LUNAR

    async def verify(self, ipp: str, user: str) -> Result:
        """Have INSi verify an identity; KO takes its INS away (rule 49)."""
        identity = self._allowed(ipp, user, "identity.verify-insi")
        if identity.ins is None:
            raise self._repository.no(user, ipp, "identity.verify-insi", "this identity has no INS to verify")
        answer = await self._client.verify(identity.ins, identity.traits, self._holder(user))
        self._journal.called(user, ipp, "verify", _asked(identity), answer)
        return self._verified(ipp, answer, user, "identity.verify-insi")

    async def verify_batch(self, ipps: Sequence[str], user: str) -> list[tuple[str, Result]]:
        """Have INSi verify several; those without INS, doubtful or fictitious are left out (rules 25 and 46)."""
        rules = self._behaviour()
        self._right(user, "", "identity.verify-batch")
        known = [self._repository.get(ipp) for ipp in dict.fromkeys(ipps)]
        asked = [i for i in known if i.ins is not None and not rules.insi_blocked(i)]
        pairs = [(i.ins, i.traits) for i in asked if i.ins is not None]
        answers = await self._client.verify_batch(pairs, self._holder(user)) if pairs else []
        told = {i.ipp: a for i, a in zip(asked, rules.batch_answers(answers), strict=True)}
        results = []
        for identity in known:
            answer = told.get(identity.ipp)
            if answer is None:
                results.append((identity.ipp, Result("", alert="without INS, doubtful or fictitious")))
                continue
            self._journal.called(user, identity.ipp, "verify-batch", _asked(identity), answer)
            results.append((identity.ipp, self._verified(identity.ipp, answer, user, "identity.verify-batch")))
        return results

    def _verified(self, ipp: str, answer: Answer, user: str, action: str) -> Result:
        if answer.failed or answer.code not in ("ok", "ko"):
            return Result("", alert=UNANSWERED.format(reason=answer.label or answer.code))
        identity = self._repository.get(ipp)
        if answer.code == "ok" or identity.ins is None:
            return Result(answer.code, taken=True)
        changed = self._behaviour().after_ko(identity)
        changed = replace(changed, worklists=tuple(dict.fromkeys((*changed.worklists, TO_CHECK))))
        self._repository.put(identity, changed, user, action)
        return Result(answer.code, alert=UNCONFIRMED)

    def _allowed(self, ipp: str, user: str, action: str) -> Identity:
        identity = self._repository.get(ipp)
        self._right(user, ipp, action)
        if self._behaviour().insi_blocked(identity):
            raise self._repository.no(user, ipp, action, "this identity is doubtful or fictitious")
        return identity

    def _right(self, user: str, ipp: str, action: str) -> None:
        if not self._behaviour().insi_allowed(self._repository.settings.may_call(user)):
            raise self._repository.no(user, ipp, action, f"{user} may not call INSi")


def card_number(traits: Traits) -> str:
    """The number that a simulated card of this patient has: sex, year, month, place, a rank drawn from the names, key.

    It is what the reader tells, no INS: the repository never keeps it.
    """
    first = {"M": "1", "F": "2"}.get(traits.sex, "1")
    place = traits.place if traits.place[:5].isdigit() or traits.place[:2] in ("2A", "2B") else "99999"
    rank = sum((n + 1) * ord(c) for n, c in enumerate(f"{traits.birth_name}{traits.first_given}")) % 999 + 1
    number = f"{first}{traits.birth[2:6]}{place}{rank:03d}"
    value = int(number.replace("A", "0").replace("B", "0")) - {"A": 1_000_000, "B": 2_000_000}.get(number[6], 0)
    return f"{number}{97 - value % 97:02d}"


def _asked(identity: Identity) -> str:
    traits = identity.traits
    return " ".join(
        (traits.birth_name, " ".join(traits.given_names) or traits.first_given, traits.birth, traits.sex, traits.place)
    )

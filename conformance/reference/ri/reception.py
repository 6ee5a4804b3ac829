"""What is done with a PAM message: of our own domain, taken as told; of another, verified unless it is trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from conformance.reference.config_identity import Domain
from conformance.reference.ri.insi import InsiClient
from conformance.reference.ri.journal import Journal
from conformance.reference.ri.pam_in import Head, Number, Told
from conformance.reference.ri.repository import TO_CHECK, Repository
from conformance.reference.ri.rules import IdentityBehaviour
from conformance.reference.ri.values import Denied, Identity, Ins, Secondary, Status, Traits, sought


class Reception:
    """Takes patients in, in the background: the sender was answered before."""

    def __init__(
        self,
        repository: Repository,
        client: InsiClient,
        journal: Journal,
        behaviour: Callable[[], IdentityBehaviour],
        domain: Domain,
    ) -> None:
        self._repository = repository
        self._client = client
        self._journal = journal
        self._behaviour = behaviour
        self._domain = domain
        self._turn = asyncio.Lock()

    def ours(self, number: Number) -> bool:
        """Whether our own domain gave a number."""
        return number.oid == self._domain.oid if number.oid else number.namespace == self._domain.name

    def unknown(self, told: Told) -> bool:
        """Whether a merge or a change of number is about numbers that nobody knows here."""
        return told.kind != "identity" and self._by_numbers(told.merged) is None

    async def take(self, told: Told, head: Head) -> None:
        """Carry a message out, after those that came before; what cannot be is traced."""
        async with self._turn:
            await self._take(told, head)

    async def _take(self, told: Told, head: Head) -> None:
        author = f"{head.application} {head.facility}".strip() or "PAM"
        action = f"pam.{head.event}"
        told = replace(told, traits=self._repository.kept(told.traits))
        try:
            if told.kind == "merge":
                self._merge(told, author)
            elif told.kind == "renumber":
                self._renumber(told, author)
            elif not told.numbers or self.ours(told.numbers[0]):
                self._own(told, author, action)
            else:
                await self._other(told, head, author, action)
        except Denied as no:
            self._journal.refused(author, told.numbers[0].value if told.numbers else "", action, str(no))

    def _own(self, told: Told, author: str, action: str) -> None:
        """A message of our own domain: its identity is ours, as it is told."""
        ipp = told.numbers[0].value if told.numbers else ""
        known = self._repository.find(ipp) if ipp else None
        status: Status = "qualifiee" if told.qualified else "validee" if told.validated else "provisoire"

        def filled(identity: Identity) -> Identity:
            return replace(
                identity,
                traits=self._traits(identity.traits, told),
                secondary=_secondary(identity.secondary, told),
                status=status,
                ins=told.ins if told.qualified else None,
                checked=told.validated,
                presented=told.validated,
                document=told.document or identity.document,
            )

        if known is None:
            self._repository.add(told.traits, told.secondary, author, action, ipp=ipp, change=filled)
        else:
            self._repository.put(known, filled(known), author, action)

    async def _other(self, told: Told, head: Head, author: str, action: str) -> None:
        """A message of another domain (rules 30, 49 and 51)."""
        rules = self._behaviour()
        if told.qualified and told.ins is not None:
            self._journal.exchanged(author, "", author, action, ok=True)
        known = self._known(told)
        names = (head.application, head.facility, told.numbers[0].namespace, told.numbers[0].oid)
        held = known is not None and (known.ins is not None or rules.insi_blocked(known))
        if not told.qualified or told.ins is None or held:
            self._without_ins(told, known, author, action)
            return
        if rules.trusted(self._repository.settings.trusts(names)):
            self._trusted(told, known, author, action)
            return
        answer = await self._client.verify(told.ins, told.traits, "")
        known = self._known(told)
        self._journal.called(author, known.ipp if known is not None else "", "verify", _asked(told), answer)
        if answer.code == "ok":
            self._confirmed(told, told.ins, known, author, action)
        elif answer.code == "ko":
            self._unconfirmed(told, told.ins, known, author, action)
        else:
            self._without_ins(told, known, author, action)

    def _trusted(self, told: Told, known: Identity | None, author: str, action: str) -> None:
        """A qualified identity whose sender is taken at its word."""
        status = self._behaviour().trusted_status()

        def filled(identity: Identity) -> Identity:
            return replace(
                identity,
                traits=self._traits(identity.traits, told),
                status=status,
                ins=told.ins,
                checked=True,
                presented=True,
                others=_linked(identity, told),
            )

        self._store(told, known, author, action, filled)

    def _confirmed(self, told: Told, ins: Ins, known: Identity | None, author: str, action: str) -> None:
        """INSi confirms: taken in, to be checked here."""

        def filled(identity: Identity) -> Identity:
            return replace(
                identity,
                traits=self._traits(identity.traits, told),
                status=self._behaviour().confirmed_status(identity.checked),
                ins=ins,
                others=_linked(identity, told),
            )

        self._store(told, known, author, action, filled)

    def _unconfirmed(self, told: Told, ins: Ins, known: Identity | None, author: str, action: str) -> None:
        """INSi does not confirm: a known patient stays as it is, an unknown one comes in without INS."""
        rules = self._behaviour()

        def listed(identity: Identity) -> Identity:
            return replace(identity, worklists=tuple(dict.fromkeys((*identity.worklists, TO_CHECK))))

        if known is None:

            def filled(identity: Identity) -> Identity:
                kept = rules.ins_after_ko(ins)
                return replace(listed(identity), ins=kept, others=_linked(identity, told))

            self._store(told, None, author, action, filled)
            return
        changed = listed(known)
        if rules.updated_after_ko():
            changed = replace(changed, traits=self._traits(known.traits, told), secondary=told.secondary)
        self._repository.put(known, changed, author, action)

    def _without_ins(self, told: Told, known: Identity | None, author: str, action: str) -> None:
        """Only the number of the other domain is kept of a known patient; an unknown one comes in provisional."""
        self._store(told, known, author, action, lambda identity: replace(identity, others=_linked(identity, told)))

    def _store(
        self, told: Told, known: Identity | None, author: str, action: str, change: Callable[[Identity], Identity]
    ) -> None:
        if known is not None:
            self._repository.put(known, change(known), author, action)
        else:
            self._repository.add(told.traits, told.secondary, author, action, change=change)

    def _merge(self, told: Told, author: str) -> None:
        going, kept = self._by_numbers(told.merged), self._by_numbers(told.numbers)
        if going is None or kept is None:
            raise Denied("a merge of numbers that nobody knows here")
        if going is kept:  # both numbers were known to be the same patient's
            return
        self._repository.merge(going.ipp, kept.ipp, author)

    def _renumber(self, told: Told, author: str) -> None:
        held = self._by_numbers(told.merged)
        if held is None or not told.numbers:
            raise Denied("a change of a number that nobody knows here")
        new = told.numbers[0]
        if self.ours(new):
            self._repository.renumber(held.ipp, new.value, author)
            return
        gone = {(n.authority, n.value) for n in told.merged}
        others = tuple(o for o in held.others if o not in gone)
        changed = replace(held, others=(*others, (new.authority, new.value)))
        self._repository.put(held, changed, author, "pam.A47")

    def _by_numbers(self, numbers: tuple[Number, ...]) -> Identity | None:
        for number in numbers:
            if self.ours(number) and (found := self._repository.find(number.value)) is not None:
                return None if found.merged_into else found
            for identity in self._repository:
                if not identity.merged_into and (number.authority, number.value) in identity.others:
                    return identity
        return None

    def _known(self, told: Told) -> Identity | None:
        """Who it is here: by number, by matricule, else by strict traits."""
        if (found := self._by_numbers(told.numbers)) is not None:
            return found
        alive = [i for i in self._repository if not i.merged_into]
        if told.ins is not None:
            for identity in alive:
                if identity.ins is not None and identity.ins.matricule == told.ins.matricule:
                    return identity
        same = [i for i in alive if _key(i.traits) == _key(told.traits)]
        return same[0] if len(same) == 1 else None

    def _traits(self, local: Traits, told: Told) -> Traits:
        """What is told, completed by what is here."""
        given = told.traits.given_names or local.given_names
        return replace(told.traits, given_names=given, place=told.traits.place or local.place)


def _key(traits: Traits) -> tuple[str, str, str, str]:
    return sought(traits.birth_name), sought(traits.first_given), traits.birth, traits.sex


def _linked(identity: Identity, told: Told) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((*identity.others, *((n.authority, n.value) for n in told.numbers))))


def _secondary(local: Secondary, told: Told) -> Secondary:
    name, given = told.secondary.used_name, told.secondary.used_given
    return replace(local, used_name=name or local.used_name, used_given=given or local.used_given)


def _asked(told: Told) -> str:
    traits = told.traits
    matricule = told.ins.matricule if told.ins is not None else ""
    return f"{matricule} {traits.birth_name} {' '.join(traits.given_names)} {traits.birth} {traits.sex}".strip()

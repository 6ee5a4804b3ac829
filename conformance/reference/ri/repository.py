"""The identities, and all that is done to them by hand: creation, changes, documents, attributes, merges, searches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.reference.ri.diffusion import Diffusion
from conformance.reference.ri.journal import Journal
from conformance.reference.ri.rules import IdentityBehaviour
from conformance.reference.ri.settings import Settings
from conformance.reference.ri.values import (
    ATTRIBUTES,
    BLOCKING,
    SECONDARY,
    STRICT,
    Attribute,
    Denied,
    Event,
    Identity,
    Ins,
    Secondary,
    Traits,
    sought,
    valid_date,
    valid_matricule,
)

LIMIT = 100_000
LONGEST = 200
TO_CHECK = "Identites a verifier"
"""The worklist of identities that INSi did not confirm."""


class Repository:
    """The base. Every change is traced, historised and told. Methods raise Denied."""

    def __init__(self, journal: Journal, diffusion: Diffusion, behaviour: Callable[[], IdentityBehaviour]) -> None:
        self.settings = Settings()
        self.journal = journal
        self._diffusion = diffusion
        self._behaviour = behaviour
        self._held: dict[str, Identity] = {}
        self._numbers = itertools.count(1)

    def __iter__(self) -> Iterator[Identity]:
        return iter(self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def forget(self) -> None:
        """Empty the base, put the settings back. Numbers are not used again."""
        self._held.clear()
        self.settings = Settings()

    def find(self, ipp: str) -> Identity | None:
        """The identity of that number, merged ones too."""
        return self._held.get(ipp)

    def get(self, ipp: str, *, alive: bool = True) -> Identity:
        """The identity of that number; raises Denied when there is none, or when it was merged."""
        identity = self._held.get(ipp)
        if identity is None:
            raise Denied("no such identity")
        if alive and identity.merged_into:
            raise Denied(f"this identity was merged into {identity.merged_into}")
        return identity

    def read(self, ipp: str, author: str) -> Identity | None:
        """See an identity, INS included: traced."""
        identity = self._held.get(ipp)
        if identity is not None:
            self.journal.accessed(author, ipp, "identity.read")
        return identity

    def search(self, *, birth: str, name: str, given: str, matricule: str, author: str) -> list[str]:
        """The identities alive that fit all that is given (rule 17); a matricule must be whole, with its key."""
        if matricule and not valid_matricule(matricule):
            raise Denied("a matricule has 15 characters, and a key that agrees")
        found = [i for i in self if not i.merged_into and _fits(i, birth, sought(name), sought(given), matricule)]
        for identity in found:
            self.journal.accessed(author, identity.ipp, "identity.search")
        return [i.ipp for i in found]

    def create(self, traits: Traits, secondary: Secondary, author: str) -> Identity:
        """A new identity, provisional; raises Denied when a needed trait is missing or no such thing exists."""
        traits, secondary = self.kept(traits), self.kept_secondary(secondary)
        if lacking := self._behaviour().missing(traits):
            raise Denied(f"needed to create an identity: {', '.join(lacking)}")
        if lacking := self._behaviour().also_needed(secondary):
            raise Denied(f"needed to create an identity: {', '.join(lacking)}")
        self.check(traits)
        return self.add(traits, secondary, author, "identity.create")

    def add(
        self, traits: Traits, secondary: Secondary, author: str, action: str, *, ipp: str = "",
        change: Callable[[Identity], Identity] = lambda identity: identity,
    ) -> Identity:  # fmt: skip
        """Put an identity in, and tell of it; `change` completes it first."""
        if len(self._held) >= LIMIT:
            raise Denied("the base is full")
        number = ipp or f"RI{next(self._numbers):08d}"
        status = self._behaviour().first_status()
        identity = Identity(number, traits, status, self.journal.clock.stamp(), secondary)
        made = change(identity)
        at = self.journal.changed(author, number, action)
        self._held[number] = replace(made, history=(Event(at, author, action, made.status),))
        self._diffusion.tell("A28", self._held[number], author)
        return self._held[number]

    def put(self, old: Identity, new: Identity, author: str, action: str, *, tell: bool = True) -> Identity:
        """Replace an identity by what became of it: each field that changed is traced, and the whole told."""
        lines = list(_changes(old, new))
        events = []
        for name, before, after in lines or [("", "", "")]:
            at = self.journal.changed(author, old.ipp, action, field=name, before=before, after=after)
            events.append(Event(at, author, action, old.status, name, before, after))
        self._held[old.ipp] = replace(new, history=(*old.history, *events))
        if tell and lines:
            self._diffusion.tell("A31", self._held[old.ipp], author)
        return self._held[old.ipp]

    def update(
        self, ipp: str, traits: dict[str, object], secondary: dict[str, str], ins: Ins | None, author: str,
        *, super_user: bool,
    ) -> Identity:  # fmt: skip
        """Change what is given; raises Denied when it is closed to the author (rule 26)."""
        identity, rules = self.get(ipp), self._behaviour()
        wanted = self.kept(replace(identity.traits, **traits))  # type: ignore[arg-type]
        typed = ins is not None and not _same(ins, identity.ins)
        strict = wanted != identity.traits or typed
        # Rule 26 does not name the first given name: it stays open, and rule 27 holds for it all the same.
        closed = typed or replace(wanted, first_given="") != replace(identity.traits, first_given="")
        allowed = super_user or author in self.settings.supers
        if closed and rules.locked(identity) and not allowed:
            raise self.no(author, ipp, "identity.update", "strict traits are closed: a super-user is needed")
        if secondary and rules.secondary_locked(identity) and not allowed:
            raise self.no(author, ipp, "identity.update", "complementary traits are closed")
        if ins is not None and identity.ins is None:
            raise self.no(author, ipp, "identity.update", "a matricule comes from INSi, it is not typed in")
        changed = replace(identity, secondary=self.kept_secondary(replace(identity.secondary, **secondary)))
        if strict:
            if lacking := rules.missing(wanted):
                raise self.no(author, ipp, "identity.update", f"may not be empty: {', '.join(lacking)}")
            self.check(wanted)
            changed = rules.after_strict_change(replace(changed, traits=wanted))
        return self.put(identity, changed, author, "identity.update")

    def document(self, ipp: str, kind: str, trust: str, author: str) -> Identity:
        """Record by which document an identity was verified (rule 19); it validates by itself only when that is set."""
        identity = self.get(ipp)
        high = self.settings.trust_of(kind, trust) == "high"
        shown = "" if not kind else self._behaviour().kept_document(kind)
        presented = replace(identity, document=shown, presented=high)
        identity = self.put(identity, presented, author, "identity.document")
        return self.validate(ipp, author) if high and self.settings.automatic else identity

    def validate(self, ipp: str, author: str) -> Identity:
        """Validate by hand, on a document of high trust (rules 19 and 20)."""
        identity = self.get(ipp)
        if not identity.presented:
            raise self.no(author, ipp, "identity.validate", "a document of high trust is needed")
        if any(a in BLOCKING for a in identity.attributes):
            raise self.no(author, ipp, "identity.validate", "this identity is doubtful or fictitious")
        status = self._behaviour().status_of(identity.ins is not None, True)
        return self.put(identity, replace(identity, checked=True, status=status), author, "identity.validate")

    def declare(self, ipp: str, attribute: Attribute, set: bool, author: str) -> Identity:
        """Set or take away an attribute (rule 25)."""
        identity = self.get(ipp)
        alone = "fictive" in (attribute, *identity.attributes)
        if set and alone and identity.attributes and attribute not in identity.attributes:
            raise self.no(author, ipp, "identity.attribute", "a fictitious identity has no other attribute")
        held = {*identity.attributes, attribute} if set else {*identity.attributes} - {attribute}
        changed = replace(identity, attributes=tuple(a for a in ATTRIBUTES if a in held))
        if set:
            changed = self._behaviour().after_declared(changed, attribute)
        return self.put(identity, changed, author, "identity.attribute")

    def merge(self, ipp: str, into: str, author: str) -> Identity:
        """Merge an identity into another, which is kept as it is."""
        going, kept = self.get(ipp), self.get(into)
        if ipp == into:
            raise Denied("an identity is not merged into itself")
        self.put(going, replace(going, merged_into=into), author, "identity.merge", tell=False)
        kept = self.put(kept, replace(kept, others=_both(kept, going)), author, "identity.merge", tell=False)
        self._diffusion.tell("A40", kept, author, merged=[ipp])
        return kept

    def split(self, ipp: str, author: str) -> Identity:
        """Undo a merge: the identity that had gone lives again, and is told anew (A28)."""
        gone = self.get(ipp, alive=False)
        if not gone.merged_into:
            raise Denied("this identity was not merged")
        kept = self._held.get(gone.merged_into)
        back = self.put(gone, replace(gone, merged_into=""), author, "identity.split", tell=False)
        self._diffusion.tell("A28", back, author)
        if kept is not None:
            others = tuple(o for o in kept.others if o not in gone.others)
            self.put(kept, replace(kept, others=others), author, "identity.split", tell=False)
        return back

    def renumber(self, old: str, new: str, author: str) -> Identity:
        """Give an identity another number."""
        identity = self.get(old)
        if not new or new in self._held:
            raise Denied("this number is taken")
        del self._held[old]
        self._held[new] = replace(identity, ipp=new)
        made = self.put(self._held[new], self._held[new], author, "identity.renumber", tell=False)
        self._diffusion.tell("A47", made, author, merged=[old])
        return made

    def no(self, author: str, ipp: str, action: str, reason: str) -> Denied:
        """A refusal, traced."""
        self.journal.refused(author, ipp, action, reason)
        return Denied(reason)

    def kept(self, traits: Traits) -> Traits:
        """Traits as they are kept."""
        text = self._behaviour().kept_text
        return Traits(
            text(traits.birth_name),
            tuple(kept for g in traits.given_names if (kept := text(g))),
            text(traits.first_given),
            traits.birth,
            traits.sex.upper(),
            traits.place.upper(),
        )

    def kept_secondary(self, secondary: Secondary) -> Secondary:
        """Complementary traits as they are kept."""
        text = self._behaviour().kept_text
        return replace(secondary, used_name=text(secondary.used_name), used_given=text(secondary.used_given))

    def check(self, traits: Traits) -> None:
        """Raises Denied for what cannot be."""
        if traits.birth and not valid_date(traits.birth):
            raise Denied("no such day: AAAAMMJJ")
        if traits.sex and traits.sex not in ("M", "F", "U"):
            raise Denied("sex is M, F or U")
        if traits.place and (len(traits.place) != 5 or not traits.place.isalnum()):
            raise Denied("a code of birth place has 5 characters")
        if max(map(len, (traits.birth_name, traits.first_given, " ".join(traits.given_names)))) > LONGEST:
            raise Denied(f"a name has {LONGEST} characters at most")


def _fits(identity: Identity, birth: str, name: str, given: str, matricule: str) -> bool:
    traits, secondary = identity.traits, identity.secondary
    names = (traits.birth_name, secondary.used_name)
    listed = " ".join(traits.given_names)
    firsts = (listed, *traits.given_names, traits.first_given, secondary.used_given)
    return (
        (not birth or traits.birth == birth)
        and (not name or any(sought(n).startswith(name) for n in names))
        and (not given or any(sought(n).startswith(given) for n in firsts))
        and (not matricule or (identity.ins is not None and identity.ins.matricule == matricule))
    )


def _same(typed: Ins, held: Ins | None) -> bool:
    return held is not None and (typed.matricule, typed.oid) == (held.matricule, held.oid)


def _both(kept: Identity, going: Identity) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((*kept.others, *going.others)))


def _changes(old: Identity, new: Identity) -> Iterator[tuple[str, str, str]]:
    """What differs: name, before, after."""
    for name in STRICT:
        before, after = (_text(getattr(i.traits, name)) for i in (old, new))
        if before != after:
            yield name, before, after
    for name in SECONDARY:
        before, after = (_text(getattr(i.secondary, name)) for i in (old, new))
        if before != after:
            yield name, before, after
    pairs = {
        "status": (old.status, new.status),
        "matricule": (old.ins.matricule if old.ins else "", new.ins.matricule if new.ins else ""),
        "oid": (old.ins.oid if old.ins else "", new.ins.oid if new.ins else ""),
        "attributes": (" ".join(old.attributes), " ".join(new.attributes)),
        "document": (old.document, new.document),
        "merged_into": (old.merged_into, new.merged_into),
    }
    for name, (before, after) in pairs.items():
        if before != after:
            yield name, before, after


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)

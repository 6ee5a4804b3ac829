"""The small decisions of the identity repository that a defect may replace; `IdentityBehaviour` lists them.

Rule numbers are those of the Guide d'implémentation de l'INS, as the requirements of the RI quote them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from conformance.reference.ri.values import BLOCKING, Answer, Attribute, Identity, Ins, Secondary, Status, Traits, plain

LOCKED: frozenset[Status] = frozenset({"recuperee", "qualifiee"})
NEEDED = ("birth_name", "first_given", "birth", "sex", "place")

Mode = Literal["cpx", "organisation"]
"""How the INSi service is called: with a professional's card, or with the certificate of the organisation."""

Operation = Literal["search-traits", "search-card", "verify", "verify-batch"]


def first_status() -> Status:
    """The status of a new identity (rule 20)."""
    return "provisoire"


def status_of(retrieved: bool, checked: bool) -> Status:
    """The status that follows from the return of INSi and from a check on a document of high trust (rule 20)."""
    if retrieved:
        return "qualifiee" if checked else "recuperee"
    return "validee" if checked else "provisoire"


def kept_text(text: str) -> str:
    """A name as it is kept: capitals, no accent (rule 1)."""
    return plain(text)


def missing(traits: Traits) -> tuple[str, ...]:
    """The traits without which an identity is not created (rule 5)."""
    return tuple(name for name in NEEDED if not getattr(traits, name))


def also_needed(secondary: Secondary) -> tuple[str, ...]:
    """Other traits without which an identity is not created: none (rule 5)."""
    del secondary
    return ()


def locked(identity: Identity) -> bool:
    """Whether strict traits are closed to whoever is no super-user (rule 26)."""
    return identity.status in LOCKED


def secondary_locked(identity: Identity) -> bool:
    """Whether complementary traits are closed: never (rule 26)."""
    del identity
    return False


def after_strict_change(identity: Identity) -> Identity:
    """An identity one of whose strict traits was changed by hand: one step down, without INS (rule 27)."""
    if identity.status not in LOCKED:
        return identity
    return identity.without_ins("validee" if identity.status == "qualifiee" else "provisoire")


def after_declared(identity: Identity, attribute: Attribute) -> Identity:
    """An identity declared doubtful or fictitious: provisional, without INS (rule 25)."""
    return (
        replace(identity.without_ins("provisoire"), checked=False, presented=False)
        if attribute in BLOCKING
        else identity
    )


def insi_blocked(identity: Identity) -> bool:
    """Whether INSi may not be called for an identity (rule 25)."""
    return any(a in BLOCKING for a in identity.attributes)


def insi_allowed(granted: bool) -> bool:
    """Whether a user may call INSi (rule 4)."""
    return granted


def kept_document(kind: str) -> str:
    """The kind of document, as it is kept (rule 19)."""
    return kind


def importable_date(birth: str) -> bool:
    """Whether a date answered by INSi (AAAA-MM-JJ) may be taken in (rule 11)."""
    return len(birth) == 10 and birth[5:7] != "00" and birth[8:] != "00"


def importable_names(traits: Traits) -> bool:
    """Whether the names and sex answered by INSi may be taken in (rule 12)."""
    return bool(traits.birth_name and traits.given_names and traits.sex)


def coherent_given(first: str, given_names: Sequence[str]) -> bool:
    """Whether the first given name begins the list answered by INSi; hyphen and apostrophe count as blanks (rule 6)."""
    words, listed = _words(first), _words(" ".join(given_names))
    return bool(words) and listed[: len(words)] == words


def imported(local: Traits, answered: Traits) -> Traits:
    """The strict traits after a return of INSi: those answered; the first given name stays (rule 6)."""
    return Traits(
        answered.birth_name,
        answered.given_names,
        local.first_given,
        answered.birth.replace("-", ""),
        answered.sex,
        answered.place or local.place,
    )


def after_ko(identity: Identity) -> Identity:
    """An identity of ours that INSi does not confirm: provisional, without INS (rule 49)."""
    if identity.ins is None:
        return identity
    return replace(identity.without_ins("provisoire"), checked=False)


def ins_after_ko(ins: Ins) -> Ins | None:
    """The INS with which an unknown patient of a third party is created when INSi says KO (rule 51)."""
    del ins
    return None


def updated_after_ko() -> bool:
    """Whether a known patient of a third party is updated when INSi says KO (rule 51)."""
    return False


def trusted(contract: bool) -> bool:
    """Whether a sender of another domain is taken at its word (rule 30)."""
    return contract


def trusted_status() -> Status:
    """The status of a qualified identity that a trusted sender gives (rule 30)."""
    return "qualifiee"


def confirmed_status(checked: bool) -> Status:
    """The status of an identity of another domain that INSi confirmed: to be checked here (rule 30)."""
    return status_of(True, checked)


def told_ins(identity: Identity) -> Ins | None:
    """The INS that a message or an edition carries: that of a qualified identity (rule 28)."""
    return identity.ins if identity.status == "qualifiee" else None


def told_reliability(identity: Identity) -> tuple[str, ...]:
    """PID-32 (table 0445): validated or not, then the attributes."""
    first = "VALI" if identity.status in ("validee", "qualifiee") else "PROV"
    codes = {"homonyme": "HOMA", "douteuse": "DOUT", "fictive": "FICT"}
    return (first, *(codes[a] for a in identity.attributes))


def propagated(event: str) -> bool:
    """Whether a change goes out (rule 27)."""
    del event
    return True


def card_read(mode: str) -> bool:
    """Whether a search is made with the carte Vitale, or with its application."""
    return mode in ("card", "mobile")


def proved_by(mode: str) -> bool:
    """Whether a search proves the identity by itself: with the application of the carte Vitale (RNIV 1, 4.3.4)."""
    return mode == "mobile"


def interactive_mode() -> Mode:
    """How a search asked by a professional is authenticated."""
    return "cpx"


def automatic_mode() -> Mode:
    """How a verification is authenticated: nobody's card is in the reader."""
    return "organisation"


def asserted(mode: Mode) -> bool:
    """Whether a call carries an assertion: in a professional's name only."""
    return mode == "cpx"


def shown_certificate(mode: Mode) -> Mode:
    """Whose certificate is shown in TLS."""
    return mode


def verification_traced() -> bool:
    """Whether calls of the verification leave a trace (rule 48)."""
    return True


def retrieval_traced() -> bool:
    """Whether calls of the search leave a trace (rule 37)."""
    return True


def call_traced(operation: Operation, failed: bool) -> bool:
    """Whether an access to the service leaves a trace (rule 4)."""
    del operation, failed
    return True


def answer_traced(answer: Answer) -> Answer:
    """What a trace keeps of an answer: all of it (rule 39)."""
    return answer


def access_traced() -> bool:
    """Whether reading the INS leaves a trace (rule 4)."""
    return True


def change_traced(action: str) -> bool:
    """Whether a change leaves a trace (rule 16)."""
    del action
    return True


def partner_traced() -> bool:
    """Whether sending the INS to a partner leaves a trace (rule 31)."""
    return True


def batch_answers(answers: Sequence[Answer]) -> Sequence[Answer]:
    """The answers of a batch, in the order of the identities that asked."""
    return answers


def call_counted(answer: Answer) -> bool:
    """Whether a call is in the dashboard."""
    del answer
    return True


def call_detailed(answer: Answer) -> bool:
    """Whether a call has its line in the extraction."""
    del answer
    return True


def exported(identities: Sequence[Identity]) -> Sequence[Identity]:
    """What the export for portability holds."""
    return identities


@dataclass(frozen=True, slots=True)
class IdentityBehaviour:
    """The replaceable decisions."""

    first_status: Callable[[], Status] = first_status
    status_of: Callable[[bool, bool], Status] = status_of
    kept_text: Callable[[str], str] = kept_text
    missing: Callable[[Traits], tuple[str, ...]] = missing
    also_needed: Callable[[Secondary], tuple[str, ...]] = also_needed
    locked: Callable[[Identity], bool] = locked
    secondary_locked: Callable[[Identity], bool] = secondary_locked
    after_strict_change: Callable[[Identity], Identity] = after_strict_change
    after_declared: Callable[[Identity, Attribute], Identity] = after_declared
    insi_blocked: Callable[[Identity], bool] = insi_blocked
    insi_allowed: Callable[[bool], bool] = insi_allowed
    kept_document: Callable[[str], str] = kept_document
    importable_date: Callable[[str], bool] = importable_date
    importable_names: Callable[[Traits], bool] = importable_names
    coherent_given: Callable[[str, Sequence[str]], bool] = coherent_given
    imported: Callable[[Traits, Traits], Traits] = imported
    after_ko: Callable[[Identity], Identity] = after_ko
    ins_after_ko: Callable[[Ins], Ins | None] = ins_after_ko
    updated_after_ko: Callable[[], bool] = updated_after_ko
    trusted: Callable[[bool], bool] = trusted
    trusted_status: Callable[[], Status] = trusted_status
    confirmed_status: Callable[[bool], Status] = confirmed_status
    told_ins: Callable[[Identity], Ins | None] = told_ins
    told_reliability: Callable[[Identity], tuple[str, ...]] = told_reliability
    propagated: Callable[[str], bool] = propagated
    card_read: Callable[[str], bool] = card_read
    proved_by: Callable[[str], bool] = proved_by
    interactive_mode: Callable[[], Mode] = interactive_mode
    automatic_mode: Callable[[], Mode] = automatic_mode
    asserted: Callable[[Mode], bool] = asserted
    shown_certificate: Callable[[Mode], Mode] = shown_certificate
    verification_traced: Callable[[], bool] = verification_traced
    retrieval_traced: Callable[[], bool] = retrieval_traced
    call_traced: Callable[[Operation, bool], bool] = call_traced
    answer_traced: Callable[[Answer], Answer] = answer_traced
    access_traced: Callable[[], bool] = access_traced
    change_traced: Callable[[str], bool] = change_traced
    partner_traced: Callable[[], bool] = partner_traced
    batch_answers: Callable[[Sequence[Answer]], Sequence[Answer]] = batch_answers
    call_counted: Callable[[Answer], bool] = call_counted
    call_detailed: Callable[[Answer], bool] = call_detailed
    exported: Callable[[Sequence[Identity]], Sequence[Identity]] = exported


def _words(text: str) -> list[str]:
    return plain(text).replace("-", " ").replace("'", " ").split()

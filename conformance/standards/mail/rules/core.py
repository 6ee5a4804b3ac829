"""What a rule on a mail is, the mail under judgement with what it encloses, and how a table becomes findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity
from conformance.standards.ins import nir
from conformance.standards.mail import contents, wording
from conformance.standards.mail.contents import Contents
from conformance.standards.mail.syntax import Address, Mail

CODES = table("conformance.standards.mail")

MOST = 20
"""Findings that one rule makes of one mail, at most."""

PATIENT_DOMAIN = "patient.mssante.fr"
DOMAIN = "mssante.fr"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a judgement depends on besides the mail: the mailboxes that are declared, and the product.

    `application` sends automatically, `personal` is a professional's, `organisation` serves several persons; all may
    be unknown (empty). `product` is the number of X-MSS-NIL, empty when it is not declared. Mailboxes of MSSanté are
    those under `domain`, patients' those of `patient_domain`.
    """

    application: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    organisation: frozenset[str] = frozenset()
    product: str = ""
    domain: str = DOMAIN
    patient_domain: str = PATIENT_DOMAIN

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Settings:
        """From the settings of a target: `mss_application_mailbox`, `mss_return_mailbox`, `mss_personal_mailbox`,
        `reference_produit`, `patient_domain`; those of the bench's operator when they are not given."""

        def one(name: str, default: str) -> frozenset[str]:
            return frozenset({str(values.get(name) or default).lower()})

        return cls(
            application=one("mss_application_mailbox", "pfi@banc.mssante.fr"),
            personal=one("mss_personal_mailbox", "ps801234567897@banc.mssante.fr"),
            organisation=one("mss_return_mailbox", "accueil@banc.mssante.fr"),
            product=str(values.get("reference_produit") or "").strip(),
            patient_domain=str(values.get("patient_domain") or PATIENT_DOMAIN).lower(),
        )


UNKNOWN = Settings()


@dataclass(frozen=True, eq=False)
class Letter:
    """A mail under judgement. `envelope` are the recipients given to SMTP, `sender` the address of MAIL FROM."""

    mail: Mail
    settings: Settings = UNKNOWN
    envelope: tuple[str, ...] = ()
    sender: str = ""

    @cached_property
    def contents(self) -> Contents:
        """What it encloses."""
        return contents.contents(self.mail)

    @cached_property
    def text(self) -> str:
        """Its words, from the text/plain part, else from the HTML one."""
        return wording.of_mail(self.mail)

    @cached_property
    def recipients(self) -> tuple[str, ...]:
        """Every recipient, of the envelope and of the header, in lower case, once each."""
        written = (a.address for a in self.mail.recipients)
        return tuple(dict.fromkeys(a.strip("<>").lower() for a in (*self.envelope, *written) if a))

    @cached_property
    def patients(self) -> tuple[str, ...]:
        """The recipients that are patients."""
        return tuple(a for a in self.recipients if a.rpartition("@")[2] == self.settings.patient_domain)

    @property
    def author(self) -> Address | None:
        """The mailbox of From."""
        return self.mail.sender

    @property
    def automatic(self) -> bool:
        """Whether it comes from a mailbox declared as an application's."""
        return self.author is not None and self.author.address.lower() in self.settings.application

    @property
    def personal(self) -> bool:
        """Whether it comes from a mailbox declared as a professional's."""
        return self.author is not None and self.author.address.lower() in self.settings.personal

    @cached_property
    def transmits(self) -> bool:
        """Whether it means to transmit documents: an archive, a CDA, or the mark of the subject."""
        held = self.contents
        return bool(held.archives or held.bare) or self.mail.subject.lstrip().startswith("XDM/1.0/")

    @property
    def ours(self) -> bool:
        """Whether a mailbox of MSSanté writes it or is written to."""
        return any(self.of_mssante(a) for a in (*self.recipients, *(a.address for a in self.mail.addresses("From"))))

    def of_mssante(self, address: str) -> bool:
        """Whether an address is of a MSSanté domain."""
        domain = address.rpartition("@")[2].lower()
        return domain == self.settings.domain or domain.endswith(f".{self.settings.domain}")


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule does not hold."""

    path: str
    seen: object = ""
    expected: object = ""
    subject: str = ""
    severity: Severity | None = None


Check = Callable[[Letter], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table; its clause, severity and texts are those of `code` in `codes.toml`."""

    code: str
    check: Check


Rules = tuple[Rule, ...]


def apply(rules: Iterable[Rule], letter: Letter) -> Iterator[Finding]:
    """The findings of a table on a mail."""
    for rule in rules:
        for hit in islice(rule.check(letter), MOST):
            yield CODES.finding(
                rule.code, hit.path, seen=hit.seen, expected=hit.expected, subject=hit.subject, severity=hit.severity
            )


def matricule(address: str) -> str:
    """The matricule of a patient address, empty when its local part has not that form."""
    local = address.strip("<>").rpartition("@")[0].upper()
    return local if nir.is_matricule(local) else ""


ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")

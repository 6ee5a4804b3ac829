"""Violations of the identity repository: each replaces one decision of `ri.rules.IdentityBehaviour`, and nothing else.

Those of the sign-in replace one of `access.rules.AccessBehaviour`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.reference.defects.access import code_forgotten, matching_by_name
from conformance.reference.defects.table import Area, Defect
from conformance.reference.ri import rules
from conformance.reference.ri.rules import Mode, Operation
from conformance.reference.ri.values import Answer, Attribute, Identity, Ins, Secondary, Status, Traits


def as_it_was(identity: Identity, *rest: object) -> Identity:
    """Nothing happens to the identity."""
    del rest
    return identity


def always(*anything: object) -> bool:
    """Yes."""
    del anything
    return True


def never(*anything: object) -> bool:
    """No."""
    del anything
    return False


def retrieved_is_qualified(retrieved: bool, checked: bool) -> Status:
    """INSi alone qualifies."""
    return "qualifiee" if retrieved else rules.status_of(retrieved, checked)


def checked_is_qualified(retrieved: bool, checked: bool) -> Status:
    """A document alone qualifies."""
    return "qualifiee" if checked else rules.status_of(retrieved, checked)


def never_qualified(retrieved: bool, checked: bool) -> Status:
    """Both conditions do not qualify."""
    return "recuperee" if retrieved and checked else rules.status_of(retrieved, checked)


def born_validated() -> Status:
    """A new identity is validated."""
    return "validee"


def nothing_needed(traits: Traits) -> tuple[str, ...]:
    """An identity without birth place is complete."""
    return tuple(name for name in rules.missing(traits) if name != "place")


def phone_needed(secondary: Secondary) -> tuple[str, ...]:
    """No identity without a telephone number."""
    return () if secondary.phone else ("phone",)


def kind_forgotten(kind: str) -> str:
    """The kind of document is not kept."""
    del kind
    return ""


def signs_lost(text: str) -> str:
    """Hyphens and apostrophes of names become spaces."""
    return rules.kept_text(text).replace("-", " ").replace("'", " ")


def local_traits(local: Traits, answered: Traits) -> Traits:
    """The traits that INSi gives do not replace those here."""
    del answered
    return local


def kept_ins(ins: Ins) -> Ins:
    """The INS that was told stays."""
    return ins


def retrieved_status() -> Status:
    """Retrieved."""
    return "recuperee"


def at_once_qualified(checked: bool) -> Status:
    """The status that was told is taken."""
    del checked
    return "qualifiee"


def ins_of_validated(identity: Identity) -> Ins | None:
    """A validated identity goes out with the INS it had."""
    if identity.status == "validee":
        return identity.ins or (identity.former[-1] if identity.former else None)
    return rules.told_ins(identity)


def ins_of_retrieved(identity: Identity) -> Ins | None:
    """A retrieved identity goes out with its INS."""
    return identity.ins if identity.status == "recuperee" else rules.told_ins(identity)


def no_ins(identity: Identity) -> Ins | None:
    """Nothing goes out with its INS."""
    del identity
    return None


def no_reliability(identity: Identity) -> tuple[str, ...]:
    """PID-32 is left empty."""
    del identity
    return ()


def declared_without_effect(identity: Identity, attribute: Attribute) -> Identity:
    """A doubtful identity keeps its status."""
    del attribute
    return identity


def strict_change_ignored(identity: Identity) -> Identity:
    """A changed strict trait takes nothing away."""
    return identity


def failures_forgotten(answer: Answer) -> bool:
    """Calls that failed are not counted."""
    return not answer.failed


def nothing_detailed(answer: Answer) -> bool:
    """No call has its line."""
    del answer
    return False


def code_only(answer: Answer) -> Answer:
    """Of an answer, only the code and the matricule are kept."""
    return replace(answer, historic=(), ins=Ins(answer.ins.matricule, "") if answer.ins else None, traits=Traits())


def only_batches(operation: Operation, failed: bool) -> bool:
    """Only batches leave a trace of the access to the service."""
    del failed
    return operation == "verify-batch"


def shifted(answers: Sequence[Answer]) -> Sequence[Answer]:
    """Each identity gets the answer of the next one."""
    return [*answers[1:], *answers[:1]]


def latest_missing(identities: Sequence[Identity]) -> Sequence[Identity]:
    """The identity made last is left out."""
    return identities[:-1]


def no_creation_traced(action: str) -> bool:
    """Only creations are traced."""
    return action == "identity.create"


def with_card() -> Mode:
    """Automatic calls are made with a professional's card too."""
    return "cpx"


def card_shown(mode: Mode) -> Mode:
    """The certificate of the card is shown, whatever the mode."""
    del mode
    return "cpx"


def no_level(acr: str) -> str:
    """No level of authentication is asked for."""
    del acr
    return ""


SHARED: Mapping[str, str] = {
    "va1/INS/va1.04": "SGL RIS LGO",
    "va1/INS/va1.05": "SGL RIS LGO",
    "va1/INS/va1.06": "SGL RIS LGO",
    "va1/INS/va1.07": "SGL RIS LGO",
    "va1/INS/va1.08": "SGL RIS LGO",
    "va1/INS/va1.13": "SGL RIS LGO",
    "va1/INS/va1.18": "SGL RIS LGO",
    "va1/INS/va1.20": "SGL RIS LGO",
    "va1/INS/va1.21": "SGL RIS LGO",
    "va1/INS/va1.22": "SGL RIS",
    "va1/INS/va1.23": "SGL RIS LGO",
    "va1/INS/va1.27": "SGL RIS LGO",
    "va1/INS/va1.28": "SGL RIS LGO",
    "va1/INS/va1.31": "SGL RIS LGO",
    "va1/INS/va1.32": "SGL RIS LGO",
    "va1/INS/va1.34": "SGL RIS LGO",
    "va1/INS/va1.35": "SGL RIS LGO",
    "va1/INS/va1.37": "LGO",
    "va1/INS/va1.38": "SGL RIS LGO",
    "va1/INS/va1.39": "SGL RIS DPI LGO",
    "va1/INS/va1.40": "SGL RIS LGO",
    "va1/INS/va1.43": "SGL RIS LGO",
    "va1/INS/va1.44": "RIS LGO",
    "va1/INS/va1.45": "SGL RIS LGO",
    "va1/INS/va1.46": "SGL RIS DPI",
    "va1/INS/va1.48": "SGL RIS LGO",
    "va1/INS/va1.49": "SGL RIS LGO",
    "va1/INS/va1.51": "SGL RIS LGO",
    "va1/INS/va1.52": "SGL RIS LGO",
    "va1/INS/va1.54": "SGL RIS LGO",
    "va1/INS/va1.56": "SGL RIS LGO",
    "va1/INS/va1.57": "RIS",
    "va1/INS/va1.58": "SGL RIS",
    "va1/INS/va1.59": "SGL RIS",
    "va1/INS/va1.60": "SGL RIS",
    "va1/INS/va1.70": "SGL",
}
"""By row of the RI, the other DSRs that have the same row and whose reference vendor is this repository."""


def _defect(
    name: str, key: str, replaces: str, by: Callable[..., Any], fr: str, en: str, area: Area = "identity"
) -> Defect:
    also = tuple(f"{dsr}/{key}" for dsr in SHARED.get(key, "").split())
    return Defect(name, f"RI/{key}", fr, en, replaces, by, area=area, also=also)


DEFECTS: tuple[Defect, ...] = (
    _defect("ko-keeps-ins", "va1/INS/va1.08", "after_ko", as_it_was,
            "Une vérification KO ne change rien : statut, matricule et OID restent.",
            "A verification that ends KO changes nothing: status, matricule and OID stay."),
    _defect("ko-third-party-created-with-ins", "va1/INS/va1.05", "ins_after_ko", kept_ins,
            "Un usager inconnu transmis par un tiers est créé avec son matricule malgré un retour KO.",
            "An unknown patient of a third party is created with the matricule though INSi says KO."),
    _defect("ko-third-party-updated", "va1/INS/va1.07", "updated_after_ko", always,
            "Un usager connu transmis par un tiers est mis à jour malgré un retour KO.",
            "A known patient of a third party is updated though INSi says KO."),
    _defect("qualified-trait-editable", "va1/INS/va1.18", "locked", never,
            "Les traits stricts d'une identité récupérée ou qualifiée se modifient sans super-utilisateur.",
            "Strict traits of a retrieved or qualified identity change without a super-user."),
    _defect("doubtful-still-calls", "va1/INS/va1.20", "insi_blocked", never,
            "Une identité douteuse ou fictive appelle encore INSi.",
            "A doubtful or fictitious identity still calls INSi."),
    _defect("incomplete-created", "va1/INS/va1.21", "missing", nothing_needed,
            "Une identité sans code lieu de naissance est créée.",
            "An identity without a code of birth place is created."),
    _defect("more-fields-required", "va1/INS/va1.22", "also_needed", phone_needed,
            "La création est refusée sans numéro de téléphone.",
            "Creation is refused without a telephone number."),
    _defect("document-kind-lost", "va1/INS/va1.23", "kept_document", kind_forgotten,
            "La nature du justificatif saisie n'est pas conservée.",
            "The kind of document typed in is not kept."),
    _defect("lunar-date-imported", "va1/INS/va1.28", "importable_date", always,
            "Une INS dont la date de naissance porte un jour ou un mois 00 est rapatriée.",
            "An INS whose date of birth has day or month 00 is taken in."),
    _defect("empty-name-imported", "va1/INS/va1.31", "importable_names", always,
            "Une INS dont le nom, les prénoms ou le sexe est vide est rapatriée.",
            "An INS whose name, given names or sex is empty is taken in."),
    _defect("retrieved-as-qualified", "va1/INS/va1.40", "status_of", retrieved_is_qualified,
            "Le retour d'INSi suffit à qualifier l'identité.",
            "The return of INSi alone qualifies the identity."),
    _defect("validated-as-qualified", "va1/INS/va1.43", "status_of", checked_is_qualified,
            "Un justificatif suffit à qualifier l'identité, sans INSi.",
            "A document alone qualifies the identity, without INSi."),
    _defect("doubtful-keeps-status", "va1/INS/va1.44", "after_declared", declared_without_effect,
            "Une identité déclarée douteuse ou fictive garde son statut.",
            "An identity declared doubtful or fictitious keeps its status."),
    _defect("default-not-provisional", "va1/INS/va1.45", "first_status", born_validated,
            "Une identité neuve a le statut validé.",
            "A new identity has the status validated."),
    _defect("secondary-locked", "va1/INS/va1.48", "secondary_locked", rules.locked,
            "Le nom et le prénom utilisés d'une identité récupérée ou qualifiée ne se modifient pas.",
            "The used names of a retrieved or qualified identity cannot be changed."),
    _defect("first-given-unchecked", "va1/INS/va1.51", "coherent_given", always,
            "Un premier prénom qui n'est pas le début des prénoms rendus par INSi passe sans alerte.",
            "A first given name that does not begin the names answered by INSi passes without alert."),
    _defect("traits-locally-kept", "va1/INS/va1.52", "imported", local_traits,
            "Les traits rendus par INSi ne remplacent pas les traits locaux.",
            "The traits answered by INSi do not replace the local ones."),
    _defect("ins-with-validated", "va1/INS/va1.53", "told_ins", ins_of_validated,
            "Les messages d'une identité seulement validée portent l'INS qu'elle a eue.",
            "Messages of an identity that is only validated carry the INS it had."),
    _defect("never-qualified", "va1/INS/va1.54", "status_of", never_qualified,
            "L'identité vérifiée et rendue par INSi reste récupérée.",
            "An identity that is both checked and answered by INSi stays retrieved."),
    _defect("name-signs-lost", "va1/INS/va1.56", "kept_text", signs_lost,
            "Tirets et apostrophes des noms saisis deviennent des espaces.",
            "Hyphens and apostrophes of the names typed in become spaces."),
    _defect("ins-of-retrieved", "va1/INS/va1.59", "told_ins", ins_of_retrieved,
            "Messages et éditions d'une identité récupérée portent son INS.",
            "Messages and prints of a retrieved identity carry its INS."),
    _defect("strict-change-keeps-ins", "va1/INS/va1.60", "after_strict_change", strict_change_ignored,
            "La modification d'un trait strict laisse l'INS et le statut.",
            "A changed strict trait leaves the INS and the status."),
    _defect("pid-without-ins", "va1/INS/va1.64", "told_ins", no_ins,
            "Une identité qualifiée sort sans INS en PID-3.",
            "A qualified identity goes out without its INS in PID-3."),
    _defect("pam-without-reliability", "va1/INS/va1.66", "told_reliability", no_reliability,
            "Les messages PAM partent sans PID-32.",
            "PAM messages go out without PID-32."),
    _defect("contract-ignored", "va1/INS/va1.04", "trusted", never,
            "Le contrat de confiance avec l'émetteur n'est pas regardé.",
            "The contract of trust with the sender is not looked at."),
    _defect("other-domain-qualified", "va1/INS/va1.13", "confirmed_status", at_once_qualified,
            "Une identité qualifiée reçue d'un autre domaine est qualifiée sans nouvelle vérification locale.",
            "A qualified identity of another domain is qualified without a new check here."),
    _defect("contract-status-lost", "va1/INS/va1.57", "trusted_status", retrieved_status,
            "L'identité qualifiée d'un émetteur sous contrat n'est que récupérée.",
            "The qualified identity of a trusted sender is only retrieved."),
    _defect("verification-untraced", "va1/INS/va1.06", "verification_traced", never,
            "Les appels de vérification ne laissent pas de trace.",
            "Calls of the verification leave no trace."),
    _defect("changes-untraced", "va1/INS/va1.27", "change_traced", no_creation_traced,
            "Les modifications d'une identité ne laissent pas de trace.",
            "Changes of an identity leave no trace."),
    _defect("rights-ignored", "va1/INS/va1.32", "insi_allowed", always,
            "Un utilisateur sans droit appelle INSi.",
            "A user without the right calls INSi."),
    _defect("card-never-read", "va1/INS/va1.34", "card_read", never,
            "La recherche par carte Vitale se fait par les traits.",
            "The search with the carte Vitale is made by traits."),
    _defect("return-half-traced", "va1/INS/va1.35", "answer_traced", code_only,
            "L'OID, l'historique et les traits rendus par INSi ne sont pas tracés.",
            "The OID, the history and the traits answered by INSi are not traced."),
    _defect("card-without-assertion", "va1/INS/va1.37", "asserted", never,
            "L'appel par carte CPx part sans assertion.",
            "A call with a CPx card goes without an assertion."),
    _defect("retrieval-untraced", "va1/INS/va1.38", "retrieval_traced", never,
            "Les appels de récupération ne laissent pas de trace.",
            "Calls of the search leave no trace."),
    _defect("access-untraced", "va1/INS/va1.39", "access_traced", never,
            "La consultation de l'INS ne laisse pas de trace.",
            "Reading the INS leaves no trace."),
    _defect("partners-untraced", "va1/INS/va1.46", "partner_traced", never,
            "Les partenaires à qui l'INS est transmise ne sont pas tracés.",
            "The partners to whom the INS goes are not traced."),
    _defect("service-access-untraced", "va1/INS/va1.49", "call_traced", only_batches,
            "Les accès au téléservice ne sont pas tracés, hors traitements en masse.",
            "Accesses to the service are not traced, but for batches."),
    _defect("software-certificate-unused", "va1/INS/va1.58", "automatic_mode", with_card,
            "Les appels automatiques se font par carte : jamais par certificat d'organisation.",
            "Automatic calls are made with a card: never with the certificate of the organisation."),
    _defect("software-certificate-not-shown", "va1/INS/va1.65", "shown_certificate", card_shown,
            "Le certificat logiciel d'organisation n'est jamais présenté.",
            "The software certificate of the organisation is never shown."),
    _defect("batch-mixed-up", "va1/INS/va1.70", "batch_answers", shifted,
            "Les retours d'un lot sont appliqués à d'autres identités.",
            "The answers of a batch are applied to other identities."),
    _defect("insi-failures-uncounted", "va1/TBB/va1.02", "call_counted", failures_forgotten,
            "Le tableau de bord ne compte pas les appels INSi en échec.",
            "The dashboard does not count the INSi calls that failed."),
    _defect("insi-calls-not-detailed", "va1/RI.TBB.02", "call_detailed", nothing_detailed,
            "L'extraction ne détaille pas les appels INSi.",
            "The extraction does not detail the INSi calls."),
    _defect("export-incomplete", "va1/PORT/va1.02", "exported", latest_missing,
            "L'export de portabilité oublie la dernière identité.",
            "The export for portability leaves the latest identity out."),
    _defect("ri-psc-login-fails", "va2/PSC.01", "code_exchanged", code_forgotten,
            "Le code d'autorisation n'est jamais échangé : aucune connexion n'aboutit.",
            "The authorization code is never exchanged: no sign-in succeeds.", "access"),
    _defect("ri-accounts-by-name", "va2/PSC.02", "matching", matching_by_name,
            "Les comptes sont rapprochés par le nom, non par le RPPS.",
            "Accounts are matched by name, not by RPPS.", "access"),
    _defect("psc-level-not-asked", "va2/PSC.08", "level_asked", no_level,
            "La demande d'authentification ne dit pas acr_values.",
            "The authentication request does not say acr_values.", "access"),
)  # fmt: skip

"""The pure life of a document story."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.models.breakage import BREAKAGES, MUST_REJECT
from conformance.models.document import (
    DocumentBody,
    DocumentKind,
    DocumentStory,
    Flags,
    Patient,
    Professional,
    Step,
    Structure,
)
from conformance.models.life import incoherence, states

STORY = DocumentStory(
    patient=Patient("PAT-TROIS", ("DOMINIQUE",), "F", 17_000, "51", "51215"),
    kind=DocumentKind("18748-4", "LN", "CR d'imagerie médicale", "Compte rendu"),
    author=Professional("HODA", "Adam", "99700042106"),
    structure=Structure("Hôpital", "990001018"),
)
INITIAL, REPLACEMENT, DELETION = Step("initial"), Step("replacement"), Step("deletion")
TWO_FORMS = (DocumentBody("N1"), DocumentBody("N3"))


def story(*steps: Step, **changes: object) -> DocumentStory:
    return replace(STORY, steps=steps, **changes)  # type: ignore[arg-type]


def test_a_replacement_supersedes_the_document_of_the_step_before() -> None:
    """After a replacement, the new document is in force, the old one superseded, and version 2 is carried."""
    first, second = states(story(INITIAL, REPLACEMENT))
    assert (first.document, first.current, first.version, first.dmp) == (0, 0, 1, "publish")
    assert (second.document, second.replaces, second.current, second.superseded) == (1, 0, 1, (0,))
    assert (second.version, second.dmp) == (2, "replace")


def test_a_deletion_is_about_the_document_in_force_and_leaves_none() -> None:
    """A deletion after a replacement deletes the second document, under its own version number."""
    last = states(story(INITIAL, REPLACEMENT, DELETION))[-1]
    assert (last.document, last.current, last.version, last.deleted, last.dmp) == (1, None, 2, True, "delete")
    assert last.superseded == (0, 1)


def test_no_submission_is_owed_without_destdmp_or_without_a_qualified_identity() -> None:
    """DESTDMP = N, or an identity that is not qualified, forbids any DMP transaction and its return."""
    silent = Step("initial", flags=Flags(dest_dmp=False))
    assert (states(story(silent))[0].dmp, states(story(silent))[0].returned) == (None, False)
    unqualified = states(story(INITIAL, patient=replace(STORY.patient, qualified=False)))[0]
    assert (unqualified.dmp, unqualified.returned) == (None, False)


def test_a_return_is_owed_when_asked_for_and_when_the_dialect_knows_it() -> None:
    """ACK_RECEPTION = Y owes a ZAM^Z01 for each step, but the flag does not exist in V1.2."""
    assert [s.returned for s in states(story(INITIAL, REPLACEMENT, DELETION))] == [True, True, True]
    assert not states(story(Step("initial", flags=Flags(ack_reception=False))))[0].returned
    assert not states(story(INITIAL, dialect="1.2"))[0].returned


def test_masks_are_the_confidentiality_codes_of_xds() -> None:
    """The three flags become their XDS codes, in the order of the volet, and the secret session is told apart."""
    flags = Flags(masque_ps=True, invisible_patient=True, invisible_rep_legaux=True, connexion_secrete=True)
    state = states(story(Step("initial", flags=flags)))[0]
    assert state.masks == ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")
    assert state.secret


@pytest.mark.parametrize("name", sorted(MUST_REJECT))
def test_a_message_that_must_be_rejected_owes_nothing(name: str) -> None:
    """A refused message creates no document and owes neither a DMP transaction nor a return."""
    state = states(story(INITIAL, broken=name))[0]
    assert (state.outcome, state.current, state.dmp, state.returned) == ("reject", None, None, False)


def test_a_message_broken_otherwise_is_left_to_the_receiver() -> None:
    """A breakage that the volet does not sanction leaves the outcome free; earlier steps stay due."""
    first, second = states(story(INITIAL, REPLACEMENT, broken="txa-13-missing"))
    assert (first.outcome, first.dmp) == ("accept", "publish")
    assert (second.outcome, second.dmp, second.returned) == ("free", None, False)


def test_only_incoherent_requests_must_be_rejected() -> None:
    """The volet makes a PFI refuse exactly the contradictions between event, OBX-11 and ORC-1."""
    assert {"incoherent-obx-11", "incoherent-orc-1", "incoherent-event"} == MUST_REJECT
    assert all(b.clause for b in BREAKAGES.values())


@pytest.mark.parametrize(
    ("steps", "changes"),
    [
        ((), {}),
        ((REPLACEMENT,), {}),
        ((INITIAL, INITIAL), {}),
        ((INITIAL, DELETION, REPLACEMENT), {}),
        ((Step("initial", bodies=()),), {}),
        ((Step("initial", bodies=(DocumentBody("N1"), DocumentBody("N1"))),), {}),
        ((Step("initial", bodies=TWO_FORMS),), {"carrier": "MDM"}),
        ((Step("initial", bodies=TWO_FORMS), REPLACEMENT), {"carrier": "ORU"}),
        ((INITIAL, Step("deletion", bodies=(DocumentBody("N1", 5000),))), {}),
        ((INITIAL, Step("replacement", flags=Flags(dest_dmp=False))), {}),
        ((Step("initial", flags=Flags(modif_conf_code=True)),), {}),
        ((Step("initial", no_reply=True),), {}),
    ],
)
def test_a_story_that_cannot_happen_has_no_life(steps: tuple[Step, ...], changes: dict[str, object]) -> None:
    """Every incoherent story is told why, and refused."""
    impossible = story(*steps, **changes)
    assert incoherence(impossible)
    with pytest.raises(ValueError, match=r"\w"):
        states(impossible)


def test_two_forms_in_an_oru_are_coherent() -> None:
    """N1 and N3 together are one document in two forms, which an ORU may carry, replace and delete."""
    steps = tuple(Step(r, bodies=TWO_FORMS) for r in ("initial", "replacement", "deletion"))
    assert incoherence(story(*steps, carrier="ORU")) is None

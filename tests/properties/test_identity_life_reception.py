"""Judges of what INSi denies of identities sent by a third party, on literal pilot, INSi and PAM traffic."""

from __future__ import annotations

import pytest
from identity_scenes import INS, NATIONAL, OID, TYPED, TYPED_INS, VERIFY, Scene, adt, verified

from conformance.evidence.values import Severity

NEW, KNOWN = "ins.verification-refused-new", "ins.verification-refused-known"
THEIRS = "99^^^AUTRE&1.2.250.1.999.8&ISO^PI"
SENT = adt("A28", ids=THEIRS, ins=TYPED_INS, trust="VALI")


def received(outcome: str, scene: Scene | None = None) -> Scene:
    """A qualified identity of another domain comes, and INSi is asked about it."""
    return (scene or Scene()).receive(SENT).insi(VERIFY, verified(outcome))


@pytest.mark.example(NEW, "positive")
def test_an_unknown_patient_denied_is_created_without_ins() -> None:
    """Provisional, and told without INS; confirmed, it may bear it."""
    assert received("KO").pam(adt("A28")).read("provisoire", traits=NATIONAL).clean(NEW)
    assert received("OK").read("recuperee", ins=INS, traits=NATIONAL).clean(NEW)


@pytest.mark.example(NEW, "negative")
def test_an_unknown_patient_denied_that_bears_the_ins_is_an_error() -> None:
    """As read, in part, or as told."""
    whole = received("KO").read("recuperee", ins=INS, traits=NATIONAL)
    assert whole.errors(NEW) == [("ins.third-party.ins-kept", "matricule"), ("ins.third-party.ins-kept", "oid")]
    part = received("KO").read("provisoire", oid=OID, traits=NATIONAL)
    assert part.errors(NEW) == [("ins.third-party.ins-kept", "oid")]
    told = received("KO").pam(adt("A28", ins=TYPED_INS)).read("provisoire", traits=NATIONAL)
    assert told.errors(NEW) == [("ins.third-party.ins-kept", "PID-3")]


def test_an_unknown_patient_denied_and_not_created_is_not_judged() -> None:
    """The official scenario lets a product propose it to somebody; INSi not asked proves nothing either."""
    assert received("KO").judged(NEW) == ([], [])
    assert Scene().receive(SENT).read("recuperee", ins=INS, traits=NATIONAL).judged(NEW) == ([], [])


def test_a_status_out_of_the_two_is_advice() -> None:
    """Without INS but qualified."""
    found, seen = received("KO").read("qualifiee", traits=NATIONAL).judged(NEW)
    assert [(f.code, f.severity) for f in found] == [("ins.third-party.status", Severity.ADVICE)]
    assert seen


@pytest.mark.example(KNOWN, "positive")
def test_a_known_patient_denied_stays_as_it_was() -> None:
    """Traits, status, INS; its twin that INSi confirms is updated."""
    assert received("KO", Scene().created()).read("provisoire").clean(KNOWN)
    assert received("OK", Scene().created()).read("recuperee", ins=INS, traits=NATIONAL).clean(KNOWN)


@pytest.mark.example(KNOWN, "negative")
@pytest.mark.parametrize(
    ("status", "ins", "changed", "field"),
    [
        ("provisoire", None, {"given_names": ["DOMINIQUE", "MARIE-LOUISE"]}, "given_names"),
        ("provisoire", None, {"place": "99999"}, "place"),
        ("recuperee", None, {}, "status"),
        ("provisoire", INS, {}, "matricule"),
    ],
)
def test_a_known_patient_denied_that_changes_is_an_error(
    status: str, ins: str | None, changed: dict[str, object], field: str
) -> None:
    """Any of the traits, the status, the INS."""
    scene = received("KO", Scene().created()).read(status, ins=ins, traits={**TYPED, **changed})
    assert ("ins.third-party.updated", field) in scene.errors(KNOWN)


def test_a_message_about_an_identity_that_did_not_change_is_advice() -> None:
    """Nothing is owed to anybody."""
    found, seen = received("KO", Scene().created()).pam(adt("A31")).read("provisoire").judged(KNOWN)
    assert [(f.code, f.severity) for f in found] == [("ins.third-party.told", Severity.ADVICE)]
    assert seen


def test_somebody_else_who_changes_meanwhile_is_not_the_patient() -> None:
    """Another name: not the one received."""
    other = {**TYPED, "birth_name": "VOISIN"}
    scene = Scene().create(other).read("provisoire", traits=other)
    assert received("KO", scene).read("validee", traits=other).judged(KNOWN) == ([], [])

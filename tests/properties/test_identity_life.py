"""Judges of the life of identities on literal pilot, INSi and PAM traffic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from identity_scenes import (
    INS,
    IPP,
    NATIONAL,
    OID,
    SEARCH,
    TYPED,
    TYPED_INS,
    USED,
    VERIFY,
    Scene,
    adt,
    found,
    verified,
)

from conformance.evidence.values import Severity

PROVISIONAL, RETRIEVED, VALIDATED = "ins.provisional-status", "ins.retrieved-status", "ins.validated-status"
QUALIFIED, DECLARED, DENIED = "ins.qualified-status", "ins.doubtful-provisional", "ins.verification-refused-own"
LOCKED, FREE, CHANGED = "ins.strict-traits-locked", "ins.secondary-traits-free", "ins.strict-trait-changed"
MANDATORY, OPTIONAL, DOCUMENT = "ins.mandatory-fields", "ins.optional-fields", "ins.document-kind"
FIELDS, BLOCKED, LUNAR = "ins.identity-fields", "ins.doubtful-no-call", "ins.lunar-date"
EMPTY, FIRST, COPIED = "ins.empty-trait", "ins.first-given-name", "ins.insi-fields-copied"
LEAK, PID, PAM, REPLAY = "ins.unqualified-without-ins", "ins.pid-with-ins", "ins.pam-extension", "ins.pam-replay"

HELD: dict[str, Any] = {"ins": INS, "traits": NATIONAL}


@pytest.mark.example(PROVISIONAL, "positive")
@pytest.mark.example(RETRIEVED, "positive")
@pytest.mark.example(QUALIFIED, "positive")
@pytest.mark.example(OPTIONAL, "positive")
@pytest.mark.example(DOCUMENT, "positive")
@pytest.mark.example(FIELDS, "positive")
@pytest.mark.example(FIRST, "positive")
@pytest.mark.example(COPIED, "positive")
@pytest.mark.example(LEAK, "positive")
@pytest.mark.example(PID, "positive")
@pytest.mark.example(PAM, "positive")
@pytest.mark.example(REPLAY, "positive")
@pytest.mark.parametrize(
    "property",
    [PROVISIONAL, RETRIEVED, QUALIFIED, OPTIONAL, DOCUMENT, FIELDS, FIRST, COPIED, LEAK, PID, PAM, REPLAY],
)
def test_an_identity_created_retrieved_proved_and_told_satisfies(property: str) -> None:
    """The usual way to a qualified identity, message by message."""
    assert Scene().qualified().clean(property)


@pytest.mark.example(VALIDATED, "positive")
@pytest.mark.example(QUALIFIED, "positive")
def test_a_passport_first_and_insi_afterwards_satisfies() -> None:
    """Validated, then qualified: the order of the two does not matter."""
    scene = Scene().created().proved("validee")
    assert scene.clean(VALIDATED)
    assert scene.judged(QUALIFIED) == ([], [])
    assert scene.retrieved("qualifiee", ins=TYPED_INS, trust="VALI").clean(QUALIFIED)


@pytest.mark.example(PROVISIONAL, "negative")
def test_a_new_identity_that_is_validated_is_an_error() -> None:
    """As the pilot reads it, or as PID-32 says it, whatever the pilot reads."""
    assert Scene().create().read("validee").errors(PROVISIONAL) == [("ins.status.provisional", "status")]
    lying = Scene().create().pam(adt("A28", trust="VALI")).read("provisoire")
    assert lying.errors(PROVISIONAL) == [("ins.status.provisional", "PID-32")]


@pytest.mark.example(RETRIEVED, "negative")
def test_insi_alone_that_qualifies_is_an_error() -> None:
    """No document was presented."""
    scene = Scene().created().retrieved("qualifiee", ins=TYPED_INS, trust="VALI")
    assert scene.errors(RETRIEVED) == [("ins.status.retrieved", "status"), ("ins.status.retrieved", "PID-32")]
    assert scene.judged(QUALIFIED) == ([], [])


def test_a_document_presented_before_leaves_the_status_of_a_retrieval_open() -> None:
    """A product may validate by itself on a document of high trust: nothing is said."""
    scene = Scene().created().asked("document", kind="PA", trust="high").read("provisoire", document="PA")
    assert scene.retrieved("qualifiee").judged(RETRIEVED) == ([], [])


@pytest.mark.example(VALIDATED, "negative")
def test_a_document_alone_that_qualifies_is_an_error() -> None:
    """Nobody asked INSi."""
    scene = Scene().created().proved("qualifiee", before="provisoire")
    assert scene.errors(VALIDATED) == [("ins.status.validated", "status")]


@pytest.mark.example(QUALIFIED, "negative")
def test_both_conditions_and_still_retrieved_is_an_error() -> None:
    """INSi taken in, passport accepted, status unchanged."""
    scene = Scene().created().retrieved()
    scene.asked("document", kind="PA", trust="high").read("recuperee", document="PA", **HELD)
    scene.asked("validate").read("recuperee", document="PA", **HELD)
    assert scene.errors(QUALIFIED) == [("ins.status.qualified", "status")]


@pytest.mark.example(DECLARED, "positive")
@pytest.mark.example(DECLARED, "negative")
@pytest.mark.parametrize("attribute", ["douteuse", "fictive"])
def test_an_attribute_lowers_to_provisional(attribute: str) -> None:
    """Whatever the status was; an homonym lowers nothing and proves nothing."""
    scene = Scene().qualified().asked("attribute", attribute=attribute, set=True)
    lowered = scene.pam(adt("A31", trust="PROV")).read("provisoire", traits=NATIONAL, attributes=[attribute])
    assert lowered.clean(DECLARED)
    kept = Scene().qualified().asked("attribute", attribute=attribute, set=True)
    kept.read("qualifiee", attributes=[attribute], **HELD)
    assert kept.errors(DECLARED) == [("ins.status.declared", "status")]
    other = Scene().qualified().asked("attribute", attribute="homonyme", set=True)
    assert other.read("qualifiee", attributes=["homonyme"], **HELD).judged(DECLARED) == ([], [])


@pytest.mark.example(DENIED, "positive")
@pytest.mark.example(DENIED, "negative")
def test_a_verification_that_says_ko_takes_the_ins_away() -> None:
    """The target is free (validée or provisoire); keeping the INS or the status is not."""
    for status in ("provisoire", "validee"):
        scene = Scene().qualified().asked("verify-insi", data={"outcome": "ko"}).insi(VERIFY, verified("KO"))
        assert scene.pam(adt("A31")).read(status, traits=NATIONAL).clean(DENIED)
    kept = Scene().qualified().asked("verify-insi", data={"outcome": "ko"}).insi(VERIFY, verified("KO"))
    assert kept.read("qualifiee", **HELD).errors(DENIED) == [
        ("ins.ko.ins-kept", "matricule"), ("ins.ko.ins-kept", "oid"), ("ins.ko.status-kept", "status")
    ]  # fmt: skip
    said = Scene().qualified().asked("verify-insi", data={"outcome": "ko"}).insi(VERIFY, verified("KO"))
    said.pam(adt("A31", ins=TYPED_INS, trust="VALI")).read("provisoire", traits=NATIONAL)
    assert said.errors(DENIED) == [("ins.ko.ins-kept", "PID-3")]


def test_a_verification_that_nobody_made_is_not_judged() -> None:
    """The pilot says ko, INSi was not asked: a pilot that lies is not the product's fault."""
    scene = Scene().qualified().asked("verify-insi", data={"outcome": "ko"}).read("qualifiee", **HELD)
    assert scene.judged(DENIED) == ([], [])


@pytest.mark.example(LOCKED, "positive")
@pytest.mark.example(LOCKED, "negative")
def test_an_ordinary_user_changes_no_strict_trait_of_a_locked_identity() -> None:
    """Refused is right; done without effect too; the new value kept is an error."""
    changed = {**NATIONAL, "birth_name": "PAT-QUATRE"}
    for status in ("refused", "done"):
        scene = Scene().qualified().asked("update", status, traits={"birth_name": "PAT-QUATRE"})
        assert scene.read("qualifiee", **HELD).clean(LOCKED)
    kept = Scene().qualified().asked("update", traits={"birth_name": "PAT-QUATRE"}).read("validee", traits=changed)
    assert kept.errors(LOCKED) == [("ins.locked.changed", "birth_name")]
    lying = Scene().qualified().asked("update", "refused", traits={"birth_name": "PAT-QUATRE"})
    lying.pam(adt("A31", ins=TYPED_INS, trust="VALI", name="PAT-QUATRE")).read("qualifiee", **HELD)
    assert lying.errors(LOCKED) == [("ins.locked.changed", "PID birth_name")]
    super_user = Scene().qualified().asked("update", traits={"birth_name": "PAT-QUATRE"}, super_user=True)
    assert super_user.read("validee", traits=changed).judged(LOCKED) == ([], [])
    typed = Scene().qualified().asked("update", ins={"matricule": "180032B02040123", "oid": OID})
    assert typed.read("qualifiee", ins="180032B02040123", traits=NATIONAL).errors(LOCKED) == [
        ("ins.locked.changed", "matricule")
    ]


@pytest.mark.example(FREE, "positive")
@pytest.mark.example(FREE, "negative")
def test_a_secondary_trait_stays_free() -> None:
    """Refused, or done without effect: an error. The INS lost by it: advice."""
    scene = Scene().qualified().asked("update", secondary={"used_name": "DUPONT"})
    assert scene.read("qualifiee", secondary={"used_name": "DUPONT"}, **HELD).clean(FREE)
    refused = Scene().qualified().asked("update", "refused", secondary={"used_name": "DUPONT"})
    assert refused.read("qualifiee", secondary={}, **HELD).errors(FREE) == [("ins.secondary.locked", "used_name")]
    without = Scene().qualified().asked("update", secondary={"used_name": "DUPONT"})
    without.read("qualifiee", secondary={"used_name": ""}, **HELD)
    assert without.errors(FREE) == [("ins.secondary.locked", "used_name")]
    lost = Scene().qualified().asked("update", secondary={"used_name": "DUPONT"})
    lost.read("validee", secondary={"used_name": "DUPONT"}, traits=NATIONAL)
    assert [(f.code, f.severity) for f in lost.judged(FREE)[0]] == [("ins.secondary.ins-lost", Severity.ADVICE)]


def renamed(status: str, told: str = "", **held: Any) -> Scene:
    """A super-user changes the birth name of a qualified identity."""
    scene = Scene().qualified().asked("update", traits={"birth_name": "PAT-QUATRE"}, super_user=True)
    if told:
        scene.pam(told)
    return scene.read(status, traits={**NATIONAL, "birth_name": "PAT-QUATRE"}, **held)


@pytest.mark.example(CHANGED, "positive")
@pytest.mark.example(CHANGED, "negative")
def test_a_strict_trait_changed_takes_the_ins_and_one_level_and_is_told() -> None:
    """Each of the three, alone; what is not told rests on silence."""
    told = adt("A31", trust="VALI", name="PAT-QUATRE")
    assert renamed("validee", told).clean(CHANGED)
    assert renamed("provisoire", told).errors(CHANGED) == [("ins.strict.status-kept", "status")]
    assert renamed("validee", adt("A31", ins=TYPED_INS, trust="VALI", name="PAT-QUATRE")).errors(CHANGED) == [
        ("ins.strict.ins-kept", "PID-3")
    ]
    assert renamed("qualifiee", told, ins=INS).errors(CHANGED) == [
        ("ins.strict.ins-kept", "matricule"), ("ins.strict.ins-kept", "oid"), ("ins.strict.status-kept", "status")
    ]  # fmt: skip
    silent = renamed("validee").judged(CHANGED)[0]
    assert [(f.code, f.absence) for f in silent] == [("ins.strict.not-propagated", True)]


def test_a_lowering_is_told_too_but_what_pam_cannot_say_is_not_owed() -> None:
    """From qualifiée: a message is owed; from récupérée to provisoire nothing changes in PAM."""
    scene = Scene().qualified().asked("attribute", attribute="douteuse", set=True)
    scene.read("provisoire", traits=NATIONAL, attributes=["douteuse"])
    assert [f.code for f in scene.judged(CHANGED)[0]] == ["ins.strict.not-propagated"]
    quiet = Scene().created().retrieved().asked("attribute", attribute="douteuse", set=True)
    assert quiet.read("provisoire", traits=NATIONAL, attributes=["douteuse"]).clean(CHANGED)


@pytest.mark.example(MANDATORY, "positive")
@pytest.mark.example(MANDATORY, "negative")
@pytest.mark.parametrize("name", ["birth_name", "first_given", "birth", "sex", "place"])
def test_an_identity_without_one_of_the_five_fields_is_refused(name: str) -> None:
    """Refused is right; created, or told though the pilot says refused, is an error."""
    less = {n: v for n, v in TYPED.items() if n != name}
    assert Scene().create(less, status="refused").clean(MANDATORY)
    assert Scene().create(less).read("provisoire", traits={**less, name: ""}).errors(MANDATORY) == [
        ("ins.create.incomplete", name)
    ]
    if name != "birth_name":
        told = Scene().create(less, status="refused").pam(adt("A28"))
        assert told.errors(MANDATORY) == [("ins.create.incomplete", name)]


def test_a_place_unknown_that_is_refused_is_advice() -> None:
    """99999 stands for a place that is not known."""
    found_, seen = Scene().create({**TYPED, "place": "99999"}, status="refused").judged(MANDATORY)
    assert ([(f.code, f.severity) for f in found_], seen) == ([("ins.create.place-unknown", Severity.ADVICE)], [])


@pytest.mark.example(OPTIONAL, "negative")
def test_the_five_fields_refused_is_an_error_unless_one_is_faulty() -> None:
    """A 32nd day, or a name in small letters, may be refused for itself."""
    assert Scene().create(status="refused").errors(OPTIONAL) == [("ins.create.more-required", "create")]
    assert Scene().create({**TYPED, "birth": "19790332"}, status="refused").judged(OPTIONAL) == ([], [])
    assert Scene().create({**TYPED, "birth_name": "Pat-Troîs"}, status="refused").judged(OPTIONAL) == ([], [])
    assert Scene().create(TYPED, USED, status="refused").judged(OPTIONAL) == ([], [])
    assert Scene().create(status="refused").pam(adt("A28")).clean(OPTIONAL)  # the pilot lies


@pytest.mark.example(DOCUMENT, "negative")
def test_a_kind_of_document_that_is_lost_is_an_error() -> None:
    """As read; or as ZFD-7 says it when the pilot does not speak of documents."""
    lost = Scene().created().asked("document", kind="CN", trust="high").read("provisoire", document="")
    assert lost.errors(DOCUMENT) == [("ins.document.lost", "document")]
    told = Scene().created().asked("document", kind="CN", trust="high")
    told.pam(adt("A31", end="PV1|1|N\rZFD|||||||PA")).read("provisoire")
    assert told.errors(DOCUMENT) == [("ins.document.told-otherwise", "ZFD-7")]
    assert Scene().created().asked("document", kind="CN", trust="high").read("provisoire").judged(DOCUMENT) == ([], [])


@pytest.mark.example(FIELDS, "negative")
def test_a_field_that_is_not_read_back_is_an_error() -> None:
    """The used given name lost, a name cut; accents and capitals are advice."""
    lost = Scene().create(NATIONAL, USED).read("provisoire", traits=NATIONAL, secondary={**USED, "used_given": ""})
    assert lost.errors(FIELDS) == [("ins.fields.lost", "used_given")]
    cut = Scene().create().read("provisoire", traits={**TYPED, "birth_name": "PAT-TRO"})
    assert cut.errors(FIELDS) == [("ins.fields.lost", "birth_name")]
    small = {**TYPED, "birth_name": "Pât-Trois"}
    assert Scene().create(small).read("provisoire", traits=TYPED).clean(FIELDS)
    found_, _ = Scene().create(small).read("provisoire", traits=small).judged(FIELDS)
    assert [(f.code, f.severity) for f in found_] == [("ins.fields.not-capital", Severity.ADVICE)]


def test_an_impossible_date_that_is_kept_is_advice() -> None:
    """The scenario's, not the statement's."""
    wrong = {**TYPED, "birth": "19790332"}
    found_, seen = Scene().create(wrong).read("provisoire", traits=wrong).judged(FIELDS)
    assert [(f.code, f.severity) for f in found_] == [("ins.fields.impossible-date", Severity.ADVICE)]
    assert seen
    assert Scene().create(wrong, status="refused").clean(FIELDS)


def doubtful(attribute: str = "douteuse") -> Scene:
    """A doubtful identity, looked up."""
    scene = Scene().created().asked("attribute", attribute=attribute, set=True)
    return scene.read("provisoire", attributes=[attribute])


@pytest.mark.example(BLOCKED, "positive")
@pytest.mark.example(BLOCKED, "negative")
@pytest.mark.parametrize("attribute", ["douteuse", "fictive"])
def test_insi_is_not_called_for_a_blocked_identity(attribute: str) -> None:
    """The call on the wire is what counts, whatever the pilot says; its twin without attribute is called."""
    refused = doubtful(attribute).asked("search-insi", "refused", mode="traits")
    assert refused.clean(BLOCKED)
    called = doubtful(attribute).asked("search-insi", "refused", mode="traits").insi(SEARCH, found())
    assert called.errors(BLOCKED) == [("ins.blocked.called", "call")]
    assert Scene().created().retrieved().clean(BLOCKED)


def answered(answer: str, after: Scene | None = None, **read: Any) -> Scene:
    """INSi answers something wrong."""
    scene = after or Scene().created()
    scene.asked("search-insi", mode="traits", data={"code": "00"}).insi(SEARCH, answer)
    return scene.read(**{"status": "provisoire", **read})


@pytest.mark.example(LUNAR, "positive")
@pytest.mark.example(LUNAR, "negative")
@pytest.mark.parametrize("birth", ["1979-03-00", "1979-00-28", "1979-00-00"])
def test_a_birth_date_with_00_is_not_taken_in(birth: str) -> None:
    """Neither the matricule nor the date."""
    assert answered(found(birth=birth)).clean(LUNAR)
    kept = answered(
        found(birth=birth), status="recuperee", ins=INS, traits={**NATIONAL, "birth": birth.replace("-", "")}
    )
    assert ("ins.answer.lunar-date", "matricule") in kept.errors(LUNAR)
    assert ("ins.answer.lunar-date", "birth") in kept.errors(LUNAR)
    assert kept.judged(EMPTY) == ([], [])


@pytest.mark.example(EMPTY, "positive")
@pytest.mark.example(EMPTY, "negative")
@pytest.mark.parametrize(("field", "name"), [("name", "birth_name"), ("given", "given_names"), ("sex", "sex")])
def test_an_empty_trait_is_not_taken_in(field: str, name: str) -> None:
    """Each of the three; a place that is missing hinders nothing."""
    assert answered(found(**{field: ""})).clean(EMPTY)
    empty: Any = [] if name == "given_names" else ""
    kept = answered(found(**{field: ""}), status="recuperee", ins=INS, traits={**NATIONAL, name: empty})
    assert ("ins.answer.empty-trait", "matricule") in kept.errors(EMPTY)
    assert answered(found(place=""), status="recuperee", ins=INS, traits=NATIONAL).clean(EMPTY)


@pytest.mark.example(FIRST, "negative")
def test_a_first_given_name_from_elsewhere_is_not_kept_in_silence() -> None:
    """An alert, a refusal or a correction will do; a hyphen is a space."""
    other = found(given="ABEL DOMINIQUE")
    told = {**NATIONAL, "given_names": ["ABEL", "DOMINIQUE"]}
    assert answered(other, status="recuperee", ins=INS, traits=told).errors(FIRST) == [
        ("ins.first-given.incoherent", "first_given")
    ]
    alert = Scene().created().asked("search-insi", mode="traits", data={"code": "00", "alert": "Prénom incohérent"})
    assert alert.insi(SEARCH, other).read("recuperee", ins=INS, traits=told).clean(FIRST)
    assert answered(other).clean(FIRST)
    assert answered(other, status="recuperee", ins=INS, traits={**told, "first_given": "ABEL"}).clean(FIRST)
    compound = found(given="DOMINIQUE-MARIE LOUISE")
    listed = {**NATIONAL, "given_names": ["DOMINIQUE-MARIE", "LOUISE"]}
    assert answered(compound, status="recuperee", ins=INS, traits=listed).clean(FIRST)


@pytest.mark.example(COPIED, "negative")
def test_what_insi_answered_is_kept_and_told_to_the_letter() -> None:
    """A trait, the OID, or PID-5 of a qualified identity that differs."""
    local = answered(found(name="PAT TROIS"), status="recuperee", ins=INS, traits=NATIONAL)
    assert local.errors(COPIED) == [("ins.copy.field", "birth_name")]
    oid = answered(found(), status="recuperee", ins=INS, oid="1.2.250.1.213.1.4.10", traits=NATIONAL)
    assert oid.errors(COPIED) == [("ins.copy.field", "oid")]
    placeless = answered(found(place=""), status="recuperee", ins=INS, traits={**NATIONAL, "place": "99999"})
    assert placeless.clean(COPIED)
    told = Scene().created().retrieved().asked("document", kind="PA", trust="high")
    told.read("recuperee", document="PA", **HELD).asked("validate")
    told.pam(adt("A31", ins=TYPED_INS, trust="VALI", name="PAT TROIS")).read("qualifiee", document="PA", **HELD)
    assert told.errors(COPIED) == [("ins.copy.told", "PID-5(L).1")]


@pytest.mark.example(LEAK, "negative")
@pytest.mark.parametrize(
    "ins", [TYPED_INS, f"{INS}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^PI", f"{INS}^^^AUTRE&1.2.250.1.999&ISO^INS"]
)
def test_an_ins_that_goes_out_with_an_identity_not_qualified_is_an_error(ins: str) -> None:
    """Typed INS, or under the authority of the INS; PID-32 alone is enough to know, and so is what was read."""
    retrieved = Scene().created().retrieved(ins=ins)
    assert retrieved.errors(LEAK) == [("ins.out.unqualified", "PID-3")]
    proved = Scene().created().retrieved(ins=ins, trust="VALI")
    assert proved.errors(LEAK) == [("ins.out.unqualified", "PID-3")]


def test_fifteen_digits_under_another_authority_are_not_an_ins() -> None:
    """The billing NIR; the same digits in a free text are advice; the call of INSi is no transmission."""
    billing = f"{INS}^^^CNAM&1.2.250.1.213.4.9.9&ISO^SS"
    assert Scene().created().retrieved(ins=billing).clean(LEAK)
    text = Scene().created()
    text.asked("search-insi", mode="traits", data={"code": "00"}).insi(SEARCH, found())
    text.pam(adt("A31", end=f"PV1|1|N\rNTE|1||Matricule {INS}")).read("recuperee", **HELD)
    assert [(f.code, f.severity) for f in text.judged(LEAK)[0]] == [("ins.out.in-text", Severity.ADVICE)]


def completed(told: str) -> Scene:
    """A qualified identity whose used name changes."""
    scene = Scene().qualified().asked("update", secondary={"used_name": "DUPONT"}).pam(told)
    return scene.read("qualifiee", secondary={"used_name": "DUPONT"}, **HELD)


@pytest.mark.example(PID, "negative")
@pytest.mark.parametrize(
    ("ins", "code"),
    [
        ("", "ins.pid.missing"),
        (f"{INS}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^PI", "ins.pid.malformed"),
        (f"{INS[:13]}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^INS", "ins.pid.malformed"),
        (f"{INS}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.2&ISO^INS", "ins.pid.malformed"),
        (f"{INS}^^^ASIP-SANTE-INS-NIA&{OID}&ISO^INS", "ins.pid.malformed"),
        (f"180032B02040123^^^ASIP-SANTE-INS-NIR&{OID}&ISO^INS", "ins.pid.other"),
    ],
)
def test_a_qualified_identity_told_without_its_ins_is_an_error(ins: str, code: str) -> None:
    """Missing, mistyped, without its key, under an old OID or another authority, somebody else's."""
    found_ = completed(adt("A31", ins=ins, trust="VALI")).errors(PID)
    assert [c for c, _ in found_] == [code]


@pytest.mark.example(PAM, "negative")
@pytest.mark.parametrize(
    "told",
    [
        adt("A31", ins=TYPED_INS, trust=""),
        adt("A31", ins=TYPED_INS, trust="QUAL"),
        adt("A31", ins=TYPED_INS, trust="VALI").replace("ADT_A05", "ADT_A31"),
    ],
)
def test_a_message_with_an_ins_that_breaks_the_extension_is_an_error(told: str) -> None:
    """PID-32 empty or of another table, a structure that the event has not."""
    assert completed(told).errors(PAM)


def test_an_identity_that_becomes_qualified_and_is_not_told_rests_on_silence() -> None:
    """A message is owed when the INS appears."""
    scene = Scene().created().retrieved().asked("document", kind="PA", trust="high")
    scene.read("recuperee", document="PA", **HELD).asked("validate").read("qualifiee", document="PA", **HELD)
    assert [(f.code, f.absence) for f in scene.judged(PAM)[0]] == [("ins.pam.not-told", True)]


@pytest.mark.example(REPLAY, "negative")
def test_a_flow_that_does_not_give_the_ins_back_is_an_error() -> None:
    """The INS lost and never told. One gained and never told, status and traits are advice."""
    lost = Scene().qualified().asked("verify-insi", data={"outcome": "ko"}).insi(VERIFY, verified("KO"))
    assert lost.read("provisoire", traits=NATIONAL).errors(REPLAY) == [("ins.replay.ins", "PID-3")]
    gained = Scene().created().retrieved().asked("validate").read("qualifiee", **HELD)
    assert [(f.code, f.severity) for f in gained.judged(REPLAY)[0]][:1] == [("ins.replay.ins", Severity.ADVICE)]
    renamed_ = Scene().created().asked("update", traits={"birth_name": "PAT-QUATRE"})
    found_, _ = renamed_.read("provisoire", traits={**TYPED, "birth_name": "PAT-QUATRE"}).judged(REPLAY)
    assert [(f.code, f.location.path, f.severity) for f in found_] == [
        ("ins.replay.trait", "birth_name", Severity.ADVICE)
    ]


def test_a_merge_is_replayed_by_mrg_and_undone_by_a_new_creation() -> None:
    """A40 names the number that goes; without it the receiver still has two patients."""
    other = "000004^^^CHU-X&1.2.250.1.999.7&ISO^PI"
    scene = Scene().created().asked("merge", into="000004")
    merged = scene.pam(adt("A40", ids=other, end=f"MRG|{IPP}^^^CHU-X&1.2.250.1.999.7&ISO^PI"))
    assert merged.read("provisoire", merged_into="000004").clean(REPLAY)
    silent = Scene().created().asked("merge", into="000004").read("provisoire", merged_into="000004")
    assert [f.code for f in silent.judged(REPLAY)[0]] == ["ins.replay.merge"]
    again = merged.asked("split").pam(adt("A28")).read("provisoire")
    assert again.clean(REPLAY)


@pytest.mark.corpus
def test_the_official_admission_is_a_qualified_identity_told(shared: Path) -> None:
    """The PAM example of the ANS for the SGL: INS typed, VALI; the same number read as not qualified is a leak."""
    body = (shared / "corpus-hl7v2" / "SGL__admission.er7").read_text(encoding="utf-8")
    scene = (
        Scene()
        .created()
        .asked("validate")
        .pam(body)
        .read("qualifiee", ins=INS, oid="1.2.250.1.213.1.4.10", traits=NATIONAL)
    )
    assert scene.clean(PID)
    assert [
        f.code for f in scene.judged(PAM)[0] if f.severity is Severity.ERROR and f.code.startswith("hl7v2.ins")
    ] == []
    assert Scene().created().asked("validate").pam(body).read("recuperee", ins=INS).errors(LEAK) == [
        ("ins.out.unqualified", "PID-3")
    ]

"""Judges of identities of another domain, of traces, of the dashboard and of the export, on literal traffic."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import pytest
from identity_exchange_scenes import (
    ASSERTED,
    CARD,
    INS,
    OID,
    OLD,
    SEARCH,
    THEIRS,
    TYPED,
    VERIFY,
    Story,
    adt,
    found,
    nobody,
    verified,
    with_history,
)
from identity_scenes import TYPED_INS

QUALIFIED = adt("A28", ids=THEIRS, ins=TYPED_INS, trust="VALI")
AGAIN, CONTRACT = "ins.requalification", "ins.trust-contract"


def came(verdict: str = "OK", first: str = "receive-1") -> Story:
    """A qualified identity comes and INSi is asked about it."""
    return Story().come(first, QUALIFIED).call(VERIFY, verified(verdict), verdict)


def listed(scene: Story, *ipps: str) -> Story:
    """Whom a search by name finds."""
    return scene.step("found", "identity.search", {"name": "PAT-TROIS"}, {"ipps": list(ipps)})


@pytest.mark.example(AGAIN, "positive")
def test_an_identity_of_another_domain_confirmed_then_checked_here_may_be_qualified() -> None:
    """Retrieved after INSi; qualified once a document is accepted here."""
    scene = listed(came(), "3").seen("after-1", "recuperee", INS)
    assert scene.say(AGAIN, "ok-unknown") == ([], ["an identity of another domain was taken in"])
    scene.step("proof", "identity.document", {"ipp": "3"}).step("accepted", "identity.validate", {"ipp": "3"})
    codes, words = scene.seen("requalified", "qualifiee", INS).say(AGAIN, "requalified")
    assert (codes, len(words)) == ([], 2)


@pytest.mark.example(AGAIN, "negative")
def test_an_identity_qualified_as_it_came_is_an_error() -> None:
    """With INSi or without: nobody checked it here."""
    scene = listed(came(), "3").seen("after-1", "qualifiee", INS)
    assert scene.say(AGAIN, "ok-unknown")[0] == ["ins.reception.qualified-as-received"]
    silent = listed(Story().come("receive-1", QUALIFIED), "3").seen("after-1", "validee", None)
    silent.step("proof", "identity.document", {}).step("accepted", "identity.validate", {})
    silent.seen("requalified", "qualifiee", INS)
    assert silent.say(AGAIN, "requalified")[0] == ["ins.reception.not-called"]


def test_what_goes_wrong_around_a_reception_is_told_as_advice() -> None:
    """Lost though acknowledged, made twice, INS kept without INSi."""
    assert listed(came("KO")).say(AGAIN, "ko-unknown")[0] == ["ins.reception.lost"]
    twice = listed(came(), "3", "4").seen("after-1", "recuperee", INS).seen("after-2", "provisoire", None, "4")
    assert twice.say(AGAIN, "duplicate")[0] == ["ins.reception.twice"]
    kept = listed(came("KO"), "3").seen("after-1", "recuperee", INS)
    assert kept.say(AGAIN, "fault-unknown")[0] == ["ins.reception.ins-unverified"]


def under_contract() -> Story:
    """A contract of trust with the sender, then its message."""
    scene = Story().step("contract", "settings.set", {"name": "trust-contract.AUTRE", "value": "on"})
    return listed(scene.come("receive-1", QUALIFIED), "3")


@pytest.mark.example(CONTRACT, "positive")
def test_the_identity_of_a_trusted_sender_is_qualified() -> None:
    """With its own INS."""
    codes, words = under_contract().seen("after-1", "qualifiee", INS).say(CONTRACT, "contract")
    assert (codes, len(words)) == ([], 1)


@pytest.mark.example(CONTRACT, "negative")
def test_the_identity_of_a_trusted_sender_that_is_not_qualified_is_an_error() -> None:
    """Only retrieved, or with another number, or nowhere."""
    assert under_contract().seen("after-1", "recuperee", INS).say(CONTRACT, "contract")[0] == [
        "ins.reception.contract-ignored"
    ]
    assert under_contract().seen("after-1", "qualifiee", OLD).say(CONTRACT, "contract")[0] == [
        "ins.reception.contract-altered"
    ]
    assert listed(under_contract()).say(CONTRACT, "contract")[0] == ["ins.reception.not-created"]


def test_a_contract_that_could_not_be_set_is_not_judged() -> None:
    """The pilot refuses the setting."""
    scene = Story().step("contract", "settings.set", {}, status="refused").come("receive-1", QUALIFIED)
    assert listed(scene, "3").seen("after-1", "recuperee", INS).say(CONTRACT, "contract") == ([], [])


TRACED, VERIFIED, ACCESS = "ins.searches-traced", "ins.verifications-traced", "ins.service-access-traced"
ANSWERS = "ins.answers-traced"
CARDS, CARD_ANSWERS = "ins.card-searches-traced", "ins.card-answers-traced"


def insi(operation: str, code: str, **more: Any) -> dict[str, Any]:
    """A trace of a call."""
    return {"insi": {"operation": operation, "code": code, **more}}


@pytest.mark.example(TRACED, "positive")
@pytest.mark.example(ACCESS, "positive")
def test_as_many_traces_as_searches() -> None:
    """One search, one trace."""
    scene = Story().search().call(SEARCH, nobody("01"), "01").traces("insi", "insi", insi("search-traits", "01"))
    for name in (TRACED, ACCESS):
        codes, words = scene.say(name, "traits-01")
        assert (codes, len(words)) == ([], 1)


@pytest.mark.example(TRACED, "negative")
@pytest.mark.example(ACCESS, "negative")
def test_a_search_without_trace_is_an_error() -> None:
    """None at all, or that of a verification only."""
    scene = Story().search().call(SEARCH, nobody("01"), "01").traces("insi", "insi")
    for name in (TRACED, ACCESS):
        assert scene.say(name, "traits-01")[0] == ["ins.trace.call-missing"]
    other = Story().search().call(SEARCH, nobody("01"), "01").traces("insi", "insi", insi("verify", "ok"))
    assert other.say(TRACED, "traits-01")[0] == ["ins.trace.call-missing"]


def test_failures_and_traces_without_call_are_advice() -> None:
    """A fault need not be traced; two traces of one call are one too many."""
    failed = Story().search().call(SEARCH, "", "fault").traces("insi", "insi")
    assert failed.say(TRACED, "traits-fault")[0] == ["ins.trace.failure-missing"]
    more = Story().search().call(SEARCH, nobody("01"), "01")
    more.traces("insi", "insi", insi("search-traits", "01"), insi("search-traits", "01"))
    assert more.say(TRACED, "traits-01")[0] == ["ins.trace.without-call"]


def test_two_users_are_told_apart() -> None:
    """The second is named nowhere."""
    scene = Story().search("by-1").call(SEARCH, nobody("01"), "01").search("by-2").call(SEARCH, nobody("01"), "01")
    row = {**insi("search-traits", "01"), "author": "banc-habilite"}
    assert scene.traces("insi", "insi", row, row).say(ACCESS, "users")[0] == ["ins.trace.user-missing"]


@pytest.mark.example(VERIFIED, "positive")
def test_a_verification_traced_with_its_outcome() -> None:
    """As a code, or in the words of the answer."""
    for row in (insi("verify", "ko"), {"response": "retour KO"}):
        scene = Story().step("verify", "identity.verify-insi", {}).call(VERIFY, verified("KO"), "KO")
        codes, words = scene.traces("insi", "insi", row).say(VERIFIED, "verify-ko")
        assert (codes, len(words)) == ([], 1)


@pytest.mark.example(VERIFIED, "negative")
def test_a_verification_without_trace_or_outcome_is_an_error() -> None:
    """No trace; a trace that says the contrary."""
    scene = Story().step("verify", "identity.verify-insi", {}).call(VERIFY, verified("KO"), "KO")
    assert scene.traces("insi", "insi").say(VERIFIED, "verify-ko")[0] == ["ins.trace.call-missing"]
    scene = Story().step("verify", "identity.verify-insi", {}).call(VERIFY, verified("KO"), "KO")
    said = scene.traces("insi", "insi", insi("verify", "ok")).say(VERIFIED, "verify-ko")[0]
    assert said == ["ins.trace.outcome-missing"]


WHOLE = {
    "matricule": INS,
    "oid": OID,
    "historic": [{"matricule": OLD, "oid": OID}],
    "traits": {
        "birth_name": "PAT-TROIS",
        "given_names": ["DOMINIQUE", "MARIE-LOUISE"],
        "birth": "1979-03-28",
        "sex": "F",
        "place": "51215",
    },
}


def answer_traced(**row: Any) -> list[str]:
    """What is said of the trace of an answer 00 with a history."""
    scene = Story().search().call(SEARCH, with_history(), "00")
    return scene.traces("insi", "insi", insi("search-traits", "00", **row)).say(ANSWERS, "traits-00")[0]


@pytest.mark.example(ANSWERS, "positive")
def test_an_answer_traced_whole() -> None:
    """INS, OID, history, traits; or the code alone when nobody is found."""
    assert answer_traced(**WHOLE) == []
    scene = Story().search().call(SEARCH, nobody("02"), "02").traces("insi", "insi", insi("search-traits", "02"))
    assert scene.say(ANSWERS, "traits-02") == ([], ["INSi returned 02"])


@pytest.mark.example(ANSWERS, "negative")
def test_an_answer_traced_in_part_is_an_error() -> None:
    """Each part is missed; a trait written otherwise is advice."""
    for part in ("oid", "historic", "matricule"):
        assert "ins.trace.return-missing" in answer_traced(**{k: v for k, v in WHOLE.items() if k != part}), part
    assert answer_traced(**{k: v for k, v in WHOLE.items() if k != "traits"}) == ["ins.trace.return-missing"] * 5
    altered = {**WHOLE, "traits": {**WHOLE["traits"], "birth_name": "Pat Trois"}}  # type: ignore[dict-item]
    assert answer_traced(**altered) == ["ins.trace.return-altered"]
    scene = Story().search().call(SEARCH, nobody("02"), "02").traces("insi", "insi", insi("search-traits", "01"))
    assert scene.say(ANSWERS, "traits-02")[0] == ["ins.trace.code-missing"]


@pytest.mark.example(CARDS, "positive")
@pytest.mark.example(CARD_ANSWERS, "positive")
def test_a_search_with_the_card_traced_whole() -> None:
    """One trace, with all that came back; nothing is said of a search by traits."""
    scene = Story().search(mode="card").call(CARD, with_history(), "00")
    scene.traces("insi", "insi", insi("search-card", "00", **WHOLE))
    for name in (CARDS, CARD_ANSWERS):
        codes, words = scene.say(name, "card-00")
        assert (codes, len(words)) == ([], 1)
    other = Story().search().call(SEARCH, nobody("01"), "01").traces("insi", "insi")
    assert other.say(CARDS, "traits-01") == other.say(CARD_ANSWERS, "traits-01") == ([], [])


@pytest.mark.example(CARDS, "negative")
@pytest.mark.example(CARD_ANSWERS, "negative")
def test_a_search_with_the_card_traced_in_part_or_not_is_an_error() -> None:
    """No trace; a trace of the code alone."""
    scene = Story().search(mode="card").call(CARD, found(), "00").traces("insi", "insi")
    assert scene.say(CARDS, "card-00")[0] == ["ins.trace.call-missing"]
    assert scene.say(CARD_ANSWERS, "card-00")[0] == ["ins.trace.code-missing"]
    scene = Story().search(mode="card").call(CARD, found(), "00").traces("insi", "insi", insi("search-card", "00"))
    assert set(scene.say(CARD_ANSWERS, "card-00")[0]) == {"ins.trace.return-missing"}


CHANGES, ACCESSES = "ins.changes-traced", "ins.access-traced"


def changed(*rows: dict[str, Any]) -> Story:
    """A change between two readings of the traces."""
    scene = Story().traces("changes-0", "change", {"action": "create"}).step("change", "identity.update", {"ipp": "3"})
    return scene.traces("changes-1", "change", {"action": "create"}, *rows)


def accessed(*rows: dict[str, Any]) -> Story:
    """An identity with its INS read between two readings of the traces."""
    return Story().traces("accesses-0", "access").seen("read", "recuperee", INS).traces("accesses-1", "access", *rows)


@pytest.mark.example(CHANGES, "positive")
@pytest.mark.example(ACCESSES, "positive")
def test_a_change_and_an_access_traced() -> None:
    """Each has one more trace, with its author."""
    assert changed({}).say(CHANGES, "change") == ([], ["an identity was changed"])
    for name in (CHANGES, ACCESSES):
        assert accessed({}).say(name, "access") == ([], ["an identity was read"])


@pytest.mark.example(CHANGES, "negative")
@pytest.mark.example(ACCESSES, "negative")
def test_a_change_or_an_access_untraced_is_an_error() -> None:
    """Nothing new, or nobody named."""
    assert changed().say(CHANGES, "change")[0] == ["ins.trace.change-missing"]
    assert changed({"author": ""}).say(CHANGES, "change")[0] == ["ins.trace.who-missing"]
    assert accessed().say(ACCESSES, "access")[0] == ["ins.trace.access-missing"]
    assert accessed({"author": ""}).say(ACCESSES, "access")[0] == ["ins.trace.who-missing"]


PARTNERS = "ins.partners-traced"


def told_outside(*rows: dict[str, Any]) -> Story:
    """A message with the INS goes out."""
    scene = Story().step("qualified", "identity.validate", {"ipp": "3"})
    scene.pam(adt("A31", ins=TYPED_INS, trust="VALI"))
    return scene.traces("partners", "partner", *rows)


@pytest.mark.example(PARTNERS, "positive")
def test_a_partner_traced() -> None:
    """One sending, one trace."""
    codes, words = told_outside({"partner": "DPI CHU-X"}).say(PARTNERS, "partner")
    assert (codes, len(words)) == ([], 1)


@pytest.mark.example(PARTNERS, "negative")
def test_a_partner_that_no_trace_names_is_an_error() -> None:
    """No trace, or one that names nobody; two for one sending is advice."""
    assert told_outside().say(PARTNERS, "partner")[0] == ["ins.trace.partner-missing"]
    assert told_outside({}).say(PARTNERS, "partner")[0] == ["ins.trace.partner-missing"]
    two = told_outside({"partner": "DPI"}, {"partner": "LABO"})
    assert two.say(PARTNERS, "partner")[0] == ["ins.trace.partner-count"]


RIGHTS, WAYS, BY_CARD = "ins.insi-rights", "ins.search-two-ways", "ins.card-authentication"
SOFTWARE, BATCH = "ins.software-certificate", "ins.batch-verification"


def forbidden() -> Story:
    """A user is forbidden to call, then asks for a search."""
    return Story().step("forbid", "settings.set", {"name": "user.x.insi"}).search("denied", user="x")


@pytest.mark.example(RIGHTS, "positive")
def test_only_the_entitled_user_calls() -> None:
    """The twin makes a call; without it nothing is known."""
    scene = forbidden().search("allowed", user="y")
    assert scene.say(RIGHTS, "rights") == ([], [])
    assert scene.call(SEARCH, found(), "00").say(RIGHTS, "rights")[1] != []


@pytest.mark.example(RIGHTS, "negative")
def test_a_call_of_a_forbidden_user_is_an_error() -> None:
    """It was heard."""
    scene = forbidden().call(SEARCH, found(), "00").search("allowed", user="y").call(SEARCH, found(), "00")
    assert scene.say(RIGHTS, "rights")[0] == ["ins.rights.called"]


@pytest.mark.example(WAYS, "positive")
def test_each_search_is_made_its_own_way() -> None:
    """By traits, with the card."""
    for case, asked in (("traits-00", SEARCH), ("card-00", CARD)):
        scene = Story().search().call(asked, found(), "00").traces("insi", "insi")
        codes, words = scene.say(WAYS, case)  # type: ignore[arg-type]
        assert (codes, len(words)) == ([], 1)


@pytest.mark.example(WAYS, "negative")
def test_a_search_with_the_card_made_by_traits_is_an_error() -> None:
    """The other operation was heard."""
    scene = Story().search(mode="card").call(SEARCH, found(), "00").traces("insi", "insi")
    assert scene.say(WAYS, "card-00")[0] == ["ins.search.other-way"]


HOLDER = "CN=899700000015"


def authenticated(header: str, subject: str, *, by: str = "CN=INSI-AUTO") -> Story:
    """A search, then a verification."""
    asked = SEARCH.replace("<soap:Header/>", f"<soap:Header>{header}</soap:Header>")
    scene = Story().search().call(asked, found(), "00", subject=subject)
    return scene.step("verify", "identity.verify-insi", {}).call(VERIFY, verified("OK"), "OK", subject=by)


@pytest.mark.example(BY_CARD, "positive")
@pytest.mark.example(SOFTWARE, "positive")
def test_a_card_with_its_assertion_and_a_certificate_of_the_organisation() -> None:
    """Both modes are heard."""
    scene = authenticated(ASSERTED, HOLDER)
    assert scene.say(BY_CARD, "authentication") == ([], ["INSi was called with a card"])
    assert scene.say(SOFTWARE, "authentication") == ([], ["INSi was called with a software certificate"])


@pytest.mark.example(BY_CARD, "negative")
@pytest.mark.example(SOFTWARE, "negative")
def test_a_card_without_assertion_and_no_certificate_of_the_organisation_are_errors() -> None:
    """The certificate shown is always that of somebody."""
    scene = authenticated("", HOLDER, by=HOLDER)
    assert scene.say(BY_CARD, "authentication")[0] == ["ins.caller.no-assertion"]
    assert scene.say(SOFTWARE, "authentication")[0] == ["ins.caller.no-certificate"]


def batch(first: str, second: str) -> Story:
    """An identity retrieved, then a batch in which INSi says `first` of it; it is `second` afterwards."""
    scene = Story().search().call(SEARCH, found(), "00").step("batch", "identity.verify-batch", {"ipps": ["3"]})
    many = VERIFY.replace("u:REQ ", "u:REQMASSE ").replace("u:REQ>", "u:REQMASSE>").replace("REQUnitaire", "REQMasse")
    assert "REQMasse" in many
    scene.call(VERIFY, verified(first), first)
    return scene.seen("batch-a", second, INS if second in ("recuperee", "qualifiee") else None)


@pytest.mark.example(BATCH, "positive")
def test_what_a_batch_says_is_applied() -> None:
    """OK leaves the identity as it was, KO takes its INS away."""
    for verdict, status in (("OK", "recuperee"), ("KO", "provisoire")):
        codes, words = batch(verdict, status).say(BATCH, "batch")
        assert set(codes) <= {"ins.batch.one-by-one"}
        assert len(words) == 1


@pytest.mark.example(BATCH, "negative")
def test_what_a_batch_says_of_another_is_an_error() -> None:
    """Confirmed and yet lowered; denied and yet kept."""
    assert "ins.batch.ok-lost" in batch("OK", "provisoire").say(BATCH, "batch")[0]
    assert "ins.batch.ko-kept" in batch("KO", "recuperee").say(BATCH, "batch")[0]


RATES, DETAILS, EXPORT = "dashboard.insi-rates", "dashboard.insi-details", "port.export"


def board(name: str, calls: int, failed: int, details: int = 0) -> Story:
    """A reading of the dashboard, as a story to be joined."""
    return looked(Story(), name, calls, failed, details)


def looked(scene: Story, name: str, calls: int, failed: int, details: int = 0) -> Story:
    """A reading of the dashboard."""
    rate = round(100 * failed / calls) if calls else 0
    row = {"finess": "750000018", "success_rate": 100 - rate if calls else 0, "failure_rate": rate}
    data = {
        "rows": [{**row, "qualified_rate": 50, "calls": calls}] if calls else [],
        "details": [{"at": "2026-01-05T10:00:00+01:00", "code": "00"}] * details,
    }
    return scene.step(name, "dashboard.insi", {"from": "2026-01-01", "to": "2026-01-31"}, data)


def counted(calls: int, failed: int, details: int) -> Story:
    """Two calls, one of them failed, between two looks at a dashboard of 8 calls, 2 of them failed."""
    scene = looked(looked(Story(), "month-0", 8, 2, 8), "year-0", 8, 2)
    scene.search().call(SEARCH, found(), "00").search("search-failed").call(SEARCH, "", "fault")
    scene = looked(looked(scene, "month-1", calls, failed, details), "year-1", calls, failed)
    return looked(scene, "last-year-1", 0, 0)


@pytest.mark.example(RATES, "positive")
@pytest.mark.example(DETAILS, "positive")
def test_calls_counted_and_detailed() -> None:
    """Two more calls, one more failure, two more lines."""
    for name in (RATES, DETAILS):
        codes, words = counted(10, 3, 10).say(name, "dashboard")
        assert (codes, bool(words)) == ([], True)


@pytest.mark.example(RATES, "negative")
@pytest.mark.example(DETAILS, "negative")
def test_calls_that_the_dashboard_does_not_tell_are_errors() -> None:
    """Neither counted, nor counted as failed, nor shown at all; not detailed."""
    assert set(counted(9, 2, 10).say(RATES, "dashboard")[0]) == {"tbb.insi.calls"}
    assert set(counted(10, 2, 10).say(RATES, "dashboard")[0]) == {"tbb.insi.failures"}
    assert set(counted(0, 0, 0).say(RATES, "dashboard")[0]) == {"tbb.insi.empty"}
    assert counted(10, 3, 8).say(DETAILS, "dashboard")[0] == ["tbb.insi.detail"]
    assert counted(10, 3, 9).say(DETAILS, "dashboard")[0] == ["tbb.insi.detail"]


def exported(file: bytes) -> tuple[list[str], list[str]]:
    """What is said of an export made after a creation."""
    scene = Story().step("create", "identity.create", {"traits": TYPED}, {"ipp": "000003"})
    data = {"file": base64.b64encode(file).decode(), "format": "x"}
    return scene.step("export", "export.portability", {}, data).say(EXPORT, "portability")


def zipped(text: str) -> bytes:
    """An archive of one member."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("patients.csv", text)
    return held.getvalue()


@pytest.mark.example(EXPORT, "positive")
def test_an_export_that_holds_the_identity() -> None:
    """As text or in an archive; a PDF is for a person to read."""
    for file in (b"000003;PAT-TROIS", zipped("000003;PAT-TROIS")):
        codes, words = exported(file)
        assert (codes, len(words)) == ([], 1)
    assert exported(b"%PDF-1.7 ...") == ([], [])


@pytest.mark.example(EXPORT, "negative")
def test_an_export_without_the_identity_is_an_error() -> None:
    """Its name and its number are nowhere; or there is no file."""
    assert exported(b"000002;AUTRE")[0] == ["port.export.incomplete"] * 2
    assert exported(b"")[0] == ["port.export.empty"]

"""Rendered messages: judged by our rules, and by hl7types, a third-party reader."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from datetime import date, datetime
from itertools import count

import hl7types
import pytest
from hl7types.hl7.v2_5.messages import ORU_R01
from hl7types.hl7.v2_6.messages import MDM_T02
from hypothesis import HealthCheck, Phase, assume, given
from hypothesis import settings as hypothesis_settings
from lxml import etree

from conformance.evidence.values import Severity
from conformance.generation.binding import bind
from conformance.generation.documents import plainest, stories
from conformance.generation.labels import LABELS, labels_of
from conformance.generation.render import Rendered, Settings, render
from conformance.models.document import DocumentStory
from conformance.models.life import states
from conformance.standards.cda import judging as cda
from conformance.standards.hl7v2 import rules as hl7_rules
from conformance.standards.hl7v2.syntax import parse
from conformance.standards.hl7v2.tables import V12_FLAG_NAMES

AS_OF = date(2026, 11, 24)
NUMBERS = count(1)
DRAW = hypothesis_settings(
    max_examples=100, phases=[Phase.generate], deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
CDA = {"h": "urn:hl7-org:v3"}

# The structured bodies of the stories carry the text of a report, not the content of a volet.
NO_VOLET = frozenset({"cda.model.volet", "cda.template.condition", "cda.template.missing"})


def rendered(story: DocumentStory, run: str = "0a1b2c3d") -> list[Rendered]:
    """Every message of a story, under a binding of its own."""
    binding = bind(run, next(NUMBERS))
    return [render(story, index, binding, AS_OF) for index in range(len(story.steps))]


def faults(one: Rendered) -> list[str]:
    """The errors and warnings of our rules on a message and its documents."""
    settings = hl7_rules.Settings(live=True)
    found = list(hl7_rules.judge(parse(one.message), settings))
    for document in one.documents:
        judged = cda.judge(document, cda.Settings("test", AS_OF))
        found += (f for f in judged if f.code not in NO_VOLET)
    return [f"{f.code} {f.location.path} {f.seen}" for f in found if f.severity in (Severity.ERROR, Severity.WARNING)]


@DRAW
@given(stories())
def test_unbroken_messages_are_beyond_reproach(story: DocumentStory) -> None:
    """The rules find neither error nor warning in any generated message, nor in its documents."""
    for one in rendered(story):
        assert faults(one) == []


@pytest.mark.parametrize("label", sorted(label for label in LABELS if not label.startswith("broken:")))
def test_messages_of_every_class_are_beyond_reproach(label: str) -> None:
    """Nor in those made on demand for a class."""

    @hypothesis_settings(DRAW, max_examples=5)
    @given(stories(label))
    def check(story: DocumentStory) -> None:
        for one in rendered(story):
            assert faults(one) == []

    check()


@pytest.mark.filterwarnings("error")
@hypothesis_settings(DRAW, max_examples=40)
@given(stories())
def test_hl7types_reads_every_message_strictly(story: DocumentStory) -> None:
    """A third-party reader generated from HL7 v2.5 and v2.6 takes each message, but for PRT, which is of v2.9.

    V1.2 of the volet named two flags by 30 and 25 characters where HL7 v2 allows 20: V2.0 shortened them. Names beyond
    the 50 characters of FN.1 are drawn for the INS, which asks for more: hl7types cannot take them.
    """
    assume("identity:long-name" not in labels_of(story))
    for one in rendered(story):
        encoding = "utf-8" if story.charset == "UNICODE UTF-8" else "iso8859-15"
        lines = one.message.decode(encoding).split("\r")
        known = []
        for line in lines:
            for short, long in V12_FLAG_NAMES.items():
                line = line.replace(long, short)
            known += [line] if line[:3] != "PRT" else []
        read = hl7types.decode_er7("\r".join(known), strict=True)
        if story.carrier == "MDM":
            assert isinstance(read, MDM_T02)
            pid = read.PID
        else:
            assert isinstance(read, ORU_R01)
            pid = read.PATIENT_RESULT[0].PATIENT.PID
        assert pid.pid_3[0].cx_1 == (one.identity.matricule if story.patient.qualified else one.identity.ipp)
        assert pid.pid_5[0].xpn_1.fn_1 == one.identity.birth_name
        assert read.MSH.msh_10 == one.control


@hypothesis_settings(DRAW, max_examples=60)
@given(stories())
def test_documents_follow_the_life_of_the_story(story: DocumentStory) -> None:
    """Ids change with each version and setId stays; a replacement names the id before; a deletion carries the very
    bytes it deletes; the bytes in OBX-5 are those of the documents."""
    messages = rendered(story)
    for state, one in zip(states(story), messages, strict=True):
        obx = [s for s in parse(one.message).all("OBX") if s.value(2) == "ED"]
        assert tuple(base64.b64decode(s.raw_value(5, component=5)) for s in obx) == one.documents
        for number, document in enumerate(one.documents):
            root = etree.fromstring(document)
            assert root.xpath("string(h:id/@root)", namespaces=CDA) == one.uids[number]
            assert root.xpath("number(h:versionNumber/@value)", namespaces=CDA) == state.version
            parent = root.xpath(
                "string(h:relatedDocument[@typeCode='RPLC']/h:parentDocument/h:id/@root)", namespaces=CDA
            )
            made = messages[state.document]
            assert parent == (made.replaced[number] if made.replaced else "")
        if state.replaces is not None:
            assert one.replaced == messages[state.replaces].uids
            assert not set(one.uids) & set(one.replaced)
        if state.deleted:
            assert one.documents == messages[state.document].documents
    sets = {etree.fromstring(one.documents[0]).xpath("string(h:setId/@root)", namespaces=CDA) for one in messages}
    assert len(sets) == 1


@hypothesis_settings(DRAW, max_examples=40)
@given(stories())
def test_nothing_is_in_the_future(story: DocumentStory) -> None:
    """Every message is dated before the run's day begins in Paris, after its documents, and in the order of steps."""
    day = datetime.fromisoformat("2026-11-24T00:00:00+01:00")
    sent = [datetime.strptime(parse(one.message).get("MSH-7"), "%Y%m%d%H%M%S%z") for one in rendered(story)]
    assert sent == sorted(sent)
    assert sent[-1] < day
    for one, moment in zip(rendered(story), sent, strict=True):
        for document in one.documents:
            value = etree.fromstring(document).xpath("string(h:effectiveTime/@value)", namespaces=CDA)
            assert datetime.strptime(value, "%Y%m%d%H%M%S%z") < moment


def test_two_bindings_share_no_identifier() -> None:
    """Driven twice, the same case bears other document ids, control ids, matricules and names."""
    one, other = rendered(plainest())[0], rendered(plainest())[0]
    assert not {value for _, value in one.keys} & {value for _, value in other.keys}
    assert one.identity.birth_name != other.identity.birth_name


def test_rendering_is_pure() -> None:
    """The same story, binding and day give the same bytes."""
    binding = bind("0a1b2c3d", 5)
    assert render(plainest(), 0, binding, AS_OF) == render(plainest(), 0, binding, AS_OF)


def test_settings_of_a_target_reach_the_message() -> None:
    """Applications, facilities, processing id and INS environment come from the target; unknown settings are left."""
    settings = Settings.of(
        {"receiving_application": "PFI-X", "processing": "P", "ins_environment": "production", "matrix": "2.1.2"}
    )
    message = parse(render(plainest(), 0, bind("0a1b2c3d", 6), AS_OF, settings).message)
    assert (message.get("MSH-5"), message.get("MSH-11")) == ("PFI-X", "P")
    assert message.get("PID-3[1].4.2") == "1.2.250.1.213.1.4.8"
    assert Settings.of({"ins_environment": "any"}).ins_environment == "test"


def test_an_unqualified_identity_goes_without_its_matricule() -> None:
    """Without qualification neither PID-3 nor the document carries the matricule, and PID-32 is not VALI."""

    @hypothesis_settings(DRAW, max_examples=10)
    @given(stories("identity:unqualified"))
    def check(story: DocumentStory) -> None:
        for one in rendered(story):
            message = parse(one.message)
            assert one.identity.matricule.encode() not in one.message
            assert one.identity.matricule.encode() not in one.documents[0]
            assert message.get("PID-32") == "PROV"

    check()


def test_rendering_a_small_document_is_fast() -> None:
    """A plain message costs less than 2 ms of processor time."""
    bindings = [bind("0a1b2c3d", n) for n in range(1, 301)]
    start = time.process_time()
    for binding in bindings:
        render(plainest(), 0, binding, AS_OF)
    assert (time.process_time() - start) / len(bindings) < 0.002


def mailed(label: str, dialect: str) -> Rendered:
    """The first message of a story of a class, in a dialect."""
    found: list[DocumentStory] = []

    @hypothesis_settings(DRAW, max_examples=1)
    @given(stories(label))
    def draw(story: DocumentStory) -> None:
        found.append(story)

    draw()
    return rendered(replace(found[0], dialect=dialect))[0]


def mailboxes(document: bytes) -> list[str]:
    """The telecoms of the recipients in a CDA."""
    path = "h:informationRecipient/h:intendedRecipient/h:telecom/@value"
    return [str(v) for v in etree.fromstring(document).xpath(path, namespaces=CDA)]


def test_recipients_of_v1_2_have_their_mailbox_in_the_document() -> None:
    """V1.2 has no PRT for recipients: professionals and patient are in the CDA, with their MSSanté address."""
    one = mailed("mss:both", "1.2")
    assert b"RCT" not in one.message
    known = mailboxes(one.documents[0])
    assert known[-1] == f"mailto:{one.identity.matricule}@patient.mssante.fr"
    assert len(known) > 1
    assert all(k.startswith("mailto:ps") for k in known[:-1])


def test_recipients_of_v2_are_named_by_prt() -> None:
    """From V2.0 on the patient is a PRT, with the address, and not a recipient of the CDA."""
    one = mailed("mss:both", "2.1")
    addresses = [p.value(15, 4) for p in parse(one.message).all("PRT") if p.value(4, 1) == "RCT"]
    assert addresses[-1] == f"{one.identity.matricule}@patient.mssante.fr"
    assert mailboxes(one.documents[0]) == [f"mailto:{a}" for a in addresses[:-1]]


def test_a_reply_that_is_not_wanted_is_said_under_its_flag() -> None:
    """NTE-4 = FIN stands after DESTMSSANTEPAT, in V2.x alone."""
    segments = list(parse(mailed("mss:no-reply", "2.1").message).segments)
    place = next(n for n, s in enumerate(segments) if s.name == "NTE")
    assert (segments[place - 1].value(3, 1), segments[place].value(4)) == ("DESTMSSANTEPAT", "FIN")
    assert not any(s.name == "NTE" for s in parse(mailed("mss:no-reply", "1.2").message).segments)
    assert not any(s.name == "NTE" for s in parse(mailed("mss:reply-open", "2.1").message).segments)

"""Judges of the dashboard on literal traffic: counters against what was captured, details of contents."""

from __future__ import annotations

import base64
import io
import zipfile
from email.message import EmailMessage

import pytest
import scenes as s
from access_scenes import Scene

from conformance.evidence.values import Direction, Sent, Severity

COUNTERS, DETAILS = "dashboard.counters", "dashboard.flow-details"

CUSTODIAN = (
    "<custodian><assignedCustodian><representedCustodianOrganization>"
    '<id root="1.2.250.1.71.4.2.2" extension="1750000018"/><name>Organisation-Y</name>'
    "</representedCustodianOrganization></assignedCustodian></custodian><component>"
)
SECOND = "1.2.250.1.999.1.77.2"
FAILED = (
    '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>'
    '<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="{0}"/>'
    "</soap:Body></soap:Envelope>"
)
SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"


def cda(uid: str = s.UID) -> bytes:
    """The report of the scenes, in the custody of a structure whose FINESS is 750000018."""
    text = s.cda().decode().replace("<component>", CUSTODIAN, 1)
    return text.replace(f'<id root="{s.UID}"/>', f'<id root="{uid}"/>').encode()


def message(uid: str, *yes: str, control: str) -> bytes:
    """Its MDM, with some flags at Y."""
    plain = base64.b64encode(s.cda()).decode()
    text = s.mdm(*yes, control=control).decode().replace(plain, base64.b64encode(cda(uid)).decode())
    return text.replace(s.UID, uid).encode()


class Board(Scene):
    """Documents sent, flows captured, extractions read."""

    def document(self, name: str, uid: str = s.UID, *yes: str) -> Board:
        """A message of the bench."""
        facts = {"protocol": "mllp"}
        sent = self.add("documents", Direction.TO_VENDOR, message(uid, *yes, control=name), facts)
        answer = self.add("documents", Direction.FROM_VENDOR, s.ack("AA", name), facts, sent)
        self.sent.append(Sent(name, sent, answer, None))
        return self

    def submitted(self, status: str = SUCCESS, uid: str = s.UID, *codes: str) -> Board:
        """A submission to the DMP, and its answer."""
        body = s.submission("N", *codes, document=cda(uid)).decode().replace(f'value="{s.UID}"', f'value="{uid}"')
        heard = self.add("dmp", Direction.FROM_VENDOR, body, {"protocol": "http"})
        self.add("dmp", Direction.TO_VENDOR, FAILED.format(status), {"protocol": "http"}, heard)
        return self

    def mailed(self, *recipients: str, reply: str = "250") -> Board:
        """A mail with the archive, and the operator's reply."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("IHE_XDM/SUBSET01/DOC0001.XML", cda())
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = "pfi@banc.mssante.fr", recipients[0], "<m1@banc.mssante.fr>"
        mail.set_content("Bonjour")
        mail.add_attachment(archive.getvalue(), maintype="application", subtype="zip", filename="IHE_XDM.zip")
        facts = {"protocol": "smtp", "event": "mail", "rcpt_to": " ".join(recipients), "reply": reply}
        self.add("mss", Direction.FROM_VENDOR, mail.as_bytes(), facts)
        return self

    def before(self, rows: str = "") -> Board:
        """Both extractions before anything goes out."""
        for period in ("month", "year"):
            self.pilot(f"{period}-before", data=f'{{"rows":[{rows}]}}')
        return self

    def after(self, rows: str, *, last_year: str = "done") -> Board:
        """The extractions afterwards."""
        for period in ("month", "year"):
            self.pilot(f"{period}-after", data=f'{{"rows":[{rows}]}}')
        self.pilot("last-year", data='{"rows":[]}', status=last_year)
        return self


def board() -> Board:
    """A new one."""
    return Board(None, "dashboard")


def row(channel: str, outcome: str, count: int, masked: int | None = None, kind: str = "18748-4") -> str:
    """One row of an extraction."""
    more = "" if masked is None else f',"masked":{masked}'
    return f'{{"finess":"750000018","channel":"{channel}","type":"{kind}","outcome":"{outcome}","count":{count}{more}}}'


def everything() -> Board:
    """A document fed and mailed to two professionals and the patient, the second mail refused."""
    scene = board().before(row("dmp", "success", 4)).document("step-1").submitted()
    scene.mailed("ps1@banc.mssante.fr", "ps2@banc.mssante.fr")
    return scene.mailed(f"{s.INS}@patient.mssante.fr", reply="554")


@pytest.mark.example(COUNTERS, "positive")
@pytest.mark.parametrize("professionals", [1, 2])
def test_counters_that_gained_what_was_captured_satisfy(professionals: int) -> None:
    """One mail to two professionals is one attempt or two: both countings are right."""
    rows = [
        row("dmp", "success", 5),
        row("mss-pro", "success", professionals),
        row("mss-citizen", "failure", 1),
    ]
    found, seen = everything().after(",".join(rows)).judged(COUNTERS)
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(COUNTERS, "negative")
@pytest.mark.parametrize(
    ("rows", "subject"),
    [
        ([row("dmp", "success", 5), row("mss-pro", "success", 1)], "mss-citizen.failure"),
        ([row("dmp", "success", 4), row("mss-pro", "success", 1), row("mss-citizen", "failure", 1)], "dmp.success"),
        (
            [row("dmp", "success", 5), row("mss-pro", "success", 3), row("mss-citizen", "failure", 1)],
            "mss-pro.success",
        ),
    ],
)
def test_a_counter_that_differs_is_an_error(rows: list[str], subject: str) -> None:
    """A failure that is not counted, a feeding missing, one mail too many: on the month and on the year."""
    found, _ = everything().after(",".join(rows)).judged(COUNTERS)
    assert [(f.code, f.subject) for f in found] == [("tbb.counter-differs", subject)] * 2
    assert {f.location.path for f in found} == {"month", "year"}


def test_another_type_or_site_is_another_counter() -> None:
    """What went out as an imaging report is not a letter."""
    scene = board().before().document("step-1").submitted()
    found, _ = scene.after(row("dmp", "success", 1, kind="11490-0")).judged(COUNTERS)
    assert [f.code for f in found] == ["tbb.counter-differs"] * 4


def test_a_feeding_that_failed_then_went_may_count_once() -> None:
    """Two attempts of one document: a failure and a success, or the success alone."""
    for rows in ([row("dmp", "success", 1)], [row("dmp", "success", 1), row("dmp", "failure", 1)]):
        scene = board().before().document("step-1").submitted(FAILURE).submitted()
        assert scene.after(",".join(rows)).judged(COUNTERS)[0] == []


def test_a_dashboard_that_does_not_move_at_all_rests_on_silence() -> None:
    """It may be late: the engine believes it only beside a counter that moved."""
    still = board().before(row("dmp", "success", 4)).document("step-1").submitted(FAILURE)
    found, _ = still.after(row("dmp", "success", 4)).judged(COUNTERS)
    assert [(f.code, f.absence) for f in found] == [("tbb.counter-differs", True)] * 2
    moved = everything().after(row("dmp", "success", 5)).judged(COUNTERS)[0]
    assert {f.absence for f in moved} == {False}


def test_a_period_that_cannot_be_read_is_an_error() -> None:
    """The previous year is refused."""
    scene = board().before().document("step-1").submitted().after(row("dmp", "success", 1), last_year="refused")
    assert scene.errors(COUNTERS) == ["tbb.period-missing"]


def test_nothing_captured_shows_nothing() -> None:
    """A dashboard read beside no flow, or flows without a reading, are no witness."""
    assert board().before().document("step-1").after("").judged(COUNTERS) == ([], [])
    assert board().document("step-1").submitted().judged(COUNTERS) == ([], [])


def contents() -> Board:
    """A masked document and one that is not."""
    scene = board().before().document("step-1", s.UID, "MASQUE_PS").document("step-2", SECOND)
    return scene.submitted(SUCCESS, s.UID, "MASQUE_PS").submitted(SUCCESS, SECOND)


@pytest.mark.example(DETAILS, "positive")
def test_an_extraction_that_counts_the_masked_document_satisfies() -> None:
    """One of two."""
    found, seen = contents().after(row("dmp", "success", 2, 1)).judged(DETAILS)
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example(DETAILS, "negative")
@pytest.mark.parametrize("masked", [None, 0, 2])
def test_an_extraction_that_does_not_tell_contents_apart_is_an_error(masked: int | None) -> None:
    """No column, none counted, or all counted."""
    assert contents().after(row("dmp", "success", 2, masked)).errors(DETAILS) == ["tbb.details.absent"]


def test_flows_all_alike_show_nothing_and_a_share_elsewhere_is_advice() -> None:
    """The share under another type is advice: the statement only asks for details."""
    alike = board().before().document("step-1").submitted().after(row("dmp", "success", 1, 0))
    assert alike.judged(DETAILS) == ([], [])
    rows = f"{row('dmp', 'success', 2, 0)},{row('dmp', 'success', 1, 1, '11490-0')}"
    found, _ = contents().after(rows).judged(DETAILS)
    assert {(f.code, f.severity) for f in found} == {("tbb.details.differ", Severity.ADVICE)}

"""Each document to its judge, what a message carries included; a fault of ours stays where it happened."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from check_samples import CDA, zipped

from conformance.evidence.values import Finding
from conformance.standards.check import dispatch, documents
from conformance.standards.check.settings import Judging
from conformance.standards.check.values import Opinion, Report
from conformance.standards.xdm import judging as xdm

MESSAGE = (
    "MSH|^~\\&|A|B|C|D|20260105093100||MDM^T02^MDM_T02|M1|P|2.6|||||FRA|UNICODE UTF-8\rEVN||20260105093000\r"
    "PID|||X^^^A&1.2.3&ISO^PI||ESSAI^JEAN^JEAN^^^^L||19790328|M\rPV1|1|N\rTXA|1|CN|TX|20260105\r"
    "OBX|1|ED|11502-2^CR^LN||^TEXT^XML^Base64^{data}||||||F\r"
)


def carrying(document: bytes) -> bytes:
    """A message whose OBX carries a document."""
    return MESSAGE.format(data=base64.b64encode(document).decode()).encode()


def judged(data: bytes, **settings: object) -> list[Report]:
    """The reports of some bytes."""
    return list(dispatch.judge("m.hl7", data, Judging(**settings)))  # type: ignore[arg-type]


def test_the_document_that_a_message_carries_is_judged_for_itself() -> None:
    """`m.hl7!OBX[1]`, with the findings that the same CDA has alone, and what it says it is."""
    message, inside = judged(carrying(CDA))
    assert (inside.file, inside.within, inside.kind) == ("m.hl7!OBX[1]", "m.hl7", "cda")
    assert message.kind == "hl7v2/MDM^T02"
    assert inside.facts["type_code"] == "11502-2"
    alone = next(iter(dispatch.judge("a.xml", CDA)))
    assert {f.code for f in inside.findings} == {f.code for f in alone.findings}


def test_documents_of_a_batch_are_told_apart() -> None:
    """The number of the message comes before that of the OBX."""
    found = judged(carrying(CDA) + carrying(CDA))
    assert [r.file for r in found] == ["m.hl7", "m.hl7!MSH[1]/OBX[1]", "m.hl7!MSH[2]/OBX[1]"]


@pytest.mark.parametrize(
    "data",
    [
        b"MSH|^~\\&|" + b"|" * 5_000_000,
        b"MSH#^~\\&#" + b"#" * 5_000_000,
        b"MSH|^~\\&|A\r" + b"NTE|\r" * 300_000,
        b"MSH|^~\\&|A\r" * 30_000,
    ],
)
def test_a_message_file_that_would_cost_too_much_is_told_not_read(data: bytes) -> None:
    """Millions of fields, segments or messages in a few megabytes: unreadable, with what there is too much of."""
    (report,) = judged(data)
    assert (report.verdict, [f.code for f in report.findings]) == ("unreadable", ["check.file.too-large"])


def test_a_sentence_in_the_place_of_a_document_is_the_message_s_fault_alone() -> None:
    """No line for what is no document at all."""
    assert len(judged(carrying(b"Document medical au format CDA"))) == 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>', "saml/Assertion"),
        (b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"/>', "soap/Envelope"),
        (b"<autre/>", "xml/autre"),
        (b"<html/>", "html"),
    ],
)
def test_what_no_rule_judges_is_named_and_never_called_conform(data: bytes, kind: str) -> None:
    """`not-judged`, with a note that says what it is."""
    (report,) = judged(data)
    assert (report.kind, report.verdict) == (kind, "not-judged")
    assert [f.code for f in report.findings] == ["check.document.not-judged"]


def test_a_line_is_told_for_what_is_not_well_formed() -> None:
    """The place of the fault as a line number, for editors."""
    (report,) = judged(CDA[:-20])
    assert report.verdict == "unreadable"
    assert report.findings[0].location.line == 6


def test_an_xdm_is_judged_as_one_and_its_own_files_are_no_documents() -> None:
    """The findings of the archive are those of the XDM rules; only the document of the subset has a line."""
    data = zipped([("INDEX.HTM", b"<html/>"), ("README.TXT", b"x"), ("IHE_XDM/SUBSET01/METADATA.XML", b"<a/>"),
                   ("IHE_XDM/SUBSET01/DOC0001.XML", CDA)])  # fmt: skip
    archive, document = judged(data)
    assert {f.code for f in archive.findings} == {f.code for f in xdm.judge(data)} != set()
    assert (archive.kind, document.file) == ("xdm", "m.hl7!IHE_XDM/SUBSET01/DOC0001.XML")


def test_a_crash_of_a_rule_is_told_with_its_trace_and_its_neighbours_are_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault of ours never takes the place of a finding, and never stops at one document."""
    real = documents.judge_cda

    def broken(name: str, data: bytes, judging: Judging) -> object:
        if name.endswith("a.xml"):
            raise RecursionError("oups")
        return real(name, data, judging)

    monkeypatch.setattr(documents, "judge_cda", broken)
    _, first, second = judged(zipped([("a.xml", CDA), ("b.xml", CDA)]))
    assert "RecursionError: oups" in first.fault
    assert (first.verdict, first.findings) == ("unreadable", ())
    assert not second.fault


def test_excerpts_show_the_lines_around_a_finding_and_no_more() -> None:
    """Asked for: numbered lines around each place, long Base64 shortened; otherwise none."""
    long = CDA.replace(b"<id ", b"<x>" + b"QUJD" * 500 + b"</x><id ")[:-5]
    (report,) = judged(long, excerpts=True)
    lines = report.excerpts[6]
    assert [line.number for line in lines] == [4, 5, 6]
    assert [line.about for line in lines] == [False, False, True]
    assert max(len(line.text) for line in lines) < 250
    assert judged(long)[0].excerpts == {}


def test_a_judge_that_is_not_ours_speaks_beside_ours() -> None:
    """Its opinion stands in the report; our verdict does not change."""

    def other(data: bytes, findings: tuple[Finding, ...]) -> Opinion:
        assert data == CDA
        return Opinion("other", "conform", (), ({"fr": "désaccord", "en": "disagreement"},))

    (report,) = judged(CDA, arbiters={"cda": other})
    assert report.opinions[0].judge == "other"
    assert report.verdict == judged(CDA)[0].verdict


@pytest.mark.corpus
def test_every_document_of_the_published_messages_is_found(shared: Path) -> None:
    """Each message of the published corpus whose OBX holds a real CDA gives its line."""
    found = [
        report
        for path in sorted((shared / "corpus-hl7v2").glob("*.*7"))
        for report in dispatch.judge(path.name, path.read_bytes())
        if report.within
    ]
    assert len(found) == 7
    assert {report.kind for report in found} == {"cda"}
    assert not any(report.fault for report in found)

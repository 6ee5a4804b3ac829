"""`plan`, `explain`, `trust`, `fixtures`, `run --only`, `listen`: what a newcomer reads, in both languages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from conformance.bench.target import load
from conformance.cli.app import run
from conformance.standards.check import check
from tests.bench.literal_pilot import http, literal

HEAD = """schema = "target/1"
[vendor]
name = "V"
product = "Passerelle"
version = "1"
[target]
dsr = "PFI"
waves = ["va1", "va2"]
"""
DOCUMENTS = '[endpoints]\ndocuments = "mllp://127.0.0.1:2575"\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def target(text: str) -> str:
    """A target file of the current folder."""
    Path("t.toml").write_text(HEAD + text, encoding="utf-8")
    return "t.toml"


def services(*names: str) -> str:
    """Services on free ports."""
    return "".join(f'[services.{name}]\nlisten = "127.0.0.1:0"\n' for name in names)


def planned(capsys: pytest.CaptureFixture[str], text: str) -> dict[str, dict[str, object]]:
    """What `plan --json` tells, rows by key under `rows`."""
    capsys.readouterr()
    assert run(["plan", "--target", target(text), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    told["rows"] = {row["key"]: row for row in told["rows"]}
    return told  # type: ignore[no-any-return]


def test_each_addition_unlocks_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is decided of an empty target; documents, then the DMP, then mails each decide more, as was said."""
    nothing = planned(capsys, "")
    assert nothing["counts"]["decided"] == 0
    assert nothing["rows"]["PFI/va1/DMP/va1.01"]["prospect"] == "blocked"
    assert "endpoint:documents" in nothing["rows"]["PFI/va1/DMP/va1.01"]["missing"]  # type: ignore[operator]
    before = planned(capsys, DOCUMENTS + services("dmp", "returns"))
    assert before["rows"]["PFI/va1/DMP/va1.01"]["prospect"] == "decided"
    (mss,) = [u for u in before["unlocks"] if u["need"] == "service:mss"]  # type: ignore[index]
    assert mss["alone"]
    after = planned(capsys, DOCUMENTS + services("dmp", "returns", "mss"))
    gained = {k for k, r in after["rows"].items() if r["prospect"] in ("decided", "completed")} - {  # type: ignore[index]
        k
        for k, r in before["rows"].items()
        if r["prospect"] in ("decided", "completed")  # type: ignore[index]
    }
    assert gained == set(mss["alone"])
    assert sum(after["counts"].values()) == len(after["rows"]) == 100  # type: ignore[arg-type]


def test_a_pilot_unlocks_what_it_says_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds that an adapter answers are no longer missing; one that does not answer is told and counted for nothing."""
    body = json.dumps({"api": "pilot/1", "kinds": ["mail.send/1", "log.read/1"]}).encode()
    everything = DOCUMENTS + services("dmp", "returns", "mss", "imap", "igc")
    with literal(http(body, "200 OK", "Content-Type: application/json")) as adapter:
        told = planned(capsys, f'{everything}[pilot]\nkind = "http"\nurl = "{adapter.url}"\n')
    assert told["pilot"] is None, told["pilot"]
    assert told["rows"]["PFI/va1/MSS/va1.15"]["prospect"] != "blocked"
    assert told["rows"]["PFI/va2/PSC.01"]["prospect"] in ("blocked", "not-applicable")
    mute = f'{everything}[pilot]\nkind = "http"\nurl = "http://127.0.0.1:9"\n'
    assert planned(capsys, mute)["pilot"] == "pilot-unreachable"
    assert run(["plan", "--target", target(mute)]) == 0
    assert "Le pilote ne répond pas" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "fr",
            ("Passerelle, PFI va1 + va2 : 100 exigences", "en attente d'un ajout", "Ce que chaque ajout débl"),
        ),
        ("en", ("Passerelle, PFI va1 + va2: 100 rows", "waiting for an addition", "What each addition would unlock")),
    ],
)
def test_the_plan_is_told_in_each_language(
    capsys: pytest.CaptureFixture[str], lang: str, words: tuple[str, ...]
) -> None:
    """Title, groups, what each addition unlocks and how, the next command."""
    assert run(["plan", "--target", target(DOCUMENTS), "--lang", lang]) == 0
    said = capsys.readouterr().out
    for word in (*words, "[services.mss]", "conformance doctor --target t.toml"):
        assert word in said, word


def test_a_row_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """By its id, whatever its case: scenarios, what judges it, needs, classes, findings, proofs."""
    assert run(["explain", "mss/conf.25"]) == 0
    said = capsys.readouterr().out
    for word in ("PFI/va2/MSS/CONF.25", "mss.subject-format", "service:mss", "mail.subject", "--only MSS/CONF.25"):
        assert word in said, word
    assert run(["explain", "PFI/va2/MSS/CONF.25", "--lang", "en"]) == 0
    assert "What it needs" in capsys.readouterr().out


def test_a_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Its message, severity, clause, remedy, and the rows that it concerns."""
    assert run(["explain", "mss.tls.clear", "--lang", "en"]) == 0
    said = capsys.readouterr().out
    for word in ("Severity", "Rests on", "What to do", "PFI/va1/MSS/va1.03"):
        assert word in said, word


def test_what_is_neither_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and what may have been meant."""
    assert run(["explain", "MSS/CONF.52"]) == 2
    assert "MSS/CONF.25" in capsys.readouterr().err


def test_the_kit_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    """Files in the order of use, the addresses, the mailboxes, the sign-in client; the names asked for are borne."""
    from cryptography import x509

    text = '[services.mss]\nlisten = "127.0.0.1:1587"\n[services.psc]\nlisten = "127.0.0.1:8444"\n'
    assert run(["trust", "kit", "--target", target(text), "--host", "pfi.example", "--lang", "en"]) == 0
    said = capsys.readouterr().out
    for word in ("smtp://127.0.0.1:1587", "pfi@banc.mssante.fr", "client_id = conformance-pfi", "server.pem"):
        assert word in said, word
    assert "wallet-openid-configuration" in Path("kit/settings.txt").read_text(encoding="utf-8")
    server = x509.load_pem_x509_certificates(Path("kit/server.pem").read_bytes())[0]
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "pfi.example" in names.get_values_for_type(x509.DNSName)
    assert run(["trust", "kit", "--host", "a/b"]) == 2
    assert run(["trust", "t.toml"]) != 0
    assert "Traceback" not in capsys.readouterr().err


def test_the_fixtures_are_fictitious_and_stable(capsys: pytest.CaptureFixture[str]) -> None:
    """Two calls give the same bytes; keys of RPPS, FINESS and INS hold by their public rules."""
    assert run(["fixtures"]) == 0
    assert run(["fixtures", "--out", "again", "--lang", "en"]) == 0
    assert "10 professionals" in capsys.readouterr().out
    first = {p.relative_to("fixtures"): p.read_bytes() for p in Path("fixtures").rglob("*") if p.is_file()}
    assert first == {p.relative_to("again"): p.read_bytes() for p in Path("again").rglob("*") if p.is_file()}
    rows = table(first[Path("patients.csv")])
    for row in (r for r in rows if r["matricule"]):
        body = row["matricule"].replace("2A", "19").replace("2B", "18")
        assert 97 - int(body[:13]) % 97 == int(body[13:])
        assert row["oid"] == "1.2.250.1.213.1.4.10"
    assert [r["class"] for r in rows if not r["matricule"]] == ["not-qualified"]
    for row in table(first[Path("professionals.csv")]):
        assert row["rpps"].startswith("99700")
        assert luhn(row["rpps"])
        assert row["mailbox"] == f"ps{row['rpps']}@banc.mssante.fr"
    assert all(luhn(row["finess"]) for row in table(first[Path("structures.csv")]))
    assert json.loads(first[Path("patients.fhir.json")])["resourceType"] == "Bundle"


def table(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file as a French spreadsheet writes it."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))


def luhn(number: str) -> bool:
    """The Luhn test, by its definition."""
    doubled = [int(c) * (1 + n % 2) for n, c in enumerate(reversed(number))]
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0


def test_admissions_are_read_by_another_library() -> None:
    """python-hl7 finds the patient of each ADT^A28 as the table tells it."""
    import hl7

    assert run(["fixtures"]) == 0
    rows = table(Path("fixtures/patients.csv").read_bytes())
    for row, path in zip(rows, sorted(Path("fixtures/adt").iterdir()), strict=True):
        message = hl7.parse(path.read_bytes().decode())
        pid = message.segment("PID")
        assert str(message.segment("MSH")[9]) == "ADT^A28^ADT_A05"
        assert str(pid[5]).startswith(f"{row['birth_name']}^{row['first_given_name']}^{row['given_names']}")
        assert (row["matricule"] or row["ipp"]) in str(pid[3])
        assert str(pid[32]) == row["status"]


def test_admissions_keep_the_rules_of_the_bench() -> None:
    """What a vendor loads before a run is PAM without any mistake that `check` would tell."""
    assert run(["fixtures"]) == 0
    for path in sorted(Path("fixtures/adt").iterdir()):
        report = check(path.name, path.read_bytes())
        assert report.verdict == "conform"
        # The generated commune need not be the one of the matricule, which is worth a note only.
        assert {f.code for f in report.findings} <= {"hl7v2.ins.birth-place"}, path.name


@pytest.mark.parametrize("command", ["run", "listen"])
def test_a_row_that_does_not_exist_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """`--only` with a wrong name: exit 2, nothing written."""
    assert run([command, "--target", target(DOCUMENTS), "--only", "MSS/CONF.52", "--out", "r"]) == 2
    assert "MSS/CONF.25" in capsys.readouterr().err
    assert not Path("r").exists()


def test_only_names_rows_and_families(capsys: pytest.CaptureFixture[str]) -> None:
    """A key, an id in any case, a family, several at once."""
    from conformance.catalogue.loader import load_profile
    from conformance.cli.options import rows_of

    rows = load_profile("PFI").requirements(("va1", "va2"))
    assert rows_of(["PFI/va2/MSS/CONF.25"], rows) == {"PFI/va2/MSS/CONF.25"}
    assert rows_of(["mss/conf.25, dmp/va1.01"], rows) == {"PFI/va2/MSS/CONF.25", "PFI/va1/DMP/va1.01"}
    family = rows_of(["ssi/iam"], rows)
    assert family
    assert all("/SSI/IAM." in key for key in family)
    assert len(rows_of(["MSS"], rows)) > 30


def test_recorded_mails_are_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of .eml files: the fault is found with its exchange, no row is conform, and the audit is whole."""
    Path("mails").mkdir()
    good = (
        "From: Accueil du service <pfi@banc.mssante.fr>\r\nTo: ps1@banc.mssante.fr\r\nSubject: Bonjour\r\n"
        "Message-ID: <1.2@banc.mssante.fr>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
    )
    Path("mails/a.eml").write_bytes(good.encode())
    Path("mails/b.eml").write_bytes(good.replace("Message-ID: <1.2@banc.mssante.fr>\r\n", "").encode())
    code = run(["listen", "--target", target(DOCUMENTS), "--dump", "mails", "--out", "r", "--lang", "en"])
    said = capsys.readouterr().out
    assert code == 1, said
    audit = json.loads(Path("r/audit.json").read_text(encoding="utf-8"))
    rows = {row["key"]: row["verdict"] for row in audit["requirements"]}
    assert rows["PFI/va1/MSS/va1.12"] == "nonconform"
    assert "conform" not in rows.values()


def test_a_folder_without_messages_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to read: exit 2 with what may be given; --dump and --minutes exclude each other."""
    Path("empty").mkdir()
    assert run(["listen", "--target", target(DOCUMENTS), "--dump", "empty", "--out", "r"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert run(["listen", "--target", target(DOCUMENTS), "--dump", "empty", "--minutes", "1"]) == 2


def test_an_archive_with_a_wrong_password_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target's line, the file, the variable; the right password loads; a file that is no PKCS#12 is told."""
    from conformance.bench.pki import Pki

    Path("s.p12").write_bytes(Pki.generate().server(["localhost"]).p12(b"bon-mot"))
    text = '[services.dmp]\nlisten = "127.0.0.1:0"\ncertificate = "s.p12"\npassword_env = "P12"\n'
    monkeypatch.setenv("P12", "mauvais")
    assert run(["plan", "--target", target(text)]) == 2
    said = capsys.readouterr().err
    for word in ("t.toml:11", "s.p12", "P12", "openssl pkcs12"):
        assert word in said, word
    monkeypatch.setenv("P12", "bon-mot")
    assert load(Path(target(text))).services["dmp"].password == "bon-mot"
    Path("s.p12").write_bytes(b"-----BEGIN CERTIFICATE-----")
    assert run(["plan", "--target", target(text)]) == 2
    assert "PKCS#12" in capsys.readouterr().err
    monkeypatch.delenv("P12")
    assert run(["plan", "--target", target(text)]) == 2
    assert "P12" in capsys.readouterr().err


def test_a_name_that_nobody_resolves_is_told_before_starting(capsys: pytest.CaptureFixture[str]) -> None:
    """`listen` and `run` say it first, with the remedy; `doctor` names the layer and fails."""
    text = '[services.mss]\nlisten = "127.0.0.1:0"\nadvertise = "smtp://nulle-part.invalid:1587"\n'
    assert run(["listen", "--target", target(text), "--minutes", "0.01", "--out", "r"]) == 3
    said = capsys.readouterr().err
    assert "nulle-part.invalid" in said
    assert "hosts" in said
    assert run(["doctor", "--target", "t.toml", "--lang", "en"]) == 1
    assert 'layer "name"' in capsys.readouterr().out


def test_a_silence_of_zero_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """`settle = 0` would make every absence a fault: refused with its line and its bounds."""
    assert run(["plan", "--target", target("[timing]\nsettle = 0\n")]) == 2
    said = capsys.readouterr().err
    assert "t.toml:10" in said
    assert "0.2" in said

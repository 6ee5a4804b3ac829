"""The page of an audit: what was not tested, hostile words, ids, contrast, and its texts in both languages."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from handmade import PROFILE, SENT, Book, golden, listens, run_key
from lxml import html as lxml_html

from conformance.audit import export, html
from conformance.audit.annotate import Gap as LeftOut
from conformance.audit.annotate import annotate, fold, plain
from conformance.audit.build import build
from conformance.audit.excerpt import excerpt
from conformance.audit.model import Audit, ClockNote, FindingExample, Gap
from conformance.audit.nearest import leaves
from conformance.audit.references import gaps
from conformance.audit.untested import untested
from conformance.catalogue.model import Wave
from conformance.catalogue.wording import Wording
from conformance.texts import LANGUAGES, Lang, all_texts

TEMPLATES = Path(html.__file__).parent / "templates"
HOSTILE = '"><img src=x onerror=alert(1)> {{7*7}} </script><script>alert(2)</script> \u202e'

MAIL = (
    b"From: Service <pfi@banc.mssante.fr>\r\nTo: ps1@banc.mssante.fr\r\n"
    b"Subject: XDM/1.0/DDM+CR =?utf-8?q?d=C3=A9but?=\r\n =?utf-8?q?_et_fin?=\r\nX-MSS-INS: N\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nR=C3=A9sultat jo=\r\nint\r\n--b\r\n"
    b'Content-Type: application/zip\r\nContent-Disposition: attachment; filename="IHE_XDM.zip"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n" + (b"QUFB" * 18 + b"\r\n") * 40 + b"--b--\r\n"
)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of the golden journal."""
    return build(PROFILE, golden(tmp_path_factory.mktemp("golden")))


def place(path: str, seen: str = "", expected: str = "") -> FindingExample:
    """A finding at a place."""
    return FindingExample("w1-c1", "x1", path, None, expected, seen)


def needy(folder: Path) -> Audit:
    """A journal whose target lacks a service and a pilot kind, and where a case waits for its pilot."""
    book = Book(folder)
    book.begin(
        run_key("compose@normal", 2, listens("dmp.every-document", "DMP/va1.01#1", claims=("initial",))),
        run_key("awaited@normal", 1, listens("dmp.status", "DMP/va1.08#1", claims=("initial",))),
        run_key("partly@normal", 1, listens("ins.read", "INS/va1.16#1"), listens("tls.silence", "TLS/va1.01#1")),
    )
    book.line("unmet", key="compose@normal", property=None, needs=["pilot:mail.send/1", "service:mss"])
    book.line("unmet", key="partly@normal", property="ins.read", needs=["service:mss"])
    book.line("window", w=1, key="awaited@normal", purpose="judge", index=0)
    book.line(
        "driven", w=1, case="w1-c1", key="awaited@normal", exercise="awaited", environment="normal", labels=[],
        digest="d", sentinel=False, purpose="judge", number=1, binding=book.writer.plain({}),
        body=book.writer.plain({}), sent=[{"name": "a", "exchange": "x1", "answer": None, "failure": "pilot-pending"}],
    )  # fmt: skip
    book.done()
    return build(PROFILE, folder)


def test_what_was_not_tested_is_told_by_reason(tmp_path: Path) -> None:
    """Needs name what they unlock, a pending pilot is suspended and not interrupted, conditions group their rows."""
    found = untested(needy(tmp_path))
    assert [(n.name, [r.id for r in n.alone], [r.id for r in n.together]) for n in found.needs] == [
        ("service:mss", ["INS/va1.16"], ["DMP/va1.01"]),
        ("pilot:mail.send/1", [], ["DMP/va1.01"]),
    ]
    reasons = {entry.row.id: entry.scenario.reason for entry in found.cut}
    assert reasons["DMP/va1.08"] == "suspended"
    assert [entry.scenario.attest["en"] for entry in found.attest] == ["Show the screen."]
    assert {c: [r.id for r in rows] for c, rows in found.inapplicable} == {
        "mss-app": ["MSS/va1.03"],
        "claims(PFI/va1/MSS/va1.30)": ["MSS/va1.30"],
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_what_to_add_for_each_need(tmp_path: Path, lang: Lang) -> None:
    """A missing service or pilot kind is told with the line of the target that gives it."""
    page = lxml_html.fromstring(html.render(needy(tmp_path), lang))
    told = page.get_element_by_id("untested").getparent().text_content()
    assert "[services.mss]" in told
    assert "mail.send/1" in told
    assert ("pilote" if lang == "fr" else "pilot") in told


def test_uncovered_classes_of_driven_scenarios_are_listed(audit: Audit) -> None:
    """Only what was driven counts as uncovered: the class `deletion` of the golden journal."""
    found = untested(audit)
    assert [(e.row.id, e.scenario.uncovered()) for e in found.uncovered] == [("DMP/va1.01", ("deletion",))]
    assert [e.row.id for e in found.faults] == ["TLS/va1.02"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_words_stay_words(audit: Audit, lang: Lang) -> None:
    """Markup, templates and direction marks from the vendor make no element, attribute nor computation."""
    row = audit.requirements[0]
    scenario = row.scenarios[0]
    finding = scenario.findings[0]
    bad = replace(finding, code=HOSTILE, examples=(replace(finding.examples[0], path=HOSTILE, seen=HOSTILE),))
    scenario = replace(scenario, findings=(bad,), parameters={HOSTILE: HOSTILE}, labels_claimed=(HOSTILE,))
    who = replace(audit.identity, product=HOSTILE, vendor=HOSTILE, configuration=HOSTILE, cases=HOSTILE)
    page = html.render(replace(audit, identity=who, requirements=(replace(row, scenarios=(scenario,)),)), lang)
    tree = lxml_html.fromstring(page)
    assert not tree.xpath("//img")
    assert len(tree.xpath("//script")) == 1
    assert not tree.xpath("//@onerror")
    assert "{{7*7}}" in page
    assert "49" not in tree.xpath("//title")[0].text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_sound_for_a_parser(audit: Audit, lang: Lang) -> None:
    """Ids are unique, labels and headings resolve, no outside address, each table has heads, nothing needs a script."""
    tree = lxml_html.fromstring(html.render(audit, lang))
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {*tree.xpath("//@aria-labelledby")} <= set(ids)
    assert all(href.startswith("#") and href[1:] in ids for href in tree.xpath("//@href"))
    assert not tree.xpath("//@src | //link | //iframe | //object | //form")
    assert all(table.xpath("./thead//th[@scope='col']") for table in tree.xpath("//table"))
    assert len(tree.xpath("//main")) == len(tree.xpath("//nav")) == 1
    assert tree.xpath("//a[@class='skip']/@href") == ["#requirements"]
    assert tree.xpath("//*[@id='filters']/@hidden"), "filters appear only when their script runs"
    assert not tree.xpath("//details[contains(@class, 'row')]/@hidden")
    levels = [int(h.tag[1]) for h in tree.xpath("//h1|//h2|//h3|//h4")]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_same_journal_gives_the_same_page(tmp_path: Path) -> None:
    """Built twice from one journal, the page is the same to the byte."""
    folder = golden(tmp_path)
    assert html.render(build(PROFILE, folder), "fr") == html.render(build(PROFILE, folder), "fr")


@pytest.mark.parametrize("name", sorted(p.name for p in TEMPLATES.glob("*.j2")))
def test_every_text_that_a_template_names_exists(name: str) -> None:
    """No text id can show through in a page."""
    template = (TEMPLATES / name).read_text(encoding="utf-8")
    named = {f"audit.{id}" for id in re.findall(r'(?:\bt|reason_of)\("([a-z.-]+[a-z])"(?! ~)', template)}
    assert named
    assert sorted(named - set(all_texts())) == []


def luminance(colour: str) -> float:
    """Relative luminance of a hexadecimal colour (WCAG 2.2)."""
    if len(colour) == 4:
        colour = "#" + "".join(c * 2 for c in colour[1:])
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    """Contrast ratio of two colours."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes() -> dict[str, dict[str, str]]:
    """The colours of the style sheet, by theme; the dark ones over the light ones."""
    style = (TEMPLATES / "audit.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+):(#[0-9a-fA-F]{3,6})", b)) for b in re.findall(r":root\{([^}]*)\}", style)
    )
    return {"light": light, "dark": {**light, **dark}}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read_on_their_background(theme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for every pair of text and background that the sheet makes; 3 to 1 for the focus mark."""
    colours = themes()[theme]
    pairs = [(ink, ground) for ink in ("ink", "soft", "blue", "bad", "na") for ground in ("paper", "wash")]
    verdicts = ("good", "bad", "doubt", "attest", "na", "tool")
    pairs += [(verdict, f"{verdict}-wash") for verdict in verdicts]
    pairs += [(verdict, "paper") for verdict in verdicts]
    pairs += [("bad", "mark")]
    poor = {
        p: round(ratio(colours[p[0]], colours[p[1]]), 2) for p in pairs if ratio(colours[p[0]], colours[p[1]]) < 4.5
    }
    assert poor == {}
    assert min(ratio(colours["focus"], colours[ground]) for ground in ("paper", "wash")) >= 3


def test_no_colour_escapes_the_themes() -> None:
    """Rules use the variables, but for paper: a colour written in a rule would be wrong in the other theme."""
    style = (TEMPLATES / "audit.css").read_text(encoding="utf-8")
    screen = re.sub(r":root\{[^}]*\}", "", style).partition("@media print")[0]
    assert re.findall(r"#[0-9a-fA-F]{3,6}\b", screen) == []


def test_a_mail_is_shown_in_clear() -> None:
    """Encoded words are read beside their field, quoted-printable is decoded, an attachment takes one line."""
    shown = excerpt("x1", "mss", "from-vendor", MAIL)
    assert shown.kind == "mail"
    assert any("← Subject: XDM/1.0/DDM+CR début et fin" in line for line in shown.lines)
    assert "Résultat joint" in shown.lines
    assert [line for line in shown.lines if "…[" in line] == ["QUFB" * 6 + "…[2880]"]


@pytest.mark.parametrize(
    ("path", "seen", "marked"),
    [
        ("X-MSS-INS", "N", " N"),
        ("x-mss-nil", "", ""),
        ("To", "ps1@banc.mssante.fr", "ps1@banc.mssante.fr"),
        ("attachments", "", 'Content-Disposition: attachment; filename="IHE_XDM.zip"'),
        ("IHE_XDM.zip", "", 'Content-Disposition: attachment; filename="IHE_XDM.zip"'),
    ],
)
def test_the_field_or_the_file_of_a_mail_is_marked(path: str, seen: str, marked: str) -> None:
    """A header field, a field that is not there, a value, an attachment by its name or in general."""
    lines = annotate(excerpt("x1", "mss", "from-vendor", MAIL), place(path, seen))
    pieces = [piece.text for line in lines for piece in line.pieces if piece.marked]
    assert pieces == [marked]
    assert sum(line.noted for line in lines) == 1


def test_json_and_facts_are_marked_too() -> None:
    """The answer of a pilot is laid out and its member marked; an exchange without a body shows what was told of it."""
    body = json.dumps({"status": "done", "data": {"entries": [{"author": "dupont", "outcome": "ok"}]}}).encode()
    shown = excerpt("x1", "pilot", "from-vendor", body)
    assert shown.kind == "json"
    marked = [
        p.text for line in annotate(shown, place("data.entries[0].author", "dupont")) for p in line.pieces if p.marked
    ]
    assert marked == ["dupont"]
    told = excerpt("x2", "mss", "from-vendor", b"", {"event": "session", "tls": "1.1", "client_certificate": None})
    assert (told.kind, told.lines) == ("facts", ("client_certificate: ", "event: session", "tls: 1.1"))
    assert [p.text for line in annotate(told, place("tls", "1.1")) for p in line.pieces if p.marked] == ["1.1"]


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"From: a\r\n\r\n", b"--b\r\n--b", b"\xff\xfe{", b"MSH"])
def test_any_bytes_can_be_shown(body: bytes) -> None:
    """Broken JSON, deep JSON, half mails and noise are text, never a crash."""
    assert excerpt("x1", "pilot", "from-vendor", body).lines


def test_the_nearest_right_case_is_the_one_that_differs_least(tmp_path: Path) -> None:
    """Of two right cases the one with fewer differences is shown, with its own message and what sets them apart."""
    book = Book(tmp_path)
    book.begin(run_key("intake@normal", 3, listens("dmp.status", "DMP/va1.08#1", claims=("initial",))))
    book.line("window", w=1, key="intake@normal", purpose="judge", index=0)
    data = {
        "w1-c1": {"carrier": "MDM", "flags": {"masked": True}, "to": []},
        "w1-c2": {"carrier": "ORU", "flags": {"masked": False}, "to": ["a"]},
        "w1-c3": {"carrier": "MDM", "flags": {"masked": False}, "to": []},
    }
    for number, (case, told) in enumerate(data.items(), 1):
        book.exchange(f"x{number}", "from-vendor", SENT)
        book.line(
            "driven", w=1, case=case, key="intake@normal", exercise="intake", environment="normal", labels=["initial"],
            digest="d", sentinel=False, purpose="judge", number=1, sent=[], binding=book.writer.plain({}),
            body=book.writer.plain(told),
        )  # fmt: skip
        book.line("heard", w=1, case=case, exchanges=[f"x{number}"])
    wrong = book.finding("xds.metadata.missing", "TXA-17", "AU", "AC", exchange="x1")
    book.judged(1, "w1-c1", "dmp.status", 1, wrong)
    book.judged(1, "w1-c2", "dmp.status", 1)
    book.judged(1, "w1-c3", "dmp.status", 1)
    book.line("settled", w=1)
    book.line(
        "counterexample", property="dmp.status", fingerprint=wrong["fingerprint"], case="w1-c1", labels=["initial"],
        digest="d", calls=1, exchange="x1", finding=wrong, body=book.writer.plain(data["w1-c1"]),
    )  # fmt: skip
    book.line("close", counts={})
    book.done()
    row = next(r for r in build(PROFILE, tmp_path).requirements if r.id == "DMP/va1.08")
    near = row.scenarios[0].counterexamples[0].nearest
    assert near is not None
    assert (near.case, near.distance) == ("w1-c3", 1)
    assert [(d.path, d.valid, d.mistaken) for d in near.differences] == [("flags.masked", "false", "true")]
    assert near.excerpt is not None
    assert near.excerpt.exchange == "x3"
    digests = {e.exchange: e for e in row.scenarios[0].evidence}
    assert set(digests) == {"x1", "x3"}
    assert all(re.fullmatch("[0-9a-f]{64}", e.sha256) and e.sha256 != e.commitment for e in digests.values())


def test_leaves_name_every_end_of_plain_data() -> None:
    """Values are at dotted places with indices; empty tables and lists are values too."""
    assert dict(leaves({"a": [{"b": 1}, []], "c": {}})) == {"a[0].b": "1", "a[1]": "[]", "c": "{}"}
    assert dict(leaves(7)) == {"": "7"}


def test_numbers_without_a_row_are_told_by_wave_and_family() -> None:
    """MSS.01 is missing before MSS.02, and MSS.03 between .02 and .04; what is whole or has no number is not told."""
    rows = [
        replace(PROFILE.waves[0].requirements[0], ref=ref, wave="va1") for ref in ("MSS.02", "MSS.04", "INS.01", None)
    ]
    assert gaps(rows) == (Gap("va1", "MSS", ("MSS.01", "MSS.03")),)
    assert gaps(Wave("va1", ()).requirements) == ()


def test_the_official_wording_is_quoted_with_its_edition(tmp_path: Path) -> None:
    """A row whose wording was imported shows it, escaped, with edition, cell and digest; the others are unchanged."""
    folder = golden(tmp_path)
    key = "PFI/va1/DMP/va1.01"
    text = "Le système <b>DOIT</b>\nalimenter."
    official = Wording(
        key, text, "2.1", "a" * 64, "rem.xlsx", "2026-01-02", "Exigences!E12", {"DMP/va1.01.01": "Montrer l'envoi."}
    )
    found = build(PROFILE, folder, wording={key: official}.get)
    row = next(r for r in found.requirements if r.key == key)
    assert row.wording is not None
    assert row.scenarios[0].wording == "Montrer l'envoi."
    tree = lxml_html.fromstring(html.render(found, "fr"))
    quoted = [quote.text_content() for quote in tree.xpath("//blockquote")]
    assert len(quoted) == 2
    assert text in quoted[0]
    assert "édition 2.1" in quoted[0]
    assert "Exigences!E12" in quoted[0]
    assert not tree.xpath("//blockquote//b")
    schema = json.loads((Path(__file__).resolve().parents[2] / "profiles/schema/audit-1.schema.json").read_bytes())
    jsonschema.validate(json.loads(export.dump(found)), schema)


def test_a_long_message_is_shown_by_parts() -> None:
    """Around its place when one is noted, else by its beginning; what is left out is counted."""
    body = ("MSH|^~\\&|A\r" + "".join(f"OBX|{n}|TX|a\r" for n in range(1, 300))).encode()
    shown = excerpt("x1", "documents", "to-vendor", body)
    around = fold(annotate(shown, place("OBX(200)-5")))
    assert sum(line.lines for line in around if isinstance(line, LeftOut)) + sum(
        not isinstance(line, LeftOut) for line in around
    ) == len(shown.lines)
    assert len(around) < 30
    assert fold(plain(shown))[-1] == LeftOut(len(shown.lines) - 120)


@pytest.mark.parametrize(("lang", "said"), [("fr", "de 60 à 61 minute(s)"), ("en", "from 60 to 61 minute(s)")])
def test_a_clock_an_hour_off_is_one_note_and_no_finding(tmp_path: Path, lang: Lang, said: str) -> None:
    """Acknowledgements whose MSH-7 is far from our clock are counted once, with the remedy; no verdict moves."""
    book = Book(tmp_path)
    book.begin(run_key("intake@normal", 1, listens("dmp.status", "DMP/va1.08#1", claims=("initial",))))
    book.exchange("x1", "from-vendor", "MSH", ahead=3600)
    book.exchange("x2", "from-vendor", "MSH", ahead=3660)
    book.line("window", w=1, key="intake@normal", purpose="judge", index=0)
    book.driven(1, "w1-c1", "initial")
    book.judged(1, "w1-c1", "dmp.status", 1)
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    found = build(PROFILE, tmp_path)
    assert found.clock == ClockNote(2, 3600, 3660)
    assert not any(s.findings for row in found.requirements for s in row.scenarios)
    page = html.render(found, lang)
    assert said in page
    assert "NTP" in page

"""Each lint code catches its own mistake, and the real profiles have none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from catalogue_samples import OPTIONS, PROFILE, SOCLE, changed, line_of, loaded

from conformance.catalogue.lint import TITLE_LIMIT, lint
from conformance.catalogue.loader import all_profiles
from conformance.texts import all_texts

PROPERTIES = {"mss.tls"}
PSC = """\
          - id: PSC.01.02
            attest: Une vidéo du mode CIBA
            attest_en: A video of the CIBA mode
"""
LONG = "x" * (TITLE_LIMIT + 1)

NOTICE = """\
key: PFI/va1/MSS/va1.30
        id: MSS/va1.30
        ref: null
        level: PEUT
        scope: Général
        when: claims(PFI/va1/MSS/va1.30)
"""
SECOND_TLS = """\
key: PFI/va1/MSS/va1.03
        id: MSS/va1.03
        ref: null
        level: DOIT
        scope: Général
        when: always
"""
FIRST, SECOND, THIRD = "- key: PFI/va1/MSS/va1.0", "- key: PFI/va1/MSS/va1.30", "- key: PFI/va2/PSC.01"
UNNUMBERED, WEB, CIBA = "- id: null", "- id: PSC.01.01\n", "- id: PSC.01.02"

# code -> (what to change, into what, the start of the row or scenario that the problem names)
MISTAKES = {
    "CAT001": (NOTICE, SECOND_TLS, SECOND_TLS),
    "CAT002": ("key: PFI/va1/MSS/va1.03", "key: PFI/va1/MSS/va1.04", FIRST),
    "CAT003": ("when: bal-app and not iam", "when: bal-app and not iam and scm", FIRST),
    "CAT004": ("when: always", "when: claims(PFI/va1/MSS/va1.03)", THIRD),
    "CAT005": ("when: claims(PFI/va1/MSS/va1.30)", "when: iam or claims(PFI/va1/MSS/va1.30)", SECOND),
    "CAT007": ("            reason: {code: not-yet}\n", "", UNNUMBERED),
    "CAT009": (PSC, "", THIRD),
    "CAT010": ("superseded_by: PFI/va2/PSC.01", "superseded_by: PFI/va1/MSS/va1.30", FIRST),
    "CAT011": ("title_en: Sign in with PSC", 'title_en: " "', THIRD),
    "CAT012": ("title: Connecter par PSC", f"title: {LONG}", THIRD),
    "CAT013": ("title: Connecter par PSC", "title: prévenir d'une suppression", THIRD),
    "CAT014": ("kind: documentation", "kind: video_ou_captures", WEB),
    "CAT015": ("            derived: true\n", "", UNNUMBERED),
    "CAT016": ("attest: Une vidéo du mode web", "attest: Une vidéo\n            property: mss.tls", WEB),
    "CAT018": ("            attest_en: A video of the CIBA mode\n", "", CIBA),
    "CAT019": ("reason: {code: not-yet}", "reason: {code: not-yet}\n            with: {version: 1.2}", UNNUMBERED),
    "CAT020": ("        automation: semi\n", "        automation: semi\n        outside: {by: gazelle}\n", SECOND),
}


def problems(folder: Path, profile: str = PROFILE, **files: str) -> list[tuple[str, str]]:
    """The (code, where) of every problem of a sample."""
    return [(p.code, p.where) for p in lint([loaded(folder, profile, **files)], PROPERTIES)]


def test_the_sample_is_clean(tmp_path: Path) -> None:
    """What the mistakes are made in has none of its own."""
    assert problems(tmp_path) == []


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_caught_by_its_own_code_alone(tmp_path: Path, code: str) -> None:
    """One thing changed in a clean profile gives that code, at its line, and no other."""
    old, new, marker = MISTAKES[code]
    text = changed(old, new)
    assert problems(tmp_path, text) == [(code, f"{tmp_path}/sample.yaml:{line_of(text, marker)}")]


def test_an_unknown_property_is_caught_with_its_neighbour(tmp_path: Path) -> None:
    """CAT006 points into the shared body that names the property."""
    (problem,) = lint([loaded(tmp_path, socle=changed("property: mss.tls", "property: mss.tsl", SOCLE))], PROPERTIES)
    assert (problem.code, problem.values["known"]) == ("CAT006", "mss.tls")
    assert problem.where == f"{tmp_path}/socle/mss.yaml:{line_of(SOCLE, '- id: MSS')}"


def test_a_property_and_a_reason_together_are_caught(tmp_path: Path) -> None:
    """CAT008: a scenario is judged, or says why it is not."""
    body = changed("property: mss.tls", "property: mss.tls\n        reason: {code: not-yet}", SOCLE)
    assert problems(tmp_path, socle=body) == [("CAT008", f"{tmp_path}/socle/mss.yaml:{line_of(SOCLE, '- id: MSS')}")]


def test_an_option_no_row_uses_is_caught(tmp_path: Path) -> None:
    """CAT017: options live only as long as a row depends on them."""
    options = changed("reasons:", "  scm: {default: false, fr: En SCM., en: In an SCM.}\nreasons:", OPTIONS)
    assert problems(tmp_path, options=options) == [("CAT017", "profiles/options.yaml")]
    assert lint([loaded(tmp_path, options=options)], PROPERTIES, alone=True) == ()


def test_a_judged_row_keeps_the_proof_of_someone_else(tmp_path: Path) -> None:
    """CAT020: a semi row with an official proof outside the bench asks for it, whatever a property hears."""
    semi = changed("    automation: auto\n", "    automation: semi\n    outside: {by: passi}\n", SOCLE)
    where = f"{tmp_path}/sample.yaml:{line_of(PROFILE, FIRST)}"
    assert problems(tmp_path, socle=semi) == [("CAT020", where)]
    asked = "property: mss.tls\n        attest: Le rapport\n        attest_en: The report"
    assert problems(tmp_path, socle=changed("property: mss.tls", asked, semi)) == []
    auto = changed("    automation: auto\n", "    automation: auto\n    outside: {by: gazelle}\n", SOCLE)
    assert problems(tmp_path, socle=auto) == []


def test_a_second_row_of_one_id_may_have_a_part_of_its_own(tmp_path: Path) -> None:
    """Official ids repeat: the key may go on after the id."""
    text = changed("key: PFI/va2/PSC.01\n        id", "key: PFI/va2/PSC.01/scm\n        id")
    text = changed("superseded_by: PFI/va2/PSC.01", "superseded_by: PFI/va2/PSC.01/scm", text)
    assert problems(tmp_path, text) == []


def test_every_code_has_its_texts_and_its_mistake() -> None:
    """Each CATnnn of the source has texts that its problems fill, and a test above."""
    source = Path(lint.__code__.co_filename).read_text(encoding="utf-8")
    codes = set(re.findall(r"CAT\d{3}", source)) - {"CATnnn"}
    assert codes == set(MISTAKES) | {"CAT006", "CAT008", "CAT017"}
    assert {f"catalogue.{code.lower()}" for code in codes} == {
        id for id in all_texts() if re.fullmatch(r"catalogue\.cat\d+", id)
    }


@pytest.mark.parametrize("code", MISTAKES)
def test_the_texts_of_a_problem_are_filled(tmp_path: Path, code: str) -> None:
    """No brace of the French or English text, or of its remedies, is left empty."""
    old, new, _ = MISTAKES[code]
    (problem,) = lint([loaded(tmp_path, changed(old, new))], PROPERTIES)
    text = all_texts()[problem.text]
    given = set(problem.values)
    for sentence in (text.fr, text.en, text.remedy_fr, text.remedy_en):
        assert sentence
        assert set(re.findall(r"\{(\w+)\}", sentence)) <= given


def test_the_faults_of_this_room_have_texts() -> None:
    """Every id that the catalogue raises has a French and an English text with a remedy."""
    room = Path(lint.__code__.co_filename).parent
    raised = {
        id for file in room.glob("*.py") for id in re.findall(r'"(catalogue\.[a-z0-9-]+)"', file.read_text("utf-8"))
    }
    assert len(raised) >= 22
    texts = all_texts()
    for id in sorted(raised):
        assert texts[id].remedy_fr, id
        assert texts[id].remedy_en, id


def test_the_real_profiles_lint_clean() -> None:
    """The shipped profiles have no problem, with the properties that they name taken as known."""
    profiles = all_profiles()
    named = {name for profile in profiles for row in profile.requirements() for name in row.properties}
    assert lint(profiles, named) == ()
    for profile in profiles:
        assert lint([profile], named, alone=True) == (), profile.dsr

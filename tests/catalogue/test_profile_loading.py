"""From YAML to the model: bodies, options, schema faults with their lines."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from catalogue_samples import OPTIONS, PROFILE, SOCLE, changed, line_of, loaded, write
from jsonschema import Draft202012Validator

import conformance
from conformance.catalogue import places
from conformance.catalogue.loader import (
    all_profiles,
    applicable,
    digest,
    load_options,
    load_profile,
    resolve_options,
)
from conformance.catalogue.model import Automation, Level, ProofKind
from conformance.catalogue.schema import SCHEMAS
from conformance.errors import ProfileError, TargetError

_TOLD_AT_THE_ROW = ("catalogue.missing-key", "catalogue.unknown-option")


def told(folder: Path, profile: str = PROFILE, *, options: str = OPTIONS, socle: str = SOCLE) -> ProfileError:
    """The fault that loading a sample raises."""
    path = write(folder, profile, options=options, socle=socle)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    return caught.value


def test_a_row_becomes_a_requirement(tmp_path: Path) -> None:
    """Every key of a row lands where the model says, with keys for its scenarios and proofs."""
    row = loaded(tmp_path).requirement("PFI/va1/MSS/va1.30")
    assert (row.dsr, row.wave, row.id, row.ref, row.level) == ("PFI", "va1", "MSS/va1.30", None, Level.MAY)
    assert (row.section, row.automation, row.mandatory) == ("MSS", Automation.SEMI, False)
    (scenario,) = row.scenarios
    assert (scenario.key, scenario.id, scenario.derived) == ("PFI/va1/MSS/va1.30#1", None, True)
    assert scenario.reason is not None
    assert (scenario.reason.code, scenario.reason.text("en")) == ("not-yet", "Not yet.")
    video, notes = loaded(tmp_path).requirement("PFI/va2/PSC.01").scenarios[0].proofs
    assert (video.key, video.id, video.kind) == ("PFI/va2/PSC.01#1.p1", "PSC.01.01.01", ProofKind.SCREEN)
    assert (notes.key, notes.id, notes.kind) == ("PFI/va2/PSC.01#1.p2", "PSC.01.01.01", ProofKind.DOCUMENTATION)


def test_a_shared_body_is_merged_and_can_be_overridden(tmp_path: Path) -> None:
    """A row takes from its body what it does not say itself, and lines still point at the right file."""
    plain = loaded(tmp_path).requirement("PFI/va1/MSS/va1.03")
    assert (plain.title, plain.properties) == ("Chiffrer la connexion", ("mss.tls",))
    assert plain.scenarios[0].where == f"{tmp_path}/socle/mss.yaml:{line_of(SOCLE, '- id: MSS')}"
    text = changed("        use: mss.tls\n", "        use: mss.tls\n        title: Autre titre\n")
    assert loaded(tmp_path, text).requirement("PFI/va1/MSS/va1.03").title == "Autre titre"


def test_parameters_reach_the_property_as_texts(tmp_path: Path) -> None:
    """What `with:` holds is plain data of texts, numbers and booleans not guessed."""
    text = changed("property: mss.tls\n", "property: mss.tls\n        with: {version: 1.20, only: [NO, 01]}\n", SOCLE)
    scenario = loaded(tmp_path, socle=text).requirement("PFI/va1/MSS/va1.03").scenarios[0]
    assert scenario.parameters == {"version": "1.20", "only": ["NO", "01"]}
    assert type(scenario.parameters["only"]) is list


@pytest.mark.parametrize(
    ("old", "new", "id", "said"),
    [
        ("level: PEUT", "level: POURRAIT", "catalogue.not-a-choice", "POURRAIT"),
        ("        automation: semi\n", "", "catalogue.missing-key", "automation"),
        ("        source: REM vague 1\n", "        sorce: REM vague 1\n", "catalogue.unknown-key", "source"),
        ("derived: true", "derived: yes", "catalogue.schema", "derived"),
        ("key: PFI/va2/PSC.01\n        id", "key: PSC.01\n        id", "catalogue.schema", "key"),
        ("schema: profile/1", "schema: profile/2", "catalogue.not-a-choice", "profile/1"),
        ("kind: documentation", "kind: vidéo", "catalogue.not-a-choice", "documentation"),
        ("use: mss.tls", "use: mss.tsl", "catalogue.unknown-body", "mss.tls"),
        ("use: mss.tls", "use: ms.tls", "catalogue.unknown-body", "mss.tls"),
        ("when: bal-app and not iam", "when: bal-ap and not iam", "catalogue.unknown-option", "bal-app"),
        ("when: bal-app and not iam", "when: bal-app not iam", "catalogue.expression", "column"),
        ("reason: {code: not-yet}", "reason: {code: never}", "catalogue.unknown-reason", "not-yet"),
    ],
)
def test_a_mistake_names_its_line_and_what_to_do(tmp_path: Path, old: str, new: str, id: str, said: str) -> None:
    """Each mistake is told with the file, the line and the nearest right thing."""
    text = changed(old, new)
    error = told(tmp_path, text)
    assert error.id == id
    assert said in str(error)
    file, _, line = error.where.rpartition(":")
    assert file == str(tmp_path / "sample.yaml")
    if id not in _TOLD_AT_THE_ROW:
        assert new.split("\n")[0].strip() in text.splitlines()[int(line) - 1]


def test_a_mistake_in_a_shared_body_is_told_in_its_own_file(tmp_path: Path) -> None:
    """A body is held to its schema where it is written, not where it is used."""
    error = told(tmp_path, socle=changed("automation: auto", "automation: sometimes", SOCLE))
    assert (error.id, error.where) == (
        "catalogue.not-a-choice",
        f"{tmp_path}/socle/mss.yaml:{line_of(SOCLE, 'automation')}",
    )


def test_a_mistake_in_the_options_is_told(tmp_path: Path) -> None:
    """The options have a schema too."""
    error = told(tmp_path, options=changed("default: true", "default: maybe", OPTIONS))
    assert error.where == f"{tmp_path}/options.yaml:3"


def test_a_name_that_is_no_profile_is_told_with_the_ones_there_are() -> None:
    """A wrong DSR name suggests the right one."""
    with pytest.raises(ProfileError) as caught:
        load_profile("PIF")
    assert caught.value.id == "catalogue.unknown-dsr"
    assert "PFI" in str(caught.value.values["known"]).split(", ")
    with pytest.raises(ProfileError) as caught:
        load_profile("nowhere/absent.yaml")
    assert caught.value.id == "catalogue.unreadable"


def test_options_hold_by_default_and_can_be_withdrawn(tmp_path: Path) -> None:
    """Defaults hold, a name adds, a name with `!` withdraws, and an unknown name is refused with its neighbour."""
    options = loaded(tmp_path).options
    assert resolve_options(options, []) == {"bal-app"}
    assert resolve_options(options, ["iam", "!bal-app"]) == {"iam"}
    with pytest.raises(TargetError) as caught:
        resolve_options(options, ["ima"])
    assert caught.value.values == {"name": "ima", "known": "iam"}


def test_a_row_applies_as_its_condition_says(tmp_path: Path) -> None:
    """Conditions are evaluated on options, and an optional row only applies when claimed."""
    profile = loaded(tmp_path)
    tls, notice = profile.requirements(["va1"])
    assert applicable(tls, {"bal-app"}, ())
    assert not applicable(tls, {"bal-app", "iam"}, ())
    assert not applicable(notice, {"bal-app"}, ())
    assert applicable(notice, (), {notice.key})


def test_the_digest_moves_with_every_file_and_not_with_the_place(tmp_path: Path) -> None:
    """Profile, shared body and options each change it; the folder they lie in does not."""
    base = digest(loaded(tmp_path / "a"))
    assert digest(loaded(tmp_path / "b")) == base
    assert digest(loaded(tmp_path / "c", PROFILE + "\n# a word\n")) != base
    assert digest(loaded(tmp_path / "d", socle=SOCLE + "\n# a word\n")) != base
    assert digest(loaded(tmp_path / "e", options=OPTIONS + "\n# a word\n")) != base


def test_groups_gather_the_alternative_scenarios(tmp_path: Path) -> None:
    """A one_of group holds the scenarios of the rows that name it."""
    groups = loaded(tmp_path).groups()
    assert {name: [s.id for s in members] for name, members in groups.items()} == {"modes": ["PSC.01.01", "PSC.01.02"]}


def test_the_schemas_are_schemas() -> None:
    """Each schema of the catalogue is a valid JSON Schema of the 2020-12 draft."""
    for name in SCHEMAS:
        Draft202012Validator.check_schema(json.loads((places.profiles() / "schema" / name).read_text("utf-8")))


def test_the_shipped_profiles_load_quickly() -> None:
    """The whole PFI loads in well under a second (0.3 s is the aim, ten times that on a busy machine)."""
    load_profile("PFI")
    start = time.perf_counter()
    profile = load_profile("pfi")
    assert time.perf_counter() - start < 3.0
    assert profile in all_profiles()
    assert load_options() == profile.options


def test_a_wheel_layout_finds_its_profiles(tmp_path: Path) -> None:
    """Installed without a checkout beside it, the package reads the profiles shipped inside it."""
    package = Path(conformance.__file__).parent
    for room in ("catalogue", "evidence"):
        shutil.copytree(package / room, tmp_path / "conformance" / room, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("__init__.py", "errors.py"):
        shutil.copy(package / module, tmp_path / "conformance" / module)
    shutil.copytree(str(places.profiles()), tmp_path / "conformance" / "_shipped" / "profiles")
    code = (
        "import conformance; from conformance.catalogue.loader import load_profile;"
        "print(conformance.__file__, load_profile('PFI').digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(tmp_path / "conformance" / "__init__.py"), load_profile("PFI").digest]


def test_without_any_profile_the_fault_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither shipped nor beside the package: the folder is named, not a stack."""
    monkeypatch.setattr(places, "files", lambda _: tmp_path / "conformance")
    with pytest.raises(ProfileError) as caught:
        places.profiles()
    assert (caught.value.id, caught.value.where) == ("catalogue.no-folder", str(tmp_path / "profiles"))

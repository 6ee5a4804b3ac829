"""Target files: what is read, and how each mistake is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.bench.target import DEFAULT_SETTINGS, Endpoint, Listen, Target, Timing, load
from conformance.errors import TargetError
from conformance.texts import render_error

ROOT = Path(__file__).resolve().parents[2]

GOOD = """schema = "target/1"
[vendor]
name = "V"
product = "P"
version = "1"
[target]
dsr = "PFI"
waves = ["va1"]
options = ["a"]
[[configuration]]
name = "hopital"
options = ["b"]
endpoints = {documents = "mllp://h:2"}
[[configuration]]
name = "radio"
[endpoints]
documents = "mllp://h:1"
[services.dmp]
listen = "127.0.0.1:8443"
[services.returns]
listen = "[::1]:0"
[pilot]
kind = "http"
url = "http://127.0.0.1:9000"
token_env = "PILOT_TOKEN"
[timing]
settle = 1.5
[settings]
matrix = "draft-2.1.3"
"""

ENVIRON = {"PILOT_TOKEN": "s3cret-value"}


def read(folder: Path, text: str, environ: dict[str, str] = ENVIRON) -> Target:
    """The target of a text."""
    path = folder / "T.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ)


def test_the_sample_is_a_target() -> None:
    """The commented sample loads, and is what its comments say."""
    target = load(ROOT / "samples" / "targets" / "pfi.toml", {})
    assert target.dsr == "PFI"
    assert target.endpoints == {"documents": Endpoint("mllp", "127.0.0.1", 2575)}
    assert set(target.services) == {"dmp", "returns"}
    assert target.settings["matrix"] == "2.1.2"


def test_every_commented_line_of_the_sample_is_a_key(tmp_path: Path) -> None:
    """What the sample shows in comments is accepted too, once uncommented."""
    sample = (ROOT / "samples" / "targets" / "pfi.toml").read_text(encoding="utf-8")
    rows = [re.sub(r"^# (?=[a-z_]+ = |\[)", "", row) for row in sample.splitlines()]
    for name in ("mon-autorite.pem", "igc-sante-test.pem", "serveur.pem", "serveur.key"):
        (tmp_path / name).write_text("")
    secrets = {"PFI_MOT_DE_PASSE": "long-enough", "PILOT_TOKEN": "long-enough-too"}
    target = read(tmp_path, "\n".join(rows), secrets)
    assert target.configurations[0].name == "hopital"
    assert target.services["dmp"].advertise == "https://banc.local:8443"
    assert target.secrets == secrets


def test_a_whole_target(tmp_path: Path) -> None:
    """Every part comes out typed, with the defaults of what is left out."""
    target = read(tmp_path, GOOD)
    assert target.services["returns"] == Listen("::1", 0)
    assert target.timing == Timing(10.0, 1.5, 60.0, 1)
    assert target.settings == {**DEFAULT_SETTINGS, "matrix": "draft-2.1.3"}
    assert target.pilot is not None
    assert target.pilot.token_env == "PILOT_TOKEN"
    assert len(target.digest) == 64


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """The value of a secret is not in the text form of a target."""
    target = read(tmp_path, GOOD)
    assert target.secrets == ENVIRON
    assert "s3cret-value" not in repr(target)


def test_a_configuration_goes_over_the_target(tmp_path: Path) -> None:
    """Options are added, endpoints replaced; an unknown name is told with the nearest one."""
    target = read(tmp_path, GOOD)
    chosen = target.configured("hopital")
    assert chosen.options == {"a", "b"}
    assert str(chosen.endpoint("documents")) == "mllp://h:2"
    assert target.endpoint("documents").port == 1
    with pytest.raises(TargetError) as error:
        target.configured("hopitl")
    assert (error.value.id, error.value.values["near"]) == ("target.unknown-configuration", "hopital")
    with pytest.raises(TargetError, match=r"target\.no-endpoint"):
        target.endpoint("orders")


MISTAKES = [
    ('waves = ["va1"]', 'wave = ["va1"]', "target.unknown-key", 8, "target.wave"),
    ('dsr = "PFI"\n', "", "target.missing-key", 6, "target.dsr"),
    ('dsr = "PFI"', 'dsr = "PFJ"', "target.wrong-choice", 7, "target.dsr"),
    ('waves = ["va1"]', 'waves = "va1"', "target.wrong-type", 8, "target.waves"),
    ('waves = ["va1"]', 'waves = ["va1", "va1"]', "target.repeated", 8, "target.waves"),
    ('waves = ["va1"]', "waves = []", "target.wrong-length", 8, "target.waves"),
    ('name = "radio"', 'name = "hopital"', "target.repeated", 15, "configuration[2].name"),
    ('"mllp://h:1"', '"http://h:1"', "target.wrong-form", 17, "endpoints.documents"),
    ('"mllp://h:1"', '"mllp://h:70000"', "target.out-of-bounds", 17, "endpoints.documents"),
    ('"mllp://h:1"', '"mllp://h:0"', "target.out-of-bounds", 17, "endpoints.documents"),
    ('listen = "[::1]:0"', 'listen = "127.0.0.1:8443"', "target.port-shared", 21, "services.returns.listen"),
    ('listen = "[::1]:0"', 'lisen = "[::1]:0"', "target.unknown-key", 21, "services.returns.lisen"),
    ('listen = "[::1]:0"', 'listen = "[::1]:0"\nclient_anchors = ["no.pem"]', "target.missing-file", 22, ""),
    ('listen = "[::1]:0"', 'listen = "[::1]:0"\nkey = "k.pem"', "target.missing-key", 20, ""),
    ('url = "http://127.0.0.1:9000"\n', "", "target.missing-key", 22, "pilot.url"),
    ('token_env = "PILOT_TOKEN"', 'token = "s3cret-value"', "target.unknown-key", 25, "pilot.token"),
    ('token_env = "PILOT_TOKEN"', 'token_env = "$TOKEN"', "target.wrong-form", 25, "pilot.token_env"),
    ("settle = 1.5", "settle = 0.1", "target.out-of-bounds", 27, "timing.settle"),
    ("settle = 1.5", "settle = 61", "target.out-of-bounds", 27, "timing.settle"),
    ("settle = 1.5", "parallel = 65", "target.out-of-bounds", 27, "timing.parallel"),
    ("settle = 1.5", "settle = nope", "target.bad-toml", 27, ""),
    ("settle = 1.5", "settle = 1.5\nsettle = 2.5", "target.bad-toml", 28, ""),
    ('matrix = "draft-2.1.3"', 'matrix = "2.1.3"', "target.wrong-choice", 29, "settings.matrix"),
]


@pytest.mark.parametrize(("before", "after", "id", "line", "key"), MISTAKES)
def test_each_mistake_is_told_where_it_is(
    tmp_path: Path, before: str, after: str, id: str, line: int, key: str
) -> None:
    """A mistake is a TargetError with the file, the line, the key, and a whole text in both languages."""
    assert before in GOOD
    with pytest.raises(TargetError) as error:
        read(tmp_path, GOOD.replace(before, after))
    assert error.value.id == id
    assert error.value.where == f"{tmp_path / 'T.toml'}:{line}"
    if key:
        assert error.value.values["key"] == key
    for lang in ("fr", "en"):
        told = render_error(error.value, lang)
        assert "{" not in told
        assert f"T.toml:{line}" in told
        assert "s3cret" not in told


def test_the_nearest_key_is_suggested(tmp_path: Path) -> None:
    """A misspelt key comes with the key it looks like."""
    with pytest.raises(TargetError) as error:
        read(tmp_path, GOOD.replace("settle = 1.5", "setle = 1.5"))
    assert error.value.values["near"] == "settle"


@pytest.mark.parametrize(
    ("environ", "id"), [({}, "target.secret-missing"), ({"PILOT_TOKEN": "abc"}, "target.secret-short")]
)
def test_secrets_must_be_usable(tmp_path: Path, environ: dict[str, str], id: str) -> None:
    """A secret that is not set, or too short to be masked safely, is refused by its name."""
    with pytest.raises(TargetError) as error:
        read(tmp_path, GOOD, environ)
    assert (error.value.id, error.value.values["name"]) == (id, "PILOT_TOKEN")
    assert error.value.where.endswith(":25")


def test_files_that_are_no_text(tmp_path: Path) -> None:
    """A missing file, bytes that are not UTF-8 and a file too big are told apart."""
    path = tmp_path / "T.toml"
    for content, id in (
        (None, "target.unreadable"),
        (b"a = 1\nb = '\xff'", "target.not-utf8"),
        (b"#" * 2**21, "target.too-big"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(TargetError) as error:
            load(path, {})
        assert error.value.id == id


def test_a_pilot_is_read_with_its_files(tmp_path: Path) -> None:
    """Anchors are found beside the target; a kept command runs there; times of reaction and of the pilot are read."""
    (tmp_path / "a.pem").write_bytes(b"x")
    pilot = 'kind = "command"\ncommand = ["run"]\nkeep = true\nanchors = ["a.pem"]\n'
    text = GOOD.partition("[pilot]")[0] + f"[pilot]\n{pilot}[timing]\nreaction = 5\npilot = 7\n"
    target = read(tmp_path, text)
    assert target.pilot is not None
    assert (target.pilot.keep, target.pilot.base) == (True, tmp_path)
    assert target.pilot.anchors == (tmp_path / "a.pem",)
    assert (target.timing.reaction, target.timing.pilot) == (5, 7)


@pytest.mark.parametrize(
    ("line", "id"),
    [
        ('url = "http://user:secret@127.0.0.1:9000"', "target.wrong-form"),
        ('url = "http://h"\nanchors = ["absent.pem"]', "target.missing-file"),
        ('url = "http://h"\nkeep = "yes"', "target.wrong-type"),
        ("", "target.missing-key"),
    ],
)
def test_a_wrong_pilot_is_told(tmp_path: Path, line: str, id: str) -> None:
    """A password in an address, a missing anchor, a wrong type, no address."""
    text = GOOD.partition("[pilot]")[0] + f'[pilot]\nkind = "http"\n{line}\n'
    with pytest.raises(TargetError) as caught:
        read(tmp_path, text)
    assert caught.value.id == id

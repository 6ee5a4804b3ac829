"""Settings of the access half of the reference: the published schema and the reader say the same."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from access_peers import TOKEN_NAME, World

from conformance.reference.config import ConfigError, load

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "profiles/schema/reference-1.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret of the pilot is there."""
    monkeypatch.setenv(TOKEN_NAME, "un-jeton")


def test_all_of_it_is_read_and_secrets_are_not_shown(access_world: World) -> None:
    """Addresses of the directory follow from its own; neither the token nor the secret is in a representation."""
    jsonschema.validate(tomllib.loads(access_world.config.read_text(encoding="utf-8")), SCHEMA)
    found = load(access_world.config).access
    assert found.directory is not None
    assert found.directory.accounts_url == f"{access_world.address}/accounts"
    assert found.provider is not None
    assert found.provider.acr == "eidas1"
    assert found.provider.secret not in repr(found)
    assert "un-jeton" not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[pilot]", "[pilote]", "pilote"),
        ("token_env = ", "token = ", "pilot.token"),
        ('discovery = "https://', 'discovery = "http://', "psc.discovery"),
        ("client_id = ", 'client_id = ""\nca = ', "psc.ca"),
        ("retry = 0.2", "retry = 0", "annuaire.retry"),
        ("retry = 0.2", 'search = "non"', "annuaire.search"),
        ("retry = 0.2", 'accounts_url = "ldap://annuaire"', "annuaire.accounts_url"),
        ("crl = [", "lists = [", "third_party.lists"),
    ],
)
def test_wrong_settings_are_told(access_world: World, tmp_path: Path, old: str, new: str, key: str) -> None:
    """The key is named; the schema refuses the same file."""
    text = access_world.config.read_text(encoding="utf-8")
    assert old in text
    for name in access_world.folder.glob("*.[pk]e*"):
        (tmp_path / name.name).write_bytes(name.read_bytes())
    file = tmp_path / "wrong.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.key == key
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(file.read_text(encoding="utf-8")), SCHEMA)


def test_a_pilot_without_its_secret_does_not_start(access_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open pilot would let anybody act."""
    monkeypatch.delenv(TOKEN_NAME)
    with pytest.raises(ConfigError) as caught:
        load(access_world.config)
    assert caught.value.key == "pilot.token_env"


def test_without_these_sections_nothing_of_it_is_open(access_world: World) -> None:
    """The plain settings of before are still all that is needed."""
    text = access_world.config.read_text(encoding="utf-8")
    file = access_world.folder / "plain.toml"
    file.write_text(text[: text.index("[pilot]")], encoding="utf-8")
    found = load(file).access
    assert (found.pilot, found.provider, found.directory, found.third_party) == (None, None, None, None)

"""A target file as text: every key with a comment in the language of the run, ready to be read back."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conformance.services import SERVICES
from conformance.texts import Lang, text

if TYPE_CHECKING:
    from conformance.cli.first.init import Answers

PORTS = {
    "igc": 8088,
    "annuaire": 8089,
    "psc": 8444,
    "dmp": 8443,
    "returns": 2600,
    "relay": 2601,
    "insi": 8445,
    "pam": 2602,
    "mss": 1587,
    "imap": 1143,
}
"""The services that a first target may name, and their ports: none needs a privilege."""


IDENTITIES = "127.0.0.1:2576"
"""Where a product that also takes documents takes identity messages, until its editor says."""


def _pilot(answers: Answers) -> Iterator[str]:
    """The section of the pilot, or how one begins, in a comment."""
    if answers.pilot == "none":
        yield from ("# [pilot]", '# kind = "http"', '# url = "http://127.0.0.1:9000"', '# token_env = "PILOT_TOKEN"')
        return
    yield from ("[pilot]", f"kind = {_quoted(answers.pilot)}")
    if answers.pilot == "http":
        yield f"url = {_quoted(answers.place)}"
        yield f"token_env = {_quoted(answers.token)}" if answers.token else '# token_env = "PILOT_TOKEN"'
    elif answers.pilot == "command":
        yield f"command = {_list(tuple(shlex.split(answers.place, posix=os.name == 'posix')))}"
    elif answers.pilot == "files":
        yield f"folder = {_quoted(answers.place)}"


def write(answers: Answers, lang: Lang) -> str:
    """The whole file."""
    return "\n".join(_lines(answers, lang)) + "\n"


def _at(scheme: str, address: str) -> str:
    """An address with its scheme, the usual one unless it was given."""
    return address if "://" in address else f"{scheme}://{address}"


def _quoted(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(_quoted(value) for value in values) + "]"


def _lines(answers: Answers, lang: Lang) -> Iterator[str]:
    def note(id: str, **values: object) -> Iterator[str]:
        yield from (f"# {line}".rstrip() for line in text(id, lang, **values).splitlines())

    yield from note("cli.init.file.head")
    yield from ("", 'schema = "target/1"', "")
    yield "[vendor]"
    yield f"name = {_quoted(answers.vendor)}"
    yield f"product = {_quoted(answers.product)}"
    yield f"version = {_quoted(answers.version)}"
    yield from note("cli.init.file.reference")
    yield f"reference_produit = {_quoted(answers.reference)}"
    yield from ("", "[target]", f"dsr = {_quoted(answers.dsr)}", f"waves = {_list(answers.waves)}")
    yield from note("cli.init.file.options")
    yield f"options = {_list(answers.scopes)}"
    yield from _options(answers, lang)
    yield from note("cli.init.file.claims", rows=", ".join(_claims(answers)) or "-")
    yield from ("claims = []", "")
    yield from note("cli.init.file.endpoints")
    yield "[endpoints]"
    needs = _needs(answers)
    documents = "endpoint:documents" in needs or "endpoint:identities" not in needs
    if documents:
        yield f"documents = {_quoted(_at('mllp', answers.documents))}"
    if "endpoint:identities" in needs:
        yield from note("cli.init.file.identities")
        yield f"identities = {_quoted(_at('mllp', IDENTITIES if documents else answers.documents))}"
    third = f"third-party = {_quoted(_at('mllps', answers.third or '127.0.0.1:2577'))}"
    yield from note("cli.init.file.third")
    yield from (third if answers.third else f"# {third}", "")
    if "mllps://" in answers.documents or answers.third:
        yield from note("cli.init.file.endpoints-tls")
        yield from ("# [endpoints_tls]", '# anchors = ["mon-autorite.pem"]', "# check_hostname = true", "")
    yield from note("cli.init.file.services")
    for name, port in _services(answers).items():
        listen = "0.0.0.0" if answers.here else "127.0.0.1"
        yield from ("", *note(f"cli.init.file.service.{name}"), f"[services.{name}]", f'listen = "{listen}:{port}"')
        if answers.here:
            yield f"advertise = {_quoted(f'{SERVICES[name].scheme}://{answers.here}:{port}')}"
    yield ""
    yield from note("cli.init.file.pilot")
    yield from _pilot(answers)
    yield ""
    yield from note("cli.init.file.timing")
    yield from ("[timing]", "answer = 10.0", "settle = 2.0", "reaction = 30.0", "parallel = 1", "")
    yield from note("cli.init.file.settings")
    yield from ("[settings]", 'ins_environment = "test"')


def _services(answers: Answers) -> dict[str, int]:
    """The services that some row of the profile needs, and their ports; all of them when no row says."""
    needed = {need.removeprefix("service:") for need in _needs(answers)}
    known = {name: port for name, port in PORTS.items() if name in SERVICES}
    return {name: port for name, port in known.items() if name in needed} or known


def _needs(answers: Answers) -> frozenset[str]:
    """What the properties of the rows of these waves need, and their exercises."""
    from conformance.exercises import registry
    from conformance.properties import base as properties

    found: set[str] = set()
    for row in answers.profile.requirements(answers.waves):
        for name in row.properties:
            judge = properties.get(name)
            found |= judge.needs | registry.get(judge.exercise).needs
    return frozenset(found)


def _options(answers: Answers, lang: Lang) -> Iterator[str]:
    """What holds unless it is denied: each one explained, to be denied by `!name`."""
    from conformance.catalogue.expression import names

    used = {name for row in answers.profile.requirements(answers.waves) for name in names(row.when)}
    for option in answers.profile.options.values():
        if option.name in used and option.name not in answers.scopes:
            denied = f"!{option.name}" if option.default else option.name
            yield f"#   {_quoted(denied):<42} {option.text(lang)}"


def _claims(answers: Answers) -> list[str]:
    from conformance.catalogue.model import Level

    return [row.key for row in answers.profile.requirements(answers.waves) if row.level is Level.MAY]

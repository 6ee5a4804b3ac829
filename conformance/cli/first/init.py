"""`conformance init`: a short conversation that writes a target file and explains each answer."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import DSRS, WAVES, Lang
from conformance.cli.speech import say, spoken, t
from conformance.errors import OutputError, UsageError

if TYPE_CHECKING:
    from conformance.catalogue.model import Profile

DEFAULT = Path("conformance.toml")


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="cli.init.file", show_default=False)] = DEFAULT,
    yes: Annotated[bool, typer.Option("--yes", help="cli.init.yes")] = False,
    force: Annotated[bool, typer.Option("--force", help="cli.init.force")] = False,
    lang: Lang = None,
) -> None:
    """Ask, check each answer at once, write, read back."""
    from conformance.bench.target import load
    from conformance.cli.first.target_text import write

    if file.exists() and not force:
        raise OutputError("cli.init.exists", where=str(file), path=file)
    asked = Conversation(silent=yes)
    say("cli.init.welcome")
    answers = _answers(asked)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(write(answers, spoken()), encoding="utf-8")
    except OSError as error:
        raise OutputError("cli.init.cannot-write", where=str(file), reason=error.strerror or error) from None
    # What was written obeys the schema, or it is our fault and is told as such; the secret need not be there yet.
    load(file, {**os.environ, answers.token: "0" * 12} if answers.token else None)
    print()
    say("cli.init.written", path=file)
    if answers.token and not os.environ.get(answers.token):
        say("cli.init.set-token", name=answers.token)
    say("cli.init.next", path=file)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a target file is written from. `here` is the name by which the product reaches the bench, empty when both
    stand on one machine. `scopes` are the options switched on. `third` is where other structures connect, empty for
    nowhere. `place` is the address, command or folder of the pilot, `token` the variable that holds its token."""

    vendor: str
    product: str
    version: str
    reference: str
    dsr: str
    waves: tuple[str, ...]
    scopes: tuple[str, ...]
    documents: str
    third: str
    here: str
    pilot: str
    place: str
    token: str
    profile: Profile


class Conversation:
    """Questions at the terminal. Without one, or when silent, every answer is the default, and it is said."""

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent

    def ask(self, id: str, default: str, check: Callable[[str], str | None] = lambda _: None) -> str:
        """The answer to a question; `check` gives the text of what is wrong with it, None when it will do."""
        if self.silent:
            return default
        print()
        say(f"{id}.why")
        while True:
            shown = f" [{default}]" if default else ""
            print(f"{t(id)}{shown}{_colon()}", end="", flush=True)
            line = sys.stdin.readline()
            if not line:  # nobody there: what remains takes its default
                print()
                say("cli.init.no-terminal")
                self.silent = True
                return default
            answer = line.strip() or default
            wrong = check(answer)
            if wrong is None:
                return answer
            print(f"  {wrong}")

    def agree(self, question: str, *, default: bool) -> bool:
        """A yes or a no."""
        if self.silent:
            return default
        yes, no = t("cli.init.yes-letter"), t("cli.init.no-letter")
        while True:
            shown = f"{yes.upper()}/{no}" if default else f"{yes}/{no.upper()}"
            print(f"  {question} [{shown}]{_colon()}", end="", flush=True)
            line = sys.stdin.readline()
            if not line:
                print()
                self.silent = True
                return default
            answer = line.strip().lower()[:1]
            if answer in ("", yes, no):
                return default if not answer else answer == yes
            say("cli.init.yes-or-no", yes=yes, no=no)


def _colon() -> str:
    return " : " if spoken() == "fr" else ": "


def _answers(asked: Conversation) -> Answers:
    from conformance.catalogue.loader import load_profile

    def present(answer: str) -> str | None:
        return None if answer else t("cli.init.needed")

    vendor = asked.ask("cli.init.vendor", "Mon entreprise" if spoken() == "fr" else "My company", present)
    product = asked.ask("cli.init.product", "Mon produit" if spoken() == "fr" else "My product", present)
    version = asked.ask("cli.init.version", "1.0", present)
    reference = asked.ask("cli.init.reference", "")
    dsr = asked.ask("cli.init.dsr", "PFI", _dsr).upper()
    profile = load_profile(dsr)
    known = tuple(w.name for w in profile.waves)
    waves = tuple(asked.ask("cli.init.waves", ",".join(known), lambda a: _waves(a, known)).split(","))
    scopes = _scopes(asked, profile, waves)
    documents = asked.ask("cli.init.documents", "127.0.0.1:2575", _address)
    third = asked.ask("cli.init.third", "127.0.0.1:2577", _address) if _third(profile, waves, scopes) else ""
    here = asked.ask("cli.init.here", "", _host)
    pilot = asked.ask("cli.init.pilot", "none", _pilot).lower()
    place = token = ""
    if pilot in PLACES:
        default, check = PLACES[pilot]
        place = asked.ask(f"cli.init.pilot.{pilot}", default, check)
    if pilot == "http":
        token = asked.ask("cli.init.token", "", _variable)
    return Answers(
        vendor, product, version, reference, dsr, waves, scopes, documents, third, here, pilot, place, token, profile
    )


def _scopes(asked: Conversation, profile: Profile, waves: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes that some row of these waves depends on and that are off until they are declared."""
    from conformance.catalogue.expression import names

    used = {name for row in profile.requirements(waves) for name in names(row.when)}
    off = [o for o in profile.options.values() if o.name in used and not o.default]
    if off and not asked.silent:
        print()
        say("cli.init.scopes.why")
    return tuple(o.name for o in off if asked.agree(o.text(spoken()), default=False))


def _third(profile: Profile, waves: tuple[str, ...], scopes: tuple[str, ...]) -> bool:
    """Whether some row needs the port where other structures connect."""
    from conformance.catalogue.loader import resolve_options
    from conformance.engine.outlook import outlook

    options = resolve_options(profile.options, frozenset(scopes))
    found = outlook(profile, waves, options=options, claims=frozenset(), available=frozenset())
    return any(unlock.need == "endpoint:third-party" for unlock in found.unlocks)


def _dsr(answer: str) -> str | None:
    from conformance.catalogue.loader import load_profile

    if answer.upper() not in DSRS:
        return t("cli.init.bad-dsr", known=", ".join(DSRS))
    try:
        load_profile(answer.upper())
    except UsageError:
        return t("cli.init.no-profile", dsr=answer.upper())
    return None


def _waves(answer: str, known: tuple[str, ...]) -> str | None:
    asked = answer.split(",")
    right = bool(answer) and len(set(asked)) == len(asked) and set(asked) <= set(known or WAVES)
    return None if right else t("cli.init.bad-waves", known=", ".join(known))


def _address(answer: str) -> str | None:
    host, _, port = answer.removeprefix("mllp://").removeprefix("mllps://").rpartition(":")
    right = bool(host) and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535 and _host(host) is None
    return None if right else t("cli.init.bad-address")


def _host(answer: str) -> str | None:
    plain = answer.strip("[]").replace(":", "")
    right = all(c.isascii() and (c.isalnum() or c in ".-") for c in plain)
    return None if right else t("cli.init.bad-host")


def _url(answer: str) -> str | None:
    scheme, found, rest = answer.partition("://")
    right = bool(found) and scheme in ("http", "https") and bool(rest) and not set(rest) & set(" @")
    return None if right else t("cli.init.bad-url")


def _words(answer: str) -> str | None:
    try:
        return None if shlex.split(answer, posix=os.name == "posix") else t("cli.init.needed")
    except ValueError:
        return t("cli.init.bad-command")


def _variable(answer: str) -> str | None:
    right = not answer or re.fullmatch("[A-Z_][A-Z0-9_]{0,99}", answer)
    return None if right else t("cli.init.bad-variable")


PLACES: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "http": ("http://127.0.0.1:9000", _url),
    "command": ("python samples/pilot/adapter_command.py", _words),
    "files": ("pilote", lambda answer: None if answer else t("cli.init.needed")),
}
"""Where a pilot of each kind is: the default answer, and what is wrong with another."""


def _pilot(answer: str) -> str | None:
    kinds = ("none", "http", "command", "files", "person")
    return None if answer.lower() in kinds else t("cli.init.bad-pilot", known=", ".join(kinds))

"""The pilot that is a person: what is asked, what may be answered, what is kept."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from conformance.bench.pilot.contract import Answer, Query, Status, Stimulus
from conformance.bench.pilot.kinds import kind_of
from conformance.bench.pilot.person import KEPT, MEMBERS, PersonPilot
from conformance.texts import Lang, text

SEND = Stimulus(
    "s1",
    "mail.send/1",
    {"mailbox": "p@x.fr", "to": ["a@y.fr", "b@y.fr"], "subject": "Essai", "text": "Bonjour", "final": True},
)


def typed(*lines: str) -> Callable[[], str]:
    """A person who types these lines, then closes the terminal."""
    left = iter(lines)

    def read() -> str:
        try:
            return next(left) + "\n"
        except StopIteration:
            raise EOFError from None

    return read


def ask(
    *lines: str, asked: Iterable[Stimulus] = (SEND,), folder: Path | None = None, lang: Lang = "fr", most: int = 20
) -> tuple[list[Answer], str]:
    """The answers of a person and what was shown."""
    shown = io.StringIO()
    pilot = PersonPilot(partial(_text, lang), folder=folder, lines=typed(*lines), output=shown, most=most)

    async def run() -> list[Answer]:
        return [await pilot.stimulate(one) for one in asked]

    return asyncio.run(run()), shown.getvalue()


def _text(lang: Lang, id: str, /, **values: object) -> str:
    return text(id, lang, **values)


def test_the_gesture_is_clear_in_both_languages() -> None:
    """Who, what, to whom; what is not asked for shows as a dash, never as a brace."""
    _, french = ask("fait")
    assert "Depuis la boîte p@x.fr, envoyez un message à : a@y.fr, b@y.fr." in french
    assert "sans réponse attendue : oui" in french
    assert "{" not in french
    _, english = ask("done", lang="en")
    assert "From the mailbox p@x.fr, send a mail to: a@y.fr, b@y.fr." in english


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("fait", Status.ACCEPTED),
        ("  FAIT ", Status.ACCEPTED),
        ("done", Status.ACCEPTED),
        ("refusé", Status.REFUSED),
        ("Refusé : droits insuffisants", Status.REFUSED),
        ("impossible", Status.UNSUPPORTED),
        ("plus tard", Status.PENDING),
        ("later", Status.PENDING),
    ],
)
def test_the_four_words(line: str, status: Status) -> None:
    """In either language, whatever the case, with a reason after a colon."""
    (answer,), _ = ask(line)
    assert answer.status is status
    if ":" in line:
        assert answer.reason == "droits insuffisants"


def test_a_word_that_means_nothing_is_asked_again() -> None:
    """The words are told again; five mistakes, or the end of the terminal, put it off."""
    (answer,), shown = ask("oui", "fait")
    assert answer.status is Status.ACCEPTED
    assert shown.count("plus tard") == 2
    assert ask(*["oui"] * 5, "fait")[0][0].status is Status.PENDING
    assert ask()[0][0].status is Status.PENDING


def test_answers_are_kept_and_asked_once(tmp_path: Path) -> None:
    """Days later only what was put off is asked; a line cut by a crash is asked again, and harms nothing."""
    other = Stimulus("s2", "mail.fetch/1", {"mailbox": "p@x.fr"})
    ask("refusé : non", "plus tard", asked=(SEND, other), folder=tmp_path)
    with (tmp_path / KEPT).open("ab") as stream:
        stream.write(b'{"api":"pilot/1","id":"s3","sta')
    (first, second), shown = ask("fait", asked=(SEND, other), folder=tmp_path)
    assert (first.status, first.reason) == (Status.REFUSED, "non")
    assert second.status is Status.ACCEPTED
    assert "envoyez un message" not in shown
    (again,), shown = ask(asked=(other,), folder=tmp_path)
    assert (again.status, shown) == (Status.ACCEPTED, "")


def test_nobody_at_the_terminal_is_never_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal nothing is shown nor read: it is pending at once."""
    monkeypatch.setattr("sys.stdin", io.StringIO("fait\n"))
    shown = io.StringIO()
    answer = asyncio.run(PersonPilot(partial(_text, "fr"), output=shown).stimulate(SEND))
    assert answer.status is Status.PENDING
    assert shown.getvalue() == ""


def test_few_questions_at_once() -> None:
    """Past the limit of a run, the rest waits for the next one."""
    several = [Stimulus(f"s{n}", "mail.fetch/1", {"mailbox": "p@x.fr"}) for n in range(3)]
    answers, shown = ask("fait", "fait", "fait", asked=several, most=2)
    assert [a.status for a in answers] == [Status.ACCEPTED, Status.ACCEPTED, Status.PENDING]
    assert shown.count("---") == 2


def test_files_are_put_where_a_person_can_take_them(tmp_path: Path) -> None:
    """An attachment is written beside the journal, under a name that cannot leave the folder."""
    coded = base64.b64encode(b"%PDF").decode()
    piece = {"name": "../../etc/x.pdf", "type": "application/pdf", "base64": coded}
    asked = Stimulus("s1", "mail.send/1", {**SEND.payload, "attachments": [piece]})
    _, shown = ask("fait", asked=(asked,), folder=tmp_path)
    (written,) = tmp_path.rglob("*.pdf")
    assert written.read_bytes() == b"%PDF"
    assert written.parent == tmp_path / "pilot-person" / "s1"
    assert str(written) in shown


def test_a_reading_is_not_asked_of_a_person() -> None:
    """A query is unsupported, and no query is among the capabilities."""
    pilot = PersonPilot(partial(_text, "fr"), lines=typed("fait"))
    assert asyncio.run(pilot.query(Query("q", "log.read/1"))).status is Status.UNSUPPORTED
    able = asyncio.run(pilot.capabilities())
    assert "mail.send/1" in able
    assert "log.read/1" not in able


def test_an_identity_is_asked_for_in_words_of_the_trade() -> None:
    """Traits show under their names in the language of the run, a list of given names in a row, no empty brace."""
    traits = {"birth_name": "D'ARTAGNAN", "given_names": ["PIERRE", "ALAIN"], "birth": "19800302", "place": "2B020"}
    asked = Stimulus("s1", "identity.create/1", {"traits": traits})
    _, french = ask("fait", asked=(asked,))
    assert "nom de naissance = D'ARTAGNAN, prénoms de naissance = PIERRE ALAIN" in french
    assert "date de naissance (AAAAMMJJ) = 19800302, code lieu de naissance = 2B020" in french
    assert "{" not in french
    _, english = ask("done", asked=(asked,), lang="en")
    assert "name at birth = D'ARTAGNAN, given names at birth = PIERRE ALAIN" in english


def test_every_member_named_has_its_text() -> None:
    """No member is shown by a text that does not exist, and each is one of an identity."""
    properties = kind_of("identity.update/1").payload["properties"]
    known = {name for part in ("traits", "secondary", "ins") for name in properties[part]["properties"]}
    assert known == MEMBERS
    for name in MEMBERS:
        assert _text("fr", f"pilot.member.{name}")
        assert _text("en", f"pilot.member.{name}")


CREATE = Stimulus("c1", "identity.create/1", {"traits": {"birth_name": "DUPONT"}})


def test_the_number_of_a_patient_is_read_on_the_screen_and_kept(tmp_path: Path) -> None:
    """A creation done is followed by one question, and its answer comes back at a resumption without being asked."""
    (first,), shown = ask("fait", "IPP 42", asked=[CREATE], folder=tmp_path)
    (again,), silent = ask(asked=[CREATE], folder=tmp_path)
    assert shown.count(text("pilot.person.number", "fr")) == 1
    assert first.data == again.data == {"ipp": "IPP 42"}
    assert not silent


@pytest.mark.parametrize("number", ["", "x" * 61])
def test_a_number_that_is_not_known_is_left_out(number: str) -> None:
    """Enter alone, or what no product would give: the gesture is done, without a number."""
    (made,), _ = ask("fait", number, asked=[CREATE])
    assert (made.status, dict(made.data)) == (Status.ACCEPTED, {})


def test_a_refused_creation_has_no_number() -> None:
    """Nothing more is asked when the product did not let the person save."""
    (made,), shown = ask("refusé", asked=[CREATE])
    assert made.status is Status.REFUSED
    assert text("pilot.person.number", "fr") not in shown


def test_gestures_are_numbered_and_nothing_is_drawn_meanwhile(tmp_path: Path) -> None:
    """A gesture put off keeps its number; the display is silenced exactly while a question stands."""
    told: list[str] = []

    @contextmanager
    def hush() -> Iterator[None]:
        told.append("hushed")
        yield
        told.append("free")

    shown = io.StringIO()
    lines = typed("fait", "1", "plus tard", "fait")
    pilot = PersonPilot(partial(_text, "fr"), folder=tmp_path, lines=lines, output=shown, hush=hush)

    async def run() -> None:
        for one in (CREATE, SEND, SEND):
            await pilot.stimulate(one)

    asyncio.run(run())
    headings = [line[:12] for line in shown.getvalue().splitlines() if line.startswith("---")]
    assert headings == ["--- Geste 1 ", "--- Geste 2 ", "--- Geste 2 "]
    assert told == ["hushed", "free"] * 3

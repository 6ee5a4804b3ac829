"""Accounts of the reference: life-cycle, traces, batches, synchronisation, searches of RPPS, seen through its pilot."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from access_peers import Access, World
from reference_peers import wait_for

GOOD, BETTER = "Un-bon-mot-de-passe-1", "Un-meilleur-mot-de-passe-2"
KNOWN = {"rpps": "10100000009", "family": "LEROY", "given": "Dominique"}


def create(access: Access, login: str, **more: Any) -> dict[str, Any]:
    """An account; what was answered."""
    payload = {"family": "LEROY", "given": "Dominique", "permissions": ["lire"], **more}
    return access.act("account.create/1", login=login, **payload)


def batch(access: Access, *lines: str) -> dict[str, Any]:
    """A batch of these lines under the header of the schema."""
    text = "\n".join(["login;family;given;mail;profession;rpps;permissions;active", *lines])
    answer = access.act("account.batch/1", format="csv", base64=base64.b64encode(text.encode()).decode())
    assert answer["status"] == "done", answer
    found: dict[str, Any] = answer["data"]
    return found


def test_what_is_created_is_read_again(access: Access) -> None:
    """Every attribute, sorted permissions, active; nobody is there before."""
    assert access.read("account.read/1", login="dleroy") == {"account": None}
    create(access, "dleroy", mail="d.leroy@banc.mssante.fr", profession="10", rpps="810100000001",
           permissions=["lire", "ecrire"])  # fmt: skip
    assert access.account("dleroy") == {
        "login": "dleroy",
        "family": "LEROY",
        "given": "Dominique",
        "mail": "d.leroy@banc.mssante.fr",
        "profession": "10",
        "rpps": "10100000001",
        "permissions": ["ecrire", "lire"],
        "active": True,
    }


@pytest.mark.parametrize(
    "more", [{"login": "pris"}, {"rpps": "10100000001"}, {"rpps": "12"}, {"password": "court"}, {"login": " "}]
)
def test_an_account_that_cannot_be_made_is_refused_and_traced(access: Access, more: dict[str, str]) -> None:
    """A login or an RPPS taken, an RPPS or a password that is none."""
    create(access, "pris", rpps="10100000001")
    assert create(access, **{"login": "neuf", **more})["status"] == "refused"
    assert access.traces("account.create")[-1]["outcome"] == "failed"


def test_every_operation_of_the_life_cycle_leaves_a_trace(access: Access) -> None:
    """IAM.91: date and hour, author, nature, result; attributes, permissions, sign-ins and passwords, good and bad."""
    create(access, "dleroy", password=GOOD)
    access.act("account.update/1", login="dleroy", changes={"mail": "neuf@banc.mssante.fr"})
    access.act("account.permissions/1", login="dleroy", add=["ecrire"], remove=["lire"])
    access.act("login.password/1", login="dleroy", password=GOOD)
    access.act("login.password/1", login="dleroy", password="faux")
    access.act("login.password/1", login="personne", password="faux")
    access.act("account.password/1", login="dleroy", old="faux", new=BETTER)
    access.act("account.password/1", login="dleroy", old=GOOD, new=BETTER)
    access.act("account.delete/1", login="dleroy")
    told = [(t["action"], t["author"], t["outcome"]) for t in access.traces()]
    assert told == [
        ("account.create", "administrateur", "ok"),
        ("account.permissions", "administrateur", "ok"),
        ("account.update", "administrateur", "ok"),
        ("account.permissions", "administrateur", "ok"),
        ("account.sign-in", "dleroy", "ok"),
        ("account.sign-in", "dleroy", "failed"),
        ("account.sign-in", "personne", "failed"),
        ("account.password", "dleroy", "failed"),
        ("account.password", "dleroy", "ok"),
        ("account.delete", "administrateur", "ok"),
    ]
    assert access.traces()[3]["request"] == "+ecrire -lire"
    assert all(t["at"][10] == "T" and t["at"][-6] in "+-" for t in access.traces())


def test_no_trace_holds_a_password(access: Access) -> None:
    """Neither the good ones, nor those tried."""
    create(access, "dleroy", password=GOOD)
    access.act("login.password/1", login="dleroy", password="Essai-rate-9999")
    access.act("account.password/1", login="dleroy", old="Essai-rate-9999", new=BETTER)
    access.act("account.password/1", login="dleroy", old=GOOD, new=BETTER)
    text = repr(access.traces())
    assert not any(word in text for word in (GOOD, BETTER, "Essai-rate"))


def test_the_log_is_read_on_from_a_cursor(access: Access) -> None:
    """Only what came after."""
    create(access, "un")
    cursor = access.read("log.read/1")["cursor"]
    create(access, "deux")
    entries = access.read("log.read/1", since=cursor)["entries"]
    assert {e["subject"]["login"] for e in entries} == {"deux"}


def test_a_password_changes_what_opens_the_account_and_ten_failures_close_it(access: Access) -> None:
    """The old one opens nothing any more."""
    create(access, "dleroy", password=GOOD)
    access.act("account.password/1", login="dleroy", old=GOOD, new=BETTER)
    assert access.act("login.password/1", login="dleroy", password=GOOD)["status"] == "refused"
    assert access.act("login.password/1", login="dleroy", password=BETTER)["status"] == "done"
    for _ in range(10):
        access.act("login.password/1", login="dleroy", password="faux")
    assert access.act("login.password/1", login="dleroy", password=BETTER)["status"] == "refused"


def test_a_batch_creates_changes_closes_gives_and_takes(access: Access) -> None:
    """IAM.88: accounts and permissions, in one file."""
    create(access, "change", permissions=["lire", "ecrire"])
    create(access, "ferme")
    told = batch(
        access,
        "neuf;PETIT;Léa;l@banc.mssante.fr;10;10100000003;lire valider;true",
        "change;GRAND;Dominique;;;;lire administrer;true",
        "ferme;LEROY;Dominique;;;;;false",
    )
    assert told == {"created": 1, "updated": 2, "rejected": []}
    assert access.account("neuf")["permissions"] == ["lire", "valider"]
    assert access.account("neuf")["given"] == "Léa"
    assert access.account("change")["family"] == "GRAND"
    assert access.account("change")["permissions"] == ["administrer", "lire"]
    assert access.account("ferme")["active"] is False


@pytest.mark.parametrize(
    "line",
    ["faux;PETIT;Léa;;;12;lire;true", "faux;PETIT;Léa;;;;lire;peut-être", "faux;PETIT;Léa;pas un mail;;;lire;true",
     "faux;;Léa;;;;lire;true", "faux;PETIT;Léa;;;;lire;true;de-trop"],
)  # fmt: skip
def test_a_faulty_line_changes_nothing_and_does_not_touch_the_others(access: Access, line: str) -> None:
    """The lines before and after it are carried out."""
    told = batch(access, "avant;UN;A;;;;lire;true", line, "apres;DEUX;B;;;;lire;true")
    assert told == {"created": 2, "updated": 0, "rejected": ["faux"]}
    assert access.read("account.read/1", login="faux") == {"account": None}
    assert access.account("avant")["active"]
    assert access.account("apres")["active"]


def test_a_batch_without_its_columns_is_refused_whole(access: Access) -> None:
    """Nothing is guessed."""
    content = base64.b64encode(b"nom;prenom\nA;B\n").decode()
    assert access.act("account.batch/1", format="csv", base64=content)["status"] == "refused"


def entry(login: str, *permissions: str, active: bool = True, family: str = "MOREAU") -> dict[str, Any]:
    """One account of the directory."""
    return {
        "login": login,
        "family": family,
        "given": "Alix",
        "mail": f"{login}@banc.mssante.fr",
        "permissions": list(permissions),
        "active": active,
    }


def test_a_synchronisation_takes_over_identities_and_permissions_and_closes_who_has_gone(
    access: Access, access_world: World
) -> None:
    """IAM.83; accounts that never came from the directory are left alone."""
    create(access, "local")
    access_world.directory.accounts = [entry("a", "lire"), entry("b", "lire", "ecrire"), entry("c", "lire")]
    assert access.act("account.sync/1")["status"] == "done"
    access_world.directory.accounts = [
        entry("a", "ecrire", family="MOREAU-PETIT"),
        entry("b", "lire", "ecrire", active=False),
    ]
    assert access.act("account.sync/1")["status"] == "done"
    assert access.account("a")["family"] == "MOREAU-PETIT"
    assert access.account("a")["permissions"] == ["ecrire"]
    assert [access.account(login)["active"] for login in ("a", "b", "c", "local")] == [True, False, False, True]
    assert access.traces("account.permissions")[-1]["author"] == "annuaire"


def test_a_silent_or_broken_directory_changes_nothing(access: Access, access_world: World) -> None:
    """No account is closed because nobody answered, or because half a list came."""
    access_world.directory.accounts = [entry("a", "lire")]
    access.act("account.sync/1")
    access_world.directory.down = True
    assert access.act("account.sync/1")["status"] == "refused"
    access_world.directory.down, access_world.directory.accounts = False, [{"family": "SANS LOGIN"}]
    assert access.act("account.sync/1")["status"] == "refused"
    assert access.account("a")["active"] is True


def test_the_rpps_is_searched_when_an_account_is_made_and_kept(access: Access, access_world: World) -> None:
    """By name when it is not given, by number when it is; a secretary is not looked for."""
    access_world.directory.known = [KNOWN]
    create(access, "secretaire", profession="secretaire")
    create(access, "sans", profession="10")
    wait_for(lambda: access.account("sans")["rpps"] == KNOWN["rpps"])
    create(access, "avec", profession="60", rpps="10100000002")
    wait_for(lambda: len(access_world.directory.searched) == 2)
    assert access_world.directory.searched == [{"family": "LEROY", "given": "Dominique"}, {"rpps": "10100000002"}]
    assert {t["subject"]["login"] for t in access.traces("account.rpps-search")} == {"sans", "avec"}


def test_homonyms_are_not_chosen_between(access: Access, access_world: World) -> None:
    """Two professionals of the same name: the RPPS stays empty, and the search is traced."""
    access_world.directory.known = [KNOWN, {**KNOWN, "rpps": "10100000008"}]
    create(access, "dleroy", profession="10")
    (trace,) = wait_for(lambda: access.traces("account.rpps-search"))
    assert trace["response"] == "2 found"
    assert access.account("dleroy")["rpps"] == ""


def test_a_search_is_put_off_while_the_directory_is_down_and_is_never_lost(access: Access, access_world: World) -> None:
    """The account is made all the same."""
    access_world.directory.down, access_world.directory.known = True, [KNOWN]
    assert create(access, "dleroy", profession="10")["status"] == "done"
    wait_for(lambda: access_world.directory.searched)
    assert access.account("dleroy")["rpps"] == ""
    access_world.directory.down = False
    wait_for(lambda: access.account("dleroy")["rpps"] == KNOWN["rpps"])


def test_the_rpps_is_searched_again_within_two_years(access: Access, access_world: World) -> None:
    """IE.30: not after one year, but before two are over."""
    create(access, "dleroy", profession="10", rpps="10100000002")
    wait_for(lambda: access.traces("account.rpps-search"))
    access.act("settings.set/1", name="clock.days-forward", value="365")
    create(access, "temoin", profession="10", rpps="10100000003")
    wait_for(lambda: len(access_world.directory.searched) == 2)
    access.act("settings.set/1", name="clock.days-forward", value="731")
    wait_for(lambda: len(access_world.directory.searched) == 3)
    assert access_world.directory.searched[-1] == {"rpps": "10100000002"}


@pytest.mark.parametrize("value", ["-1", "demain", "999999", ""])
def test_a_number_of_days_that_is_none_is_refused(access: Access, value: str) -> None:
    """The calendar is not moved."""
    assert access.act("settings.set/1", name="clock.days-forward", value=value)["status"] == "refused"


def test_defects_of_permissions_show_and_spare_the_rest(access: Access, access_world: World) -> None:
    """Synchronisation that never changes permissions; batch that takes none away."""
    access.reference.admin(op="defects", names=["sync-adds-only", "batch-drops-permissions"])
    access_world.directory.accounts = [entry("a", "lire")]
    access.act("account.sync/1")
    access_world.directory.accounts = [entry("a", "ecrire", family="AUTRE")]
    access.act("account.sync/1")
    assert access.account("a")["permissions"] == ["lire"]
    assert access.account("a")["family"] == "AUTRE"
    batch(access, "b;UN;B;;;;lire ecrire;true")
    batch(access, "b;DEUX;B;;;;lire valider;true")
    assert access.account("b")["permissions"] == ["ecrire", "lire", "valider"]
    assert access.account("b")["family"] == "DEUX"


def test_defect_failed_login_untraced_still_traces_the_good_ones(access: Access) -> None:
    """Only the failures are missing."""
    access.reference.admin(op="defects", names=["failed-login-untraced"])
    create(access, "dleroy", password=GOOD)
    access.act("login.password/1", login="dleroy", password="faux")
    access.act("login.password/1", login="dleroy", password=GOOD)
    assert [t["outcome"] for t in access.traces("account.sign-in")] == ["ok"]


def test_defect_rpps_never_searched_asks_nothing_at_creation(access: Access, access_world: World) -> None:
    """A sound account made after it, with the defect taken out, is searched alone."""
    access.reference.admin(op="defects", names=["rpps-never-searched"])
    create(access, "dleroy", profession="10", rpps="10100000002")
    access.reference.admin(op="defects", names=[])
    create(access, "temoin", profession="10", rpps="10100000003")
    wait_for(lambda: access_world.directory.searched)
    assert access_world.directory.searched == [{"rpps": "10100000003"}]

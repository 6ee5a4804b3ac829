"""Statuses, attributes, documents and usable answers, as the rules of the Guide d'implémentation de l'INS have them."""

from __future__ import annotations

import pytest

from conformance.standards.ins import answers, documents, statuses
from conformance.standards.ins.statuses import STATUSES, Attribute, Cause, Status

ALL: tuple[Status, ...] = ("provisoire", "recuperee", "validee", "qualifiee")


@pytest.mark.parametrize(
    ("cause", "after"),
    [
        ("retrieval", ("recuperee", "recuperee", "qualifiee", "qualifiee")),
        ("proof", ("validee", "qualifiee", "validee", "qualifiee")),
        ("card-application", ("qualifiee",) * 4),
        ("contract", ("qualifiee",) * 4),
        ("strict-change", ("provisoire", "provisoire", "validee", "validee")),
        ("ko", ("provisoire", "provisoire", "validee", "provisoire")),
        ("attribute", ("provisoire",) * 4),
    ],
)
def test_the_table_of_transitions(cause: Cause, after: tuple[Status, ...]) -> None:
    """Rules 20, 25, 27, 30 and 49, from provisoire, récupérée, validée and qualifiée in turn."""
    assert tuple(statuses.after(before, cause) for before in ALL) == after
    for before in STATUSES:
        assert statuses.after(before, cause) in statuses.allowed(before, cause)
        assert statuses.TRANSITIONS[before, cause].clause


def test_two_rules_leave_a_choice() -> None:
    """Rule 49 names no target from qualifiée; rule 27 says nothing of a validated identity; never elsewhere."""
    free = {(row.before, row.cause): row.allowed for row in statuses.TRANSITIONS.values() if len(row.allowed) > 1}
    assert free == dict.fromkeys(
        [("qualifiee", "ko"), ("validee", "strict-change")], frozenset({"provisoire", "validee"})
    )


def test_only_a_qualified_identity_sends_its_ins() -> None:
    """Rule 28, and the statuses under which an INS is kept."""
    assert {"qualifiee"} == statuses.TRANSMITTED
    assert {"recuperee", "qualifiee"} == statuses.RETRIEVED


@pytest.mark.parametrize(
    ("status", "attributes", "version", "codes"),
    [
        ("provisoire", (), "2.9", ("PROV",)),
        ("recuperee", (), "2.11", ("PROV",)),
        ("validee", ("homonyme",), "2.9", ("VALI", "HOMA")),
        ("qualifiee", (), "2.11", ("VALI",)),
        ("provisoire", ("fictive",), "2.11.1", ("PROV", "FICT")),
        ("provisoire", ("fictive",), "2.10", ("PROV",)),
        ("provisoire", ("douteuse", "homonyme"), "2.11", ("PROV", "HOMA", "DOUT")),
    ],
)
def test_pid_32(status: Status, attributes: tuple[Attribute, ...], version: str, codes: tuple[str, ...]) -> None:
    """One repetition for the status, one for each attribute that the version has a code for; never RECUP nor QUAL."""
    assert statuses.reliability(status, frozenset(attributes), version) == codes
    assert set(codes) <= statuses.TABLE_0445
    assert {"RECUP", "QUAL"}.isdisjoint(statuses.TABLE_0445)
    assert len(statuses.TABLE_0445) == 21
    assert len(statuses.TABLE_0445 - statuses.SINCE_2_11) == 18


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ()),
        ({"birth": "19750012"}, ("lunar-date",)),
        ({"birth": "1975-12-00"}, ("lunar-date",)),
        ({"birth": "19750000"}, ("lunar-date",)),
        ({"birth": "20001231"}, ()),
        ({"birth": ""}, ()),
        ({"birth_name": " "}, ("empty-name",)),
        ({"given": ""}, ("empty-given",)),
        ({"sex": "", "given": "", "birth": "1975-00-01"}, ("lunar-date", "empty-given", "empty-sex")),
    ],
)
def test_answers_that_may_not_be_taken_in(changes: dict[str, str], found: tuple[str, ...]) -> None:
    """Rules 11 and 12: 00 in the day or the month, an empty name, list of given names or sex; years may hold 00."""
    good = {"birth_name": "ADRUN", "given": "ZOE", "sex": "F", "birth": "1975-12-31"}
    assert answers.refusals(**{**good, **changes}) == found


def test_documents_that_validate() -> None:
    """FR Core: passport, identity card and birth record validate an identity with an INS, the livret for minors."""
    trusted = {code for code, row in documents.DOCUMENTS.items() if row.trust == "high"}
    assert {"PA", "CN", "AN", "LE", "CS", "AV"} <= trusted
    assert documents.DOCUMENTS["LE"].minors
    assert set(documents.DOCUMENTS) <= documents.ZFD_7

"""Many accounts at once from a CSV file: each line is the whole state wanted of one account.

Columns, in any order, `;` or `,` between them: login, family, given, mail, profession, rpps, permissions (separated by
blanks), active. A line without account creates it, `active` set to false closes it; a column that is missing says
nothing. A faulty line changes nothing and does not touch the others.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.reference.access.accounts import Accounts
from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.access.values import ATTRIBUTES, Account, Denied, plain_rpps

COLUMNS = ("login", *ATTRIBUTES, "permissions", "active")
LINES = 10_000
TRUE, FALSE = (
    frozenset({"", "true", "1", "oui", "vrai", "o", "y", "yes"}),
    frozenset({"false", "0", "non", "faux", "n", "no"}),
)


@dataclass(slots=True)
class Result:
    """How many lines made an account, how many changed one, the logins of those refused."""

    created: int = 0
    updated: int = 0
    rejected: list[str] = field(default_factory=list)


def run(data: bytes, accounts: Accounts, behaviour: AccessBehaviour, author: str) -> Result:
    """Carry a batch out; raises Denied when the file as a whole cannot be read."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Denied("the file is not in UTF-8") from None
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    try:
        names = tuple((name or "").strip().casefold() for name in rows.fieldnames or ())
        if "login" not in names or set(names) - set(COLUMNS):
            raise Denied(f"the columns are: {';'.join(COLUMNS)}")
        rows.fieldnames = names
        lines = [row for number, row in enumerate(rows) if number <= LINES]
    except csv.Error as error:
        raise Denied(f"the file is not CSV ({error})") from None
    if len(lines) > LINES:
        raise Denied(f"a batch has {LINES} lines at most")
    result = Result()
    seen: set[str] = set()
    for row in lines:
        login = str(row.get("login") or "").strip()[:200]
        try:
            new = accounts.get(login) is None
            _line(login, row, seen, accounts, behaviour, author)
        except Denied:
            result.rejected.append(login or "?")
        else:
            result.created += new
            result.updated += not new
    return result


def _line(
    login: str,
    row: Mapping[str | None, object],
    seen: set[str],
    accounts: Accounts,
    behaviour: AccessBehaviour,
    author: str,
) -> None:
    """One line, checked whole before anything is changed."""
    cells = {name: str(row[name]).strip() for name in COLUMNS if row.get(name) is not None}
    if not login or None in row or login in seen:  # None: more cells than columns
        raise Denied("a line has one login of its own and as many cells as there are columns")
    seen.add(login)
    active = cells.get("active", "").casefold()
    if active not in TRUE | FALSE:
        raise Denied("active is true or false")
    if cells.get("rpps") and not plain_rpps(cells["rpps"]):
        raise Denied("an RPPS has 11 digits")
    if cells.get("mail") and ("@" not in cells["mail"] or " " in cells["mail"]):
        raise Denied("not an address of mail")
    wanted = frozenset(cells["permissions"].split()) if "permissions" in cells else None
    changes = {name: cells[name] for name in ATTRIBUTES if name in cells}
    account = accounts.get(login)
    if account is None:
        if not changes.get("family"):
            raise Denied("a new account has a name")
        new = Account(login, permissions=wanted or frozenset())
        for name, value in changes.items():
            setattr(new, name, value)
        accounts.create(new, author)
    else:
        accounts.update(login, changes, author)
        if wanted is not None:
            accounts.permit(login, behaviour.permissions_after_batch(account.permissions, wanted), author)
    if "active" in cells:
        accounts.activate(login, active in TRUE, author)

"""The client of the local directory: the accounts it holds, and the professionals it knows by name or RPPS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from conformance.reference.access.values import Account, plain_rpps
from conformance.reference.config import Config
from conformance.reference.config_access import Directory

ANSWER_LIMIT = 8 * 1024 * 1024
PERSONS = ("practitioners", "results", "entry", "items")
"""Where lists of persons stand in answers that are not a bare list."""


class Silent(Exception):
    """The directory could not be asked or did not answer in a usable way: to be tried again."""


@dataclass(frozen=True, slots=True)
class Held:
    """One account as the directory holds it."""

    login: str
    family: str
    given: str
    mail: str
    permissions: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A professional found in the register."""

    rpps: str
    family: str
    given: str


class DirectoryClient:
    """Every method raises Silent."""

    def __init__(self, directory: Directory, config: Config) -> None:
        self._directory = directory
        self._timeout = config.retry.timeout

    async def accounts(self) -> list[Held]:
        """All accounts; raises Silent when one of them cannot be read (half a directory would close accounts)."""
        answer = await self._get(self._directory.accounts_url, {})
        rows = answer.get("accounts") if isinstance(answer, dict) else answer
        if not isinstance(rows, list):
            raise Silent("no list of accounts")
        return [_held(row) for row in rows]

    async def practitioners(self, account: Account) -> list[Practitioner]:
        """The professionals with the RPPS of an account, or without one with its names."""
        asked = {"rpps": account.rpps} if account.rpps else {"family": account.family, "given": account.given}
        return list(_persons(await self._get(self._directory.practitioners_url, asked)))

    async def _get(self, url: str, asked: Mapping[str, str]) -> Any:
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.get(url, params=asked, headers={"Accept": "application/json"}) as response,
            ):
                if response.status == 404:
                    return []
                if response.status != 200:
                    raise Silent(f"status {response.status}")
                body = await response.content.read(ANSWER_LIMIT + 1)
                while len(body) <= ANSWER_LIMIT and (more := await response.content.read(ANSWER_LIMIT)):
                    body += more
                if len(body) > ANSWER_LIMIT:
                    raise Silent("answer too big")
                return json.loads(body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Silent(type(error).__name__) from None


def _held(row: object) -> Held:
    if not isinstance(row, dict) or not isinstance(row.get("login"), str) or not row["login"]:
        raise Silent("an account without login")
    permissions = row.get("permissions", [])
    if not isinstance(permissions, list):
        raise Silent("permissions that are not a list")
    texts = {name: str(row.get(name) or "") for name in ("family", "given", "mail")}
    wanted = frozenset(str(p) for p in permissions)
    return Held(login=row["login"], **texts, permissions=wanted, active=row.get("active", True) is not False)


def _persons(answer: Any) -> Iterator[Practitioner]:
    """From a bare list, a named list or a FHIR Bundle."""
    if isinstance(answer, dict):
        answer = next((answer[name] for name in PERSONS if isinstance(answer.get(name), list)), [])
    for row in answer if isinstance(answer, list) else []:
        if not isinstance(row, dict):
            continue
        row = row.get("resource", row)
        names = row.get("name") if isinstance(row.get("name"), list) else []
        name = names[0] if names and isinstance(names[0], dict) else row
        rpps = plain_rpps(str(row.get("rpps") or "")) or next(
            (
                found
                for one in row.get("identifier") or []
                if isinstance(one, dict) and (found := plain_rpps(str(one.get("value") or "")))
            ),
            "",
        )
        given = name.get("given") or ""
        first = " ".join(map(str, given)) if isinstance(given, list) else str(given)
        if rpps:
            yield Practitioner(rpps, str(name.get("family") or ""), first)

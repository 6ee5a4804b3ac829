"""Exercise `sign-in`: professionals sign in through the OpenID provider of the bench, by every mode and mishap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Acted, Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.generation import access
from conformance.generation.access import Person
from conformance.models.access import SignIn

NAME = "sign-in"
DEFAULT_MODE = "web"
PROFESSION = "10"


@dataclass(frozen=True)
class SignInExercise:
    """Makes accounts, asks for a sign-in, goes to the provider as a browser would, reads the session that came of it.

    Steps are named `account-<n>` (creation), `login-<n>`, `browser-<n>`, `session-<n>` (and `session-<n>-late` when it
    was not open yet) for sign-ins by the provider, `password-<n>` and `password-session-<n>` for those by password,
    `logout`, `logout-browser`, `session-out`.
    """

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"service:psc", "pilot:login.psc/1", "pilot:session.read/1"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = SignIn
    exclusive: ClassVar[bool] = True
    synchronous: ClassVar[bool] = True
    weight: ClassVar[int] = 10

    def for_waves(self, waves: frozenset[str]) -> SignInExercise:
        """The same exercise in every wave."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[SignIn]:
        """Sign-ins of any class, or that have the label."""
        return access.sign_ins(label)

    def labels(self) -> frozenset[str]:
        """Every label a sign-in may have."""
        return access.SIGN_IN_LABELS

    def labels_of(self, case: SignIn) -> frozenset[str]:
        """The labels of a sign-in."""
        return access.sign_in_labels_of(case)

    def sentinel(self) -> SignIn:
        """One good sign-in, in the usual mode."""
        return SignIn("usual")

    def mark(self, case: SignIn, binding: Binding) -> str:
        """The RPPS of who signs in."""
        return access.person(binding, case.given).rpps

    def simpler(self, case: SignIn) -> list[SignIn]:
        """The same with ordinary data."""
        return access.simpler_sign_ins(case)

    async def drive(self, drive: Drive, case: SignIn, binding: Binding) -> None:
        """The accounts, then the story."""
        await _Acting(drive, case, binding).act()


class _Acting:
    """One case on its way."""

    def __init__(self, drive: Drive, case: SignIn, binding: Binding) -> None:
        self.drive, self.case = drive, case
        many = 2 if case.story == "homonyms" else 1
        self.people = [access.person(binding, case.given, n, namesake=True) for n in range(many)]
        told = drive.settings.get("psc_mode", DEFAULT_MODE) if case.mode == "usual" else case.mode
        self.mode = told if isinstance(told, str) else DEFAULT_MODE

    async def act(self) -> None:
        """What the case says; a pilot that does not act ends it."""
        for number, who in enumerate(self.people, 1):
            await self._account(number, who)
        first = self.people[0]
        match self.case.story:
            case "once":
                await self._sign_in(1, first)
            case "again":
                if await self._sign_in(1, first) is not None:
                    await self._sign_in(2, first)
            case "logout":
                session = await self._sign_in(1, first)
                if session is not None and await self._sign_out(session):
                    await self._sign_in(2, first)
            case "password" | "homonyms":
                for number, who in enumerate(self.people, 1):
                    await self._by_password(number, who)
                    await self._sign_in(number, who)

    async def _account(self, number: int, who: Person) -> None:
        names = {"rpps": who.rpps, "family": who.family, "given": who.given, "profession": PROFESSION}
        await self.drive.instruct(
            "annuaire",
            "practitioner",
            name=f"directory-{number}",
            rpps=who.rpps,
            family=who.family,
            given=who.given,
            profession=PROFESSION,
        )
        account = {"login": who.login, "mail": who.mail, "password": who.password, "permissions": [], **names}
        await self.drive.stimulate("account.create/1", account, name=f"account-{number}")

    async def _provider(self, who: Person) -> None:
        """What the provider does, and for whom it agrees."""
        case, settings = self.case, self.drive.settings
        knobs = {"rpps": who.rpps, "family": who.family, "given": who.given, "token": case.token}
        knobs |= {"error": case.refusal, "state": "wrong" if case.wrong_state else "same"}
        if case.down:
            knobs["fault"] = "down"
        if case.story == "homonyms":
            knobs["live"] = "no"
        knobs["ciba-polls"] = str(self._polls)
        for knob, setting in (("client", "psc_client_id"), ("secret", "psc_client_secret")):
            told = settings.get(setting)
            if isinstance(told, str) and told:
                knobs[knob] = told
        await self.drive.configure("psc", knobs)

    @property
    def _polls(self) -> int:
        """How often a client that asks for its token (CIBA) is told to wait."""
        return int(self.case.token == "good" and not self.case.refusal)

    async def _sign_in(self, number: int, who: Person) -> str | None:
        """One sign-in by the provider, to the reading of its session; the handle of it, None when none began."""
        await self._provider(who)
        payload = {"mode": self.mode, "rpps": who.rpps}
        acted = await self.drive.stimulate("login.psc/1", payload, name=f"login-{number}")
        if not acted.acted:
            return None
        url = acted.data.get("url")
        if isinstance(url, str):
            await self.drive.browse(url, name=f"browser-{number}")
        elif not self.case.down and await self.drive.wait("psc", event="ciba") is not None:
            # A client of a good token is told to wait once: its second request gets the answer.
            for _ in range(1 + self._polls):
                await self.drive.wait("psc", event="token")
            await self.drive.quiet()
        session = _handle(acted)
        if not session:
            return None
        if not await self._read(session, f"session-{number}") and isinstance(url, str) and not await self._refused():
            # The page may have come back before the tokens did: no session is believed after a silence only.
            await self.drive.quiet()
            await self._read(session, f"session-{number}-late")
        return session

    async def _refused(self) -> bool:
        """Whether the last page that the browser got is a refusal: nothing more will come of this sign-in."""
        last = None
        while (page := await self.drive.wait("browser", event="page", timeout=0.0)) is not None:
            last = page
        status = None if last is None else last.facts.get("status")
        return isinstance(status, int) and status >= 400

    async def _read(self, session: str, name: str) -> bool:
        """Read a session; whether it is open."""
        acted = await self.drive.query("session.read/1", {"session": session}, name=name)
        return bool(acted.data.get("login") or acted.data.get("rpps"))

    async def _by_password(self, number: int, who: Person) -> None:
        asked = {"login": who.login, "password": who.password}
        acted = await self.drive.stimulate("login.password/1", asked, name=f"password-{number}")
        session = _handle(acted)
        if acted.sent.failure is None and session:
            await self._read(session, f"password-session-{number}")

    async def _sign_out(self, session: str) -> bool:
        acted = await self.drive.stimulate("logout/1", {"session": session}, name="logout")
        if acted.sent.failure is not None:
            return False
        url = acted.data.get("url")
        if isinstance(url, str):
            await self.drive.browse(url, name="logout-browser")
        await self.drive.quiet()
        await self._read(session, "session-out")
        return True


def _handle(acted: Acted) -> str:
    """The name of the session that an answer gives."""
    told: Any = acted.data.get("session") or acted.ref
    return told if isinstance(told, str) else ""

"""A person's browser, reduced to what a sign-in needs: it follows redirections, keeps cookies, shows nothing.

Certificates are not checked: the vendor's own pages may be behind any of them, and what is judged is what the provider
and the vendor's system told each other.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from conformance.bench.recorder import Recorder
from conformance.evidence.values import Direction, Fact, Sent

CHANNEL = "browser"
HOPS = 12
"""Redirections followed at most: a loop ends there."""

LARGEST_PAGE = 256 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class UserAgent:
    """One browser session: cookies live from one page to the next, until `close`.

    `seconds` is the patience for one page.
    """

    def __init__(self, recorder: Recorder, seconds: float) -> None:
        self._recorder = recorder
        self._seconds = seconds
        # Providers of a bench are called by their address: cookies of IP addresses must be kept.
        self._jar = aiohttp.CookieJar(unsafe=True)
        self._number = recorder.connection()

    def close(self) -> None:
        """Forget every cookie."""
        self._jar.clear()

    async def open(self, url: str, name: str) -> tuple[Sent, list[str]]:
        """Open a page and follow where it leads; gives the Sent (first request, last answer) and all exchanges made.

        Facts of a request: `protocol` browser, `event` page, `url`, `hop`; of an answer: `status`, `location`.
        `failure` is one of `unreachable`, `timeout`, `too-many-redirects`, `garbage`.
        """
        made: list[str] = []
        answer: str | None = None
        failure: str | None = "too-many-redirects"
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        connector = aiohttp.TCPConnector(ssl=False, force_close=True)
        async with aiohttp.ClientSession(cookie_jar=self._jar, timeout=timeout, connector=connector) as session:
            for hop in range(HOPS):
                asked = self._note(Direction.TO_VENDOR, b"", {"url": url[:4000], "hop": hop})
                made.append(asked)
                status, location, body, failure = await self._get(session, url)
                if failure is None or body:
                    facts: dict[str, Fact] = {"status": status, "location": location[:4000], "url": url[:4000]}
                    answer = self._note(Direction.FROM_VENDOR, body, facts, asked)
                    made.append(answer)
                if failure is not None or not location:
                    break
                try:
                    url = urljoin(url, location)
                    scheme = urlsplit(url).scheme
                except ValueError:
                    failure = "garbage"
                    break
                if scheme not in ("http", "https"):
                    break  # a native application takes over (its own scheme): the browser has done its part
                failure = "too-many-redirects"
        return Sent(name, made[0], answer, failure), made

    async def _get(self, session: aiohttp.ClientSession, url: str) -> tuple[int, str, bytes, str | None]:
        """Status, where it redirects to (empty: nowhere), the page, why there is none."""
        try:
            async with session.get(URL(url, encoded=True), allow_redirects=False) as response:
                body = await response.content.read(LARGEST_PAGE)
                place = response.headers.get("Location", "") if response.status in _REDIRECTS else ""
                return response.status, place, body, None
        except TimeoutError:
            return 0, "", b"", "timeout"
        except (aiohttp.InvalidURL, ValueError):
            return 0, "", b"", "garbage"
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError):
            return 0, "", b"", "unreachable"

    def _note(self, direction: Direction, body: bytes, facts: dict[str, Fact], answers: str | None = None) -> str:
        told: dict[str, Fact] = {"protocol": CHANNEL, "event": "page", **facts}
        return self._recorder.record(CHANNEL, direction, self._number, body, told, answers=answers).id

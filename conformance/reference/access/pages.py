"""The sign-in pages: plain HTTP on loopback, where a real product would put its own TLS in front."""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping

from aiohttp import web

from conformance.reference.access.accounts import Accounts
from conformance.reference.access.openid import Relying
from conformance.reference.access.sessions import Sessions
from conformance.reference.access.values import Denied

SESSION, STATE = "pfi_session", "pfi_sign_in"
PAGE = (
    '<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Plateforme de référence</title></head>'
    "<body><h1>{title}</h1><p>{text}</p>"
    '<p><a href="/login">Se connecter avec Pro Santé Connect</a> · <a href="/conditions">Conditions</a> · '
    '<a href="/logout">Se déconnecter</a></p></body></html>'
)
CONDITIONS = (
    "La connexion se fait par mot de passe ou avec Pro Santé Connect, service de l'Agence du numérique en santé. Les "
    "données d'identité reçues de Pro Santé Connect servent à retrouver le compte du professionnel par son RPPS."
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
LIMIT = 64 * 1024
TICKETS = 1000


class Pages:
    """`/login`, `/callback`, `/logout`, `/conditions`, `/`, and `/sign-in` for passwords."""

    def __init__(self, relying: Relying, accounts: Accounts, sessions: Sessions) -> None:
        self._relying = relying
        self._accounts = accounts
        self._sessions = sessions
        self._tickets: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self.base = ""

    async def start(self, host: str, port: int) -> str:
        """Listen; the base address. Raises OSError."""
        application = web.Application(client_max_size=LIMIT)
        application.add_routes(
            [
                web.get("/", self._home),
                web.get("/login", self._login),
                web.get("/callback", self._callback),
                web.get("/logout", self._logout),
                web.get("/conditions", self._conditions),
                web.post("/sign-in", self._sign_in),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.base = f"http://{host}:{self._runner.addresses[0][1]}"
        self._relying.redirect = self._relying.redirect or f"{self.base}/callback"
        return self.base

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    def invite(self, handle: str) -> str:
        """The address by which a browser begins a sign-in whose session will have this handle; it serves once."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = handle
        while len(self._tickets) > TICKETS:
            del self._tickets[next(iter(self._tickets))]
        return f"{self.base}/login?ticket={ticket}"

    async def _home(self, request: web.Request) -> web.StreamResponse:
        session = self._sessions.get(request.cookies.get(SESSION, ""))
        return _page("Bienvenue", f"Session de {session.login}" if session else "Personne n'est connecté.")

    async def _conditions(self, request: web.Request) -> web.StreamResponse:
        del request
        return _page("Conditions d'utilisation", CONDITIONS)

    async def _login(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket and ticket not in self._tickets:
            return _page("Refusé", "Cette invitation a déjà servi.", 403)
        try:
            address, state = await self._relying.begin(self._tickets.pop(ticket, ""))
        except Denied as no:
            return _page("Connexion impossible", str(no), 502)
        response = web.Response(status=302, headers={"Location": address, **HEADERS})
        response.set_cookie(STATE, state, max_age=600, httponly=True, samesite="Lax", path="/callback")
        return response

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        try:
            session = await self._relying.finish(dict(request.query), request.cookies.get(STATE, ""))
        except Denied as no:
            refused = _page("Connexion refusée", str(no), 403)
            refused.del_cookie(STATE, path="/callback")
            return refused
        response = _page("Connecté", f"Session de {session.login}")
        response.del_cookie(STATE, path="/callback")
        response.set_cookie(SESSION, session.name, httponly=True, samesite="Lax", path="/")
        return response

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        form: Mapping[str, object] = await request.post()
        try:
            account = self._accounts.sign_in(str(form.get("login", ""))[:200], str(form.get("password", ""))[:300])
        except Denied as no:
            return _page("Connexion refusée", str(no), 403)
        session = self._sessions.open(account.login)
        response = _page("Connecté", f"Session de {session.login}")
        response.set_cookie(SESSION, session.name, httponly=True, samesite="Lax", path="/")
        return response

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        name = request.cookies.get(SESSION, "")
        session = self._sessions.get(name)
        self._sessions.close(name)
        response: web.Response = _page("Déconnecté", "À bientôt.")
        if session is not None and session.means == "openid":
            try:
                address = await self._relying.end_address(session, f"{self.base}/")
                response = web.Response(status=302, headers={"Location": address, **HEADERS})
            except Denied as no:
                response = _page("Déconnecté", f"Le fournisseur n'a pas pu être prévenu : {no}")
        response.del_cookie(SESSION, path="/")
        return response


def _page(title: str, text: str, status: int = 200) -> web.Response:
    body = PAGE.format(title=html.escape(title), text=html.escape(text))
    return web.Response(text=body, status=status, content_type="text/html", headers=HEADERS)

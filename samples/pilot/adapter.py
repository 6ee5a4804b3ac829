"""Adaptateur HTTP d'exemple : à copier, puis à brancher sur votre produit. Python seul, rien à installer.

    PILOT_TOKEN=un-jeton-assez-long python adapter.py 9000

Les deux dictionnaires ACTIONS et LECTURES disent ce que l'adaptateur sait faire. Chaque fonction reçoit le contenu de
la demande et rend (statut, champs en plus) ; le reste du fichier ne change pas d'un produit à l'autre.
"""

from __future__ import annotations

import hmac
import json
import os
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

API = "pilot/1"
LARGEST = 16 * 1024 * 1024
Outcome = tuple[str, dict[str, Any]]


class Product:
    """Votre produit, ici réduit à des comptes en mémoire."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, Any]] = {}
        self.synchronised = 0


# --- Ce que le produit sait faire : une fonction par demande -----------------------------------------------------


def create(product: Product, payload: dict[str, Any]) -> Outcome:
    """account.create/1 : un compte de plus, refusé s'il existe déjà."""
    if payload["login"] in product.accounts:
        return "refused", {"reason": "ce compte existe déjà"}
    product.accounts[payload["login"]] = {k: v for k, v in payload.items() if k != "password"} | {"active": True}
    return "done", {"ref": f"compte-{len(product.accounts)}", "data": {"login": payload["login"]}}


def delete(product: Product, payload: dict[str, Any]) -> Outcome:
    """account.delete/1 : le compte est fermé."""
    account = product.accounts.get(payload["login"])
    if account is None:
        return "refused", {"reason": "ce compte n'existe pas"}
    account["active"] = False
    return "done", {"data": {}}


def synchronise(product: Product, payload: dict[str, Any]) -> Outcome:
    """account.sync/1 : un travail de fond ; le banc redemandera jusqu'à ce qu'il soit fini."""
    product.synchronised = 0
    return "pending", {"reason": "synchronisation en cours"}


def synchronised(product: Product, payload: dict[str, Any]) -> Outcome:
    """Ce qu'est devenu account.sync/1 : fini à la deuxième fois."""
    product.synchronised += 1
    return ("done", {"data": {}}) if product.synchronised > 1 else ("pending", {"reason": "encore un instant"})


def account(product: Product, payload: dict[str, Any]) -> Outcome:
    """account.read/1 : un compte, null s'il n'y en a pas."""
    return "done", {"data": {"account": product.accounts.get(payload["login"])}}


Function = Callable[[Product, dict[str, Any]], Outcome]
ACTIONS: dict[str, Function] = {
    "account.create/1": create,
    "account.delete/1": delete,
    "account.sync/1": synchronise,
}
LECTURES: dict[str, Function] = {"account.read/1": account}
SUITES: dict[str, Function] = {"account.sync/1": synchronised}
"""Comment savoir où en est une action restée en attente."""


# --- Le contrat : le même pour tous les produits -----------------------------------------------------------------


class Store:
    """Les actions déjà demandées : le même identifiant n'agit qu'une fois, même après un redémarrage."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.known: dict[str, dict[str, Any]] = {}
        if path is not None and path.is_file():
            self.known = json.loads(path.read_text(encoding="utf-8"))

    def keep(self, id: str, kind: str, answer: dict[str, Any]) -> None:
        """Retient une réponse ; le fichier est remplacé d'un coup."""
        self.known[id] = {"kind": kind, "answer": answer}
        if self._path is not None:
            draft = self._path.with_suffix(".tmp")
            draft.write_text(json.dumps(self.known, ensure_ascii=False), encoding="utf-8")
            draft.replace(self._path)


class Adapter:
    """Répond aux messages du banc, quel que soit ce qui les porte."""

    def __init__(self, store: Path | None = None) -> None:
        self._product = Product()
        self._store = Store(store)
        self._lock = Lock()

    def capabilities(self) -> dict[str, Any]:
        """Ce que cet adaptateur sait faire."""
        return {"api": API, "kinds": [*ACTIONS, *LECTURES], "product": "Plateforme Exemple", "version": "1.0"}

    def stimulus(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Agit, ou redit ce qui a déjà été répondu."""
        with self._lock:
            known = self._store.known.get(asked["id"])
            if known is not None:
                return dict(known["answer"])
            answer = self._do(ACTIONS, asked["id"], asked["kind"], asked["payload"])
            self._store.keep(asked["id"], asked["kind"], answer)
            return answer

    def query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Lit, sans rien changer."""
        with self._lock:
            return self._do(LECTURES, asked["id"], asked["kind"], asked["payload"])

    def poll(self, id: str) -> dict[str, Any] | None:
        """Où en est une action ; None si l'identifiant n'est pas connu."""
        with self._lock:
            known = self._store.known.get(id)
            if known is None:
                return None
            if known["answer"]["status"] == "pending" and known["kind"] in SUITES:
                answer = self._do(SUITES, id, known["kind"], {})
                self._store.keep(id, known["kind"], answer)
            return dict(self._store.known[id]["answer"])

    def _do(self, functions: dict[str, Function], id: str, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        function = functions.get(kind)
        if function is None:
            return {"api": API, "id": id, "status": "unsupported", "reason": f"{kind} n'est pas branché"}
        status, more = function(self._product, payload)
        return {"api": API, "id": id, "status": status, **more}


class Handler(BaseHTTPRequestHandler):
    """Les quatre adresses du contrat."""

    adapter: Adapter
    token = ""

    def do_GET(self) -> None:
        """GET /capabilities et GET /stimuli/{id}."""
        if not self._allowed():
            return
        if self.path == "/capabilities":
            self._send(200, self.adapter.capabilities())
        elif self.path.startswith("/stimuli/"):
            answer = self.adapter.poll(self.path.removeprefix("/stimuli/"))
            self._send(404 if answer is None else 200, answer or {"error": "identifiant inconnu"})
        else:
            self._send(404, {"error": "adresse inconnue"})

    def do_POST(self) -> None:
        """POST /stimuli et POST /queries."""
        if not self._allowed():
            return
        act = {"/stimuli": self.adapter.stimulus, "/queries": self.adapter.query}.get(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        if act is None or size > LARGEST:
            self._send(404 if act is None else 413, {"error": "adresse inconnue ou message trop grand"})
            return
        try:
            answer = act(json.loads(self.rfile.read(size)))
        except (ValueError, KeyError, TypeError) as error:
            self._send(400, {"error": f"demande illisible : {error}"})
            return
        self._send(202 if answer["status"] == "pending" else 200, answer)

    def _allowed(self) -> bool:
        shown = self.headers.get("Authorization", "").encode()
        if not self.token or hmac.compare_digest(shown, f"Bearer {self.token}".encode()):
            return True
        self._send(401, {"error": "jeton absent ou faux"})
        return False

    def _send(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def serve(port: int, store: Path | None = None, token: str = "") -> ThreadingHTTPServer:
    """Le serveur, sur la boucle locale ; port 0 = un port libre."""
    handler = type("Bound", (Handler,), {"adapter": Adapter(store), "token": token})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    serve(chosen, Path("pilot-store.json"), os.environ.get("PILOT_TOKEN", "")).serve_forever()

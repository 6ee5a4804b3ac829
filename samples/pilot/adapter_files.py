"""Le même adaptateur par dossier : il lit requests/ID.json et écrit answers/ID.json, quand il veut.

    python adapter_files.py dossier

Une réponse apparaît d'un coup (écrite sous un autre nom, puis renommée). Tant qu'une action est en attente,
l'adaptateur n'écrit rien : le banc attend le fichier.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from threading import Event
from typing import Any

from adapter import Adapter
from adapter_command import reply


def write(path: Path, value: dict[str, Any]) -> None:
    """Un fichier qui n'est jamais vu à moitié écrit."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    draft.replace(path)


def turn(adapter: Adapter, folder: Path) -> None:
    """Un tour du dossier : répond à ce qui ne l'est pas encore."""
    for path in sorted((folder / "requests").glob("[!.]*.json")):
        place = folder / "answers" / path.name
        if place.exists():
            continue
        asked = json.loads(path.read_text(encoding="utf-8"))
        answer = adapter.poll(asked["id"]) or reply(adapter, asked)
        if answer["status"] != "pending":
            write(place, answer)


def prepare(folder: Path) -> Adapter:
    """Le dossier prêt, et ce que l'adaptateur sait faire écrit dedans."""
    for name in ("requests", "answers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    adapter = Adapter(folder / "pilot-store.json")
    write(folder / "capabilities.json", adapter.capabilities())
    return adapter


if __name__ == "__main__":
    watched = Path(sys.argv[1])
    served = prepare(watched)
    while True:
        turn(served, watched)
        Event().wait(0.2)

"""Le même adaptateur en programme : une ligne de JSON lue sur stdin, une ligne écrite sur stdout, jusqu'à la fin.

Les traces vont sur stderr. Avec `keep = true` le banc garde le programme en vie ; sinon il le lance à chaque demande,
et l'état doit alors être gardé ailleurs (ici, les réponses déjà données vont dans pilot-store.json).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from adapter import API, Adapter


def reply(adapter: Adapter, asked: dict[str, Any]) -> dict[str, Any]:
    """La réponse à une ligne ; `call` dit de quoi il s'agit."""
    call = asked.get("call")
    if call == "capabilities":
        return adapter.capabilities()
    if call == "stimulus":
        return adapter.stimulus(asked)
    if call == "query":
        return adapter.query(asked)
    unknown = {"api": API, "id": asked.get("id"), "status": "refused", "reason": "identifiant inconnu"}
    return adapter.poll(asked["id"]) or unknown


if __name__ == "__main__":
    served = Adapter(Path("pilot-store.json"))
    for line in sys.stdin:
        print(json.dumps(reply(served, json.loads(line)), ensure_ascii=False), flush=True)

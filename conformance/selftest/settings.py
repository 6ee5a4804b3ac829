"""The settings file of the reference vendor: written from the addresses of the bench's services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from conformance.bench.pki import Pki, Spots, write_private
from conformance.exercises.mailboxes import DEFAULTS
from conformance.services.psc import PscService

TOKEN_ENV = "CONFORMANCE_REFERENCE_PILOT"
"""The environment variable by which the bench and the reference vendor share the token of its pilot."""

LOOPBACK = "127.0.0.1:0"
DISCOVERY = "/auth/realms/esante-wallet/.well-known/wallet-openid-configuration"
REFERENCE_PRODUIT = "9990000001"
MAIL_PACE = (
    '\ndomains = ["banc.mssante.fr", "patient.mssante.fr"]\npoll = 0.3\ntimeout = 4.0\nattempts = 2\npause = 0.1'
)
CARD_HOLDER = "801234567897"
ORGANISATION = {
    "name": "HOPITAL FICTIF DU BANC",
    "identifier": "10B0000001",
    "responsible": CARD_HOLDER,
    "oid": "2.25.4217316518",
}
MAILBOXES = ("application_mailbox", "return_mailbox", "personal_mailbox")


class Settings:
    """Writes `reference.toml` and the PEM files it names. `peers` are addresses by the name of the bench's service."""

    def __init__(self, folder: Path, pki: Pki, peers: Mapping[str, str], *, pilot: bool, dsr: str = "PFI") -> None:
        self.path = folder / "reference.toml"
        self._dsr = dsr
        self._peers = peers
        self._pilot = pilot
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.pem").write_bytes(pki.anchors_pem)
        if "igc" in peers and pki.spots is None:  # certificates say where the lists of their authority are
            pki.spots = Spots(peers["igc"])
        shown = {"client": pki.vendor_client(), "server": pki.server(["127.0.0.1", "localhost"])}
        if dsr != "PFI":  # INSi is called with the organisation's certificate, or with a card that one stands for
            shown |= {"insi": pki.client("INSI-AUTO"), "card": pki.client(CARD_HOLDER)}
        for name, identity in shown.items():
            (folder / f"{name}.pem").write_bytes(identity.certificate_pem)
            write_private(folder / f"{name}.key", identity.key_pem)

    def write(self, listening: Mapping[str, str]) -> None:
        """Write the settings; `listening` are the addresses to take again, by name, any free one for the others."""
        sections = self._platform(listening) if self._dsr == "PFI" else self._repository(listening)
        self.path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")

    def _repository(self, listening: Mapping[str, str]) -> list[str]:
        return [
            f'schema = "reference/1"\ndsr = "{self._dsr}"',
            _table("listen", identities=_spot(listening, "identities"), admin=_spot(listening, "admin")),
            _table("peers", **{name: self._peers[name] for name in ("insi", "pam") if name in self._peers}),
            _table("tls", ca="ca.pem", certificate="client.pem", key="client.key"),
            _table("organisation", **ORGANISATION),
            _table(
                "insi",
                idam="REFERENCE-0000",
                holder=CARD_HOLDER,
                certificate="insi.pem",
                key="insi.key",
                card_certificate="card.pem",
                card_key="card.key",
            ),
            "[retry]\nattempts = 3\npause = 0.1\ntimeout = 4.0",
            *self._access(listening),
        ]

    def _platform(self, listening: Mapping[str, str]) -> list[str]:
        return [
            'schema = "reference/1"\ndsr = "PFI"',
            _table("listen", documents=_spot(listening, "documents"), admin=_spot(listening, "admin")),
            _table("peers", dmp=self._peers["dmp"], returns=self._peers["returns"]),
            _table("tls", ca="ca.pem", certificate="client.pem", key="client.key"),
            _table("organisation", **ORGANISATION),
            *self._access(listening),
            *self._mail(),
        ]

    def _access(self, listening: Mapping[str, str]) -> Iterator[str]:
        if self._pilot:
            yield _table("pilot", listen=_spot(listening, "pilot"), token_env=TOKEN_ENV)
        if "psc" in self._peers:
            yield _table(
                "psc",
                listen=_spot(listening, "web"),
                discovery=self._peers["psc"] + DISCOVERY,
                client_id=PscService.knobs["client"],
                secret=PscService.knobs["secret"],
            )
        if "annuaire" in self._peers:
            yield _table("annuaire", url=self._peers["annuaire"]) + "\nretry = 1.0"
        if "igc" in self._peers and self._dsr == "PFI":
            lists = json.dumps([Spots(self._peers["igc"]).crl("intermediate")])
            files = {"ca": "ca.pem", "certificate": "server.pem", "key": "server.key"}
            yield _table("third_party", listen=_spot(listening, "third_party"), **files) + f"\ncrl = {lists}"

    def _mail(self) -> Iterator[str]:
        if "mss" in self._peers and "imap" in self._peers:
            yield (
                _table(
                    "mss",
                    smtp=self._peers["mss"],
                    imap=self._peers["imap"],
                    **{name: DEFAULTS[f"mss_{name}"] for name in MAILBOXES},
                    reference_produit=REFERENCE_PRODUIT,
                    personal_author="801234567897",
                )
                + MAIL_PACE
            )
        if "relay" in self._peers:
            yield _table("relay", address=self._peers["relay"])


def _table(section: str, /, **values: str) -> str:
    return "\n".join([f"[{section}]", *(f'{key} = "{value}"' for key, value in values.items())])


def _spot(listening: Mapping[str, str], name: str) -> str:
    """Where to listen again, or any free port."""
    where = listening.get(name, LOOPBACK)
    return urlsplit(where).netloc if "://" in where else where

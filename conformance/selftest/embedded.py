"""The bench and the reference vendor put together on loopback: what `demo` and `selftest` run on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from conformance.bench.lab import Lab
from conformance.bench.pki import Pki
from conformance.bench.recorder import Sink
from conformance.bench.target import Target, load
from conformance.errors import UsageError
from conformance.selftest.settings import REFERENCE_PRODUIT, TOKEN_ENV
from conformance.selftest.vendor import ReferenceVendor, free_ports
from conformance.services.facing import facing

SCHEMES: Mapping[str, Mapping[str, str]] = {
    "PFI": {
        "igc": "http",
        "annuaire": "http",
        "psc": "https",
        "dmp": "https",
        "returns": "mllp",
        "relay": "mllp",
        "mss": "smtp",
        "imap": "imap",
    },
    "RI": {"igc": "http", "annuaire": "http", "psc": "https", "pam": "mllp", "insi": "https"},
    **{dsr: {"igc": "http", "pam": "mllp", "insi": "https"} for dsr in ("SGL", "RIS", "DPI")},
    "LGO": {"igc": "http", "insi": "https"},
}
"""By DSR, the services of the bench that the reference vendor uses, and how it speaks to each."""

DSRS = tuple(SCHEMES)

_IDENTITY = ("referentiel-identites", "appelle-insi", "attributs-prevus", "pec-indirecte", "recoit-autre-domaine",
             "!copie-titre-identite")  # fmt: skip

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "PFI": ("relais-dmp-mss", "donnees-avec-ins", "bal-per-org", "iam", "ie-aspm", "structure-tierce"),
    "RI": ("referentiel-identites", "donnees-avec-ins", "appelle-insi", "attributs-prevus", "pec-indirecte",
           "recoit-autre-domaine", "!copie-titre-identite"),
    "SGL": _IDENTITY,
    "RIS": _IDENTITY,
    "LGO": _IDENTITY,
    "DPI": ("donnees-avec-ins",),
}  # fmt: skip
CLAIMS = (
    "PFI/va1/MSS/va1.30",
    "PFI/va1/TBB/va1.04",
    "PFI/va2/MSS/CONF.02",
    "RI/va1/INS/va1.65",
    "RI/va1/INS/va1.70",
    "RI/va1/RI.TBB.02",
    "SGL/va1/INS/va1.70",
)
"""What the reference vendors do beyond what is due by default: options and PEUT rows."""

PRODUCTS = {
    "PFI": "PFI de référence",
    "RI": "Référentiel de référence",
    "SGL": "SGL de référence (identités)",
    "RIS": "RIS de référence (identités)",
    "LGO": "LGO de référence (identités)",
    "DPI": "DPI de référence (identités)",
}
_INS = '[settings]\nins_environment = "production"\n'
SETTINGS = {
    "PFI": '[settings]\nincoming_messages = "ORU MDM OUL ORM SIU"\n',
    **dict.fromkeys(("RI", "SGL", "RIS", "LGO", "DPI"), _INS),
}
ENDPOINTS = {"PFI": ("documents", "third-party"), **dict.fromkeys(("RI", "SGL", "RIS", "LGO", "DPI"), ("identities",))}
"""By DSR, the ports of the vendor that the bench sends to."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running reference vendor, the target file that describes it, and how to make a laboratory facing it."""

    vendor: ReferenceVendor
    target: Target
    pki: Pki

    def make_lab(self, sink: Sink, first: int, as_of: date) -> AbstractContextManager[Lab]:
        """A laboratory for one run; `first` is the number of exchanges recorded before."""
        return facing(self.target, self.pki, _unspoken)(sink, first, as_of)


def _unspoken(id: str, /, **values: object) -> str:
    """The texts of a person's pilot: nobody is asked here."""
    del values
    return id


@contextmanager
def embedded(
    dsr: str,
    folder: Path,
    *,
    waves: Iterable[str] = ("va1", "va2"),
    defects: Iterable[str] = (),
    settle: float = 0.35,
) -> Iterator[Embedded]:
    """Start the reference vendor of a DSR with its files in `folder`; raises UsageError when there is none.

    `settle` is how long a silence closes a window: shorter is faster, and loses what a loaded machine says late. The
    token of its pilot is in the environment variable `TOKEN_ENV` meanwhile.
    """
    if dsr not in DSRS:
        raise UsageError("selftest.unknown-dsr", dsr=dsr, known=", ".join(DSRS))
    folder.mkdir(parents=True, exist_ok=True)
    pki = Pki.load_or_create(folder / "pki")
    schemes = SCHEMES[dsr]
    ports = dict(zip(schemes, free_ports(len(schemes)), strict=True))
    peers = {name: f"{scheme}://127.0.0.1:{ports[name]}" for name, scheme in schemes.items()}
    with (
        _token() as token,
        ReferenceVendor(folder, pki, peers, token=token, defects=defects, dsr=dsr) as vendor,
    ):
        path = folder / "target.toml"
        path.write_text(_target(dsr, tuple(waves), vendor.addresses, ports, settle), encoding="utf-8")
        yield Embedded(vendor, load(path), pki)


@contextmanager
def _token() -> Iterator[str]:
    """A token in the environment; what was there before comes back."""
    before = os.environ.get(TOKEN_ENV)
    token = os.environ[TOKEN_ENV] = secrets.token_urlsafe(24)
    try:
        yield token
    finally:
        if before is None:
            del os.environ[TOKEN_ENV]
        else:
            os.environ[TOKEN_ENV] = before


def _target(
    dsr: str, waves: tuple[str, ...], addresses: Mapping[str, str], ports: Mapping[str, int], settle: float
) -> str:
    claims = [key for key in CLAIMS if key.split("/")[0] == dsr and key.split("/")[1] in waves]
    services = "".join(f'[services.{name}]\nlisten = "127.0.0.1:{port}"\n\n' for name, port in ports.items())
    endpoints = "".join(f'{name} = "{addresses[name.replace("-", "_")]}"\n' for name in ENDPOINTS[dsr])
    return (
        'schema = "target/1"\n\n'
        f'[vendor]\nname = "Éditeur de référence"\nproduct = "{PRODUCTS[dsr]}"\nversion = "1"\n'
        f'reference_produit = "{REFERENCE_PRODUIT}"\n\n'
        f'[target]\ndsr = "{dsr}"\nwaves = {_list(waves)}\n'
        f"options = {_list(OPTIONS[dsr])}\nclaims = {_list(claims)}\n\n"
        f"[endpoints]\n{endpoints}\n"
        f"{services}"
        f'[pilot]\nkind = "http"\nurl = "{addresses["pilot"]}"\ntoken_env = "{TOKEN_ENV}"\n\n'
        f"[timing]\nanswer = 5.0\nsettle = {settle}\nsettle_max = 20.0\nparallel = 4\nreaction = 4.0\npilot = 15.0\n\n"
        f"{SETTINGS[dsr]}"
    )


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"

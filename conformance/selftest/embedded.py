"""The bench and the reference vendor put together on loopback: what `demo` and `selftest` run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from conformance.bench.lab import Lab
from conformance.bench.pki import Pki
from conformance.bench.recorder import Sink
from conformance.bench.target import Target, load
from conformance.errors import UsageError
from conformance.selftest.vendor import ReferenceVendor, free_ports
from conformance.services import make

DSRS = ("PFI",)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running reference vendor, the target file that describes it, and how to make a laboratory facing it."""

    vendor: ReferenceVendor
    target: Target
    pki: Pki

    def make_lab(self, sink: Sink, first: int, as_of: date) -> AbstractContextManager[Lab]:
        """A laboratory for one run; `first` is the number of exchanges recorded before."""
        return Lab(self.target, make(self.target), sink, self.pki, as_of=as_of, first=first)


@contextmanager
def embedded(
    dsr: str, folder: Path, *, waves: Iterable[str] = ("va1", "va2"), defects: Iterable[str] = ()
) -> Iterator[Embedded]:
    """Start the reference vendor of a DSR with its files in `folder`; raises UsageError when there is none."""
    if dsr not in DSRS:
        raise UsageError("selftest.unknown-dsr", dsr=dsr, known=", ".join(DSRS))
    folder.mkdir(parents=True, exist_ok=True)
    pki = Pki.load_or_create(folder / "pki")
    dmp, returns = free_ports(2)
    with ReferenceVendor(
        folder, pki, dmp=f"https://127.0.0.1:{dmp}", returns=f"mllp://127.0.0.1:{returns}", defects=defects
    ) as vendor:
        path = folder / "target.toml"
        path.write_text(_target(dsr, tuple(waves), vendor.documents, dmp, returns), encoding="utf-8")
        yield Embedded(vendor, load(path), pki)


def _target(dsr: str, waves: tuple[str, ...], documents: str, dmp: int, returns: int) -> str:
    quoted = ", ".join(f'"{w}"' for w in waves)
    return (
        'schema = "target/1"\n\n'
        '[vendor]\nname = "Éditeur de référence"\nproduct = "PFI de référence"\nversion = "1"\n\n'
        f'[target]\ndsr = "{dsr}"\nwaves = [{quoted}]\noptions = ["relais-dmp-mss", "donnees-avec-ins"]\n\n'
        f'[endpoints]\ndocuments = "{documents}"\n\n'
        f'[services.dmp]\nlisten = "127.0.0.1:{dmp}"\n\n'
        f'[services.returns]\nlisten = "127.0.0.1:{returns}"\n\n'
        "[timing]\nanswer = 5.0\nsettle = 0.4\nsettle_max = 20.0\nparallel = 4\n"
    )

"""`conformance trust`: the certificates, names and settings that a product needs, on this machine or on another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import Lang
from conformance.cli.speech import say, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.bench.target import Target

TAIL = {
    "annuaire": (
        "/practitioners",
        "/fhir/v2/Practitioner",
        "/accounts",
        "/mssante/liste-blanche.xml",
        "/extraction/PS_LibreAcces.zip",
    ),
    "insi": ("/lps",),
}

ORDER = (
    "settings",
    "hosts",
    "anchors",
    "root",
    "intermediate",
    "igc",
    "client",
    "insi",
    "server",
    "truststore",
    "password",
)
"""Files in the order they are told: stem, or its beginning."""


def trust(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="cli.trust.folder", show_default=False)],
    target: Annotated[Path | None, typer.Option("--target", metavar="FILE", help="cli.trust.target")] = None,
    host: Annotated[list[str] | None, typer.Option("--host", metavar="NAME", help="cli.trust.host")] = None,
    lang: Lang = None,
) -> None:
    """Write the kit, and say what each file is for."""
    from conformance.bench.pki import Pki
    from conformance.bench.target import load
    from conformance.bench.trust_kit import LOOPBACK, write_kit
    from conformance.cli.first.init import _host
    from conformance.cli.run import PKI

    for name in host or ():
        if not name or _host(name) is not None:
            raise UsageError("cli.trust.bad-host", name=name)
    addresses: dict[str, str] = {}
    sheet = ""
    if target is not None:
        loaded = load(target)
        addresses = places(loaded)
        sheet = "\n".join(_sheet(addresses, loaded.settings)) + "\n"
    written = write_kit(
        Pki.load_or_create(PKI), folder, addresses, hosts=(*dict.fromkeys((*(host or ()), *LOOPBACK)),), sheet=sheet
    )
    say("cli.trust.written", count=len(written), folder=folder)
    for path in sorted(written, key=lambda path: (ORDER.index(path.stem.split("-")[0]), path.name)):
        say(f"cli.trust.file.{path.name}", name=path.name)
    print()
    if sheet:
        print(sheet, end="")
    else:
        say("cli.trust.no-target", folder=folder)


def places(target: Target) -> dict[str, str]:
    """Service of the target -> the address by which the product reaches it."""
    from conformance.services import SERVICES

    found: dict[str, str] = {}
    for name, listen in target.services.items():
        scheme = SERVICES[name].scheme if name in SERVICES else "https"
        host = f"[{listen.host}]" if ":" in listen.host else listen.host
        found[name] = listen.advertise or f"{scheme}://{host}:{listen.port}"
    return found


def _sheet(addresses: Mapping[str, str], settings: Mapping[str, object]) -> Iterator[str]:
    """What to set in the product, service by service."""
    from conformance.services.psc import PscService
    from conformance.services.psc.service import ISSUERS

    yield t("cli.trust.names")
    for name, url in addresses.items():
        yield f"  {name:<10} {url}"
        if name == "mss":
            for kind in ("application", "return", "personal"):
                yield f"  {'':<10}   {t(f'cli.trust.mailbox.{kind}')}{settings[f'mss_{kind}_mailbox']}"
            yield f"  {'':<10}   {t('cli.trust.any-password')}"
        if name == "psc":
            yield f"  {'':<10}   {url}{ISSUERS['psc']}/.well-known/wallet-openid-configuration"
            for label, setting in (("client", "psc_client_id"), ("secret", "psc_client_secret")):
                yield f"  {'':<10}   client_{'id' if label == 'client' else 'secret'} = " + str(
                    settings.get(setting) or PscService.knobs[label]
                )
        if name == "igc":
            yield f"  {'':<10}   {url}/CRL/intermediate.crl   {url}/OCSP"
        yield from (f"  {'':<10}   {url}{tail}" for tail in TAIL.get(name, ()))

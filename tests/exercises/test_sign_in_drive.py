"""The exercises of sign-ins and accounts in front of a product made of Authlib and PyJWT, not of our reference."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from relying_vendor import RelyingVendor, relying

from conformance.bench.lab import Job, Lab
from conformance.bench.pilot.http import HttpPilot
from conformance.bench.pki import Pki
from conformance.bench.target import Target, Timing, Vendor
from conformance.engine.collect import draw
from conformance.evidence.codec import from_plain, to_plain
from conformance.evidence.values import Context, Driven, Exchange, Finding, Heard, Severity, Witness
from conformance.exercises import registry
from conformance.generation.binding import bind
from conformance.models.access import AccountStory, SignIn
from conformance.properties import base
from conformance.services import make
from conformance.services.psc.service import ISSUERS
from conformance.standards.observe import observe

Words = tuple[list[Finding], list[Witness]]
MINE = ("sign-in", "accounts", "dashboard")


class Bench:
    """A laboratory, the product, and what a property says of a case driven on it."""

    def __init__(self, lab: Lab, vendor: RelyingVendor) -> None:
        self.lab, self.vendor, self._number = lab, vendor, 0

    def judged(self, exercise: str, case: object, property: str) -> Words:
        """Drive one case, let one property judge."""
        self._number += 1
        played, binding, name = registry.get(exercise), bind("0badc0de", self._number), f"c{self._number}"
        job = Job(name, lambda drive: played.drive(drive, case, binding), name)
        window = self.lab.window([job], {}, exclusive=True)
        done = window.done[name]
        assert done.fault is None
        heard = tuple(observe(x) for x in window.exchanges)
        driven: Driven[Any] = Driven(name, exercise, "normal", case, binding, done.sent)
        words = list(base.get(property).judge(driven, Heard(heard, heard), Context(date(2026, 1, 5))))
        return [w for w in words if isinstance(w, Finding)], [w for w in words if isinstance(w, Witness)]


@pytest.fixture(params=["psc"])
def bench(pki: Pki, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The bench in front of the product, set up for one of the two issuers."""
    timing = Timing(answer=5.0, settle=0.2, settle_max=5.0, reaction=1.0)
    target = Target(Vendor("V", "P", "1"), "PFI", ("va2",), timing=timing)
    trust = ssl.create_default_context(cadata=pki.anchors_pem.decode())
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    vendor = RelyingVendor("", trust)
    kept: list[Exchange] = []
    services = [s for s in make(target) if s.name in ("annuaire", "psc")]
    with relying(vendor), Lab(target, services, kept.append, pki, pilot=HttpPilot(vendor.url)) as lab:
        addresses = lab.addresses()
        document = "wallet-openid-configuration" if request.param == "psc" else "openid-configuration"
        vendor.discovery = f"{addresses['psc']}{ISSUERS[request.param]}/.well-known/{document}"
        vendor.directory = addresses["annuaire"]
        yield Bench(lab, vendor)


@pytest.mark.parametrize("bench", ["psc", "generic"], indirect=True)
def test_a_product_of_two_libraries_is_found_sound_with_both_issuers(bench: Bench) -> None:
    """A good sign-in by the web: a witness for PSC.01 and for SSI/IAM.80, no finding, whoever the provider is."""
    for property in ("psc.sign-in-web", "iam.openid-web"):
        found, seen = bench.judged("sign-in", SignIn("web"), property)
        assert (found, len(seen)) == ([], 1), bench.vendor.troubles


@pytest.mark.parametrize("token", ["wrong-issuer", "wrong-audience", "expired"])
def test_pyjwt_refuses_what_the_row_wants_refused(bench: Bench, token: str) -> None:
    """The witness says that nothing was opened; PyJWT says why."""
    found, seen = bench.judged("sign-in", SignIn("web", token=token), "iam.openid-web")  # type: ignore[arg-type]
    assert (found, len(seen)) == ([], 1)
    assert bench.vendor.troubles[-1].startswith(("InvalidIssuer", "InvalidAudience", "ExpiredSignature"))


def test_a_product_that_does_not_look_at_the_issuer_is_caught(bench: Bench) -> None:
    """The same product with one check less."""
    bench.vendor.lax = frozenset({"issuer"})
    found, _ = bench.judged("sign-in", SignIn("web", token="wrong-issuer"), "iam.openid-web")
    assert [(f.code, f.severity) for f in found] == [("iam.oidc.invalid-token", Severity.ERROR)]


@pytest.mark.parametrize(
    "case",
    [SignIn("web", refusal="access_denied"), SignIn("web", wrong_state=True), SignIn("web", down=True)],
    ids=["refused", "state", "down"],
)
def test_refusals_and_failures_open_nothing(bench: Bench, case: SignIn) -> None:
    """Authlib raises on error=, the product on another state, httpx on 503: a witness each."""
    found, seen = bench.judged("sign-in", case, "psc.sign-in-web")
    assert (found, len(seen)) == ([], 1)
    assert bench.vendor.troubles


def test_a_live_session_is_used_again_and_a_logout_reaches_the_provider(bench: Bench) -> None:
    """One browser signs in twice, then signs out by the address that the pilot gives."""
    assert bench.judged("sign-in", SignIn("web", "again"), "iam.openid-web")[0] == []
    assert bench.judged("sign-in", SignIn("web", "logout"), "psc.sign-in-web")[0] == []


@pytest.mark.parametrize("story", ["password", "homonyms"])
def test_accounts_are_linked_by_the_rpps(bench: Bench, story: str) -> None:
    """Password and provider open the same account, for namesakes too."""
    found, seen = bench.judged("sign-in", SignIn("usual", story), "psc.account-linking")  # type: ignore[arg-type]
    assert (found, len(seen)) == ([], 2 if story == "homonyms" else 1)


def test_a_mode_that_the_product_has_not_shows_nothing(bench: Bench) -> None:
    """CIBA is unsupported: neither finding nor witness."""
    assert bench.judged("sign-in", SignIn("ciba"), "psc.sign-in-ciba") == ([], [])


def test_the_look_up_of_a_product_is_seen(bench: Bench) -> None:
    """httpx asks the directory when the account is made; without a directory the account has no RPPS: an error."""
    found, seen = bench.judged("accounts", AccountStory(), "accounts.rpps-lookup")
    assert (found, len(seen)) == ([], 1)
    bench.vendor.directory = ""
    found, seen = bench.judged("accounts", AccountStory(), "accounts.rpps-lookup")
    assert ([f.code for f in found], seen) == (["ie.rpps.not-searched"], [])


@pytest.mark.parametrize("name", MINE)
def test_every_label_has_a_case_that_bears_it_and_survives_the_journal(name: str) -> None:
    """A case drawn for a label has it; JSON gives the same case back."""
    exercise = registry.get(name)
    for label in sorted(exercise.labels()):
        for case in draw(exercise.cases(label), 3, 7):
            assert label in exercise.labels_of(case)
            assert exercise.labels_of(case) <= exercise.labels()
            assert from_plain(to_plain(case), exercise.case_type) == case
    with pytest.raises(KeyError):
        exercise.cases("no-such-label")


@pytest.mark.parametrize("name", MINE)
def test_simpler_cases_end(name: str) -> None:
    """Each step is another case, and the steps come to an end."""
    exercise = registry.get(name)
    for case in draw(exercise.cases(None), 20, 11):
        seen = [case]
        while steps := exercise.simpler(seen[-1]):
            assert seen[-1] not in steps
            seen.append(steps[0])
            assert len(seen) < 20

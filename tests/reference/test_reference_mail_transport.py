"""The connection to the operator: what is refused, what is kept, and what each transport defect changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from reference_mail_bench import APP, MailBench, cda, fresh_oid, mail_bench, mailed

from conformance.reference.defects import transport
from conformance.reference.mail.rules import MailBehaviour


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailBench]:
    """One laboratory and one reference for the module."""
    with mail_bench(tmp_path_factory.mktemp("transport")) as made:
        made.start()
        yield made


@pytest.fixture
def bench(shared: MailBench) -> MailBench:
    """The same, sound and with nothing remembered."""
    shared.fresh()
    return shared


def attempt(bench: MailBench, settings: Mapping[str, str]) -> tuple[int, str, str]:
    """One mail asked for in an environment: mails heard, TLS version of the last session, what was said in clear."""
    bench.environment(settings)
    bench.ask(mailed(cda(fresh_oid())))
    bench.settle()
    bench.wait(lambda: bench.of("mss", "session"))
    last = bench.of("mss", "session")[-1].facts
    return len(bench.mails()), str(last["tls"]), str(last["clear_commands"])


SENT = (1, "1.3", "EHLO STARTTLS")
REFUSED = (0, "", "EHLO STARTTLS")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, SENT),
        ({"mss.certificate": "igc"}, SENT),
        ({"mss.certificate": "expired"}, REFUSED),
        ({"mss.certificate": "not-yet-valid"}, REFUSED),
        ({"mss.certificate": "expired-authority"}, REFUSED),
        ({"mss.certificate": "foreign"}, REFUSED),
        ({"mss.certificate": "self-signed"}, REFUSED),
        ({"mss.certificate": "wrong-name"}, REFUSED),
        ({"mss.certificate": "revoked"}, (0, "1.3", "EHLO STARTTLS")),
        ({"mss.offer": "tls1.1-only"}, REFUSED),
        ({"mss.offer": "tls1.2-only"}, (1, "1.2", "EHLO STARTTLS")),
        ({"mss.offer": "tls1.3-only"}, SENT),
        ({"mss.offer": "weak-dh"}, REFUSED),
        ({"mss.offer": "weak-curve"}, REFUSED),
        ({"mss.offer": "foreign-suites"}, REFUSED),
        ({"mss.offer": "no-starttls"}, (0, "", "EHLO QUIT")),
        ({"igc.crl": "unreachable"}, SENT),
        ({"igc.crl": "revokes"}, (0, "1.3", "EHLO STARTTLS")),
    ],
    ids=lambda v: next(iter(v.values()), "usual") if isinstance(v, dict) else "",
)
def test_the_sound_client(bench: MailBench, settings: dict[str, str], expected: tuple[int, str, str]) -> None:
    """Only an operator whose version, suite, group and certificate are right gets the mail, never in clear."""
    attempt(bench, {})  # a CRL is fetched first
    bench.heard.clear()
    assert attempt(bench, settings) == expected


@pytest.mark.parametrize(
    ("defect", "settings", "expected"),
    [
        ("clear-fallback", {"mss.offer": "no-starttls"}, (1, "", "EHLO AUTH MAIL RCPT DATA QUIT")),
        ("expired-accepted", {"mss.certificate": "expired"}, SENT),
        ("igc-refused", {"mss.certificate": "igc"}, (0, "1.3", "EHLO STARTTLS")),
        ("igc-refused", {}, SENT),
        ("old-tls-accepted", {"mss.offer": "tls1.1-only"}, (1, "1.1", "EHLO STARTTLS")),
        ("old-tls-accepted", {}, SENT),
        ("tls-1-1-only", {}, REFUSED),
        ("tls-1-3-never", {}, (1, "1.2", "EHLO STARTTLS")),
        ("weak-suites", {"mss.offer": "weak-dh"}, (1, "1.2", "EHLO STARTTLS")),
        ("weak-suites", {"mss.offer": "foreign-suites"}, (1, "1.2", "EHLO STARTTLS")),
        ("smtp-auth-before-tls", {}, (1, "1.3", "EHLO AUTH STARTTLS")),
        ("crl-forgotten", {"igc.crl": "unreachable"}, (0, "1.3", "EHLO STARTTLS")),
        ("crl-forgotten", {}, SENT),
    ],
)
def test_a_defect_of_submission(
    bench: MailBench, defect: str, settings: dict[str, str], expected: tuple[int, str, str]
) -> None:
    """With a transport defect, the facts of the session change as written here."""
    bench.fresh(defect)
    assert attempt(bench, settings) == expected


def logins(bench: MailBench, defect: str) -> dict[str, tuple[str, str, bool]]:
    """Sessions opened after a switch: by mailbox, TLS version, commands in clear, whether a certificate was shown."""
    bench.admin(op="defects", names=[defect] if defect else [])
    bench.environment({"imap.certificate": "igc"})
    bench.heard.clear()
    bench.environment({})  # the operator closes the sessions: they come again
    found = bench.wait(lambda: got if len(got := bench.of("imap", "login")) >= 2 else None)
    return {
        str(e.facts["login"]): (
            str(e.facts["tls"]),
            str(e.facts.get("clear_commands", "")),
            bool(e.facts["client_certificate"]),
        )
        for e in found
    }


def test_reading_starts_with_tls(bench: MailBench) -> None:
    """IMAP sessions show the certificate and say nothing but CAPABILITY before STARTTLS; each defect shows there."""
    sound = logins(bench, "")
    assert sound[APP] == ("1.3", "CAPABILITY STARTTLS", True)
    assert logins(bench, "imap-login-before-tls")[APP] == ("1.3", "CAPABILITY LOGIN STARTTLS", True)
    assert logins(bench, "no-client-certificate")[APP] == ("1.3", "CAPABILITY STARTTLS", False)
    bench.fresh("no-client-certificate")
    assert attempt(bench, {}) == SENT
    assert bench.of("mss", "mail")[0].facts["client_certificate"] == ""


def test_the_last_crl_survives_a_restart(bench: MailBench, shared: MailBench) -> None:
    """With a folder to keep it, the last CRL serves a new process while the current one cannot be fetched."""
    kept = shared.folder / "crl"
    try:
        shared.start(more=f'crl_store = "{kept}"')
        assert attempt(bench, {})[0] == 1
        assert list(kept.glob("*.crl"))
        shared.start(more=f'crl_store = "{kept}"')
        bench.heard.clear()
        assert attempt(bench, {"igc.crl": "unreachable"}) == SENT
    finally:
        shared.start()


def test_revocation_by_ocsp(bench: MailBench, shared: MailBench) -> None:
    """By OCSP, a good answer lets the mail through; a revoked or missing one does not."""
    try:
        shared.start(more='crl = "ocsp"')
        assert attempt(bench, {}) == SENT
        for state in ("revoked", "unreachable"):
            bench.heard.clear()
            assert attempt(bench, {"igc.ocsp": state})[0] == 0
    finally:
        shared.start()


def test_each_defect_replaces_a_decision() -> None:
    """Every transport defect names a field of the decisions, and says so in two languages."""
    for defect in transport.DEFECTS:
        assert defect.area == "mail"
        assert defect.replaces in MailBehaviour.__dataclass_fields__
        assert defect.fr.endswith(".")
        assert defect.en.endswith(".")

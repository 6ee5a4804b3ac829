"""Violations of the connection to the operator: TLS, certificates, order of commands."""

from __future__ import annotations

import contextlib
import re
import smtplib
from collections.abc import Sequence

from cryptography import x509

from conformance.reference.defects.table import Defect, of_mail
from conformance.reference.mail.rules import SUITES

ANY_SUITE = "ALL:@SECLEVEL=0"
OLD_SUITES = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
"""OpenSSL only speaks TLS 1.1 at its lowest level, where it knows no small group that is not DHE."""


def yes() -> bool:
    """Yes."""
    return True


def no() -> bool:
    """No."""
    return False


def igc_refused(chain: Sequence[x509.Certificate]) -> bool:
    """A chain whose authorities are named as those of IGC-Santé is refused."""
    return not any(re.search("IGC[ -]?SANTE", c.issuer.rfc4514_string(), re.IGNORECASE) for c in chain)


def down_to_1_1(minimum: str, maximum: str) -> tuple[str, str, str]:
    """From TLS 1.1 on, with a suite that it has."""
    del minimum
    return "1.1", maximum, OLD_SUITES


def only_1_1(minimum: str, maximum: str) -> tuple[str, str, str]:
    """TLS 1.1 at most."""
    del minimum, maximum
    return "1.0", "1.1", OLD_SUITES


def never_1_3(minimum: str, maximum: str) -> tuple[str, str, str]:
    """TLS 1.2 at most."""
    del maximum
    return minimum, "1.2", SUITES


def any_suite(minimum: str, maximum: str) -> tuple[str, str, str]:
    """Whatever OpenSSL has, at its lowest level."""
    return minimum, maximum, ANY_SUITE


def auth_first(client: smtplib.SMTP, login: str, password: str) -> None:
    """AUTH PLAIN in clear, before STARTTLS; a refusal is ignored."""
    client.user, client.password = login, password
    with contextlib.suppress(smtplib.SMTPException):
        client.auth("PLAIN", client.auth_plain)


def no_certificate(mailbox: str, application_mailbox: str) -> bool:
    """The application mailbox shows no certificate."""
    return mailbox != application_mailbox


DEFECTS: tuple[Defect, ...] = (
    of_mail(
        "clear-fallback",
        "va1/MSS/va1.03",
        "clear_allowed",
        yes,
        "Quand l'opérateur n'offre pas STARTTLS, l'échange se fait en clair.",
        "When the operator offers no STARTTLS, the exchange goes on in clear.",
    ),
    of_mail(
        "expired-accepted",
        "va1/MSS/va1.04",
        "dates_checked",
        no,
        "La date du certificat de l'opérateur n'est pas regardée.",
        "The date of the operator's certificate is not looked at.",
    ),
    of_mail(
        "igc-refused",
        "va1/MSS/va1.06",
        "chain_accepted",
        igc_refused,
        "Une chaîne de certification de type IGC-Santé est refusée.",
        "A certificate chain of the IGC-Santé kind is refused.",
    ),
    of_mail(
        "old-tls-accepted",
        "va1/MSS/va1.31",
        "tls_offer",
        down_to_1_1,
        "TLS 1.1 est négocié quand l'opérateur n'offre pas mieux.",
        "TLS 1.1 is negotiated when the operator offers nothing better.",
    ),
    of_mail(
        "tls-1-1-only",
        "va2/MSS/CONF.01",
        "tls_offer",
        only_1_1,
        "Le client ne connaît rien au-dessus de TLS 1.1.",
        "The client speaks nothing above TLS 1.1.",
    ),
    of_mail(
        "tls-1-3-never",
        "va2/MSS/CONF.02",
        "tls_offer",
        never_1_3,
        "TLS 1.3 n'est jamais négocié.",
        "TLS 1.3 is never negotiated.",
    ),
    of_mail(
        "weak-suites",
        "va2/MSS/CONF.03",
        "tls_offer",
        any_suite,
        "Toute suite et tout groupe sont acceptés.",
        "Any suite and any group is accepted.",
    ),
    of_mail(
        "smtp-auth-before-tls",
        "va2/MSS/CONF.05",
        "smtp_before_tls",
        auth_first,
        "L'authentification SMTP est tentée avant STARTTLS.",
        "SMTP authentication is tried before STARTTLS.",
    ),
    of_mail(
        "imap-login-before-tls",
        "va2/MSS/CONF.06",
        "imap_before_tls",
        yes,
        "LOGIN est envoyé en IMAP avant STARTTLS.",
        "LOGIN is sent in IMAP before STARTTLS.",
    ),
    of_mail(
        "no-client-certificate",
        "va2/MSS/CONF.12",
        "certificate_shown",
        no_certificate,
        "La session de la BAL applicative ne présente aucun certificat.",
        "The session of the application mailbox shows no certificate.",
    ),
    of_mail(
        "crl-forgotten",
        "va2/MSS/CONF.22",
        "last_crl_kept",
        no,
        "La dernière CRL est perdue quand la courante ne peut pas être récupérée.",
        "The last CRL is dropped when the current one cannot be fetched.",
    ),
)

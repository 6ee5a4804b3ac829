"""A small profile written out in full, and a way to change one thing of it."""

from __future__ import annotations

from pathlib import Path

from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Profile

OPTIONS = """\
schema: options/1
options:
  bal-app: {default: true, fr: Boîte applicative., en: Application mailbox.}
  iam: {default: false, fr: Trajectoire IAM., en: IAM path.}
reasons:
  not-yet: {fr: Pas encore., en: Not yet.}
"""

SOCLE = """\
schema: socle/1
bodies:
  tls:
    title: Chiffrer la connexion
    title_en: Encrypt the connection
    source: ECO.1.1.1
    automation: auto
    scenarios:
      - id: MSS/va1.03.01
        property: mss.tls
        proofs: [{id: MSS/va1.03.01.01, kind: fichier}]
"""

PROFILE = """\
schema: profile/1
dsr: PFI
name: Plateforme
name_en: Platform
waves:
  va1:
    requirements:
      - key: PFI/va1/MSS/va1.03
        use: mss.tls
        id: MSS/va1.03
        ref: MSS.01
        level: DOIT
        scope: Général
        when: bal-app and not iam
        superseded_by: PFI/va2/PSC.01
      - key: PFI/va1/MSS/va1.30
        id: MSS/va1.30
        ref: null
        level: PEUT
        scope: Général
        when: claims(PFI/va1/MSS/va1.30)
        title: Prévenir d'une suppression
        title_en: Warn of a deletion
        source: REM vague 1
        automation: semi
        scenarios:
          - id: null
            derived: true
            reason: {code: not-yet}
  va2:
    requirements:
      - key: PFI/va2/PSC.01
        id: PSC.01
        ref: null
        level: DOIT
        scope: Général
        when: always
        title: Connecter par PSC
        title_en: Sign in with PSC
        source: PSC
        automation: manual
        one_of: modes
        scenarios:
          - id: PSC.01.01
            attest: Une vidéo du mode web
            attest_en: A video of the web mode
            proofs:
              - {id: PSC.01.01.01, kind: video_ou_captures}
              - {id: PSC.01.01.01, kind: documentation}
          - id: PSC.01.02
            attest: Une vidéo du mode CIBA
            attest_en: A video of the CIBA mode
"""


def write(folder: Path, profile: str = PROFILE, *, options: str = OPTIONS, socle: str = SOCLE) -> Path:
    """Write a folder of profiles; the path of its profile."""
    (folder / "socle").mkdir(parents=True, exist_ok=True)
    (folder / "options.yaml").write_text(options, encoding="utf-8")
    (folder / "socle" / "mss.yaml").write_text(socle, encoding="utf-8")
    path = folder / "sample.yaml"
    path.write_text(profile, encoding="utf-8")
    return path


def changed(old: str, new: str, text: str = PROFILE) -> str:
    """The sample with one thing replaced, which must be there once."""
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    return text.replace(old, new)


def loaded(folder: Path, profile: str = PROFILE, *, options: str = OPTIONS, socle: str = SOCLE) -> Profile:
    """The sample profile, read without the check on options (the lint's business)."""
    return load_profile(write(folder, profile, options=options, socle=socle), check=False)


def line_of(text: str, needle: str) -> int:
    """The line (from 1) on which a text first appears."""
    return text[: text.index(needle)].count("\n") + 1

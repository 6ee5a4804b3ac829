"""Tables of TLS: versions, suites and groups with their IANA numbers, and what the ANS and the ANSSI say of each.

Numbers: IANA registry "TLS Parameters"; names: those of OpenSSL. Classes: ANSSI, « Recommandations de sécurité
relatives à TLS » v1.2 (26/03/2020), 2.1 (versions), 2.2 and annex A (suites), 2.2 (groups).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Exchange = Literal["1.3", "ECDHE", "DHE", "RSA", "anonymous"]
Class = Literal["recommended", "degraded", "no-forward-secrecy", "broken"]


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite: its OpenSSL name, how keys are exchanged (`1.3`: the suite does not say), the ANSSI class.

    `degraded` is admitted where nothing better can be had (CBC, DHE, SHA-1 as MAC); `no-forward-secrecy` is a static
    RSA exchange; `broken` has no encryption, no authentication, or RC4, DES, 3DES, MD5.
    """

    name: str
    exchange: Exchange
    rank: Class


MSSANTE_SUITES = (0xC030, 0xC02F, 0xC028, 0xC027, 0x009F, 0x009E)
"""The only suites admitted with an MSSanté operator in TLS 1.2 (Référentiel socle MSSanté n° 2, ECO.1.1.3)."""

MSSANTE_DH_BITS, MSSANTE_CURVE_BITS = 2048, 256
"""The shortest groups admitted with an operator (ECO.1.1.3)."""

ANSSI_DH_BITS, ANSSI_CURVE_BITS, ANSSI_RSA_BITS = 2048, 256, 2048
"""The shortest groups and RSA keys of the ANSSI guide (2.2, 3.1)."""

NOT_SUITES = frozenset({0x00FF, 0x5600})
"""Signals that travel in the list of suites: renegotiation (RFC 5746), fall-back (RFC 7507)."""

SUITES: Mapping[int, Suite] = MappingProxyType(
    {
        0x0001: Suite("NULL-MD5", "RSA", "broken"),
        0x0002: Suite("NULL-SHA", "RSA", "broken"),
        0x0003: Suite("EXP-RC4-MD5", "RSA", "broken"),
        0x0004: Suite("RC4-MD5", "RSA", "broken"),
        0x0005: Suite("RC4-SHA", "RSA", "broken"),
        0x0009: Suite("DES-CBC-SHA", "RSA", "broken"),
        0x000A: Suite("DES-CBC3-SHA", "RSA", "broken"),
        0x0015: Suite("EDH-RSA-DES-CBC-SHA", "DHE", "broken"),
        0x0016: Suite("EDH-RSA-DES-CBC3-SHA", "DHE", "broken"),
        0x0018: Suite("ADH-RC4-MD5", "anonymous", "broken"),
        0x002F: Suite("AES128-SHA", "RSA", "no-forward-secrecy"),
        0x0032: Suite("DHE-DSS-AES128-SHA", "DHE", "degraded"),
        0x0033: Suite("DHE-RSA-AES128-SHA", "DHE", "degraded"),
        0x0034: Suite("ADH-AES128-SHA", "anonymous", "broken"),
        0x0035: Suite("AES256-SHA", "RSA", "no-forward-secrecy"),
        0x0038: Suite("DHE-DSS-AES256-SHA", "DHE", "degraded"),
        0x0039: Suite("DHE-RSA-AES256-SHA", "DHE", "degraded"),
        0x003A: Suite("ADH-AES256-SHA", "anonymous", "broken"),
        0x003B: Suite("NULL-SHA256", "RSA", "broken"),
        0x003C: Suite("AES128-SHA256", "RSA", "no-forward-secrecy"),
        0x003D: Suite("AES256-SHA256", "RSA", "no-forward-secrecy"),
        0x0040: Suite("DHE-DSS-AES128-SHA256", "DHE", "degraded"),
        0x0041: Suite("CAMELLIA128-SHA", "RSA", "no-forward-secrecy"),
        0x0044: Suite("DHE-DSS-CAMELLIA128-SHA", "DHE", "degraded"),
        0x0045: Suite("DHE-RSA-CAMELLIA128-SHA", "DHE", "degraded"),
        0x0046: Suite("ADH-CAMELLIA128-SHA", "anonymous", "broken"),
        0x0067: Suite("DHE-RSA-AES128-SHA256", "DHE", "degraded"),
        0x006A: Suite("DHE-DSS-AES256-SHA256", "DHE", "degraded"),
        0x006B: Suite("DHE-RSA-AES256-SHA256", "DHE", "degraded"),
        0x006C: Suite("ADH-AES128-SHA256", "anonymous", "broken"),
        0x006D: Suite("ADH-AES256-SHA256", "anonymous", "broken"),
        0x0084: Suite("CAMELLIA256-SHA", "RSA", "no-forward-secrecy"),
        0x0087: Suite("DHE-DSS-CAMELLIA256-SHA", "DHE", "degraded"),
        0x0088: Suite("DHE-RSA-CAMELLIA256-SHA", "DHE", "degraded"),
        0x0089: Suite("ADH-CAMELLIA256-SHA", "anonymous", "broken"),
        0x009C: Suite("AES128-GCM-SHA256", "RSA", "no-forward-secrecy"),
        0x009D: Suite("AES256-GCM-SHA384", "RSA", "no-forward-secrecy"),
        0x009E: Suite("DHE-RSA-AES128-GCM-SHA256", "DHE", "degraded"),
        0x009F: Suite("DHE-RSA-AES256-GCM-SHA384", "DHE", "degraded"),
        0x00A2: Suite("DHE-DSS-AES128-GCM-SHA256", "DHE", "degraded"),
        0x00A3: Suite("DHE-DSS-AES256-GCM-SHA384", "DHE", "degraded"),
        0x00A6: Suite("ADH-AES128-GCM-SHA256", "anonymous", "broken"),
        0x00A7: Suite("ADH-AES256-GCM-SHA384", "anonymous", "broken"),
        0x00BA: Suite("CAMELLIA128-SHA256", "RSA", "no-forward-secrecy"),
        0x00BD: Suite("DHE-DSS-CAMELLIA128-SHA256", "DHE", "degraded"),
        0x00BE: Suite("DHE-RSA-CAMELLIA128-SHA256", "DHE", "degraded"),
        0x00BF: Suite("ADH-CAMELLIA128-SHA256", "anonymous", "broken"),
        0x00C0: Suite("CAMELLIA256-SHA256", "RSA", "no-forward-secrecy"),
        0x00C3: Suite("DHE-DSS-CAMELLIA256-SHA256", "DHE", "degraded"),
        0x00C4: Suite("DHE-RSA-CAMELLIA256-SHA256", "DHE", "degraded"),
        0x00C5: Suite("ADH-CAMELLIA256-SHA256", "anonymous", "broken"),
        0x1301: Suite("TLS_AES_128_GCM_SHA256", "1.3", "recommended"),
        0x1302: Suite("TLS_AES_256_GCM_SHA384", "1.3", "recommended"),
        0x1303: Suite("TLS_CHACHA20_POLY1305_SHA256", "1.3", "recommended"),
        0xC006: Suite("ECDHE-ECDSA-NULL-SHA", "ECDHE", "broken"),
        0xC007: Suite("ECDHE-ECDSA-RC4-SHA", "ECDHE", "broken"),
        0xC008: Suite("ECDHE-ECDSA-DES-CBC3-SHA", "ECDHE", "broken"),
        0xC009: Suite("ECDHE-ECDSA-AES128-SHA", "ECDHE", "degraded"),
        0xC00A: Suite("ECDHE-ECDSA-AES256-SHA", "ECDHE", "degraded"),
        0xC010: Suite("ECDHE-RSA-NULL-SHA", "ECDHE", "broken"),
        0xC011: Suite("ECDHE-RSA-RC4-SHA", "ECDHE", "broken"),
        0xC012: Suite("ECDHE-RSA-DES-CBC3-SHA", "ECDHE", "broken"),
        0xC013: Suite("ECDHE-RSA-AES128-SHA", "ECDHE", "degraded"),
        0xC014: Suite("ECDHE-RSA-AES256-SHA", "ECDHE", "degraded"),
        0xC015: Suite("AECDH-NULL-SHA", "anonymous", "broken"),
        0xC018: Suite("AECDH-AES128-SHA", "anonymous", "broken"),
        0xC019: Suite("AECDH-AES256-SHA", "anonymous", "broken"),
        0xC023: Suite("ECDHE-ECDSA-AES128-SHA256", "ECDHE", "degraded"),
        0xC024: Suite("ECDHE-ECDSA-AES256-SHA384", "ECDHE", "degraded"),
        0xC027: Suite("ECDHE-RSA-AES128-SHA256", "ECDHE", "degraded"),
        0xC028: Suite("ECDHE-RSA-AES256-SHA384", "ECDHE", "degraded"),
        0xC02B: Suite("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE", "recommended"),
        0xC02C: Suite("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE", "recommended"),
        0xC02F: Suite("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE", "recommended"),
        0xC030: Suite("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE", "recommended"),
        0xC050: Suite("ARIA128-GCM-SHA256", "RSA", "no-forward-secrecy"),
        0xC051: Suite("ARIA256-GCM-SHA384", "RSA", "no-forward-secrecy"),
        0xC052: Suite("DHE-RSA-ARIA128-GCM-SHA256", "DHE", "degraded"),
        0xC053: Suite("DHE-RSA-ARIA256-GCM-SHA384", "DHE", "degraded"),
        0xC056: Suite("DHE-DSS-ARIA128-GCM-SHA256", "DHE", "degraded"),
        0xC057: Suite("DHE-DSS-ARIA256-GCM-SHA384", "DHE", "degraded"),
        0xC05C: Suite("ECDHE-ECDSA-ARIA128-GCM-SHA256", "ECDHE", "recommended"),
        0xC05D: Suite("ECDHE-ECDSA-ARIA256-GCM-SHA384", "ECDHE", "recommended"),
        0xC060: Suite("ECDHE-ARIA128-GCM-SHA256", "ECDHE", "recommended"),
        0xC061: Suite("ECDHE-ARIA256-GCM-SHA384", "ECDHE", "recommended"),
        0xC072: Suite("ECDHE-ECDSA-CAMELLIA128-SHA256", "ECDHE", "degraded"),
        0xC073: Suite("ECDHE-ECDSA-CAMELLIA256-SHA384", "ECDHE", "degraded"),
        0xC076: Suite("ECDHE-RSA-CAMELLIA128-SHA256", "ECDHE", "degraded"),
        0xC077: Suite("ECDHE-RSA-CAMELLIA256-SHA384", "ECDHE", "degraded"),
        0xC09C: Suite("AES128-CCM", "RSA", "no-forward-secrecy"),
        0xC09D: Suite("AES256-CCM", "RSA", "no-forward-secrecy"),
        0xC09E: Suite("DHE-RSA-AES128-CCM", "DHE", "degraded"),
        0xC09F: Suite("DHE-RSA-AES256-CCM", "DHE", "degraded"),
        0xC0A0: Suite("AES128-CCM8", "RSA", "no-forward-secrecy"),
        0xC0A1: Suite("AES256-CCM8", "RSA", "no-forward-secrecy"),
        0xC0A2: Suite("DHE-RSA-AES128-CCM8", "DHE", "degraded"),
        0xC0A3: Suite("DHE-RSA-AES256-CCM8", "DHE", "degraded"),
        0xC0AC: Suite("ECDHE-ECDSA-AES128-CCM", "ECDHE", "recommended"),
        0xC0AD: Suite("ECDHE-ECDSA-AES256-CCM", "ECDHE", "recommended"),
        0xC0AE: Suite("ECDHE-ECDSA-AES128-CCM8", "ECDHE", "degraded"),
        0xC0AF: Suite("ECDHE-ECDSA-AES256-CCM8", "ECDHE", "degraded"),
        0xCCA8: Suite("ECDHE-RSA-CHACHA20-POLY1305", "ECDHE", "recommended"),
        0xCCA9: Suite("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE", "recommended"),
        0xCCAA: Suite("DHE-RSA-CHACHA20-POLY1305", "DHE", "degraded"),
    }
)
"""IANA number -> suite. One that is not here is judged on nothing but its absence from a list."""

VERSIONS: Mapping[str, Literal["recommended", "admitted", "obsolete"]] = MappingProxyType(
    {"1.3": "recommended", "1.2": "admitted", "1.1": "obsolete", "1.0": "obsolete", "SSL3": "obsolete"}
)
"""Version -> what the ANSSI guide (2.1) and RFC 8996 say of it."""

ORDER = ("SSL3", "1.0", "1.1", "1.2", "1.3")
"""Versions, oldest first."""

_WIRE = {"0300": "SSL3", "0301": "1.0", "0302": "1.1", "0303": "1.2", "0304": "1.3"}

GROUP_BITS: Mapping[str, int] = MappingProxyType({
    "secp192r1": 192, "prime192v1": 192, "secp192k1": 192, "secp224r1": 224, "secp224k1": 224,
    "prime256v1": 256, "secp256r1": 256, "P-256": 256, "secp256k1": 256, "secp384r1": 384, "P-384": 384,
    "secp521r1": 521, "P-521": 521, "brainpoolP256r1": 256, "brainpoolP384r1": 384, "brainpoolP512r1": 512,
    "x25519": 256, "x448": 448,
    "X25519MLKEM768": 256, "SecP256r1MLKEM768": 256, "SecP384r1MLKEM1024": 384,
    "ffdhe2048": 2048, "ffdhe3072": 3072, "ffdhe4096": 4096, "ffdhe6144": 6144, "ffdhe8192": 8192,
})  # fmt: skip
"""Group -> its size in bits. x25519 counts for 256: the ANSSI guide puts it beside secp256r1."""

_FINITE = re.compile(r"(?:ff)?dhe?[-_ ,]*(\d{3,5})", re.IGNORECASE)


def version(word: str) -> str:
    """A version however it is written (`1.2`, `TLSv1.2`, `0303`, `0x0303`), as `1.2`; unchanged when not known."""
    bare = word.removeprefix("0x").removeprefix("TLSv")
    return _WIRE.get(bare, {"1": "1.0", "SSLv3": "SSL3"}.get(bare, bare))


def newest(words: str) -> str:
    """The newest known version of a blank-separated list; empty when none is known (reserved values are skipped)."""
    known = [v for v in map(version, words.split()) if v in ORDER]
    return max(known, key=ORDER.index, default="")


def number(word: object) -> int | None:
    """The number of a suite as it is told in facts (`0xC030`, `C030`), None when it is none."""
    try:
        return int(str(word), 16)
    except ValueError:
        return None


def offered(words: str) -> tuple[int, ...]:
    """The suites of a blank-separated list, without signals and reserved values (RFC 8701), in their order."""
    found = (number(w) for w in words.split())
    return tuple(n for n in found if n is not None and n not in NOT_SUITES and not _reserved(n))


def _reserved(value: int) -> bool:
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a key exchange: whether it is a curve, and its size in bits."""

    curve: bool
    bits: int


def group(name: str, bits: int = 0) -> Group | None:
    """The group of a name (`prime256v1`, `ffdhe2048`, `DH, 1024 bits`, or `dh` and its bits); None when not known."""
    if name in GROUP_BITS:
        return Group(not name.startswith("ffdhe"), GROUP_BITS[name])
    finite = _FINITE.fullmatch(name.removesuffix(" bits"))
    if finite:
        return Group(False, int(finite[1]))
    if name.lower() in ("dh", "dhe") and bits:
        return Group(False, bits)
    return None

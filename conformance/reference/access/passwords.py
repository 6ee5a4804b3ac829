"""Passwords: kept as scrypt digests with a salt each, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import os

COST, BLOCK, LANES, SIZE = 2**14, 8, 1, 32
SHORTEST, LONGEST = 8, 256


def weakness(password: str, login: str) -> str:
    """Why a password cannot be taken, or an empty text."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"a password has {SHORTEST} to {LONGEST} characters"
    if len(login) > 3 and login.casefold() in password.casefold():
        return "a password does not contain the login"
    return ""


def digest(password: str, salt: bytes = b"") -> str:
    """`salt$digest` in hexadecimal."""
    salt = salt or os.urandom(16)
    return f"{salt.hex()}${_scrypt(password, salt).hex()}"


def matches(password: str, kept: str) -> bool:
    """Whether a password is the one kept. As slow when none is kept: absent accounts look like the others."""
    salt, _, wanted = kept.partition("$")
    found = _scrypt(password[:LONGEST], bytes.fromhex(salt) or b"\0" * 16)
    return hmac.compare_digest(found.hex(), wanted)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=COST, r=BLOCK, p=LANES, dklen=SIZE, maxmem=64 << 20
    )

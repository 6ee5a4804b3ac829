"""Bindings: what makes two driven cases, or two runs, impossible to confuse."""

from __future__ import annotations

import hashlib

from conformance.errors import InternalError
from conformance.evidence.values import Binding

COMMUNES, ORDERS = 990, 999
CAPACITY = COMMUNES * ORDERS
"""How many bindings a run may hold before NIR digits would come back."""

_CONSONANTS = "BCDFGHJKLMNPRSTVWXYZ"
_VOWELS = "AEIOU"
_SYLLABLES = 5
_NAMES = (len(_CONSONANTS) * len(_VOWELS)) ** _SYLLABLES
# Each stride shares no factor with its modulus: number -> (start + number * stride) mod modulus never repeats.
_NAME_STRIDE = 3_819_660_113
_DIGIT_STRIDE = 377_789


def bind(run: str, number: int) -> Binding:
    """The binding of the `number`th (from 1) driven case of a run (8 lower-case hexadecimal digits).

    Letters (ten, readable: BOKITEZALU) and digits (six: commune 001-990, order 001-999) never come twice within a run,
    and start elsewhere in every run. Raises InternalError beyond CAPACITY bindings.
    """
    if not 1 <= number <= CAPACITY:
        raise InternalError("generation.bindings-exhausted", run=run, number=number)
    start = int.from_bytes(hashlib.sha256(f"binding/{run}".encode()).digest()[:16])
    place = (start + number * _DIGIT_STRIDE) % CAPACITY
    digits = f"{place // ORDERS + 1:03d}{place % ORDERS + 1:03d}"
    return Binding(run=run, number=number, letters=_letters((start + number * _NAME_STRIDE) % _NAMES), digits=digits)


def _letters(value: int) -> str:
    syllables = []
    for _ in range(_SYLLABLES):
        value, vowel = divmod(value, len(_VOWELS))
        value, consonant = divmod(value, len(_CONSONANTS))
        syllables.append(_CONSONANTS[consonant] + _VOWELS[vowel])
    return "".join(syllables)

"""Bindings."""

from __future__ import annotations

import pytest

from conformance.errors import InternalError
from conformance.generation.binding import CAPACITY, bind


def test_letters_and_digits_never_come_twice_within_a_run() -> None:
    """20 000 bindings of one run bear 20 000 names and 20 000 NIR orders."""
    bindings = [bind("0a1b2c3d", n) for n in range(1, 20_001)]
    assert len({b.letters for b in bindings}) == len({b.digits for b in bindings}) == 20_000


def test_runs_do_not_share_their_first_bindings() -> None:
    """Fifty runs of two hundred cases share no name."""
    letters = [bind(f"{run:08x}", n).letters for run in range(50) for n in range(1, 201)]
    assert len(set(letters)) == len(letters)


def test_a_binding_is_fit_for_names_and_matricules() -> None:
    """Letters are ten upper-case letters; digits are a commune from 001 to 990 and an order from 001 to 999."""
    for number in (1, 2, 999, CAPACITY):
        binding = bind("ffffffff", number)
        assert binding.letters.isascii()
        assert binding.letters.isalpha()
        assert binding.letters.isupper()
        assert len(binding.letters) == 10
        assert 1 <= int(binding.digits[:3]) <= 990
        assert 1 <= int(binding.digits[3:]) <= 999


def test_the_same_binding_is_found_again() -> None:
    """A resumed run binds as before."""
    assert bind("12345678", 42) == bind("12345678", 42)


@pytest.mark.parametrize("number", [0, CAPACITY + 1])
def test_a_run_holds_so_many_bindings(number: int) -> None:
    """Beyond its capacity a run stops rather than reuse digits."""
    with pytest.raises(InternalError) as caught:
        bind("00000000", number)
    assert caught.value.id == "generation.bindings-exhausted"

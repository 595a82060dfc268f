"""What is verified where there is no such person costs what a person's own hash costs."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from gateway.trust.passwords import NOBODYS, hashed, matches


def test_the_hash_of_nobody_costs_what_a_new_one_costs() -> None:
    assert extract_parameters(NOBODYS) == extract_parameters(hashed("the words of somebody"))


def test_the_hash_of_nobody_is_computed_to_its_end_and_fits_nothing() -> None:
    with pytest.raises(VerifyMismatchError):  # and not InvalidHashError, which is said at once
        PasswordHasher().verify(NOBODYS, "the words of somebody")
    assert not matches("the words of somebody", None)

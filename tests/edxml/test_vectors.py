"""Every vector of steps 1 to 3 gets its reason, however the body is split; every reason of those steps has a vector."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from gateway.model.reasons import Reason
from gateway.model.words import LANGUAGES
from tests.vectors.table import VECTORS
from tests.vectors.vector import Vector, refusal_of

AT_THE_DOOR = {Reason.CONTENT_TYPE, Reason.CONTENT_ENCODING, Reason.BODY_TOO_SLOW}
"""Refused by what HTTP says around the bytes, or by the clock; tried with real requests in tests/http."""
BY_POLICY = {Reason.FORM_RULE}
"""Refused or only warned of, as a policy has it; tried rule by rule in tests/rules."""


@pytest.mark.parametrize("vector", VECTORS, ids=str)
@pytest.mark.parametrize("piece_bytes", [0, 37], ids=["whole", "pieces"])
def test_a_packet_with_one_fault_is_refused_for_it(vector: Vector, piece_bytes: int) -> None:
    refused = refusal_of(vector, piece_bytes)
    assert (refused and refused.reason) == vector.reason, refused


@pytest.mark.parametrize("vector", [one for one in VECTORS if one.reason], ids=str)
def test_a_refusal_says_what_it_met_in_both_languages(vector: Vector) -> None:
    refused = refusal_of(vector)
    assert refused is not None
    for finding in refused.findings:
        for lang in LANGUAGES:
            detail = finding.detail(lang)
            assert detail
            assert not re.search(r"\{[a-z_]+\}", detail), f"a placeholder nobody filled: {detail}"


def test_every_reason_of_receiving_parsing_and_form_has_a_vector() -> None:
    tried = {vector.reason for vector in VECTORS}
    assert {reason for reason in Reason if reason.step in {1, 2, 3}} - tried == AT_THE_DOOR | BY_POLICY


def test_vectors_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(map(str, VECTORS)).items() if count > 1] == []

"""How long the client waits before it tries again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.client import Patience

ATTEMPTS = st.integers(1, 100_000)
CHANCES = st.floats(0, 1, exclude_max=True)


@given(ATTEMPTS, CHANCES)
def test_a_pause_never_grows_beyond_the_longest_however_often_it_was_tried(attempt: int, chance: float) -> None:
    patience = Patience(attempts_max=1_000_000, first_s=0.2, most_s=20.0)
    assert 0 < patience.pause_s(attempt, None, chance) <= 20.0


@given(ATTEMPTS, CHANCES, st.floats(0, 3_600))
def test_a_pause_is_never_shorter_than_the_gateway_asked_for(attempt: int, chance: float, asked_s: float) -> None:
    assert Patience().pause_s(attempt, asked_s, chance) >= asked_s

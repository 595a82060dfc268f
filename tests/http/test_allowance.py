"""The token bucket: a burst at once, then a steady rate, for each key apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.http.allowance import KEYS_MAX, Allowance

STEPS = st.lists(st.floats(0, 3, allow_nan=False), max_size=60)


@given(STEPS, st.floats(0.5, 20), st.integers(1, 20))
def test_no_stretch_of_time_sees_more_than_its_burst_and_rate(steps: list[float], per_s: float, burst: int) -> None:
    allowance, now, taken = Allowance(per_s, burst), 0.0, []
    for step in steps:
        now += step
        while allowance.take("a", now) == 0.0:
            taken.append(now)
    for place, start in enumerate(taken):
        for count, end in enumerate(taken[place:], start=1):
            assert count <= burst + (end - start) * per_s + 1e-6


@given(STEPS, st.floats(0.5, 20), st.integers(1, 20))
def test_whoever_waits_as_long_as_told_is_let_in(steps: list[float], per_s: float, burst: int) -> None:
    allowance, now = Allowance(per_s, burst), 0.0
    for step in steps:
        now += step
        wait_s = allowance.take("a", now)
        assert wait_s <= 1 / per_s + 1e-9
        if wait_s:
            assert allowance.wait_s("a", now) == wait_s
            now += wait_s + 1e-6
            assert allowance.take("a", now) == 0.0


def test_keys_do_not_share_and_the_idle_are_forgotten() -> None:
    allowance = Allowance(1.0, 1)
    assert allowance.take("a", 0.0) == 0.0
    assert allowance.take("a", 0.0) > 0
    assert allowance.take("b", 0.0) == 0.0
    for number in range(KEYS_MAX):
        assert allowance.take(str(number), 0.0) == 0.0
    assert len(allowance._buckets) == KEYS_MAX
    assert allowance.take("a", 0.0) == 0.0

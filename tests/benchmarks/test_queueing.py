"""The simulation of the queue against what theory says of it."""

from __future__ import annotations

import random

import pytest

from benchmarks.queueing import (
    OFFICE_DAY,
    busiest_hours,
    mean_stay_md1,
    mean_stay_mmc,
    office_day,
    peak_rate,
    poisson,
    simulate,
)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_constant_service_on_one_server_waits_as_pollaczek_and_khinchine_say(load: float) -> None:
    waits = simulate(poisson(load, 60_000.0, random.Random(3)), lambda: 1.0, 1)
    assert waits.mean_s == pytest.approx(mean_stay_md1(load, 1.0), rel=0.04)
    assert waits.busy == pytest.approx(load, rel=0.03)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (2, 1.5), (8, 6.0)])
def test_exponential_service_on_many_servers_waits_as_erlang_says(servers: int, load: float) -> None:
    chance = random.Random(5)
    waits = simulate(poisson(load, 60_000.0, random.Random(4)), lambda: chance.expovariate(1.0), servers)
    assert waits.mean_s == pytest.approx(mean_stay_mmc(load, 1.0, servers), rel=0.06)


def test_an_office_day_brings_what_it_should_and_peaks_when_offices_do() -> None:
    arrivals = list(office_day(100_000, range(24), random.Random(1)))
    assert len(arrivals) == pytest.approx(100_000, rel=0.01)
    by_hour = [sum(hour <= at_s / 3_600 < hour + 1 for at_s in arrivals) for hour in range(24)]
    assert by_hour.index(max(by_hour)) == OFFICE_DAY.index(max(OFFICE_DAY)) == 9


def test_the_same_seed_gives_the_same_morning() -> None:
    first, second = (busiest_hours(60_000, 0.002, 1, seed=7) for _ in range(2))
    assert first == second


def test_the_nations_peak_is_some_tens_of_packets_a_second() -> None:
    assert 10 < peak_rate(2_000_000) < 20

"""The code paths of the benchmarks, at the smallest sizes: that they run and gate, not how fast anything is."""

from __future__ import annotations

import inspect
import re

import pytest

from benchmarks import life, push, register
from benchmarks.outcome import Outcome
from benchmarks.peer_environment import LOCK
from benchmarks.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_scenario_takes_the_sizes_it_is_registered_with(scenario: Scenario) -> None:
    assert set(inspect.signature(scenario.run).parameters) == set(scenario.sizes)
    assert all(0 < size.quick <= size.full for size in scenario.sizes.values())


def test_no_two_scenarios_share_the_name_of_a_size() -> None:
    names = [name for one in SCENARIOS for name in one.sizes]
    assert len(set(names)) == len(names)


def test_a_life_passes_the_gate() -> None:
    _has_figures(life.measure(3))


def test_a_push_passes_the_gate() -> None:
    _has_figures(push.measure(3))


def test_a_register_filled_directly_answers_like_one_that_grew() -> None:
    _has_figures(register.measure(300, 4, 1))


def _has_figures(outcome: Outcome) -> None:
    assert outcome.tables
    for table in outcome.tables:
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_peers_lock_pins_what_the_peer_is_made_of() -> None:
    wanted = re.findall(r"^([a-z0-9-]+)", LOCK.with_suffix(".in").read_text(encoding="utf-8"), re.MULTILINE)
    pinned = set(re.findall(r"^([a-z0-9-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(wanted) <= pinned, "run: make lock"

"""More comes than the door can take: what it takes is kept, the rest is told when to come back, and it is soon over."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.overload import overload
from tests.crash.spawner import Spawner

pytestmark = pytest.mark.crash


def test_at_five_times_its_capacity_the_door_sheds_and_loses_nothing(spawner: Spawner, database: str | None) -> None:
    """A small storm; `python -m benchmarks.overload` is the whole one, and has the figures."""
    figures = asyncio.run(
        overload(seconds=2.0, calm_s=1.0, connections=120, idle=40, slow=10, origin=spawner, database=database)
    )
    assert (figures.lost, figures.other_answers) == (0, 0), figures
    assert figures.accepted > 0 and figures.sent_away > figures.accepted, figures
    assert figures.neighbour_accepted_share > 0, figures
    assert figures.normal_after_s < 5, figures

"""Every page in front of a register filled as the benchmark of the console fills it, on both engines."""

from __future__ import annotations

from pathlib import Path

from benchmarks.console_fill import Filling
from benchmarks.console_pages import OVER_BYTES, measured
from tests.http.town import awaited


@awaited
async def test_every_page_stands_and_is_small_whatever_lies_behind_it(tmp_path: Path, store_url: str) -> None:
    Filling(dispatches=600, agencies=40).into(store_url)
    costs = await measured(store_url, tmp_path, agencies=40, rounds=1)
    assert len(costs) > 25
    assert {name: one.size_bytes for name, one in costs.items() if one.size_bytes > OVER_BYTES} == {}

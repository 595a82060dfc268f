"""Every scenario through every pair of doors of a real gateway; and each can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.conformance.play import Outcome, play_all
from gateway.conformance.scenarios import SCENARIOS
from gateway.http import HttpLimits
from tests.conformance import broken
from tests.conformance.table import partners
from tests.http.axis.sdk import BASE_PATH
from tests.http.town import awaited, town

FREE = HttpLimits(peer_burst=100_000, peer_requests_per_s=100_000.0)
DOORS = [("native", "native"), ("native", "axis"), ("axis", "axis")]
"""Each pair is played in both directions."""
PATIENCE_S = (1.0, 10.0, 100.0)
"""What never comes is waited for; where the machine is so busy that something else did not come either, longer."""


@pytest.mark.parametrize(("sends", "receives"), DOORS, ids=lambda one: one)
@awaited
async def test_every_scenario_passes_against_this_gateway(tmp_path: Path, sends: str, receives: str) -> None:
    async with town(tmp_path, FREE) as here, partners(here) as seats:
        pair = [seats["bo", sends], seats["tinh", receives]]
        results = await play_all(SCENARIOS, pair, here.clock, within_s=120.0, settle_s=0.1)
    assert [one for one in results if one.outcome is Outcome.FAIL] == []
    not_run = {(one.scenario, one.reason) for one in results if one.outcome is Outcome.NOT_RUN}
    assert {name for name, _ in not_run} <= {"twin-identifiers", "anothers-document"}
    assert len(results) == 2 * len(SCENARIOS)


@pytest.mark.parametrize(
    ("fault", "played", "failing"),
    [
        (broken.none, {"send", "malformed", "repeat"}, {}),
        (broken.html_for_errors, {"send", "malformed", "wrong-credential"}, {
            "malformed": "HTTP 500", "wrong-credential": "HTTP 500",
        }),
        (broken.loses_what_it_took, {"send", "wrong-credential"}, {
            "send": "never came to", "wrong-credential": "should have been refused",
        }),
        (broken.another_id_each_time, {"repeat", "status-02"}, {"repeat": "sent twice, it became"}),
        (broken.loses_statuses, {"repeat", "status-02"}, {"status-02": "status 02 about"}),
        (broken.never_lets_go, {"send", "malformed"}, {"send": "should see done"}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)  # fmt: skip
@awaited
async def test_what_is_broken_in_a_gateway_is_said(
    tmp_path: Path, fault: broken.Fault, played: set[str], failing: dict[str, str]
) -> None:
    scenarios = {name: script for name, script in SCENARIOS.items() if name in played}
    said: dict[str, str] = {}
    for within_s in PATIENCE_S:
        (folder := tmp_path / f"{within_s:g}").mkdir()
        async with town(folder, FREE) as here, partners(here) as seats, broken.broken(here.url, fault) as url:
            pair = [replace(seats[peer, "axis"], url=url + BASE_PATH) for peer in ("bo", "tinh")]
            results = await play_all(scenarios, pair, here.clock, within_s=within_s, settle_s=0.05)
        said = {one.scenario: one.reason for one in results if one.outcome is Outcome.FAIL}
        if said.keys() == failing.keys() and all(words in said[name] for name, words in failing.items()):
            return
    pytest.fail(str(said))


@awaited
async def test_a_gateway_that_is_not_there_fails_every_scenario_and_ends_none(tmp_path: Path) -> None:
    async with town(tmp_path, FREE) as here, partners(here) as seats:
        pair = [replace(seats[peer, "axis"], url="http://127.0.0.1:9") for peer in ("bo", "tinh")]
        results = await play_all(SCENARIOS, pair, here.clock, within_s=0.2, settle_s=0.01)
    assert len(results) == 2 * len(SCENARIOS)
    assert Outcome.PASS not in {one.outcome for one in results}

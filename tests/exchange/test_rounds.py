"""Rounds: what is unavailable is tried again, and the log says so once, not every second."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gateway.exchange import bell
from gateway.exchange.rounds import rounds
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from tests.exchange.conftest import Story
from tests.http.town import awaited


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    async def once() -> bool:
        tries.append(len(tries))
        if len(tries) <= 3:
            raise Unavailable(Reason.DISK_FULL, cause="no room")
        return False

    @awaited
    async def run() -> None:
        working = asyncio.create_task(rounds(story.line, bell.WATCH, once))
        while len(tries) < 5:
            await asyncio.sleep(0.01)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    with caplog.at_level(logging.WARNING):
        run()
    assert [one.getMessage() for one in caplog.records] == [
        "rounds of watch are put off: unavailable.disk_full: no room",
        "rounds of watch go on",
    ]

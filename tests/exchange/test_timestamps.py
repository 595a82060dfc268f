"""Checkpoints are stamped by a real authority behind a port; what it does wrong is refused, counted, and caught up."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from asn1crypto import tsp

from gateway.exchange.line import StampDebt
from gateway.exchange.timestamps import Stamper, TimestampRules
from gateway.http.tsa import HttpAuthority
from gateway.store import queries
from gateway.trust.timestamp import open_stamp, request
from tests.exchange.conftest import Story, file_of
from tests.http.town import awaited
from tests.pki import DAY, NOW
from tests.tsa import Tsa, authority, serving

RULES = TimestampRules(timeout_s=1.0)


@dataclass
class Scene:
    """A story, its authority, and who asks it."""

    story: Story
    tsa: Tsa
    stamper: Stamper

    async def happens(self, number: int) -> int:
        """Something enters the ledger; gives the index of its last entry."""
        await self.story.submit(file_of(f"G22.{number}"))
        await self.story.seal()
        return len(await self.story.entries()) - 1

    async def ask(self) -> None:
        await self.stamper.once(self.story.line)

    async def stamped(self, index: int) -> bool:
        return await self.story.line.store.read(queries.stamped_over, index) is not None


@asynccontextmanager
async def scene(story: Story, **options: object) -> AsyncIterator[Scene]:
    async with serving(authority(story.clock, **options)) as tsa, aiohttp.ClientSession() as session:
        stamper = Stamper(HttpAuthority(session, tsa.url), (tsa.root.der,), RULES, StampDebt(), story.clock)
        yield Scene(story, tsa, stamper)


@awaited
async def test_one_stamp_covers_every_entry_below_its_checkpoint(story: Story) -> None:
    async with scene(story) as here:
        last = [await here.happens(number) for number in range(3)][-1]
        await here.ask()
        assert here.tsa.asked == 1
        for index in range(last + 1):
            stamped = await story.line.store.read(queries.stamped_over, index)
            assert stamped is not None and stamped.checkpoint.size == last + 1
            assert open_stamp(stamped.response, stamped.checkpoint.note, [here.tsa.root.der]).stamped_at == NOW
        assert not await here.stamped(last + 1)
        assert here.stamper.debt.since is None


@awaited
async def test_the_authority_is_asked_only_for_something_new_and_not_too_often(story: Story) -> None:
    async with scene(story) as here:
        await here.ask()
        assert here.tsa.asked == 0, "there is no checkpoint yet"
        await here.happens(0)
        await here.ask()
        last = await here.happens(1)
        await here.ask()
        assert here.tsa.asked == 1, "it waits for the interval"
        story.clock.pass_(seconds=RULES.interval_s)
        await here.ask()
        story.clock.pass_(seconds=RULES.interval_s)
        await here.ask()
        assert here.tsa.asked == 2, "nothing new"
        assert await here.stamped(last)


@awaited
async def test_an_authority_that_was_away_is_caught_up_with_by_one_question(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(story) as here:
        here.tsa.away = True
        for number in range(3):
            last = await here.happens(number)
            await here.ask()
            story.clock.pass_(seconds=RULES.retry_s)
        assert here.stamper.debt.faults == {"away": 3}
        assert here.stamper.debt.seconds(story.clock()) == 3 * RULES.retry_s
        assert [one.levelno for one in caplog.records] == [logging.WARNING], "said when it begins"
        here.tsa.away = False
        await here.ask()
        assert here.stamper.debt.since is None
        assert await here.stamped(0) and await here.stamped(last)
        assert "go on" in caplog.records[-1].getMessage()


@awaited
async def test_a_debt_beyond_its_bound_is_said_once_and_taken_back(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(story) as here:
        here.tsa.away = True
        await here.happens(0)
        await here.ask()
        assert not here.stamper.debt.late
        for _ in range(3):
            story.clock.pass_(hours=RULES.debt_h_max)
            await here.ask()
        assert here.stamper.debt.late
        assert len([one for one in caplog.records if one.levelno == logging.ERROR]) == 1
        here.tsa.away = False
        story.clock.pass_(hours=1)
        await here.ask()
        assert not here.stamper.debt.late
        assert "any more" in caplog.records[-1].getMessage()


@awaited
async def test_a_slow_authority_is_one_that_is_away(story: Story) -> None:
    async with scene(story) as here:
        here.stamper.rules = TimestampRules(timeout_s=0.1)
        here.tsa.delay_s = 0.5
        await here.happens(0)
        await here.ask()
        assert here.stamper.debt.faults == {"away": 1}
        assert not await here.stamped(0)


def _other_imprint(asked: tsp.TimeStampReq) -> None:
    asked["message_imprint"]["hashed_message"] = bytes(32)


def _other_nonce(asked: tsp.TimeStampReq) -> None:
    asked["nonce"] = 7


@pytest.mark.parametrize(
    ("options", "change", "fault"),
    [
        ({}, lambda tsa: setattr(tsa, "lies", _other_imprint), "imprint"),
        ({}, lambda tsa: setattr(tsa, "lies", _other_nonce), "nonce"),
        ({}, lambda tsa: setattr(tsa, "ahead", timedelta(seconds=RULES.skew_s + 1)), "time"),
        ({}, lambda tsa: setattr(tsa, "ahead", -timedelta(seconds=RULES.skew_s + 1)), "time"),
        ({}, lambda tsa: setattr(tsa, "answers", b"no answer of RFC 3161"), "form"),
        ({"extended_critical": False}, lambda _: None, "signature"),
        ({"starts_at": NOW - 30 * DAY, "ends_at": NOW - DAY}, lambda _: None, "signature"),
    ],
    ids=["imprint", "nonce", "ahead", "behind", "other bytes", "not for stamping", "expired"],
)
def test_an_answer_that_does_not_hold_is_refused_counted_and_alarms(
    story: Story,
    caplog: pytest.LogCaptureFixture,
    options: dict[str, object],
    change: Callable[[Tsa], None],
    fault: str,
) -> None:
    @awaited
    async def ask() -> None:
        async with scene(story, **options) as here:
            change(here.tsa)
            await here.happens(0)
            await here.ask()
            assert here.stamper.debt.faults == {fault: 1}
            assert not await here.stamped(0)
            assert [one.levelno for one in caplog.records] == [logging.ERROR]

    ask()


@awaited
async def test_an_old_answer_played_again_is_refused(story: Story) -> None:
    async with scene(story) as here:
        await here.happens(0)
        here.tsa.answers = here.tsa.respond(request(await _note(story), b"an older"))
        await here.ask()
        assert here.stamper.debt.faults == {"nonce": 1}


async def _note(story: Story) -> bytes:
    signed = await story.line.store.read(queries.checkpoint)
    assert signed is not None
    return signed.note

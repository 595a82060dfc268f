"""Nasty strings in the answers of addressees' endpoints: a reason is kept as it was given, or it is none and the push
is made again; nothing an endpoint says stops the pushes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from aiohttp import web

from gateway.exchange import push
from gateway.model.delivery import DeliveryStatus
from gateway.store import queries
from tests.exchange.conftest import Story
from tests.exchange.test_push import Endpoint, deliveries_of, pushing
from tests.http.town import awaited
from tests.vectors.naughty import FORBIDDEN, STRINGS

REASONS = (*STRINGS.values(), *FORBIDDEN.values())
NO_ANSWERS = (
    *(
        b"\xff\xfe\x00",
        b"{",
        b"[[[[" * 2_000,
        b'{"refused": 5}',
        b'{"refused": ["x"]}',
        b'{"refused": "\xc3"}',
        b"null",
    ),
    *(b'{"stored": "yes"}', b'{"refused": ""}', b"<html>502</html>", b"\x1f\x8b", b'{"refused": "\\ud800"}'),
)


async def pushed(story: Story, answers: list[bytes]) -> list[tuple[DeliveryStatus, str]]:
    """Documents whose refusals say these things, and are stored the second time: how each ended, and its last words."""
    tries = Counter[str]()

    async def answer(request: web.Request) -> web.Response:
        delivery = request.headers["Truc-Delivery"]
        tries[delivery] += 1
        if tries[delivery] > 1:
            return web.Response(text='{"stored": true}')
        return web.Response(status=422, body=answers[deliveries.index(delivery)])

    async with pushing(story, tinh=Endpoint(always=answer)) as carrier, asyncio.timeout(120):
        deliveries = [(await deliveries_of(story, f"G22.{number}"))[0] for number in range(len(answers))]
        task = asyncio.create_task(push.run(story.line, carrier))
        while not all([await ended(story, one) for one in deliveries]):
            assert not task.done(), task.exception()
            story.clock.pass_(seconds=0.5)
            await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [await last(story, one) for one in deliveries]


async def ended(story: Story, delivery: str) -> bool:
    row = await story.line.store.read(queries.delivery, delivery)
    return row is not None and row.status.final


async def last(story: Story, delivery: str) -> tuple[DeliveryStatus, str]:
    row = await story.line.store.read(queries.delivery, delivery)
    assert row is not None
    seen = await story.line.store.read(queries.dispatch, row.dispatch_id)
    assert seen is not None
    return row.status, seen.deliveries[0].timeline[-1].detail


@awaited
async def test_a_reason_is_kept_as_it_was_given(story: Story) -> None:
    ends = await pushed(story, [json.dumps({"refused": text}).encode() for text in REASONS])
    for text, (status, detail) in zip(REASONS, ends, strict=True):
        if is_a_reason(text):
            assert (status, detail) == (DeliveryStatus.REFUSED, text[:2_000])
        else:
            assert status is DeliveryStatus.ACKNOWLEDGED, (text, detail)


@awaited
async def test_an_answer_that_is_none_is_asked_for_again(story: Story) -> None:
    for status, _ in await pushed(story, list(NO_ANSWERS)):
        assert status is DeliveryStatus.ACKNOWLEDGED


def is_a_reason(text: str) -> bool:
    """What the native door takes as one: words, no control characters, whole characters."""
    controls = {chr(number) for number in range(32)} - set("\t\r\n") | {"\x7f"}
    return bool(text.strip()) and not controls & set(text) and text == text.encode(errors="ignore").decode()

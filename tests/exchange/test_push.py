"""Pushing to real endpoints: registered before it is made, retried with patience, never at others' cost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import select

from gateway.exchange import push
from gateway.exchange.bell import Bell
from gateway.http.carrier import HttpCarrier
from gateway.ledger import EntryKind
from gateway.model.delivery import Backoff, DeliveryStatus, Outcome
from gateway.store import InterruptAttempts, Store, queries
from gateway.store.schema import attempts
from tests.exchange.conftest import Story, file_of
from tests.http.town import FAR, PROVINCE, awaited

Answering = Callable[[web.Request], Awaitable[web.Response]]


@dataclass
class Endpoint:
    """An addressee's endpoint: it answers as told and remembers what came."""

    answers: list[Answering] = field(default_factory=list)
    always: Answering | None = None
    seen: list[web.BaseRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.seen.append(request)
            self.bodies.append(await request.read())
            answering = self.answers.pop(0) if self.answers else self.always or said(200)
            return await answering(request)
        finally:
            self.at_once -= 1


def said(status: int, body: str = "") -> Answering:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    return answer


async def silent(_: web.Request) -> web.Response:
    await asyncio.sleep(60)
    raise AssertionError("nobody waits so long")


@asynccontextmanager
async def pushing(story: Story, **endpoints: Endpoint) -> AsyncIterator[HttpCarrier]:
    """Serve the endpoints, and point the directory's peers (`tinh`, `xa`) at them."""
    runners = []
    urls = {}
    for peer, endpoint in endpoints.items():
        app = web.Application()
        app.router.add_post("/edxml", endpoint.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        endpoint.url = urls[peer] = f"http://127.0.0.1:{runner.addresses[0][1]}/edxml"
        runners.append(runner)
    peers = tuple(replace(one, push_url=urls.get(one.key)) for one in story.line.directory.peers)
    story.line.state.directory = replace(story.line.directory, peers=peers)
    try:
        async with aiohttp.ClientSession() as session:
            yield HttpCarrier(session, story.line.blobs)
    finally:
        await asyncio.gather(*(runner.cleanup() for runner in runners))


async def run_until(story: Story, carrier: HttpCarrier, done: Callable[[], Awaitable[bool]]) -> None:
    """Push until `done`; the clock of the story goes by itself meanwhile."""
    task = asyncio.create_task(push.run(story.line, carrier))
    try:
        async with asyncio.timeout(120):
            while not await done():
                await asyncio.sleep(0.02)
                story.clock.pass_(seconds=0.5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def reaches(story: Story, delivery_id: str, status: DeliveryStatus) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        row = await story.line.store.read(queries.delivery, delivery_id)
        return row is not None and row.status is status

    return look


async def deliveries_of(story: Story, document_id: str = "G22.1", to: tuple[str, ...] = (PROVINCE,)) -> list[str]:
    receipt = await story.submit(file_of(document_id, to=to))
    dispatch = await story.line.store.read(queries.dispatch, receipt.dispatch_id)
    assert dispatch is not None
    return [one.id for one in dispatch.deliveries]


async def outcomes(story: Story) -> Counter[str | None]:
    return Counter(await story.line.store.read(lambda c: [row.outcome for row in c.execute(select(attempts))]))


@awaited
async def test_a_push_that_is_stored_acknowledges_the_delivery_at_once(story: Story) -> None:
    endpoint = Endpoint([said(200, '{"stored": true}')])
    async with pushing(story, tinh=endpoint) as carrier:
        (delivery,) = await deliveries_of(story)
        await run_until(story, carrier, reaches(story, delivery, DeliveryStatus.ACKNOWLEDGED))
    (request,) = endpoint.seen
    assert request.headers["Idempotency-Key"] == request.headers["Truc-Delivery"] == delivery
    assert b"%PDF-1.7 noi dung" in endpoint.bodies[0]
    assert [entry.kind for entry in await story.entries()] == [EntryKind.ACCEPT, EntryKind.ACKNOWLEDGE]


@awaited
async def test_a_push_that_is_taken_is_delivered_and_waits_for_its_acknowledgement(story: Story) -> None:
    async with pushing(story, tinh=Endpoint([said(202)])) as carrier:
        (delivery,) = await deliveries_of(story)
        await run_until(story, carrier, reaches(story, delivery, DeliveryStatus.DELIVERED))
    assert [entry.kind for entry in await story.entries()] == [EntryKind.ACCEPT, EntryKind.DELIVER]


@awaited
async def test_a_push_refused_with_a_reason_is_final(story: Story) -> None:
    async with pushing(story, tinh=Endpoint([said(422, '{"refused": "gửi nhầm nơi nhận"}')])) as carrier:
        (delivery,) = await deliveries_of(story)
        await run_until(story, carrier, reaches(story, delivery, DeliveryStatus.REFUSED))
    assert [entry.kind for entry in await story.entries()] == [EntryKind.ACCEPT, EntryKind.DECLINE]


@awaited
async def test_everything_else_is_tried_again_and_every_try_is_on_record(story: Story) -> None:
    endpoint = Endpoint([said(500), said(404), said(422), said(200, "not json"), said(302)])
    endpoint.answers[3:4] = [said(429)]
    async with pushing(story, tinh=endpoint) as carrier:
        (delivery,) = await deliveries_of(story)
        await run_until(story, carrier, reaches(story, delivery, DeliveryStatus.DELIVERED))
    assert await outcomes(story) == {"deferred": 5, "delivered": 1}
    assert len({request.headers["Idempotency-Key"] for request in endpoint.seen}) == 1
    assert [request.headers["Truc-Attempt"] for request in endpoint.seen] == list("123456")


@awaited
async def test_a_broken_addressee_does_not_delay_the_others(with_rules: Callable[..., Story]) -> None:
    story = with_rules(push_concurrency=3, push_concurrency_per_addressee=2, push_timeout_s=5.0)
    dead, well = Endpoint(always=silent), Endpoint(always=said(200, '{"stored": true}'))
    async with pushing(story, tinh=dead, xa=well) as carrier:
        for number in range(8):
            await deliveries_of(story, f"G22.dead.{number}")
        (delivery,) = await deliveries_of(story, "G22.well", to=(FAR,))
        await run_until(story, carrier, reaches(story, delivery, DeliveryStatus.ACKNOWLEDGED))
    assert dead.most_at_once <= 2


@awaited
async def test_a_packet_that_always_fails_lets_later_ones_of_its_addressee_pass(
    with_rules: Callable[..., Story],
) -> None:
    story = with_rules(push_concurrency_per_addressee=1, backoff=Backoff(first_s=30.0))

    async def poison(request: web.Request) -> web.Response:
        first = request.headers["Truc-Delivery"] == poisoned[0]
        return await said(500 if first else 200, "" if first else '{"stored": true}')(request)

    poisoned: list[str] = []
    async with pushing(story, tinh=Endpoint(always=poison)) as carrier:
        poisoned += await deliveries_of(story, "G22.poison")
        others = [(await deliveries_of(story, f"G22.{number}"))[0] for number in range(4)]
        for one in others:
            await run_until(story, carrier, reaches(story, one, DeliveryStatus.ACKNOWLEDGED))
    row = await story.line.store.read(queries.delivery, poisoned[0])
    assert row is not None and row.status is DeliveryStatus.QUEUED


@awaited
async def test_an_attempt_is_on_record_before_it_is_made_and_a_crash_is_a_late_retry(story: Story) -> None:
    on_record: list[int] = []

    async def look(request: web.Request) -> web.Response:
        on_record.append((await outcomes(story))[None])
        return await silent(request)

    endpoint = Endpoint([look])
    async with pushing(story, tinh=endpoint) as carrier:
        (delivery,) = await deliveries_of(story)

        async def called() -> bool:
            return bool(on_record)

        await run_until(story, carrier, called)  # and then the process "dies": the task is cancelled mid-attempt
        assert on_record == [1]
        await story.line.store.write(InterruptAttempts(story.clock()))
        assert (await outcomes(story)) == {Outcome.INTERRUPTED.value: 1}
        await run_until(story, carrier, reaches(story, delivery, DeliveryStatus.DELIVERED))
    assert await outcomes(story) == {"interrupted": 1, "delivered": 1}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", f"http://{'a' * 64}.example/", "http://a..example/", "http://"])
def test_an_unreachable_endpoint_is_a_deferral(story: Story, url: str) -> None:
    @awaited
    async def tell() -> None:
        endpoint = Endpoint()
        async with pushing(story, tinh=endpoint) as carrier:
            peers = tuple(replace(one, push_url=url) for one in story.line.directory.peers)
            story.line.state.directory = replace(story.line.directory, peers=peers)
            await deliveries_of(story)

            async def tried_twice() -> bool:
                return (await outcomes(story))["deferred"] >= 2

            await run_until(story, carrier, tried_twice)
        assert endpoint.seen == []

    tell()


@awaited
async def test_two_nodes_share_the_work_and_together_keep_to_an_addressees_limit(
    story: Story, store_url: str, tmp_path: Path
) -> None:
    """Each could carry four at once; the addressee bears six, from all nodes together."""
    rules = replace(story.line.rules, push_concurrency=4, push_concurrency_per_addressee=6)
    one = Story(replace(story.line, rules=rules, name="one"), story.clock)
    second = Store.open(store_url, tmp_path / "blobs")

    async def busy(_: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return web.json_response({"stored": True})

    try:
        endpoint = Endpoint(always=busy)
        async with pushing(one, tinh=endpoint) as carrier:
            other = Story(replace(one.line, store=second, blobs=second.blobs, name="two", bell=Bell()), story.clock)
            ids = [(await deliveries_of(one, f"G22.{number}"))[0] for number in range(30)]

            async def all_are_there() -> bool:
                rows = [await one.line.store.read(queries.delivery, each) for each in ids]
                return all(row is not None and row.status is DeliveryStatus.ACKNOWLEDGED for row in rows)

            await asyncio.gather(*(run_until(each, carrier, all_are_there) for each in (one, other)))
    finally:
        second.close()
    assert 1 < endpoint.most_at_once <= 6
    assert Counter(request.headers["Idempotency-Key"] for request in endpoint.seen) == Counter(ids)
    carried = Counter(await story.line.store.read(lambda db: db.execute(select(attempts.c.claimant)).scalars().all()))
    assert set(carried) == {"one", "two"}
    assert min(carried.values()) >= len(ids) // 5

"""Webhooks against real receivers: signed, in order, retried, one dead endpoint in nobody's way, nothing lost."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from aiohttp import web

from gateway.exchange import courier, webhooks
from gateway.exchange.notice_rules import PostBackoff, WebhookRules
from gateway.exchange.webhooks import Posting, Reply, feed, message_id, shown_secret
from gateway.http.webhooks import HttpPoster, PublicResolver, session
from gateway.model.webhook import verified_id
from gateway.store import queries
from gateway.store.webhooks import AddWebhook, ClaimNotices, FeedNotices, RemoveWebhook, ReplayNotices, RotateWebhook
from tests.exchange.conftest import Story, file_of
from tests.http.town import FAR, PROVINCE, awaited

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
RULES = WebhookRules(private_targets=True, timeout_s=20.0, backoff=PostBackoff(first_s=10.0, most_s=3600.0, jitter=0.0))


@dataclass
class Receiver:
    """A peer's endpoint: believes only what is signed with its secret, answers as told, remembers what came."""

    story: Story
    statuses: list[int | Answering] = field(default_factory=list)
    always: int | Answering = 204
    secrets: list[str] = field(default_factory=list)
    seen: list[dict[str, object]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    raw: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    id: str = ""
    runner: web.AppRunner | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.raw.append((dict(request.headers), body))
        self.ids.append(verified_id(request.headers, body, self.secrets, self.story.clock()))
        self.seen.append(json.loads(body))
        answering = self.statuses.pop(0) if self.statuses else self.always
        return web.Response(status=answering) if isinstance(answering, int) else await answering(request)

    @property
    def events(self) -> list[str]:
        return [str(one["type"]) for one in self.seen]


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    raise AssertionError("nobody waits so long")


@dataclass
class Desk:
    """The notices' side of a story."""

    story: Story
    poster: HttpPoster
    receivers: list[Receiver] = field(default_factory=list)

    async def add(self, peer: str = "bo", **options: object) -> Receiver:
        one = Receiver(self.story, **options)  # type: ignore[arg-type]
        app = web.Application()
        app.router.add_post("/hook", one.answer)
        app.router.add_get("/elsewhere", one.answer)
        one.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await one.runner.setup()
        await web.TCPSite(one.runner, "127.0.0.1", 0).start()
        one.url = f"http://127.0.0.1:{one.runner.addresses[0][1]}/hook"
        one.id = self.story.line.new_id(self.story.clock())
        await self.story.line.store.write(AddWebhook(one.id, peer, one.url, self.story.clock()))
        one.secrets = [shown_secret(self.story.line, one.id, 1)]
        self.receivers.append(one)
        return one

    async def round(self) -> None:
        """Feed what happened, and post what is due until nothing is."""
        while await feed(self.story.line):
            pass
        posting = True
        while posting:
            async with asyncio.TaskGroup() as posts:
                posting = await Posting(self.story.line, self.poster, posts).once()

    async def state(self, one: Receiver) -> list[tuple[str, int, str]]:
        rows = await self.story.line.store.read(queries.notices_of_webhook, one.id, 0, 1000)
        return [(row.change.event, row.attempts, row.state) for row in rows]

    async def webhook(self, one: Receiver) -> queries.WebhookRow:
        rows = await self.story.line.store.read(queries.webhooks)
        return next(row for row in rows if row.id == one.id)


@asynccontextmanager
async def desk(story: Story, rules: WebhookRules = RULES) -> AsyncIterator[Desk]:
    story.line = replace(story.line, webhooks=rules)
    async with session(rules.private_targets, ssl.create_default_context()) as http:
        one = Desk(story, HttpPoster(http, rules.private_targets))
        try:
            yield one
        finally:
            await asyncio.gather(*(each.runner.cleanup() for each in one.receivers if each.runner))


def numbered(document_id: str, **options: object) -> bytes:
    """A packet whose number is its own, so that none is the duplicate of another."""
    return file_of(document_id, code_number="10" + document_id.rpartition(".")[2], **options)


async def acknowledged(story: Story, document_id: str = "G22.1", to: tuple[str, ...] = (PROVINCE,)) -> str:
    """A document sent, collected and acknowledged by the province."""
    receipt = await story.submit(numbered(document_id, to=to))
    sent = await story.line.store.read(queries.dispatch, receipt.dispatch_id)
    assert sent is not None
    delivery = sent.deliveries[0].id
    await courier.fetch(story.line, story.peer("tinh"), delivery)
    await courier.acknowledge(story.line, story.peer("tinh"), delivery)
    return receipt.dispatch_id


@awaited
async def test_a_peer_is_told_what_happens_to_what_it_sent_in_order_and_signed(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        dispatch_id = await acknowledged(story)
        await one.round()
        assert receiver.events == ["delivery.queued", "delivery.delivered", "delivery.acknowledged"]
        for told, sent_id in zip(receiver.seen, receiver.ids, strict=True):
            data = told["data"]
            assert isinstance(data, dict)
            assert set(data) == {"id", "dispatch_id", "delivery_id", "event", "at", "addressee"}
            assert (data["dispatch_id"], sent_id) == (dispatch_id, message_id(data["id"]))
        assert [state for _, _, state in await one.state(receiver)] == ["delivered"] * 3


@awaited
async def test_addressee_and_sender_are_both_told_and_a_stranger_is_not(story: Story) -> None:
    async with desk(story) as one:
        receivers = [await one.add(peer) for peer in ("bo", "tinh", "xa")]
        await acknowledged(story)
        await one.round()
        assert [len(each.seen) for each in receivers] == [3, 3, 0]


@awaited
async def test_what_happened_before_a_webhook_was_added_is_no_news(story: Story) -> None:
    async with desk(story) as one:
        await acknowledged(story)
        await one.round()
        receiver = await one.add()
        await acknowledged(story, "G22.2")
        await one.round()
        assert len(receiver.seen) == 3


@awaited
async def test_later_notices_of_a_dispatch_wait_for_the_first_and_other_dispatches_do_not(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add(statuses=[400])
        both = {await acknowledged(story, "G22.1"), await acknowledged(story, "G22.2")}
        await one.round()
        refused, *told = (one["data"]["dispatch_id"] for one in receiver.seen)  # type: ignore[index]
        (other,) = both - {refused}  # either may come first
        assert told == [other] * 3, "the notice refused with 400 holds back its own dispatch only"
        story.clock.pass_(seconds=45)
        await one.round()
        told = [one["data"]["dispatch_id"] for one in receiver.seen[4:]]  # type: ignore[index]
        assert told == [refused] * 3
        assert receiver.ids[0] == receiver.ids[4], "a repeat comes under the same id"
        assert receiver.raw[0][1] == receiver.raw[4][1], "and with the same bytes"
        assert receiver.raw[0][0]["webhook-timestamp"] != receiver.raw[4][0]["webhook-timestamp"]


@pytest.mark.parametrize("failing", [500, 503, 429, 408, silent], ids=lambda one: getattr(one, "__name__", str(one)))
@awaited
async def test_an_endpoint_that_does_not_work_is_left_alone_longer_each_time(
    story: Story, failing: int | Answering
) -> None:
    async with desk(story, replace(RULES, timeout_s=0.2, concurrency_per_webhook=1)) as one:
        receiver = await one.add(always=failing)
        await story.submit(file_of())
        await one.round()
        await one.round()
        assert len(receiver.seen) == 1, "while it is paused, nothing is posted"
        for wait_s, posts in ((9, 1), (2, 2), (15, 2), (6, 3)):
            story.clock.pass_(seconds=wait_s)
            await one.round()
            assert len(receiver.seen) == posts
        assert (await one.webhook(receiver)).failures == 3
        receiver.always = 200
        story.clock.pass_(seconds=60)
        await one.round()
        assert (await one.webhook(receiver)).failures == 0
        assert await one.state(receiver) == [("queued", 4, "delivered")]


@awaited
async def test_an_endpoint_that_asks_for_a_pause_gets_it(story: Story) -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "1800"})

    async with desk(story) as one:
        receiver = await one.add(statuses=[busy])
        await story.submit(file_of())
        await one.round()
        story.clock.pass_(seconds=1790)
        await one.round()
        assert len(receiver.seen) == 1
        story.clock.pass_(seconds=20)
        await one.round()
        assert len(receiver.seen) == 2


@awaited
async def test_a_silent_endpoint_delays_nobody_else(story: Story) -> None:
    async with desk(story, replace(RULES, timeout_s=30.0)) as one:
        await one.add(always=silent)
        quick = await one.add()
        for number in range(8):
            await story.submit(numbered(f"G22.{number}"))
        await feed(story.line)
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            posting = tasks.create_task(webhooks.run(story.line, one.poster))
            while len(quick.seen) < 8:
                await asyncio.sleep(0.01)
            posting.cancel()


@awaited
async def test_a_redirect_is_not_followed(story: Story) -> None:
    async def moved(_: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with desk(story) as one:
        receiver = await one.add(statuses=[moved])
        await story.submit(file_of())
        await one.round()
        assert len(receiver.seen) == 1
        assert await one.state(receiver) == [("queued", 1, "waiting")]


@awaited
async def test_an_endpoint_that_is_gone_is_told_nothing_until_somebody_replays(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add(statuses=[410])
        await story.submit(file_of())
        await one.round()
        story.clock.pass_(hours=1)
        await story.submit(numbered("G22.2"))
        await one.round()
        assert len(receiver.seen) == 1
        assert (await one.webhook(receiver)).stopped_at is not None
        await story.line.store.write(ReplayNotices(receiver.id, None, story.clock()))
        await one.round()
        assert len(receiver.seen) == 2, "what was waiting goes out; events while it was gone made no notices"


@awaited
async def test_what_could_not_be_told_for_days_is_given_up_kept_and_replayed(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add(always=500)
        await acknowledged(story)
        for _ in range(90):
            await one.round()
            story.clock.pass_(hours=1)
        assert {state for _, _, state in await one.state(receiver)} == {"dead"}
        assert await story.line.store.read(queries.backlog) == queries.Backlog(0, 3)
        receiver.always = 200
        assert await story.line.store.write(ReplayNotices(receiver.id, None, story.clock())) == 3
        receiver.seen.clear()
        await one.round()
        assert receiver.events == ["delivery.queued", "delivery.delivered", "delivery.acknowledged"]
        assert await story.line.store.read(queries.backlog) == queries.Backlog(0, 0)


@awaited
async def test_one_told_notice_is_posted_again_when_asked(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        await acknowledged(story)
        await one.round()
        event = int(receiver.ids[1].removeprefix("evt_"))
        assert await story.line.store.write(ReplayNotices(receiver.id, event, story.clock())) == 1
        await one.round()
        assert receiver.ids[3:] == [receiver.ids[1]]


@awaited
async def test_a_secret_is_changed_without_a_gap(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        until = story.clock() + timedelta(hours=24)
        assert await story.line.store.write(RotateWebhook(receiver.id, until)) == 2
        await story.submit(file_of())
        await one.round()
        assert len(receiver.seen) == 1, "the old secret is still good"
        receiver.secrets = [shown_secret(story.line, receiver.id, 2)]
        await story.submit(numbered("G22.2"))
        await one.round()
        assert len(receiver.seen) == 2
        story.clock.pass_(hours=25)
        await story.submit(numbered("G22.3"))
        await one.round()
        assert " " not in receiver.raw[-1][0]["webhook-signature"], "from now on the new one alone"
        assert await story.line.store.write(RotateWebhook("0" * 26, until)) is None


@awaited
async def test_a_removed_webhook_is_told_nothing_more(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        await story.submit(file_of())
        await feed(story.line)
        assert await story.line.store.write(RemoveWebhook(receiver.id, story.clock()))
        assert not await story.line.store.write(RemoveWebhook(receiver.id, story.clock()))
        await one.round()
        assert not receiver.seen


@awaited
async def test_a_process_that_died_while_posting_has_only_made_it_late(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        await story.submit(file_of())
        store, now = story.line.store, story.clock()
        await store.write(FeedNotices(now, 500))
        assert await store.write(FeedNotices(now, 500)) == 0, "fed once, however often it is tried"
        claim = ClaimNotices(now, 4, RULES.backoff, 0.0, claim_s=30.0)
        assert len(await store.write(claim)) == 1
        assert await store.write(claim) == (), "claimed: nobody posts it meanwhile"
        await one.round()
        assert not receiver.seen
        story.clock.pass_(seconds=31)
        await one.round()
        assert await one.state(receiver) == [("queued", 2, "delivered")]


@awaited
async def test_a_reply_to_a_claim_that_ran_out_changes_nothing(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        await story.submit(file_of())
        await feed(story.line)
        claim = ClaimNotices(story.clock(), 4, RULES.backoff, 0.0, claim_s=30.0)
        (late,) = await story.line.store.write(claim)
        story.clock.pass_(seconds=31)
        await story.line.store.write(replace(claim, now=story.clock()))
        await story.line.store.write(webhooks.settled(story.line, late, Reply(200, "HTTP 200")))
        assert await one.state(receiver) == [("queued", 2, "waiting")]


@awaited
async def test_many_events_are_fed_in_bounded_rounds(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "EVENTS_PER_ROUND", 2)
    async with desk(story) as one:
        receiver = await one.add()
        for number in range(3):
            await story.submit(numbered(f"G22.{number}", to=(PROVINCE, FAR)))
        assert await feed(story.line)
        assert await story.line.store.read(queries.backlog) == queries.Backlog(4, 0)
        await one.round()
        assert len(receiver.seen) == 6
        assert not await feed(story.line)


@awaited
async def test_a_revoked_peer_is_told_nothing_more(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        await story.submit(numbered("G22.1"))
        peers = (replace(story.peer("bo"), revoked_at=story.clock()), story.peer("tinh"))
        story.line.state.directory = replace(story.line.directory, peers=peers)
        await one.round()
        assert not receiver.seen
        assert (await one.webhook(receiver)).stopped_at is not None


@awaited
async def test_a_private_network_is_not_spoken_to(story: Story) -> None:
    async with desk(story) as one:
        receiver = await one.add()
        await story.submit(file_of())
        async with session(private_targets=False, tls=ssl.create_default_context()) as http:
            one.poster = HttpPoster(http, private_targets=False)
            await one.round()
            assert not receiver.seen
            assert await one.poster.post("https://10.0.0.1/", {}, b"{}", 1.0) == Reply(None, "a private network")
        with pytest.raises(OSError, match="private network"):
            await PublicResolver().resolve("localhost")

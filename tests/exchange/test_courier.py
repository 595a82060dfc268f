"""Pulling: inbox, fetch, acknowledge, decline; at least once on the wire, once in the register."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest

from gateway.exchange import bell, courier, watch
from gateway.ledger import EntryKind
from gateway.model.delivery import DeliveryStatus
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store import queries
from tests.exchange.conftest import Story, file_of
from tests.http.town import DEPARTMENT, FAR, PROVINCE, awaited, packet


async def delivered(story: Story, **options: object) -> str:
    await story.submit(file_of(**options))
    return (await story.inbox())[-1]


@awaited
async def test_a_hub_collects_for_itself_and_for_what_is_below_it(story: Story) -> None:
    await story.submit(file_of(to=(PROVINCE, DEPARTMENT, FAR)))
    items = await courier.inbox(story.line, story.peer("tinh"), None, 10, 0)
    assert [item.addressee for item in items] == [PROVINCE, DEPARTMENT]
    assert len(await story.inbox("xa")) == 1
    assert await story.inbox("bo") == []


@awaited
async def test_the_inbox_is_read_in_pages_oldest_first(story: Story) -> None:
    for number in range(5):
        story.clock.pass_(seconds=1)
        await story.submit(file_of(f"G22.{number}"))
    everything = await story.inbox()
    first = await courier.inbox(story.line, story.peer("tinh"), None, 2, 0)
    rest = await courier.inbox(story.line, story.peer("tinh"), first[-1].delivery_id, 10, 0)
    assert [item.delivery_id for item in (*first, *rest)] == everything
    assert [item.admitted_at for item in (*first, *rest)] == sorted(item.admitted_at for item in (*first, *rest))


@awaited
async def test_a_waiting_inbox_wakes_when_something_comes(story: Story) -> None:
    waiting = asyncio.create_task(courier.inbox(story.line, story.peer("tinh"), None, 10, wait_s=600))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await story.submit(file_of())
    assert len(await waiting) == 1


@awaited
async def test_a_waiting_inbox_gives_up_in_its_time(story: Story) -> None:
    assert await courier.inbox(story.line, story.peer("tinh"), None, 10, wait_s=0.05) == ()


@awaited
async def test_what_is_fetched_is_what_was_sent_and_the_hand_over_is_recorded_once(story: Story) -> None:
    skeleton, attachments = packet("G22.1")
    delivery = await delivered(story)
    for _ in range(3):
        fetched = await courier.fetch(story.line, story.peer("tinh"), delivery)
    assert fetched.skeleton == skeleton
    enclosed = [b"".join(story.line.blobs.reader(one)()) for one in fetched.attachments]
    assert enclosed == [data for _, data in attachments]
    assert [entry.kind for entry in await story.entries()] == [EntryKind.ACCEPT, EntryKind.DELIVER]
    assert await story.inbox() == [delivery], "until it is acknowledged it stays in the inbox"


@awaited
async def test_an_acknowledgement_ends_a_delivery_and_may_be_repeated(story: Story) -> None:
    delivery = await delivered(story)
    for _ in range(3):
        status = await courier.acknowledge(story.line, story.peer("tinh"), delivery)
        assert status is DeliveryStatus.ACKNOWLEDGED
    assert await story.inbox() == []
    assert [entry.kind for entry in await story.entries()] == [EntryKind.ACCEPT, EntryKind.ACKNOWLEDGE]


@awaited
async def test_a_refusal_reaches_the_record_as_a_digest_and_the_sender_as_words(story: Story) -> None:
    delivery = await delivered(story)
    reason = "Không thuộc thẩm quyền giải quyết"
    assert await courier.decline(story.line, story.peer("tinh"), delivery, reason) is DeliveryStatus.REFUSED
    entry = (await story.entries())[-1]
    assert entry.kind is EntryKind.DECLINE
    salts = await story.line.store.read(queries.salts_of, (entry["reason"],))
    assert len(salts[entry["reason"]]) == 16
    assert sha256(salts[entry["reason"]] + reason.encode()).hexdigest() == entry["reason"]
    assert sha256(reason.encode()).hexdigest() != entry["reason"], "a guess at the words proves nothing"
    with pytest.raises(Refused) as too_late:
        await courier.acknowledge(story.line, story.peer("tinh"), delivery)
    assert too_late.value.reason is Reason.STATE_CONFLICT


@pytest.mark.parametrize("what", ["fetch", "acknowledge", "decline"])
def test_anothers_delivery_is_not_found_like_one_that_never_was(story: Story, what: str) -> None:
    @awaited
    async def ask() -> None:
        delivery = await delivered(story)
        extra = ("vì lý do",) if what == "decline" else ()
        told = []
        for one in (delivery, delivery[:-1] + ("0" if delivery[-1] != "0" else "1")):
            with pytest.raises(Refused) as no:
                await getattr(courier, what)(story.line, story.peer("xa"), one, *extra)
            told.append((no.value.reason, no.value.finding))
        assert told[0] == told[1]
        assert told[0][0] is Reason.NOT_FOUND

    ask()


@awaited
async def test_what_was_not_collected_by_its_deadline_expires(story: Story) -> None:
    delivery = await delivered(story)
    taken = await delivered(story, document_id="G22.2")
    await courier.fetch(story.line, story.peer("tinh"), taken)
    story.clock.pass_(hours=story.line.rules.deadline_h - 0.01)
    assert await watch.expire(story.line) == 0
    story.clock.pass_(hours=0.02)
    assert await watch.expire(story.line) == 1
    assert (await story.entries())[-1].kind is EntryKind.EXPIRE
    assert await story.inbox() == [taken]
    with pytest.raises(Refused) as late:
        await courier.fetch(story.line, story.peer("tinh"), delivery)
    assert late.value.reason is Reason.STATE_CONFLICT


def test_a_bell_is_heard_by_those_who_listened_before_it_rang() -> None:
    @awaited
    async def listen() -> None:
        rope = bell.Bell()
        early, other = rope.listen("a"), rope.listen("b")
        rope.ring(("a",))
        assert early.done() and not other.done()
        late = rope.listen("a")
        await bell.wait(late, 0.01)
        assert late.cancelled()

    listen()


def test_a_ring_never_swallows_the_cancellation_of_who_waits() -> None:
    @awaited
    async def cancel_while_it_rings() -> None:
        rope = bell.Bell()
        waiting = asyncio.create_task(bell.wait(rope.listen("a"), 30))
        await asyncio.sleep(0)
        rope.ring(("a",))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()

    cancel_while_it_rings()


@awaited
async def test_paging_an_inbox_misses_nothing_that_is_committed_meanwhile(story: Story) -> None:
    """Many packets of one instant: their identifiers are in no order, their commits are."""
    seen: list[str] = []
    for number in range(12):
        await story.submit(file_of(f"G22.{number}", to=(PROVINCE, DEPARTMENT)))
        page = await courier.inbox(story.line, story.peer("tinh"), seen[-1] if seen else None, 1, 0)
        seen += [item.delivery_id for item in page]
    while page := await courier.inbox(story.line, story.peer("tinh"), seen[-1], 5, 0):
        seen += [item.delivery_id for item in page]
    assert len(seen) == len(set(seen)) == 24
    assert sorted(seen) == sorted(await story.inbox())

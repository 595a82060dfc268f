"""Operators' acts on deliveries, tokens and tables, on both engines: done with their entry, or not done at all."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from gateway.exchange import courier, peers, proving, register, tables
from gateway.exchange.acts import Actor
from gateway.exchange.operating import REASON_CHARS_MAX, Move, move
from gateway.exchange.watch import expire
from gateway.ledger import EntryKind, check_case
from gateway.model.delivery import DeliveryStatus
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.rules.authority_table import shipped_path, shipped_table
from gateway.store import queries
from gateway.store.engine import parse_url, writer_engine
from gateway.store.queries.operations import acts_before, queues, standing
from gateway.store.schema import delivery_events, ledger_entries
from tests.exchange.conftest import Story, file_of
from tests.exchange.replayed import differences
from tests.http.town import PROVINCE

TUAN, BINH = Actor("tuan", "a" * 64), Actor("binh", "b" * 64)
NEXT = shipped_path().read_text(encoding="utf-8").replace(
    f'version="{shipped_table().version}"', f'version="{shipped_table().version + 1}"', 1
)  # fmt: skip


async def _waiting(story: Story) -> str:
    await story.submit(file_of())
    (delivery_id,) = await story.inbox()
    return delivery_id


def test_what_is_held_is_nobodys_until_it_is_released(story: Story) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        assert await move(story.line, TUAN, delivery_id, Move.HOLD, " nghi  gửi nhầm ") is DeliveryStatus.HELD
        assert await story.inbox() == []
        await story.seal()
        assert [one for one in await differences(story.line) if one.what in {"delivery", "event", "act"}] == []
        with pytest.raises(Refused) as no:
            await courier.fetch(story.line, story.peer("tinh"), delivery_id)
        assert no.value.reason is Reason.STATE_CONFLICT
        assert [(one.held, one.queued) for one in await story.line.store.read(queues)] == [(1, 0)]
        assert await move(story.line, BINH, delivery_id, Move.RELEASE, "đã hỏi nơi gửi") is DeliveryStatus.QUEUED
        assert await story.inbox() == [delivery_id]
        await courier.fetch(story.line, story.peer("tinh"), delivery_id)
        entries = [one for one in await story.entries() if one.kind is EntryKind.OPERATOR]
        assert [one["action"] for one in entries] == ["delivery.held", "delivery.released"]
        acts = await story.line.store.read(acts_before, None, None, 10)
        assert [(one.by, one.reason) for one in acts] == [("binh", "đã hỏi nơi gửi"), ("tuan", "nghi gửi nhầm")]
        await story.seal()
        assert [one for one in await differences(story.line) if one.what in {"delivery", "event", "act"}] == []
        assert {one["subject"] for one in entries} == {f"{entries[0]['subject'].split('/')[0]}/{PROVINCE}"}

    asyncio.run(play())


def test_peers_see_that_an_operator_acted_and_not_their_words(story: Story, store_url: str) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        await move(story.line, TUAN, delivery_id, Move.HOLD, "giám đốc X gọi điện")
        await move(story.line, BINH, delivery_id, Move.RELEASE, "hỏi bà Y rồi")
        row = await story.line.store.read(queries.delivery, delivery_id)
        assert row is not None
        for peer in ("bo", "tinh"):
            (one,) = (await register.dispatch(story.line, story.peer(peer), row.dispatch_id)).deliveries
            assert [step.detail for step in one.timeline] == ["", "operator", "operator"]
        engine = writer_engine(parse_url(store_url))
        with engine.begin() as connection:  # as it was once written
            index = connection.execute(select(func.max(ledger_entries.c.ledger_index))).scalar_one()
            values = {"event": "held", "at": 1, "detail": "giám đốc X gọi điện", "ledger_index": index}
            connection.execute(insert(delivery_events).values(delivery_id=delivery_id, **values))
        engine.dispose()
        (one,) = (await register.dispatch(story.line, story.peer("bo"), row.dispatch_id)).deliveries
        assert one.timeline[-1].detail == "operator"

    asyncio.run(play())


def test_the_case_of_what_was_held_says_so_and_holds(story: Story) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        await move(story.line, TUAN, delivery_id, Move.HOLD, "nghi gửi nhầm")
        await move(story.line, BINH, delivery_id, Move.RELEASE, "đã hỏi nơi gửi")
        dispatch_id = (await story.entries())[0]["dispatch"]
        await story.seal()
        case = await proving.prove(story.line, story.peer("bo"), dispatch_id)
        report = check_case(case, story.line.notary.key.vkey)
        assert report.holds, [one.text("vi") for one in report.wrong]
        told = [dict(one.values) for one in report.proven if one.code == "proven.operator"]
        assert [(one["action"], one["subject"]) for one in told] == [
            (f"delivery.{what}", f"{dispatch_id}/{PROVINCE}") for what in (Move.HOLD, Move.RELEASE)
        ]

    asyncio.run(play())


def test_of_two_operators_at_one_delivery_one_is_told_no(story: Story) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        both = await asyncio.gather(
            move(story.line, TUAN, delivery_id, Move.HOLD, "a"),
            move(story.line, BINH, delivery_id, Move.HOLD, "b"),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in both) == ["DeliveryStatus", "Refused"]
        assert len(await story.line.store.read(acts_before, None, None, 10)) == 1

    asyncio.run(play())


@pytest.mark.parametrize("what", Move)
def test_what_is_over_cannot_be_moved_and_nothing_is_recorded(story: Story, what: Move) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        await courier.acknowledge(story.line, story.peer("tinh"), delivery_id)
        with pytest.raises(Refused) as no:
            await move(story.line, TUAN, delivery_id, what, "muộn rồi")
        assert no.value.reason is Reason.STATE_CONFLICT
        assert await story.line.store.read(acts_before, None, None, 10) == ()

    asyncio.run(play())


@pytest.mark.parametrize("reason", ["", "   ", "x" * (REASON_CHARS_MAX + 1)])
def test_nobody_acts_without_a_reason(story: Story, reason: str) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        with pytest.raises(Refused) as no:
            await move(story.line, TUAN, delivery_id, Move.HOLD, reason)
        assert no.value.reason is Reason.REQUEST_MALFORMED
        assert await story.inbox() == [delivery_id]

    asyncio.run(play())


def test_a_deadline_goes_on_while_a_delivery_is_held(story: Story) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        await move(story.line, TUAN, delivery_id, Move.HOLD, "chờ")
        story.clock.now += timedelta(hours=73)
        assert await expire(story.line) == 1
        row = await story.line.store.read(standing, delivery_id)
        assert row is not None
        assert row.status is DeliveryStatus.EXPIRED

    asyncio.run(play())


def test_a_pulled_delivery_has_no_push_to_make_again(story: Story) -> None:
    async def play() -> None:
        delivery_id = await _waiting(story)
        with pytest.raises(Refused) as no:
            await move(story.line, TUAN, delivery_id, Move.RETRY, "thử")
        assert no.value.reason is Reason.STATE_CONFLICT
        with pytest.raises(Refused) as nobody:
            await move(story.line, TUAN, "0" * 26, Move.HOLD, "thử")
        assert nobody.value.reason is Reason.NOT_FOUND

    asyncio.run(play())


def test_a_token_is_given_changed_and_ended(story: Story) -> None:
    async def play() -> None:
        first = await peers.issue(story.line, TUAN, "bo", "máy mới", alone=False)
        second = await peers.issue(story.line, TUAN, "bo", "nhân sự nghỉ việc", alone=True)
        read = story.line.store.read
        assert await read(queries.credential, peers.token_digest(first)) is None
        assert await read(queries.credential, peers.token_digest(second)) == "bo"
        await peers.revoke(story.line, TUAN, "bo", "hết hợp đồng")
        assert await read(queries.credential, peers.token_digest(second)) is None
        peer = story.line.directory.peer("bo")
        assert peer is not None
        assert peer.revoked_at == story.clock.now
        for again in (peers.revoke(story.line, TUAN, "bo", "x"), peers.issue(story.line, TUAN, "bo", "x", alone=True)):
            with pytest.raises(Refused) as no:
                await again
            assert no.value.reason is Reason.STATE_CONFLICT
        acts = await read(acts_before, None, None, 10)
        assert [one.action for one in acts] == ["peer.revoked", "peer.rotated", "peer.issued"]
        assert first not in repr(acts)

    asyncio.run(play())


def test_a_table_decides_once_two_people_agree(story: Story) -> None:
    async def play() -> None:
        line, day = story.line, story.clock.now + timedelta(days=1)
        version = await tables.propose(line, TUAN, NEXT.encode(), day, "luật mới")
        with pytest.raises(Refused) as own:
            await tables.approve(line, TUAN, version, "tự duyệt")
        assert own.value.reason is Reason.STATE_CONFLICT
        await tables.approve(line, BINH, version, "đã đọc")
        with pytest.raises(Refused):
            await tables.approve(line, Actor("cuc", "c" * 64), version, "lần nữa")
        assert line.state.table.version == shipped_table().version
        story.clock.now = day
        await tables.refresh_table(line)
        assert line.state.table.version == version
        entries = [one for one in await story.entries() if one.kind.value.startswith("table-")]
        assert [one["by"] for one in entries] == [TUAN.by, BINH.by]
        assert not [one for one in await differences(line) if one.what == "table"]

    asyncio.run(play())


@pytest.mark.parametrize(
    ("document", "days", "reason"),
    [
        ("<không phải bảng/>", 1, Reason.REQUEST_MALFORMED),
        (NEXT, -1, Reason.REQUEST_MALFORMED),
        (shipped_path().read_text(encoding="utf-8"), 1, Reason.STATE_CONFLICT),
    ],
)
def test_what_is_no_new_table_is_not_proposed(story: Story, document: str, days: int, reason: Reason) -> None:
    async def play() -> None:
        with pytest.raises(Refused) as no:
            day = story.clock.now + timedelta(days=days)
            await tables.propose(story.line, TUAN, document.encode(), day, "thử")
        assert no.value.reason is reason
        assert await story.line.store.read(queries.tables) == ()

    asyncio.run(play())

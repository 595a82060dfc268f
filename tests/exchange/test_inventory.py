"""What the register names beside what is there: found, lost, orphaned, swept; in files and in objects."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.exchange import courier, inventory, retention, sweeping
from gateway.exchange.inventory import Count, Discrepancy, Wrong
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import PutDirectory, Staging, Store, queries
from gateway.store.claims import CLAIM, Claim, Condemn, Destroyed, condemned
from gateway.store.schema import blob_claims
from tests.exchange.conftest import Story, file_of
from tests.exchange.life import trusting
from tests.exchange.test_retention import OPERATOR, TEN_YEARS
from tests.http.town import Clock, directory, open_line
from tests.pki import NOW
from tests.seaweed import Seaweed
from tests.store.samples import sha256

LARGE, OTHER = b"%PDF-1.7 " + os.urandom(100_000), b"%PDF-1.7 " + os.urandom(100_000)
SMALL = b"%PDF-1.7 small"
AGE = timedelta(hours=24)


@dataclass(frozen=True)
class Part:
    """As the reader of packets hands it over."""

    sink: Staging
    sha256: str


@pytest.fixture(params=["files", "objects"])
def stock(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> Iterator[Story]:
    """The story over each kind of place, on each engine."""
    bucket = request.getfixturevalue("seaweed").bucket() if request.param == "objects" else None
    store = Store.open(store_url, tmp_path / "blobs", bucket=bucket)
    asyncio.run(store.write(PutDirectory(directory(), NOW)))
    clock = Clock()
    yield trusting(Story(open_line(store, tmp_path, clock), clock))
    store.close()


async def submitted(story: Story) -> None:
    await story.submit(file_of("G22.1", attachments=(("lớn.pdf", LARGE), ("nhỏ.pdf", SMALL))))


async def found(story: Story, count: Count | None = None, deep: bool = False) -> list[Discrepancy]:
    return [one async for one in inventory.inspect(story.line.store, count or Count(), deep=deep)]


async def put(story: Story, data: bytes, name: str | None = None) -> str:
    """Content at its place that no document speaks of; `name`: under another digest."""
    staging = Staging(story.line.store.folders[0], 0)
    staging.write(data)
    await story.line.blobs.places[0].put(name or sha256(data), staging)
    staging.drop()
    return name or sha256(data)


def test_nothing_is_wrong_where_nothing_happened(stock: Story) -> None:
    async def story() -> None:
        await submitted(stock)
        count = Count()
        assert await found(stock, count, deep=True) == []
        assert (count.contents, count.in_database, count.size_bytes) == (2, 1, len(LARGE) + len(SMALL))
        assert count.sound

    asyncio.run(story())


def test_what_is_lost_cut_or_damaged_is_named_with_the_documents_that_have_it(stock: Story) -> None:
    async def story() -> None:
        await submitted(stock)
        digest = sha256(LARGE)
        ((dispatch, _),) = [
            (item.dispatch_id, item) for item in await courier.inbox(stock.line, stock.peer("tinh"), None, 9, 0)
        ]
        for put_instead, wrong, deep in (
            (None, Wrong.MISSING, False),
            (LARGE[:-1], Wrong.SIZE, False),
            (bytes(len(LARGE)), Wrong.DAMAGED, True),
        ):
            await stock.line.blobs.destroy(digest)
            if put_instead is not None:
                await put(stock, put_instead, digest)
            count = Count()
            (one,) = await found(stock, count, deep=deep)
            assert (one.wrong, one.sha256, one.size_bytes, one.dispatches) == (wrong, digest, len(LARGE), (dispatch,))
            assert not count.sound
        assert await found(stock) == [], "the size alone does not tell damage"

    asyncio.run(story())


def test_what_was_erased_is_gone_and_is_named_where_it_is_not(stock: Story) -> None:
    async def story() -> None:
        await submitted(stock)
        stock.clock.pass_(days=3_700)
        (one,) = [one async for one in retention.due(stock.line, TEN_YEARS, date(2037, 1, 1))]
        await retention.erase(stock.line, OPERATOR, one, "Hết thời hạn")
        assert await stock.line.blobs.size(sha256(LARGE)) is None
        assert await found(stock, deep=True) == []
        await put(stock, LARGE)  # as after a backup was played back
        count = Count()
        (left,) = await found(stock, count)
        assert (left.wrong, left.sha256, count.sound) == (Wrong.ERASED, sha256(LARGE), False)
        assert await retention.sweep(stock.line) == (sha256(LARGE),)
        assert await found(stock) == []

    asyncio.run(story())


def test_orphans_are_named_and_swept_once_they_are_old_but_never_what_somebody_needs(stock: Story) -> None:
    async def story() -> None:
        await submitted(stock)
        orphan, claimed = await put(stock, OTHER), await put(stock, OTHER[:-1])
        later = stock.line.clock() + timedelta(days=30_000)  # places know the real time alone
        assert await stock.line.store.write(Claim((claimed,), later)) == ()
        count = Count()
        assert {one.sha256 for one in await found(stock, count)} == {orphan, claimed}
        assert (count.wrong[Wrong.ORPHAN], count.sound) == (2, True)
        stock.clock.now -= timedelta(days=30_000)
        assert await sweeping.sweep(stock.line, AGE) == 0, "all is young"
        stock.clock.now = later
        assert await sweeping.sweep(stock.line, AGE) == 1
        assert [one.sha256 for one in await found(stock)] == [claimed]
        stock.clock.now = later + CLAIM
        assert await sweeping.sweep(stock.line, AGE) == 1
        assert await found(stock, deep=True) == []
        assert await stock.line.store.read(lambda register: register.execute(select(blob_claims)).all()) == []

    asyncio.run(story())


def test_what_is_being_destroyed_cannot_be_spoken_of_until_it_is_gone(stock: Story) -> None:
    async def story() -> None:
        store, digest = stock.line.store, sha256(LARGE)
        await put(stock, LARGE)
        assert await store.write(Condemn((digest, digest), NOW)) == (digest,)
        with pytest.raises(Unavailable) as no:
            await submitted(stock)
        assert no.value.reason is Reason.STORE_UNAVAILABLE
        assert await store.read(queries.inbox, "tinh", None, 9) == ()
        assert await store.read(condemned, 9) == (digest,)
        assert await sweeping.sweep(stock.line, AGE) == 1, "what somebody who died had condemned is destroyed"
        await submitted(stock)
        assert await found(stock, deep=True) == []
        assert await store.write(Condemn((digest,), NOW + 2 * CLAIM)) == (), "a document speaks of it"

    asyncio.run(story())


def test_claims_and_sentences_exclude_each_other(store: Store) -> None:
    async def story() -> None:
        one, other = "1" * 64, "2" * 64
        assert await store.write(Claim((one, one), NOW)) == ()
        assert await store.write(Condemn((one, other), NOW)) == (other,)
        assert await store.write(Claim((one, other), NOW)) == (other,)
        await store.write(Destroyed((other,), NOW + CLAIM))
        assert await store.write(Condemn((one,), NOW)) == (one,), "the claim ran out"

    asyncio.run(story())


def test_what_was_written_as_files_is_read_after_the_switch_to_objects(
    store_url: str, tmp_path: Path, seaweed: Seaweed
) -> None:
    async def story() -> None:
        store = Store.open(store_url, tmp_path / "blobs")
        await store.write(PutDirectory(directory(), NOW))
        before = Story(open_line(store, tmp_path, Clock()), Clock())
        await submitted(before)
        store.close()
        store = Store.open(store_url, tmp_path / "blobs", bucket=seaweed.bucket())
        after = Story(replace(before.line, store=store, blobs=store.blobs), before.clock)
        await after.submit(file_of("G22.2", attachments=(("lớn.pdf", OTHER),)))
        objects, files = store.blobs.places
        assert [await objects.size(sha256(one)) for one in (LARGE, OTHER)] == [None, len(OTHER)]
        assert [await files.size(sha256(one)) for one in (LARGE, OTHER)] == [len(LARGE), None]
        read = []
        for delivery in await after.inbox():
            fetched = await courier.fetch(after.line, after.peer("tinh"), delivery)
            reader = store.blobs.reader(fetched.attachments[0])
            read.append(await asyncio.to_thread(lambda whole: b"".join(whole()), reader))
        assert read == [LARGE, OTHER]
        copied = Staging(tmp_path, 0)  # as any program copies a file of the folder to the same name in the bucket
        copied.write(store.blobs.files.path(sha256(LARGE)).read_bytes())
        await objects.put(sha256(LARGE), copied)
        copied.drop()
        await files.destroy(sha256(LARGE))
        assert await found(after, deep=True) == []
        assert not list((tmp_path / "blobs" / "incoming").iterdir())
        store.close()

    asyncio.run(story())


def test_a_store_killed_in_the_middle_of_a_submission_loses_nothing(
    sqlite_url: str, tmp_path: Path, seaweed: Seaweed
) -> None:
    """No receipt while the bytes are not durable; sent again once the store is back, it is as if nothing had been."""
    huge = b"%PDF-1.7 " + os.urandom(24 * 1024 * 1024)

    async def story() -> None:
        store = Store.open(sqlite_url, tmp_path / "blobs", bucket=seaweed.bucket())
        await store.write(PutDirectory(directory(), NOW))
        town = Story(open_line(store, tmp_path, Clock()), Clock())
        file = file_of("G22.1", attachments=(("rất lớn.pdf", huge),))
        sending = asyncio.create_task(town.submit(file))
        await asyncio.sleep(0.05)
        seaweed.kill()
        with pytest.raises(Unavailable) as no:
            await sending
        assert (no.value.reason, no.value.retry_after_s) == (Reason.STORE_UNAVAILABLE, 30)
        assert await store.read(queries.inbox, "tinh", None, 9) == ()
        assert (await store.read(queries.ledger_head)).size == 0
        assert not await store.blobs.places[0].answers()
        await asyncio.to_thread(seaweed.start)
        await town.submit(file)
        assert await found(town, deep=True) == []
        store.close()

    try:
        asyncio.run(story())
    finally:
        seaweed.start()

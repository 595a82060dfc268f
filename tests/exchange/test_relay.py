"""What rings in one process is heard in the others, where they share a PostgreSQL server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from gateway.exchange import bell, relay
from gateway.exchange.bell import Bell
from gateway.exchange.line import Line
from gateway.store.wire import PAYLOAD_BYTES_MAX, Wire
from tests.exchange.conftest import Story
from tests.http.town import awaited
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

POLL_S = 0.05
"""How soon a cut wire is laid again; no test here polls a store."""


@asynccontextmanager
async def relayed(story: Story, url: str, name: str) -> AsyncIterator[Line]:
    """A process of the story's gateway, once it hears the others."""
    rules = replace(story.line.rules, poll_s=POLL_S)
    line = replace(story.line, name=name, rules=rules, bell=Bell())
    task = asyncio.create_task(relay.run(line, Wire(url, name)))
    try:
        yield line
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def heard(here: Line, there: Line, name: str) -> None:
    """A ring here is heard there; rung again until it is, since a wire takes a moment to be laid."""
    rung = there.bell.listen(name)
    async with asyncio.timeout(120):
        while not rung.done():
            here.bell.ring((name,))
            await asyncio.sleep(0.02)


def cut(url: str) -> None:
    """End every other connection to the database."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def store_url(postgres: PostgresServer) -> Iterator[str]:
    """Processes on SQLite poll, so here is one engine."""
    url = postgres.fresh_database()
    yield url
    postgres.recycle(url)


@awaited
async def test_a_ring_in_one_process_is_heard_in_the_other_both_ways(story: Story, store_url: str) -> None:
    async with relayed(story, store_url, "one") as one, relayed(story, store_url, "two") as two:
        await heard(one, two, bell.inbox("bo"))
        await heard(two, one, bell.LEDGER)


@awaited
async def test_nobody_hears_himself(story: Story, store_url: str) -> None:
    async with relayed(story, store_url, "one") as one, relayed(story, store_url, "two") as two:
        await heard(one, two, bell.CHANGES)
        waiting = one.bell.listen(bell.MAILS)
        two_hears = two.bell.listen(bell.MAILS)
        assert one.bell.abroad is not None
        one.bell.abroad(frozenset({bell.MAILS}))  # told to the others alone
        async with asyncio.timeout(120):
            await two_hears
        await asyncio.sleep(0.1)
        assert not waiting.done()


@awaited
async def test_more_names_than_one_notice_holds_all_arrive(story: Story, store_url: str) -> None:
    names = [bell.inbox(f"{number:0100}") for number in range(3 * PAYLOAD_BYTES_MAX // 100)]
    async with relayed(story, store_url, "one") as one, relayed(story, store_url, "two") as two:
        await heard(one, two, bell.LEDGER)
        waiting = [two.bell.listen(name) for name in names]
        one.bell.ring(names)
        async with asyncio.timeout(120):
            await asyncio.gather(*waiting)


@awaited
async def test_a_wire_that_was_cut_is_laid_again(story: Story, store_url: str) -> None:
    async with relayed(story, store_url, "one") as one, relayed(story, store_url, "two") as two:
        await heard(one, two, bell.LEDGER)
        await asyncio.to_thread(cut, store_url)
        await heard(one, two, bell.LEDGER)

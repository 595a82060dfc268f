"""The writer: groups under load, alone when idle; nobody sinks with another's fault; nothing waits for ever."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import Admitted, Operation, Store, Twin, queries
from gateway.store.transaction import Transaction
from gateway.store.writer import Grouping
from tests.store.samples import admit, run, write, write_all


class Gate:
    """Where the writer waits in the middle of a transaction."""

    def __init__(self) -> None:
        self._met, self._opened = threading.Event(), threading.Event()

    def pass_(self) -> None:
        self._met.set()
        self._opened.wait()

    async def met(self) -> None:
        """Until the writer stands before it."""
        await asyncio.to_thread(self._met.wait)

    def open(self) -> None:
        self._opened.set()


@dataclass(frozen=True)
class Note(Operation[int]):
    """Appends an entry; gives how many were in its group. `gate` makes the writer wait, `fault` makes it fail."""

    entry: bytes = b"note"
    gate: Gate | None = field(default=None, compare=False)
    fault: Exception | None = None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        tx.append([one.entry for one in operations])
        for one in operations:
            if one.gate:
                one.gate.pass_()
            if one.fault:
                raise one.fault
        return [len(operations)] * len(operations)


async def _behind_a_gate(store: Store, *operations: Operation[int]) -> list[int | BaseException]:
    """All of these while the writer is busy with something else."""
    gate = Gate()
    busy = asyncio.ensure_future(store.write(Note(b"first", gate)))
    await gate.met()
    waiting = asyncio.gather(*map(store.write, operations), return_exceptions=True)
    while store.waiting < len(operations):
        await asyncio.sleep(0.001)
    gate.open()
    assert await busy == 1
    return await waiting


def test_what_comes_while_the_writer_is_busy_is_committed_together(store: Store) -> None:
    assert run(_behind_a_gate(store, *[Note()] * 50)) == [50] * 50
    assert run(store.read(queries.ledger_head)).size == 51


def test_what_comes_while_another_process_writes_joins_the_group_that_waits(store_url: str, tmp_path: Path) -> None:
    ours, theirs = Store.open(store_url, tmp_path / "ours"), Store.open(store_url, tmp_path / "theirs")

    async def sizes() -> list[int]:
        gate = Gate()
        busy = asyncio.ensure_future(theirs.write(Note(b"theirs", gate)))
        await gate.met()
        first = asyncio.ensure_future(ours.write(Note()))
        await asyncio.sleep(0.1)  # the writer has taken it, and waits for the head of the ledger
        others = [asyncio.ensure_future(ours.write(Note())) for _ in range(9)]
        await asyncio.sleep(0)  # they stand in the queue
        gate.open()
        assert await busy == 1
        return [await one for one in (first, *others)]

    try:
        assert run(sizes()) == [10] * 10
    finally:
        ours.close()
        theirs.close()


def test_a_group_has_its_limit(store: Store) -> None:
    most = Grouping().operations_max
    sizes = run(_behind_a_gate(store, *[Note()] * (most + 1)))
    assert sizes == [most] * most + [1]


@dataclass(frozen=True)
class Ahead(Note):
    """One that does not wait its turn; gives the size of the ledger before it."""

    ahead: ClassVar[bool] = True

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [tx.append([one.entry])[0] for one in operations]


def test_what_goes_ahead_is_in_the_next_group_however_many_wait(store: Store) -> None:
    most = Grouping().operations_max
    *sizes, index = run(_behind_a_gate(store, *[Note()] * (5 * most), Ahead()))
    assert index in (1, most + 1), "first of all, or behind the one group that was being gathered"
    assert sum(isinstance(one, int) for one in sizes) == 5 * most


def test_what_goes_ahead_needs_nobody_to_go_with_and_is_not_lost_at_the_end(store: Store) -> None:
    async def alone() -> list[int]:
        return [await store.write(one) for one in (Ahead(), Ahead(), Note(), Ahead())]

    assert run(alone()) == [0, 1, 1, 3]

    async def at_the_end() -> list[int | BaseException]:
        gate = Gate()
        busy = asyncio.ensure_future(store.write(Note(b"first", gate)))
        await gate.met()
        waiting = asyncio.gather(*(store.write(one) for one in (Note(), Ahead(), Ahead())), return_exceptions=True)
        while store.waiting < 3:
            await asyncio.sleep(0.001)
        closing = asyncio.get_running_loop().run_in_executor(None, store.close)
        await asyncio.sleep(0.05)
        gate.open()
        await closing
        assert await busy == 1
        return await waiting

    assert sorted(run(at_the_end())) == [1, 5, 6]


def test_a_group_is_kept_open_until_it_has_as_many_as_the_last_one(store_url: str, tmp_path: Path) -> None:
    async def one_and_a_straggler() -> list[int]:
        first = asyncio.ensure_future(store.write(Note()))
        await asyncio.sleep(0.05)
        return [await store.write(Note()), await first]

    store = Store.open(store_url, tmp_path / "blobs", grouping=Grouping(operations_max=64, wait_s=600.0))
    try:
        assert run(_behind_a_gate(store, Note(), Note())) == [2, 2], "the first goes alone: idle, it waits for nobody"
        assert run(one_and_a_straggler()) == [2, 2], "two are enough; for a third it would wait ten minutes"
    finally:
        store.close()


def test_an_idle_writer_commits_at_once(store: Store) -> None:
    assert [write(store, Note()) for _ in range(3)] == [1, 1, 1]


def test_a_failing_operation_does_not_sink_its_group(store: Store) -> None:
    fault = ValueError("no such thing")
    good = [Note(b"good %d" % number) for number in range(20)]
    outcomes = run(_behind_a_gate(store, *good[:10], Note(b"bad", fault=fault), *good[10:]))
    assert outcomes == [*[1] * 10, fault, *[1] * 10]
    assert run(store.read(queries.entries, 0, 99)) == (b"first", *(one.entry for one in good))
    assert store.failed is None


def test_a_cancelled_write_still_happens_and_others_go_on(store: Store) -> None:
    async def give_up() -> None:
        gate = Gate()
        impatient = asyncio.ensure_future(store.write(Note(b"given up", gate)))
        patient = asyncio.ensure_future(store.write(Note(b"waited for")))
        await asyncio.sleep(0.01)
        impatient.cancel()
        gate.open()
        await patient
        assert impatient.cancelled()

    run(give_up())
    assert set(run(store.read(queries.entries, 0, 9))) == {b"given up", b"waited for"}


def test_a_loop_that_ended_before_its_answer_came_harms_nobody(store: Store) -> None:
    gate = Gate()

    async def leave() -> None:
        left = asyncio.ensure_future(store.write(Note(b"left behind", gate)))
        await gate.met()
        left.cancel()

    run(leave())
    gate.open()
    assert write(store, Note()) == 1
    assert run(store.read(queries.ledger_head)).size == 2


def test_closing_commits_what_waits_and_takes_no_more(store_url: str, tmp_path: Path) -> None:
    store = Store.open(store_url, tmp_path / "blobs")

    async def close_under_load() -> list[object]:
        writes = [asyncio.ensure_future(store.write(admit(number))) for number in range(300)]
        await asyncio.sleep(0)
        await asyncio.to_thread(store.close)
        with pytest.raises(Unavailable) as closed:
            await store.write(admit(999))
        assert closed.value.reason is Reason.DRAINING
        return list(await asyncio.gather(*writes))

    outcomes = run(close_under_load())
    assert outcomes == [Admitted(index) for index in range(300)]
    store.close()  # again: harmless
    again = Store.open(store_url, tmp_path / "blobs")
    assert run(again.read(queries.ledger_head)).size == 300
    again.close()


def test_what_a_write_made_durable_a_read_sees_at_once(store: Store) -> None:
    async def alternate() -> None:
        for number in range(50):
            await store.write(admit(number))
            assert (await store.read(queries.ledger_head)).size == number + 1

    run(alternate())


def test_a_read_cannot_write(store: Store) -> None:
    def sly(connection: Connection) -> None:
        connection.execute(text("UPDATE ledger_head SET size = 0"))

    with pytest.raises((DBAPIError, Unavailable)):
        run(store.read(sly))
    assert write(store, Note()) == 1


def test_a_long_read_sees_one_state_and_holds_nobody_up(store: Store) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(connection: Connection) -> tuple[int, int]:
        before = queries.ledger_head(connection).size
        entered.set()
        assert leave.wait(20)
        return before, queries.ledger_head(connection).size

    async def meanwhile() -> None:
        reading = asyncio.ensure_future(store.read(slow))
        await asyncio.to_thread(entered.wait)
        await store.write(Note())
        leave.set()
        assert await reading == (0, 0)

    run(meanwhile())


def test_errors_do_not_carry_documents(store: Store) -> None:
    broken = admit(1, "G22", "G22", subject="Mật khẩu của tôi")
    (error,) = write_all(store, broken)
    assert isinstance(error, DBAPIError | sqlite3.Error)
    assert "Mật khẩu" not in str(error)


def test_a_long_log_is_brought_into_the_database(sqlite_url: str, tmp_path: Path) -> None:
    store = Store.open(sqlite_url, tmp_path / "blobs")
    log = tmp_path / "gateway.db-wal"
    envelope, peak = b"x" * 900_000, 0
    for number in range(160):
        write(store, admit(number, envelope=envelope))
        peak = max(peak, log.stat().st_size)
    assert peak < 80 * 1024 * 1024, "160 documents of 0.9 MB passed through the log"
    assert (tmp_path / "gateway.db").stat().st_size > 100 * 1024 * 1024
    assert isinstance(write(store, admit(0, envelope=envelope)), Twin)
    store.close()

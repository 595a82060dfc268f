"""What PostgreSQL took back or never answered is done once: again where it did not happen, not again where it did."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg
import pytest
from sqlalchemy import Connection

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import Admitted, Operation, Store, Twin, queries
from gateway.store.leases import KeepLease, TakeLease, lease
from gateway.store.transacting import TRIES_MAX
from gateway.store.transaction import Transaction
from tests.postgres import PostgresServer
from tests.store.proxy import Proxy
from tests.store.samples import admit, run, write, write_all

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Note(Operation[int]):
    """Appends an entry, with something happening before and behind it; gives its index."""

    happens: Callable[[Connection], None] = lambda _: None
    entry: bytes = b"note"

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        indexes = tx.append([one.entry for one in operations])
        for one in operations:
            one.happens(tx.connection)
        return list(indexes)


@dataclass
class Times:
    """Something that happens the first few times."""

    left: int
    what: Callable[[Connection], None]
    tries: int = 0

    def __call__(self, connection: Connection) -> None:
        self.tries += 1
        if self.tries <= self.left:
            self.what(connection)


def says(state: str) -> Callable[[Connection], None]:
    """The server ends the transaction with this SQLSTATE."""
    return lambda connection: connection.exec_driver_sql(
        f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    )


def terminate(connection: Connection) -> None:
    """An operator ends this very session."""
    connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.fresh_database()
    yield made
    postgres.recycle(made)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(url, tmp_path / "blobs")
    yield opened
    opened.close()


def size(store: Store) -> int:
    return run(store.read(queries.ledger_head)).size


@pytest.mark.parametrize("fault", [says("40001"), says("40P01"), terminate], ids=["serialisation", "deadlock", "ended"])
def test_what_certainly_did_not_happen_is_done_again(store: Store, fault: Callable[[Connection], None]) -> None:
    happens = Times(TRIES_MAX - 1, fault)
    assert write(store, Note(happens)) == 0
    assert (happens.tries, size(store)) == (TRIES_MAX, 1)
    for_ever = Times(1_000, fault)
    with pytest.raises(Unavailable) as given_up:
        write(store, Note(for_ever))
    assert given_up.value.reason is Reason.STORE_UNAVAILABLE
    assert (for_ever.tries, size(store)) == (TRIES_MAX, 1)
    assert write(store, Note()) == 1


def test_a_real_deadlock_is_done_again(store: Store, url: str) -> None:
    """Two transactions that want two locks in different orders: PostgreSQL takes ours back, or the other one."""
    with psycopg.connect(_where(url)) as other:
        other.execute("SET deadlock_timeout = '60s'")  # ours notices first
        other.execute("LOCK TABLE mails")
        blocked = threading.Thread(target=lambda: other.execute("LOCK TABLE contacts"))

        def cross(connection: Connection) -> None:
            connection.exec_driver_sql("SET LOCAL deadlock_timeout = '50ms'")
            connection.exec_driver_sql("LOCK TABLE contacts")
            blocked.start()
            connection.exec_driver_sql("LOCK TABLE mails")

        happens = Times(1, cross)
        assert write(store, Note(happens)) == 0
        blocked.join()
        other.rollback()
    assert (happens.tries, size(store)) == (2, 1)


def test_an_operators_stop_of_every_session_costs_no_write_and_no_read(store: Store, url: str) -> None:
    outcomes: list[object] = []

    async def load() -> None:
        for start in range(0, 200, 20):
            with psycopg.connect(_where(url), autocommit=True) as operator:
                operator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            writes = [store.write(admit(number)) for number in range(start, start + 20)]
            outcomes.extend(await asyncio.gather(*writes, store.read(queries.ledger_head)))

    run(load())
    assert [type(one) for one in outcomes if type(one) in (Admitted, Twin)] == [Admitted] * 200
    assert size(store) == 200


def test_a_wrong_statement_is_not_tried_again(store: Store) -> None:
    happens = Times(9, says("23505"))
    with pytest.raises(Exception, match="no"):
        write(store, Note(happens))
    assert happens.tries == 1


@pytest.fixture
def proxy(postgres: PostgresServer, tmp_path: Path) -> Iterator[Proxy]:
    made = Proxy(tmp_path, postgres.folder)
    made.open()
    yield made
    made.close()


@contextmanager
def through(proxy: Proxy, url: str, folder: Path) -> Iterator[Store]:
    store = Store.open(proxy.url(url), folder / "blobs")
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_connection_cut_in_the_commit_admits_exactly_once(proxy: Proxy, url: str, tmp_path: Path, cut: str) -> None:
    with through(proxy, url, tmp_path) as store:
        write(store, admit(0))
        for number in range(1, 6):
            proxy.cut = cut
            assert write(store, admit(number)) == Admitted(number)
        assert proxy.cuts == 5
        outcomes = write_all(store, *(admit(number) for number in range(6)))
        assert [type(one) for one in outcomes] == [Twin] * 6
        assert size(store) == 6


def test_a_whole_group_whose_commit_was_not_answered_keeps_its_results(proxy: Proxy, url: str, tmp_path: Path) -> None:
    with through(proxy, url, tmp_path) as store:
        write(store, admit(100))
        proxy.cut = "after"
        outcomes = write_all(store, *(admit(number) for number in range(50)))
        assert sorted(one.ledger_index for one in outcomes if isinstance(one, Admitted)) == list(range(1, 51))
        assert size(store) == 51


def test_a_commit_the_server_is_still_to_hear_of_is_waited_for_and_not_doubled(
    proxy: Proxy, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server knows of a transaction that stands still. It lets go of the ledger's head, and then it is looked."""
    monkeypatch.setattr("gateway.store.engine.STANDSTILL_MS", 300)
    with through(proxy, url, tmp_path) as store:
        write(store, admit(0))
        proxy.cut = "held"
        began_s = time.monotonic()
        assert write(store, admit(1)) == Admitted(1)
        assert time.monotonic() - began_s >= 0.3
        assert size(store) == 2


def test_what_leaves_no_entry_is_not_guessed_and_whoever_asked_looks(proxy: Proxy, url: str, tmp_path: Path) -> None:
    with through(proxy, url, tmp_path) as store:
        term = write(store, TakeLease("duties", "a", run(store.read(lease, "duties"))))
        assert term is not None
        for cut, beats in (("before", 0), ("after", 2)):
            proxy.cut = cut
            with pytest.raises(Unavailable):
                write(store, KeepLease("duties", term))
            assert run(store.read(lease, "duties")).beats == beats
            assert write(store, KeepLease("duties", term))


def test_a_server_that_is_gone_is_said_to_be_away_at_once_and_nothing_is_lost_or_doubled(
    postgres: PostgresServer, url: str, tmp_path: Path
) -> None:
    store = Store.open(url, tmp_path / "blobs")
    write(store, admit(0))
    postgres.kill()
    try:
        with pytest.raises(Unavailable) as away:
            write(store, admit(1))
        assert away.value.reason is Reason.STORE_UNAVAILABLE
        with pytest.raises(Unavailable):
            size(store)
    finally:
        postgres.start()
    assert [type(one) for one in write_all(store, admit(0), admit(1))] == [Twin, Admitted]
    assert size(store) == 2
    store.close()


def _where(url: str) -> str:
    """As psycopg takes it."""
    return url.replace("postgresql+psycopg", "postgresql")

"""A full disk is said to be full and recovers; a disk that lies stops the store; a server that goes comes back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import Admitted, Store, Twin, queries
from gateway.store.faults import Fault, fault_of
from tests.outside import require
from tests.postgres import PostgresServer
from tests.store.samples import admit, run, write, write_all

ENVELOPE = b"x" * 50_000


def fill(store: Store) -> tuple[int, Unavailable]:
    """Admit until it is refused: how many were admitted, and the refusal."""
    for number in range(10_000):
        try:
            write(store, admit(number, envelope=ENVELOPE))
        except Unavailable as refusal:
            return number, refusal
    raise AssertionError("it never was full")


def check_full_and_recovered(store: Store, admitted: int) -> None:
    """Exactly what was answered is there; with space it goes on, and nothing has a gap."""
    assert store.failed is None
    assert run(store.read(queries.ledger_head)).size == admitted
    more = [admit(number, envelope=ENVELOPE) for number in range(admitted + 10)]
    outcomes = write_all(store, *more)
    assert [type(one) for one in outcomes] == [*[Twin] * admitted, *[Admitted] * 10]
    assert len(run(store.read(queries.entries, 0, 9_999))) == admitted + 10


def test_a_database_at_its_limit_is_507_and_recovers(sqlite_url: str, tmp_path: Path) -> None:
    store = Store.open(sqlite_url, tmp_path / "blobs")
    _limit_pages(store, 300)
    admitted, refusal = fill(store)
    assert (refusal.reason, refusal.reason.status) == (Reason.DISK_FULL, 507)
    _limit_pages(store, 1_000_000)
    check_full_and_recovered(store, admitted)
    store.close()


def _limit_pages(store: Store, pages: int) -> None:
    connection = store._writer._engine.raw_connection()
    connection.cursor().execute(f"PRAGMA max_page_count = {pages}")
    connection.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_507_and_recovers(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'gateway.db'}"
    Store.create(url)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(4_000_000))
    store = Store.open(url, small_disk / "blobs")
    admitted, refusal = fill(store)
    assert refusal.reason is Reason.DISK_FULL
    sink = store.blobs.stage()
    with pytest.raises(Unavailable) as full:
        sink.write(bytes(4_000_000))
    assert full.value.reason is Reason.DISK_FULL
    store.blobs.drop([sink])
    ballast.unlink()
    check_full_and_recovered(store, admitted)
    store.close()


def test_a_failed_flush_of_the_database_file_itself_stops_the_store(sqlite_url: str, tmp_path: Path) -> None:
    """SQLite would keep quiet about it, and lose what it could not flush at the second, successful try."""
    script = """if True:
        import asyncio, sys
        from pathlib import Path
        from gateway.model.refusal import Unavailable
        from gateway.store import Store
        from tests.store.samples import admit
        store = Store.open(sys.argv[1], Path(sys.argv[2]))
        async def live():
            for number in range(40):
                try:
                    await store.write(admit(number, envelope=bytes(900_000)))
                except Unavailable as refusal:
                    print(number, refusal.reason, store.failed, sep=", ")
                    break
        asyncio.run(live())
        store.close()
    """
    database = sqlite_url.removeprefix("sqlite:///")
    inject = ("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=1", "-P", database)
    strace = (require("strace"), "-f", "-qq", "-o", "/dev/null", *inject)
    command = (sys.executable, "-c", script, sqlite_url, tmp_path)
    ran = subprocess.run([*strace, *command], capture_output=True, text=True, timeout=120)
    admitted, reason, failed = ran.stdout.strip().split(", ")
    assert (reason, failed) == ("unavailable.store", "disk I/O error"), ran.stderr
    again = Store.open(sqlite_url, tmp_path / "blobs")
    assert run(again.read(queries.ledger_head)).size == int(admitted) > 10
    again.close()


def test_a_server_that_dies_under_load_costs_nothing_that_was_answered(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    store = Store.open(postgres.fresh_database(), tmp_path / "blobs")
    answered: set[int] = set()

    async def load() -> None:
        async def one(number: int) -> None:
            try:
                if isinstance(await store.write(admit(number)), Admitted):
                    answered.add(number)
            except Unavailable as refusal:
                assert refusal.reason is Reason.STORE_UNAVAILABLE

        killing = asyncio.create_task(asyncio.to_thread(_kill_when, postgres, answered))
        number = 0
        while not killing.done() and number < 100_000:
            await asyncio.gather(*(one(number + place) for place in range(20)))
            number += 20
        await killing

    try:
        run(load())
    finally:
        postgres.start()
    assert store.failed is None
    kept = set(run(store.read(queries.entries, 0, 100_000)))
    assert {admit(number).entry for number in answered} <= kept
    again = write_all(store, *(admit(number) for number in answered), admit(200_000))
    assert [type(one) for one in again] == [*[Twin] * len(answered), Admitted]
    store.close()


def _kill_when(server: PostgresServer, answered: set[int]) -> None:
    while len(answered) < 100:
        time.sleep(0.001)
    server.kill()


def test_a_server_that_cannot_be_reached_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/none?host={tmp_path}"
    for attempt in (lambda: Store.open(url, tmp_path / "blobs"), lambda: Store.create(url)):
        with pytest.raises(Unavailable) as away:
            attempt()
        assert away.value.reason is Reason.STORE_UNAVAILABLE


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("53100", Fault.FULL),
        ("58030", Fault.BROKEN),
        ("XX001", Fault.BROKEN),
        ("57P01", Fault.AWAY),
        ("40001", Fault.AWAY),
        ("25006", Fault.AWAY),
        ("23505", None),
        ("P0001", None),
    ],
)
def test_what_the_server_says_decides_what_follows(state: str, fault: Fault | None) -> None:
    cause = psycopg.errors.lookup(state)("no")
    assert fault_of(DBAPIError("SELECT", {}, cause)) is fault
    assert fault_of(cause) is fault


def test_a_broken_connection_is_away_and_a_wrong_statement_is_a_bug() -> None:
    assert fault_of(psycopg.OperationalError("server closed the connection")) is Fault.AWAY
    assert fault_of(psycopg.ProgrammingError("no such thing")) is None
    assert fault_of(ValueError()) is None
    engine = create_engine("sqlite://")
    with pytest.raises(OperationalError) as wrong, engine.connect() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert fault_of(wrong.value) is None
    engine.dispose()


def test_a_damaged_database_stops_the_store(sqlite_url: str, tmp_path: Path) -> None:
    store = Store.open(sqlite_url, tmp_path / "blobs")
    write_all(store, *(admit(number) for number in range(50)))
    store.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(Unavailable):
        Store.open(sqlite_url, tmp_path / "blobs")

"""A register that moves to PostgreSQL is the same register there, or stays where it was."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError

from gateway.exchange.key_record import bind_ledger_key
from gateway.model.refusal import Unavailable
from gateway.store import Store, StoreNotice, queries
from gateway.store.engine import parse_url, reader_engine
from gateway.store.moving import Contents, Moved, Step, move
from gateway.store.reconciling import Differs
from gateway.store.schema import ledger_entries, metadata
from tests.exchange.conftest import Story
from tests.exchange.life import collect, document, send, trusting
from tests.exchange.replayed import differences
from tests.exchange.test_tampering import live
from tests.http.town import PROVINCE, Clock, open_line
from tests.pki import NOW
from tests.postgres import PostgresServer
from tests.store.samples import run


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a register with a life behind it: documents, answers, statuses, recalls, a stranger's number."""
    folder = tmp_path_factory.mktemp("lived")
    url = f"sqlite:///{folder / 'register.db'}"
    Store.create(url)
    store = Store.open(url, folder / "blobs")
    story = trusting(Story(open_line(store, folder, Clock()), Clock()))

    async def lived() -> None:
        await bind_ledger_key(store, story.line.notary, None, NOW)
        await live(story)

    asyncio.run(lived())
    store.close()
    return folder


@pytest.fixture
def file(template: Path, tmp_path: Path) -> Path:
    path = tmp_path / "register.db"
    path.write_bytes((template / "register.db").read_bytes())
    return path


@pytest.fixture
def target(postgres: PostgresServer) -> str:
    return postgres.empty_database()


def moved(file: Path, target: str, *, differing: bool = False) -> Moved:
    return move(file, target, differing=differing)


def refused(file: Path, target: str) -> str:
    with pytest.raises(StoreNotice) as notice:
        moved(file, target)
    assert notice.value.message("vi") != notice.value.message("en")
    return notice.value.key


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    engine = reader_engine(parse_url(url), 1)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    with reading(url) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def tables(url: str) -> list[str]:
    with reading(url) as connection:
        return inspect(connection).get_table_names()


def tamper(file: Path, statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)


def test_every_row_goes_over_and_the_ledger_says_the_same_register(
    file: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are drawn and not gathered: COPY ends and begins again within a table. An earlier move was cut off."""
    monkeypatch.setattr("gateway.store.moving.ROWS_COPIED", 3)
    before = everything(f"sqlite:///{file}")
    tamper(file, "INSERT INTO settings VALUES ('moved_to', 'postgresql://elsewhere/')")
    told = list[tuple[Step, int, int]]()
    done = move(file, target, lambda *step: told.append(step))
    assert everything(target) == before
    assert len(before[ledger_entries.name]) > 9
    assert (done.tables, done.rows) == (len(metadata.tables), sum(map(len, before.values())))
    assert (done.entries, done.differences) == (len(before["ledger_entries"]), ())
    assert {step for step, _, _ in told} == set(Step)
    assert all(amount <= total for _, amount, total in told)


def test_the_story_goes_on_in_the_new_database_and_nowhere_else(template: Path, file: Path, target: str) -> None:
    moved(file, target)
    store = Store.open(target, template / "blobs")
    story = trusting(Story(open_line(store, template, Clock()), Clock()))

    async def on() -> None:
        size = (await store.read(queries.ledger_head)).size
        again = await send(story, document("G22.4", number="7816"))
        assert again.repeated and (await store.read(queries.ledger_head)).size == size
        fresh = await send(story, document("G22.9", number="8000"))
        assert fresh.ledger_index == size
        await collect(story, fresh.dispatch_id, PROVINCE)  # its events are numbered behind those that were moved
        await story.seal()
        assert await differences(story.line) == []

    try:
        run(on())
        with store._writer._engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text("UPDATE ledger_entries SET entry = ''"))
    finally:
        store.close()
    with pytest.raises(StoreNotice) as notice:
        Store.open(f"sqlite:///{file}", file.parent / "blobs")
    assert notice.value.key == "store.moved"
    assert str(parse_url(target).database) in notice.value.message("vi")


def test_a_database_that_holds_anything_is_left_alone(file: Path, postgres: PostgresServer) -> None:
    used = postgres.fresh_database()  # ours, at the newest schema, and empty: somebody's all the same
    assert refused(file, used) == "store.move.not_empty"
    assert all(
        not rows for name, rows in everything(used).items() if name not in {"ledger_head", "webhook_feed", "settings"}
    )
    postgres.recycle(used)


def test_a_file_of_another_version_is_refused_and_names_the_upgrade(file: Path, target: str) -> None:
    tamper(file, "UPDATE alembic_version SET version_num = '0001'")
    assert refused(file, target) == "store.schema_older"
    tamper(file, "UPDATE alembic_version SET version_num = '9999'")
    assert refused(file, target) == "store.schema_newer"
    assert tables(target) == []


def test_a_file_that_is_not_there_is_said_to_be_missing_and_not_made(tmp_path: Path, target: str) -> None:
    assert refused(tmp_path / "none.db", target) == "store.file_missing"
    assert not (tmp_path / "none.db").exists()


def test_a_gateway_that_still_has_the_file_open_is_noticed(file: Path, target: str) -> None:
    store = Store.open(f"sqlite:///{file}", file.parent / "blobs")
    run(store.read(queries.ledger_head))
    assert refused(file, target) == "store.move.in_use"
    store.close()


def test_a_register_that_is_not_what_its_ledger_says_stays_unless_it_is_wanted_so(file: Path, target: str) -> None:
    tamper(
        file,
        "DROP TRIGGER deliveries_final_update;UPDATE deliveries SET status = 'delivered' WHERE status = 'refused';",
    )
    (difference,) = moved(file, target).differences
    assert (difference.how, difference.what, difference.held) == (Differs.CHANGED, "delivery", "delivered")
    assert tables(target) == []
    Store.open(f"sqlite:///{file}", file.parent / "blobs").close()
    assert moved(file, target, differing=True).differences == (difference,)
    assert tables(target)


def test_what_postgresql_cannot_hold_moves_nothing_and_is_named(file: Path, target: str) -> None:
    tamper(file, "INSERT INTO settings VALUES ('mark', 'a' || char(0) || 'b')")
    assert refused(file, target) == "store.move.refused"
    assert tables(target) == []
    Store.open(f"sqlite:///{file}", file.parent / "blobs").close()


def test_only_postgresql_is_moved_to(file: Path) -> None:
    assert refused(file, f"sqlite:///{file.parent / 'other.db'}") == "store.move.not_postgres"


def test_a_server_that_is_away_moves_nothing(file: Path) -> None:
    with pytest.raises(Unavailable):
        moved(file, f"postgresql://nobody@/none?host={file.parent}")
    Store.open(f"sqlite:///{file}", file.parent / "blobs").close()


def test_the_digest_of_a_table_knows_every_value_and_no_order() -> None:
    def contents(*rows: tuple[object, ...]) -> Contents:
        made = Contents()
        for _ in made.passing(rows):
            pass
        return made

    one = contents((1, "ă", b"\0", None, True), (2, "b", b"", None, False))
    assert one == contents((2, "b", b"", None, False), (1, "ă", b"\0", None, True))
    assert (
        len({made.digest for made in (one, contents((1,)), contents(("1",)), contents((b"1",)), contents((None,)))})
        == 5
    )
    assert contents((1,), (1,)) != contents((1,))

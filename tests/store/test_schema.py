"""The schema: what the migrations make is what the code says, and the database itself refuses what must not be."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from gateway.model.agency import Agency, Directory, Peer
from gateway.model.delivery import Backoff, Outcome
from gateway.model.dispatch import Kind
from gateway.model.lifecycle import ChangeKind, Relation
from gateway.model.packet import StatusCode
from gateway.model.reasons import Reason
from gateway.store import (
    ClaimDue,
    CloseAttempt,
    Named,
    NewChange,
    NewDelivery,
    NewLink,
    NewStatus,
    PutDirectory,
    PutTree,
    RecordRefusal,
    Store,
    StoreNotice,
    Target,
)
from gateway.store.engine import parse_url, writer_engine
from gateway.store.migrate import notice_about
from gateway.store.schema import metadata
from tests.postgres import PostgresServer
from tests.store.samples import DEADLINE, NOW, admit, write
from tests.stores import ENGINES


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    made = writer_engine(parse_url(store_url))
    yield made
    made.dispose()


def test_the_migrated_schema_is_the_one_the_code_speaks_of(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_keys_checks_and_partial_indexes_are_the_ones_the_code_speaks_of(engine: Engine, tmp_path: Path) -> None:
    """Alembic's own comparison passes over these."""
    plain = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA plain"))
            connection.execute(text("SET LOCAL search_path TO plain"))
            metadata.create_all(connection)
            assert _shape(connection, "plain") == _shape(connection, "public")
            connection.rollback()
    else:
        with plain.begin() as one, engine.connect() as other:
            metadata.create_all(one)
            assert _statements(one) == _statements(other)
    plain.dispose()


def _shape(connection: Connection, schema: str) -> dict[str, object]:
    seen = inspect(connection)
    return {
        table: (
            seen.get_pk_constraint(table, schema),
            [{**key, "referred_schema": None} for key in seen.get_foreign_keys(table, schema)],
            seen.get_check_constraints(table, schema),
            sorted(seen.get_indexes(table, schema), key=lambda index: str(index["name"])),
        )
        for table in sorted(seen.get_table_names(schema))
        if table != "alembic_version"
    }


def _statements(connection: Connection) -> dict[str, str]:
    """What made each table and index, spaces and order of clauses apart."""
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type <> 'trigger' AND sql IS NOT NULL")
    return {name: " ".join(sorted(re.split(r"\W+", sql))) for name, sql in rows if name != "alembic_version"}


def test_an_embedded_database_is_its_owners_alone(tmp_path: Path) -> None:
    Store.create(f"sqlite:///{tmp_path / 'deep' / 'gateway.db'}")
    assert stat.S_IMODE((tmp_path / "deep" / "gateway.db").stat().st_mode) == 0o600


def test_creating_again_keeps_what_is_there(store_url: str, tmp_path: Path) -> None:
    store = Store.open(store_url, tmp_path / "blobs")
    write(store, admit(1))
    store.close()
    Store.create(store_url)
    store = Store.open(store_url, tmp_path / "blobs")
    assert type(write(store, admit(1))).__name__ == "Twin"
    store.close()


def _notice(url: str, tmp_path: Path) -> StoreNotice:
    with pytest.raises(StoreNotice) as notice:
        Store.open(url, tmp_path / "blobs")
    return notice.value


def test_opening_creates_nothing_and_names_the_command(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    notice = _notice(f"sqlite:///{path}", tmp_path)
    assert notice.key == "store.file_missing"
    assert "gateway init" in notice.message("vi")
    assert str(path) in notice.message("en")
    assert not path.exists()


def test_an_empty_database_is_refused_with_the_command(tmp_path: Path, postgres: PostgresServer) -> None:
    (tmp_path / "gateway.db").touch()
    for url in (f"sqlite:///{tmp_path / 'gateway.db'}", postgres.empty_database()):
        notice = _notice(url, tmp_path)
        assert notice.key == "store.schema_missing"
        assert "gateway init" in str(notice)


def test_a_schema_from_the_future_is_refused(engine: Engine, store_url: str, tmp_path: Path) -> None:
    newest = _at(engine, "9999", serves_from="9998")
    notice = _notice(store_url, tmp_path)
    assert notice.key == "store.schema_newer"
    assert "9999" in notice.message("vi")
    _at(engine, newest)  # the database is another test's next


def test_a_later_schema_that_still_serves_this_code_is_opened(engine: Engine, store_url: str, tmp_path: Path) -> None:
    newest = _at(engine, "9999", serves_from="0016")
    Store.open(store_url, tmp_path / "blobs").close()
    _at(engine, newest)


def _at(engine: Engine, version: str, serves_from: str | None = None) -> str:
    """Let the database say that it is at another version; the one it was at."""
    with engine.begin() as connection:
        before: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        connection.execute(text("DELETE FROM settings WHERE name = 'schema.serves_from'"))
        if serves_from is not None:
            said = {"code": serves_from}
            connection.execute(text("INSERT INTO settings VALUES ('schema.serves_from', :code)"), said)
        return before


def test_an_older_schema_names_the_upgrade() -> None:
    notice = notice_about("0001", ["0002", "0001"])
    assert notice is not None
    assert "gateway upgrade" in notice.message("vi")
    assert notice_about("0002", ["0002", "0001"]) is None


@pytest.mark.parametrize("url", ["mysql://u:geheim@h/d", "sqlite+aiosqlite:///x", "oracle://h"])
def test_another_kind_of_database_is_refused_without_its_password(url: str, tmp_path: Path) -> None:
    notice = _notice(url, tmp_path)
    assert notice.key == "store.address"
    assert "geheim" not in notice.message("vi") + notice.message("en")


def test_a_server_that_loses_commits_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.fresh_database()
    postgres.configure("fsync = off")
    try:
        with pytest.raises(StoreNotice, match="fsync: off"):
            Store.create(url)
    finally:
        postgres.configure("fsync = on")


# What nobody may do, whatever program asks.

APPEND_ONLY = [
    "directory_versions",
    "ledger_entries",
    "checkpoints",
    "blobs",
    "dispatches",
    "dispatch_attachments",
    "delivery_events",
    "refusals",
    "agency_changes",
    "peer_changes",
]
REFUSED = [
    *(pytest.param(f"DELETE FROM {table}", f"{table} is append-only", id=f"delete {table}") for table in APPEND_ONLY),
    *(
        pytest.param(f"DELETE FROM {table}", f"{table} rows are never deleted", id=f"delete {table}")
        for table in ("ledger_head", "ledger_tiles", "deliveries", "attempts", "changes")
    ),
    ("UPDATE directory_versions SET version = 9", "directory_versions is append-only"),
    ("UPDATE agency_changes SET gone = NOT gone", "agency_changes is append-only"),
    ("UPDATE peer_changes SET gone = NOT gone", "peer_changes is append-only"),
    ("UPDATE ledger_entries SET entry = entry", "ledger_entries is append-only"),
    ("UPDATE checkpoints SET note = note", "checkpoints is append-only"),
    ("UPDATE blobs SET data = data", "blobs is append-only"),
    ("UPDATE dispatches SET subject = 'other'", "dispatches is append-only"),
    ("UPDATE dispatch_attachments SET name = 'other'", "dispatch_attachments is append-only"),
    ("UPDATE delivery_events SET detail = 'other'", "delivery_events is append-only"),
    ("UPDATE refusals SET reason = 'other'", "refusals is append-only"),
    ("UPDATE statuses SET description = 'other'", "statuses is append-only"),
    ("UPDATE links SET target = NULL", "links is append-only"),
    ("UPDATE changes SET answer = 'refused'", "a change is only answered, and once"),
    ("UPDATE changes SET answer = NULL, answered_at = NULL", "a change is only answered, and once"),
    ("UPDATE attempts SET detail = 'other'", "a closed attempt never changes"),
    ("UPDATE deliveries SET status = 'queued'", "a final status never changes"),
    ("UPDATE ledger_head SET size = size + 1", "ledger_head counts"),
    ("INSERT INTO ledger_entries VALUES (99, 'x', 'x')", "ledger indexes are dense"),
    ("INSERT INTO checkpoints VALUES (1, 0, 'x')", "a checkpoint covers more"),
    ("INSERT INTO checkpoints VALUES (99, 0, 'x')", "no more than the ledger holds"),
    ("UPDATE ledger_tiles SET hashes = 'other'", "a tile only grows"),
    ("INSERT INTO ledger_head VALUES (2, 0)", "(?i)check"),
]


@pytest.fixture(scope="module", params=ENGINES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with rows in every guarded table. One for all refusals: they leave it as it was."""
    folder = tmp_path_factory.mktemp("filled")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'gateway.db'}"
        Store.create(url)
    else:
        url = request.getfixturevalue("postgres").fresh_database()
    store = Store.open(url, folder / "blobs")
    _fill(store)
    store.close()
    engine = writer_engine(parse_url(url))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("statement", "reason"), REFUSED)
def test_the_database_refuses_with_the_reason(filled: Engine, statement: str, reason: str) -> None:
    with pytest.raises(DBAPIError, match=reason), filled.begin() as connection:
        connection.exec_driver_sql(statement)


def test_the_server_refuses_to_empty_a_table(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    engine = writer_engine(parse_url(url))
    for table in [*APPEND_ONLY, "ledger_head", "ledger_tiles", "deliveries", "attempts"]:
        with pytest.raises(DBAPIError, match="never deleted"), engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {table} CASCADE"))
    engine.dispose()


def _fill(store: Store) -> None:
    """At least one row in every guarded table; the delivery refused, its attempt closed."""
    write(store, admit(1, push=True))
    (due,) = write(store, ClaimDue(NOW, limit=1, per_addressee=1, backoff=Backoff(), chance=0.0))
    write(store, CloseAttempt(due.delivery_id, due.number, NOW, Outcome.REFUSED, "không nhận", b"entry"))
    named = Named("document-2")
    recall = NewChange(ChangeKind.RECALL, (Target(named),), "nhầm", None)
    told = NewStatus("G22", "G01", named, StatusCode.FINISHED, "xong", None, "00" * 16, "00" * 32)
    write(store, admit(2, deliveries=(NewDelivery(f"{8:026}", "G22", "G22", "peer-G22", False, DEADLINE),)))
    links = (NewLink(Relation.RECALLS, named, "G01"),)
    write(store, admit(3, business_type=1, document_id="recall", change=recall, links=links))
    write(store, admit(4, "G01", kind=Kind.STATUS, document_id=None, status=told))
    write(store, RecordRefusal("peer", None, Reason.XML_DOCTYPE, NOW, None))
    write(store, PutTree(0, 2, {(0, 0): b"h" * 64}, b"note", NOW))
    write(store, PutDirectory(Directory(1, (Agency("G22", "Bộ", ("G22",)),), (Peer("bo", "Bộ"),)), NOW))

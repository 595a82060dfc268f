"""Connections that keep the promise: a commit that returns is on disk. A server that does not grant it is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from gateway.store.notice import StoreNotice

PAGE_BYTES = 8_192
"""SQLite's page: 8 KiB costs a fifth less than 4 KiB for the usual attachment of 20 KB."""
CACHE_KIB = 65_536
STATEMENTS_KEPT = 512
"""Prepared by SQLite's driver, each connection its own: an insertion is one for each number of rows it takes."""
BUSY_TIMEOUT_MS = 10_000
ALONE_TIMEOUT_MS = 1_000
"""Whoever wants a file for itself hears at once that somebody has it."""
CONNECT_TIMEOUT_S = 5
STANDSTILL_MS = 3_000
"""How long PostgreSQL waits for the next statement of a group's transaction: they follow one another closely."""
SILENCE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""When a server that says nothing any more counts as gone (libpq: seconds, probes, milliseconds)."""


def parse_url(url: str) -> URL:
    """A database address: `sqlite:///path` or `postgresql://...`, with the drivers this package uses."""
    try:
        parsed = make_url(url)
    except ArgumentError as wrong:
        raise StoreNotice("store.address", url=url) from wrong
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}
    if parsed.drivername not in drivers:
        raise StoreNotice("store.address", url=parsed.render_as_string(hide_password=True))
    return parsed.set(drivername=drivers[parsed.drivername])


def sqlite_path(url: URL) -> Path | None:
    """The file of an embedded database; None for a server."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def writer_engine(url: URL) -> Engine:
    """The one connection of a writer: every transaction takes the write lock when it begins."""
    return _engine(url, connections=1, begin="BEGIN IMMEDIATE", setup=_set_up_writer)


def upgrade_engine(url: URL) -> Engine:
    """The one connection of whoever makes or fills a schema: as durable, and its transaction may think for long."""
    return _engine(url, connections=1, begin="BEGIN IMMEDIATE", setup=_set_up_durable)


def alone_engine(url: URL) -> Engine:
    """The one connection to an embedded database that nobody else has open, and nobody opens meanwhile."""
    return _engine(url, connections=1, begin="BEGIN EXCLUSIVE", setup=_set_up_alone)


def reader_engine(url: URL, connections: int) -> Engine:
    """Connections that cannot write; each transaction sees one state of the database."""
    return _engine(url, connections=connections, begin="BEGIN", setup=_set_up_reader)


def create_file(path: Path) -> None:
    """Make an empty database file that only its owner can read (SQLite's side files get the same mode)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _engine(url: URL, connections: int, begin: str, setup: Callable[[Engine, Any], None]) -> Engine:
    # Errors go to the log: without the values, which are documents.
    options: dict[str, Any] = {
        "pool_size": connections,
        "pool_timeout": BUSY_TIMEOUT_MS / 1_000,
        "hide_parameters": True,
    }
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            connect_args={
                "isolation_level": None,
                "timeout": BUSY_TIMEOUT_MS / 1_000,
                "check_same_thread": False,
                "cached_statements": STATEMENTS_KEPT,
            },
            **options,
        )
        event.listen(engine, "begin", partial(_begin, begin))
    else:
        engine = create_engine(
            url,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "gateway", **SILENCE},
            paramstyle="format",
            pool_pre_ping=True,
            **options,
        )
    event.listen(engine, "connect", lambda connection, _record: setup(engine, connection))
    return engine


def _begin(statement: str, connection: Connection) -> None:
    """Begin a transaction by the bare driver: SQLAlchemy takes several times as long around it as SQLite for it."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statement)


def _set_up_writer(engine: Engine, connection: DBAPIConnection) -> None:
    _set_up_durable(engine, connection)
    if engine.dialect.name != "sqlite":
        # A node that is cut off in the middle of its transaction lets go of the ledger's head, which all others need.
        _run(connection, f"SET idle_in_transaction_session_timeout = {STANDSTILL_MS}")
        connection.commit()


def _set_up_durable(engine: Engine, connection: DBAPIConnection) -> None:
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(connection)
        return
    _assert_setting(connection, "SHOW fsync", "on")
    _run(connection, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
    _run(connection, "SET synchronous_commit = on")
    _run(connection, f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    _assert_setting(connection, "SHOW synchronous_commit", "on")
    connection.commit()


def _set_up_reader(engine: Engine, connection: DBAPIConnection) -> None:
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(connection)
        _run(connection, "PRAGMA query_only = ON")
        return
    _run(connection, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.commit()


def _set_up_alone(_engine: Engine, connection: DBAPIConnection) -> None:
    _run(connection, f"PRAGMA busy_timeout = {ALONE_TIMEOUT_MS}")
    _run(connection, "PRAGMA locking_mode = EXCLUSIVE")  # before anything is read: a reader of the log would stay one
    _set_up_sqlite(connection)


def _set_up_sqlite(connection: DBAPIConnection) -> None:
    _run(connection, f"PRAGMA page_size = {PAGE_BYTES}")
    _assert_setting(connection, "PRAGMA journal_mode = WAL", "wal")
    _run(connection, "PRAGMA synchronous = FULL")
    _assert_setting(connection, "PRAGMA synchronous", 2)
    _run(connection, "PRAGMA foreign_keys = ON")
    _assert_setting(connection, "PRAGMA foreign_keys", 1)
    _run(connection, f"PRAGMA cache_size = -{CACHE_KIB}")
    _run(connection, "PRAGMA temp_store = MEMORY")
    # What the rules of retention destroy is overwritten, not only unlinked from its page.
    _run(connection, "PRAGMA secure_delete = ON")
    # SQLite's own checkpoints swallow a failed fsync and would try again: the writer makes them and hears of it.
    _run(connection, "PRAGMA wal_autocheckpoint = 0")


def _assert_setting(connection: DBAPIConnection, statement: str, expected: object) -> None:
    found = _run(connection, statement)
    if found != expected:
        raise StoreNotice("store.not_durable", setting=statement, found=str(found), expected=str(expected))


def _run(connection: DBAPIConnection, statement: str) -> object:
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None
    finally:
        cursor.close()

"""A register moves from SQLite to PostgreSQL: every row, in one transaction there, and proven before it is committed.

The file is locked for as long as it takes, so nothing can be written to it meanwhile, and a gateway that still has it
open is noticed. What was copied is counted and digested on both sides, and the register there is rebuilt from its own
ledger. Then the file is marked as moved, and only then is the transaction committed: there are never two registers that
could both go on with one ledger.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Select, Table, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from gateway.ledger.note import NoteKey
from gateway.store import migrate
from gateway.store.engine import alone_engine, parse_url, sqlite_path, upgrade_engine
from gateway.store.faults import translated
from gateway.store.notice import StoreNotice
from gateway.store.queries.ledger import ledger_head
from gateway.store.queries.witness import gateway_keys_of
from gateway.store.reconciling import Difference, replay
from gateway.store.schema import metadata, settings
from gateway.store.statements import Insertion

ROWS_READ = 100
"""Rows are drawn so many at a time: the largest hold an envelope or an attachment."""
ROWS_COPIED = 20_000
"""Rows of one COPY: PostgreSQL keeps what foreign keys it has to look at until its end."""
ROWS_TOLD = 250
DIFFERENCES_MAX = 1_000
LEDGER_KEYS = "ledger"


class Step(StrEnum):
    """What is being done."""

    COPY = "copy"
    COMPARE = "compare"
    REPLAY = "replay"


Tell = Callable[[Step, int, int], None]
"""Hears how much of a step was done, and of how much."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved, and what its own ledger says against it."""

    tables: int
    rows: int
    entries: int
    url: str
    """Where it is now, as the configuration names it; without a password."""
    differences: tuple[Difference, ...]


class Contents:
    """How many rows a table has, and one digest of them all, whatever their order.

    The digest is the sum of the rows' SHA-256, modulo 2^256: it finds what an accident changed, in constant memory. An
    adversary's register is judged by its ledger.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def passing(self, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        """The same rows, each taken into account as it passes."""
        for row in rows:
            taken = tuple(row)
            self._sum += int.from_bytes(hashlib.sha256(repr(taken).encode("utf-8", "surrogatepass")).digest())
            self.rows += 1
            yield taken

    @property
    def digest(self) -> str:
        return f"{self._sum % (1 << 256):064x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contents) and (self.rows, self.digest) == (other.rows, other.digest)

    __hash__ = None  # type: ignore[assignment]  # it changes as rows pass


def move(source: Path, url: str, tell: Tell = lambda _step, _done, _total: None, *, differing: bool = False) -> Moved:
    """Move the register in the file `source` to the empty PostgreSQL database at `url`.

    Where the ledger says another register, its differences are in the answer and nothing was moved, unless `differing`.
    StoreNotice says what stands in the way; Unavailable where a database is. Either way nothing was moved.
    """
    import psycopg  # who moves nothing to a server does without its driver

    target = parse_url(url)
    if target.get_backend_name() != "postgresql":
        raise StoreNotice("store.move.not_postgres", url=target.render_as_string(hide_password=True))
    with (
        _engine(alone_engine, URL.create("sqlite", database=str(source))) as file,
        _engine(upgrade_engine, target) as server,
    ):
        try:
            with translated(_nothing_to_stop), _locked(file) as old, server.connect() as new:
                _check(old, new)
                moved = _moved(old, new, tell)
                if moved.differences and not differing:
                    return moved
                _mark(old, moved.url)
                new.commit()
                return moved
        except (DBAPIError, psycopg.Error) as no:
            raise StoreNotice("store.move.refused", cause=str(getattr(no, "orig", no)).strip()) from no


@contextmanager
def _engine(make: Callable[[URL], Engine], url: URL) -> Iterator[Engine]:
    engine = make(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _locked(file: Engine) -> Iterator[Connection]:
    """The register's file, and nobody else's. StoreNotice where somebody has it open."""
    path = sqlite_path(file.url)
    if path is None or not path.is_file():
        raise StoreNotice("store.file_missing", path=str(path))
    try:
        connection = file.connect()
        connection.begin()
    except (OperationalError, sqlite3.OperationalError) as busy:
        if "locked" not in str(busy):
            raise
        raise StoreNotice("store.move.in_use", path=str(path)) from busy
    try:
        yield connection
    finally:
        connection.close()


def _check(old: Connection, new: Connection) -> None:
    migrate.check(old, newest=True)
    if inspect(new).get_table_names():
        raise StoreNotice("store.move.not_empty", database=str(new.engine.url.database))


def _moved(old: Connection, new: Connection, tell: Tell) -> Moved:
    """Everything of one done in the transaction of the other."""
    migrate.upgrade_on(new)
    tables = metadata.sorted_tables
    total = sum(old.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)
    copied = _copy(old, new, tables, total, tell)
    new.execute(text("ANALYZE"))
    done = 0
    for table in tables:
        contents = Contents()
        for _ in contents.passing(_told(_rows(new, table), Step.COMPARE, done, total, tell)):
            pass
        if contents != copied[table.name]:
            raise StoreNotice("store.move.differs", table=table.name)
        done += contents.rows
    keys = [NoteKey.parse(one.public.decode()) for one in gateway_keys_of(new, LEDGER_KEYS)]
    differing = replay(new, keys, lambda done, of: tell(Step.REPLAY, done, of))
    return Moved(
        len(tables), done, ledger_head(new).size, _shown(new.engine.url), tuple(islice(differing, DIFFERENCES_MAX))
    )


def _copy(old: Connection, new: Connection, tables: Sequence[Table], total: int, tell: Tell) -> dict[str, Contents]:
    """Copy all rows; what each table held. Guards sleep: what they would refuse was judged when it was written."""
    copied, done = {}, 0
    for table in tables:
        contents, insertion = Contents(), Insertion(table)
        rows = contents.passing(_told(_rows(old, table), Step.COPY, done, total, tell))
        new.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
        new.execute(table.delete())  # the first rows of a schema: the file has its own
        for first in rows:
            insertion.load(new, chain((first,), islice(rows, ROWS_COPIED - 1)))
        new.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")
        _go_on_counting(new, table)
        copied[table.name] = contents
        done += contents.rows
    return copied


def _rows(connection: Connection, table: Table) -> Iterable[Sequence[Any]]:
    query: Select[Any] = select(table)
    if table is settings:  # the mark of a move that was cut off is no part of the register
        query = query.where(settings.c.name != migrate.MOVED)
    return connection.execute(query, execution_options={"yield_per": ROWS_READ})


def _told(rows: Iterable[Sequence[Any]], step: Step, before: int, total: int, tell: Tell) -> Iterator[Sequence[Any]]:
    for number, row in enumerate(rows):
        if number % ROWS_TOLD == 0:
            tell(step, before + number, total)
        yield row


def _go_on_counting(new: Connection, table: Table) -> None:
    """Rows that are numbered by the database go on behind the last."""
    for column in table.primary_key.columns:
        sequence = new.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar()
        if sequence is not None:
            last = new.execute(select(func.max(column))).scalar()
            new.execute(select(func.setval(sequence, last or 1, last is not None)))


def _mark(old: Connection, where: str) -> None:
    """From here on no gateway opens the file."""
    old.execute(settings.delete().where(settings.c.name == migrate.MOVED))
    old.execute(settings.insert().values(name=migrate.MOVED, value=where))
    old.commit()


def _shown(url: URL) -> str:
    return url.set(drivername="postgresql", password=None).render_as_string()


def _nothing_to_stop(_cause: str) -> None:
    """No store is open that could go on writing."""

"""Statements of the hot path: written in SQLAlchemy Core, compiled once for each engine, run by the bare driver.

`Connection.execute` spends 15 to 40 µs of each admitted document on turning rows into dictionaries and back into tuples
(measured: 163 against 122 µs a document in groups of 16), and around each call of the driver as much as SQLite takes
for the call; so the embedded database's driver is called by itself. What is not hot uses `Connection.execute`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Insert, Select, Table, Update, bindparam
from sqlalchemy.dialects import postgresql, sqlite

Row = tuple[Any, ...]

ROWS_TOGETHER = 16
"""Rows of one INSERT for the embedded database. Its driver lets go of the interpreter at each statement and must get it
back from a busy event loop: with a row a statement, the writer spent a tenth of its time on that."""


class Insertion:
    """INSERT of some columns of a table, many rows at a time."""

    def __init__(self, table: Table, *columns: str, where_missing: bool = False) -> None:
        """`where_missing`: a row whose key is there already is left out, and that is success."""
        self.table = table
        self.columns = columns or tuple(column.name for column in table.columns)
        self._where_missing = where_missing
        self._sql: dict[tuple[str, int], str] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert rows, each a tuple in the order of the columns."""
        if not rows:
            return
        if embedded := _embedded(connection):
            for start in range(0, len(rows), ROWS_TOGETHER):
                some = rows[start : start + ROWS_TOGETHER]
                embedded.execute(self._compiled(connection.dialect, len(some)), [*chain.from_iterable(some)])
        else:
            connection.exec_driver_sql(self._compiled(connection.dialect), list(rows))

    def load(self, connection: Connection, rows: Iterable[Row]) -> None:
        """`run` for very many rows: PostgreSQL takes them by COPY as they come, an order of magnitude faster."""
        if connection.dialect.name != "postgresql":
            self.run(connection, list(rows))
            return
        import psycopg  # nobody else needs the server's driver
        from psycopg.sql import SQL, Identifier

        columns = SQL(", ").join(map(Identifier, self.columns))
        command = SQL("COPY {} ({}) FROM STDIN").format(Identifier(self.table.name), columns)
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(row)

    def _compiled(self, dialect: Dialect, rows: int = 1) -> str:
        sql = self._sql.get((dialect.name, rows))
        if sql is None:
            sql = _positional(self._statement(dialect), dialect, self.columns)
            if rows > 1:
                before, one, after = sql.partition(f"({', '.join('?' * len(self.columns))})")
                sql = f"{before}{', '.join([one] * rows)}{after}"
            self._sql[dialect.name, rows] = sql
        return sql

    def _statement(self, dialect: Dialect) -> Insert:
        values: dict[str, Any] = {name: bindparam(name) for name in self.columns}
        if not self._where_missing:
            return self.table.insert().values(values)
        insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        return insert(self.table).values(values).on_conflict_do_nothing()


class Prepared:
    """A statement whose parameters are given in order; a list parameter (`expanding`) takes all values there are."""

    def __init__(self, statement: Select[Any] | Update, *names: str) -> None:
        """`names` of the parameters, in the order in which they stand in the statement."""
        self._statement = statement
        self._names = names
        self._sql: dict[tuple[str, int], str] = {}

    def run(self, connection: Connection, *values: object) -> None:
        """Do it, where nothing is asked."""
        self._execute(connection, values)

    def run_all(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Do it for each row of values, in their order."""
        if not rows:
            return
        sql = self._for(connection, rows[0])
        if embedded := _embedded(connection):
            embedded.executemany(sql, rows)
        else:
            connection.exec_driver_sql(sql, list(rows))

    def rows(self, connection: Connection, *values: object) -> Sequence[Row]:
        """What it finds for these values, as the driver gives it; nothing for no value."""
        return [tuple(row) for row in self._execute(connection, values).fetchall()] if values else ()

    def _execute(self, connection: Connection, values: tuple[object, ...]) -> sqlite3.Cursor | CursorResult[Any]:
        sql = self._for(connection, values)
        if embedded := _embedded(connection):
            return embedded.execute(sql, values)
        return connection.exec_driver_sql(sql, values)

    def _for(self, connection: Connection, values: Sequence[object]) -> str:
        known = (connection.dialect.name, len(values))
        if known not in self._sql:
            self._sql[known] = self._compiled(connection.dialect, values)
        return self._sql[known]

    def _compiled(self, dialect: Dialect, values: Sequence[object]) -> str:
        statement, names = self._statement, list(self._names)
        if len(names) == 1 and statement.compile().binds[names[0]].expanding:
            statement = statement.params({names[0]: list(values)})
            names = [f"{names[0]}_{number}" for number in range(1, len(values) + 1)]
        return _positional(statement, dialect, names)


def _embedded(connection: Connection) -> sqlite3.Connection | None:
    """SQLite's own connection, in a transaction as SQLAlchemy would have begun it with the first statement. The errors
    of its calls are translated as SQLAlchemy's are (`store/faults.py`)."""
    if connection.dialect.name != "sqlite":
        return None
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _positional(statement: Insert | Select[Any] | Update, dialect: Dialect, names: Sequence[str]) -> str:
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    assert compiled.positiontup == list(names), "the driver takes values in the order of the parameters"
    return str(compiled)

"""Statements of the hot path: written in SQLAlchemy Core, compiled once for each engine, run by the bare driver.

`Connection.execute` spends 15 to 40 µs of each admitted document on turning rows into dictionaries and back into tuples
(measured: 163 against 122 µs a document in groups of 16). Everything that is not hot uses `Connection.execute`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Dialect, Insert, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

Row = tuple[Any, ...]


class Insertion:
    """INSERT of some columns of a table, many rows at a time."""

    def __init__(self, table: Table, *columns: str, where_missing: bool = False) -> None:
        """`where_missing`: a row whose key is there already is left out, and that is success."""
        self.table = table
        self.columns = columns or tuple(column.name for column in table.columns)
        self._where_missing = where_missing
        self._sql: dict[str, str] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert rows, each a tuple in the order of the columns."""
        if rows:
            connection.exec_driver_sql(self._compiled(connection.dialect), list(rows))

    def load(self, connection: Connection, rows: Iterable[Row]) -> None:
        """`run` for very many rows: PostgreSQL takes them by COPY as they come, an order of magnitude faster."""
        if connection.dialect.name != "postgresql":
            self.run(connection, list(rows))
            return
        columns = SQL(", ").join(map(Identifier, self.columns))
        command = SQL("COPY {} ({}) FROM STDIN").format(Identifier(self.table.name), columns)
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(row)

    def _compiled(self, dialect: Dialect) -> str:
        sql = self._sql.get(dialect.name)
        if sql is None:
            sql = _positional(self._statement(dialect), dialect, self.columns)
            self._sql[dialect.name] = sql
        return sql

    def _statement(self, dialect: Dialect) -> Insert:
        values: dict[str, Any] = {name: bindparam(name) for name in self.columns}
        if not self._where_missing:
            return self.table.insert().values(values)
        insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        return insert(self.table).values(values).on_conflict_do_nothing()


def _positional(statement: Insert, dialect: Dialect, names: Sequence[str]) -> str:
    compiled = statement.compile(dialect=dialect)
    assert compiled.positiontup == list(names), "the driver takes values in the order of the columns"
    return str(compiled)

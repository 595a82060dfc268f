"""What the register must hold by what the ledger says: facts by what they are and their key, on disk, not in memory."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Value = str | int | None | list[str] | dict[str, str]
Fields = dict[str, Any]
"""What is said of a fact: texts and numbers; a name that begins with `_` serves the rebuilding and is not compared."""

CACHE_KIB = 65_536


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the register must hold: `what` names a table in the singular, `key` is what finds it there."""

    what: str
    key: str
    fields: Fields


class Facts:
    """A scratch file of facts. Its memory is bounded, whatever the size of the ledger."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._execute("CREATE TABLE fact (what TEXT, key TEXT, fields TEXT, PRIMARY KEY (what, key)) WITHOUT ROWID")

    def put(self, what: str, key: str, **fields: Value) -> None:
        """Say a fact, whatever was said of it before."""
        self._execute("INSERT OR REPLACE INTO fact VALUES (?, ?, ?)", (what, key, json.dumps(fields)))

    def get(self, what: str, key: str) -> Fields | None:
        """What is said of it so far."""
        row = self._execute("SELECT fields FROM fact WHERE what = ? AND key = ?", (what, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def change(self, what: str, key: str, **fields: Value) -> None:
        """Say more of a fact, or something else; a fact nobody spoke of before begins with it."""
        self.put(what, key, **{**(self.get(what, key) or {}), **fields})

    def take(self, what: str, key: str) -> Fields | None:
        """What is said of it; it is dealt with from now on."""
        fields = self.get(what, key)
        if fields is not None:
            self.drop(what, key)
        return fields

    def drop(self, what: str, key: str) -> None:
        """It is not so after all, or dealt with."""
        self._execute("DELETE FROM fact WHERE what = ? AND key = ?", (what, key))

    def count(self) -> int:
        """How many nobody took yet."""
        return int(self._execute("SELECT count(*) FROM fact").fetchone()[0])

    def rest(self) -> Iterator[Fact]:
        """What nobody took, in the order of kinds and keys."""
        for what, key, fields in self._execute("SELECT what, key, fields FROM fact ORDER BY what, key"):
            yield Fact(what, key, json.loads(fields))


@contextmanager
def scratch() -> Iterator[Facts]:
    """Room for facts, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gateway-replay-") as folder:
        connection = sqlite3.connect(f"{folder}/facts.db", isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            yield Facts(connection)
        finally:
            connection.close()

"""SQLite's write-ahead log, brought into the database by the writer itself.

SQLite would do it after a commit and keep quiet about a failed fsync; the pages it could not flush would count as clean
the next time, and a later, successful checkpoint would throw away their only good copy. Here a failure is an error, and
the store stops.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from sqlalchemy import Engine

WAL_BYTES = 16 * 1024 * 1024
"""Size from which the log is brought in: some 500 documents, some 20 ms."""
WAL_BYTES_MAX = 4 * WAL_BYTES
"""Size from which the file is also cut: it creeps a little at each turn."""
READERS_WAIT_MS = 50
"""How long cutting waits for readers that still look at the log."""


class _Checkpoint(Enum):
    PASSIVE = "PASSIVE"
    """Copy what no reader needs; the log is then written over from its beginning, which costs the disk half as much."""
    TRUNCATE = "TRUNCATE"


class WriteAheadLog:
    """The log beside a database file. Used by the writer thread only."""

    def __init__(self, database: Path, busy_timeout_ms: int) -> None:
        self.folder = database.parent
        """Where the database and its log are."""
        self._path = database.with_name(database.name + "-wal")
        self._busy_timeout_ms = busy_timeout_ms
        self._mark = WAL_BYTES
        """The log is brought in when its file grows beyond this: all before was being written over until then."""

    def shorten(self, engine: Engine) -> None:
        """Bring a long log into the database; where readers prevent that, try again further on."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if size <= self._mark:
            return
        if size > WAL_BYTES_MAX and self._checkpoint(engine, _Checkpoint.TRUNCATE):
            self._mark = WAL_BYTES
        elif self._checkpoint(engine, _Checkpoint.PASSIVE):
            self._mark = size
        else:
            self._mark = size + WAL_BYTES // 4

    def _checkpoint(self, engine: Engine, how: _Checkpoint) -> bool:
        """Whether the whole log is in the database now."""
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {READERS_WAIT_MS}")
            cursor.execute(f"PRAGMA wal_checkpoint({how.value})")
            row = cursor.fetchone()
            assert row is not None, "the pragma answers with one row"
            busy, pages, pages_in = row
            cursor.execute(f"PRAGMA busy_timeout = {self._busy_timeout_ms}")
            return not busy and pages == pages_in
        finally:
            connection.close()

"""SQLite's write-ahead log, brought into the database by the writer itself.

SQLite would do it after a commit and keep quiet about a failed fsync; the pages it could not flush would count as clean
the next time, and a later, successful checkpoint would throw away their only good copy. Here a failure is an error, and
the store stops.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

WAL_BYTES_MAX = 16 * 1024 * 1024
"""Size from which the log is brought in: about 500 documents, some 20 ms."""
READERS_WAIT_MS = 50
"""How long one attempt waits for readers that still look at the log."""


class WriteAheadLog:
    """The log beside a database file. Used by the writer thread only."""

    def __init__(self, database: Path, busy_timeout_ms: int) -> None:
        self._path = database.with_name(database.name + "-wal")
        self._busy_timeout_ms = busy_timeout_ms
        self._limit = WAL_BYTES_MAX

    def shorten(self, engine: Engine) -> None:
        """Bring a long log into the database and empty it; where readers prevent that, try again further on."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if size < self._limit:
            return
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {READERS_WAIT_MS}")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout = {self._busy_timeout_ms}")
        finally:
            connection.close()
        self._limit = size + WAL_BYTES_MAX if busy else WAL_BYTES_MAX

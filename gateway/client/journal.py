"""What a system must remember over its own death: which deliveries it was handed, and how far it has read the news.

One SQLite file, every write durable before it returns, open in one process at a time. A delivery's row goes one way:

    begun(n)  ->  answered: stored, or declined with a reason  ->  told to the gateway
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

_TABLES = """
CREATE TABLE IF NOT EXISTS handovers (
    delivery_id TEXT PRIMARY KEY, attempts INTEGER NOT NULL, due_at REAL NOT NULL, declined TEXT, step TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class JournalTaken(Exception):
    """Another process has this journal open."""


class Handed(msgspec.Struct, frozen=True):
    """How far a delivery has come here."""

    attempts: int
    due_at: datetime
    """Not to be handed over again before then."""
    answered: bool
    """The function has returned, or declined: it is never called for this delivery again."""
    declined: str | None
    """The reason, where it declined."""
    told: bool
    """The gateway knows the answer."""


class Journal:
    """The file. Its methods wait for the disk, so they run in a thread; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open it, made anew where there is none. JournalTaken where another process has it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("BEGIN EXCLUSIVE")
            self._db.execute("COMMIT")
            self._db.executescript(_TABLES)
        except sqlite3.OperationalError as fault:
            self._db.close()
            if fault.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise JournalTaken(str(path)) from fault
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._db.close()

    async def handed(self, delivery_id: str) -> Handed | None:
        """How far a delivery has come; None where it was never begun."""
        rows = await self._run(
            "SELECT attempts, due_at, declined, step FROM handovers WHERE delivery_id = ?", delivery_id
        )
        for attempts, due_at, declined, step in rows:
            due = datetime.fromtimestamp(due_at).astimezone()
            return Handed(attempts, due, step != "begun", declined, step == "told")
        return None

    async def begin(self, delivery_id: str, again_at: datetime) -> int:
        """The function is about to be called; if we die in it, not again before `again_at`. Which attempt this is."""
        ((attempts,),) = await self._run(
            "INSERT INTO handovers VALUES (?, 1, ?, NULL, 'begun')"
            " ON CONFLICT DO UPDATE SET attempts = attempts + 1, due_at = excluded.due_at RETURNING attempts",
            delivery_id,
            again_at.timestamp(),
        )
        return int(attempts)

    async def answer(self, delivery_id: str, declined: str | None = None) -> None:
        """The function has returned, or declined with a reason. From here on it is never called for this again."""
        await self._run(
            "UPDATE handovers SET step = 'answered', declined = ? WHERE delivery_id = ?", declined, delivery_id
        )

    async def tell(self, delivery_id: str) -> None:
        """The gateway knows the answer."""
        await self._run("UPDATE handovers SET step = 'told' WHERE delivery_id = ?", delivery_id)

    async def cursor(self, name: str) -> int:
        """How far something was read; 0 at first."""
        rows = await self._run("SELECT value FROM cursors WHERE name = ?", name)
        return int(rows[0][0]) if rows else 0

    async def advance(self, name: str, value: int) -> None:
        """Something was read as far as `value`."""
        await self._run(
            "INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value
        )

    async def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """One statement, which is one durable transaction."""
        return await asyncio.to_thread(self._rows, statement, values)

    def _rows(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

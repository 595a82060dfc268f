"""What a witness remembers: the ledgers it knows, and the largest tree of each that it cosigned.

One file of SQLite. Whether a submission extends the tree held, and that it is now the tree held, is one transaction
under one lock, flushed before anybody hears of it: two submissions at once, or a power cut, never roll a tree back.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.ledger.cosignature import Cosigner
from gateway.ledger.note import NoteKey, cut_note
from gateway.ledger.submission import Answer, Held, Submission
from gateway.store.durable import replace_file
from gateway.store.notice import StoreNotice

BUSY_TIMEOUT_S = 5.0
CONTRADICTIONS_MAX = 100
"""Kept of each ledger: the first ones are proof enough, and nobody may fill the disk."""

_SCHEMA = """
CREATE TABLE logs (origin TEXT NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, vkey));
CREATE TABLE held (
    origin TEXT PRIMARY KEY, origin_sha256 TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL
);
CREATE TABLE contradictions (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL);
CREATE TRIGGER held_grows BEFORE UPDATE ON held WHEN NEW.size < OLD.size
    BEGIN SELECT RAISE(ABORT, 'a tree that was cosigned is never rolled back'); END;
CREATE TRIGGER held_kept BEFORE DELETE ON held
    BEGIN SELECT RAISE(ABORT, 'a tree that was cosigned is never forgotten'); END;
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What the witness answers: with COSIGNED its signature line, with CONFLICT the size it holds."""

    answer: Answer
    size: int = 0
    line: bytes = b""


class WitnessBook:
    """The open file. Safe to use from several threads, and the file from several processes."""

    def __init__(self, path: Path, cosigner: Cosigner) -> None:
        """StoreNotice where there is no such file: a new one would have forgotten what was cosigned."""
        if not path.is_file() or not path.stat().st_size:
            raise StoreNotice("witness.no_book", path=str(path))
        self.cosigner = cosigner
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = EXTRA")

    @staticmethod
    def create(path: Path) -> None:
        """A book with nothing in it, there whole or not at all. FileExistsError where there is one; an empty file is
        none: something died before it was a book."""
        if path.exists() and path.stat().st_size:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(_SCHEMA)
            replace_file(path, connection.serialize(), path.with_name(f".{path.name}"), 0o600)

    def close(self) -> None:
        self._connection.close()

    def add_log(self, key: NoteKey) -> None:
        """Know a ledger by this key of it; a second key of the same name is one it changes to."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO logs VALUES (?, ?)", (key.name, key.vkey))

    def logs(self) -> list[tuple[str, int]]:
        """The ledgers known, and the entries under the largest tree of each that was cosigned."""
        with self._transaction() as connection:
            return connection.execute(
                "SELECT logs.origin, coalesce(size, 0) FROM logs LEFT JOIN held ON held.origin = logs.origin"
                " GROUP BY logs.origin ORDER BY logs.origin"
            ).fetchall()

    def decide(self, submission: Submission, at: datetime) -> Said:
        """Answer a submission; what is COSIGNED is durable when this returns. ProofError where it is not in form."""
        checkpoint = submission.checkpoint()
        with self._transaction() as connection:
            keys = [NoteKey.parse(vkey) for (vkey,) in _keys(connection, checkpoint.origin)]
            if not keys:
                return Said(Answer.UNKNOWN)
            row = connection.execute("SELECT size, root FROM held WHERE origin = ?", (checkpoint.origin,)).fetchone()
            held = Held() if row is None else Held(*row)
            answer = submission.judge(keys, held)
            if answer is Answer.INCONSISTENT:
                _keep_contradiction(connection, checkpoint.origin, submission, at)
            if answer is not Answer.COSIGNED:
                return Said(answer, held.size)
            line = self.cosigner.cosign(cut_note(submission.note)[0], at).encode()
            connection.execute(
                "INSERT INTO held VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin)"
                " DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note",
                (
                    checkpoint.origin,
                    hashlib.sha256(checkpoint.origin.encode()).hexdigest(),
                    checkpoint.size,
                    checkpoint.root,
                    submission.note + line,
                ),
            )
        return Said(Answer.COSIGNED, checkpoint.size, line)

    def cosigned(self, origin_sha256: str) -> bytes | None:
        """The largest checkpoint cosigned of the ledger with this hash of its name; None before the first."""
        with self._transaction() as connection:
            row = connection.execute("SELECT note FROM held WHERE origin_sha256 = ?", (origin_sha256,)).fetchone()
        return None if row is None else bytes(row[0])

    def contradictions(self) -> list[tuple[str, str, bytes]]:
        """Submissions, signed by a ledger, that did not continue what was cosigned: ledger, time, body. Its guilt."""
        with self._transaction() as connection:
            return connection.execute("SELECT origin, at, body FROM contradictions ORDER BY id").fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Nothing else writes between the first statement and the commit, which is flushed."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()  # also where the commit failed; nothing happens where SQLite did it itself
                raise


def _keys(connection: sqlite3.Connection, origin: str) -> list[tuple[str]]:
    return connection.execute("SELECT vkey FROM logs WHERE origin = ?", (origin,)).fetchall()


def _keep_contradiction(connection: sqlite3.Connection, origin: str, submission: Submission, at: datetime) -> None:
    connection.execute(
        "INSERT INTO contradictions (origin, at, body) SELECT ?, ?, ?"
        " WHERE (SELECT count(*) FROM contradictions WHERE origin = ?) < ?",
        (origin, at.isoformat(), submission.encode(), origin, CONTRADICTIONS_MAX),
    )

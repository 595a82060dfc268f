"""What the database says went wrong, translated once: try again, disk full, or stop for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable


class Fault(Enum):
    """What follows from an error of the database."""

    FULL = "full"
    """No space. Nothing was committed; works again when there is space."""
    BROKEN = "broken"
    """Input or output failed, or the file is damaged. What is on disk is no longer known: never try again."""
    AWAY = "away"
    """No connection, or too busy. Whether a commit under way took effect is not known; sending again settles it."""


AWAY_S = 1
"""When to come back where the database is away: a server that starts again, or another that takes over, needs seconds,
and whoever waits longer than it does makes the pause longer."""

_SQLITE = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_IOERR: Fault.BROKEN,
    sqlite3.SQLITE_CORRUPT: Fault.BROKEN,
    sqlite3.SQLITE_NOTADB: Fault.BROKEN,
    sqlite3.SQLITE_BUSY: Fault.AWAY,
    sqlite3.SQLITE_LOCKED: Fault.AWAY,
    sqlite3.SQLITE_CANTOPEN: Fault.AWAY,
    sqlite3.SQLITE_READONLY: Fault.AWAY,
    sqlite3.SQLITE_PERM: Fault.AWAY,
    sqlite3.SQLITE_NOMEM: Fault.AWAY,
}
_POSTGRESQL_BROKEN = ("58030", "XX001", "XX002")
"""io_error, data_corrupted, index_corrupted."""
_POSTGRESQL_AWAY = ("08", "25006", "25P03", "40", "53", "55P03", "57", "58")
"""Connection, read-only server (a standby), a transaction that stood still, rollback by the server, resources, a lock
that was not to be had, operator, system."""
_POSTGRESQL_TAKEN_BACK = "40"
"""Serialisation failures and deadlocks."""
_POSTGRESQL_ENDED = ("08", "25P03", "57P01", "57P02")
"""The connection broke, stood still too long, or was ended by an operator or a crash of the server."""


def fault_of(error: Exception) -> Fault | None:
    """What follows from an error; None where it is no fault of the database but of what was asked of it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    if cause is not None and hasattr(cause, "sqlstate"):  # psycopg's, and nobody else's
        state = cause.sqlstate
        if state == "53100":
            return Fault.FULL
        if state in _POSTGRESQL_BROKEN:
            return Fault.BROKEN
        if state is None:  # the client's own words: no connection, or it broke
            return Fault.AWAY if _is_lost(cause) else None
        return Fault.AWAY if state.startswith(_POSTGRESQL_AWAY) else None
    return Fault.AWAY if isinstance(cause, PoolTimeout) else None


def may_try_again(error: DBAPIError) -> bool:
    """Whether the same may fare better at once, on another connection: what PostgreSQL took back, or did not answer."""
    cause = error.orig
    if cause is None or not hasattr(cause, "sqlstate"):
        return False
    if cause.sqlstate is None:
        return _is_lost(cause)
    return was_taken_back(error) or cause.sqlstate.startswith(_POSTGRESQL_ENDED)


def was_taken_back(error: DBAPIError) -> bool:
    """Whether PostgreSQL itself says that the transaction did not happen."""
    state = getattr(error.orig, "sqlstate", None)
    return state is not None and state.startswith(_POSTGRESQL_TAKEN_BACK)


def _is_lost(cause: object) -> bool:
    """Whether psycopg says that there is no connection any more. Loaded here, where one of its errors is at hand: with
    the embedded database the driver's 9 MB are never needed."""
    import psycopg

    return isinstance(cause, psycopg.OperationalError)


@contextmanager
def translated(stop: Callable[[str], None]) -> Iterator[None]:
    """Raise the database's own faults as `Unavailable`; call `stop` for one after which nothing may be written."""
    try:
        yield
    except Exception as error:  # what is none of the database's goes on as it came
        fault = fault_of(error)
        if fault is None:
            raise
        cause = str(getattr(error, "orig", error))
        if fault is Fault.FULL:
            raise Unavailable(Reason.DISK_FULL, retry_after_s=60, cause=cause) from error
        if fault is Fault.BROKEN:
            stop(cause)
            raise Unavailable(Reason.STORE_UNAVAILABLE, retry_after_s=60, cause=cause) from error
        raise Unavailable(Reason.STORE_UNAVAILABLE, AWAY_S, cause) from error

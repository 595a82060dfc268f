"""The watch: once a second, look at what nobody rings a bell for.

A directory changed by the operator's command in another process, grants that begin and end, free disk, entries that
wait for whoever signs the ledger: every process sees to that by itself. Deadlines that passed are one's duty.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange import bell
from gateway.exchange.entries import delivery_entry, read_entries
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import EntryKind
from gateway.model.agency import EMPTY, Directory
from gateway.model.delivery import DeliveryEvent
from gateway.rules.authority_table import AUTHORITY, open_table
from gateway.store import Advance, queries
from gateway.store.routing import Reroute, Route, waiting_routes

EXPIRED_PER_ROUND = 500


async def run(line: Line) -> None:
    """Keep watch until cancelled."""

    async def once() -> bool:
        line.measure_disk()
        seen = await line.store.read(_look, line.clock())
        _measure_lag(line, seen.head)
        await _take_table(line, seen.table)
        await _take_directory(line, seen.directory)  # last: it may take long, and what was seen ages
        return False

    await rounds(line, bell.WATCH, once)


async def run_deadlines(line: Line) -> None:
    """Close deliveries whose deadline passed, until cancelled."""

    async def once() -> bool:
        return await expire(line) == EXPIRED_PER_ROUND

    await rounds(line, bell.WATCH, once)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a round of the watch goes by: the versions in force, and how far the ledger is."""

    directory: int
    table: int | None
    head: queries.LedgerHead


def _look(connection: queries.Connection, now: datetime) -> _Seen:
    """At once: each look by itself costs a gateway that idles as much as all of them."""
    return _Seen(
        queries.directory_version(connection),
        queries.table_version_in_force(connection, AUTHORITY, now),
        queries.ledger_head(connection),
    )


def _measure_lag(line: Line, head: queries.LedgerHead) -> None:
    """Note since when entries wait for a checkpoint, whichever process has to sign it."""
    state = line.state
    if head.size <= head.tree_size:
        state.unsealed_since = None
    elif state.unsealed_since is None or state.unsealed_size <= head.tree_size:  # what waited then is signed
        state.unsealed_since, state.unsealed_size = line.clock(), head.size


async def refresh_directory(line: Line) -> None:
    """Take over a newer version of the directory; what waits goes to whoever collects for its addressee now.

    So it does where no version is newer but a grant began or ended since the last look.
    """
    await _take_directory(line, await line.store.read(queries.directory_version))


async def _take_directory(line: Line, version: int) -> None:
    known, routed_at, now = line.directory, line.state.routed_at, line.clock()
    if version != known.version:
        line.state.directory = await line.store.read(read_directory, known)
    elif routed_at is not None and not known.routes_changed_between(routed_at, now):
        return
    line.state.routed_at = now
    routes = await line.store.read(waiting_routes)
    moved = await asyncio.to_thread(_moved, line.directory, routes, now)
    await asyncio.gather(*(line.store.write(Reroute(route)) for route in moved))
    line.bell.ring((bell.PUSH, *(bell.inbox(route.peer) for route in moved)))


def read_directory(connection: queries.Connection, known: Directory = EMPTY) -> Directory:
    """The directory in force, read and made ready in the reader's thread: the loop goes on meanwhile."""
    return queries.directory(connection, known).prepare()


async def refresh_table(line: Line) -> None:
    """Take over the authority table whose time has come.

    Its seal and the digest the ledger holds of it must be right. Where they are not, somebody was at the database: this
    raises, and the gateway stops rather than decide by a table nobody agreed to.
    """
    await _take_table(line, await line.store.read(queries.table_version_in_force, AUTHORITY, line.clock()))


async def _take_table(line: Line, version: int | None) -> None:
    if version is None or version == line.state.table.version:
        return
    row, index, data = await line.store.read(queries.approved_table, AUTHORITY, version)
    (entry,) = read_entries((data,), index)
    if entry["sha256"] != hashlib.sha256(row.document).hexdigest():
        raise OtherTableError(version)
    line.state.table = open_table(row.document, row.certificate)


class OtherTableError(Exception):
    """The register holds another table under this version than the one that was approved."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the authority table of version {version} is not the one the ledger says was approved")


def _moved(directory: Directory, routes: tuple[Route, ...], now: datetime) -> tuple[Route, ...]:
    """The routes that changed. An addressee nobody collects for any more keeps its old one until somebody does."""
    moved = []
    for old in routes:
        agency = directory.agency(old.addressee)
        peer = directory.route(agency, now) if agency else None
        if peer is not None and (peer.key, peer.push_url is not None) != (old.peer, old.push):
            moved.append(Route(old.addressee, peer.key, peer.push_url is not None))
    return tuple(moved)


async def expire(line: Line) -> int:
    """Close deliveries whose deadline passed. Returns how many."""
    now = line.clock()
    late = await line.store.read(queries.overdue, now, EXPIRED_PER_ROUND)
    entry = {one.id: delivery_entry(EntryKind.EXPIRE, one.dispatch_id, one.id, one.addressee, now) for one in late}
    expired = await asyncio.gather(
        *(line.store.write(Advance(one.id, DeliveryEvent.DEADLINE_PASSED, now, entry[one.id])) for one in late)
    )
    if late:
        line.bell.ring((bell.LEDGER, bell.CHANGES))
    return sum(status is not None for status in expired)

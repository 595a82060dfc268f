"""The register, read: a dispatch with every addressee and its timeline, its receipt, its proof, changes as they
come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.model.agency import Agency, Peer
from gateway.model.dispatch import Dispatch
from gateway.model.lifecycle import Relation
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import Change, queries
from gateway.store.queries.life import Unmatched
from gateway.store.queries.life import unmatched as unmatched_statuses
from gateway.store.queries.threads import THREADING, VERSIONING, Related, related

CHANGES_PER_READ = 500


async def dispatch(line: Line, peer: Peer, dispatch_id: str) -> Dispatch:
    """A dispatch as this peer may see it: its sender sees every addressee, an addressee only its own deliveries."""
    seen = await line.store.read(queries.dispatch, dispatch_id)
    if seen is None:
        raise Refused(found(Reason.NOT_FOUND))
    return _as_seen_by(line, peer, seen)


async def find(line: Line, peer: Peer, document_id: str) -> tuple[Dispatch, ...]:
    """The dispatches of a document id that this peer sent."""
    return await line.store.read(queries.dispatches_of, peer.key, document_id)


async def receipt(line: Line, peer: Peer, dispatch_id: str) -> bytes:
    """The sealed receipt, the same bytes its sender got."""
    await dispatch(line, peer, dispatch_id)
    packet = await line.store.glance(queries.packet, dispatch_id)
    return packet.receipt_xml


async def report(line: Line, peer: Peer, dispatch_id: str) -> bytes:
    """The sealed examination report, for its sender and for every addressee."""
    await dispatch(line, peer, dispatch_id)
    packet = await line.store.glance(queries.packet, dispatch_id)
    return packet.report_xml


async def unmatched(line: Line, peer: Peer, after: int, limit: int) -> tuple[Unmatched, ...]:
    """Statuses this peer sent or gets that speak of no document the register knows, from behind a ledger index."""
    return await line.store.read(unmatched_statuses, peer.key, after, limit)


def indexes_of(seen: Dispatch, *, every_attempt: bool = False) -> tuple[int, ...]:
    """Where the ledger speaks of a dispatch as somebody sees it, in order: what it is, what it says of others, what
    others say of it. Of the pushes to an addressee that failed, there may be hundreds, the first and the latest."""
    indexes = {seen.ledger_index, *seen.said}
    for one in seen.deliveries:
        indexes |= {step.ledger_index for step in one.timeline if step.ledger_index is not None}
        changes = (index for change in one.changes for index in (change.ledger_index, change.answer_index))
        indexes |= {index for index in changes if index is not None}
        failed = [attempt.ledger_index for attempt in one.attempts if attempt.ledger_index is not None]
        indexes |= set(failed if every_attempt else (*failed[:1], *failed[-1:]))
    return tuple(sorted(indexes))


async def agencies(line: Line, query: str, after: str, limit: int) -> tuple[Agency, ...]:
    """Agencies whose name or an identifier contains `query`, diacritics or none, by key, from behind `after`."""
    return line.directory.find(query, after, limit)


async def changes(line: Line, peer: Peer, after: int) -> AsyncIterator[Change]:
    """Changes of deliveries this peer sent or collects, from behind number `after`, and then as they come."""
    while True:
        rung = line.bell.listen(bell.CHANGES)
        seen = await line.store.read(queries.changes, peer.key, after, CHANGES_PER_READ)
        for change in seen.found:
            yield change
        after = seen.seen
        if not seen.complete:
            rung.cancel()
        else:
            await bell.wait(rung, line.rules.poll_s)


async def versions(line: Line, peer: Peer, dispatch_id: str) -> tuple[Related, ...]:
    """A document with all that recalled, updated or replaced it, from any of them, as far as this peer may see them."""
    return await _related(line, peer, dispatch_id, VERSIONING)


async def thread(line: Line, peer: Peer, dispatch_id: str) -> tuple[Related, ...]:
    """The same, and the documents that answer one another: the thread of a case."""
    return await _related(line, peer, dispatch_id, THREADING)


async def _related(line: Line, peer: Peer, dispatch_id: str, relations: frozenset[Relation]) -> tuple[Related, ...]:
    rows = await line.store.read(related, dispatch_id, relations)
    seen = {one.id: one for one in rows if _is_party(line, peer, one)}
    if dispatch_id not in seen:
        raise Refused(found(Reason.NOT_FOUND))
    return tuple(
        replace(one, links=tuple(link for link in one.links if link[1] in seen)) for one in rows if one.id in seen
    )


def _is_party(line: Line, peer: Peer, one: Related) -> bool:
    return one.peer == peer.key or any(_speaks_for(line, peer, key) for key in (one.sender, *one.addressees))


def sent_by(line: Line, peer: Peer, seen: Dispatch) -> bool:
    """Whether this peer is the sender's side of a dispatch."""
    return seen.peer == peer.key or _speaks_for(line, peer, seen.sender)


def _speaks_for(line: Line, peer: Peer, agency_key: str) -> bool:
    agency = line.directory.agency(agency_key)
    return agency is not None and line.directory.speaks_for(peer, agency, line.clock())


def _as_seen_by(line: Line, peer: Peer, seen: Dispatch) -> Dispatch:
    if sent_by(line, peer, seen):
        return seen
    own = tuple(one for one in seen.deliveries if _speaks_for(line, peer, one.addressee))
    if not own:
        raise Refused(found(Reason.NOT_FOUND))
    return replace(seen, deliveries=own)

"""The register and the ledger, read from the database and compared with themselves and with what the peers were told.

Written against the published formats and not against the code that wrote them: plain SQL, SHA-256, RFC 6962 from its
definition. Only entries, signed notes and consistency proofs go through the gateway's own readers, which are compared
with the tree made here.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

from sqlalchemy import Connection, bindparam, text

from gateway.ledger import (
    Checkpoint,
    Entry,
    EntryKind,
    NoteKey,
    ProofError,
    consistency,
    decode,
    open_checkpoint,
    verify_consistency,
)
from gateway.model.delivery import DeliveryStatus
from gateway.store import queries
from gateway.store.engine import parse_url, reader_engine
from tests.crash.installation import Installation
from tests.crash.notebook import Answered, Line, Receipted, Sealed, Seen, of_kind

CHUNK = 500
TILE_LEAVES, HASH_BYTES = 256, 32
"""C2SP tlog-tiles, SHA-256."""
STATUS_OF = {
    EntryKind.DELIVER: DeliveryStatus.DELIVERED,
    EntryKind.ACKNOWLEDGE: DeliveryStatus.ACKNOWLEDGED,
    EntryKind.DECLINE: DeliveryStatus.REFUSED,
    EntryKind.EXPIRE: DeliveryStatus.EXPIRED,
}


@dataclass
class Found:
    """What an audit found. The promise holds where `wrong` is empty and nothing is lost or doubled."""

    size: int = 0
    """Entries of the ledger."""
    signed: int = 0
    """Entries under the latest checkpoint."""
    dispatches: int = 0
    checkpoints: int = 0
    """Checkpoints compared with the tree made from the entries: those kept, and those the peers saw."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        faults = {"lost": self.lost, "doubled": self.doubled, "wrong": self.wrong}
        named = "; ".join(f"{name}: {', '.join(what[:5])} ({len(what)})" for name, what in faults.items() if what)
        return named or f"sound: {self.dispatches} dispatches, {self.size} entries, {self.signed} signed"


class Audit:
    """Follows one installation: each `look` reads what is new since the last, a fresh `Audit` reads everything."""

    def __init__(self, installation: Installation) -> None:
        self._key = NoteKey.parse(installation.vkey)
        self._url, self._blobs = installation.url, installation.blobs
        self._leaves: list[bytes] = []
        self._peaks: list[bytes] = []
        self._roots = [hashlib.sha256(b"").digest()]
        """By size, the root of the tree of that many entries."""
        self._packets: set[tuple[str, str]] = set()
        self._steps: set[tuple[str, EntryKind]] = set()
        self._lines = 0
        self._promised: Checkpoint | None = None
        """The largest checkpoint any peer saw."""

    @property
    def size(self) -> int:
        return len(self._roots) - 1

    def look(self, told: Sequence[Line] = ()) -> Found:
        """Audit what is new, and what the peers were `told` since; `told` is the whole notebook, as far as it is."""
        lines, self._lines = list(told[self._lines :]), len(told)
        engine = reader_engine(parse_url(self._url), 1)
        try:
            with engine.connect() as connection:  # one transaction: one state of the database
                return self._look(connection, lines)
        finally:
            engine.dispose()

    def _look(self, connection: Connection, lines: list[Line]) -> Found:
        report, start = Found(), self.size
        self._read_entries(connection, report)
        self._compare_dispatches(connection, report, start)
        self._compare_deliveries(connection, report, start)
        self._compare_blobs(connection, report, start)
        self._compare_checkpoints(connection, report, start, lines)
        self._compare_promises(connection, report, lines)
        report.size = self.size
        report.dispatches = connection.execute(text("SELECT count(*) FROM dispatches")).scalar_one()
        return report

    def _read_entries(self, connection: Connection, report: Found) -> None:
        """The ledger is dense, its leaves are the hashes of its entries, nothing was admitted or answered twice."""
        rows = _all(
            connection,
            "SELECT ledger_index, leaf_hash, entry FROM ledger_entries WHERE ledger_index >= :start"
            " ORDER BY ledger_index",
            start=self.size,
        )
        for row in rows:
            if row.ledger_index != self.size:
                report.wrong.append(f"entry {self.size} is missing")
                return
            leaf = hashlib.sha256(b"\x00" + bytes(row.entry)).digest()
            if leaf != bytes(row.leaf_hash):
                report.wrong.append(f"leaf {row.ledger_index} is not the hash of its entry")
            self._append(leaf)
            self._note_entry(decode(bytes(row.entry)), row.ledger_index, report)
        head = connection.execute(text("SELECT size FROM ledger_head")).scalar_one()
        if head != self.size:
            report.wrong.append(f"the head says {head} entries, there are {self.size}")

    def _append(self, leaf: bytes) -> None:
        self._leaves.append(leaf)
        node, below = leaf, self.size
        while below & 1:
            node, below = _node(self._peaks.pop(), node), below >> 1
        self._peaks.append(node)
        self._roots.append(reduce(lambda right, left: _node(left, right), reversed(self._peaks)))

    def _note_entry(self, entry: Entry, index: int, report: Found) -> None:
        if entry.kind is EntryKind.ACCEPT:
            packet = entry["peer"], entry["packet"]
            if packet in self._packets:
                report.doubled.append(f"packet {packet} accepted again at {index}")
            self._packets.add(packet)
        elif entry.kind in STATUS_OF:
            step = entry["delivery"], entry.kind
            if step in self._steps:
                report.doubled.append(f"{entry.kind} of {entry['delivery']} again at {index}")
            self._steps.add(step)

    def _compare_dispatches(self, connection: Connection, report: Found, start: int) -> None:
        """Each dispatch has its entry and each entry its dispatch, with one delivery for each addressee."""
        addressees: defaultdict[str, list[str]] = defaultdict(list)
        for row in _all(
            connection,
            "SELECT dispatch_id, addressee FROM deliveries JOIN dispatches ON dispatches.id = dispatch_id"
            " WHERE dispatches.ledger_index >= :start",
            start=start,
        ):
            addressees[row.dispatch_id].append(row.addressee)
        kept = {
            row.ledger_index: row
            for row in _all(
                connection,
                "SELECT id, peer, sender, packet_digest, receipt_xml, ledger_index FROM dispatches"
                " WHERE ledger_index >= :start",
                start=start,
            )
        }
        for index, entry in _entries(connection, start):
            if entry.kind is not EntryKind.ACCEPT:
                continue
            row = kept.pop(index, None)
            if row is None:
                report.lost.append(f"the dispatch of entry {index}")
                continue
            receipt = hashlib.sha256(bytes(row.receipt_xml)).hexdigest()
            said = tuple(entry[name] for name in ("dispatch", "peer", "sender", "packet", "receipt"))
            if said != (row.id, row.peer, row.sender, row.packet_digest, receipt):
                report.wrong.append(f"dispatch {row.id} differs from entry {index}")
            listed, routed = sorted(entry["addressees"].split(" ")), sorted(addressees[row.id])
            if len(set(routed)) != len(routed):
                report.doubled.append(f"deliveries of {row.id}: {routed}")
            elif routed != listed:
                report.lost.append(f"deliveries of {row.id}: {routed}, not {listed}")
        report.wrong += [f"dispatch {row.id} has no entry at {index}" for index, row in kept.items()]

    def _compare_deliveries(self, connection: Connection, report: Found, start: int) -> None:
        """Each delivery stands where its last event says, and each event's entry tells of that event."""
        entries = dict(_entries(connection, start))
        told = 0
        for row in _all(
            connection,
            "SELECT delivery_id, event, ledger_index FROM delivery_events WHERE ledger_index >= :start",
            start=start,
        ):
            entry = entries.get(row.ledger_index)
            kind = entry.kind if entry else None
            if kind in STATUS_OF:
                told += 1
                if (entry["delivery"], STATUS_OF[kind]) != (row.delivery_id, row.event):
                    report.wrong.append(f"event {row.event} of {row.delivery_id} differs from entry {row.ledger_index}")
            elif (kind, row.event) != (EntryKind.ACCEPT, "queued"):
                report.wrong.append(f"event {row.event} of {row.delivery_id} has no entry at {row.ledger_index}")
        if told != sum(entry.kind in STATUS_OF for entry in entries.values()):
            report.wrong.append("entries of deliveries without their events")
        for row in _all(
            connection,
            "SELECT deliveries.id, status, event FROM deliveries JOIN delivery_events ON delivery_id = deliveries.id"
            " WHERE delivery_events.id IN (SELECT max(id) FROM delivery_events GROUP BY delivery_id)"
            " AND delivery_events.ledger_index >= :start AND status <> event",
            start=start,
        ):
            report.wrong.append(f"delivery {row.id} is {row.status}, its last event is {row.event}")
        for row in _all(
            connection,
            "SELECT delivery_id FROM attempts WHERE ended_at IS NULL GROUP BY delivery_id HAVING count(*) > 1",
        ):
            report.doubled.append(f"open attempts of {row.delivery_id}")

    def _compare_blobs(self, connection: Connection, report: Found, start: int) -> None:
        """Each attachment is there, whole: in the database, or as a file under its digest."""
        for row in _all(
            connection,
            "SELECT DISTINCT blobs.sha256, blobs.size_bytes, data FROM blobs"
            " JOIN dispatch_attachments ON dispatch_attachments.sha256 = blobs.sha256"
            " JOIN dispatches ON dispatches.id = dispatch_id WHERE dispatches.ledger_index >= :start",
            start=start,
        ):
            file = self._blobs / row.sha256[:2] / row.sha256
            if row.data is None and not file.is_file():
                report.lost.append(f"attachment {row.sha256}")
                continue
            data = file.read_bytes() if row.data is None else bytes(row.data)
            if (hashlib.sha256(data).hexdigest(), len(data)) != (row.sha256, row.size_bytes):
                report.wrong.append(f"attachment {row.sha256} has other bytes")

    def _compare_checkpoints(self, connection: Connection, report: Found, start: int, lines: list[Line]) -> None:
        """Every checkpoint signed or seen speaks of the tree these entries make, and the largest one seen still can
        be proven a prefix of the latest one from the tiles."""
        kept = [
            bytes(row.note)
            for row in _all(connection, "SELECT note FROM checkpoints WHERE size > :start ORDER BY size", start=start)
        ]
        seen = [one.note.encode() for one in of_kind(lines, Seen)]
        opened = [open_checkpoint(note, self._key) for note in (*kept, *seen)]
        for checkpoint in opened:
            if checkpoint.size > self.size or self._roots[checkpoint.size] != checkpoint.root:
                report.wrong.append(f"checkpoint of {checkpoint.size} is not of these entries")
        report.checkpoints = len(opened)
        self._compare_tiles(connection, report, start)
        latest = queries.checkpoint(connection)
        report.signed = latest.size if latest else 0
        for checkpoint in opened[len(kept) :]:
            if self._promised is None or checkpoint.size > self._promised.size:
                self._promised = checkpoint
        if self._promised is None:
            return
        if self._promised.size > report.signed or latest is None:
            report.lost.append(f"checkpoint of {self._promised.size}")
            return
        old, new = self._promised, open_checkpoint(latest.note, self._key)
        try:
            proof = consistency(old.size, new.size, partial(queries.tile, connection))
            verify_consistency(old.size, old.root, new.size, new.root, proof)
        except (ProofError, KeyError) as error:
            report.wrong.append(f"no proof that {old.size} entries are a prefix of {new.size}: {error}")

    def _compare_tiles(self, connection: Connection, report: Found, start: int) -> None:
        """The lowest tiles hold the leaves, as far as the tree has come."""
        rows = _all(
            connection,
            "SELECT number, hashes FROM ledger_tiles WHERE level = 0 AND number >= :first ORDER BY number",
            first=start // TILE_LEAVES,
        )
        for row in rows:
            first, hashes = row.number * TILE_LEAVES, bytes(row.hashes)
            if b"".join(self._leaves[first : first + len(hashes) // HASH_BYTES]) != hashes:
                report.wrong.append(f"tile {row.number} does not hold the leaves from {first}")

    def _compare_promises(self, connection: Connection, report: Found, lines: list[Line]) -> None:
        """What the peers were told is so."""
        dispatches = {
            row.id: (row.ledger_index, row.packet_digest, row.peer)
            for row in _by_id(
                connection,
                "SELECT id, ledger_index, packet_digest, peer FROM dispatches WHERE id IN :ids",
                [one.dispatch_id for one in of_kind(lines, Receipted)],
            )
        }
        for one in of_kind(lines, Receipted):
            if one.dispatch_id not in dispatches:
                report.lost.append(f"dispatch {one.dispatch_id}, receipted")
            elif dispatches[one.dispatch_id] != (one.ledger_index, one.packet_digest, one.peer):
                report.wrong.append(f"dispatch {one.dispatch_id} is not what its receipt says")
        sealed = of_kind(lines, Sealed)
        receipts = {
            row.id: hashlib.sha256(bytes(row.receipt_xml)).hexdigest()
            for row in _by_id(
                connection,
                "SELECT id, receipt_xml FROM dispatches WHERE id IN :ids",
                [one.dispatch_id for one in sealed],
            )
        }
        report.wrong += [
            f"the receipt of {one.dispatch_id} has changed"
            for one in sealed
            if receipts.get(one.dispatch_id) != one.sha256
        ]
        answered = of_kind(lines, Answered)
        statuses = {
            row.id: row.status
            for row in _by_id(
                connection, "SELECT id, status FROM deliveries WHERE id IN :ids", [one.delivery_id for one in answered]
            )
        }
        report.lost += [
            f"{one.status} of {one.delivery_id}, now {statuses.get(one.delivery_id)}"
            for one in answered
            if statuses.get(one.delivery_id) != one.status
        ]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _entries(connection: Connection, start: int) -> Iterator[tuple[int, Entry]]:
    rows = _all(connection, "SELECT ledger_index, entry FROM ledger_entries WHERE ledger_index >= :start", start=start)
    return ((row.ledger_index, decode(bytes(row.entry))) for row in rows)


def _all(connection: Connection, statement: str, **values: object) -> Iterator[Any]:
    return iter(connection.execute(text(statement), values))


def _by_id(connection: Connection, statement: str, ids: Sequence[str]) -> Iterator[Any]:
    query = text(statement).bindparams(bindparam("ids", expanding=True))
    for first in range(0, len(ids), CHUNK):
        yield from connection.execute(query, {"ids": ids[first : first + CHUNK]})

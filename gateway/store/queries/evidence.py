"""Reading evidence that was issued, time stamps, salts, and the entries evidence is made from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from gateway.store.instants import instant
from gateway.store.queries.ledger import SignedCheckpoint
from gateway.store.queries.register import RefusalRow
from gateway.store.schema import (
    changes,
    checkpoints,
    cosignatures,
    evidence,
    ledger_entries,
    refusals,
    salts,
    statuses,
    timestamps,
)


@dataclass(frozen=True, slots=True)
class Stamped:
    """A time stamp, and the checkpoint it is over."""

    checkpoint: SignedCheckpoint
    response: bytes
    stamped_at: datetime


@dataclass(frozen=True, slots=True)
class StampDebt:
    """How far time stamps lag behind the ledger."""

    newest: SignedCheckpoint | None
    """The newest checkpoint without one; None: the newest has one, or there is none yet."""
    since: datetime | None
    """When the oldest checkpoint was signed that no stamp covers."""


_EVIDENCE = select(evidence.c.xml).where(
    evidence.c.ledger_index == bindparam("index"), evidence.c.name == bindparam("name")
)
_ENTRIES_AT = select(ledger_entries.c.ledger_index, ledger_entries.c.entry).where(
    ledger_entries.c.ledger_index.in_(bindparam("indexes", expanding=True))
)
_STAMPED = (
    select(checkpoints, timestamps.c.stamped_at, timestamps.c.response)
    .join_from(timestamps, checkpoints)
    .where(timestamps.c.size > bindparam("index"))
    .order_by(timestamps.c.size)
    .limit(1)
)
_COSIGNED = (
    select(checkpoints)
    .join(cosignatures, cosignatures.c.size == checkpoints.c.size)
    .where(checkpoints.c.size > bindparam("index"))
    .order_by(checkpoints.c.size)
    .limit(1)
)
_LINES = (
    select(cosignatures.c.witness, cosignatures.c.line)
    .where(cosignatures.c.size == bindparam("size"))
    .order_by(cosignatures.c.cosigned_at, cosignatures.c.witness)
)
_STAMPED_SIZE = select(func.coalesce(func.max(timestamps.c.size), 0)).scalar_subquery()
_NEWEST = select(checkpoints).where(checkpoints.c.size > _STAMPED_SIZE).order_by(checkpoints.c.size.desc()).limit(1)
_OLDEST = (
    select(checkpoints.c.recorded_at).where(checkpoints.c.size > _STAMPED_SIZE).order_by(checkpoints.c.size).limit(1)
)
_NEWEST_STAMP = select(timestamps).order_by(timestamps.c.size.desc()).limit(1)
_SALTS = select(salts).where(salts.c.digest.in_(bindparam("digests", expanding=True)))
_ANSWERS_SAID = (
    select(changes.c.answer_index, statuses.c.salt, statuses.c.description)
    .join(statuses, statuses.c.dispatch_id == changes.c.answered_by)
    .where(changes.c.answer_index.in_(bindparam("indexes", expanding=True)))
)
_REFUSALS_OF = (
    select(refusals)
    .where(refusals.c.peer == bindparam("peer"), refusals.c.id > bindparam("after"))
    .order_by(refusals.c.id)
    .limit(bindparam("count"))
)
_REFUSAL = select(refusals).where(refusals.c.peer == bindparam("peer"), refusals.c.ledger_index == bindparam("index"))


def evidence_kept(connection: Connection, index: int, name: str) -> bytes | None:
    """An evidence as it was first issued; None where nobody has asked for it yet."""
    xml = connection.execute(_EVIDENCE, {"index": index, "name": name}).scalar()
    return None if xml is None else bytes(xml)


def entries_at(connection: Connection, indexes: Collection[int]) -> dict[int, bytes]:
    """The entries at these indexes, by index."""
    rows = connection.execute(_ENTRIES_AT, {"indexes": sorted(indexes)})
    return {row.ledger_index: bytes(row.entry) for row in rows}


def stamped_over(connection: Connection, index: int) -> Stamped | None:
    """The earliest time stamp that covers the entry at `index`; None where none does yet."""
    row = connection.execute(_STAMPED, {"index": index}).one_or_none()
    if row is None:
        return None
    signed = SignedCheckpoint(row.size, bytes(row.note), instant(row.recorded_at))
    return Stamped(signed, bytes(row.response), instant(row.stamped_at))


def cosigned_over(connection: Connection, index: int) -> SignedCheckpoint | None:
    """The earliest checkpoint a witness cosigned that covers the entry at `index`; None where there is none."""
    row = connection.execute(_COSIGNED, {"index": index}).first()
    return None if row is None else SignedCheckpoint(row.size, bytes(row.note), instant(row.recorded_at))


def cosigned_note(connection: Connection, signed: SignedCheckpoint) -> bytes | None:
    """A checkpoint's note with the newest line of every witness that cosigned it; None where nobody did."""
    lines = {row.witness: bytes(row.line) for row in connection.execute(_LINES, {"size": signed.size})}
    return signed.note + b"".join(lines.values()) if lines else None


def stamp_debt(connection: Connection) -> StampDebt:
    """What waits for a time stamp."""
    row = connection.execute(_NEWEST).one_or_none()
    if row is None:
        return StampDebt(None, None)
    newest = SignedCheckpoint(row.size, bytes(row.note), instant(row.recorded_at))
    return StampDebt(newest, instant(connection.execute(_OLDEST).scalar_one()))


@dataclass(frozen=True, slots=True)
class NewestStamp:
    """The latest time stamp: the size of the tree it covers, and the authority's answer."""

    size: int
    response: bytes


def newest_stamp(connection: Connection) -> NewestStamp | None:
    """The latest time stamp; None where nobody was ever asked for one."""
    row = connection.execute(_NEWEST_STAMP).one_or_none()
    return None if row is None else NewestStamp(row.size, bytes(row.response))


def salts_of(connection: Connection, digests: Collection[str]) -> dict[str, bytes]:
    """The salts that are kept behind these digests, by digest."""
    return {row.digest: bytes(row.salt) for row in connection.execute(_SALTS, {"digests": sorted(digests)})}


def answers_said(connection: Connection, indexes: Collection[int]) -> dict[int, bytes]:
    """Salt and words behind entries of kind `answer`, by index: those of the status packets that answered."""
    rows = connection.execute(_ANSWERS_SAID, {"indexes": sorted(indexes)})
    return {row.answer_index: bytes.fromhex(row.salt) + row.description.encode() for row in rows}


def refusals_of(connection: Connection, peer: str, after: int, limit: int) -> tuple[RefusalRow, ...]:
    """What was refused to a peer, in the order it was recorded, from behind number `after`."""
    rows = connection.execute(_REFUSALS_OF, {"peer": peer, "after": after, "count": limit})
    return tuple(
        RefusalRow(row.id, row.peer, row.packet_digest, row.reason, instant(row.at), row.ledger_index) for row in rows
    )


def was_refused(connection: Connection, peer: str, index: int) -> bool:
    """Whether the entry at `index` records a refusal of this peer."""
    return connection.execute(_REFUSAL, {"peer": peer, "index": index}).one_or_none() is not None

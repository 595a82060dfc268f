"""Writing what is held and what is erased: everything of one dispatch in one transaction with its ledger entry.

Identifiers, digests, receipt and report stay. What is emptied is emptied for good: the database overwrites it
(`secure_delete` of SQLite; PostgreSQL at the next VACUUM).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, select, update

from gateway.ledger.entry import decode
from gateway.model.delivery import DeliveryStatus
from gateway.store.acts import Act, record
from gateway.store.instants import micros
from gateway.store.queries.retention import reports_on
from gateway.store.schema import (
    IN_FORCE,
    attempts,
    blobs,
    changes,
    deliveries,
    delivery_events,
    destructions,
    dispatch_attachments,
    dispatches,
    erased_attachments,
    erasures,
    holds,
    ledger_entries,
    salts,
    statuses,
)
from gateway.store.search import forget
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_OF: BindParameter[str] = bindparam("dispatch")
_HOLD = Insertion(holds, "ledger_index", "dispatch_id")
_HELD = select(holds.c.ledger_index).where(holds.c.dispatch_id == _OF, IN_FORCE)
_RELEASE = update(holds).where(holds.c.dispatch_id == _OF, IN_FORCE).values(released_index=bindparam("index"))
_IS_THERE = select(dispatches.c.id).where(dispatches.c.id == _OF)
_IS_ERASED = select(erasures.c.dispatch_id).where(erasures.c.dispatch_id == _OF)
_OWN = select(deliveries.c.id).where(deliveries.c.dispatch_id == _OF).scalar_subquery()
_DECLINED = (
    select(ledger_entries.c.entry)
    .join_from(delivery_events, ledger_entries)
    .where(delivery_events.c.delivery_id.in_(_OWN), delivery_events.c.event == DeliveryStatus.REFUSED.value)
)
_PARTS = (
    select(dispatch_attachments.c.dispatch_id, dispatch_attachments.c.number, dispatch_attachments.c.sha256)
    .add_columns(dispatch_attachments.c.size_bytes)
    .where(dispatch_attachments.c.dispatch_id == _OF)
)
_DESTRUCTION = Insertion(destructions)
_ERASURE = Insertion(erasures)
_ERASED_PART = Insertion(erased_attachments)
_EMPTY = (
    update(dispatches).where(dispatches.c.id == _OF).values(envelope=b"", subject=""),
    update(delivery_events)
    .where(
        delivery_events.c.delivery_id.in_(_OWN),
        (delivery_events.c.event == DeliveryStatus.REFUSED.value) | delivery_events.c.event.startswith("status_"),
    )
    .values(detail=""),
    update(attempts).where(attempts.c.delivery_id.in_(_OWN)).values(detail=""),
    update(statuses).where(statuses.c.dispatch_id == _OF).values(description="", salt=""),
    update(changes).where(changes.c.dispatch_id == _OF).values(reason=""),
    delete(dispatch_attachments).where(dispatch_attachments.c.dispatch_id == _OF),
)
_UNUSED = (
    delete(blobs)
    .where(
        blobs.c.sha256.in_(bindparam("digests", expanding=True)),
        ~exists().where(dispatch_attachments.c.sha256 == blobs.c.sha256),
    )
    .returning(blobs.c.sha256)
)


class HoldVerdict(StrEnum):
    """What came of a hold, a release or an erasure."""

    DONE = "done"
    UNKNOWN = "unknown"
    """There is no such dispatch."""
    ALREADY = "already"
    """It is so already; nothing was recorded."""
    HELD = "held"
    """It is held: nothing was erased."""


@dataclass(frozen=True, slots=True)
class Hold(Operation[HoldVerdict]):
    """Keep the content of a dispatch, whatever its period."""

    dispatch_id: str
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[HoldVerdict]:
        return [one._hold(tx) for one in operations]

    def _hold(self, tx: Transaction) -> HoldVerdict:
        of = {"dispatch": self.dispatch_id}
        if tx.connection.execute(_IS_THERE, of).scalar() is None:
            return HoldVerdict.UNKNOWN
        if tx.connection.execute(_HELD, of).scalar() is not None:
            return HoldVerdict.ALREADY
        (index,) = record(tx, [self.act])
        _HOLD.run(tx.connection, [(index, self.dispatch_id)])
        return HoldVerdict.DONE


@dataclass(frozen=True, slots=True)
class Release(Operation[HoldVerdict]):
    """Let the period decide again."""

    dispatch_id: str
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[HoldVerdict]:
        return [one._release(tx) for one in operations]

    def _release(self, tx: Transaction) -> HoldVerdict:
        of = {"dispatch": self.dispatch_id}
        if tx.connection.execute(_HELD, of).scalar() is None:
            return HoldVerdict.ALREADY
        (index,) = record(tx, [self.act])
        tx.connection.execute(_RELEASE, {**of, "index": index})
        return HoldVerdict.DONE


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of an erasure."""

    verdict: HoldVerdict
    unused: tuple[str, ...] = ()
    """Digests of attachments nobody holds any more: their files may go."""
    overtaken: bool = False
    """A report came that was not among those listed: nothing was erased."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What certifies that the content of a dispatch is gone."""

    dispatch_id: str
    envelope_sha256: str
    envelope_bytes: int
    certificate: bytes
    certificate_sha256: str
    act: Act


@dataclass(frozen=True, slots=True)
class Erase(Operation[Erased]):
    """Empty what a document says, and what reports on it, and keep the certificates: all of it or, where the document
    is held by now or somebody reported on it meanwhile, nothing. A report that is held itself stays."""

    document: Erasure
    reports: tuple[Erasure, ...] = ()

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[Erased]:
        return [one._erase(tx) for one in operations]

    def _erase(self, tx: Transaction) -> Erased:
        verdict = _why_not(tx.connection, self.document)
        if verdict is not HoldVerdict.DONE:
            return Erased(verdict)
        if self._overtaken(tx.connection):
            return Erased(verdict, overtaken=True)
        gone = [one for one in self.reports if _why_not(tx.connection, one) is HoldVerdict.DONE]
        unused = [sha256 for one in (*gone, self.document) for sha256 in _empty(tx, one)]
        return Erased(verdict, tuple(unused))

    def _overtaken(self, connection: Connection) -> bool:
        """Whether something reports on the document by now that is neither listed nor erased."""
        missed = {*reports_on(connection, self.document.dispatch_id)} - {one.dispatch_id for one in self.reports}
        return any(connection.execute(_IS_ERASED, {"dispatch": one}).scalar() is None for one in missed)


def _why_not(connection: Connection, one: Erasure) -> HoldVerdict:
    """DONE where nothing stands against it."""
    of = {"dispatch": one.dispatch_id}
    if connection.execute(_IS_THERE, of).scalar() is None:
        return HoldVerdict.UNKNOWN
    if connection.execute(_IS_ERASED, of).scalar() is not None:
        return HoldVerdict.ALREADY
    return HoldVerdict.DONE if connection.execute(_HELD, of).scalar() is None else HoldVerdict.HELD


def _empty(tx: Transaction, one: Erasure) -> Sequence[str]:
    """Gives the digests of attachments nobody holds any more."""
    connection, of = tx.connection, {"dispatch": one.dispatch_id}
    (index,) = record(tx, [one.act])
    at = micros(one.act.at)
    _DESTRUCTION.run(connection, [(one.certificate_sha256, at, one.certificate)])
    _ERASURE.run(
        connection, [(one.dispatch_id, index, one.certificate_sha256, at, one.envelope_sha256, one.envelope_bytes)]
    )
    parts = [tuple(row) for row in connection.execute(_PARTS, of)]
    _ERASED_PART.run(connection, parts)
    _erase_salts(connection, of)
    for statement in _EMPTY:
        connection.execute(statement, of)
    forget(connection, one.dispatch_id)
    return connection.execute(_UNUSED, {"digests": [part[2] for part in parts]}).scalars().all()


def _erase_salts(connection: Connection, of: dict[str, Any]) -> None:
    """Without its salt a digest in the ledger says nothing of the words it was made from."""
    digests = [decode(bytes(entry))["reason"] for entry in connection.execute(_DECLINED, of).scalars()]
    connection.execute(delete(salts).where(salts.c.digest.in_(digests)))

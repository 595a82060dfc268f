"""Attempts to push: registered before they are made, with the next one already due.

A process that dies in between has only made the next try late: there is no recovery code. What it left open is closed
as interrupted when it is due again, by whoever claims it then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Row, bindparam, func, or_, select, update

from gateway.ledger.entry import Entry, EntryKind
from gateway.model.delivery import Backoff, DeliveryEvent, DeliveryStatus, Outcome
from gateway.store.changes import withdraw_asked_back
from gateway.store.deliveries import Advance, Salted, advance_all
from gateway.store.instants import micros
from gateway.store.schema import CLAIMED, DUE, OPEN, attempts, deliveries
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

CLAIM_S = 120.0
"""How long a claim holds when nothing is heard of it: longer than a push may take."""


@dataclass(frozen=True, slots=True)
class DueAttempt:
    """An attempt to be made now. It is on record already."""

    delivery_id: str
    number: int
    dispatch_id: str
    addressee: str
    peer: str
    next_attempt_at: datetime
    """When the next one is due, should nothing be heard of this one."""


_BUSY = (
    select(deliveries.c.addressee, func.count().label("count"))
    .where(CLAIMED, deliveries.c.claimed_until > bindparam("now"))
    .group_by(deliveries.c.addressee)
)
_DUE = (
    select(deliveries)
    .where(
        DUE,
        deliveries.c.next_attempt_at <= bindparam("now"),
        or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until <= bindparam("now")),
        deliveries.c.addressee.not_in(bindparam("full", expanding=True)),
    )
    .order_by(deliveries.c.next_attempt_at)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
)
_INTERRUPT = (
    update(attempts)
    .where(attempts.c.delivery_id == bindparam("delivery"), OPEN)
    .values(ended_at=bindparam("now"), outcome=Outcome.INTERRUPTED.value, ledger_index=bindparam("index"))
)
_UNDER_WAY = (
    select(attempts.c.delivery_id, attempts.c.number, deliveries.c.dispatch_id, deliveries.c.addressee)
    .join_from(attempts, deliveries)
    .where(attempts.c.delivery_id.in_(bindparam("ids", expanding=True)), OPEN)
)
_CLAIM = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(attempts=bindparam("number"), next_attempt_at=bindparam("next_at"), claimed_until=bindparam("until"))
)
_OPEN = Insertion(attempts, "delivery_id", "number", "claimant", "started_at", "claimed_until", "detail")


@dataclass(frozen=True, slots=True)
class ClaimDue(Operation[tuple[DueAttempt, ...]]):
    """Take pushes that are due, oldest first, at most `per_addressee` under way to one addressee in all processes."""

    now: datetime
    limit: int
    per_addressee: int
    backoff: Backoff
    chance: float
    """A random number in [0, 1), for the jitter of these attempts."""
    claimant: str = "gateway"
    """Name of this process, the same after a restart."""
    claim_s: float = CLAIM_S

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[tuple[DueAttempt, ...]]:
        return [one._claim(tx) for one in operations]

    def _claim(self, tx: Transaction) -> tuple[DueAttempt, ...]:
        due = self._due(tx)
        if not due:
            return ()
        now, until = micros(self.now), micros(self.now + timedelta(seconds=self.claim_s))
        failed = _record_failures(tx, {row.id: (Outcome.INTERRUPTED, None) for row in due}, self.now)
        closed: list[dict[str, Any]] = [{"delivery": one, "now": now, "index": index} for one, index in failed.items()]
        if closed:
            tx.connection.execute(_INTERRUPT, closed)
        asked_back = withdraw_asked_back(tx, due, self.now)
        rows = [row for row in due if row.id not in asked_back]
        if not rows:
            return ()
        claimed = [
            DueAttempt(
                row.id,
                row.attempts + 1,
                row.dispatch_id,
                row.addressee,
                row.peer,
                self.backoff.next_at(self.now, row.attempts + 1, self.chance),
            )
            for row in rows
        ]
        changed: list[dict[str, Any]] = [
            {"delivery": one.delivery_id, "number": one.number, "next_at": micros(one.next_attempt_at), "until": until}
            for one in claimed
        ]
        tx.connection.execute(_CLAIM, changed)
        _OPEN.run(tx.connection, [(one.delivery_id, one.number, self.claimant, now, until, "") for one in claimed])
        return tuple(claimed)

    def _due(self, tx: Transaction) -> list[Row[*tuple[Any, ...]]]:
        """Due deliveries, no addressee beyond its share.

        An addressee whose share is full is left out of the search, so that a dead one with thousands of due deliveries
        hides nobody behind it: each round either fills the limit or finds another addressee full.
        """
        busy = Counter({row.addressee: row.count for row in tx.connection.execute(_BUSY, {"now": micros(self.now)})})
        chosen: dict[str, Row[*tuple[Any, ...]]] = {}
        while len(chosen) < self.limit:
            full = [addressee for addressee, count in busy.items() if count >= self.per_addressee]
            search = {"now": micros(self.now), "full": full, "count": self.limit + len(chosen)}
            found = [row for row in tx.connection.execute(_DUE, search) if row.id not in chosen]
            for row in found:
                if len(chosen) < self.limit and busy[row.addressee] < self.per_addressee:
                    busy[row.addressee] += 1
                    chosen[row.id] = row
            if not found:
                break
        return list(chosen.values())


def _record_failures(tx: Transaction, ended: Mapping[str, tuple[Outcome, int | None]], at: datetime) -> dict[str, int]:
    """An entry for each attempt about to be closed that leaves its delivery as it was; gives their indexes, by
    delivery. `ended`, by delivery: how it ended, and the number of the attempt; None: the one under way."""
    under_way = tx.connection.execute(_UNDER_WAY, {"ids": list(ended)}).all() if ended else []
    closing = [row for row in under_way if ended[row.delivery_id][1] in (None, row.number)]
    indexes = tx.append(
        [
            Entry.of(
                EntryKind.ATTEMPT,
                at,
                dispatch=row.dispatch_id,
                delivery=row.delivery_id,
                addressee=row.addressee,
                number=str(row.number),
                outcome=ended[row.delivery_id][0].value,
            ).encode()
            for row in closing
        ]
    )
    return {row.delivery_id: index for row, index in zip(closing, indexes, strict=True)}


_CLOSE = (
    update(attempts)
    .where(attempts.c.delivery_id == bindparam("delivery"), attempts.c.number == bindparam("attempt"), OPEN)
    .values(
        ended_at=bindparam("at"),
        outcome=bindparam("how"),
        detail=bindparam("what"),
        ledger_index=bindparam("index"),
    )
)
_RELEASE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"), deliveries.c.attempts == bindparam("attempt"))
    .values(claimed_until=None)
)


@dataclass(frozen=True, slots=True)
class CloseAttempt(Operation[DeliveryStatus | None]):
    """Record how an attempt ended, and what that means for the delivery. Gives its status from now on.

    An attempt that was closed as interrupted meanwhile stays so; what it achieved counts all the same.
    """

    delivery_id: str
    number: int
    ended_at: datetime
    outcome: Outcome
    detail: str = ""
    entry: bytes | None = None
    acknowledged: bool = False
    """The addressee's system has not only taken but stored the packet."""
    salted: Salted | None = None

    @property
    def event(self) -> DeliveryEvent:
        if self.outcome is Outcome.DELIVERED and self.acknowledged:
            return DeliveryEvent.ACKNOWLEDGED
        return self.outcome.event

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[DeliveryStatus | None]:
        indexes = [one._record_failure(tx) for one in operations]
        ended: list[dict[str, Any]] = [
            {
                "delivery": one.delivery_id,
                "attempt": one.number,
                "at": micros(one.ended_at),
                "how": one.outcome.value,
                "what": one.detail,
                "index": index,
            }
            for one, index in zip(operations, indexes, strict=True)
        ]
        tx.connection.execute(_CLOSE, ended)
        tx.connection.execute(_RELEASE, [{"delivery": one.delivery_id, "attempt": one.number} for one in operations])
        return advance_all(
            tx,
            [
                Advance(one.delivery_id, one.event, one.ended_at, one.entry, one.detail, one.salted)
                for one in operations
            ],
        )

    def _record_failure(self, tx: Transaction) -> int | None:
        """The index of its entry, where it leaves the delivery as it was and nobody closed it before."""
        if self.outcome.event is not DeliveryEvent.DEFERRED:
            return None
        ended = {self.delivery_id: (self.outcome, self.number)}
        return _record_failures(tx, ended, self.ended_at).get(self.delivery_id)


_LEFT_OPEN = select(attempts.c.delivery_id, attempts.c.number).where(OPEN, attempts.c.claimant == bindparam("claimant"))


@dataclass(frozen=True, slots=True)
class InterruptAttempts(Operation[int]):
    """Close what this claimant left open when its process ended. Done once at its start, it makes retries prompt.

    Without it the claims would only run out. Gives how many there were.
    """

    at: datetime
    claimant: str = "gateway"

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._interrupt(tx) for one in operations]

    def _interrupt(self, tx: Transaction) -> int:
        left = tx.connection.execute(_LEFT_OPEN, {"claimant": self.claimant}).all()
        if left:
            interrupted = Outcome.INTERRUPTED
            CloseAttempt.run(tx, [CloseAttempt(row.delivery_id, row.number, self.at, interrupted) for row in left])
        return len(left)

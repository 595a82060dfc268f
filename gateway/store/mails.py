"""Contacts of agencies, and the queue of mails to them: recorded before they are sent, retried until they are.

A reminder is recorded once ever for a delivery, what is owed and the step of escalation: the unique index sees to it.
With it goes a step of the timeline, so that event streams and webhooks tell of it too, and its ledger entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import bindparam, func, insert, select, update

from gateway.model.delivery import Backoff
from gateway.store.instants import micros
from gateway.store.schema import UNSENT, contacts, delivery_events, mails
from gateway.store.timeline import EVENT
from gateway.store.transaction import Operation, Transaction

REMINDER = "reminder"
"""The step of a timeline that tells of one; its detail names what is owed and the step of escalation."""


_KNOWN = select(contacts.c.id).where(
    contacts.c.agency == bindparam("its_agency"),
    contacts.c.level == bindparam("its_level"),
    contacts.c.address == bindparam("its_address"),
    contacts.c.removed_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class AddContact(Operation[bool]):
    """Write to somebody from now on. False where that address is known at that agency and level."""

    id: str
    agency: str
    level: str
    name: str
    address: str
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._add(tx) for one in operations]

    def _add(self, tx: Transaction) -> bool:
        where = {"agency": self.agency, "level": self.level, "address": self.address}
        if tx.connection.execute(_KNOWN, {f"its_{name}": value for name, value in where.items()}).first() is not None:
            return False
        row: dict[str, Any] = {"id": self.id, "name": self.name, "added_at": micros(self.at)} | where
        tx.connection.execute(insert(contacts).values(row))
        return True


@dataclass(frozen=True, slots=True)
class RemoveContact(Operation[int]):
    """Write no more to an address at an agency, at whichever level. Gives how many contacts that was."""

    agency: str
    address: str
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._remove(tx) for one in operations]

    def _remove(self, tx: Transaction) -> int:
        chosen = (contacts.c.agency == self.agency, contacts.c.address == self.address, contacts.c.removed_at.is_(None))
        return tx.connection.execute(update(contacts).where(*chosen).values(removed_at=micros(self.at))).rowcount


_REMINDED = select(mails.c.id).where(
    mails.c.delivery_id == bindparam("delivery"), mails.c.what == bindparam("owed"), mails.c.level == bindparam("step")
)


_REMINDED_SINCE = select(delivery_events.c.id).where(
    delivery_events.c.delivery_id == bindparam("delivery"),
    delivery_events.c.event == REMINDER,
    delivery_events.c.at > bindparam("since"),
)


@dataclass(frozen=True, slots=True)
class RecordReminder(Operation[bool]):
    """Record that people are reminded; False where they were, of this and at this step."""

    delivery_id: str
    what: str
    level: int
    agency: str
    """Whose contacts are written to."""
    levels: tuple[str, ...]
    at: datetime
    entry: bytes
    unless_since: datetime | None = None
    """By hand: False also where they were reminded of anything since then, if only by whoever was faster just now."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._record(tx) for one in operations]

    def _record(self, tx: Transaction) -> bool:
        if self.unless_since is not None:
            since = {"delivery": self.delivery_id, "since": micros(self.unless_since)}
            if tx.connection.execute(_REMINDED_SINCE, since).first() is not None:
                return False
        step = {"delivery": self.delivery_id, "owed": self.what, "step": self.level}
        if tx.connection.execute(_REMINDED, step).first() is not None:
            return False
        at = micros(self.at)
        row: dict[str, Any] = {"agency": self.agency, "levels": " ".join(self.levels), "delivery_id": self.delivery_id}
        row |= {"what": self.what, "level": self.level} | _queued(at)
        tx.connection.execute(insert(mails).values(row))
        (index,) = tx.append([self.entry])
        EVENT.run(tx.connection, [(self.delivery_id, REMINDER, at, f"{self.what} {self.level}", index)])
        return True


@dataclass(frozen=True, slots=True)
class RecordDigests(Operation[int]):
    """Record the digests of a day for agencies that have none yet. Gives how many."""

    day: str
    agencies: tuple[str, ...]
    levels: tuple[str, ...]
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._record(tx) for one in operations]

    def _record(self, tx: Transaction) -> int:
        had = select(mails.c.agency).where(mails.c.day == self.day, mails.c.agency.in_(self.agencies))
        known = set(tx.connection.execute(had).scalars())
        common = {"levels": " ".join(self.levels), "day": self.day} | _queued(micros(self.at))
        rows = [{"agency": agency} | common for agency in self.agencies if agency not in known]
        if rows:
            tx.connection.execute(insert(mails), rows)
        return len(rows)


def _queued(at: int) -> dict[str, Any]:
    return {"recorded_at": at, "attempts": 0, "next_attempt_at": at, "detail": ""}


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail to be sent now. Its attempt is on record already."""

    id: int
    agency: str
    levels: tuple[str, ...]
    delivery_id: str | None
    what: str | None
    level: int | None
    day: str | None
    recorded_at: int
    attempt: int


_DUE = (
    select(mails)
    .where(UNSENT, mails.c.next_attempt_at <= bindparam("now"))
    .order_by(mails.c.next_attempt_at, mails.c.id)
    .limit(bindparam("count"))
)
_CLAIM = (
    update(mails)
    .where(mails.c.id == bindparam("mail"))
    .values(attempts=bindparam("number"), next_attempt_at=bindparam("next_at"))
)


@dataclass(frozen=True, slots=True)
class ClaimMails(Operation[tuple[DueMail, ...]]):
    """Take mails that are due, oldest first; the next attempt of each is set before this one is made."""

    now: datetime
    limit: int
    backoff: Backoff
    chance: float
    claim_s: float
    """Longer than sending them all may take."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[tuple[DueMail, ...]]:
        return [one._claim(tx) for one in operations]

    def _claim(self, tx: Transaction) -> tuple[DueMail, ...]:
        rows = tx.connection.execute(_DUE, {"now": micros(self.now), "count": self.limit}).all()
        least = self.now + timedelta(seconds=self.claim_s)
        claims: list[dict[str, Any]] = [
            {"mail": row.id, "number": row.attempts + 1}
            | {"next_at": micros(max(self.backoff.next_at(self.now, row.attempts + 1, self.chance), least))}
            for row in rows
        ]
        if claims:
            tx.connection.execute(_CLAIM, claims)
        return tuple(
            DueMail(
                row.id,
                row.agency,
                tuple(row.levels.split()),
                row.delivery_id,
                row.what,
                row.level,
                row.day,
                row.recorded_at,
                row.attempts + 1,
            )
            for row in rows
        )


_SETTLE = (
    update(mails)
    .where(mails.c.id == bindparam("mail"), UNSENT)
    .values(
        sent_at=bindparam("sent"),
        given_up_at=bindparam("given_up"),
        detail=bindparam("said"),
        next_attempt_at=func.coalesce(bindparam("next_at"), mails.c.next_attempt_at),
    )
)


@dataclass(frozen=True, slots=True)
class SettleMail(Operation[None]):
    """Record how sending a mail ended: sent, given up, or (neither) to be tried again."""

    id: int
    at: datetime
    detail: str
    sent: bool = False
    given_up: bool = False
    next_attempt_at: datetime | None = None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        rows: list[dict[str, Any]] = [
            {
                "mail": one.id,
                "sent": micros(one.at) if one.sent else None,
                "given_up": micros(one.at) if one.given_up else None,
                "said": one.detail,
                "next_at": micros(one.next_attempt_at) if one.next_attempt_at else None,
            }
            for one in operations
        ]
        tx.connection.execute(_SETTLE, rows)
        return [None] * len(operations)

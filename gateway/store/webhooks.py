"""Webhooks and the queue of their notices: fed from the timeline, claimed before they are posted, settled after.

The feed and its cursor move in one transaction, so every event becomes one notice for each webhook of the peers it
concerns, whenever the process dies. A claim sets the next attempt before this one is made: a crash is only a late
retry. Of one dispatch a webhook has one notice under way, the earliest that is not told yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import and_, bindparam, exists, func, insert, literal, or_, select, update

from gateway.model.delivery import Backoff
from gateway.store.instants import micros, micros_or_none
from gateway.store.schema import UNTOLD, deliveries, delivery_events, dispatches, notices, webhook_feed, webhooks
from gateway.store.transaction import Operation, Transaction

IN_USE = and_(webhooks.c.removed_at.is_(None), webhooks.c.stopped_at.is_(None))
_ONE = webhooks.c.id == bindparam("webhook")
_SERIAL = select(webhooks.c.serial).where(_ONE, webhooks.c.removed_at.is_(None))


@dataclass(frozen=True, slots=True)
class AddWebhook(Operation[bool]):
    """Tell an endpoint of a peer what happens from now on. Always true."""

    id: str
    peer: str
    url: str
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        rows = [
            {"id": one.id, "peer": one.peer, "url": one.url, "serial": 1, "added_at": micros(one.at), "failures": 0}
            for one in operations
        ]
        tx.connection.execute(insert(webhooks), rows)
        return [True] * len(operations)


@dataclass(frozen=True, slots=True)
class RotateWebhook(Operation[int | None]):
    """Change the secret; the one before signs too until `previous_until`. Gives the new serial; None: no webhook."""

    id: str
    previous_until: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int | None]:
        return [one._rotate(tx) for one in operations]

    def _rotate(self, tx: Transaction) -> int | None:
        serial: int | None = tx.connection.execute(_SERIAL, {"webhook": self.id}).scalar()
        if serial is None:
            return None
        values = {"serial": serial + 1, "previous_until": micros(self.previous_until)}
        tx.connection.execute(update(webhooks).where(_ONE).values(values), {"webhook": self.id})
        return serial + 1


@dataclass(frozen=True, slots=True)
class RemoveWebhook(Operation[bool]):
    """Post nothing more there. False where there is no such webhook."""

    id: str
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        remove = update(webhooks).where(_ONE, webhooks.c.removed_at.is_(None))
        return [
            tx.connection.execute(remove.values(removed_at=micros(one.at)), {"webhook": one.id}).rowcount == 1
            for one in operations
        ]


@dataclass(frozen=True, slots=True)
class ReplayNotices(Operation[int]):
    """Post notices again, told or dead: one event, or every dead one; the endpoint is believed to work again.

    Gives how many.
    """

    id: str
    event_id: int | None
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._replay(tx) for one in operations]

    def _replay(self, tx: Transaction) -> int:
        chosen = notices.c.dead_at.is_not(None) if self.event_id is None else notices.c.event_id == self.event_id
        at = micros(self.at)
        anew = update(notices).where(notices.c.webhook_id == self.id, chosen).values(
            recorded_at=at, attempts=0, next_attempt_at=at, claimed_until=None, delivered_at=None, dead_at=None
        )  # fmt: skip
        count = tx.connection.execute(anew).rowcount
        awake = {"stopped_at": None, "paused_until": None, "failures": 0}
        tx.connection.execute(update(webhooks).where(_ONE).values(awake), {"webhook": self.id})
        return count


_CURSOR = select(webhook_feed.c.event_id)
_WINDOW = (
    select(delivery_events.c.id)
    .where(delivery_events.c.id > bindparam("after"))
    .order_by(delivery_events.c.id)
    .limit(bindparam("count"))
)
_NEWS = (
    select(
        webhooks.c.id,
        delivery_events.c.id,
        deliveries.c.dispatch_id,
        bindparam("at"),
        literal(0),
        bindparam("at"),
        literal(""),
    )
    .select_from(delivery_events)
    .join(deliveries)
    .join(dispatches)
    .join(webhooks, or_(webhooks.c.peer == dispatches.c.peer, webhooks.c.peer == deliveries.c.peer))
    .where(delivery_events.c.id > bindparam("after"), delivery_events.c.id <= bindparam("last"), IN_USE)
)
_FEED = insert(notices).from_select(
    ["webhook_id", "event_id", "dispatch_id", "recorded_at", "attempts", "next_attempt_at", "detail"], _NEWS
)


@dataclass(frozen=True, slots=True)
class FeedNotices(Operation[int]):
    """Make notices of the next events, at most `limit`. Gives how many events were looked at."""

    at: datetime
    limit: int

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._feed(tx) for one in operations]

    def _feed(self, tx: Transaction) -> int:
        after = int(tx.connection.execute(_CURSOR).scalar_one())
        window = tx.connection.execute(_WINDOW, {"after": after, "count": self.limit}).scalars().all()
        if window:
            tx.connection.execute(_FEED, {"after": after, "last": window[-1], "at": micros(self.at)})
            tx.connection.execute(update(webhook_feed).values(event_id=window[-1]))
        return len(window)


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice to be posted now, and where. Its attempt is on record already."""

    webhook_id: str
    peer: str
    url: str
    serial: int
    previous_until: int | None
    """Microseconds since 1970; the secret before signs too until then."""
    event_id: int
    attempt: int
    failures: int
    """Of this endpoint, in a row, before this attempt."""


_earlier = notices.alias("earlier")
_FIRST_OF_DISPATCH = ~exists().where(
    _earlier.c.webhook_id == notices.c.webhook_id,
    _earlier.c.dispatch_id == notices.c.dispatch_id,
    _earlier.c.event_id < notices.c.event_id,
    _earlier.c.delivered_at.is_(None),
    _earlier.c.dead_at.is_(None),
)
_READY = select(webhooks).where(
    IN_USE,
    or_(webhooks.c.paused_until.is_(None), webhooks.c.paused_until <= bindparam("now")),
    exists().where(notices.c.webhook_id == webhooks.c.id, UNTOLD, notices.c.next_attempt_at <= bindparam("now")),
)
_UNDER_WAY = select(func.count()).where(
    notices.c.webhook_id == bindparam("webhook"), UNTOLD, notices.c.claimed_until > bindparam("now")
)
_DUE = (
    select(notices.c.event_id, notices.c.attempts)
    .where(
        notices.c.webhook_id == bindparam("webhook"),
        UNTOLD,
        notices.c.next_attempt_at <= bindparam("now"),
        _FIRST_OF_DISPATCH,
    )
    .order_by(notices.c.next_attempt_at, notices.c.event_id)
    .limit(bindparam("count"))
)
_IS_NOTICE = and_(notices.c.webhook_id == bindparam("webhook"), notices.c.event_id == bindparam("event"))
_CLAIM = (
    update(notices)
    .where(_IS_NOTICE)
    .values(attempts=bindparam("number"), next_attempt_at=bindparam("next_at"), claimed_until=bindparam("until"))
)


@dataclass(frozen=True, slots=True)
class ClaimNotices(Operation[tuple[DueNotice, ...]]):
    """Take notices that are due, at most `per_webhook` under way to one webhook in all processes.

    Each webhook has its own share, so a slow or dead one takes nothing from the others.
    """

    now: datetime
    per_webhook: int
    backoff: Backoff
    chance: float
    claim_s: float
    """Longer than a post may take."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[tuple[DueNotice, ...]]:
        return [one._claim(tx) for one in operations]

    def _claim(self, tx: Transaction) -> tuple[DueNotice, ...]:
        now = micros(self.now)
        until = self.now + timedelta(seconds=self.claim_s)
        due: list[DueNotice] = []
        claims: list[dict[str, Any]] = []
        for webhook in tx.connection.execute(_READY, {"now": now}).all():
            busy = tx.connection.execute(_UNDER_WAY, {"webhook": webhook.id, "now": now}).scalar_one()
            share = {"webhook": webhook.id, "now": now, "count": max(self.per_webhook - busy, 0)}
            for row in tx.connection.execute(_DUE, share):
                number = row.attempts + 1
                next_at = max(self.backoff.next_at(self.now, number, self.chance), until)
                claims.append(
                    {"webhook": webhook.id, "event": row.event_id, "number": number}
                    | {"next_at": micros(next_at), "until": micros(until)}
                )
                where = (webhook.id, webhook.peer, webhook.url, webhook.serial, webhook.previous_until)
                due.append(DueNotice(*where, row.event_id, number, webhook.failures))
        if claims:
            tx.connection.execute(_CLAIM, claims)
        return tuple(due)


_SETTLE = (
    update(notices)
    .where(_IS_NOTICE, notices.c.attempts == bindparam("number"), UNTOLD)
    .values(
        delivered_at=bindparam("delivered"),
        next_attempt_at=func.coalesce(bindparam("next_at"), notices.c.next_attempt_at),
        claimed_until=None,
        detail=bindparam("what"),
    )
)
_ENDPOINT = (
    update(webhooks)
    .where(_ONE)
    .values(
        failures=bindparam("in_a_row"),
        paused_until=bindparam("pause"),
        stopped_at=func.coalesce(webhooks.c.stopped_at, bindparam("stopped")),
    )
)


_LET_DIE = (
    update(notices)
    .where(
        notices.c.webhook_id == bindparam("webhook"),
        UNTOLD,
        notices.c.recorded_at < bindparam("before"),
        or_(notices.c.claimed_until.is_(None), notices.c.claimed_until <= bindparam("now")),
    )
    .values(dead_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class SettleNotice(Operation[None]):
    """Record how a post ended, and what it says of the endpoint.

    A notice that another has claimed meanwhile stays as it is. After a failure, what has waited since before
    `dead_before` is given up: kept, shown, and posted again when somebody replays it.
    """

    due: DueNotice
    at: datetime
    detail: str
    delivered: bool = False
    dead_before: datetime | None = None
    next_attempt_at: datetime | None = None
    """Where the endpoint is to blame, the notice waits only as long as the endpoint."""
    failures: int = 0
    """Of the endpoint, in a row, from now on."""
    paused_until: datetime | None = None
    stopped: bool = False

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        settled = [one._settled() for one in operations]
        tx.connection.execute(_SETTLE, settled)
        tx.connection.execute(_ENDPOINT, [one._endpoint() for one in operations])
        dying = [
            {"webhook": one.due.webhook_id, "before": micros(one.dead_before), "now": micros(one.at)}
            for one in operations
            if one.dead_before is not None
        ]
        if dying:
            tx.connection.execute(_LET_DIE, dying)
        return [None] * len(operations)

    def _settled(self) -> dict[str, Any]:
        return {
            "webhook": self.due.webhook_id,
            "event": self.due.event_id,
            "number": self.due.attempt,
            "delivered": micros(self.at) if self.delivered else None,
            "next_at": micros_or_none(self.next_attempt_at),
            "what": self.detail,
        }

    def _endpoint(self) -> dict[str, Any]:
        return {
            "webhook": self.due.webhook_id,
            "in_a_row": self.failures,
            "pause": micros_or_none(self.paused_until),
            "stopped": micros(self.at) if self.stopped else None,
        }

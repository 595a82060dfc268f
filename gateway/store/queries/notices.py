"""Reading webhooks and their notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select, tuple_

from gateway.store.instants import instant, instant_or_none, micros
from gateway.store.queries.register import Change
from gateway.store.schema import DEAD, UNTOLD, deliveries, delivery_events, notices, webhook_feed
from gateway.store.schema import webhooks as webhooks_table


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """An endpoint that is told what happens to a peer's deliveries."""

    id: str
    peer: str
    url: str
    serial: int
    """Of its secret."""
    previous_until: datetime | None
    """Until when the secret before this one signs too."""
    added_at: datetime
    removed_at: datetime | None
    stopped_at: datetime | None
    """It answered 410 Gone; nothing is posted until somebody replays."""
    failures: int
    paused_until: datetime | None
    waiting: int
    """Notices still to be posted."""
    dead: int


NoticeState = Literal["waiting", "delivered", "dead"]


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One event on its way to one webhook."""

    webhook_id: str
    change: Change
    recorded_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    """None where it is told or dead."""
    delivered_at: datetime | None
    dead_at: datetime | None
    detail: str
    """What the last attempt ended with."""

    @property
    def state(self) -> NoticeState:
        return "delivered" if self.delivered_at else "dead" if self.dead_at else "waiting"


@dataclass(frozen=True, slots=True)
class Backlog:
    """What webhooks have not been told."""

    behind: int
    """Events of the timeline that are no notices yet."""
    dead: int


_WAITING = (
    select(func.count())
    .where(notices.c.webhook_id == webhooks_table.c.id, notices.c.delivered_at.is_(None), notices.c.dead_at.is_(None))
    .scalar_subquery()
)
_DEAD = select(func.count()).where(notices.c.webhook_id == webhooks_table.c.id, DEAD).scalar_subquery()
_WEBHOOKS = select(webhooks_table, _WAITING.label("waiting"), _DEAD.label("dead")).order_by(webhooks_table.c.id)
_CHANGE = select(delivery_events, deliveries.c.dispatch_id, deliveries.c.addressee).join_from(
    delivery_events, deliveries
)
_NOTICES = (
    select(
        notices, delivery_events.c.event, delivery_events.c.at, delivery_events.c.delivery_id, deliveries.c.addressee
    )
    .join_from(notices, delivery_events)
    .join(deliveries, deliveries.c.id == delivery_events.c.delivery_id)
    .where(tuple_(notices.c.event_id, notices.c.webhook_id) > tuple_(bindparam("after"), bindparam("webhook")))
    .order_by(notices.c.event_id, notices.c.webhook_id)
    .limit(bindparam("count"))
)
_ANY_DUE = (
    select(notices.c.event_id)
    .join_from(notices, webhooks_table)
    .where(
        UNTOLD,
        notices.c.next_attempt_at <= bindparam("now"),
        webhooks_table.c.removed_at.is_(None),
        webhooks_table.c.stopped_at.is_(None),
        or_(webhooks_table.c.paused_until.is_(None), webhooks_table.c.paused_until <= bindparam("now")),
    )
    .limit(1)
)
_DEAD_IN_USE = (
    select(func.count()).join_from(notices, webhooks_table).where(DEAD, webhooks_table.c.removed_at.is_(None))
)
_LAST_EVENT = select(func.coalesce(func.max(delivery_events.c.id), 0))


def webhooks(connection: Connection, peer: str | None = None) -> tuple[WebhookRow, ...]:
    """Every webhook, or those of a peer, in the order they were added."""
    chosen = _WEBHOOKS if peer is None else _WEBHOOKS.where(webhooks_table.c.peer == peer)
    return tuple(_webhook(row) for row in connection.execute(chosen))


def notices_of_peer(connection: Connection, peer: str, after: tuple[int, str], limit: int) -> tuple[NoticeRow, ...]:
    """Notices for the webhooks of a peer that are in use, from behind `after` (event number, webhook)."""
    own = select(webhooks_table.c.id).where(webhooks_table.c.peer == peer, webhooks_table.c.removed_at.is_(None))
    return _notices(connection, _NOTICES.where(notices.c.webhook_id.in_(own)), after, limit)


def notices_of_webhook(connection: Connection, webhook_id: str, after: int, limit: int) -> tuple[NoticeRow, ...]:
    """Notices for one webhook, from behind event number `after`."""
    return _notices(connection, _NOTICES.where(notices.c.webhook_id == webhook_id), (after, webhook_id), limit)


def dead_notices(connection: Connection, webhook_id: str, limit: int) -> tuple[NoticeRow, ...]:
    """Notices one webhook never took and that are not posted any more, the oldest first."""
    return _notices(connection, _NOTICES.where(notices.c.webhook_id == webhook_id, DEAD), (0, ""), limit)


def change(connection: Connection, event_id: int) -> Change:
    """One event of the timeline. NoResultFound where there is none of this number."""
    row = connection.execute(_CHANGE.where(delivery_events.c.id == event_id)).one()
    return Change(row.id, row.dispatch_id, row.delivery_id, row.event, instant(row.at), row.addressee)


def news_waits(connection: Connection) -> bool:
    """Whether something happened that is no notice yet."""
    return backlog(connection).behind > 0


def notices_due(connection: Connection, now: datetime) -> bool:
    """Whether a notice may be due: asked before a claim, which takes the writer."""
    return connection.execute(_ANY_DUE, {"now": micros(now)}).first() is not None


def backlog(connection: Connection) -> Backlog:
    """How far webhooks are behind."""
    last, fed = connection.execute(_LAST_EVENT).scalar_one(), connection.execute(select(webhook_feed.c.event_id))
    dead = connection.execute(_DEAD_IN_USE).scalar_one()
    return Backlog(int(last) - int(fed.scalar_one()), int(dead))


def _notices(connection: Connection, chosen: Select[Any], after: tuple[int, str], limit: int) -> tuple[NoticeRow, ...]:
    values = {"after": after[0], "webhook": after[1], "count": limit}
    return tuple(_notice(row) for row in connection.execute(chosen, values))


def _notice(row: Row[Any]) -> NoticeRow:
    settled = row.delivered_at is not None or row.dead_at is not None
    return NoticeRow(
        row.webhook_id,
        Change(row.event_id, row.dispatch_id, row.delivery_id, row.event, instant(row.at), row.addressee),
        instant(row.recorded_at),
        row.attempts,
        None if settled else instant(row.next_attempt_at),
        instant_or_none(row.delivered_at),
        instant_or_none(row.dead_at),
        row.detail,
    )


def _webhook(row: Row[Any]) -> WebhookRow:
    return WebhookRow(
        row.id,
        row.peer,
        row.url,
        row.serial,
        instant_or_none(row.previous_until),
        instant(row.added_at),
        instant_or_none(row.removed_at),
        instant_or_none(row.stopped_at),
        row.failures,
        instant_or_none(row.paused_until),
        row.waiting,
        row.dead,
    )

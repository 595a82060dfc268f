"""Reading contacts and the queue of mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from gateway.store.instants import instant, instant_or_none, micros
from gateway.store.schema import GIVEN_UP, UNSENT, mails
from gateway.store.schema import contacts as contacts_table


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at an agency who is written to."""

    agency: str
    level: str
    """`clerk` or `leader`."""
    name: str
    address: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail of the queue, as the operator sees it."""

    id: int
    agency: str
    delivery_id: str | None
    what: str | None
    level: int | None
    day: str | None
    recorded_at: datetime
    attempts: int
    sent_at: datetime | None
    given_up_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class MailCounts:
    """What has not reached anybody."""

    waiting: int
    given_up: int


_IN_USE = select(contacts_table).where(contacts_table.c.removed_at.is_(None))
_ORDER = (contacts_table.c.agency, contacts_table.c.level, contacts_table.c.id)
_DUE = select(mails.c.id).where(UNSENT, mails.c.next_attempt_at <= bindparam("now")).limit(1)
_AGENCIES = select(contacts_table.c.agency).where(contacts_table.c.removed_at.is_(None)).distinct()
_GIVEN_UP = select(func.count()).select_from(mails).where(GIVEN_UP, mails.c.given_up_at >= bindparam("since"))
_MAILS = select(mails).order_by(mails.c.id.desc()).limit(bindparam("count"))


def contacts(connection: Connection, agency: str | None = None) -> tuple[Contact, ...]:
    """Who is written to, at an agency or everywhere."""
    chosen = _IN_USE if agency is None else _IN_USE.where(contacts_table.c.agency == agency)
    return tuple(
        Contact(row.agency, row.level, row.name, row.address, instant(row.added_at))
        for row in connection.execute(chosen.order_by(*_ORDER))
    )


def recipients(connection: Connection, agency: str, levels: Sequence[str]) -> tuple[Contact, ...]:
    """Who reads a mail to an agency's people of these levels, each address once."""
    chosen = [one for one in contacts(connection, agency) if one.level in levels]
    return tuple({one.address: one for one in reversed(chosen)}.values())[::-1]


def agencies_with_contacts(connection: Connection, after: str, limit: int) -> tuple[str, ...]:
    """A page of agencies somebody is written to at, by key, from behind `after`."""
    page = _AGENCIES.where(contacts_table.c.agency > after).order_by(contacts_table.c.agency).limit(limit)
    return tuple(connection.execute(page).scalars())


def mails_due(connection: Connection, now: datetime) -> bool:
    """Whether a mail is due: asked before a claim, which takes the writer."""
    return connection.execute(_DUE, {"now": micros(now)}).first() is not None


def latest_mails(connection: Connection, limit: int) -> tuple[MailRow, ...]:
    """The last mails recorded, the newest first."""
    return tuple(
        MailRow(
            row.id,
            row.agency,
            row.delivery_id,
            row.what,
            row.level,
            row.day,
            instant(row.recorded_at),
            row.attempts,
            instant_or_none(row.sent_at),
            instant_or_none(row.given_up_at),
            row.detail,
        )
        for row in connection.execute(_MAILS, {"count": limit})
    )


def mail_counts(connection: Connection, since: datetime) -> MailCounts:
    """How many mails wait, and how many were given up since an instant."""
    waiting = connection.execute(select(func.count()).select_from(mails).where(UNSENT)).scalar_one()
    given_up = connection.execute(_GIVEN_UP, {"since": micros(since)}).scalar_one()
    return MailCounts(int(waiting), int(given_up))

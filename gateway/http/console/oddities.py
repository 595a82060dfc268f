"""Anomalies for an auditor: what is odd in a period, each with the entries that show it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice

from aiohttp import web

from gateway.exchange.anomalies import Anomaly, anomalies
from gateway.http.console.clerk import names
from gateway.http.console.days import iso
from gateway.http.console.page import Page, Visit
from gateway.http.console.render import VIET_NAM
from gateway.model.calendar import Calendar
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.queries import Connection
from gateway.store.queries.auditing import Span

ROWS_MAX = 300
DAYS = 30


async def oddities(visit: Visit) -> web.Response:
    """What is odd in a period; looked for only when a period is asked for, since the whole ledger is read for it."""
    line, since, until = visit.line, iso(visit.asked("since")), iso(visit.asked("until"))
    rows: tuple[Anomaly, ...] | None = None
    if since and until:
        span = Span(_day(since), _day(until) + timedelta(days=1), line.clock())
        rows = await line.store.read(_first_odd, line.calendar, span)
    today = line.clock().astimezone(VIET_NAM).date()
    return visit.show(
        "auditor_oddities.html",
        rows=rows,
        called=names(visit),
        since=since or (today - timedelta(days=DAYS)).isoformat(),
        until=until or today.isoformat(),
        most=ROWS_MAX,
    )


def _first_odd(connection: Connection, calendar: Calendar, span: Span) -> tuple[Anomaly, ...]:
    found_odd: Iterator[Anomaly] = anomalies(connection, calendar, span)
    return tuple(islice(found_odd, ROWS_MAX))


def _day(written: str) -> datetime:
    """The first instant of a day in Viet Nam. Refused(request.malformed) for what is no day."""
    try:
        day = datetime.combine(datetime.fromisoformat(written).date(), time(), VIET_NAM)
        return day.astimezone(UTC) if day.year < 9999 else day.replace(year=9998).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="no_day")) from wrong


PAGES = (Page("GET", "/anomalies", "console_anomalies", oddities, (Role.AUDITOR,)),)

"""Anomalies for an auditor: what is odd in a period, each with the entries that show it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from aiohttp import web

from gateway.exchange import oddities as remembered
from gateway.exchange.anomalies import AnomalyKind
from gateway.http.console.clerk import names
from gateway.http.console.days import iso
from gateway.http.console.page import Page, Visit
from gateway.http.console.render import VIET_NAM
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.queries.auditing import Span

SHOWN_MAX, OF_ONE_KIND_MAX = 20, 200
"""Of every kind beside the others, and of one alone."""
DAYS = 30


async def oddities(visit: Visit) -> web.Response:
    """What is odd in a period, the last thirty days where none is asked for; of one kind, or some of each."""
    line, now = visit.line, visit.line.clock()
    today = now.astimezone(VIET_NAM).date()
    since = iso(visit.asked("since")) or (today - timedelta(days=DAYS)).isoformat()
    until = iso(visit.asked("until")) or today.isoformat()
    kinds = tuple(kind for kind in AnomalyKind if kind == visit.asked("kind")) or tuple(AnomalyKind)
    span = Span(_day(since), _day(until) + timedelta(days=1), now)
    most = SHOWN_MAX if len(kinds) > 1 else OF_ONE_KIND_MAX
    return visit.show(
        "auditor_oddities.html",
        found=await remembered.look(line, span, kinds, most),
        called=names(visit),
        since=since,
        until=until,
        alone=len(kinds) == 1,
        most=most,
    )


def _day(written: str) -> datetime:
    """The first instant of a day in Viet Nam. Refused(request.malformed) for what is no day."""
    try:
        day = datetime.combine(datetime.fromisoformat(written).date(), time(), VIET_NAM)
        return day.astimezone(UTC) if day.year < 9999 else day.replace(year=9998).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="no_day")) from wrong


PAGES = (Page("GET", "/anomalies", "console_anomalies", oddities, (Role.AUDITOR,)),)

"""What flows: over time, by agency, by kind, and who writes to whom. Drawn here, with the figures in tables beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web

from gateway.http.console.page import Page, Visit
from gateway.http.console.render import VIET_NAM
from gateway.model.dispatch import Kind, made_at, new_id
from gateway.model.person import Role
from gateway.store.queries.operations import Flow, flow

SPANS_DAYS = (7, 14, 30)
ROWS_MAX = 20_000
"""Deliveries a page is drawn from: the latest ones, so that it costs the same however many there are."""
AGENCIES_SHOWN = 10
PAIRS_SHOWN = 10
SHADES = 5
WIDTH, HEIGHT, MARGIN = 720, 180, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart, in the chart's own units."""

    label: str
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who writes to whom: rows send, columns receive."""

    senders: tuple[str, ...]
    addressees: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]
    most: int

    def shade(self, sender: str, addressee: str) -> int:
        """0 for nothing, up to SHADES for the busiest pair."""
        count = self.counts.get((sender, addressee), 0)
        return 0 if count == 0 else max(1, -(-count * SHADES // self.most))


async def flows(visit: Visit) -> web.Response:
    """The charts of the last days."""
    written = visit.asked("days")
    days = int(written) if written in {str(one) for one in SPANS_DAYS} else SPANS_DAYS[1]
    today = visit.line.clock().astimezone(VIET_NAM).date()
    first_day = today - timedelta(days=days - 1)
    midnight = datetime.combine(first_day, time(), VIET_NAM)
    rows = await visit.line.store.read(flow, new_id(int(midnight.timestamp() * 1000), bytes(10)), ROWS_MAX)
    return visit.show(
        "operator_flow.html",
        days=days,
        spans=SPANS_DAYS,
        bars=daily(rows, first_day, days),
        width=WIDTH,
        height=HEIGHT,
        kinds=Counter(_kind(one) for one in rows).most_common(),
        sent=Counter(one.sender for one in rows).most_common(AGENCIES_SHOWN),
        received=Counter(one.addressee for one in rows).most_common(AGENCIES_SHOWN),
        matrix=matrix(rows),
        total=len(rows),
        capped=len(rows) == ROWS_MAX,
    )


def daily(rows: Sequence[Flow], first_day: date, days: int) -> list[Bar]:
    """A bar for each day, the empty ones too."""
    counts = Counter(made_at(one.delivery_id).astimezone(VIET_NAM).date() for one in rows)
    most, step = max(counts.values(), default=1), WIDTH / days
    bars = []
    for place in range(days):
        day = first_day + timedelta(days=place)
        height = round((HEIGHT - 2 * MARGIN) * counts[day] / most, 1)
        x, y = round(place * step + step * 0.12, 1), HEIGHT - MARGIN - height
        bars.append(Bar(f"{day.day:02d}/{day.month:02d}", counts[day], x, y, round(step * 0.76, 1), height))
    return bars


def matrix(rows: Sequence[Flow]) -> Matrix:
    """The busiest senders and addressees, and what passes between them."""
    pairs = Counter((one.sender, one.addressee) for one in rows)
    senders = [key for key, _ in Counter(one.sender for one in rows).most_common(PAIRS_SHOWN)]
    addressees = [key for key, _ in Counter(one.addressee for one in rows).most_common(PAIRS_SHOWN)]
    shown = {pair: count for pair, count in pairs.items() if pair[0] in senders and pair[1] in addressees}
    return Matrix(tuple(senders), tuple(addressees), shown, max(shown.values(), default=1))


def _kind(one: Flow) -> str:
    return f"document_{one.business_type}" if one.kind == Kind.DOCUMENT.value else "status"


PAGES = (Page("GET", "/flow", "console_flow", flows, (Role.OPERATOR, Role.AUDITOR, Role.STEERING)),)

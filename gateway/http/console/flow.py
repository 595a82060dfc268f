"""What flows: over time, by agency, by kind, and who writes to whom. Drawn here, with the figures in tables beside.

Days and agencies are sums that are kept, right however many documents there were. Kinds and the map are drawn from the
latest packets, so that the page costs the same after a million of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar

from aiohttp import web

from gateway.exchange.charts import bars
from gateway.exchange.overview import Figures
from gateway.http.console.page import Page, Visit
from gateway.http.console.render import VIET_NAM
from gateway.model.dispatch import Kind, new_id
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.queries import Connection, activity
from gateway.store.queries.operations import Flow, flow

K = TypeVar("K", bound=Hashable)

SPANS_DAYS = (7, 14, 30)
ROWS_MAX = 5_000
"""Packets that kinds and the map are drawn from: the latest ones."""
AGENCIES_SHOWN = 10
PAIRS_SHOWN = 10
SHADES = 5
ROW, BREADTH, THICKNESS = 34, 320, 13
"""Of the map, in units of the picture: from one agency to the next, from senders to addressees, the widest strand."""


@dataclass(frozen=True, slots=True)
class Strand:
    """What one agency writes to another, on the map."""

    sender: str
    addressee: str
    count: int
    path: str
    width: float


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

    @property
    def height(self) -> int:
        return ROW * max(len(self.senders), len(self.addressees))

    @staticmethod
    def middle(place: int) -> float:
        """How far down the agency at a place stands."""
        return ROW * (place + 0.5)

    @property
    def strands(self) -> tuple[Strand, ...]:
        """The thin ones first, so that the wide ones lie above them."""
        drawn = []
        for (sender, addressee), count in sorted(self.counts.items(), key=lambda one: one[1]):
            begin, end = self.middle(self.senders.index(sender)), self.middle(self.addressees.index(addressee))
            path = f"M0 {begin:g}C{BREADTH / 2:g} {begin:g} {BREADTH / 2:g} {end:g} {BREADTH} {end:g}"
            drawn.append(Strand(sender, addressee, count, path, round(max(1.0, THICKNESS * count / self.most), 1)))
        return tuple(drawn)


async def flows(visit: Visit) -> web.Response:
    """The charts of the last days, of everybody or of one agency."""
    asked_days, asked_agency = visit.asked("days"), visit.asked("agency")
    days = int(asked_days) if asked_days in {str(one) for one in SPANS_DAYS} else SPANS_DAYS[1]
    agency = visit.line.directory.agency(asked_agency) if asked_agency else None
    if asked_agency and agency is None:
        raise Refused(found(Reason.NOT_FOUND))
    key = agency.key if agency else None
    today = visit.line.clock().astimezone(VIET_NAM).date()
    span = [today - timedelta(days=back) for back in reversed(range(days))]
    daily, by_agency = await visit.line.store.read(_sums, [one.isoformat() for one in span], key)
    midnight = datetime.combine(span[0], time(), VIET_NAM)
    rows = await visit.line.store.read(flow, new_id(int(midnight.timestamp() * 1000), bytes(10)), ROWS_MAX)
    shown = [one for one in rows if key is None or key in {one.sender, one.addressee}]
    return visit.show(
        "operator_flow.html",
        days=days,
        spans=SPANS_DAYS,
        agency=agency,
        daily=list(zip(span, daily, strict=True)),
        chart=bars([(figures["sent"], figures["received"]) for figures in daily], height=160),
        total=sum(daily, Figures()),
        kinds=_counts((_kind(one), one.count) for one in shown).most_common(),
        sent=_most(by_agency, "sent"),
        received=_most(by_agency, "received"),
        matrix=matrix(shown),
        sampled=sum(one.count for one in rows),
        breadth=BREADTH,
    )


def _sums(connection: Connection, days: Sequence[str], key: str | None) -> tuple[list[Figures], dict[str, Figures]]:
    """The figures of each day, the empty ones too, and of each agency; of one agency where one is named."""
    by_day = activity.figures_by_span(connection, days, None if key is None else (key,))
    by_agency = activity.figures_by_agency(connection, days) if key is None else {}
    empty = Figures().counts
    return (
        [Figures(by_day.get(day, empty)) for day in days],
        {agency: Figures(counts) for agency, counts in by_agency.items()},
    )


def _most(by_agency: Mapping[str, Figures], measure: str) -> list[tuple[str, int]]:
    counts = Counter({key: figures[measure] for key, figures in by_agency.items() if key and figures[measure]})
    return counts.most_common(AGENCIES_SHOWN)


def matrix(rows: Sequence[Flow]) -> Matrix:
    """The busiest senders and addressees, and what passes between them."""
    pairs = _counts(((one.sender, one.addressee), one.count) for one in rows)
    senders = [key for key, _ in _counts((one.sender, one.count) for one in rows).most_common(PAIRS_SHOWN)]
    addressees = [key for key, _ in _counts((one.addressee, one.count) for one in rows).most_common(PAIRS_SHOWN)]
    shown = {pair: count for pair, count in pairs.items() if pair[0] in senders and pair[1] in addressees}
    return Matrix(tuple(senders), tuple(addressees), shown, max(shown.values(), default=1))


def _counts(counted: Iterable[tuple[K, int]]) -> Counter[K]:
    sums: Counter[K] = Counter()
    for key, count in counted:
        sums[key] += count
    return sums


def _kind(one: Flow) -> str:
    return f"document_{one.business_type}" if one.kind == Kind.DOCUMENT.value else "status"


PAGES = (Page("GET", "/flow", "console_flow", flows, (Role.OPERATOR, Role.AUDITOR, Role.STEERING)),)

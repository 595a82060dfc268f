"""The clerk's first page: what cannot wait, then what came and what went."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from gateway.exchange import today as desk_of_today
from gateway.exchange.today import Need, Pressing
from gateway.http.console.clerk import CLERK, names, whose
from gateway.http.console.page import Page, Visit

FIGURES = (
    (Need.REFUSED, "bad"),
    (Need.EXPIRED, "bad"),
    (Need.RECALL, "bad"),
    (Need.DUE, "late"),
    (Need.RECEIPT, "late"),
)
PRESSING_SHOWN_MAX = 50


async def today(visit: Visit) -> web.Response:
    """In five seconds: what is stuck, and what to do about it."""
    agencies = whose(visit)
    desk = await desk_of_today.lay_out(visit.line, agencies.keys)
    cards = _cards(desk.pressing)
    return visit.show(
        "clerk_today.html",
        whose=agencies,
        desk=desk,
        pressing=cards[:PRESSING_SHOWN_MAX],
        cards=len(cards),
        figures=[(need, kind, desk.count(need)) for need, kind in FIGURES],
        now=visit.line.clock(),
        name=names(visit),
    )


def _cards(pressing: Sequence[Pressing]) -> list[tuple[Pressing, tuple[Pressing, ...]]]:
    """What presses, one card for a document and its trouble: the first of its deliveries, and the others."""
    cards: dict[tuple[Need, str, bool, str], list[Pressing]] = {}
    for one in pressing:
        cards.setdefault((one.need, one.facts.dispatch_id, one.ours, one.words), []).append(one)
    return [(first, tuple(others)) for first, *others in cards.values()]


PAGES = (Page("GET", "/today", "console_today", today, CLERK),)

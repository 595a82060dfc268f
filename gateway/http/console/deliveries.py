"""Deliveries under the operator's hand: what waits, what is held, what failed; hold, release, try again."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from gateway.exchange import operating
from gateway.exchange.operating import REASON_CHARS_MAX, Move
from gateway.http.console.page import Page, Visit
from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import new_id
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.queries.operations import (
    Standing,
    acts_on,
    failed_deliveries,
    held_deliveries,
    standing,
    tries,
    waiting_deliveries,
)

ROWS_MAX = 100
FAILED_WITHIN = timedelta(days=7)
LISTS = ("waiting", "held", "failed")
MOVES = {move.name.lower(): move for move in Move}


async def deliveries(visit: Visit) -> web.Response:
    """One of the three lists, for every addressee or for one."""
    which = visit.asked("which") or LISTS[0]
    written = visit.asked("to")
    agency = visit.line.directory.agency(written) if written else None
    rows: tuple[Standing, ...] = ()
    if not written or agency is not None:
        rows = await _rows(visit, which, agency.key if agency else None)
    return visit.show(
        "operator_deliveries.html", which=which, lists=LISTS, to=written, rows=rows, most=ROWS_MAX,
        now=visit.line.clock(), days=FAILED_WITHIN.days,
    )  # fmt: skip


async def _rows(visit: Visit, which: str, addressee: str | None) -> tuple[Standing, ...]:
    read = visit.line.store.read
    match which:
        case "waiting":
            return await read(waiting_deliveries, addressee, ROWS_MAX)
        case "held":
            return await read(held_deliveries, addressee, ROWS_MAX)
        case "failed":
            since = visit.line.clock() - FAILED_WITHIN
            first = new_id(int(since.timestamp() * 1000), bytes(10))
            return await read(failed_deliveries, addressee, first, ROWS_MAX)
    raise Refused(found(Reason.NOT_FOUND))


async def delivery(visit: Visit) -> web.Response:
    """One delivery: how it stands, what was tried, what people did to it, and what may be done."""
    one = await visit.line.store.read(standing, visit.part("id"))
    if one is None:
        raise Refused(found(Reason.NOT_FOUND))
    subjects = (one.id, f"{one.dispatch_id}/{one.addressee}")
    return visit.show(
        "operator_delivery.html",
        one=one,
        now=visit.line.clock(),
        tries=await visit.line.store.read(tries, one.id),
        acts=await visit.line.store.read(acts_on, subjects),
        moves=_possible(one),
        reason_chars_max=REASON_CHARS_MAX,
    )


def _possible(one: Standing) -> tuple[str, ...]:
    """What may be done to it now; whether it really can is decided when it is done."""
    if one.status is DeliveryStatus.HELD:
        return ("release",)
    if one.status is DeliveryStatus.QUEUED:
        return ("hold", "retry") if one.push else ("hold",)
    return ()


async def move(visit: Visit) -> web.Response:
    """Do one of them, with its reason."""
    what, delivery_id = MOVES.get(visit.part("move")), visit.part("id")
    if what is None:
        raise Refused(found(Reason.NOT_FOUND))
    await operating.move(visit.line, visit.actor, delivery_id, what, visit.form.get("reason", ""))
    return visit.to(f"/deliveries/{delivery_id}")


PAGES = (
    Page("GET", "/deliveries", "console_deliveries", deliveries, (Role.OPERATOR,)),
    Page("GET", "/deliveries/{id}", "console_delivery", delivery, (Role.OPERATOR,)),
    Page("POST", "/deliveries/{id}/{move}", "console_delivery_move", move, (Role.OPERATOR,)),
)

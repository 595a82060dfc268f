"""Endpoints of a document's life after its delivery: what it says, what was done with it, what is asked of it."""

from __future__ import annotations

from aiohttp import web

from gateway.exchange import lifecycle, register
from gateway.http.endpoints import Call, json_answer, read_json
from gateway.http.life_shapes import (
    ContentShape,
    RecallRequest,
    RecallShape,
    ReportedShape,
    StatusReport,
    ThreadShape,
    UnmatchedListShape,
    UnmatchedQuery,
)
from gateway.http.shapes import NoQuery


async def content(call: Call[NoQuery]) -> web.StreamResponse:
    """What the packet of a delivery says, for readers that speak no XML."""
    fetched, said = await lifecycle.content(call.line, call.peer, call.part("delivery_id"))
    call.facts.add(dispatch_id=fetched.dispatch_id)
    return json_answer(ContentShape.of(fetched, said))


async def report_status(call: Call[NoQuery]) -> web.StreamResponse:
    """Tell the sender what was done with its document. 201; 200 where the very same was told before."""
    report, delivery_id = await read_json(call, StatusReport), call.part("delivery_id")
    receipt = await lifecycle.report_status(
        call.line,
        call.peer,
        delivery_id,
        report.status_code,
        report.description,
        report.staff.staff if report.staff else None,
    )
    call.facts.add(dispatch_id=receipt.dispatch_id)
    shape = ReportedShape.of(delivery_id, report.code, receipt)
    return json_answer(shape, 200 if receipt.repeated else 201)


async def unmatched(call: Call[UnmatchedQuery]) -> web.StreamResponse:
    """Statuses of documents the register does not know."""
    rows = await register.unmatched(call.line, call.peer, call.query.after, call.query.limit)
    return json_answer(UnmatchedListShape.of(rows))


async def recall(call: Call[NoQuery]) -> web.StreamResponse:
    """Ask a document back, from everyone or from some. Whoever was asked already is not asked again."""
    asked, dispatch_id = await read_json(call, RecallRequest), call.part("dispatch_id")
    recalled = await lifecycle.recall(call.line, call.peer, dispatch_id, asked.reason, asked.addressees)
    return json_answer(RecallShape.of(dispatch_id, recalled, call.line.clock()))


async def versions(call: Call[NoQuery]) -> web.StreamResponse:
    """A document and all that changed it, from any of them."""
    return json_answer(ThreadShape.of(await register.versions(call.line, call.peer, call.part("dispatch_id"))))


async def thread(call: Call[NoQuery]) -> web.StreamResponse:
    """The documents of a case: versions, and those that answer one another."""
    return json_answer(ThreadShape.of(await register.thread(call.line, call.peer, call.part("dispatch_id"))))

"""A document: what it says, how it stands with each addressee, what was found in it, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from gateway.exchange import desk
from gateway.exchange.desk import Seen
from gateway.http.console.clerk import CLERK, names
from gateway.http.console.findings import ReportTold
from gateway.http.console.page import Page, Visit
from gateway.http.endpoints import bytes_answer
from gateway.ledger import MEDIA_TYPE, read_report
from gateway.ledger.page import bare
from gateway.model.delivery import Delivery
from gateway.model.packet import Document
from gateway.model.standing import standing
from gateway.store.queries.desk import newest_event

DISPATCH = "{dispatch:[0-9A-Z]{26}}"
DELIVERIES_SHOWN_MAX = 200
THREAD_SHOWN_MAX = 100


async def document(visit: Visit) -> web.Response:
    """The page of a document somebody's agency sent or got; anything else is not found."""
    event = await visit.line.store.read(newest_event)
    seen = await desk.look(visit.line, visit.person, visit.part("dispatch"))
    thread = await desk.thread(visit.line, visit.person, seen.dispatch.id)
    report = read_report(bare(seen.packet.report_xml))
    now = visit.line.clock()
    return visit.show(
        "clerk_document.html",
        seen=seen,
        said=seen.content if isinstance(seen.content, Document) else None,
        rows=[_row(visit, seen, one) for one in seen.dispatch.deliveries[:DELIVERIES_SHOWN_MAX]],
        recallable=[one for one in seen.dispatch.deliveries if desk.recallable(one)] if seen.sent else [],
        report=ReportTold.of(report, visit.lang),
        thread=thread[-THREAD_SHOWN_MAX:] if len(thread) > 1 else (),
        event=event,
        done=visit.asked("done"),
        codes=desk.REPORTABLE,
        now=now,
        name=names(visit),
    )


def _row(visit: Visit, seen: Seen, one: Delivery) -> Mapping[str, object]:
    """One addressee."""
    stands = standing(one, seen.dispatch.admitted_at)
    return {
        "delivery": one,
        "stands": stands,
        "own": one.addressee in seen.own,
        "asked_back": desk.asked_back(one),
        "outcome": stands.recall.outcome(visit.line.clock()) if stands.recall else None,
        "reportable": one.addressee in seen.own and one.status not in desk.NEVER_HAD,
    }


async def case(visit: Visit) -> web.Response:
    """The case file of a document, to keep or to hand to a judge."""
    dispatch_id = visit.part("dispatch")
    data = await desk.case(visit.line, visit.person, dispatch_id)
    return bytes_answer(data, MEDIA_TYPE, f"{dispatch_id}.case.asice")


PAGES = (
    Page("GET", f"/documents/{DISPATCH}", "console_document", document, CLERK),
    Page("GET", f"/documents/{DISPATCH}/case", "console_case", case, CLERK),
)

"""A document: what it says, how it stands with each addressee, what was found in it, and what can be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from gateway.exchange import desk, evidence
from gateway.exchange.acts import first_look
from gateway.exchange.deadlines import Deadline
from gateway.exchange.desk import Seen
from gateway.exchange.register import indexes_of
from gateway.http.console.clerk import CLERK, names
from gateway.http.console.findings import ReportTold
from gateway.http.console.page import Page, Visit
from gateway.http.endpoints import XML, bytes_answer
from gateway.http.parcels import send_attachment
from gateway.ledger import MEDIA_TYPE, read_report
from gateway.ledger.page import bare
from gateway.model.delivery import Delivery, DeliveryStatus
from gateway.model.packet import Document
from gateway.model.standing import standing
from gateway.store.queries.desk import newest_event

DISPATCH = "{dispatch:[0-9A-Z]{26}}"
NUMBER = "{number:[1-9][0-9]{0,2}}"
EVIDENCE = "{index:[0-9]{1,18}}/{event:[A-Za-z]{1,64}}"
WENT_WRONG = {DeliveryStatus.REFUSED, DeliveryStatus.EXPIRED}
ROWS_MAX = 40
"""Addressees on a page: with their histories some 60 KB."""
THREAD_SHOWN_MAX = 100


async def document(visit: Visit) -> web.Response:
    """The page of a document somebody's agency sent or got; anything else is not found."""
    event = await visit.line.store.read(newest_event)
    seen = await desk.look(visit.line, visit.person, visit.part("dispatch"))
    thread = await desk.thread(visit.line, visit.person, seen.dispatch.id)
    await first_look(visit.line, visit.actor, seen.dispatch.id, "document")
    report = read_report(bare(seen.packet.report_xml))
    ordered = sorted(seen.dispatch.deliveries, key=lambda one: not _urgent(seen, one))
    places = {one.id: place for place, one in enumerate(ordered, start=1)}
    start = places.get(visit.asked("after"), 0)
    rows = ordered[start : start + ROWS_MAX]
    owing = await desk.debts(visit.line, rows) if seen.sent else {}
    on_page = replace(seen.dispatch, deliveries=tuple(rows))
    return visit.show(
        "clerk_document.html",
        seen=seen,
        said=seen.content if isinstance(seen.content, Document) else None,
        rows=[_row(visit, seen, one, owing.get(one.id)) for one in rows],
        older=rows[-1].id if start + ROWS_MAX < len(ordered) else "",
        first=start + 1,
        counted=Counter(one.status.value for one in ordered) if len(ordered) > ROWS_MAX else {},
        recallable=[one for one in ordered if desk.recallable(one)] if seen.sent else [],
        most=ROWS_MAX,
        at_hand=desk.at_hand(seen),
        report=ReportTold.of(report, visit.lang),
        thread=thread[-THREAD_SHOWN_MAX:] if len(thread) > 1 else (),
        event=event,
        done=visit.asked("done"),
        codes=desk.REPORTABLE,
        proofs=await evidence.facts_of(visit.line, on_page, indexes_of(on_page)),
        now=visit.line.clock(),
        name=names(visit),
    )


def _urgent(seen: Seen, one: Delivery) -> bool:
    """Whether an addressee stands before the others: it did not arrive, was refused, or waits for an answer of ours."""
    return one.status in WENT_WRONG or (one.addressee in seen.own and desk.asked_back(one))


def _row(visit: Visit, seen: Seen, one: Delivery, owing: Deadline | None) -> Mapping[str, object]:
    """One addressee, and what can be done about it."""
    stands = standing(one, seen.dispatch.admitted_at)
    wrong = one.status in WENT_WRONG or (stands.sent_back_at is not None and stands.taken_in_at is None)
    return {
        "delivery": one,
        "stands": stands,
        "own": one.addressee in seen.own,
        "asked_back": desk.asked_back(one),
        "outcome": stands.recall.outcome(visit.line.clock()) if stands.recall else None,
        "reportable": one.addressee in seen.own and one.status not in desk.NEVER_HAD,
        "owing": owing,
        "resendable": seen.sent and desk.pushed(visit.line, one),
        "settleable": seen.sent and (wrong or (owing is not None and owing.passed(visit.line.clock()))),
    }


async def case(visit: Visit) -> web.Response:
    """The case file of a document, to keep or to hand to a judge."""
    dispatch_id = visit.part("dispatch")
    data = await desk.case(visit.line, visit.person, visit.actor, dispatch_id)
    return bytes_answer(data, MEDIA_TYPE, f"{dispatch_id}.case.asice")


async def attachment(visit: Visit) -> web.StreamResponse:
    """One attachment, as it was sent."""
    number = int(visit.part("number"))
    one = await desk.attachment(visit.line, visit.person, visit.actor, visit.part("dispatch"), number)
    return await send_attachment(visit.request, one, visit.line.blobs.reader(one), visit.doors.transfers)


async def proof(visit: Visit) -> web.Response:
    """One sealed evidence: of an event, with no content in it. That somebody took some of this document is recorded."""
    seen = await desk.look(visit.line, visit.person, visit.part("dispatch"))
    index, event = visit.part("index"), visit.part("event")
    body = await evidence.of_event(visit.line, seen.dispatch, int(index), event)
    await first_look(visit.line, visit.actor, seen.dispatch.id, "evidence")
    return bytes_answer(body, XML, f"{seen.dispatch.id}-{index}-{event}.xml")


PAGES = (
    Page("GET", f"/documents/{DISPATCH}", "console_document", document, CLERK),
    Page("POST", f"/documents/{DISPATCH}/case", "console_case", case, CLERK),
    Page("POST", f"/documents/{DISPATCH}/attachments/{NUMBER}", "console_attachment", attachment, CLERK),
    Page("GET", f"/documents/{DISPATCH}/evidence/{EVIDENCE}", "console_proof", proof, CLERK),
)

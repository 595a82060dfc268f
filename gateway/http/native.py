"""The native API under /v1. Each endpoint: what was asked, one call into the exchange, what to answer."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import hdrs, web

from gateway.edxml import Received
from gateway.exchange import courier, intake, register
from gateway.http.crowd import Stay
from gateway.http.endpoints import JSON, Call, bytes_answer, json_answer, read_json
from gateway.http.faults import fault
from gateway.http.packaging import unpacking_for
from gateway.http.parcels import Parcel, send_attachment, send_parcel
from gateway.http.problem import language
from gateway.http.shapes import (
    AcceptedShape,
    AgenciesQuery,
    AgenciesShape,
    AgencyShape,
    AnswerToDelivery,
    DeliveryAnsweredShape,
    DispatchesQuery,
    DispatchesShape,
    DispatchShape,
    ExaminationShape,
    InboxItemShape,
    InboxQuery,
    InboxShape,
    NoQuery,
    ReasonShape,
)
from gateway.http.submission import receive, under_way
from gateway.http.uploads import redeemed
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.model.words import LANGUAGES, text

POLL_SLICE_S = 5.0
"""A long poll looks this often whether its caller is still there."""


async def submit(call: Call[NoQuery]) -> web.StreamResponse:
    """Take a packet in. 201 with the receipt; 200 with the same receipt where this packet was seen before."""
    with under_way(call.doors, call.peer.key) as stay:
        received = await _receive(call, stay)
        call.facts.add(packet_digest=received.digest)
        with call.doors.metrics.step("accept"):
            receipt = await intake.accept(call.line, call.peer, received)
    call.facts.add(dispatch_id=receipt.dispatch_id, repeated=receipt.repeated)
    shape = AcceptedShape.of(receipt, language(call.request))
    return json_answer(shape, 200 if receipt.repeated else 201, {hdrs.LOCATION: shape.dispatch})


async def examine(call: Call[NoQuery]) -> web.StreamResponse:
    """Say what would be said, and record nothing."""
    with under_way(call.doors, call.peer.key) as stay:
        received = await _receive(call, stay)
        try:
            with call.doors.metrics.step("examine"):
                report = await intake.examine_packet(call.line, call.peer, received)
        finally:
            call.line.blobs.release(received.parts)
    return json_answer(ExaminationShape.of(report, language(call.request)))


async def _receive(call: Call[NoQuery], stay: Stay) -> Received:
    content_type = call.request.headers.get(hdrs.CONTENT_TYPE, "")
    packet = await receive(call.request, call.doors, stay, partial(unpacking_for, content_type, call.line.limits))
    return await redeemed(call, packet)


async def inbox(call: Call[InboxQuery]) -> web.StreamResponse:
    """What waits for this peer; with `wait_s`, as soon as something does."""
    query, loop = call.query, asyncio.get_running_loop()
    until_s = loop.time() + min(query.wait_s, call.doors.limits.wait_s_max)
    with call.doors.waiting.place(call.peer.key):
        while True:
            left_s = until_s - loop.time()
            items = await courier.inbox(
                call.line, call.peer, query.after, query.limit, max(0.0, min(left_s, POLL_SLICE_S))
            )
            if items or left_s <= POLL_SLICE_S or call.request.transport is None:
                break
    rows = tuple(InboxItemShape.of(one) for one in items)
    return json_answer(InboxShape(rows, rows[-1].delivery_id if rows else None))


async def packet(call: Call[NoQuery]) -> web.StreamResponse:
    """Hand a packet over, as it was received."""
    fetched = await courier.fetch(call.line, call.peer, call.part("delivery_id"))
    call.facts.add(dispatch_id=fetched.dispatch_id)
    held = tuple(call.line.blobs.reader(one) for one in fetched.attachments)
    parcel = Parcel(fetched.skeleton, fetched.attachments, held)
    report = f'</v1/dispatches/{fetched.dispatch_id}/report>; rel="describedby"'
    headers = {"X-Dispatch-Id": fetched.dispatch_id, "X-Packet-Digest": parcel.digest, hdrs.LINK: report}
    return await send_parcel(call.request, parcel, call.doors.transfers, headers, boundary=fetched.dispatch_id)


async def attachment(call: Call[NoQuery]) -> web.StreamResponse:
    """Hand one attachment over, whole or in ranges."""
    fetched = await courier.fetch(call.line, call.peer, call.part("delivery_id"))
    number = int(call.part("number"))
    if not 1 <= number <= len(fetched.attachments):
        raise Refused(found(Reason.NOT_FOUND))
    one = fetched.attachments[number - 1]
    return await send_attachment(call.request, one, call.line.blobs.reader(one), call.doors.transfers)


async def answer_delivery(call: Call[NoQuery]) -> web.StreamResponse:
    """The addressee's system stored the packet, or refuses it with a reason."""
    delivery_id = call.part("delivery_id")
    match await read_json(call, AnswerToDelivery):
        case AnswerToDelivery(stored=True, refused=refused) if not isinstance(refused, str):
            status = await courier.acknowledge(call.line, call.peer, delivery_id)
        case AnswerToDelivery(stored=stored, refused=str(reason)) if stored is not True:
            status = await courier.decline(call.line, call.peer, delivery_id, reason)
        case _:
            raise fault(Reason.REQUEST_MALFORMED, "answer_wrong")
    return json_answer(DeliveryAnsweredShape(delivery_id, status))


async def dispatch(call: Call[NoQuery]) -> web.StreamResponse:
    """A dispatch, every addressee it has for this peer, and their timelines."""
    seen = await register.dispatch(call.line, call.peer, call.part("dispatch_id"))
    return json_answer(DispatchShape.of(seen, call.line.clock()))


async def dispatches(call: Call[DispatchesQuery]) -> web.StreamResponse:
    """Dispatches by the document id their sender gave."""
    seen = await register.find(call.line, call.peer, call.query.document_id)
    at = call.line.clock()
    return json_answer(DispatchesShape(tuple(DispatchShape.of(one, at) for one in seen)))


async def receipt(call: Call[NoQuery]) -> web.StreamResponse:
    """The sealed receipt, the same bytes every time."""
    dispatch_id = call.part("dispatch_id")
    xml = await register.receipt(call.line, call.peer, dispatch_id)
    return bytes_answer(xml, "application/xml", f"{dispatch_id}.receipt.xml")


async def report(call: Call[NoQuery]) -> web.StreamResponse:
    """The sealed examination report: what was found, under which rules and versions."""
    dispatch_id = call.part("dispatch_id")
    xml = await register.report(call.line, call.peer, dispatch_id)
    return bytes_answer(xml, "application/xml", f"{dispatch_id}.report.xml")


async def agencies(call: Call[AgenciesQuery]) -> web.StreamResponse:
    """Who can be written to."""
    query, at = call.query, call.line.clock()
    page = await register.agencies(call.line, query.query, query.after or "", query.limit)
    rows = tuple(AgencyShape.of(one, at) for one in page)
    more = rows[-1].key if len(rows) == query.limit else None
    return json_answer(AgenciesShape(rows, more, call.line.directory.version))


async def reason(call: Call[NoQuery]) -> web.StreamResponse:
    """What a reason means: where the `type` of every problem leads."""
    one = next((one for one in Reason if one.value == call.part("code")), None)
    if one is None:
        raise Refused(found(Reason.NOT_FOUND))
    words = {part: {lang: text(lang, f"reason.{one}.{part}") for lang in LANGUAGES} for part in ("title", "hint")}
    return json_answer(ReasonShape(one, one.status, one.step, one.transient, words["title"], words["hint"]))


async def description(call: Call[NoQuery]) -> web.StreamResponse:
    """The OpenAPI document."""
    return web.Response(body=call.doors.description, content_type=JSON)

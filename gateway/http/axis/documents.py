"""The operations on packets: send, list, fetch, say what became of them. One call each into the exchange."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from aiohttp import hdrs, web

from gateway import edxml
from gateway.exchange import courier, intake, register
from gateway.http.axis.call import Call
from gateway.http.axis.clock import hop_time, written_time
from gateway.http.axis.envelope import around_data, succeed
from gateway.http.axis.file import SignedFile
from gateway.http.endpoints import JSON, PACKET_TYPES
from gateway.http.logline import printable
from gateway.http.parcels import Parcel
from gateway.http.submission import receive, under_way
from gateway.model.delivery import Delivery, DeliveryStatus
from gateway.model.dispatch import Kind, as_uuid, from_uuid
from gateway.model.packet import TraceHop
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.model.words import text
from gateway.store import queries

SERVICE_TYPE = "eDoc"
_KINDS = {"edoc": Kind.DOCUMENT, "status": Kind.STATUS}
_MESSAGE_TYPES = {kind: name for name, kind in _KINDS.items()}

DOC_ID = ("docId", "docid")
"""As getEdoc, downloadEdoc and getSentEdocList are documented."""
DOC_ID_OF_STATUS = ("docid", "docId")
"""As updateStatus is."""


async def send_edoc(call: Call) -> web.StreamResponse:
    """Take a packet in; the same DocId for the same packet. The packet says what it is, from whom and to whom.

    Neither the type nor the addressees of the headers route it: the SDK keeps headers of earlier calls, so they may be
    those of another packet, and this packet's own are in the file that `hash-file` binds.
    """
    _message_kind(call)
    hash_file = call.signed.need("hash-file")
    with under_way(call.doors, call.peer.key) as stay:
        received = await receive(call.request, call.doors, stay, partial(SignedFile, hash_file, call.line.limits))
        call.facts.add(packet_digest=received.digest)
        with call.doors.metrics.step("accept"):
            receipt = await intake.accept(call.line, call.peer, received)
    call.facts.add(dispatch_id=receipt.dispatch_id, repeated=receipt.repeated)
    return succeed(DocId=as_uuid(receipt.dispatch_id))


async def received_list(call: Call) -> web.StreamResponse:
    """What waits for this system. What it said `done` or `fail` of is gone from here, and can still be fetched."""
    kind, at, rules = _message_kind(call), call.line.clock(), call.dialect.rules
    await call.read_body()
    rows = await call.line.store.read(queries.waiting, call.peer.key, kind, rules.list_max)
    patience = timedelta(seconds=rules.processing_s)
    return succeed(data=[_waiting_row(row, kind, at - patience) for row in rows])


def _waiting_row(row: queries.WaitingRow, kind: Kind, forgotten_at: datetime) -> dict[str, str]:
    at_work = row.status is DeliveryStatus.DELIVERED and row.changed_at > forgotten_at
    status = "processing" if at_work else "initial"  # initial again: whoever fetched it may have died with it
    return {
        "docId": as_uuid(row.delivery_id),
        "serviceType": SERVICE_TYPE,
        "messageType": _MESSAGE_TYPES[kind],
        "created_time": written_time(row.admitted_at),
        "updated_time": written_time(row.changed_at),
        "from": row.sender,
        "to": row.addressed_as,
        "status": status,
        "status_desc": text("vi", f"axis.status.{status}"),
    }


async def count_documents(call: Call) -> web.StreamResponse:
    """How many documents wait for this system."""
    return await _count(call, Kind.DOCUMENT)


async def count_statuses(call: Call) -> web.StreamResponse:
    """How many status packets wait for this system."""
    return await _count(call, Kind.STATUS)


async def _count(call: Call, kind: Kind) -> web.StreamResponse:
    await call.read_body()
    return succeed(count=await call.line.store.read(queries.waiting_count, call.peer.key, kind))


async def sent_list(call: Call) -> web.StreamResponse:
    """What became of a packet this system sent: a row for each addressee."""
    _message_kind(call)
    await call.read_body()
    seen = await register.dispatch(call.line, call.peer, _identifier(call, DOC_ID))
    of_packet = {
        "senderDocId": as_uuid(seen.id),
        "fromCode": seen.sender,
        "title": seen.subject,
        "notation": seen.code,
        "serviceType": SERVICE_TYPE,
        "messageType": _MESSAGE_TYPES[seen.kind],
        "sentTime": written_time(seen.admitted_at),
        "sendStatus": "done",
        "sendStatusDesc": text("vi", "axis.status.sent"),
    }
    return succeed(data=[of_packet | _addressee_row(one) for one in seen.deliveries])


_TRANSPORT = {
    DeliveryStatus.QUEUED: "initial",
    DeliveryStatus.HELD: "initial",
    DeliveryStatus.DELIVERED: "processing",
    DeliveryStatus.ACKNOWLEDGED: "done",
}
"""The field's transport status (axis.md calls it a different layer from 01 to 16); any other of ours is `fail`."""


def _addressee_row(delivery: Delivery) -> dict[str, str]:
    status = _TRANSPORT.get(delivery.status, "fail")
    came_at = [one.at for one in delivery.timeline if one.event in {"delivered", "acknowledged"}]
    if status == "fail":
        detail = next((one.detail for one in delivery.timeline if one.event == delivery.status), "")
        description = text("vi", f"axis.ended.{delivery.status}", detail=detail)
    else:
        description = text("vi", f"axis.status.{status}")
    return {
        "receiverDocId": as_uuid(delivery.id),
        "toCode": delivery.addressed_as,
        "receivedTime": written_time(came_at[0]) if came_at else "",
        "receiveStatus": status,
        "receiveStatusDesc": description,
    }


async def get_edoc(call: Call) -> web.StreamResponse:
    """Hand a packet over: the file in base64, inside the envelope."""
    await call.read_body()
    whole, length = (await _parcel(call)).inline()
    head, tail = around_data(b'"')
    size_bytes = len(head) + 4 * ((length + 2) // 3) + len(tail)
    return await _send(call, chain((head,), edxml.encoded(whole), (tail,)), size_bytes, JSON)


async def download_edoc(call: Call) -> web.StreamResponse:
    """Hand a packet over: the file as it is."""
    whole, length = (await _parcel(call)).inline()
    return await _send(call, whole, length, PACKET_TYPES[0])


async def _parcel(call: Call) -> Parcel:
    fetched = await courier.fetch(call.line, call.peer, _identifier(call, DOC_ID))
    call.facts.add(dispatch_id=fetched.dispatch_id)
    skeleton, node_id = fetched.skeleton, call.dialect.rules.node_id
    if node_id:
        hop = TraceHop(node_id, hop_time(fetched.admitted_at))  # the same at every fetch
        stamp = partial(edxml.with_hop, skeleton, hop, call.line.limits)
        skeleton = await call.doors.transfers.sized(len(skeleton), stamp)
    return Parcel(skeleton, fetched.attachments, tuple(call.line.blobs.reader(one) for one in fetched.attachments))


async def _send(call: Call, pieces: Iterator[bytes], size_bytes: int, content_type: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: content_type})
    response.content_length = size_bytes
    return await call.doors.transfers.send(call.request, response, pieces)


async def update_status(call: Call) -> web.StreamResponse:
    """What the receiving system did with a packet: stored it, cannot take it, or is at work on it."""
    delivery_id = _identifier(call, DOC_ID_OF_STATUS)
    written = call.signed.need("status")
    await call.read_body()
    match written.lower():
        case "done":
            await courier.acknowledge(call.line, call.peer, delivery_id)
        case "fail":
            await courier.decline(call.line, call.peer, delivery_id, text("vi", "axis.declined"))
        case "processing":
            await courier.in_hand(call.line, call.peer, delivery_id)
        case _:
            raise Refused(found(Reason.AXIS_HEADERS, fault="value", name="status", written=printable(written)))
    return succeed()


def _message_kind(call: Call) -> Kind:
    call.signed.one_of("servicetype", SERVICE_TYPE)
    return _KINDS[call.signed.one_of("messagetype", *_KINDS)]


def _identifier(call: Call, spellings: tuple[str, ...]) -> str:
    """Ours for a DocId; NOT_FOUND for what is none, as for what is not the caller's."""
    identifier = from_uuid(call.signed.need(*spellings))
    if identifier is None:
        raise Refused(found(Reason.NOT_FOUND))
    return identifier

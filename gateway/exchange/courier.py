"""The courier: addressees pull their deliveries, fetch, acknowledge or decline. (Pushing is `push.py`.)

At least once on the wire: fetching again is always allowed. Exactly once in the register: a hand-over, an
acknowledgement or a refusal is recorded the first time and changes nothing after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.exchange import bell
from gateway.exchange.entries import delivery_entry
from gateway.exchange.line import Line
from gateway.ledger import EntryKind
from gateway.model.agency import Peer
from gateway.model.delivery import DeliveryEvent, DeliveryStatus
from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import Advance, InboxItem, queries
from gateway.store.queries import DeliveryRow, PacketRow

DECLINE_REASON_CHARS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A packet handed over: its envelope as it was received, its attachments by digest."""

    delivery_id: str
    dispatch_id: str
    skeleton: bytes
    attachments: tuple[Attachment, ...]
    receipt_xml: bytes
    admitted_at: datetime


async def inbox(line: Line, peer: Peer, after: str | None, limit: int, wait_s: float) -> tuple[InboxItem, ...]:
    """What waits for this peer, oldest first, from behind `after`; waits up to `wait_s` for something to come."""
    rung = line.bell.listen(bell.inbox(peer.key))
    try:
        items = await line.store.glance(queries.inbox, peer.key, after, limit)
        if items or wait_s <= 0:
            return items
        await bell.wait(rung, wait_s)
        return await line.store.glance(queries.inbox, peer.key, after, limit)
    finally:
        rung.cancel()


async def fetch(line: Line, peer: Peer, delivery_id: str) -> Fetched:
    """The packet of a delivery, and the record that it was handed over."""
    delivery, packet = await own_packet(line, peer, delivery_id)
    if delivery.status in {DeliveryStatus.HELD, DeliveryStatus.EXPIRED, DeliveryStatus.WITHDRAWN}:
        raise Refused(found(Reason.STATE_CONFLICT, delivery=delivery_id, status=delivery.status.value))
    if delivery.given_back is not None:
        raise Refused(found(Reason.STATE_CONFLICT, fault="given_back", change=delivery.given_back))
    check_kept(packet)
    await line.check_attachments(packet.attachments)
    if delivery.status is DeliveryStatus.QUEUED:
        await _record(line, delivery, DeliveryEvent.HANDED_OVER, EntryKind.DELIVER)
    return Fetched(
        delivery_id, delivery.dispatch_id, packet.envelope, packet.attachments, packet.receipt_xml, packet.admitted_at
    )


def check_kept(packet: PacketRow) -> None:
    """Refused(request.state_conflict) where the content was destroyed by the rules of retention."""
    if packet.destroyed is not None:
        raise Refused(found(Reason.STATE_CONFLICT, fault="destroyed", certificate=packet.destroyed))


async def in_hand(line: Line, peer: Peer, delivery_id: str) -> DeliveryStatus:
    """The addressee's system says it is at work on the packet: it has been handed over, if nothing more."""
    delivery = await own_delivery(line, peer, delivery_id)
    return await _record(line, delivery, DeliveryEvent.HANDED_OVER, EntryKind.DELIVER)


async def acknowledge(line: Line, peer: Peer, delivery_id: str) -> DeliveryStatus:
    """The addressee's system has stored the packet."""
    delivery = await own_delivery(line, peer, delivery_id)
    return await _record(line, delivery, DeliveryEvent.ACKNOWLEDGED, EntryKind.ACKNOWLEDGE)


async def decline(line: Line, peer: Peer, delivery_id: str, reason: str) -> DeliveryStatus:
    """The addressee's system will not take the packet, and says why; the sender reads the reason."""
    delivery = await own_delivery(line, peer, delivery_id)
    return await _record(line, delivery, DeliveryEvent.REFUSED, EntryKind.DECLINE, reason)


async def own_delivery(line: Line, peer: Peer, delivery_id: str) -> DeliveryRow:
    """The delivery, if it is this peer's to collect; otherwise not found: another's delivery is never hinted at."""
    delivery = await line.store.glance(queries.delivery, delivery_id)
    if delivery is None or not _collects(line, peer, delivery):
        raise Refused(found(Reason.NOT_FOUND))
    return delivery


async def own_packet(line: Line, peer: Peer, delivery_id: str) -> tuple[DeliveryRow, PacketRow]:
    """`own_delivery` and its packet in one look at the store: going to a thread costs as much as the look itself."""
    seen = await line.store.glance(queries.delivered_packet, delivery_id)
    if seen is None or not _collects(line, peer, seen[0]):
        raise Refused(found(Reason.NOT_FOUND))
    return seen


def _collects(line: Line, peer: Peer, delivery: DeliveryRow) -> bool:
    agency = line.directory.agency(delivery.addressee)
    return agency is not None and line.directory.speaks_for(peer, agency, line.clock())


async def _record(
    line: Line, delivery: DeliveryRow, event: DeliveryEvent, kind: EntryKind, reason: str = ""
) -> DeliveryStatus:
    """Advance a delivery with its ledger entry; Refused where the event cannot happen any more."""
    at = line.clock()
    salted = line.salted(reason) if kind is EntryKind.DECLINE else None
    digest = salted.digest if salted else ""
    entry = delivery_entry(kind, delivery.dispatch_id, delivery.id, delivery.addressee, at, digest)
    status = await line.store.write(Advance(delivery.id, event, at, entry, reason, salted))
    if status is None:
        raise Refused(found(Reason.STATE_CONFLICT, delivery=delivery.id, status=delivery.status.value))
    line.bell.ring((bell.LEDGER, bell.CHANGES))
    return status

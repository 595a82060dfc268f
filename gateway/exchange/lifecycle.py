"""What clerks do with a document after its delivery, without writing XML: report a status, ask a document back.

The gateway writes the status packet for the peer that has shown who it is, and takes it in by the ordinary line: the
other side, whichever door it uses, always gets a packet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway import edxml
from gateway.exchange import bell, courier, intake, register
from gateway.exchange.life_facts import written_at
from gateway.exchange.line import Line
from gateway.exchange.rounds import UNHURRIED_S, rounds
from gateway.model.agency import Peer
from gateway.model.delivery import Delivery, DeliveryStatus
from gateway.model.dispatch import Dispatch, Receipt
from gateway.model.lifecycle import Answer, ChangeKind
from gateway.model.packet import Content, Document, Organ, ResponseFor, Staff, Status, StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.model.words import text
from gateway.rules.policy import OBSERVE
from gateway.store import queries
from gateway.store.queries import PacketRow, TakenBack

LOG = logging.getLogger(__name__)

TAKEN_BACK_PER_ROUND = 100
TOLD_WITHIN = timedelta(days=30)
"""Whom nobody could tell for so long what was taken back is told no more, and a new tenure looks no further back."""
_NEVER_HAD = {DeliveryStatus.EXPIRED, DeliveryStatus.WITHDRAWN}
_OVER = {DeliveryStatus.REFUSED, *_NEVER_HAD}


@dataclass(frozen=True, slots=True)
class Recalled:
    """A request to one addressee to give a document back; `receipt` is None where it need not be asked any more."""

    delivery: Delivery
    receipt: Receipt | None


async def content(line: Line, peer: Peer, delivery_id: str) -> tuple[courier.Fetched, Content]:
    """What the packet of a delivery says; recorded as handed over, like the packet itself."""
    fetched = await courier.fetch(line, peer, delivery_id)
    return fetched, read(line, fetched.skeleton)


async def report_status(
    line: Line,
    peer: Peer,
    delivery_id: str,
    code: StatusCode,
    description: str | None = None,
    staff: Staff | None = None,
) -> Receipt:
    """Tell the sender of a document what its addressee did with it. The receipt is of the status packet.

    Refused(NOT_FOUND) for another's delivery, Refused(STATE_CONFLICT) for one that was never handed over or is no
    document.
    """
    delivery, packet = await courier.own_packet(line, peer, delivery_id)
    if delivery.status in _NEVER_HAD:
        raise Refused(found(Reason.STATE_CONFLICT, delivery=delivery_id, status=delivery.status.value))
    document = _document_in(line, packet)
    agency = _agency(line, delivery.addressee, delivery.addressed_as)
    return await _send(
        line, peer, Status(agency, _answer_to(document), code, staff, description, written_at(line.clock()))
    )


async def recall(
    line: Line, peer: Peer, dispatch_id: str, reason: str, addressees: Sequence[str] | None = None
) -> tuple[Recalled, ...]:
    """Ask a document back from its addressees (keys; None: from all). Whoever has been asked and has not answered, or
    has nothing to give back, is not asked again.

    Refused(NOT_FOUND) for what this peer did not send, Refused(TARGET_UNKNOWN) for an agency that is no addressee.
    """
    seen = await register.dispatch(line, peer, dispatch_id)
    if not register.sent_by(line, peer, seen):
        raise Refused(found(Reason.NOT_FOUND))
    document = await _document(line, dispatch_id)
    chosen = _chosen(line, seen, addressees)
    receipts = await asyncio.gather(*(_ask_back(line, peer, document, seen, one, reason) for one in chosen))
    after = {one.id: one for one in (await register.dispatch(line, peer, dispatch_id)).deliveries}
    return tuple(Recalled(after[one.id], receipt) for one, receipt in zip(chosen, receipts, strict=True))


def _chosen(line: Line, seen: Dispatch, addressees: Sequence[str] | None) -> tuple[Delivery, ...]:
    if addressees is None:
        return seen.deliveries
    agencies = [(written, line.directory.agency(written)) for written in addressees]
    wanted = {agency.key: written for written, agency in agencies if agency is not None}
    strangers = [written for written, agency in agencies if agency is None]
    strangers += [wanted[key] for key in wanted.keys() - {one.addressee for one in seen.deliveries}]
    if strangers:
        raise Refused(*(found(Reason.TARGET_UNKNOWN, document=one) for one in strangers))
    return tuple(one for one in seen.deliveries if one.addressee in wanted)


async def _ask_back(
    line: Line, peer: Peer, document: Document, seen: Dispatch, delivery: Delivery, reason: str
) -> Receipt | None:
    asked = [one.answer for one in delivery.changes if one.kind is ChangeKind.RECALL]
    if delivery.status in _OVER or None in asked or Answer.DONE in asked:
        return None
    target = ResponseFor(delivery.addressed_as, document.code or None, document.promulgated_on, document.document_id)
    status = Status(
        document.sender, target, StatusCode.TAKE_BACK, description=reason, timestamp=written_at(line.clock())
    )
    try:
        receipt = await _send(line, peer, status, once=True)
    except Refused as no:
        if no.finding.reason is Reason.STATE_CONFLICT:  # somebody was faster, here or on another node
            return None
        raise
    return None if receipt.repeated else receipt


async def run(line: Line) -> None:
    """Tell senders what was taken back before it left, until cancelled."""
    telling = Telling(line)
    await rounds(line, bell.LEDGER, telling.once, UNHURRIED_S)


class Telling:
    """Tells senders who asked a document back by status 13 that it had not left: their systems wait for a 15."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._first: int | None = None
        """Ledger index of the oldest request that is looked at."""
        self._after = -1
        """Every withdrawal up to this ledger index has been told, or could not be in this tenure."""

    async def once(self) -> bool:
        """Tell of what was taken back since the last round. False where there was nothing."""
        line = self._line
        if self._first is None:
            since = line.new_id(line.clock() - TOLD_WITHIN)
            self._first = await line.store.read(queries.first_index_from, since)
            if self._first is None:
                return False
        rows = await line.store.read(queries.taken_back, self._first, self._after, TAKEN_BACK_PER_ROUND)
        for row in rows:
            try:
                await self._tell(row)
            except Refused as no:  # nobody receives for the sender any more, an agency has ended, the document is gone
                LOG.warning("nobody is told that %s found the document still here: %s", row.request_id, no)
            self._after = row.ledger_index
        return bool(rows)

    async def _tell(self, row: TakenBack) -> None:
        """In the addressee's name, the same bytes however often: a repeat is a twin."""
        line = self._line
        agency = line.directory.agency(row.addressee)
        peer = line.directory.route(agency, line.clock()) if agency else None
        if peer is None:
            return  # nobody speaks for the addressee any more; the sender's register shows the withdrawal
        document = await _document(line, row.target)
        said = " / ".join(text(lang, "life.not_sent") for lang in ("vi", "en"))
        status = Status(
            _agency(line, row.addressee, row.addressed_as),
            _answer_to(document),
            StatusCode.CHANGE_AGREED,
            description=said,
            timestamp=written_at(row.answered_at),
        )
        await _send(line, peer, status, unasked=True)


async def _send(line: Line, peer: Peer, status: Status, *, unasked: bool = False, once: bool = False) -> Receipt:
    """Take in a status packet of ours. No agency's seal is asked for: we know who said it, and the report says so.
    `unasked`: we speak by ourselves, so a refusal is none of the peer's; `once`: as `intake.accept` has it."""
    received = edxml.received(edxml.write(status), ())
    return await intake.accept(line, peer, received, OBSERVE, unasked=unasked, once=once)


def _answer_to(document: Document) -> ResponseFor:
    return ResponseFor(document.sender.id, document.code or None, document.promulgated_on, document.document_id)


async def _document(line: Line, dispatch_id: str) -> Document:
    return _document_in(line, await line.store.glance(queries.packet, dispatch_id))


def _document_in(line: Line, packet: PacketRow) -> Document:
    """Refused(STATE_CONFLICT) where it is destroyed, or is no document."""
    courier.check_kept(packet)
    said = read(line, packet.envelope)
    if not isinstance(said, Document):
        raise Refused(found(Reason.STATE_CONFLICT, fault="not_a_document"))
    return said


def _agency(line: Line, key: str, written: str) -> Organ:
    """An agency under the identifier the other side wrote: that one its system knows."""
    agency = line.directory.agency(key)
    return Organ(written, agency.name if agency else None)


def read(line: Line, skeleton: bytes) -> Content:
    """What an admitted packet says."""
    return edxml.read_header(edxml.parse(skeleton, line.limits))

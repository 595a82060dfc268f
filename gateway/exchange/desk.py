"""A clerk's desk: what somebody may see and do in the name of the agencies they work for.

What is not theirs is not found: another agency's document is never hinted at. Whoever acts is in the ledger, under a
salted digest, before what they do is done: an act without its doer cannot happen. The act itself takes the line every
system's takes, through the system that receives for the agency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter

from gateway.edxml import Received
from gateway.exchange import bell, courier, intake, lifecycle
from gateway.exchange.acts import Actor, note, operator_act, view_act
from gateway.exchange.deadlines import Deadline, owed
from gateway.exchange.lifecycle import Recalled
from gateway.exchange.line import SALT_BYTES, Line
from gateway.exchange.proving import prove_seen
from gateway.exchange.reminders import LEVELS
from gateway.ledger import Entry, EntryKind, ReportFacts, facts_of
from gateway.model.agency import Agency, Peer
from gateway.model.delivery import Delivery, DeliveryStatus
from gateway.model.dispatch import Dispatch, Kind, Receipt
from gateway.model.lifecycle import Answer, ChangeKind, Relation
from gateway.model.packet import Attachment, Content, Staff, StatusCode
from gateway.model.person import Person
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import queries
from gateway.store.mails import REMINDER, RecordReminder
from gateway.store.operated import Operate
from gateway.store.queries import PacketRow
from gateway.store.queries.threads import THREADING, Related, related

REMIND_AGAIN = timedelta(hours=2)
"""Between two reminders by hand, and after one of the calendar's."""
SETTLED = "clerk.settled"
REMINDED_BY_HAND = 3
"""Steps of escalation below it are the calendar's own."""
_AT = attrgetter("at")
NEVER_HAD = {DeliveryStatus.EXPIRED, DeliveryStatus.WITHDRAWN}
AT_HAND = {DeliveryStatus.DELIVERED, DeliveryStatus.ACKNOWLEDGED}
REPORTABLE = (
    StatusCode.ARRIVED,
    StatusCode.ACCEPTED,
    StatusCode.ASSIGNED,
    StatusCode.PROCESSING,
    StatusCode.FINISHED,
    StatusCode.REFUSED,
)
"""What an addressee's people say of a document, in the order it goes."""
TOLD_WHY = {StatusCode.REFUSED, StatusCode.CHANGE_REFUSED}
"""What needs a reason."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A document as somebody at an agency sees it."""

    dispatch: Dispatch
    """With every delivery where they work for its sender, otherwise with those to their own agencies."""
    sent: bool
    """They work for its sender."""
    own: frozenset[str]
    """Keys of their agencies that are parties to it."""
    content: Content | None
    """What the packet says; None where it was erased."""
    packet: PacketRow

    def delivery(self, delivery_id: str) -> Delivery:
        """Refused(NOT_FOUND) for a delivery that is not to be seen."""
        one = next((one for one in self.dispatch.deliveries if one.id == delivery_id), None)
        if one is None:
            raise Refused(found(Reason.NOT_FOUND))
        return one


def agency(line: Line, person: Person, key: str) -> Agency:
    """An agency somebody works for; Refused(NOT_FOUND) for any other."""
    one = line.directory.agency(key)
    if one is None or not person.works_for_agency(one, line.directory):
        raise Refused(found(Reason.NOT_FOUND))
    return one


async def look(line: Line, person: Person, dispatch_id: str) -> Seen:
    """A document of an agency somebody works for; Refused(NOT_FOUND) for any other."""
    whole = await line.store.read(queries.dispatch, dispatch_id)
    if whole is None:
        raise Refused(found(Reason.NOT_FOUND))
    parties = {whole.sender, *(one.addressee for one in whole.deliveries)}
    own = frozenset(key for key in parties if works_for(line, person, key))
    if not own:
        raise Refused(found(Reason.NOT_FOUND))
    sent = whole.sender in own
    if not sent:
        whole = replace(whole, deliveries=tuple(one for one in whole.deliveries if one.addressee in own))
    packet = await line.store.glance(queries.packet, dispatch_id)
    content = lifecycle.read(line, packet.envelope) if packet.envelope else None
    return Seen(whole, sent, own, content, packet)


def works_for(line: Line, person: Person, key: str) -> bool:
    """Whether an agency's documents are somebody's to see."""
    one = line.directory.agency(key)
    return one is not None and person.works_for_agency(one, line.directory)


async def thread(line: Line, person: Person, dispatch_id: str) -> tuple[Related, ...]:
    """The versions of a document and what answers it, oldest first, as far as somebody may see them."""
    rows = await line.store.read(related, dispatch_id, THREADING)
    seen = {row.id for row in rows if any(works_for(line, person, key) for key in (row.sender, *row.addressees))}
    return tuple(
        replace(row, links=tuple((relation, to) for relation, to in row.links if _shown(relation, to, seen)))
        for row in rows
        if row.id in seen and row.kind is Kind.DOCUMENT
    )


def _shown(relation: Relation, target: str, seen: set[str]) -> bool:
    return target in seen and relation is not Relation.REPORTS


async def case(line: Line, person: Person, actor: Actor, dispatch_id: str) -> bytes:
    """The case file of a document, as far as somebody sees it; that they took it is in the ledger before."""
    seen = await look(line, person, dispatch_id)
    await _taken(line, actor, dispatch_id, "case")
    return await prove_seen(line, seen.dispatch)


async def attachment(line: Line, person: Person, actor: Actor, dispatch_id: str, number: int) -> Attachment:
    """An attachment (1 is the first) to hand over; that they took it is in the ledger before.

    Refused(STATE_CONFLICT) where it was destroyed, or no system of theirs has the document, or it was given back.
    """
    seen = await look(line, person, dispatch_id)
    if not 1 <= number <= len(seen.packet.attachments):
        raise Refused(found(Reason.NOT_FOUND))
    courier.check_kept(seen.packet)
    if not at_hand(seen):
        raise Refused(found(Reason.STATE_CONFLICT, fault="not_at_hand"))
    one = seen.packet.attachments[number - 1]
    await line.check_attachments((one,))
    await _taken(line, actor, dispatch_id, f"attachment.{number}")
    return one


def at_hand(seen: Seen) -> bool:
    """Whether an agency of theirs has the document: it sent it, or its system got it and has not given it back."""
    return seen.sent or any(one.status in AT_HAND and not _given_back(one) for one in seen.dispatch.deliveries)


def _given_back(delivery: Delivery) -> bool:
    return any(one.kind is ChangeKind.RECALL and one.answer is Answer.DONE for one in delivery.changes)


async def _taken(line: Line, actor: Actor, dispatch_id: str, what: str) -> None:
    salt = line.chance.randbytes(SALT_BYTES)
    await note(line, view_act(actor, dispatch_id, what, "", salt, line.clock()))


async def recall(
    line: Line, person: Person, actor: Actor, dispatch_id: str, deliveries: tuple[str, ...], reason: str
) -> tuple[Recalled, ...]:
    """Ask a document back from the addressees of these deliveries. Whoever was asked already is not asked again."""
    seen = await look(line, person, dispatch_id)
    if not seen.sent or not deliveries:
        raise Refused(found(Reason.NOT_FOUND))
    addressees = [seen.delivery(one).addressee for one in deliveries]
    peer = _voice(line, seen.dispatch.sender)
    await _written_down(line, actor, "clerk.recall", dispatch_id, reason)
    return await lifecycle.recall(line, peer, dispatch_id, reason, addressees)


async def report(
    line: Line, person: Person, actor: Actor, seen: Seen, delivery_id: str, code: StatusCode, words: str
) -> Receipt | None:
    """Tell the sender what was done with its document; None where just that was told last, or there is nothing to
    say it of any more."""
    delivery = seen.delivery(delivery_id)
    _check_own(seen, delivery)
    told = delivery.processing.code if delivery.processing else None
    if told == code or delivery.status in NEVER_HAD:
        return None
    await _written_down(line, actor, f"clerk.status.{code.value}", delivery_id, words)
    return await _say(line, person, delivery, code, words)


async def answer_recall(
    line: Line, person: Person, actor: Actor, seen: Seen, delivery_id: str, agreed: bool, words: str
) -> Receipt | None:
    """Agree to give a document back, or refuse; None where somebody answered before."""
    delivery = seen.delivery(delivery_id)
    _check_own(seen, delivery)
    if not asked_back(delivery):
        return None
    await _written_down(line, actor, f"clerk.recall_{'agreed' if agreed else 'refused'}", delivery_id, words)
    code = StatusCode.CHANGE_AGREED if agreed else StatusCode.CHANGE_REFUSED
    return await _say(line, person, delivery, code, words)


def asked_back(delivery: Delivery) -> bool:
    """Whether a recall of this delivery waits for its answer."""
    return any(one.kind is ChangeKind.RECALL and one.answer is None and not one.not_taken for one in delivery.changes)


def recallable(delivery: Delivery) -> bool:
    """Whether there is anything to ask back, and nobody has asked yet."""
    answers = [one.answer for one in delivery.changes if one.kind is ChangeKind.RECALL]
    over = delivery.status in {DeliveryStatus.REFUSED, *NEVER_HAD}
    return not over and None not in answers and Answer.DONE not in answers


async def resend(line: Line, actor: Actor, seen: Seen, delivery_id: str, words: str) -> bool:
    """Have a document pushed again now, not when the pause after the last try is over. False where nothing waits to be
    pushed (any more)."""
    delivery = seen.delivery(delivery_id)
    if not seen.sent:
        raise Refused(found(Reason.NOT_FOUND))
    salt, at = line.chance.randbytes(SALT_BYTES), line.clock()
    act = operator_act(actor, "clerk.resent", delivery_id, words, salt, at)
    if await line.store.write(Operate(delivery.id, None, act)) is None:
        return False
    line.bell.ring((bell.LEDGER, bell.CHANGES, bell.PUSH))
    return True


def pushed(line: Line, delivery: Delivery) -> bool:
    """Whether it waits to be pushed to its addressee's system, which then need not come for it."""
    one = line.directory.agency(delivery.addressee)
    peer = line.directory.route(one, line.clock()) if one else None
    return delivery.status is DeliveryStatus.QUEUED and peer is not None and peer.push_url is not None


async def debts(line: Line, deliveries: Sequence[Delivery]) -> Mapping[str, Deadline]:
    """What the addressees of these deliveries owe first, by the delivery's id."""
    facts = await line.store.read(queries.delivery_facts, [one.id for one in deliveries])
    found = {each.delivery_id: sorted(owed(each, line.calendar, line.deadlines), key=_AT) for each in facts}
    return {key: one[0] for key, one in found.items() if one}


async def remind(line: Line, person: Person, actor: Actor, seen: Seen, delivery_id: str, words: str) -> bool:
    """Remind an addressee's people of what they owe first. False where nothing is owed, or they were reminded within
    the last hours."""
    delivery = seen.delivery(delivery_id)
    if not seen.sent:
        raise Refused(found(Reason.NOT_FOUND))
    facts = await line.store.read(queries.delivery_facts, (delivery_id,))
    at = line.clock()
    debts = sorted((one for each in facts for one in owed(each, line.calendar, line.deadlines)), key=_AT)
    if not debts or any(one.event == REMINDER and at - one.at < REMIND_AGAIN for one in delivery.timeline):
        return False
    what = debts[0].what.value
    steps = [step for told, step in facts[0].reminded if told == what]
    level = max(REMINDED_BY_HAND, max(steps, default=-1) + 1)
    subject = {"dispatch": delivery.dispatch_id, "delivery": delivery_id, "addressee": delivery.addressee}
    entry = Entry.of(EntryKind.REMIND, at, **subject, what=what, level=str(level))
    await _written_down(line, actor, "clerk.remind", delivery_id, words)
    recorded = await line.store.write(
        RecordReminder(delivery_id, what, level, delivery.addressee, LEVELS, at, entry.encode(), at - REMIND_AGAIN)
    )
    line.bell.ring((bell.LEDGER, bell.CHANGES, bell.MAILS))
    return recorded


async def settle(line: Line, person: Person, actor: Actor, delivery_id: str, words: str) -> None:
    """Somebody has seen to what was wrong with a delivery: it is not brought up again."""
    row = await line.store.glance(queries.delivery, delivery_id)
    if row is None:
        raise Refused(found(Reason.NOT_FOUND))
    (await look(line, person, row.dispatch_id)).delivery(delivery_id)
    await _written_down(line, actor, SETTLED, delivery_id, words)


async def examine(line: Line, person: Person, received: Received) -> ReportFacts:
    """What the door would say to a packet of somebody's agency. Records nothing, keeps nothing."""
    try:
        peer = _voice(line, _sender_among(line, person, received))
        examination = await intake.examine_packet(line, peer, received)
        return facts_of(examination, peer.key, line.trust.digest)
    finally:
        line.blobs.release(received.parts)


def _sender_among(line: Line, person: Person, received: Received) -> str:
    """The agency the packet says it is from, where they work for it; otherwise the first of theirs, in whose name it
    would be refused."""
    own = {one.key for one in person.agencies(line.directory)}
    if not own:
        raise Refused(found(Reason.NOT_FOUND))
    try:
        written = line.directory.agency(lifecycle.read(line, received.skeleton).sender.id)
    except Refused:
        written = None
    return written.key if written is not None and written.key in own else min(own)


def _check_own(seen: Seen, delivery: Delivery) -> None:
    """Only the addressee says what became of a document."""
    if delivery.addressee not in seen.own:
        raise Refused(found(Reason.NOT_FOUND))


async def _say(line: Line, person: Person, delivery: Delivery, code: StatusCode, words: str) -> Receipt:
    peer = _voice(line, delivery.addressee)
    return await lifecycle.report_status(line, peer, delivery.id, code, words or None, Staff(name=person.name))


def _voice(line: Line, key: str) -> Peer:
    """The system through which an agency receives. Refused(STATE_CONFLICT) where none does: answers would be lost."""
    one = line.directory.agency(key)
    peer = line.directory.route(one, line.clock()) if one else None
    if peer is None:
        raise Refused(found(Reason.STATE_CONFLICT, fault="no_system", agency=key))
    return peer


async def _written_down(line: Line, actor: Actor, action: str, subject: str, words: str) -> None:
    salt = line.chance.randbytes(SALT_BYTES)
    await note(line, operator_act(actor, action, subject, words, salt, line.clock()))

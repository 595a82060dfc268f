"""Intake: a packet becomes a dispatch. Steps 0 to 8 of the line, one call a step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import replace

from gateway.edxml import Received
from gateway.exchange import bell
from gateway.exchange.life_facts import life_facts, receivers_named
from gateway.exchange.line import Line
from gateway.ledger import (
    NONE,
    RECEIPT_ID,
    REPORT_ID,
    Entry,
    EntryKind,
    ReceiptFacts,
    facts_of,
    write_receipt,
    write_report,
)
from gateway.model.agency import Peer
from gateway.model.dispatch import Kind, Receipt
from gateway.model.packet import Document, Packet
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Severity, Unavailable, found
from gateway.rules import Addressee, Examination, examine
from gateway.rules.policy import Policy
from gateway.store import (
    Admit,
    Admitted,
    Barred,
    Conflict,
    NewAttachment,
    NewDelivery,
    RecordRefusal,
    Salted,
    Twin,
    queries,
)
from gateway.trust import countersign_canonical

INLINE_BYTES_MAX = 64 * 1024
"""Envelopes up to this size are examined in the event loop: handing a small one to a thread costs more than it
frees."""


async def accept(
    line: Line,
    peer: Peer,
    received: Received,
    policy: Policy | None = None,
    *,
    unasked: bool = False,
    once: bool = False,
) -> Receipt:
    """Take a packet in: the sealed receipt, or `Refused`, or `Unavailable`.

    Whoever holds the receipt holds our promise: document, routing and ledger entry are durable. `policy`: in the place
    of the one the directory has for the packet, where we wrote it ourselves. `unasked`: nobody asked us to, so what is
    refused is not recorded as something the peer submitted. `once`: nobody is asked back what they were asked before;
    Refused(STATE_CONFLICT) where that leaves nobody, decided where it is recorded, so that of two at once one wins.
    """
    try:
        line.check_ready()  # 0
        examination = await examine_packet(line, peer, received, policy)  # 2 to 5
        if no := _why_not(line, examination):
            return await _receipt_of_before(line, peer, received.digest, no, unasked)  # 1a
        admit = await _prepare(line, peer, received, examination)  # 6: sealed, and large attachments on disk
        if once and admit.change is not None:
            admit = replace(admit, change=replace(admit.change, once=True))
        outcome = await line.store.write(admit)  # 7: one transaction
    finally:
        line.blobs.release(received.parts)

    # The point of no return. Above, nothing has an effect anybody can see; below, everything can be redone.

    match outcome:
        case Admitted() as admitted:
            line.bell.ring(_whom_to_wake(admit))
            return Receipt(  # 8
                admit.dispatch_id, admitted.ledger_index, admit.packet_digest, admit.admitted_at, admit.receipt_xml,
                warnings=(*examination.warnings, *_warnings(admit, admitted)),
            )  # fmt: skip
        case Twin() as twin:  # the same packet won a race: its sender gets the winner's receipt
            return _again(twin)
        case Conflict(dispatch_id=other):
            raise await _refuse_other_bytes(line, peer, admit, other)  # of documents alone, which we never write
        case Barred(reason=reason, document=document):
            no = Refused(found(reason, document=document))
            if not unasked and reason is not Reason.STATE_CONFLICT:
                await _refuse(line, peer, admit.packet_digest, no)
            raise no


async def examine_packet(line: Line, peer: Peer, received: Received, policy: Policy | None = None) -> Examination:
    """Steps 2 to 5 alone: what the door would say. Records nothing."""
    known = replace(line.known(), policy=policy)
    if len(received.skeleton) <= INLINE_BYTES_MAX:
        examination = examine(received, peer, known)
    else:
        examination = await asyncio.to_thread(examine, received, peer, known)
    if line.pdf_desk is None:
        return examination
    return await line.pdf_desk.check(examination, received.parts, known.directory)


async def _prepare(line: Line, peer: Peer, received: Received, examination: Examination) -> Admit:
    """Step 6: the sealed report and receipt, and everything the one transaction will write."""
    packet, sender = examination.packet, examination.sender
    assert packet is not None and sender is not None, "only an admitted packet is prepared"
    examination = await _with_receivers(line, examination)
    at, content = examination.examined_at, packet.content
    facts = life_facts(line, examination)
    dispatch_id = line.new_id(at)
    report = write_report(facts_of(examination, peer.key, line.trust.digest))
    report_xml = countersign_canonical(report, REPORT_ID, line.signer, at)
    receipt = write_receipt(_receipt_facts(line, peer, dispatch_id, sender.key, packet, examination))
    receipt_xml = countersign_canonical(receipt, RECEIPT_ID, line.signer, at)
    document = content if isinstance(content, Document) else None
    stored = await line.blobs.keep(received.parts, at)
    return Admit(
        dispatch_id=dispatch_id,
        kind=Kind.DOCUMENT if document else Kind.STATUS,
        peer=peer.key,
        sender=sender.key,
        document_id=document.document_id if document else None,
        business_type=int(document.business_type) if document else 0,
        code=document.code if document else "",
        subject=(document.subject or "") if document else "",
        packet_digest=packet.digest,
        admitted_at=at,
        receipt_xml=receipt_xml,
        report_xml=report_xml,
        envelope=received.skeleton,
        attachments=tuple(
            NewAttachment(one.content_id, one.name, one.content_type, one.sha256, one.size_bytes, data)
            for one, data in zip(packet.attachments, stored, strict=True)
        ),
        deliveries=tuple(
            NewDelivery(line.new_id(at), one.agency, one.addressed_as, one.peer, one.push, line.deadline(at))
            for one in examination.addressees
        ),
        entry=Entry.of(
            EntryKind.ACCEPT,
            at,
            dispatch=dispatch_id,
            peer=peer.key,
            sender=sender.key,
            packet=packet.digest,
            receipt=hashlib.sha256(receipt_xml).hexdigest(),
            report=hashlib.sha256(report_xml).hexdigest(),
            seal_certificate=packet.seal.certificate_sha256 if packet.seal else NONE,
            gateway_certificate=line.seal_certificate.sha256,
            addressees=" ".join(one.agency for one in examination.addressees),
        ).encode(),
        promulgated_on=facts.promulgated_on,
        due_on=facts.due_on,
        priority=facts.priority,
        links=facts.links,
        change=facts.change,
        status=facts.status,
    )


async def _with_receivers(line: Line, examination: Examination) -> Examination:
    """An update reaches those its receiver list adds too: who is named there and had not got the document."""
    packet, sender, at = examination.packet, examination.sender, examination.examined_at
    assert packet is not None and sender is not None, "only an admitted packet is prepared"
    named = receivers_named(packet.content, line.directory)
    if not named or not isinstance(packet.content, Document):
        return examination
    had = {one.agency for one in examination.addressees}
    for target, _ in packet.content.change_targets:
        had |= await line.store.glance(queries.addressees_of, sender.key, target.document_id or "")
    added = []
    for key in dict.fromkeys(named):
        agency = line.directory.agency(key)
        route = line.directory.route(agency, at) if agency else None
        if key not in had and agency is not None and agency.period.covers(at) and route is not None:
            added.append(Addressee(key, key, route.key, route.push_url is not None))
    return replace(examination, addressees=(*examination.addressees, *added))


def _warnings(admit: Admit, admitted: Admitted) -> Iterator[Finding]:
    """What was seen only beside everything on record: told, and no reason to refuse."""
    of = admitted.duplicate
    if of is not None:
        repeats = found(
            Reason.DUPLICATE, fault=of.by, code=admit.code, dispatch=of.dispatch_id, document=admit.document_id or ""
        )
        yield replace(repeats, severity=Severity.WARN)
    if admitted.unmatched and admit.links:
        named = admit.links[0].named
        reason = Reason.STATUS_UNMATCHED if admit.change is None else Reason.TARGET_UNKNOWN
        yield replace(found(reason, document=named.document_id or named.code or ""), severity=Severity.WARN)


def _receipt_facts(
    line: Line, peer: Peer, dispatch_id: str, sender: str, packet: Packet, examination: Examination
) -> ReceiptFacts:
    return ReceiptFacts(
        dispatch_id=dispatch_id,
        origin=line.notary.key.name,
        peer=peer.key,
        sender=sender,
        document_id=packet.content.document_id if isinstance(packet.content, Document) else None,
        packet_digest=packet.digest,
        attachments=tuple((one.content_id, one.sha256, one.size_bytes) for one in packet.attachments),
        addressees=tuple((one.agency, one.addressed_as) for one in examination.addressees),
        admitted_at=examination.examined_at,
        findings=tuple(str(one.reason) for one in examination.findings),
        seal_certificate=packet.seal.certificate_sha256 if packet.seal else None,
    )


def _why_not(line: Line, examination: Examination) -> Refused | Unavailable | None:
    """Why this packet gets no receipt; None where it gets one."""
    if not examination.admitted:
        return examination.refusal
    if not line.can_seal(examination.examined_at):
        return Unavailable(Reason.KEY_UNAVAILABLE, retry_after_s=600, cause="our own certificate is not valid")
    return None


async def _receipt_of_before(
    line: Line, peer: Peer, packet_digest: str, no: Refused | Unavailable, unasked: bool
) -> Receipt:
    """Step 1a, asked only where it matters: a packet taken in before gets its receipt again, whatever the clock or the
    directory say now. (Of an admitted packet the twin is found at step 7, in the transaction.) Otherwise raises `no`.
    """
    if seen := await line.store.glance(queries.twin, peer.key, packet_digest):
        return _again(seen)
    if isinstance(no, Refused) and not unasked:
        await _refuse(line, peer, packet_digest, no)
    raise no


async def _refuse(line: Line, peer: Peer, packet_digest: str, refused: Refused) -> None:
    """Record a refusal: digest, peer, reason; no content."""
    at = line.clock()
    entry = Entry.of(EntryKind.REFUSE, at, peer=peer.key, packet=packet_digest, reason=str(refused.reason))
    await _record_refusal(line, peer, packet_digest, refused, entry)


async def _refuse_other_bytes(line: Line, peer: Peer, admit: Admit, other: str) -> Refused:
    """Record that a new document came under an id that is taken. Ids are written by people: only a salted digest goes
    into the ledger."""
    document_id = admit.document_id or ""
    refused = Refused(found(Reason.DOCUMENT_ID_TAKEN, document_id=document_id, dispatch=other))
    salted, at = line.salted(document_id), line.clock()
    entry = Entry.of(EntryKind.CONFLICT, at, peer=peer.key, document=salted.digest, packet=admit.packet_digest)
    await _record_refusal(line, peer, admit.packet_digest, refused, entry, salted)
    return refused


async def _record_refusal(
    line: Line, peer: Peer, packet_digest: str, refused: Refused, entry: Entry, salted: Salted | None = None
) -> None:
    recorded = entry.encode() if line.worth_an_entry(peer, entry.at) else None
    salted = salted if recorded else None
    await line.store.write(RecordRefusal(peer.key, packet_digest, refused.reason, entry.at, recorded, salted))
    line.bell.ring((bell.LEDGER,))


def _again(twin: Twin) -> Receipt:
    return Receipt(
        twin.dispatch_id, twin.ledger_index, twin.packet_digest, twin.admitted_at, twin.receipt_xml, repeated=True
    )


def _whom_to_wake(admit: Admit) -> tuple[str, ...]:
    inboxes = {bell.inbox(one.peer) for one in admit.deliveries}
    pushed = (bell.PUSH,) if any(one.push for one in admit.deliveries) else ()
    return (bell.LEDGER, bell.CHANGES, *pushed, *inboxes)

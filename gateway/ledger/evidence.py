"""Evidence documents: one event of a dispatch, in the terms of ETSI EN 319 522, tied to its entry in the ledger.

An evidence says nothing the ledger does not say: it is made from an entry (and from the acceptance the entry belongs
to), names the entry's index and leaf hash, and is sealed by the gateway. So whoever holds the entry and its proof can
rebuild every fact in it. Event names: EN 319 522-1 clause 6; their URIs: EN 319 522-3. Schema: `schemas/evidence.xsd`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.ledger.canonical import Element, NotCanonicalError, read, write
from gateway.ledger.entry import NONE, Entry, EntryKind, decode, read_instant, write_instant
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.tree import leaf_hash

EVIDENCE_NAMESPACE = "urn:vn:truc:evidence:1"
EVIDENCE_ID = "evidence"
EVIDENCE_BYTES_MAX = 1024 * 1024
"""A thousand addressees and a seal come to some 100 KiB."""
EVENT_URI = "http://uri.etsi.org/19522/Event/"


class Event(StrEnum):
    """The events of EN 319 522 that happen here. The value is the name the standard gives."""

    SUBMISSION_ACCEPTANCE = "SubmissionAcceptance"
    SUBMISSION_REJECTION = "SubmissionRejection"
    RELAY_ACCEPTANCE = "RelayAcceptance"
    RELAY_REJECTION = "RelayRejection"
    RELAY_FAILURE = "RelayFailure"
    NOTIFICATION_FOR_ACCEPTANCE = "NotificationForAcceptance"
    CONSIGNMENT_ACCEPTANCE = "ConsignmentAcceptance"
    CONSIGNMENT_REJECTION = "ConsignmentRejection"
    ACCEPTANCE_REJECTION_EXPIRY = "AcceptanceRejectionExpiry"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = "ContentConsignmentFailure"
    CONTENT_ACCESS_TRACKING = "ContentAccessTracking"
    CONSIGNMENT_NOTIFICATION = "ConsignmentNotification"
    CONSIGNMENT_NOTIFICATION_FAILURE = "ConsignmentNotificationFailure"
    CONTENT_HANDOVER = "ContentHandover"
    CONTENT_HANDOVER_FAILURE = "ContentHandoverFailure"


NEGATIVE = frozenset(
    {
        Event.SUBMISSION_REJECTION,
        Event.RELAY_REJECTION,
        Event.RELAY_FAILURE,
        Event.CONSIGNMENT_REJECTION,
        Event.ACCEPTANCE_REJECTION_EXPIRY,
        Event.CONSIGNMENT_NOTIFICATION_FAILURE,
        Event.CONTENT_CONSIGNMENT_FAILURE,
        Event.CONTENT_HANDOVER_FAILURE,
    }
)
"""Something did not happen: such an evidence always says why."""

DECLINED, DEADLINE, TAKEN_BACK = "addressee.declined", "deadline.passed", "sender.took_back"
ETSI_CODES = {DECLINED: "RC08"}
"""Our reason, and its code in EN 319 522-2 where that is known for certain (TS 119 534-2 clause 8.3.4.2 uses it so)."""

EVIDENCE_OF: dict[EntryKind, tuple[Event, ...]] = {
    EntryKind.ACCEPT: (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT),
    EntryKind.REFUSE: (Event.SUBMISSION_REJECTION,),
    EntryKind.CONFLICT: (Event.SUBMISSION_REJECTION,),
    EntryKind.DELIVER: (Event.CONTENT_HANDOVER,),
    EntryKind.ACKNOWLEDGE: (Event.CONTENT_HANDOVER, Event.CONSIGNMENT_ACCEPTANCE),
    EntryKind.DECLINE: (Event.CONSIGNMENT_REJECTION,),
    EntryKind.EXPIRE: (Event.CONTENT_HANDOVER_FAILURE, Event.ACCEPTANCE_REJECTION_EXPIRY),
    EntryKind.ATTEMPT: (Event.CONSIGNMENT_NOTIFICATION_FAILURE,),
    EntryKind.WITHDRAW: (Event.CONTENT_CONSIGNMENT_FAILURE,),
    EntryKind.CHANGE: (Event.NOTIFICATION_FOR_ACCEPTANCE,),
    EntryKind.REMIND: (Event.CONSIGNMENT_NOTIFICATION,),
}
"""The published table: which events of the standard an entry is evidence of."""
STATUS_EVIDENCE: dict[str, Event] = {
    "01": Event.CONTENT_HANDOVER,
    "02": Event.CONSIGNMENT_REJECTION,
    "03": Event.CONSIGNMENT_ACCEPTANCE,
    "04": Event.CONTENT_ACCESS_TRACKING,
    "05": Event.CONTENT_ACCESS_TRACKING,
    "06": Event.CONTENT_ACCESS_TRACKING,
    "13": Event.NOTIFICATION_FOR_ACCEPTANCE,
    "15": Event.CONSIGNMENT_ACCEPTANCE,
    "16": Event.CONSIGNMENT_REJECTION,
}
"""Of an entry of kind `status`, by its code: what the addressee's people say they did, or (13) what they are asked."""
ANSWER_EVIDENCE: dict[str, Event] = {
    "done": Event.CONSIGNMENT_ACCEPTANCE,
    "refused": Event.CONSIGNMENT_REJECTION,
}
"""Of an entry of kind `answer`, by its outcome: the addressee's answer to what the sender asked."""
RELAYED: dict[EntryKind, Event] = {
    EntryKind.DELIVER: Event.RELAY_ACCEPTANCE,
    EntryKind.DECLINE: Event.RELAY_REJECTION,
    EntryKind.EXPIRE: Event.RELAY_FAILURE,
}
"""And this one beside, where the addressee's packets are collected by another agency's hub, which carries them on."""
WORDED = frozenset({EntryKind.DECLINE, EntryKind.ANSWER})
"""Entries that hold the salted digest of what a person wrote."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What every later event of a dispatch refers back to."""

    sender: str
    """Key of the agency."""
    receipt: str
    """SHA-256 of the sealed receipt."""
    at: datetime

    @classmethod
    def of(cls, accept: Entry) -> Submission:
        return cls(accept["sender"], accept["receipt"], accept.at)


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """What an evidence states. An event of one delivery names that addressee and no other."""

    event: Event
    event_at: datetime
    origin: str
    index: int
    leaf: str
    """Leaf hash of the entry, lower-case hex."""
    dispatch: str | None = None
    delivery: str | None = None
    recipients: tuple[str, ...] = ()
    """Keys of agencies."""
    submitter: str | None = None
    """Key of the connected system, where it is told."""
    packet: str | None = None
    """Digest of the packet, where it is told."""
    submission: Submission | None = None
    """None: nothing was accepted."""
    reason: str | None = None
    """Why, for whatever did not happen."""
    reason_digest: str | None = None
    """Digest of what a person wrote about it."""

    @property
    def identifier(self) -> str:
        return f"{self.origin}/{self.index}/{self.event}"


def evidence_of(
    origin: str, index: int, data: bytes, submission: Submission | None = None, relayed: bool = False
) -> Iterator[EvidenceFacts]:
    """Every evidence the entry `data` at `index` gives. `relayed`: a hub collects for the addressee."""
    entry = decode(data)
    values = dict(entry.fields)
    events = _events(entry, values)
    if relayed and entry.kind in RELAYED:
        events += (RELAYED[entry.kind],)
    if entry.kind is EntryKind.ACCEPT:
        submission = Submission.of(entry)
    recipients = values.get("addressees") or values.get("addressee") or values.get("agency", "")
    for event in events:
        yield EvidenceFacts(
            event=event,
            event_at=entry.at,
            origin=origin,
            index=index,
            leaf=leaf_hash(data).hex(),
            dispatch=values.get("target", values.get("dispatch")),
            delivery=_or_none(values.get("delivery")),
            recipients=tuple(recipients.split()),
            submitter=values.get("peer"),
            packet=_or_none(values.get("packet")),
            submission=submission,
            reason=_reason(entry) if event in NEGATIVE else None,
            reason_digest=_or_none(values.get("reason")) if event in NEGATIVE and entry.kind in WORDED else None,
        )


def _events(entry: Entry, values: dict[str, str]) -> tuple[Event, ...]:
    """The events of an entry; none where a packet speaks of something the register does not know."""
    if values.get("target") == NONE:
        return ()
    if entry.kind is EntryKind.STATUS:
        return (STATUS_EVIDENCE[values["code"]],) if values["code"] in STATUS_EVIDENCE else ()
    if entry.kind is EntryKind.ANSWER:
        return (ANSWER_EVIDENCE[values["outcome"]],) if values["outcome"] in ANSWER_EVIDENCE else ()
    return EVIDENCE_OF.get(entry.kind, ())


def _or_none(value: str | None) -> str | None:
    return None if value == NONE else value


def _reason(entry: Entry) -> str:
    match entry.kind:
        case EntryKind.REFUSE:
            return entry["reason"]
        case EntryKind.CONFLICT:
            return "record.document_id_taken"
        case EntryKind.DECLINE | EntryKind.STATUS | EntryKind.ANSWER:
            return DECLINED
        case EntryKind.WITHDRAW:
            return TAKEN_BACK
        case EntryKind.ATTEMPT:
            return f"push.{entry['outcome']}"
    return DEADLINE


def write_evidence(facts: EvidenceFacts) -> bytes:
    """The evidence, not yet sealed. ProofError(evidence.form) for text that XML cannot hold."""
    children = [
        Element("EvidenceIdentifier", text=facts.identifier),
        Element("ERDSEventId", text=f"{EVENT_URI}{facts.event}"),
        *_reasons(facts),
        Element("EventTime", text=write_instant(facts.event_at)),
        Element("Ledger", {"index": str(facts.index), "leaf": facts.leaf, "origin": facts.origin}),
        Element("Message", _given(delivery=facts.delivery, dispatch=facts.dispatch, packet=facts.packet)),
        *_submission(facts),
        *(Element("RecipientDetails", {"key": one}) for one in facts.recipients),
    ]
    try:
        return write(Element("Evidence", {"Id": EVIDENCE_ID, "version": "1"}, tuple(children)), EVIDENCE_NAMESPACE)
    except NotCanonicalError as wrong:
        raise ProofError(Fault.EVIDENCE_FORM, what=wrong) from wrong


def _reasons(facts: EvidenceFacts) -> Iterator[Element]:
    if facts.reason is not None:
        code = ETSI_CODES.get(facts.reason)
        yield Element("EventReason", _given(code=facts.reason, digest=facts.reason_digest, etsi=code))


def _submission(facts: EvidenceFacts) -> Iterator[Element]:
    one = facts.submission
    if one is not None:
        yield Element("SubmissionTime", text=write_instant(one.at))
    if one is not None or facts.submitter is not None:
        sender, receipt = (one.sender, one.receipt) if one else (None, None)
        yield Element("SenderDetails", _given(key=sender, peer=facts.submitter, receipt=receipt))


def _given(**attributes: str | None) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value is not None}


def read_evidence(canonical: bytes) -> EvidenceFacts:
    """What an evidence states, from the canonical bytes its seal digested.

    ProofError(evidence.form) unless `canonical` is exactly what `write_evidence` writes for the facts read.
    """
    if len(canonical) > EVIDENCE_BYTES_MAX:
        raise ProofError(Fault.EVIDENCE_FORM, what=f"{len(canonical)} > {EVIDENCE_BYTES_MAX}")
    try:
        facts = _facts(read(canonical, EVIDENCE_NAMESPACE))
    except (ValueError, KeyError) as wrong:
        raise ProofError(Fault.EVIDENCE_FORM, what=str(wrong)[:120]) from wrong
    if write_evidence(facts) != canonical:
        raise ProofError(Fault.EVIDENCE_FORM, what="schemas/evidence.xsd")
    return facts


def _facts(root: Element) -> EvidenceFacts:
    ledger, message = root["Ledger"], root["Message"]
    reason = root["EventReason"] if root.all("EventReason") else Element("EventReason")
    sender = root["SenderDetails"] if root.all("SenderDetails") else Element("SenderDetails")
    submission = None
    if root.all("SubmissionTime"):
        at = read_instant(root["SubmissionTime"].text)
        submission = Submission(sender.need("key"), sender.need("receipt"), at)
    return EvidenceFacts(
        event=Event(root["ERDSEventId"].text.removeprefix(EVENT_URI)),
        event_at=read_instant(root["EventTime"].text),
        origin=ledger.need("origin"),
        index=int(ledger.need("index")),
        leaf=ledger.need("leaf"),
        dispatch=message.get("dispatch"),
        delivery=message.get("delivery"),
        recipients=tuple(one.need("key") for one in root.all("RecipientDetails")),
        submitter=sender.get("peer"),
        packet=message.get("packet"),
        submission=submission,
        reason=reason.get("code"),
        reason_digest=reason.get("digest"),
    )

"""What the gateway answers, as values. Fields a newer gateway adds are passed over: an older client keeps working."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct


class Finding(Struct, frozen=True):
    """One result of a check. `reason` is stable; title, detail and hint are in the client's language."""

    reason: str
    severity: str
    title: str
    detail: str
    hint: str
    path: str = ""
    line: int | None = None


class Accepted(Struct, frozen=True):
    """The packet is recorded and on its way. `repeated`: it had been submitted before, and this is the same receipt."""

    dispatch_id: str
    ledger_index: int
    packet_digest: str
    admitted_at: datetime
    repeated: bool
    warnings: tuple[Finding, ...]


class EnvelopeSignature(Struct, frozen=True):
    """What stands in a packet's Signature slot; for a signature of the old kind: told, and relied on for nothing."""

    state: str
    fault: str | None
    text: str


class Examination(Struct, frozen=True):
    """What the gateway would say to a packet now."""

    verdict: Literal["admitted", "refused"]
    packet_digest: str
    examined_at: datetime
    directory_version: int
    findings: tuple[Finding, ...]
    addressees: tuple[str, ...]
    envelope_signature: EnvelopeSignature | None = None
    """None: the packet could not be read."""

    @property
    def admitted(self) -> bool:
        return self.verdict == "admitted"


class InboxItem(Struct, frozen=True):
    """A delivery that waits for us."""

    delivery_id: str
    dispatch_id: str
    addressee: str
    addressed_as: str
    sender: str
    kind: str
    code: str
    subject: str
    admitted_at: datetime
    size_bytes: int
    report: str = ""
    """Address of the gateway's examination report."""
    business_type: int = 0
    """0 new, 1 recall, 2 update, 3 replacement."""
    status_code: str | None = None
    """Of a status packet."""
    duplicate_of: str | None = None
    """The dispatch it repeats, by number or by identifier."""


class Inbox(Struct, frozen=True):
    """Deliveries that wait, oldest first; `next` continues after them."""

    deliveries: tuple[InboxItem, ...]
    next: str | None


class DeliveryAnswered(Struct, frozen=True):
    """Where a delivery stands after our answer."""

    delivery_id: str
    status: str


class TimelineEvent(Struct, frozen=True):
    """One step in a delivery's history."""

    event: str
    at: datetime
    detail: str
    ledger_index: int | None


class Processing(Struct, frozen=True):
    """What the addressee's people did last, as they told it; `dispatch_id` is the status packet."""

    code: str
    stated_at: datetime | None
    recorded_at: datetime
    description: str
    dispatch_id: str


class Asked(Struct, frozen=True):
    """What the sender asked about a delivery (recall, update, replace), and what came of it until now."""

    kind: str
    outcome: str
    reason: str
    asked_at: datetime
    deadline_at: datetime | None
    answer_reason: str
    dispatch_id: str


class Delivery(Struct, frozen=True):
    """A dispatch on its way to one addressee."""

    id: str
    addressee: str
    addressed_as: str
    status: str
    deadline_at: datetime
    attempts: int
    timeline: tuple[TimelineEvent, ...]
    processing: Processing | None = None
    change: Asked | None = None
    """What was asked last."""

    @property
    def reached(self) -> TimelineEvent:
        """The step that gave it its status; what people reported or asked later moves the timeline, not the status."""
        return next(step for step in reversed(self.timeline) if step.event == self.status)


class Attachment(Struct, frozen=True):
    """An attachment of a dispatch; size and digest are of its bytes."""

    number: int
    content_id: str
    name: str | None
    content_type: str | None
    sha256: str
    size_bytes: int


class Dispatch(Struct, frozen=True):
    """An admitted packet with every addressee and what happened there."""

    id: str
    kind: str
    sender: str
    document_id: str | None
    code: str
    subject: str
    business_type: int
    packet_digest: str
    admitted_at: datetime
    ledger_index: int
    attachments: tuple[Attachment, ...]
    deliveries: tuple[Delivery, ...]
    due_on: date | None = None
    priority: int | None = None
    """Urgency, 0 (none) to 4."""
    duplicate_of: str | None = None
    """The dispatch whose number or identifier it repeats."""


class Reported(Struct, frozen=True):
    """A status on its way to the document's sender; `repeated`: it had been reported before."""

    delivery_id: str
    code: str
    dispatch_id: str
    ledger_index: int
    repeated: bool


class RecalledFrom(Struct, frozen=True):
    """One addressee of a recall: where its delivery stands, and the packet that asks (None: it need not be asked)."""

    delivery: Delivery
    request: str | None


class Recall(Struct, frozen=True):
    """What came of a recall at once; the rest comes as the addressees answer."""

    dispatch_id: str
    addressees: tuple[RecalledFrom, ...]


class Dispatches(Struct, frozen=True):
    """The dispatches of one document id."""

    dispatches: tuple[Dispatch, ...]


class Evidence(Struct, frozen=True):
    """One event of a dispatch there is evidence of, by its name in ETSI EN 319 522."""

    index: int
    event: str
    event_id: str
    at: datetime
    recipients: tuple[str, ...]
    reason: str | None
    document: str


class EvidenceList(Struct, frozen=True):
    """Every evidence of a dispatch that concerns us."""

    evidence: tuple[Evidence, ...]


class Refusal(Struct, frozen=True):
    """A submission of ours that was refused. `ledger_index` names its evidence, where it has one."""

    number: int
    at: datetime
    reason: str
    packet_digest: str | None
    ledger_index: int | None


class Refusals(Struct, frozen=True):
    """A page of refusals; `next` continues after it."""

    refusals: tuple[Refusal, ...]
    next: int | None


class Agency(Struct, frozen=True):
    """An agency of the directory."""

    key: str
    name: str
    ids: tuple[str, ...]
    parent: str | None
    active: bool
    successor: str | None


class Agencies(Struct, frozen=True):
    """A page of the directory."""

    agencies: tuple[Agency, ...]
    next: str | None
    directory_version: int


class Change(Struct, frozen=True):
    """Something happened to a delivery we sent or receive. `id` resumes the stream behind it."""

    dispatch_id: str
    delivery_id: str
    event: str
    at: datetime
    addressee: str
    id: int = 0


class FetchedAttachment(Struct, frozen=True):
    """An attachment written to disk. `name` is as the sender wrote it; the file's own name was made safe."""

    content_id: str
    name: str | None
    path: Path
    sha256: str
    size_bytes: int


class Fetched(Struct, frozen=True):
    """A packet fetched: the field's file, the attachments beside it, and the digest both sides agree on."""

    delivery_id: str
    dispatch_id: str
    packet_digest: str
    packet: Path
    attachments: tuple[FetchedAttachment, ...]


def decoded_change(data: str, number: int) -> Change:
    """A change as the event stream carries it."""
    return msgspec.structs.replace(msgspec.json.decode(data, type=Change), id=number)

"""The bodies of the native API, as types: requests are read into them, answers and OpenAPI schemas made from them.

Instants are RFC 3339 in UTC; identifiers are opaque text; digests are lower-case hex of SHA-256.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.http.delivery_shapes import DeliveryShape
from gateway.model.agency import Agency
from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Dispatch, Kind, Receipt
from gateway.model.envelope import EnvelopeFault, EnvelopeState
from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Severity
from gateway.rules import Examination
from gateway.store import InboxItem

PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""Text without control characters: no database, log or terminal downstream has to cope with them."""
WORDED = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*[^\x00-\x20\x7f\s][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""The same with at least one letter in it: a reason of blanks is none, and XML would not carry it."""

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Page = Annotated[int, Meta(ge=1, le=500, description="most rows to answer")]
After = Annotated[
    str, Meta(max_length=200, pattern=PLAIN, description="continue after this row: `next` of the page before")
]


class FindingShape(msgspec.Struct, frozen=True, omit_defaults=True):
    """One result of a check, in the reader's language."""

    reason: Reason
    severity: Severity
    title: str
    detail: str
    hint: str
    path: str | UnsetType = UNSET
    line: int | UnsetType = UNSET

    @classmethod
    def of(cls, finding: Finding, lang: str) -> FindingShape:
        place = finding.place
        return cls(
            finding.reason,
            finding.severity,
            finding.title(lang),
            finding.detail(lang),
            finding.hint(lang),
            place.path or UNSET,
            UNSET if place.line is None else place.line,
        )


class ProblemShape(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error of every endpoint (RFC 9457). `reason` is stable; the texts follow Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    reason: Reason
    hint: str
    incident: str
    """Names this request in the gateway's log; also in the X-Request-Id header."""
    instance: str | UnsetType = UNSET
    findings: tuple[FindingShape, ...] = ()


class AcceptedShape(msgspec.Struct, frozen=True):
    """The packet is recorded and on its way. `dispatch`, `receipt`, `report` and `proof` are addresses."""

    dispatch_id: str
    ledger_index: int
    packet_digest: str
    admitted_at: datetime
    repeated: bool
    warnings: tuple[FindingShape, ...]
    dispatch: str
    receipt: str
    report: str
    proof: str

    @classmethod
    def of(cls, receipt: Receipt, lang: str) -> AcceptedShape:
        here = f"/v1/dispatches/{receipt.dispatch_id}"
        return cls(
            receipt.dispatch_id,
            receipt.ledger_index,
            receipt.packet_digest,
            receipt.admitted_at,
            receipt.repeated,
            tuple(FindingShape.of(one, lang) for one in receipt.warnings),
            here,
            f"{here}/receipt",
            f"{here}/report",
            f"{here}/proof",
        )


class EnvelopeSignatureShape(msgspec.Struct, frozen=True):
    """What stands in the envelope's Signature slot. Signatures of the old kind are told, and relied on for nothing."""

    state: EnvelopeState
    fault: EnvelopeFault | None
    text: str


class ExaminationShape(msgspec.Struct, frozen=True):
    """What the gateway would say to this packet now. Nothing was recorded."""

    verdict: Literal["admitted", "refused"]
    packet_digest: str
    examined_at: datetime
    directory_version: int
    findings: tuple[FindingShape, ...]
    addressees: tuple[str, ...]
    """Keys of the agencies it would be delivered to."""
    envelope_signature: EnvelopeSignatureShape | None
    """None: the packet could not be read."""

    @classmethod
    def of(cls, report: Examination, lang: str) -> ExaminationShape:
        findings, envelope = sorted(report.findings, key=lambda one: one.reason.precedence), report.envelope
        return cls(
            verdict="admitted" if report.admitted else "refused",
            packet_digest=report.packet_digest,
            examined_at=report.examined_at,
            directory_version=report.directory_version,
            findings=tuple(FindingShape.of(one, lang) for one in findings),
            addressees=tuple(one.agency for one in report.addressees),
            envelope_signature=EnvelopeSignatureShape(envelope.state, envelope.fault, envelope.text(lang))
            if envelope
            else None,
        )


class AttachmentShape(msgspec.Struct, frozen=True):
    """An attachment; size and digest are of its decoded bytes. Its bytes: `…/attachments/{number}`, counted from 1."""

    number: int
    content_id: str
    name: str | None
    content_type: str | None
    sha256: str
    size_bytes: int

    @classmethod
    def row(cls, attachments: tuple[Attachment, ...]) -> tuple[AttachmentShape, ...]:
        return tuple(
            cls(number, one.content_id, one.name, one.content_type, one.sha256, one.size_bytes)
            for number, one in enumerate(attachments, start=1)
        )


class InboxItemShape(msgspec.Struct, frozen=True):
    """A delivery that waits for this peer. `report` is the address of the gateway's examination report."""

    delivery_id: str
    dispatch_id: str
    addressee: str
    addressed_as: str
    sender: str
    kind: Kind
    code: str
    subject: str
    admitted_at: datetime
    size_bytes: int
    report: str
    business_type: int
    """0 new, 1 recall, 2 update, 3 replacement."""
    status_code: str | None
    """Of a status packet."""
    duplicate_of: str | None
    """The dispatch it repeats, by number or by identifier."""

    @classmethod
    def of(cls, item: InboxItem) -> InboxItemShape:
        return cls(
            item.delivery_id,
            item.dispatch_id,
            item.addressee,
            item.addressed_as,
            item.sender,
            item.kind,
            item.code,
            item.subject,
            item.admitted_at,
            item.size_bytes,
            f"/v1/dispatches/{item.dispatch_id}/report",
            item.business_type,
            item.status_code,
            item.duplicate_of,
        )


class InboxShape(msgspec.Struct, frozen=True):
    """Deliveries that wait, oldest first. `next` continues after them; null where there was nothing."""

    deliveries: tuple[InboxItemShape, ...]
    next: str | None


class InboxQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries, and how long to wait for the first."""

    after: After | None = None
    limit: Page = 100
    wait_s: Annotated[float, Meta(ge=0, description="how long to wait for something to arrive")] = 0


class AnswerToDelivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The addressee's system says it stored the packet, or why it will not."""

    stored: Literal[True] | UnsetType = UNSET
    refused: Annotated[str, Meta(min_length=1, max_length=2_000, pattern=WORDED)] | UnsetType = UNSET


class DeliveryAnsweredShape(msgspec.Struct, frozen=True):
    """Where the delivery stands now."""

    delivery_id: str
    status: DeliveryStatus


class DispatchShape(msgspec.Struct, frozen=True):
    """An admitted packet with every addressee and what happened there."""

    id: str
    kind: Kind
    sender: str
    document_id: str | None
    code: str
    subject: str
    business_type: int
    packet_digest: str
    admitted_at: datetime
    ledger_index: int
    attachments: tuple[AttachmentShape, ...]
    deliveries: tuple[DeliveryShape, ...]
    due_on: date | None
    priority: int | None
    """Urgency, 0 (none) to 4."""
    duplicate_of: str | None
    """The dispatch whose number or identifier it repeats."""

    @classmethod
    def of(cls, dispatch: Dispatch, at: datetime) -> DispatchShape:
        """As it stands at an instant."""
        return cls(
            dispatch.id,
            dispatch.kind,
            dispatch.sender,
            dispatch.document_id,
            dispatch.code,
            dispatch.subject,
            dispatch.business_type,
            dispatch.packet_digest,
            dispatch.admitted_at,
            dispatch.ledger_index,
            AttachmentShape.row(dispatch.attachments),
            tuple(DeliveryShape.of(one, at) for one in dispatch.deliveries),
            dispatch.due_on,
            dispatch.priority,
            dispatch.duplicate.dispatch_id if dispatch.duplicate else None,
        )


class DispatchesShape(msgspec.Struct, frozen=True):
    """The dispatches that carry one document id: the document itself, and what changed it later."""

    dispatches: tuple[DispatchShape, ...]


class DispatchesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which document."""

    document_id: Name


class AgencyShape(msgspec.Struct, frozen=True):
    """An agency of the directory, under every identifier it is addressed by."""

    key: str
    name: str
    ids: tuple[str, ...]
    parent: str | None
    active: bool
    successor: str | None

    @classmethod
    def of(cls, agency: Agency, at: datetime) -> AgencyShape:
        return cls(agency.key, agency.name, agency.ids, agency.parent, agency.period.covers(at), agency.successor)


class AgenciesShape(msgspec.Struct, frozen=True):
    """A page of the directory, ordered by key."""

    agencies: tuple[AgencyShape, ...]
    next: str | None
    directory_version: int


class AgenciesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which agencies: part of a name or an identifier."""

    query: Annotated[
        str, Meta(max_length=200, pattern=PLAIN, description="part of the name or of an identifier; empty: all")
    ] = ""
    after: After | None = None
    limit: Page = 100


class ChangeShape(msgspec.Struct, frozen=True):
    """The data of one server-sent event: something happened to a delivery this peer sent or receives."""

    dispatch_id: str
    delivery_id: str
    event: str
    at: datetime
    addressee: str


class ReasonShape(msgspec.Struct, frozen=True):
    """A reason for refusal, explained in both languages (`vi`, `en`)."""

    reason: Reason
    status: int
    step: int
    transient: bool
    """True where the same submission, unchanged, may succeed later."""
    title: dict[str, str]
    hint: dict[str, str]


class HealthShape(msgspec.Struct, frozen=True):
    """The process answers."""

    alive: Literal[True] = True


class ReadinessShape(msgspec.Struct, frozen=True):
    """Whether the gateway can admit packets now, and the state of each thing that takes."""

    ready: bool
    dependencies: dict[str, bool]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An endpoint that takes no query parameters."""

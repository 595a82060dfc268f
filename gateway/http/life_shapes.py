"""The bodies of what clerks do with a document after its delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.exchange.courier import Fetched
from gateway.exchange.lifecycle import Recalled
from gateway.http.delivery_shapes import DeliveryShape
from gateway.http.shapes import PLAIN, WORDED, AttachmentShape, Name, Page
from gateway.model.dispatch import Kind, Receipt
from gateway.model.lifecycle import Relation
from gateway.model.packet import Content, Document, Staff, Status, StatusCode
from gateway.store.queries.life import Unmatched
from gateway.store.queries.threads import Related

Words = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=WORDED)]
StaffWords = Annotated[str, Meta(max_length=250, pattern=PLAIN)]


class ContentShape(msgspec.Struct, frozen=True):
    """What a packet says: `document` or `status`, by `kind`. Texts and days are as written; absent and empty ones are
    null."""

    delivery_id: str
    dispatch_id: str
    kind: Kind
    document: Document | None
    status: Status | None
    attachments: tuple[AttachmentShape, ...]

    @classmethod
    def of(cls, fetched: Fetched, content: Content) -> ContentShape:
        document = content if isinstance(content, Document) else None
        status = content if isinstance(content, Status) else None
        return cls(
            fetched.delivery_id,
            fetched.dispatch_id,
            Kind.DOCUMENT if document else Kind.STATUS,
            document,
            status,
            AttachmentShape.row(fetched.attachments),
        )


class StaffShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who did it, for the other side to ask."""

    department: StaffWords | None = None
    name: StaffWords | None = None
    email: StaffWords | None = None
    mobile: StaffWords | None = None

    @property
    def staff(self) -> Staff:
        return Staff(self.department, self.name, self.email, self.mobile)


class StatusReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the addressee did with a document: 01 arrived, 02 refused, 03 accepted, 04 assigned, 05 in process,
    06 finished; 15 agrees to what the sender asked, 16 refuses it."""

    code: Literal["01", "02", "03", "04", "05", "06", "15", "16"]
    description: Words | None = None
    staff: StaffShape | None = None

    @property
    def status_code(self) -> StatusCode:
        return StatusCode(self.code)


class ReportedShape(msgspec.Struct, frozen=True):
    """The status is on its way to the document's sender; `dispatch_id` is the packet that carries it."""

    delivery_id: str
    code: str
    dispatch_id: str
    ledger_index: int
    repeated: bool

    @classmethod
    def of(cls, delivery_id: str, code: str, receipt: Receipt) -> ReportedShape:
        return cls(delivery_id, code, receipt.dispatch_id, receipt.ledger_index, receipt.repeated)


class UnmatchedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which statuses, from behind a ledger index."""

    after: Annotated[int, Meta(ge=-1)] = -1
    limit: Page = 100


class UnmatchedShape(msgspec.Struct, frozen=True):
    """A status of no document the register knows. The document is as its writer named it."""

    dispatch_id: str
    agency: str
    addressee: str
    status_code: str
    document_id: str | None
    code: str | None
    stated_at: datetime | None
    recorded_at: datetime
    description: str
    ledger_index: int


class UnmatchedListShape(msgspec.Struct, frozen=True):
    """A page of them; `next` continues after it."""

    statuses: tuple[UnmatchedShape, ...]
    next: int | None

    @classmethod
    def of(cls, rows: tuple[Unmatched, ...]) -> UnmatchedListShape:
        shapes = tuple(msgspec.convert(one, UnmatchedShape, from_attributes=True) for one in rows)
        return cls(shapes, shapes[-1].ledger_index if shapes else None)


class RecallRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the document is asked back, and from whom; without `addressees`, from everyone."""

    reason: Words
    addressees: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=10_000)] | None = None


class RecalledShape(msgspec.Struct, frozen=True):
    """One addressee: where its delivery stands, and the status packet that asks (null: it need not be asked)."""

    delivery: DeliveryShape
    request: str | None


class RecallShape(msgspec.Struct, frozen=True):
    """What came of a recall at once; the rest comes as the addressees answer."""

    dispatch_id: str
    addressees: tuple[RecalledShape, ...]

    @classmethod
    def of(cls, dispatch_id: str, recalled: tuple[Recalled, ...], at: datetime) -> RecallShape:
        return cls(
            dispatch_id,
            tuple(
                RecalledShape(DeliveryShape.of(one.delivery, at), one.receipt.dispatch_id if one.receipt else None)
                for one in recalled
            ),
        )


class LinkShape(msgspec.Struct, frozen=True):
    """How a dispatch speaks of another: it replies to, recalls, updates or replaces it, or reports on it."""

    relation: Relation
    target: str


class RelatedShape(msgspec.Struct, frozen=True):
    """A dispatch of a thread. `links` lead to others of it."""

    id: str
    kind: Kind
    sender: str
    document_id: str | None
    code: str
    subject: str
    business_type: int
    admitted_at: datetime
    links: tuple[LinkShape, ...]


class ThreadShape(msgspec.Struct, frozen=True):
    """Dispatches that hang together, in the order of admission, as far as this peer is a party to them."""

    dispatches: tuple[RelatedShape, ...]

    @classmethod
    def of(cls, rows: tuple[Related, ...]) -> ThreadShape:
        return cls(
            tuple(
                RelatedShape(
                    one.id,
                    one.kind,
                    one.sender,
                    one.document_id,
                    one.code,
                    one.subject,
                    one.business_type,
                    one.admitted_at,
                    tuple(LinkShape(relation, target) for relation, target in one.links),
                )
                for one in rows
            )
        )

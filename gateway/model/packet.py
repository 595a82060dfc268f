"""A packet of the axis: what a document or a status message says, as values.

Element numbers in brackets are QCVN 102's as far as known (`1.5.2`). Texts are kept as written: dates stay text,
because packets of the field carry impossible ones; `rules` judges them. An element that is absent, empty or the word
`null` is None.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class BusinessType(IntEnum):
    """BussinessDocType (2.2.1; the double s is the field's own spelling)."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


class StatusCode(StrEnum):
    """StatusCode of a status packet: what the other side's people did."""

    ARRIVED = "01"
    REFUSED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    PROCESSING = "05"
    FINISHED = "06"
    TAKE_BACK = "13"
    CHANGE_AGREED = "15"
    CHANGE_REFUSED = "16"


@dataclass(frozen=True, slots=True)
class Organ:
    """From / To (1.1, 1.2)."""

    id: str
    name: str | None = None
    in_charge: str | None = None
    address: str | None = None
    email: str | None = None
    telephone: str | None = None
    fax: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentType:
    """DocumentType (1.5). Only `name` is dependable in the field."""

    type: str | None = None
    detail: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """SignerInfo (1.8)."""

    competence: str | None = None
    position: str | None = None
    full_name: str | None = None


@dataclass(frozen=True, slots=True)
class OtherInfo:
    """OtherInfo (1.11)."""

    priority: str | None = None
    sphere: str | None = None
    typer: str | None = None
    copies: str | None = None
    pages: str | None = None
    direction: str | None = None
    appendixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseFor:
    """ResponseFor (1.12): a document this one answers, recalls, or reports on."""

    organ_id: str | None = None
    code: str | None = None
    promulgated_on: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """StaffInfo (2.2.5)."""

    department: str | None = None
    name: str | None = None
    email: str | None = None
    mobile: str | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """A row of ReceiverList (2.2.3.3). Whether type 0 or 1 adds or removes is not documented: kept as written."""

    organ_id: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """ReplacementInfo (2.2.8): the old document, and for which receivers."""

    document_id: str | None = None
    organ_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Business:
    """Bussiness (2.2): new, recall, update or replacement, and of what."""

    type: BusinessType
    reason: str | None = None
    document_id: str | None = None
    paper: str | None = None
    document_changes: str | None = None
    receiver_changes: str | None = None
    receivers: tuple[Receiver, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    staff: Staff | None = None


@dataclass(frozen=True, slots=True)
class TraceHop:
    """TraceHeader (2.1): one station on the way. `at` is Viet Nam local time as written, without a zone."""

    organ_id: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A row of the manifest: an attachment as the (signed) envelope announces it. `content_id` is without `cid:`."""

    content_id: str
    content_type: str | None = None
    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment as it came. `content_id` is without `cid:`; digest and size are of the decoded bytes."""

    content_id: str
    content_type: str | None
    name: str | None
    description: str | None
    sha256: str
    """Lower-case hex."""
    size_bytes: int
    wrapped: bool = False
    """True where the bytes are a ZIP around the real file although the name says otherwise (recognised by its
    magic)."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a document packet says."""

    sender: Organ
    addressees: tuple[Organ, ...]
    document_id: str | None = None
    code_number: str | None = None
    code_notation: str | None = None
    place: str | None = None
    promulgated_on: str | None = None
    document_type: DocumentType = DocumentType()
    subject: str | None = None
    content: str | None = None
    signer: Signer = Signer()
    due_on: str | None = None
    to_places: tuple[str, ...] = ()
    other: OtherInfo = OtherInfo()
    response_for: tuple[ResponseFor, ...] = ()
    steering_type: str | None = None
    trace: tuple[TraceHop, ...] = ()
    business: Business | None = None
    manifest: tuple[Reference, ...] = ()

    @property
    def business_type(self) -> BusinessType:
        """A packet without a business block announces a new document."""
        return self.business.type if self.business else BusinessType.NEW

    @property
    def code(self) -> str:
        """Number and notation as clerks write them: `7816/VPCP-TTĐT`."""
        return "/".join(part for part in (self.code_number, self.code_notation) if part)

    @property
    def change_targets(self) -> tuple[tuple[ResponseFor, tuple[str, ...]], ...]:
        """The documents a recall, update or replacement is about, found where the field's writers put them, each with
        the identifiers of the agencies it is for (none: no limit)."""
        if self.business is None or self.business.type is BusinessType.NEW:
            return ()
        if self.business.document_id:
            return ((ResponseFor(document_id=self.business.document_id), ()),)
        own = ((ResponseFor(document_id=self.document_id), ()),) if self.document_id else ()
        return self._named_targets or own

    @property
    def change_target(self) -> str | None:
        """Id of the first of them; None where it is named by number and day, or not at all."""
        return next((target.document_id for target, _ in self.change_targets), None)

    @property
    def names_its_target(self) -> bool:
        """Whether the document it changes is written anywhere but in its own id."""
        return bool(self._named_targets or (self.business and self.business.document_id))

    @property
    def _named_targets(self) -> tuple[tuple[ResponseFor, tuple[str, ...]], ...]:
        replaced = self.business.replacements if self.business else ()
        rows = tuple((ResponseFor(document_id=one.document_id), one.organ_ids) for one in replaced if one.document_id)
        answered = (one for one in self.response_for if one.document_id or (one.code and one.promulgated_on))
        return rows or tuple((one, ()) for one in answered)


@dataclass(frozen=True, slots=True)
class Status:
    """What a status packet says. `response_for.organ_id` is the agency it is addressed to: there is no To element."""

    sender: Organ
    response_for: ResponseFor
    status_code: str
    staff: Staff | None = None
    description: str | None = None
    timestamp: str | None = None

    @property
    def addressees(self) -> tuple[Organ, ...]:
        return (Organ(id=self.response_for.organ_id),) if self.response_for.organ_id else ()


Content = Document | Status


@dataclass(frozen=True, slots=True)
class Claim:
    """What the bytes *say*: read from the packet as received, before any signature was verified."""

    content: Content
    attachments: tuple[Attachment, ...]
    digest: str
    """The packet digest (`packet_digest`), lower-case hex."""


@dataclass(frozen=True, slots=True)
class SealFacts:
    """A verified seal: by which certificate, when it says it was made, over what."""

    certificate_sha256: str
    """Fingerprint of the signer's certificate, lower-case hex of the SHA-256 of its DER."""
    subject: str
    signed_at: datetime
    algorithm: str


@dataclass(frozen=True, slots=True)
class Packet:
    """What was *signed*: content read from the canonical bytes that were digested (or, unsealed, equal to the
    claim)."""

    content: Content
    attachments: tuple[Attachment, ...]
    digest: str
    seal: SealFacts | None


def packet_digest(skeleton: bytes, attachments: Iterable[tuple[str, int]]) -> str:
    """The identity of a packet: SHA-256, lower-case hex, over a text anybody can rebuild with `sha256sum`.

    `skeleton` is the edXML file with every base64 run cut out; `attachments` are (SHA-256 hex of the decoded bytes,
    size) in file order. The same packet has the same digest whether its attachments travel inline or as parts.
    """
    return packet_digest_of(hashlib.sha256(skeleton).hexdigest(), attachments)


def packet_digest_of(skeleton_sha256: str, attachments: Iterable[tuple[str, int]]) -> str:
    """The same from the digest of the skeleton, which stays when the skeleton is destroyed."""
    lines = ["truc-packet-v1", f"envelope {skeleton_sha256}"]
    lines += [f"attachment {sha256} {size}" for sha256, size in attachments]
    return hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest()

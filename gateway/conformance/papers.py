"""The papers the partners send: letters, changes of letters, statuses; each with a number of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway import edxml, trust
from gateway.conformance.partner import Seat
from gateway.demo.cast import SIGNER, SIGNER_POSITION
from gateway.demo.papers import change_of, one_page_pdf
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import (
    Business,
    BusinessType,
    Content,
    Document,
    DocumentType,
    Organ,
    OtherInfo,
    ResponseFor,
    Signer,
    Staff,
    Status,
    StatusCode,
)

NOTATION = "KT-VP"


@dataclass(frozen=True, slots=True)
class Paper:
    """A packet: what it says, and the field's file."""

    content: Content
    file: bytes

    @property
    def document(self) -> Document:
        assert isinstance(self.content, Document), "a status packet"
        return self.content


def letter(sender: Seat, addressees: Sequence[Organ], number: str, subject: str, at: datetime) -> Document:
    """A công văn, dated the Viet Nam day of `at`."""
    day = at.astimezone(VIET_NAM).strftime("%Y/%m/%d")
    return Document(
        sender=Organ(sender.agency, sender.name),
        addressees=tuple(addressees),
        document_id=f"{sender.agency},{day},{number}/{NOTATION}",
        code_number=number,
        code_notation=NOTATION,
        place="Hà Nội",
        promulgated_on=day,
        document_type=DocumentType("2", "18", "Công văn"),
        subject=subject,
        content=subject,
        signer=Signer("TL. NGƯỜI ĐỨNG ĐẦU", SIGNER_POSITION.upper(), SIGNER),
        to_places=("Như trên", "Lưu: VT"),
        other=OtherInfo(priority="0", copies="1", pages="1", direction="false"),
        steering_type="0",
        business=Business(BusinessType.NEW, paper="0"),
    )


def change(of: Document, kind: BusinessType, number: str, reason: str) -> Document:
    """A recall, update or replacement, its target where the vendors' library writes it (axis.md 2.3)."""
    target = ResponseFor(of.sender.id, of.code, of.promulgated_on, of.document_id)
    return replace(
        of,
        document_id=f"{of.sender.id},{of.promulgated_on},{number}/{NOTATION}",
        code_number=number,
        subject=reason,
        response_for=(target,) if kind is BusinessType.RECALL else (),
        business=change_of(of, kind, reason),
    )


def status(sender: Seat, addressed_to: str, of: Document, code: StatusCode, at: datetime, description: str) -> Status:
    """A status packet about a document, to the agency `addressed_to`."""
    return Status(
        Organ(sender.agency, sender.name),
        ResponseFor(addressed_to, of.code, of.promulgated_on, of.document_id),
        code,
        Staff("Văn thư", "Lê Văn Mẫu"),
        description,
        at.astimezone(VIET_NAM).strftime("%Y/%m/%d %H:%M:%S"),
    )


def packed(content: Content, sender: Seat, at: datetime, page: str = "") -> Paper:
    """The field's file, with a page where one is given; sealed where the sender has a key."""
    enclosed = [one_page_pdf(page)] if page else []
    listed = [edxml.NewAttachment("201", one.content_type, one.name) for one in enclosed]
    skeleton = edxml.write(content, listed)
    if sender.signer is not None:
        digests = [("201", hashlib.sha256(one.data).hexdigest()) for one in enclosed]
        skeleton = trust.seal(skeleton, digests, sender.signer, at)
    return Paper(content, b"".join(edxml.inline(skeleton, [[one.data] for one in enclosed])))

"""The packets of the month: documents, what is wrong with some, and what changes others."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from gateway import edxml
from gateway.edxml import NewAttachment
from gateway.edxml.names import QCVN
from gateway.exchange.life_facts import written_at
from gateway.model.agency import Directory
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import (
    Business,
    BusinessType,
    Document,
    DocumentType,
    Organ,
    OtherInfo,
    Replacement,
    ResponseFor,
    Signer,
    Status,
    StatusCode,
)
from gateway.trust import seal
from tests.month.fates import Fate, Flaw, Turn
from tests.month.province import seals
from tests.pki import pki

DAY = "%Y/%m/%d"
ATTACHMENT_BYTES = 2_000
OFFICE_DOES = {
    Turn.RECALL_DOCUMENT: BusinessType.RECALL,
    Turn.UPDATE: BusinessType.UPDATE,
    Turn.REPLACE: BusinessType.REPLACE,
}


def document(fate: Fate, directory: Directory) -> Document:
    """What the packet of a fate says."""
    day = fate.at.astimezone(VIET_NAM)
    number, notation = f"{fate.number:02}", "CV-VP"
    return Document(
        sender=_organ(directory, fate.sender),
        addressees=tuple(_organ(directory, one) for one in fate.addressees),
        document_id=f"{fate.sender},{day.strftime(DAY)},{number}/{notation}",
        code_number=number,
        code_notation=notation,
        place="Sông Mẫu",
        promulgated_on=day.strftime(DAY),
        document_type=DocumentType("2", "18", "Công văn"),
        subject=f"V/v phối hợp thực hiện nhiệm vụ số {fate.number}",
        signer=Signer("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG", "Nguyễn Văn Mẫu"),
        due_on=fate.due_on.strftime(DAY) if fate.due_on else None,
        to_places=("Như trên", "Lưu: VT"),
        other=OtherInfo(priority=str(fate.priority)),
        business=Business(BusinessType.NEW),
    )


def file_of(content: Document, sealed_at: datetime | None = None, attachment: bytes | None = None) -> bytes:
    """The field's single file, with one attachment; sealed where the agency's system seals."""
    if attachment is None:
        attachment = b"%PDF-1.7 " + hashlib.sha512((content.document_id or "").encode()).digest() * (
            ATTACHMENT_BYTES // 64
        )
    skeleton = edxml.write(content, [NewAttachment("tep-1", "application/pdf", "văn bản.pdf")])
    if sealed_at is not None and seals(content.sender.id):
        digest = hashlib.sha256(attachment).hexdigest()
        skeleton = seal(skeleton, [("tep-1", digest)], pki().p256.signer, sealed_at)
    return b"".join(edxml.inline(skeleton, [(attachment,)]))


def flawed(content: Document, flaw: Flaw) -> bytes:
    """The same with something wrong that no policy lets pass."""
    match flaw:
        case Flaw.NAMESPACE:
            return file_of(content).replace(QCVN.encode(), b"http://www.go.vn/eDoc")
        case Flaw.STRANGER:
            return file_of(replace(content, addressees=(*content.addressees, Organ("K77.01", "Cơ quan lạ"))))
        case Flaw.SECRET:
            return file_of(replace(content, other=replace(content.other, sphere="TUYỆT MẬT")))
        case Flaw.TORN:
            file = file_of(content)
            return file[: len(file) // 2]
        case Flaw.EMPTY_FILE:
            return file_of(content, attachment=b"")


def changed(original: Document, turn: Turn, reason: str) -> Document:
    """The document by which its sender recalls, updates or replaces another, as the field's writers write it."""
    kind = OFFICE_DOES[turn]
    target = ResponseFor(original.sender.id, original.code, original.promulgated_on, original.document_id)
    business = Business(
        kind,
        reason,
        original.document_id if kind is BusinessType.UPDATE else None,
        replacements=(Replacement(original.document_id),) if kind is BusinessType.REPLACE else (),
    )
    return replace(
        original,
        document_id=f"{original.document_id}-{kind.value}",
        code_number=f"{original.code_number}{'abc'[kind - 1]}",
        due_on=None,
        business=business,
        response_for=(target,) if kind is BusinessType.RECALL else (),
    )


def status(sender: Organ, to: str, of: Document, code: StatusCode, words: str | None, stated_at: datetime) -> bytes:
    """A status packet about a document."""
    about = ResponseFor(to, of.code, of.promulgated_on, of.document_id)
    return edxml.write(Status(sender, about, code, description=words, timestamp=written_at(stated_at)))


def _organ(directory: Directory, key: str) -> Organ:
    agency = directory.agency(key)
    assert agency is not None
    return Organ(key, agency.name)

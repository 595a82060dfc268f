"""The papers of the demo: documents of all four business types and status packets, sealed as agencies do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway import edxml, trust
from gateway.demo.cast import SIGNER, SIGNER_POSITION, Player
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import (
    Business,
    BusinessType,
    Claim,
    Content,
    Document,
    DocumentType,
    Organ,
    OtherInfo,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    Status,
    StatusCode,
    TraceHop,
)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file enclosed with a document."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Paper:
    """A sealed packet, ready to send: the envelope with its attachments beside it."""

    content: Content
    skeleton: bytes
    enclosures: tuple[Enclosure, ...]

    @property
    def document(self) -> Document:
        """The content of a packet that is known to be a document."""
        assert isinstance(self.content, Document), "a status packet"
        return self.content

    @property
    def file(self) -> bytes:
        """The field's single file, attachments inline."""
        return b"".join(edxml.inline(self.skeleton, [[one.data] for one in self.enclosures]))


def letter(
    sender: Player,
    addressees: tuple[tuple[str, str], ...],
    number: int,
    subject: str,
    at: datetime,
    *,
    business: Business | None = None,
    response_for: tuple[ResponseFor, ...] = (),
) -> Document:
    """A công văn of `sender` to (identifier, name) pairs, dated the Viet Nam day of `at`."""
    day = at.astimezone(VIET_NAM).strftime("%Y/%m/%d")
    notation = f"{_initials(sender.name)}-VP"
    return Document(
        sender=Organ(sender.agency, sender.name),
        addressees=tuple(Organ(agency_id, name) for agency_id, name in addressees),
        document_id=f"{sender.agency},{day},{number:02}/{notation}",
        code_number=f"{number:02}",
        code_notation=notation,
        place="Mẫu",
        promulgated_on=day,
        document_type=DocumentType("2", "18", "Công văn"),
        subject=subject,
        content=subject,
        signer=Signer("TL. NGƯỜI ĐỨNG ĐẦU", SIGNER_POSITION.upper(), SIGNER),
        to_places=("Như trên", "Lưu: VT"),
        other=OtherInfo(priority="0", copies="1", pages="1", direction="false"),
        response_for=response_for,
        steering_type="0",
        trace=(TraceHop(sender.agency, at.astimezone(VIET_NAM).strftime("%Y/%m/%d %H:%M:%S")),),
        business=business or Business(BusinessType.NEW, paper="0"),
    )


def changed(
    original: Document, business_type: BusinessType, reason: str, number: int, sender: Player, at: datetime
) -> Document:
    """A recall, update or replacement of a document, with the target where the field's readers look for it."""
    addressees = tuple((organ.id, organ.name or organ.id) for organ in original.addressees)
    target = ResponseFor(original.sender.id, original.code, original.promulgated_on, original.document_id)
    business = change_of(original, business_type, reason)
    subjects = {
        BusinessType.RECALL: f"V/v thu hồi Công văn số {original.code}",
        BusinessType.UPDATE: f"V/v cập nhật Công văn số {original.code}",
        BusinessType.REPLACE: f"V/v thay thế Công văn số {original.code}",
    }
    answers = (target,) if business_type is BusinessType.RECALL else ()
    return letter(sender, addressees, number, subjects[business_type], at, business=business, response_for=answers)


def change_of(original: Document, business_type: BusinessType, reason: str) -> Business:
    """What a recall, update or replacement says it does, its target where the vendors' library writes it."""
    updates, replaces = business_type is BusinessType.UPDATE, business_type is BusinessType.REPLACE
    return Business(
        business_type,
        reason,
        original.document_id if updates else None,
        paper="0",
        document_changes="1" if updates else None,
        receiver_changes="0" if updates else None,
        replacements=(_replacing(original),) if replaces else (),
        staff=Staff("Văn thư", "Trần Thị Mẫu", "vanthu@demo.invalid", "0900000000"),
    )


def status(sender: Player, of: Document, code: StatusCode, at: datetime, description: str) -> Status:
    """What an agency's people did with a document, addressed to its sender."""
    return Status(
        Organ(sender.agency, sender.name),
        ResponseFor(of.sender.id, of.code, of.promulgated_on, of.document_id),
        code,
        Staff("Văn thư", "Lê Văn Mẫu"),
        description,
        at.astimezone(VIET_NAM).strftime("%Y/%m/%d %H:%M:%S"),
    )


def seal(content: Content, enclosures: tuple[Enclosure, ...], sender: Player, at: datetime) -> Paper:
    """Write the strict form and seal it with the sending agency's key."""
    listed = [edxml.NewAttachment(str(201 + place), one.content_type, one.name) for place, one in enumerate(enclosures)]
    digests = [
        (row.content_id, hashlib.sha256(one.data).hexdigest()) for row, one in zip(listed, enclosures, strict=True)
    ]
    skeleton = trust.seal(edxml.write(content, listed), digests, sender.signer, at)
    return Paper(content, skeleton, enclosures)


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


def arrived(file: bytes, open_sink: Callable[[], edxml.Sink]) -> edxml.Received:
    """A packet's file, received whole; a sink takes each of its attachments. Refused where it is none."""
    cutter = edxml.Cutter(edxml.Limits(), open_sink)
    cutter.feed(file)
    return cutter.received()


def read(file: bytes) -> Claim:
    """What a packet's file says, and the digests of its attachments. Refused where it is none."""
    received = arrived(file, _Nowhere)
    return edxml.read(edxml.parse(received.skeleton, edxml.Limits()), received)


def one_page_pdf(line: str) -> Enclosure:
    """A PDF of one page that says one line of plain ASCII: small, valid, and made here."""
    text = f"BT /F1 18 Tf 72 760 Td ({line}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
    ]
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return Enclosure(
        "van-ban.pdf",
        "application/pdf",
        body + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer,
    )


def _replacing(original: Document) -> Replacement:
    return Replacement(original.document_id, tuple(organ.id for organ in original.addressees))


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word[0].isupper())

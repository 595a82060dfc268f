"""Step 4: packets whose form and seal are right, sent by or to somebody who may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from gateway import edxml
from gateway.edxml import Limits, PartWriter, Received
from gateway.model.agency import Agency, Directory, Grant, Peer
from gateway.model.packet import Document, Organ, OtherInfo, ResponseFor, Status
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.rules import Known
from gateway.trust import seal
from tests.pki import DAY, NOW, pki
from tests.vectors.packets import DOCUMENT, LETTER, LETTER_BYTES, STATUS
from tests.vectors.vector import Memory

Change = Callable[[Document], Document]

OFFICE_PEER = Peer("vpcp", "Hệ thống của Văn phòng", (Grant("G22"), Grant("H42"), Grant("G77")))
PROVINCE_PEER = Peer("tinh", "Trục của tỉnh", (Grant("H41", subtree=True), Grant("H14")))


@dataclass(frozen=True)
class Vector:
    """A sealed packet and who sends it. `reason` is the refusal it must get; None: it must be admitted."""

    name: str
    reason: Reason | None
    content: Document | Status
    peer: Peer = OFFICE_PEER

    def received(self) -> Received:
        """The packet, sealed by the office, as it arrives."""
        parts = []
        if isinstance(self.content, Document):
            writer = PartWriter(Limits(), Memory())
            writer.write(LETTER_BYTES)
            parts.append(writer.finish(LETTER.content_id))
        attachments = [(part.content_id or "", part.sha256) for part in parts]
        skeleton = edxml.write(self.content, [LETTER] if parts else [])
        return edxml.received(seal(skeleton, attachments, pki().p256.signer, NOW), parts)


@cache
def known() -> Known:
    """The facts every vector is examined with."""
    certificate = (pki().p256.der,)
    agencies = (
        Agency("G22", "Văn phòng", ("G22", "000.00.00.G22"), certificates=certificate),
        Agency("H41", "Tỉnh", ("H41", "000.00.00.H41"), certificates=certificate),
        Agency("H41.02", "Sở", ("H41.02",), parent="H41"),
        Agency("H14", "Tỉnh khác", ("H14",)),
        Agency("H42", "Đã sáp nhập", ("H42",), period=Period(None, NOW), successor="H41", certificates=certificate),
        Agency("G77", "Chưa thành lập", ("G77",), period=Period(NOW + DAY, None), certificates=certificate),
        Agency("H43", "Chưa kết nối", ("H43",)),
    )
    return Known(Directory(1, agencies, (OFFICE_PEER, PROVINCE_PEER)), pki().trust, Limits(), NOW)


def _from(agency: str) -> Document:
    return replace(DOCUMENT, sender=Organ(agency, "Cơ quan gửi"))


def _to(*agencies: str) -> Document:
    return replace(DOCUMENT, addressees=tuple(Organ(one, "Cơ quan nhận") for one in agencies))


def _status(to: str) -> Status:
    return replace(STATUS, sender=Organ("G22", "Văn phòng"), response_for=ResponseFor(to, "1/A", "2026/11/20", "x"))


VECTORS = [
    Vector("a good document", None, DOCUMENT),
    Vector("to the old identifier of an agency", None, _to("000.00.00.H41")),
    Vector("to both identifiers of one agency", None, _to("H41", "000.00.00.H41")),
    Vector("to a department behind its province's hub", None, _to("H41.02")),
    Vector("from the old identifier of an agency", None, _from("000.00.00.G22")),
    Vector("a status packet", None, _status("H41")),
    Vector("a subject that only speaks of secrets", None, replace(DOCUMENT, subject="V/v bảo vệ bí mật nhà nước")),
    Vector("MẬT as the subject", Reason.AUTHORITY_CLASSIFIED, replace(DOCUMENT, subject="MẬT")),
    Vector("a mark before the subject", Reason.AUTHORITY_CLASSIFIED, replace(DOCUMENT, subject="TỐI MẬT: phương án")),
    Vector("a mark in brackets", Reason.AUTHORITY_CLASSIFIED, replace(DOCUMENT, subject="Phương án (TUYỆT MẬT)")),
    Vector("a mark in the content", Reason.AUTHORITY_CLASSIFIED, replace(DOCUMENT, content="[MẬT] phương án")),
    Vector("a mark as circulation", Reason.AUTHORITY_CLASSIFIED, replace(DOCUMENT, other=OtherInfo(sphere="Tối mật"))),
    Vector("from an agency nobody knows", Reason.AUTHORITY_UNKNOWN_SENDER, _from("G99")),
    Vector("from an agency of another system", Reason.AUTHORITY_NOT_YOURS, _from("H41")),
    Vector("by another system", Reason.AUTHORITY_NOT_YOURS, DOCUMENT, PROVINCE_PEER),
    Vector("by a system whose grant has ended", Reason.AUTHORITY_NOT_YOURS, DOCUMENT,
           replace(OFFICE_PEER, grants=(Grant("G22", period=Period(None, NOW)),))),
    Vector("by a system that was shut out", Reason.AUTHORITY_NOT_YOURS, DOCUMENT, replace(OFFICE_PEER, revoked_at=NOW)),
    Vector("a status packet for another agency", Reason.AUTHORITY_NOT_YOURS,
           replace(_status("G22"), sender=Organ("H41"))),
    Vector("from an agency that has ended", Reason.AUTHORITY_INACTIVE_SENDER, _from("H42")),
    Vector("from an agency that begins tomorrow", Reason.AUTHORITY_INACTIVE_SENDER, _from("G77")),
    Vector("to an agency nobody knows", Reason.AUTHORITY_UNKNOWN_ADDRESSEE, _to("H41", "H99")),
    Vector("a status packet to an agency nobody knows", Reason.AUTHORITY_UNKNOWN_ADDRESSEE, _status("H99")),
    Vector("to an agency that has ended", Reason.AUTHORITY_INACTIVE_ADDRESSEE, _to("H41", "H42")),
    Vector("to an agency nobody receives for", Reason.AUTHORITY_UNREACHABLE_ADDRESSEE, _to("H41", "H43")),
]  # fmt: skip

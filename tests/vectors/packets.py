"""Good packets, made by our own writer, and the ways to spoil one."""

from __future__ import annotations

from collections.abc import Callable

from gateway.edxml import NewAttachment, inline, write
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
    Staff,
    Status,
    TraceHop,
)

Make = Callable[[], bytes]

OFFICE = Organ("G22", "Văn phòng Chính phủ", address="Số 1 Hoàng Hoa Thám, Hà Nội", email="vpcp@chinhphu.vn")
PROVINCE = Organ("H41", "Ủy ban nhân dân tỉnh Nghệ An")
BORDER = Organ("H14", "Ủy ban nhân dân tỉnh Cao Bằng")

DOCUMENT = Document(
    sender=OFFICE,
    addressees=(PROVINCE, BORDER),
    document_id="G22,2026/11/20,7816/VPCP-KSTT",
    code_number="7816",
    code_notation="VPCP-KSTT",
    place="Hà Nội",
    promulgated_on="2026/11/20",
    document_type=DocumentType("2", "18", "Công văn"),
    subject="V/v kết nối, liên thông phần mềm quản lý văn bản",
    content="V/v kết nối, liên thông phần mềm quản lý văn bản",
    signer=Signer("KT. BỘ TRƯỞNG, CHỦ NHIỆM", "Phó Chủ nhiệm", "Nguyễn Văn Ánh"),
    due_on="2026/12/01",
    to_places=("Như trên", "Lưu: VT, KSTT"),
    other=OtherInfo("1", "Công khai", "NVA", "2", "3", "false", ("Danh mục cơ quan",)),
    steering_type="1",
    trace=(TraceHop("G22", "2026/11/20 08:00:00"),),
    business=Business(BusinessType.NEW, "Văn bản điện tử mới", paper="0", staff=Staff("Văn thư", "Trần Thị Bình")),
)
RECALL = Document(
    sender=OFFICE,
    addressees=(PROVINCE,),
    subject="Thu hồi văn bản gửi nhầm",
    response_for=(ResponseFor("G22", "7816/VPCP-KSTT", "2026/11/20", "G22,2026/11/20,7816/VPCP-KSTT"),),
    business=Business(BusinessType.RECALL, "Gửi nhầm nơi nhận"),
)
REPLACEMENT = Document(
    sender=OFFICE,
    addressees=(PROVINCE,),
    business=Business(
        BusinessType.REPLACE, "Sai thể thức", replacements=(Replacement("G22,2026/11/20,7816/VPCP-KSTT", ("H41",)),)
    ),
)
STATUS = Status(
    sender=PROVINCE,
    response_for=ResponseFor("G22", "7816/VPCP-KSTT", "2026/11/20", "G22,2026/11/20,7816/VPCP-KSTT"),
    status_code="03",
    staff=Staff("Phòng Văn thư", "Lê Thị Hoa", "hoa@nghean.gov.vn", "0912000001"),
    description="Đã tiếp nhận, vào sổ văn bản đến",
    timestamp="2026/11/20 14:05:00",
)

LETTER = NewAttachment("209", "application/pdf", "7816-VPCP-KSTT.pdf")
ANNEX = NewAttachment("210", "application/zip", "phu-luc.zip", "Phụ lục")
LETTER_BYTES = b"%PDF-1.7\n" + bytes(range(256)) * 3
ANNEX_BYTES = b"PK\x03\x04" + bytes(reversed(range(256)))

RUN_START = b'ContentTransferEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">'
RUN_END = b"</edXML:ContentTransferEncoded>"


def document() -> bytes:
    """A sound document with two attachments, as a file of the field."""
    return b"".join(inline(write(DOCUMENT, (LETTER, ANNEX)), ((LETTER_BYTES,), (ANNEX_BYTES,))))


def form() -> bytes:
    """The same document as the first part of a form: nothing inside ContentTransferEncoded."""
    return write(DOCUMENT, (LETTER, ANNEX))


def bare() -> bytes:
    """A sound document without attachments."""
    return write(DOCUMENT)


def status() -> bytes:
    """A sound status packet."""
    return write(STATUS)


def swapped(old: str | bytes, new: str | bytes, packet: Make = document, count: int = 1) -> Make:
    """The packet with `old` replaced; a mutation that would change nothing is a mistake in the vector."""

    def make() -> bytes:
        before, after = (one.encode() if isinstance(one, str) else one for one in (old, new))
        good = packet()
        assert before in good, f"nothing to replace: {before!r}"
        return good.replace(before, after, count)

    return make


def with_run(run: bytes) -> Make:
    """The document with `run` in place of the first attachment's base64."""

    def make() -> bytes:
        good = document()
        start = good.index(RUN_START) + len(RUN_START)
        return good[:start] + run + good[good.index(RUN_END, start) :]

    return make


def after(place: str, added: str, packet: Make = bare) -> Make:
    """The packet with something inserted behind the first `place`."""
    return swapped(place, place + added, packet)

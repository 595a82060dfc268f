"""A packet as a careful clerk sends it, and the edits that make it another one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from lxml import etree

from gateway.edxml import Limits, NewAttachment, Parsed, Part, parse, read, received, write
from gateway.edxml.names import QCVN
from gateway.model.agency import Agency, Directory
from gateway.model.packet import (
    Business,
    BusinessType,
    Claim,
    Document,
    DocumentType,
    Organ,
    OtherInfo,
    ResponseFor,
    Signer,
    Staff,
    Status,
    TraceHop,
)

Edits = Mapping[str, str | None]
"""Path to new text; None takes the element away, a path that is not there is made. Paths start at MessageHeader, or
with `trace:` at TraceHeaderList, `list:` at edXMLManifest, `envelope:` at edXMLEnvelope; `[n]` counts siblings."""

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
"""Ten in the morning in Viet Nam, on the day the good packet was promulgated: a Friday."""

DIRECTORY = Directory(
    1,
    (
        Agency("H23", "Ủy ban nhân dân tỉnh Hải Dương", ("H23", "000.00.00.H23")),
        Agency("H23.12", "Sở Nội vụ tỉnh Hải Dương", ("H23.12", "000.00.12.H23"), parent="H23"),
        Agency("H23.13", "Sở Tài chính tỉnh Hải Dương", ("H23.13", "000.00.13.H23"), parent="H23"),
        Agency("H23.99", "Sở Dân vận tỉnh Hải Dương", ("H23.99",), parent="H23", successor="H23.12"),
        Agency("G12", "Bộ Tài chính", ("G12", "000.00.00.G12")),
    ),
)

DOCUMENT = Document(
    sender=Organ(
        id="H23.12",
        name="Sở Nội vụ tỉnh Hải Dương",
        in_charge="Ủy ban nhân dân tỉnh Hải Dương",
        address="Số 15, đường Bạch Đằng, thành phố Hải Dương",
        email="vanthu@sonoivu.haiduong.gov.vn",
        telephone="0220 3853 579",
        fax="0220 3853 580",
        website="sonoivu.haiduong.gov.vn",
    ),
    addressees=(
        Organ(
            id="H23.13",
            name="Sở Tài chính tỉnh Hải Dương",
            in_charge="Ủy ban nhân dân tỉnh Hải Dương",
            email="vanthu@sotaichinh.haiduong.gov.vn",
        ),
        Organ(id="G12", name="Bộ Tài chính"),
    ),
    document_id="H23.12,2026/11/20,1203/SNV-VP",
    code_number="1203",
    code_notation="SNV-VP",
    place="Hải Dương",
    promulgated_on="2026/11/20",
    document_type=DocumentType("2", "18", "Công văn"),
    subject="V/v phối hợp rà soát biên chế năm 2027",
    content="V/v phối hợp rà soát biên chế năm 2027",
    signer=Signer("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "Nguyễn Thị Thu Hà"),
    due_on="2026/12/05",
    to_places=("Như trên", "Lưu: VT, VP"),
    other=OtherInfo(priority="0", sphere="Công khai", typer="NTT", copies="10", pages="2", direction="false"),
    response_for=(ResponseFor("G12", "4512/BTC-TCCB", "2026/11/02", "G12,2026/11/02,4512/BTC-TCCB"),),
    steering_type="0",
    trace=(TraceHop("H23.12", "2026/11/20 09:15:00"),),
    business=Business(
        BusinessType.NEW,
        reason="Văn bản điện tử mới",
        document_id="H23.12,2026/11/20,1203/SNV-VP",
        paper="0",
        staff=Staff("Văn phòng", "Trần Văn Bình", "binhtv@haiduong.gov.vn", "0912000001"),
    ),
)

STATUS = Status(
    sender=Organ(id="H23.13", name="Sở Tài chính tỉnh Hải Dương", in_charge="Ủy ban nhân dân tỉnh Hải Dương"),
    response_for=ResponseFor("H23.12", "1203/SNV-VP", "2026/11/20", "H23.12,2026/11/20,1203/SNV-VP"),
    status_code="02",
    staff=Staff("Văn phòng", "Lê Thị Mai", "mailt@haiduong.gov.vn", "0912000002"),
    description="Gửi nhầm nơi nhận: văn bản thuộc thẩm quyền của Sở Kế hoạch và Đầu tư",
    timestamp="2026/11/20 09:40:00",
)

FILES = (
    NewAttachment("cv1", "application/pdf", "1203-snv-vp.pdf", "Công văn"),
    NewAttachment("pl1", "application/pdf", "bieu-tong-hop.pdf", "Biểu tổng hợp"),
)
SIZES = (48_211, 20_480)

_ROOTS = {
    "": ".//{q}MessageHeader",
    "trace": ".//{q}TraceHeaderList",
    "list": ".//{q}edXMLManifest",
    "envelope": ".//{q}edXMLEnvelope",
}
_STEP = re.compile(r"(@?\w+)(?:\[(\d+)\])?")


def skeleton(base: Document | Status, edits: Edits) -> bytes:
    """The packet after the edits. A DocumentId not edited follows its parts, in the business block too."""
    root = etree.fromstring(write(base, FILES if isinstance(base, Document) else ()))
    for path, text in edits.items():
        _edit(root, path, text)
    if isinstance(base, Document):
        if "DocumentId" not in edits:
            parts = [_text(root, path) for path in ("From/OrganId", "PromulgationInfo/PromulgationDate")]
            code = "/".join(_text(root, f"Code/{part}") for part in ("CodeNumber", "CodeNotation"))
            _edit(root, "DocumentId", ",".join((*parts, code)))
        if not edits.keys() & {"trace:Bussiness/DocumentId", "trace:Bussiness/BussinessDocType"}:
            _edit(root, "trace:Bussiness/DocumentId", _text(root, "DocumentId") or None)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def parsed(base: Document | Status, edits: Edits) -> Parsed:
    return parse(skeleton(base, edits), Limits())


def claim_of(packet: Parsed, sizes: tuple[int, ...] = SIZES, heads: tuple[bytes, ...] = (b"%PDF-1.7",) * 2) -> Claim:
    """What the packet says, as if attachments of these sizes and first bytes had come with it."""
    count = len(packet.root.findall(f".//{{{QCVN}}}Attachment"))
    parts = tuple(
        Part(content_id=None, sha256=f"{number:064x}", size_bytes=size, head=head[:8], sink=_Nowhere())
        for number, size, head in zip(range(count), sizes, heads, strict=False)
    )
    return read(packet, received(etree.tostring(packet.root), parts))


class _Nowhere:
    def write(self, data: bytes) -> None:
        """Takes what nobody reads."""

    def close(self) -> None:
        """Has nothing to close."""


def _text(root: etree._Element, path: str) -> str:
    element = _element(root, path, make=False)
    return (element.text or "") if element is not None else ""


def _edit(root: etree._Element, path: str, text: str | None) -> None:
    where, _, attribute = path.partition("@")
    element = _element(root, where.rstrip("/"), make=text is not None)
    if attribute:
        assert element is not None
        element.set(attribute, text or "")
    elif text is not None:
        assert element is not None
        element.text = text
    elif element is not None:
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)


def _element(root: etree._Element, path: str, make: bool) -> etree._Element | None:
    start, _, steps = path.rpartition(":")
    element = root.find(_ROOTS[start].format(q=f"{{{QCVN}}}"))
    for step in filter(None, steps.split("/")):
        assert element is not None, path
        matched = _STEP.fullmatch(step)
        assert matched, step
        name, number = f"{{{QCVN}}}{matched[1]}", int(matched[2] or 1)
        twins = element.findall(name)
        if number <= len(twins):
            element = twins[number - 1]
        elif make:
            element = etree.SubElement(element, name)
        else:
            return None
    return element

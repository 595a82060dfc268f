"""A packet in the strict form with two attachments, sealed on request: what the seal's tests start from."""

from __future__ import annotations

import hashlib

from gateway.edxml import Limits, Parsed
from gateway.trust import Signer, seal
from gateway.trust.tree import parse
from tests.pki import NOW, pki

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"

ATTACHMENTS = {
    "209": ("congvan.pdf", "application/pdf", b"%PDF-1.7 C\xc3\xb4ng v\xc4\x83n 7816\n"),
    "phuluc.1": (
        "phụ lục.xlsx",
        "application/vnd.openxmlformats",
        b"PK\x03\x04 ph\xe1\xbb\xa5 l\xe1\xbb\xa5c \x00\xff",
    ),
}

_MESSAGE = """<edXML:MessageHeader>
        <edXML:From>
          <edXML:OrganId>G22</edXML:OrganId>
          <edXML:OrganName>Văn phòng Chính phủ</edXML:OrganName>
        </edXML:From>
        <edXML:To>
          <edXML:OrganId>H41.02</edXML:OrganId>
          <edXML:OrganName>Sở Nội vụ tỉnh Nghệ An</edXML:OrganName>
        </edXML:To>
        <edXML:DocumentId>G22,2026/11/20,7816/VPCP-TTĐT</edXML:DocumentId>
        <edXML:Code>
          <edXML:CodeNumber>7816</edXML:CodeNumber>
          <edXML:CodeNotation>VPCP-TTĐT</edXML:CodeNotation>
        </edXML:Code>
        <edXML:PromulgationInfo>
          <edXML:Place>Hà Nội</edXML:Place>
          <edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate>
        </edXML:PromulgationInfo>
        <edXML:DocumentType>
          <edXML:Type>2</edXML:Type>
          <edXML:TypeDetail>18</edXML:TypeDetail>
          <edXML:TypeName>Công văn</edXML:TypeName>
        </edXML:DocumentType>
        <edXML:Subject>V/v kết nối, liên thông phần mềm &amp; dữ liệu</edXML:Subject>
        <edXML:SignerInfo>
          <edXML:Competence>KT. BỘ TRƯỞNG</edXML:Competence>
          <edXML:Position>Thứ trưởng</edXML:Position>
          <edXML:FullName>Nguyễn Văn An</edXML:FullName>
        </edXML:SignerInfo>
      </edXML:MessageHeader>"""

_STATUS = """<edXML:MessageHeader>
        <edXML:From>
          <edXML:OrganId>H41.02</edXML:OrganId>
          <edXML:OrganName>Sở Nội vụ tỉnh Nghệ An</edXML:OrganName>
        </edXML:From>
        <edXML:ResponseFor>
          <edXML:OrganId>G22</edXML:OrganId>
          <edXML:Code>7816/VPCP-TTĐT</edXML:Code>
          <edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate>
          <edXML:DocumentId>G22,2026/11/20,7816/VPCP-TTĐT</edXML:DocumentId>
        </edXML:ResponseFor>
        <edXML:StatusCode>03</edXML:StatusCode>
        <edXML:Description>Văn thư đã tiếp nhận</edXML:Description>
        <edXML:Timestamp>2026/11/23 08:00:00</edXML:Timestamp>
      </edXML:MessageHeader>"""

_TRACE = """
      <edXML:TraceHeaderList>
        <edXML:TraceHeader>
          <edXML:OrganId>G22</edXML:OrganId>
          <edXML:Timestamp>2026/11/23 07:59:00</edXML:Timestamp>
        </edXML:TraceHeader>
      </edXML:TraceHeaderList>"""

RECEIPT = """<?xml version="1.0" encoding="UTF-8"?>
<receipt xmlns="urn:truc:receipt:1" Id="receipt">
  <dispatch>01JD</dispatch>
  <title>Giấy biên nhận &lt;thử&gt;</title>
</receipt>
""".encode()

Digests = list[tuple[str, str]]


def tree(skeleton: bytes) -> Parsed:
    """The handle a reader hands to `verify`, without the reader's own refusals: the seal's rules stand alone."""
    return Parsed(parse(skeleton), skeleton, skeleton.decode(), Limits(), commented=b"<!--" in skeleton)


def document(attachments: dict[str, tuple[str, str, bytes]] = ATTACHMENTS) -> bytes:
    """A document packet's skeleton, not yet sealed."""
    manifest = "".join(
        f"<edXML:Reference>{_row('edXML:', one, file)}</edXML:Reference>\n" for one, file in attachments.items()
    )
    content = "<ContentTransferEncoded></ContentTransferEncoded>"
    beside = "".join(f"<Attachment>{_row('', one, file)}{content}</Attachment>\n" for one, file in attachments.items())
    body = f'<edXML:edXMLBody><edXML:edXMLManifest version="1.0">{manifest}</edXML:edXMLManifest></edXML:edXMLBody>'
    return _packet(_MESSAGE + _TRACE, body, f"<AttachmentEncoded>{beside}</AttachmentEncoded>" if beside else "")


def _row(prefix: str, content_id: str, file: tuple[str, str, bytes]) -> str:
    fields = {"ContentId": f"cid:{content_id}", "ContentType": file[1], "AttachmentName": file[0]}
    return "".join(f"<{prefix}{name}>{text}</{prefix}{name}>" for name, text in fields.items())


def status() -> bytes:
    """A status packet's skeleton, not yet sealed."""
    return _packet(_STATUS, "", "")


def digests(attachments: dict[str, tuple[str, str, bytes]] = ATTACHMENTS) -> Digests:
    return [(one, hashlib.sha256(data).hexdigest()) for one, (_, _, data) in attachments.items()]


def sealed(signer: Signer | None = None) -> bytes:
    """The sample sealed by the P-256 agency, or by `signer`."""
    return seal(document(), digests(), signer or pki().p256.signer, NOW)


def _packet(header: str, body: str, beside: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{QCVN}">
  <edXML:edXMLEnvelope xmlns:edXML="{QCVN}">
    <edXML:edXMLHeader>
      {header}
    </edXML:edXMLHeader>{body}
  </edXML:edXMLEnvelope>
  {beside}
</edXML>
""".encode()

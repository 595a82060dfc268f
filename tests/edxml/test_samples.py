"""Packets of the field, as a vendor's library writes them: each is read field by field, or refused at its line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gateway import edxml
from gateway.edxml import Cutter, Limits, Profile, SignatureState, inline
from gateway.model.envelope import EnvelopeFault
from gateway.model.packet import (
    BusinessType,
    Claim,
    Document,
    Receiver,
    Replacement,
    ResponseFor,
    Staff,
    Status,
    StatusCode,
    TraceHop,
)
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.rules.examine import envelope_signature
from tests.vectors.vector import Memory

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
NOTICE = "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the field samples do not lie beside this checkout"),
]


def _read(name: str) -> tuple[Claim, edxml.Parsed, edxml.Received]:
    cutter = Cutter(Limits(), Memory)
    cutter.feed((SAMPLES / name).read_bytes())
    received = cutter.received()
    parsed = edxml.parse(received.skeleton, Limits())
    assert edxml.validate(parsed) == ()
    return edxml.read(parsed, received), parsed, received


def _document(name: str) -> Document:
    content = _read(name)[0].content
    assert isinstance(content, Document)
    return content


def _status(name: str) -> Status:
    content = _read(name)[0].content
    assert isinstance(content, Status)
    return content


def test_a_new_document_is_read_with_all_its_fields() -> None:
    document = _document("document_new.edxml")
    assert (document.sender.id, document.sender.fax) == ("000.00.00.A80", "048989898789")
    assert [one.id for one in document.addressees] == ["28.22.H17"]
    assert document.addressees[0].telephone == "(84-4) 3821 5137"
    assert document.document_id == NOTICE
    assert document.code == "74fass22/VPCP-TTĐT"
    assert (document.place, document.promulgated_on) == ("Hà Nội", "2019/01/16")
    assert (document.document_type.type, document.document_type.detail, document.document_type.name) == (
        "1",
        "0",
        "Công văn",
    )
    assert document.subject == document.content == "V/v kết nối, liên thông phần mềm quản lý văn bản"
    assert (document.signer.competence, document.signer.full_name) == ("TL. BO TRUONG", "Nguyen Thanh Phuc")
    assert document.due_on == "2018/09/28"
    assert document.to_places == ("Cac bo va co quan ngang bo", "Uy ban nhan dan cac tinh, TP")
    assert (document.other.priority, document.other.copies, document.other.pages) == ("0", "2", "22")
    assert document.other.direction == "false"
    assert document.other.appendixes == ("Công văn về việc kết nối, liên thông phần mềm quản lý văn bản",)
    assert document.steering_type == "1"
    assert document.trace == (TraceHop("000.00.00.G22", "2018/09/28 00:00:00"),)
    assert document.business is not None
    assert document.business.type is BusinessType.NEW
    assert document.business.document_id == "000.00.00.G22,2014/02/30,7806/VPCP-TTĐT"
    assert document.business.staff == Staff(
        "Văn thư văn phòng", "Nguyễn Thị Ngọc Trâm", "vanthuvanphong@gov.vn", "84912000001"
    )


def test_a_recall_is_read_with_the_document_it_recalls() -> None:
    document = _document("document_recall.edxml")
    assert document.business_type is BusinessType.RECALL
    assert [one.id for one in document.addressees] == ["000.00.00.H41", "000.00.00.H14", "000.00.00.G17"]
    assert document.response_for == (
        ResponseFor("000.00.00.H14", "267/VPCP-TTĐT", "2018/09/28", "000.00.04.G14,2012/08/06,267/VPCP-TTĐT"),
    )
    assert document.change_target == "000.00.04.G14,2012/08/06,267/VPCP-TTĐT"


def test_an_update_is_read_with_its_receivers() -> None:
    document = _document("document_update.edxml")
    assert document.business is not None
    assert document.business.type is BusinessType.UPDATE
    assert (document.business.document_changes, document.business.receiver_changes) == ("1", "1")
    assert document.business.receivers == (Receiver("000.00.00.H41", "0"), Receiver("000.00.00.H14", "1"))
    assert document.change_target == "000.00.00.G22,2014/02/30,7806/VPCP-TTĐT"


def test_a_replacement_is_read_with_what_it_replaces() -> None:
    document = _document("document_replace.edxml")
    assert document.business is not None
    assert document.business.type is BusinessType.REPLACE
    old = Replacement("000.00.00.G22,2014/01/30,7806/VPCP-TTĐT", ("000.00.00.H41", "000.00.00.H14"))
    assert document.business.replacements == (old, old)
    assert document.change_target == old.document_id


@pytest.mark.parametrize("kind", ["new", "recall", "update", "replace"])
def test_the_attachment_is_decoded_recognised_as_wrapped_and_put_back_byte_for_byte(kind: str) -> None:
    claim, parsed, received = _read(f"document_{kind}.edxml")
    (attachment,) = claim.attachments
    data = bytes(received.parts[0].sink.data)
    assert attachment.content_id == claim.content.manifest[0].content_id == "209"
    assert attachment.name == claim.content.manifest[0].name == "1896_QD-TTg_m_294779.doc"
    assert attachment.content_type == "application/zip"
    assert attachment.wrapped
    assert data.startswith(b"PK\x03\x04")
    assert (attachment.sha256, attachment.size_bytes) == (hashlib.sha256(data).hexdigest(), 270_823)
    assert b"".join(inline(received.skeleton, [[data]])) == (SAMPLES / f"document_{kind}.edxml").read_bytes()
    assert edxml.signature_state(parsed) is SignatureState.PLACEHOLDER
    assert envelope_signature(parsed, received).fault is EnvelopeFault.EXAMPLE
    assert not parsed.commented


@pytest.mark.parametrize(
    ("name", "code", "sender", "to", "says"),
    [
        ("status_01", StatusCode.ARRIVED, "000.00.00.H41", "000.00.00.G22", "Đã đến"),
        ("status_02", StatusCode.REFUSED, "000.00.00.H41", "000.00.00.G22", "Từ chối không tiếp nhận"),
        ("status_03", StatusCode.ACCEPTED, "000.00.00.H41", "000.00.00.G22", "Tiếp nhận văn bản điện tử"),
        ("status_13", StatusCode.TAKE_BACK, "000.00.00.G22", "000.00.00.H41", "yêu cầu lấy lại"),
    ],
)
def test_a_status_packet_is_read_with_all_its_fields(name: str, code: str, sender: str, to: str, says: str) -> None:
    status = _status(f"{name}.edxml")
    assert status.status_code == code
    assert status.sender.id == sender
    assert [one.id for one in status.addressees] == [to]
    assert status.response_for == ResponseFor(to, "7816/VPCP-TTĐT", "2015/09/30", NOTICE)
    assert status.staff == Staff("Phong hanh chinh", "Nguyen thi ngoc tram", "ngoctram@nghean.vn", "84912000001")
    assert status.description is not None
    assert says in status.description
    assert status.timestamp == "2015/09/20 11:08:36"


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [("malformed_text_before_prolog.edxml", 1, "«1212»"), ("malformed_unbound_prefix.edxml", 116, "«xlink»")],
)
def test_a_malformed_packet_is_refused_at_its_line(name: str, line: int, says: str) -> None:
    with pytest.raises(Refused) as refusal:
        _read(name)
    assert refusal.value.reason is Reason.XML_MALFORMED
    assert refusal.value.finding.place.line == line
    assert says in refusal.value.finding.detail("vi")


def test_what_the_field_writes_is_not_of_the_strict_profile_and_each_difference_has_its_line() -> None:
    _, parsed, _ = _read("document_recall.edxml")
    findings = edxml.validate(parsed, Profile.STRICT)
    assert {one.place.path.rpartition("/")[2] for one in findings} >= {"edXMLEnvelope", "Signature"}
    assert all(one.place.line for one in findings)

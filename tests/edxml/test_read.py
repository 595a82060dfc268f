"""Reading: what the field's oddities mean, and how attachments are matched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import edxml
from gateway.edxml import Limits, NewAttachment, inline, write
from gateway.model.packet import Document, ResponseFor, TraceHop
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.vectors import form, markup
from tests.vectors.packets import (
    ANNEX,
    ANNEX_BYTES,
    DOCUMENT,
    LETTER,
    LETTER_BYTES,
    STATUS,
    after,
    bare,
    document,
    status,
    swapped,
)
from tests.vectors.vector import claim_of

BY_NAME = {vector.name: vector for vector in (*form.VECTORS, *markup.VECTORS)}


def _document(packet: bytes) -> Document:
    content = claim_of(packet).content
    assert isinstance(content, Document)
    return content


@pytest.mark.parametrize("name", ["another prefix", "no prefix at all", "AttachmentEncoded before the envelope"])
def test_prefixes_and_places_do_not_change_what_a_packet_says(name: str) -> None:
    claim = claim_of(BY_NAME[name].make())
    assert (claim.content, claim.attachments) == (claim_of(document()).content, claim_of(document()).attachments)


def test_the_order_of_elements_does_not_change_what_a_packet_says() -> None:
    content = _document(BY_NAME["elements in another order"].make())
    assert replace(content, addressees=DOCUMENT.addressees) == DOCUMENT


def test_an_empty_response_and_a_trace_of_null_are_read_as_nothing() -> None:
    assert _document(BY_NAME["an empty ResponseFor"].make()).response_for == (ResponseFor(),)
    assert _document(BY_NAME["a trace of null"].make()).trace == (TraceHop(None, "2026/11/20 08:00:00"),)


def _steering_type(written: str) -> str | None:
    return _document(swapped("SteeringType>1<", f"SteeringType>{written}<", bare)()).steering_type


def test_empty_and_null_values_are_none() -> None:
    assert [_steering_type(written) for written in ("", "null", " \r\n\t", " null ")] == [None] * 4
    assert _steering_type("NULL") == "NULL"


def test_only_xml_white_space_is_taken_off() -> None:
    assert _steering_type("\n\u00a01 2 \n") == "\u00a01 2"


def test_cdata_and_references_are_text_like_any_other() -> None:
    assert _document(BY_NAME["CDATA for a value"].make()).place == "Hà Nội"
    assert _document(after("<edXML:Subject>", "A &amp; B &#272;")()).subject == f"A & B Đ{DOCUMENT.subject}"


def test_content_ids_lose_their_scheme() -> None:
    claim = claim_of(document().replace(b"<ContentId>cid:", b"<ContentId>"))
    assert [one.content_id for one in claim.attachments] == ["209", "210"]
    assert _document(BY_NAME["a content id by xlink:href"].make()).manifest[0].content_id == "209"


@pytest.mark.parametrize(
    ("name", "data", "wrapped"),
    [
        ("quyet-dinh.doc", b"PK\x03\x04...", True),
        ("quyet-dinh.PDF", b"PK\x03\x04...", True),
        ("quyet-dinh", b"PK\x03\x04...", True),
        ("quyet-dinh.docx", b"PK\x03\x04...", False),
        ("ho-so.ZIP", b"PK\x03\x04...", False),
        ("quyet-dinh.pdf", b"%PDF-1.7", False),
        ("quyet-dinh.pdf", b"PK", False),
        ("quyet-dinh.pdf", b"", False),
    ],
)
def test_a_zip_around_a_file_is_recognised_by_its_bytes(name: str, data: bytes, wrapped: bool) -> None:
    packet = write(DOCUMENT, [NewAttachment("1", "application/pdf", name)])
    (attachment,) = claim_of(b"".join(inline(packet, [(data,)]))).attachments
    assert attachment.wrapped is wrapped


def test_a_file_of_another_id_is_told_with_both_ids() -> None:
    with pytest.raises(Refused) as refusal:
        claim_of(write(DOCUMENT, (LETTER, ANNEX)), parts=(("210", ANNEX_BYTES), ("209", LETTER_BYTES)))
    assert refusal.value.reason is Reason.FORM_MANIFEST_MISMATCH
    assert "«210»" in refusal.value.finding.detail("vi")
    assert "«209»" in refusal.value.finding.detail("vi")


def test_content_that_was_not_cut_out_is_never_read_as_cut() -> None:
    parsed = edxml.parse(document(), Limits())
    with pytest.raises(Refused) as refusal:
        edxml.read(parsed, edxml.received(document(), ()))
    assert refusal.value.reason is Reason.FORM_MANIFEST_MISMATCH


def test_a_second_element_that_may_stand_once_is_told_with_its_place() -> None:
    with pytest.raises(Refused) as refusal:
        claim_of(after("<edXML:MessageHeader>", "<edXML:Subject>x</edXML:Subject>")())
    assert refusal.value.reason is Reason.FORM_SCHEMA
    assert refusal.value.finding.place.path.endswith("/MessageHeader/Subject[2]")


def test_what_is_planted_in_an_extension_is_not_read() -> None:
    planted = '<x:a xmlns:x="urn:x"><edXML:MessageHeader><edXML:Subject>x</edXML:Subject></edXML:MessageHeader></x:a>'
    assert _document(after("<edXML:edXMLHeader>", planted)()) == DOCUMENT


def test_a_status_is_told_from_a_document_by_its_code() -> None:
    assert claim_of(status()).content == STATUS
    assert [one.id for one in STATUS.addressees] == ["G22"]


def test_canonical_bytes_of_anything_but_an_envelope_are_refused() -> None:
    with pytest.raises(Refused) as refusal:
        edxml.read_content(bare(), Limits())
    assert refusal.value.reason is Reason.FORM_SCHEMA
    with pytest.raises(Refused) as refusal:
        edxml.read_content(bare(), Limits(envelope_bytes_max=10))
    assert refusal.value.reason is Reason.ENVELOPE_TOO_LARGE

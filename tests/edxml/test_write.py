"""Writing: the strict form, and the file of the field made from it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from gateway.edxml import NewAttachment, inline, write
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.vectors.packets import ANNEX, DOCUMENT, LETTER, LETTER_BYTES, STATUS

ORDER_OF_A_DOCUMENT = (
    "From To DocumentId Code PromulgationInfo DocumentType Subject Content SignerInfo DueDate OtherInfo SteeringType "
    "ToPlaces"
)
ORDER_OF_A_STATUS = "From ResponseFor StaffInfo StatusCode Description Timestamp"


def test_the_namespace_is_bound_twice_as_field_readers_expect() -> None:
    lines = write(DOCUMENT, (LETTER,)).decode().splitlines()
    uri = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
    assert lines[0] == '<?xml version="1.0" encoding="UTF-8"?>'
    assert lines[1] == f'<edXML xmlns="{uri}">'
    assert lines[2] == f'<edXML:edXMLEnvelope xmlns:edXML="{uri}" Id="envelope">'
    assert "<AttachmentEncoded>" in lines
    assert f'<edXML:ContentTransferEncoded xmlns:edXML="{uri}"></edXML:ContentTransferEncoded>' in lines
    assert "<!--" not in "".join(lines)


@pytest.mark.parametrize(("content", "order"), [(DOCUMENT, ORDER_OF_A_DOCUMENT), (STATUS, ORDER_OF_A_STATUS)])
def test_elements_stand_in_the_order_packets_of_the_field_share(content: object, order: str) -> None:
    packet = write(content).decode()  # type: ignore[arg-type]
    places = [packet.index(f"<edXML:{name}>", packet.index("<edXML:MessageHeader>")) for name in order.split()]
    assert all(first < second for first, second in pairwise(places))


def test_markup_in_values_is_escaped() -> None:
    packet = write(replace(DOCUMENT, subject="1 < 2 & 3 > 2 ]]>\r\n"))
    assert b"1 &lt; 2 &amp; 3 &gt; 2 ]]&gt;&#13;\n</edXML:Subject>" in packet


@pytest.mark.parametrize("text", ["\x00", "\x0b", "a\u202eb", "\ufeff", "\uffff", "Ha\u0300 No\u0323\u0302i"])
def test_a_text_no_packet_may_hold_is_not_written(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        write(replace(DOCUMENT, subject=text))
    assert refusal.value.reason is Reason.FORM_CHARACTERS
    with pytest.raises(Refused):
        write(DOCUMENT, [NewAttachment("1", "text/plain", text)])


def test_a_packet_without_attachments_has_no_body() -> None:
    assert b"edXMLBody" not in write(DOCUMENT)
    assert b"AttachmentEncoded" not in write(DOCUMENT)


def test_parts_and_places_must_be_as_many() -> None:
    skeleton = write(DOCUMENT, (LETTER, ANNEX))
    with pytest.raises(ValueError, match="1 parts for 2 places"):
        list(inline(skeleton, [(LETTER_BYTES,)]))


def test_a_self_closed_element_takes_no_bytes() -> None:
    skeleton = b"<a><ContentTransferEncoded/></a>"
    assert b"".join(inline(skeleton, [()])) == skeleton
    with pytest.raises(ValueError, match="self-closed"):
        list(inline(skeleton, [(b"x",)]))


def test_the_file_comes_in_pieces_of_the_size_it_is_given() -> None:
    chunks = (bytes(3_000) for _ in range(100))
    pieces = list(inline(write(DOCUMENT, (LETTER,)), [chunks]))
    assert max(map(len, pieces)) <= 4_000
    assert len(pieces) > 100

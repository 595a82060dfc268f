"""A receipt is its own canonical form: another program's C14N leaves it as it is, and only that form is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.receipt import RECEIPT_BYTES_MAX, RECEIPT_ID, ReceiptFacts, read_receipt, write_receipt
from gateway.trust import countersign, countersign_canonical
from tests.pki import NOW, pki

FACTS = ReceiptFacts(
    dispatch_id="01KB2M7Q0N5W4Z8T3R6Y9C1D2E",
    origin="truc.example/ledger",
    peer="truc-bo-noi-vu",
    sender="G09",
    document_id="000.00.00.G09,2026/11/23,7816/BNV-TTĐT",
    packet_digest="01" * 32,
    attachments=(("a-1.pdf", "02" * 32, 20_480), ("a-2", "03" * 32, 0)),
    addressees=(("H26", "000.00.00.H26"), ("H26.17", "H26.17")),
    admitted_at=datetime(2026, 11, 23, 8, 0, 0, 123456, UTC),
    findings=("seal.missing",),
    seal_certificate="04" * 32,
)
BARE = replace(FACTS, document_id=None, attachments=(), addressees=(), findings=(), seal_certificate=None)

xml_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], min_codepoint=0x20, max_codepoint=0x10FFFF))
xml_text = xml_text.map(lambda text: text.replace("\ufffe", "").replace("\uffff", "")) | st.sampled_from(
    ["", "\t", "\n", "\r", "\r\n", "&", "<", ">", '"', "'", "&amp;", "&#xD;", "]]>", "<!--", "Ngô Văn Đ"]
)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
receipts = st.builds(
    ReceiptFacts,
    dispatch_id=xml_text,
    origin=xml_text,
    peer=xml_text,
    sender=xml_text,
    document_id=st.none() | xml_text,
    packet_digest=digests,
    attachments=st.lists(st.tuples(xml_text, digests, st.integers(0, 2**40)), max_size=3).map(tuple),
    addressees=st.lists(st.tuples(xml_text, xml_text), max_size=3).map(tuple),
    admitted_at=st.datetimes(timezones=st.just(UTC)),
    findings=st.lists(xml_text, max_size=2).map(tuple),
    seal_certificate=st.none() | digests,
)


@given(receipts)
def test_a_receipt_equals_its_exclusive_canonical_form(facts: ReceiptFacts) -> None:
    written = write_receipt(facts)
    assert etree.tostring(etree.fromstring(written), method="c14n", exclusive=True) == written


@given(receipts)
def test_a_receipt_is_read_as_written(facts: ReceiptFacts) -> None:
    assert read_receipt(write_receipt(facts)) == facts


@given(receipts)
def test_a_receipt_is_sealed_without_being_parsed_as_it_is_when_parsed(facts: ReceiptFacts) -> None:
    receipt, signer = write_receipt(facts), pki().gateway.signer
    assert countersign_canonical(receipt, RECEIPT_ID, signer, NOW) == countersign(receipt, signer, NOW)


@pytest.mark.parametrize("facts", [FACTS, BARE])
def test_a_receipt_follows_its_schema(facts: ReceiptFacts) -> None:
    schema = etree.XMLSchema(file=Path(__file__).parents[2] / "schemas" / "receipt.xsd")
    schema.assertValid(etree.fromstring(write_receipt(facts)))
    sealed = write_receipt(facts).replace(
        b"</Receipt>", b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"></ds:Signature></Receipt>'
    )
    schema.assertValid(etree.fromstring(sealed))


@pytest.mark.parametrize("facts", [FACTS, BARE])
def test_a_changed_byte_is_another_receipt_or_none(facts: ReceiptFacts) -> None:
    written = write_receipt(facts)
    for place in range(len(written)):
        for byte in {written[place] ^ 1, written[place] ^ 0x20, 0x3C, 0x26, 0x0D, 0xFF} - {written[place]}:
            changed = written[:place] + bytes([byte]) + written[place + 1 :]
            try:
                read = read_receipt(changed)
            except ProofError as refusal:
                assert refusal.fault is Fault.RECEIPT_FORM
            else:
                assert write_receipt(read) == changed
                assert read != facts


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_as_a_receipt(data: bytes) -> None:
    for receipt in (data, write_receipt(FACTS) + data):
        if receipt != write_receipt(FACTS):
            with pytest.raises(ProofError) as refusal:
                read_receipt(receipt)
            assert refusal.value.fault is Fault.RECEIPT_FORM


@pytest.mark.parametrize(
    ("change", "to"),
    [
        (b"<Peer>", b"<Peer><!-- x -->"),
        (b"<Peer>", b"<Peer >"),
        (b"<Attachments>", b"<Attachments> "),
        (b'contentId="a-2" ', b""),
        (b'size="0"', b'size="00"'),
        (b'size="0"', b'size="-1"'),
        (b"</Findings>", b"</Findings><Findings></Findings>"),
        (b'<Finding reason="seal.missing"></Finding>', b'<Finding reason="seal.missing"/>'),
        (b"truc-bo-noi-vu", b"truc-bo-noi-v&#117;"),
        (b"truc-bo-noi-vu", b"truc-bo-noi-vu&quot;"),
        (b"truc-bo-noi-vu", b"truc-bo-noi-vu>"),
        (b".123456Z", b".123456+00:00"),
        (b"2026-11-23T", b"2026-02-30T"),
        (b'Id="receipt"', b'Id="other"'),
        (b"urn:vn:truc:receipt:1", b"urn:vn:truc:receipt:2"),
        (b"<SealCertificate>04", b"<SealCertificate>0G"),
    ],
)
def test_no_other_spelling_of_a_receipt_is_read(change: bytes, to: bytes) -> None:
    written = write_receipt(FACTS)
    assert change in written
    with pytest.raises(ProofError) as refusal:
        read_receipt(written.replace(change, to, 1))
    assert refusal.value.fault is Fault.RECEIPT_FORM


@pytest.mark.parametrize("character", ["\0", "\x08", "\x1f", "\ufffe", "\ud800"])
def test_what_xml_cannot_hold_is_not_written(character: str) -> None:
    for facts in (replace(FACTS, peer=character), replace(FACTS, findings=(character,))):
        with pytest.raises(ProofError) as refusal:
            write_receipt(facts)
        assert refusal.value.fault is Fault.RECEIPT_FORM


def test_a_receipt_of_a_thousand_addressees_is_read_and_an_endless_one_refused() -> None:
    many = replace(FACTS, addressees=tuple((f"{n:035}", f"{n:035}") for n in range(1000)))
    assert read_receipt(write_receipt(many)) == many
    with pytest.raises(ProofError) as refusal:
        read_receipt(write_receipt(FACTS) + b" " * RECEIPT_BYTES_MAX)
    assert refusal.value.fault is Fault.RECEIPT_FORM

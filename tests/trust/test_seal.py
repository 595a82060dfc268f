"""Sealing changes nothing but what it adds, and what it adds is canonical already."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.trust import Algorithm, countersign, seal, verify, verify_countersigned
from gateway.trust.seal import signed_info, signed_properties
from gateway.trust.tree import canonical, canonical_without, parse
from tests.pki import NOW, pki
from tests.trust.sample import QCVN, RECEIPT, digests, document, sealed, status, tree
from tests.vectors.forge import DS, between

NAMES = st.text("abcdefgXYZ09._-@", min_size=1, max_size=20).filter(lambda name: name[0] not in "._-@")
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=40
)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _reason(skeleton: bytes, attachments: list[tuple[str, str]] | None = None) -> Reason:
    with pytest.raises(Refused) as no:
        seal(skeleton, digests() if attachments is None else attachments, pki().p256.signer, NOW)
    return no.value.reason


@pytest.mark.parametrize("name", ["p256", "p384", "rsa2048", "rsa3072"])
def test_what_is_sealed_verifies(name: str) -> None:
    agency = getattr(pki(), name)
    verified = verify(tree(sealed(agency.signer)), digests(), [agency.der], pki().trust, NOW)
    assert verified.facts.certificate_sha256 == hashlib.sha256(agency.der).hexdigest()
    assert verified.facts.subject.startswith("CN=Bộ Kiểm thử")
    assert verified.facts.signed_at == NOW
    assert verified.facts.algorithm == agency.signer.algorithm.name


def test_a_packet_without_attachments_is_sealed_too() -> None:
    for packet in (status(), document({})):
        assert verify(tree(seal(packet, [], pki().p256.signer, NOW)), [], [pki().p256.der], pki().trust, NOW)


def test_28_attachments_are_the_most() -> None:
    for count in (28, 29):
        files = {f"part{number}": (f"{number}.pdf", "application/pdf", bytes([number])) for number in range(count)}
        if count == 29:
            assert _reason(document(files), digests(files)) is Reason.SEAL_REFERENCES
        else:
            packet = seal(document(files), digests(files), pki().p256.signer, NOW)
            verify(tree(packet), digests(files), [pki().p256.der], pki().trust, NOW)


def test_sealing_only_adds_the_id_and_the_signature() -> None:
    packet = sealed().decode()
    signature = between(packet, "<ds:Signature ", "</ds:Signature>")
    assert packet.replace(signature, "").replace(' Id="envelope"', "").encode() == document()
    assert packet.index(signature) + len(signature) == packet.index("</edXML:edXMLHeader>")


def test_sealing_twice_gives_the_same_bytes() -> None:
    for name in ("p256", "p384", "rsa2048"):
        assert sealed(getattr(pki(), name).signer) == sealed(getattr(pki(), name).signer)


def test_an_id_that_is_there_already_is_kept() -> None:
    marked = document().replace(b"<edXML:edXMLEnvelope ", b"<edXML:edXMLEnvelope Id='envelope' ")
    packet = seal(marked, digests(), pki().p256.signer, NOW)
    assert packet.count(b"Id='envelope'") == 1
    verify(tree(packet), digests(), [pki().p256.der], pki().trust, NOW)


@pytest.mark.parametrize("prefix", ["e", "EDXML", "văn"])
def test_any_prefix_is_kept_as_written(prefix: str) -> None:
    text = document().decode().replace("edXML:", f"{prefix}:").replace("xmlns:edXML=", f"xmlns:{prefix}=")
    packet = seal(text.encode(), digests(), pki().p256.signer, NOW)
    assert verify(tree(packet), digests(), [pki().p256.der], pki().trust, NOW)


def test_a_packet_without_prefixes_is_sealed() -> None:
    text = document().decode().replace("edXML:", "").replace(f' xmlns:edXML="{QCVN}"', "")
    packet = seal(text.encode(), digests(), pki().p256.signer, NOW)
    assert verify(tree(packet), digests(), [pki().p256.der], pki().trust, NOW)


def test_the_signing_time_is_written_in_utc_to_the_second() -> None:
    at = datetime(2026, 11, 23, 15, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=7)))
    packet = seal(document(), digests(), pki().p256.signer, at)
    assert b"<xades:SigningTime>2026-11-23T08:00:00Z</xades:SigningTime>" in packet
    assert packet == sealed()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<edXML:Subject>", "<edXML:Subject><!--x-->", Reason.SEAL_STRUCTURE),
        ("<edXML:Subject>", "<edXML:Subject><?x y?>", Reason.SEAL_STRUCTURE),
        ("<edXML:Subject>", '<edXML:Subject Id="x">', Reason.SEAL_AMBIGUOUS),
        ("</edXML:edXMLHeader>", "<edXML:Signature/></edXML:edXMLHeader>", Reason.SEAL_AMBIGUOUS),
        ("</edXML:edXMLHeader>", f'<s:Signature xmlns:s="{DS}"/></edXML:edXMLHeader>', Reason.SEAL_AMBIGUOUS),
        ("<edXML:edXMLEnvelope ", '<edXML:edXMLEnvelope Id="other" ', Reason.SEAL_STRUCTURE),
        ("edXMLEnvelope", "Envelope", Reason.SEAL_STRUCTURE),
        ("edXMLHeader", "Header", Reason.SEAL_AMBIGUOUS),
        (">cid:209<", ">cid:2 9<", Reason.SEAL_REFERENCES),
        (">congvan.pdf<", "><", Reason.SEAL_REFERENCES),
        ("</edXML>", "", Reason.XML_MALFORMED),
    ],
)
def test_what_no_verifier_would_accept_is_not_sealed(old: str, new: str, reason: Reason) -> None:
    count = 1 if old == ">congvan.pdf<" else -1
    assert _reason(document().decode().replace(old, new, count).encode()) is reason


def test_a_seal_is_not_put_over_a_seal() -> None:
    assert _reason(sealed()) is Reason.SEAL_AMBIGUOUS
    with pytest.raises(Refused):
        countersign(countersign(RECEIPT, pki().gateway.signer, NOW), pki().gateway.signer, NOW)


def test_attachments_the_manifest_does_not_list_are_not_sealed() -> None:
    assert _reason(document(), digests()[:1]) is Reason.SEAL_REFERENCES
    assert _reason(document(), digests()[::-1]) is Reason.SEAL_REFERENCES


@given(
    references=st.lists(
        st.tuples(NAMES, st.sampled_from([(), (DS,), (DS, DS)]), st.binary(min_size=32, max_size=32)), max_size=5
    ),
    algorithm=st.sampled_from(list(Algorithm)),
)
def test_signed_info_is_written_in_canonical_form(
    references: list[tuple[str, tuple[str, ...], bytes]], algorithm: Algorithm
) -> None:
    text = signed_info(algorithm, [(f' URI="cid:{name}"', steps, digest) for name, steps, digest in references])
    _assert_canonical(text)


@given(der=st.binary(max_size=64), at=st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1)))
def test_signed_properties_are_written_in_canonical_form(der: bytes, at: datetime) -> None:
    _assert_canonical(signed_properties(der, at))


def _assert_canonical(text: str) -> None:
    """Equal to lxml's exclusive form, alone and inside a document that binds the same prefixes otherwise."""
    assert canonical(parse(text.encode())).decode() == text
    inside = f'<r xmlns="urn:r" xmlns:ds="urn:other" xmlns:xades="{DS}"><p:x xmlns:p="urn:p">{text}</p:x></r>'
    assert canonical(parse(inside.encode())[0][0]).decode() == text


@given(subject=TEXTS, name=TEXTS, content_id=NAMES)
def test_any_text_a_packet_can_hold_is_sealed_and_verified(subject: str, name: str, content_id: str) -> None:
    files = {content_id: (_escaped(name), "application/pdf", b"x")}
    packet = document(files).decode().replace("Văn phòng Chính phủ", _escaped(subject)).encode()
    verified = verify(
        tree(seal(packet, digests(files), pki().p256.signer, NOW)), digests(files), [pki().p256.der], pki().trust, NOW
    )
    read = etree.fromstring(verified.canonical)
    assert read.findtext(f".//{{{QCVN}}}OrganName") == subject
    assert read.findtext(f".//{{{QCVN}}}AttachmentName") == name


@given(
    before=st.sampled_from(["", "\n ", "text"]), after=st.sampled_from(["", "\n\t", "text"]), siblings=st.integers(0, 2)
)
def test_cutting_the_signature_out_of_the_canonical_form_equals_taking_it_from_the_tree(
    before: str, after: str, siblings: int
) -> None:
    inner = (
        "<b/>" * siblings
        + before
        + f'<s:Signature xmlns:s="{DS}" Id="seal"><s:x xmlns:y="urn:y" y:z="1"/></s:Signature>'
        + after
    )
    signed = f'<q:a Id="a"><b>{inner}</b><q:c>&lt;s:Signature </q:c></q:a>'
    xml = f'<r xmlns="urn:r" xmlns:s="urn:not" xmlns:q="urn:q">{signed}</r>'.encode()
    element = parse(xml)[0]
    without = canonical_without(element, next(element.iter(f"{{{DS}}}Signature")))
    taken = parse(xml.replace(between(xml.decode(), "<s:Signature ", "</s:Signature>").encode(), b""))[0]
    assert without == canonical(taken)


def test_a_receipt_is_countersigned_and_gives_back_what_was_signed() -> None:
    receipt = countersign(RECEIPT, pki().gateway.signer, NOW)
    assert verify_countersigned(receipt, pki().gateway.der) == canonical(parse(RECEIPT))
    assert countersign(RECEIPT, pki().gateway.signer, NOW) == receipt
    signature = between(receipt.decode(), "<ds:Signature ", "</ds:Signature>")
    assert receipt.decode().replace(signature, "").encode() == RECEIPT


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("01JD", "01JE", Reason.SEAL_DIGEST),
        ("<dispatch>", "<dispatch><!--x-->", Reason.SEAL_STRUCTURE),
        ("<dispatch>", '<dispatch Id="receipt">', Reason.SEAL_AMBIGUOUS),
        ('Id="receipt"', 'Id="Receipt"', Reason.SEAL_REFERENCES),
        ('Id="receipt"', "", Reason.SEAL_STRUCTURE),
        ('Id="receipt"', 'Id="1"', Reason.SEAL_STRUCTURE),
        ("</ds:Signature>", "</ds:Signature><x/>", Reason.SEAL_AMBIGUOUS),
        ("</title>", '</title><x xmlns="urn:x"/>', Reason.SEAL_STRUCTURE),
        ("08:00:00Z", "08:00:01Z", Reason.SEAL_DIGEST),
        ("2026-11-23T", "2029-11-23T", Reason.SEAL_PROPERTIES),
        ("<receipt", "<Receipt", Reason.XML_MALFORMED),
    ],
)
def test_an_altered_receipt_is_refused(old: str, new: str, reason: Reason) -> None:
    altered = countersign(RECEIPT, pki().gateway.signer, NOW).decode().replace(old, new, 1)
    with pytest.raises(Refused) as no:
        verify_countersigned(altered.encode(), pki().gateway.der)
    assert no.value.reason is reason


def test_a_receipt_of_another_key_or_without_a_seal_is_refused() -> None:
    for xml, der, reason in (
        (countersign(RECEIPT, pki().p256.signer, NOW), pki().gateway.der, Reason.SEAL_KEY),
        (RECEIPT, pki().gateway.der, Reason.SEAL_MISSING),
        (b"", pki().gateway.der, Reason.XML_MALFORMED),
        (b"\xff\xfe<\0", pki().gateway.der, Reason.XML_MALFORMED),
    ):
        with pytest.raises(Refused) as no:
            verify_countersigned(xml, der)
        assert no.value.reason is reason


@given(xml=st.binary(max_size=300))
def test_no_bytes_make_verifying_a_receipt_fail_in_another_way(xml: bytes) -> None:
    with pytest.raises(Refused):
        verify_countersigned(xml, pki().gateway.der)
    with pytest.raises(Refused):
        countersign(b"<r" + xml, pki().gateway.signer, NOW)

"""What holds for every packet, and for every bytes."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway import edxml
from gateway.edxml import Cutter, Limits, NewAttachment, Profile, Received, inline, write
from gateway.edxml.names import Tag
from gateway.model.packet import Claim, Content, Document, Reference
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.edxml.strategies import attachments, contents
from tests.vectors.packets import document, form, status
from tests.vectors.vector import Memory, claim_of

LIMITS = Limits()
packets = st.sampled_from([document(), status(), form()])


def _cut(packet: bytes, cuts: list[int] | None = None) -> Received:
    cutter = Cutter(LIMITS, Memory)
    for start, end in pairwise(sorted({0, len(packet), *(cuts or [])})):
        cutter.feed(packet[start:end])
    return edxml.received(*cutter.finish())


def _outcome(packet: bytes, cuts: list[int] | None = None) -> tuple[Reason, str, int | None] | Claim:
    try:
        received = _cut(packet, cuts)
        parsed = edxml.parse(received.skeleton, LIMITS)
        findings = edxml.validate(parsed)
        claim = edxml.read(parsed, received)
    except Refused as refused:
        findings = refused.findings
    return (findings[0].reason, findings[0].place.path, findings[0].place.line) if findings else claim


@given(contents, attachments, st.data())
def test_what_is_written_is_read_back(content: Content, announced: list[NewAttachment], data: st.DataObject) -> None:
    enclosed = announced if isinstance(content, Document) else []
    files = [data.draw(st.binary(max_size=200)) for _ in enclosed]
    packet = b"".join(inline(write(content, enclosed), [(one,) for one in files]))
    received = _cut(packet)
    parsed = edxml.parse(received.skeleton, LIMITS)
    assert edxml.validate(parsed) == ()
    claim = edxml.read(parsed, received)
    manifest = tuple(Reference(one.content_id, one.content_type, one.name, one.description) for one in enclosed)
    assert claim.content == (replace(content, manifest=manifest) if isinstance(content, Document) else content)
    assert [one.content_id for one in claim.attachments] == [one.content_id for one in enclosed]
    assert [bytes(part.sink.data) for part in received.parts] == files
    assert b"".join(inline(received.skeleton, [(one,) for one in files])) == packet


@given(contents)
def test_the_canonical_envelope_says_the_same_as_the_packet(content: Content) -> None:
    parsed = edxml.parse(write(content), LIMITS)
    envelope = parsed.root.find(Tag.ENVELOPE)
    assert envelope is not None
    canonical = etree.tostring(envelope, method="c14n", exclusive=True, with_comments=False)
    assert edxml.read_content(canonical, LIMITS) == edxml.read(parsed, edxml.received(write(content), ())).content


@given(packets, st.lists(st.integers(0, 3_000), max_size=12))
def test_where_the_body_is_split_changes_nothing(packet: bytes, cuts: list[int]) -> None:
    assert _outcome(packet, [one % len(packet) for one in cuts]) == _outcome(packet)


def test_a_body_of_single_bytes_is_read_like_a_whole_one() -> None:
    assert _outcome(document(), list(range(len(document())))) == _outcome(document())


@pytest.mark.parametrize("packet", [document(), status()], ids=["document", "status"])
def test_a_packet_cut_anywhere_is_refused_or_equal(packet: bytes) -> None:
    whole = _outcome(packet)
    for end in range(len(packet)):
        outcome = _outcome(packet[:end])
        if isinstance(outcome, Claim):
            assert packet[end:].strip() == b""
            assert isinstance(whole, Claim)
            assert outcome.content == whole.content
        else:
            assert outcome[0] in {Reason.XML_MALFORMED, Reason.BODY_TRUNCATED, Reason.XML_ENCODING}


@settings(max_examples=400)
@given(packets, st.data())
def test_a_flipped_byte_gives_a_value_or_a_refusal(packet: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(packet) - 1))
    value = data.draw(st.integers(0, 255))
    _outcome(packet[:place] + bytes([value]) + packet[place + 1 :])


@settings(max_examples=400)
@given(st.binary(max_size=400), packets, st.data())
def test_any_bytes_give_a_value_or_a_refusal(noise: bytes, packet: bytes, data: st.DataObject) -> None:
    _outcome(noise)
    place = data.draw(st.integers(0, len(packet)))
    _outcome(packet[:place] + noise + packet[place:])


@given(st.binary(max_size=200))
def test_any_bytes_are_canonical_content_or_refused(noise: bytes) -> None:
    with pytest.raises(Refused):
        edxml.read_content(noise, LIMITS)
    with pytest.raises(Refused):
        edxml.read_content(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;' + noise + b"</a>", LIMITS)


@given(contents, attachments)
def test_validation_never_raises_and_explains_what_it_refuses(content: Content, announced: list[NewAttachment]) -> None:
    parsed = edxml.parse(write(content, announced), LIMITS)
    for finding in edxml.validate(parsed, Profile.STRICT):
        assert finding.reason in {Reason.FORM_SCHEMA, Reason.FORM_CHARACTERS}
        assert finding.place.path.startswith("/edXML")
        assert finding.place.line
        assert finding.detail("vi") != finding.detail("en")


@given(st.text("ABCD+/=_- \n\r\t\x0b!", max_size=24))
def test_a_run_is_taken_exactly_when_it_is_the_one_spelling_of_its_bytes(run: str) -> None:
    squeezed = "".join(one for one in run if one not in " \n\r\t").encode()
    try:
        expected: bytes | None = binascii.a2b_base64(squeezed)
        if base64.b64encode(expected or b"") != squeezed:
            expected = None
    except binascii.Error:
        expected = None
    start, end = b"<a><ContentTransferEncoded>", b"</ContentTransferEncoded></a>"
    try:
        received = _cut(start + run.encode() + end)
    except Refused as refused:
        assert refused.reason is Reason.BASE64_DAMAGED
        assert expected is None
    else:
        assert expected == bytes(received.parts[0].sink.data)
        assert received.skeleton == start + end


@given(st.lists(st.binary(max_size=50), max_size=6))
def test_inline_does_not_depend_on_how_a_part_is_cut_into_chunks(chunks: list[bytes]) -> None:
    skeleton = write(claim_of(document()).content, [NewAttachment("1", "text/plain", "a.txt")])
    assert b"".join(inline(skeleton, [chunks])) == b"".join(inline(skeleton, [[b"".join(chunks)]]))

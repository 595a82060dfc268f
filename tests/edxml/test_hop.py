"""The hop of an intermediary: inserted as bytes, readable, and nothing else of the packet touched."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edxml import Cutter, Limits, NewAttachment, parse, with_hop, write
from gateway.edxml.content import read_envelope
from gateway.edxml.names import QCVN, Tag
from gateway.model.packet import Document, Organ, ResponseFor, Status, TraceHop
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.trust import seal
from tests.edxml.strategies import documents, ids, texts
from tests.pki import NOW, pki

HOP = TraceHop("00.00.W00", "2026/11/23 15:00:00")
LIMITS = Limits()

PACKET = """<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{uri}">
  <{p}edXMLEnvelope {bound}><{p}edXMLHeader><{p}MessageHeader><{p}From/></{p}MessageHeader >
    {hops}
  </{p}edXMLHeader></{p}edXMLEnvelope>
  <AttachmentEncoded/>
</edXML>
"""


def packet(hops: str, prefix: str = "edXML:") -> bytes:
    """A packet of a header and whatever stands behind it."""
    bound = f'xmlns:{prefix[:-1]}="{QCVN}"' if prefix else ""
    return PACKET.format(uri=QCVN, p=prefix, bound=bound, hops=hops.replace("~", prefix)).encode()


def read(skeleton: bytes) -> Document:
    envelope = parse(skeleton, LIMITS).root.find(Tag.ENVELOPE)
    assert envelope is not None
    content = read_envelope(envelope)
    assert isinstance(content, Document)
    return content


def hops(skeleton: bytes) -> list[tuple[str | None, ...]]:
    """Children of each hop in the bytes, in order; whatever else the packet lacks."""
    root = parse(skeleton, LIMITS).root
    return [tuple(child.text for child in one) for one in root.iter(Tag.TRACE_HEADER)]


def inserted(before: bytes, after: bytes) -> set[bytes]:
    """The one piece that was inserted, all the rest being as before: every way to see it, where it repeats what stands
    beside it."""
    size = len(after) - len(before)
    same = (at for at in range(len(before) + 1) if before[:at] == after[:at] and before[at:] == after[at + size :])
    return {after[at : at + size] for at in same}


@given(documents, st.builds(TraceHop, ids, texts))
def test_the_hop_comes_last_and_every_other_byte_stays(document: Document, hop: TraceHop) -> None:
    attachments = [NewAttachment("a", "application/pdf", "a.pdf")]
    before = write(document, attachments)
    after = with_hop(before, hop, LIMITS)
    told, was = read(after), read(before)
    assert replace(told, trace=was.trace) == was
    assert told.trace == (*was.trace, hop)
    assert any(piece.count(b"<edXML:TraceHeader>") == 1 for piece in inserted(before, after))
    assert _places(after) == _places(before) == 1


def _places(skeleton: bytes) -> int:
    class Nowhere:
        def write(self, data: bytes, /) -> None:
            """Take nothing."""

        def close(self) -> None:
            """End nothing."""

    cutter = Cutter(LIMITS, Nowhere)
    cutter.feed(skeleton)
    cutter.finish()
    return len(cutter.places)


ONE = "<~TraceHeader><~OrganId>H29</~OrganId><~Timestamp>2026/11/20 08:00:00</~Timestamp></~TraceHeader>"
SHAPES = {
    "none": "",
    "one hop": f"<~TraceHeaderList>{ONE}</~TraceHeaderList>",
    "the business before it": f"<~TraceHeaderList><~Bussiness><~Paper>0</~Paper></~Bussiness>{ONE}</~TraceHeaderList>",
    "the business behind it": f"<~TraceHeaderList>\n {ONE}\n <~Bussiness/>\n</~TraceHeaderList>",
    "the business alone": "<~TraceHeaderList ><~Bussiness/></~TraceHeaderList>",
    "two hops": f"<~TraceHeaderList>{ONE}\r\n{ONE}</~TraceHeaderList\n>",
    "an empty list": "<~TraceHeaderList></~TraceHeaderList>",
    "a self-closed list": "<~TraceHeaderList/>",
    "a self-closed list with attributes": "<~TraceHeaderList id='a>b' actor=\"/&gt;'\" />",
    "a self-closed hop": "<~TraceHeaderList><~TraceHeader id='>'/></~TraceHeaderList>",
    "a comment like one": f"<!-- </~TraceHeaderList> --><~TraceHeaderList>{ONE}<!-- {ONE} --></~TraceHeaderList>",
}


@pytest.mark.parametrize("prefix", ["edXML:", "", "é:", "TraceHeader:"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_the_field_writes(shape: str, prefix: str) -> None:
    before = packet(SHAPES[shape], prefix)
    after = with_hop(before, HOP, LIMITS)
    assert hops(after) == [*hops(before), ("00.00.W00", "2026/11/23 15:00:00")]
    if not shape.startswith("a self-closed list"):
        assert any(piece.startswith(b"<" + prefix.encode()) for piece in inserted(before, after))


def test_a_byte_order_mark_moves_nothing() -> None:
    before = b"\xef\xbb\xbf" + packet(SHAPES["one hop"])
    assert any(piece.startswith(b"<edXML:TraceHeader>") for piece in inserted(before, with_hop(before, HOP, LIMITS)))


def test_an_identifier_cannot_break_out_of_its_element() -> None:
    after = with_hop(packet(""), TraceHop("<a>&", None), LIMITS)
    assert hops(after) == [("<a>&",)]


def test_a_status_has_no_hops() -> None:
    status = write(Status(Organ("H29"), ResponseFor("G22"), "03"))
    assert with_hop(status, HOP, LIMITS) == status


@given(documents)
def test_what_a_real_seal_protects_is_never_touched(document: Document) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    before = write(document, [NewAttachment("a", "application/pdf", "a.pdf")])
    sealed = seal(before, [("a", digest)], pki().p256.signer, NOW)
    assert with_hop(sealed, HOP, LIMITS) == sealed


def test_any_xml_signature_counts_as_one() -> None:
    """Even one that is not of our profile: whoever made it may still verify it."""
    signed = packet('<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>')
    assert with_hop(signed, HOP, LIMITS) == signed


def test_a_placeholder_in_the_slot_protects_nothing() -> None:
    assert hops(with_hop(packet("<~Signature><~SignatureValue>x</~SignatureValue></~Signature>"), HOP, LIMITS))


def test_what_is_no_packet_is_refused() -> None:
    with pytest.raises(Refused) as no:
        with_hop(b"<a", HOP, LIMITS)
    assert no.value.reason is Reason.XML_MALFORMED

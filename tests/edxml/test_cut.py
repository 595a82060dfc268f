"""Cutting: what is taken out, what stays, and what is not mistaken for an attachment."""

from __future__ import annotations

import base64
import gc
import hashlib
import tracemalloc

import pytest

from gateway.edxml import Cutter, Limits, PartWriter, received
from gateway.model.packet import packet_digest
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.vectors.packets import ANNEX_BYTES, LETTER_BYTES, document, form
from tests.vectors.vector import Memory


def _cut(packet: bytes, inline: bool = True) -> tuple[bytes, list[bytes]]:
    cutter = Cutter(Limits(), Memory, inline)
    cutter.feed(packet)
    skeleton, parts = cutter.finish()
    return skeleton, [bytes(part.sink.data) for part in parts]


def test_attachments_leave_and_the_skeleton_stays() -> None:
    assert _cut(document()) == (form(), [LETTER_BYTES, ANNEX_BYTES])


def test_a_packet_has_one_digest_whichever_way_it_travels() -> None:
    cutter = Cutter(Limits(), Memory)
    cutter.feed(document())
    file = received(*cutter.finish())
    skeleton, _ = _cut(form(), inline=False)
    parts = []
    for content_id, data in (("209", LETTER_BYTES), ("cid:210", ANNEX_BYTES)):
        writer = PartWriter(Limits(), Memory())
        for byte in data:
            writer.write(bytes([byte]))
        parts.append(writer.finish(content_id))
    sent = received(skeleton, parts)
    assert sent.digest == file.digest
    assert sent.digest == packet_digest(
        form(), [(hashlib.sha256(data).hexdigest(), len(data)) for data in (LETTER_BYTES, ANNEX_BYTES)]
    )
    assert [part.content_id for part in sent.parts] == ["209", "210"]
    assert [part.head for part in sent.parts] == [LETTER_BYTES[:8], ANNEX_BYTES[:8]]


@pytest.mark.parametrize(
    "tag",
    [
        "<ContentTransferEncoded>",
        "<edXML:ContentTransferEncoded>",
        "<văn-bản:ContentTransferEncoded>",
        "<ContentTransferEncoded\r\n\txmlns='urn:x'\n>",
        "<ContentTransferEncoded a='>'>",
        '<ContentTransferEncoded a="/>" b=\'">\'>',
        "<ContentTransferEncoded a='x/'>",
    ],
)
def test_a_run_is_found_behind_any_spelling_of_its_tag(tag: str) -> None:
    packet = f"<a>{tag}QUJD</x></a>".encode()
    assert _cut(packet) == (packet.replace(b"QUJD", b""), [b"ABC"])


@pytest.mark.parametrize(
    "around",
    [
        "<!--{}-->",
        "<!-- > {} --",  # a comment that does not end
        "<![CDATA[{}]]>",
        "<?x {}?>",
        "<a b='<!--'/>{}",  # a < inside an attribute is for the parser to refuse; here it opens a comment
    ],
)
def test_what_is_no_element_is_not_cut(around: str) -> None:
    packet = around.format("<ContentTransferEncoded>no base64!</ContentTransferEncoded>").encode()
    assert _cut(packet) == (packet, [])


@pytest.mark.parametrize(
    "name",
    ["ContentTransferEncoding", "ContentTransferEncodedX", "XContentTransferEncoded", "x:y:ContentTransferEncoded"],
)
def test_a_name_that_only_resembles_is_not_cut(name: str) -> None:
    packet = f"<{name}>no base64!</{name}>".encode()
    assert _cut(packet) == (packet, [])


def test_a_self_closed_element_is_an_attachment_of_no_bytes() -> None:
    assert _cut(b"<a><ContentTransferEncoded/></a>") == (b"<a><ContentTransferEncoded/></a>", [b""])
    assert _cut(b"<a><ContentTransferEncoded b='' /></a>") == (b"<a><ContentTransferEncoded b='' /></a>", [b""])


def test_damage_is_told_with_the_attachment_and_the_line_of_the_file() -> None:
    lines = base64.encodebytes(LETTER_BYTES)
    run = b"<ContentTransferEncoded>%s</ContentTransferEncoded>\n"
    packet = b"<a>\n" + run % lines + run % b"QUJ\nD!!!!" + b"</a>"
    with pytest.raises(Refused) as refusal:
        _cut(packet)
    finding = refusal.value.finding
    assert finding.reason is Reason.BASE64_DAMAGED
    assert finding.place.path == "/edXML/AttachmentEncoded/Attachment[2]/ContentTransferEncoded"
    assert finding.place.line == packet[: packet.index(b"!")].count(b"\n") + 1
    assert "«!»" in finding.detail("vi")


def test_an_earlier_fault_of_the_xml_is_told_instead_of_the_damage_behind_it() -> None:
    with pytest.raises(Refused) as refusal:
        _cut(b"<a>\n<b></c>\n<ContentTransferEncoded>!</ContentTransferEncoded></a>")
    assert refusal.value.reason is Reason.XML_MALFORMED
    assert refusal.value.finding.place.line == 2


def test_a_refused_attachment_is_not_written_beyond_its_limit() -> None:
    sink = Memory()
    writer = PartWriter(Limits(attachment_bytes_max=10), sink)
    writer.write(b"0123456789")
    with pytest.raises(Refused) as refusal:
        writer.write(b"x")
    assert refusal.value.reason is Reason.ATTACHMENT_TOO_LARGE
    assert bytes(sink.data) == b"0123456789"


def test_an_endless_envelope_is_refused_at_its_limit() -> None:
    cutter = Cutter(Limits(), Memory)
    cutter.feed(b"<edXML>")
    with pytest.raises(Refused) as refusal:
        for _ in range(2_000):
            cutter.feed(b" " * 1024)
    assert refusal.value.reason is Reason.ENVELOPE_TOO_LARGE


@pytest.mark.parametrize("opening", [b"<!--", b"<![CDATA[", b"<?", b"<a b='", b"<ContentTransferEncoded a='"])
def test_what_never_ends_is_refused_at_the_envelope_limit_in_linear_time(opening: bytes) -> None:
    limits = Limits(envelope_bytes_max=100_000)
    cutter = Cutter(limits, Memory)
    cutter.feed(b"<edXML>" + opening)
    with pytest.raises(Refused) as refusal:
        for _ in range(limits.envelope_bytes_max + 1):
            cutter.feed(b"-")
    assert refusal.value.reason is Reason.ENVELOPE_TOO_LARGE


class Nowhere:
    """A sink that keeps nothing, so that what is measured is ours."""

    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_quarter_gigabyte_passes_in_a_few_megabytes() -> None:
    chunk, chunks = base64.b64encode(bytes(range(256)) * 192), 256 * 1024**2 // (256 * 192)
    cutter = Cutter(Limits(), Nowhere)
    tracemalloc.start()
    try:
        cutter.feed(b"<a><ContentTransferEncoded>")
        for _ in range(chunks):
            cutter.feed(chunk)
        cutter.feed(b"</ContentTransferEncoded></a>")
        _, (part,) = cutter.finish()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert part.size_bytes == chunks * 256 * 192
    assert peak_bytes < 1024**2


def test_one_large_chunk_is_decoded_in_slices() -> None:
    packet = b"<a><ContentTransferEncoded>" + b"QUJD" * 4 * 1024**2 + b"</ContentTransferEncoded></a>"
    cutter = Cutter(Limits(), Nowhere)
    tracemalloc.start()
    try:
        cutter.feed(packet)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < len(packet) + 4 * 1024**2


def test_a_cutter_lets_go_of_its_sinks_without_the_garbage_collector() -> None:
    released: list[bool] = []

    class Watched(Nowhere):
        def __del__(self) -> None:
            released.append(True)

    gc.disable()
    try:
        cutter = Cutter(Limits(), Watched)
        cutter.feed(b"<a><ContentTransferEncoded>QUJD")
        del cutter
        assert released == [True]
    finally:
        gc.enable()

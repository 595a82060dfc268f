"""Parsing: the tree, and faults told at their place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway import edxml
from gateway.edxml import Limits
from gateway.edxml.names import WRONG_NAMESPACES, Tag
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.growth import LINEAR_MAX, TIMES, growth
from tests.vectors.packets import after, bare, swapped


def _line(marker: str) -> int:
    """The line of the sound packet in which this stands first."""
    return bare()[: bare().index(marker.encode())].count(b"\n") + 1


def _refusal(packet: bytes) -> Refused:
    with pytest.raises(Refused) as refusal:
        edxml.parse(packet, Limits())
    return refusal.value


def test_a_packet_becomes_a_tree() -> None:
    parsed = edxml.parse(bare(), Limits())
    assert parsed.root.tag == Tag.ROOT
    assert parsed.text.encode() == bare()
    assert not parsed.commented


def test_a_comment_between_elements_is_told_to_who_verifies_seals() -> None:
    assert edxml.parse(after("<edXML:edXMLHeader>", "<!-- x -->")(), Limits()).commented


@pytest.mark.parametrize(
    ("make", "line", "says"),
    [
        (swapped("</edXML:Subject>", "</edXML:Content>", bare), _line("<edXML:Subject>"), "Subject"),
        (after("<edXML:Subject>", "&nbsp;"), _line("<edXML:Subject>"), "“&nbsp;”"),
        (after("<edXML:Subject>", "A & B"), _line("<edXML:Subject>"), "&amp;"),
        (after("<edXML:Subject>", "\x01"), _line("<edXML:Subject>"), "control character"),
        (after("<edXML:edXMLHeader>", "<y:a/>"), 4, "xmlns:y"),
        (lambda: bare() + b"x", len(bare().splitlines()) + 1, "after the closing tag"),
        (lambda: b"\n" + bare(), 2, "very start"),
        (lambda: bare()[:400], len(bare()[:400].splitlines()), "cut short"),
        (lambda: b"", 1, "no XML at all"),
        (lambda: b"Kinh gui", 1, "“Kinh gui”"),
    ],
)
def test_a_fault_of_syntax_is_told_with_its_line_and_in_plain_words(
    make: Callable[[], bytes], line: int, says: str
) -> None:
    refused = _refusal(make())
    assert refused.reason is Reason.XML_MALFORMED
    assert refused.finding.place.line == line
    assert says in refused.finding.detail("en")


@pytest.mark.parametrize("wrong", WRONG_NAMESPACES)
def test_a_wrong_namespace_of_the_field_is_named_with_the_right_one(wrong: str) -> None:
    refused = _refusal(f'<edXML xmlns="{wrong}"/>'.encode())
    assert refused.reason is Reason.XML_NAMESPACE
    for lang in ("vi", "en"):
        assert wrong in refused.finding.detail(lang)
        assert "http://www.mic.gov.vn/TBT/QCVN_102_2016" in refused.finding.detail(lang)


def test_each_wrong_namespace_has_a_sentence_of_its_own() -> None:
    sentences = {
        _refusal(f'<edXML xmlns="{one}"/>'.encode()).finding.detail("vi").replace(one, "")
        for one in (*WRONG_NAMESPACES, "urn:x")
    }
    assert len(sentences) == len(WRONG_NAMESPACES) + 1


def test_bytes_that_are_not_utf8_are_told_with_their_line() -> None:
    refused = _refusal(bare().replace("Hà Nội".encode(), b"H\xe0 N\xf4i"))
    assert refused.reason is Reason.XML_ENCODING
    assert refused.finding.place.line == _line("Hà Nội")
    assert "0xE0" in refused.finding.detail("en")


def test_a_comment_inside_a_value_is_told_with_its_place() -> None:
    refused = _refusal(swapped("7816</edXML:CodeNumber>", "78<!-- -->16</edXML:CodeNumber>", bare)())
    assert refused.finding.place.path == "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Code/CodeNumber"
    assert "CodeNumber" in refused.finding.detail("vi")


def test_nothing_outside_the_packet_is_ever_read(tmp_path: pytest.TempPathFactory) -> None:
    secret = f"{tmp_path}/secret"
    for attack in (
        f'<!DOCTYPE edXML SYSTEM "file://{secret}">',
        f'<!DOCTYPE a [<!ENTITY % p SYSTEM "file://{secret}"> %p;]>',
    ):
        assert _refusal(after('encoding="UTF-8"?>', attack)()).reason is Reason.XML_DOCTYPE


def test_threads_parse_side_by_side_without_taking_each_others_errors() -> None:
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        barrier.wait()
        for _ in range(200):
            if number % 2:
                assert edxml.validate(edxml.parse(bare(), Limits())) == ()
            else:
                refused = _refusal(after("<edXML:edXMLHeader>", f"<y{number}:a/>")())
                assert f"«y{number}»" in refused.finding.detail("vi")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))


ROOT = b'<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">'
ATTRIBUTES = [b'b%d=""' % number for number in range(16)]


@pytest.mark.parametrize(
    ("count", "inside"),
    [
        (9_000, lambda count: b"<a/><!--x-->" * count),
        (19_000, lambda count: b"<edXMLEnvelope/>" * count),
        (9_000, lambda count: b"<a>\xe2\x80\x8b</a>" * count),
        (9_000, lambda count: b"<b>" * 30 + b"<a/><!-- -->" * count + b"</b>" * 30),
        (19_000, lambda count: b'<a b="&#x301;"/>' * count),
        (5_000, lambda count: b'<x:a xmlns:x="urn:x"/>' + b"<a %s/>" % b" ".join(ATTRIBUTES) * count),
        (19_000, lambda count: b"".join(b"<a%d/>" % number for number in range(count))),
    ],
    ids=["comments", "envelopes", "invisible", "deep", "marks", "attributes", "names"],
)
def test_the_worst_packet_within_the_limits_costs_no_more_than_its_size(
    count: int, inside: Callable[[int], bytes]
) -> None:
    small, large = (ROOT + inside(many) + b"</edXML>" for many in (count // TIMES, count))

    def examined(packet: bytes) -> None:
        assert edxml.validate(edxml.parse(packet, Limits()))

    assert growth(lambda: examined(small), lambda: examined(large)) < LINEAR_MAX

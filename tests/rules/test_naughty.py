"""Every text field of a packet against nasty strings: kept exactly, or refused with a reason; and told so that nothing
breaks out of the words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache

import pytest
from lxml import etree

from gateway import edxml
from gateway.edxml import Limits
from gateway.edxml.content import NULL
from gateway.edxml.names import Tag
from gateway.ledger import facts_of, read_report, write_report
from gateway.model.agency import PolicyName
from gateway.model.packet import Document
from gateway.model.refusal import Refused
from gateway.rules import Examination, examine
from tests.vectors.competence import PEER, known
from tests.vectors.naughty import FORBIDDEN, REFERENCES, STRINGS
from tests.vectors.packets import DOCUMENT, LETTER, LETTER_BYTES, RECALL, REPLACEMENT, STATUS, swapped
from tests.vectors.vector import Memory

KINDS = {
    "document": lambda: edxml.write(DOCUMENT, [LETTER]),
    "recall": lambda: edxml.write(RECALL, [LETTER]),
    "replacement": lambda: edxml.write(REPLACEMENT, [LETTER]),
    "status": lambda: edxml.write(STATUS),
}


@cache
def leaves(kind: str) -> tuple[str, ...]:
    """Where a packet of this kind has text, once each."""
    root = etree.fromstring(KINDS[kind]())
    tree = root.getroottree()
    return tuple(tree.getelementpath(one) for one in root.iter() if len(one) == 0 and one.tag != Tag.ENCODED)


def with_text(kind: str, path: str, text: str) -> bytes:
    root = etree.fromstring(KINDS[kind]())
    leaf = root.getroottree().find(path)
    assert leaf is not None
    leaf.text = text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def examined(skeleton: bytes) -> Examination:
    parts = []
    if b"AttachmentEncoded" in skeleton:
        writer = edxml.PartWriter(Limits(), Memory())
        writer.write(LETTER_BYTES)
        parts = [writer.finish(None)]
    return examine(edxml.received(skeleton, parts), replace(PEER, policy=PolicyName.OBSERVE), known())


def texts(value: object) -> Iterator[str]:
    """Every text in a value of the model."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))


def assert_told_safely(report: Examination) -> None:
    """The sealed report holds every finding as it is, and no sentence quotes more than a line."""
    facts = facts_of(report, PEER.key, "0" * 64)
    assert read_report(write_report(facts)) == facts
    for one in report.findings:
        for lang in ("vi", "en"):
            assert one.detail(lang).isprintable(), (one.reason, one.detail(lang))


CASES = [(kind, path) for kind in KINDS for path in leaves(kind)]


@pytest.mark.parametrize(("kind", "path"), CASES, ids=lambda one: one.rpartition("}")[2])
def test_a_text_field_keeps_what_is_written_or_the_packet_is_refused(kind: str, path: str) -> None:
    for name, text in STRINGS.items():
        skeleton = with_text(kind, path, text)
        report = examined(skeleton)
        assert_told_safely(report)
        try:
            content = edxml.read_content(_envelope(skeleton), Limits())
        except Refused as no:
            assert no.reason
            continue
        expected = text.strip(" \t\r\n")
        if "ContentId" not in path and "AttachmentEncoded" not in path and expected not in {"", NULL}:
            assert expected in set(texts(content)), name


def _envelope(skeleton: bytes) -> bytes:
    parsed = edxml.parse(skeleton, Limits())
    envelope = parsed.root.find(Tag.ENVELOPE)
    assert envelope is not None
    return etree.tostring(envelope, method="c14n", exclusive=True)


@pytest.mark.parametrize("name", STRINGS)
def test_what_is_written_by_us_is_read_back_or_never_written(name: str) -> None:
    content = replace(DOCUMENT, subject=STRINGS[name], to_places=(STRINGS[name],))
    try:
        skeleton = edxml.write(content)
    except Refused as no:
        assert no.finding.detail("vi").isprintable()
        return
    again = edxml.read_content(_envelope(skeleton), Limits())
    assert isinstance(again, Document)
    expected = STRINGS[name].strip(" \t\r\n")
    assert (again.subject or "") == ("" if expected == NULL else expected)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_xml_cannot_hold_is_neither_written_nor_read(name: str) -> None:
    with pytest.raises(Refused) as written:
        edxml.write(replace(DOCUMENT, subject=FORBIDDEN[name]))
    assert written.value.finding.detail("en").isprintable()
    raw = swapped(DOCUMENT.subject or "", FORBIDDEN[name].encode("utf-8", "surrogatepass"), KINDS["document"])()
    report = examined(raw)
    assert not report.admitted
    assert_told_safely(report)


@pytest.mark.parametrize("reference", REFERENCES)
def test_references_to_what_is_no_character_are_refused(reference: str) -> None:
    report = examined(swapped(DOCUMENT.subject or "", reference, KINDS["document"])())
    assert not report.admitted
    assert str(report.findings[0].reason).startswith("xml.")
    assert_told_safely(report)

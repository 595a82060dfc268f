"""The quick look that most packets pass agrees with looking at every value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.edxml import Limits, Parsed
from gateway.edxml.characters import character_fault, check_characters

VIETNAMESE = "aăâđêôơưàẢãạẬỵỲ ẀἈ÷ſ\u0300\u0301\u0323\u1100\u1161\u1f71\u200b\ufeff\u00ad\u0080&"


@given(st.text(st.sampled_from(VIETNAMESE) | st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_a_packet_passes_exactly_where_its_text_has_no_fault(text: str) -> None:
    root = etree.Element("edXML")
    try:
        root.text = text
    except ValueError:  # no character of XML
        return
    skeleton = etree.tostring(root, encoding="UTF-8")
    findings = check_characters(Parsed(root, skeleton, skeleton.decode(), Limits(), commented=False))
    assert bool(findings) == (character_fault(text) is not None)

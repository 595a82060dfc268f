"""Characters no official text needs and no reader sees: they make one name look like another, or hide a file's ending.

Refused: control characters (C0 and C1, but tab and line ends), bidirectional controls, zero-width characters, line and
paragraph separators, tag characters, noncharacters; and text that is not in normal form C, because two spellings of one
name would be two names to a computer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from lxml import etree

from gateway.edxml.findings import explained, local_name, path_of
from gateway.edxml.parse import Parsed
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding

FINDINGS_MAX = 20

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # zero width, separators, bidirectional
    "\ud800-\udfff"  # halves of characters: no encoding holds them
    "\ufdd0-\ufdef\ufffe\uffff"  # noncharacters of the first plane
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "\U000e0000-\U000e007f]"  # tags
)
_PLAIN = bytes({*range(0x20, 0x7F), *b"\t\r\n", *range(0x80, 0xC0), *range(0xC3, 0xCC), 0xE1} - {0xC0, 0xC1})
"""Bytes that alone spell no forbidden character: ASCII, continuation bytes, and the first bytes of Latin letters
(U+00C0 to U+02FF, U+1000 to U+1FFF). What Vietnamese is written with; deleting them is cheaper than searching."""


def check_characters(parsed: Parsed) -> tuple[Finding, ...]:
    """FORM_CHARACTERS for every text or attribute value that holds what it must not, at most 20."""
    text, skeleton = parsed.text.removeprefix("\ufeff"), parsed.skeleton
    if b"&" not in skeleton:  # a reference spells any character
        unusual = skeleton.translate(None, _PLAIN)
        if not unusual and _composed(skeleton):
            return ()
        if not (unusual and FORBIDDEN.search(text)) and unicodedata.is_normalized("NFC", text):
            return ()
    findings: list[Finding] = []
    for element, value in _values(parsed.root):
        if len(findings) == FINDINGS_MAX:
            break
        if fault := character_fault(value):
            path, name = path_of(element), local_name(element.tag)
            findings.append(explained(Reason.FORM_CHARACTERS, path=path, line=element.sourceline, name=name, **fault))
    return tuple(findings)


def _composed(plain: bytes) -> bool:
    """Whether text of `_PLAIN` bytes is in normal form C for certain: all is below U+0300, or in U+1E80 to U+1EFF,
    where Vietnamese letters are. (Asking the tables of Unicode for every character costs ten times as much.)"""
    return plain.count(b"\xe1") == plain.count(b"\xe1\xba") + plain.count(b"\xe1\xbb")


def character_fault(value: str) -> dict[str, str] | None:
    """What is wrong with the characters of one value: the catalogue's `fault` and what shows it; None: nothing."""
    if stray := FORBIDDEN.search(value):
        return {"fault": "forbidden", "character": f"U+{ord(stray[0]):04X}"}
    if not unicodedata.is_normalized("NFC", value):
        return {"fault": "not_nfc", "value": value.strip()}
    return None


def _values(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Every text with the element it belongs to: content, tails, attribute values and comments."""
    for node in root.iter():
        parent = node.getparent()
        within = root if parent is None else parent
        is_element = isinstance(node.tag, str)
        if node.text:
            yield node if is_element else within, node.text
        if node.tail:
            yield within, node.tail
        if is_element:
            yield from ((node, str(value)) for value in node.attrib.values())

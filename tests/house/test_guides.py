"""The guides for people, in Vietnamese: each names pictures that are there, small, and taken by the browser tests."""

from __future__ import annotations

import re
import struct
from unicodedata import normalize

import pytest

from tests.house.source import TOP

DOCS = TOP / "docs"
PICTURES = DOCS / "pictures"
GUIDES = ("guide-clerk.md", "guide-auditor.md")
PICTURE = re.compile(r"!\[[^\]]+\]\(pictures/([a-z-]+\.png)\)")
BYTES_MAX = 60_000
PALETTE = 3
"""The PNG colour type of a picture that has a palette."""


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_has_its_ten_things_in_the_one_spelling_of_vietnamese(guide: str) -> None:
    text = (DOCS / guide).read_text(encoding="utf-8")
    assert normalize("NFC", text) == text
    assert [int(one) for one in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)] == list(range(1, 11))
    assert len(PICTURE.findall(text)) >= 5


def test_every_picture_is_named_by_a_guide_and_taken_by_the_test_of_a_whole_day() -> None:
    named = {name for guide in GUIDES for name in PICTURE.findall((DOCS / guide).read_text(encoding="utf-8"))}
    assert {one.name for one in PICTURES.iterdir()} == named
    taking = (TOP / "tests" / "browser" / "test_whole_day.py").read_text(encoding="utf-8")
    assert [one for one in named if f'"{one.removesuffix(".png")}"' not in taking] == []


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*.png")), ids=lambda one: one.name)
def test_a_picture_is_small_and_has_a_palette(picture: object) -> None:
    data = (PICTURES / str(picture)).read_bytes()
    assert len(data) < BYTES_MAX
    assert struct.unpack_from(">IIBB", data, 16)[3] == PALETTE

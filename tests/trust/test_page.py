"""The page of forgeries says what the vectors are."""

from __future__ import annotations

import re

from tests.trust.page import CLASSES, PAGE, page
from tests.vectors import seal


def test_the_page_of_forgeries_is_what_the_vectors_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.trust.page"


def test_every_class_of_attack_is_tried_and_three_hundred_forgeries_in_all() -> None:
    tried = {match[0] for one in seal.vectors() if (match := re.match(r"S\d+|certificate", one.name))}
    assert tried == set(CLASSES)
    assert len(seal.vectors()) >= 300
    assert all(one.reason is not None for one in seal.vectors())

"""Finding agencies: by a part of a name or an identifier, with diacritics or without, a page at a time."""

from __future__ import annotations

from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.agency import Agency, Directory

NAMES = {
    "H41": "Ủy ban nhân dân tỉnh Nghệ An",
    "H41.01": "Sở Nội vụ tỉnh Nghệ An",
    "H41.02": "Sở Nông nghiệp và Môi trường tỉnh Nghệ An",
    "H41.03": "Trung tâm Đào tạo Nghề An Sơn",
    "G12": "Bộ Tài chính",
}
KNOWN = Directory(1, tuple(Agency(key, name, (key, f"000.00.00.{key[:3]}/{key}")) for key, name in NAMES.items()))


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["G12", "H41", "H41.01", "H41.02", "H41.03"]),
        ("sở nội vụ", ["H41.01"]),
        ("SO NOI VU", ["H41.01"]),
        (normalize("NFD", "Sở Nội"), ["H41.01"]),
        ("nghe an", ["H41", "H41.01", "H41.02", "H41.03"]),
        ("nghệ an", ["H41", "H41.01", "H41.02"]),
        ("dao tao", ["H41.03"]),
        ("đào", ["H41.03"]),
        ("h41.0", ["H41.01", "H41.02", "H41.03"]),
        ("000.00.00.g12", ["G12"]),
        ("  nội\nvụ", ["H41.01"]),
        ("vu tinh", ["H41.01"]),
        ("tinh vu", []),
        ("G12\nH41", []),
        ("机关", []),
    ],
)
def test_a_clerk_finds_an_agency_however_the_query_is_typed(query: str, keys: list[str]) -> None:
    assert [one.key for one in KNOWN.find(query)] == keys


def test_pages_follow_one_another_without_a_gap_or_a_repeat() -> None:
    first = KNOWN.find("an", limit=2)
    second = KNOWN.find("an", after=first[-1].key, limit=2)
    assert [one.key for one in (*first, *second)] == ["H41", "H41.01", "H41.02", "H41.03"]
    assert KNOWN.find("an", after=second[-1].key) == ()


WORDS = st.text("aáàđdDĐ eê1.B", max_size=6)


@given(st.dictionaries(st.text("AB12.", min_size=1, max_size=4), WORDS, max_size=6), WORDS, st.text("AB1", max_size=2))
def test_what_is_found_is_what_looking_at_every_agency_would_find(
    names: dict[str, str], query: str, after: str
) -> None:
    known = Directory(1, tuple(Agency(key, name, (key,)) for key, name in names.items()))

    def holds(text: str) -> bool:
        return _spaced(query) in _spaced(_without_diacritics(text) if query.isascii() else text)

    expected = [key for key in sorted(names) if key > after and (holds(names[key]) or holds(key))]
    assert [one.key for one in known.find(query, after)] == expected


def _spaced(text: str) -> str:
    while "  " in text:
        text = text.replace("  ", " ")
    return text.casefold()


def _without_diacritics(text: str) -> str:
    decomposed = normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(one for one in decomposed if not combining(one))

"""The index of words, on each engine, against looking through everything."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.search_words import addressee_word, sender_word, undressed, wanted, words_of
from gateway.store import Store
from gateway.store.queries.desktop import END
from gateway.store.queries.search import Sought, indexable, next_to_index, search
from gateway.store.search import IndexWords
from tests.store.samples import admit, dispatch_id, write

SUBJECTS = (
    "Về việc sắp xếp Sở Nội vụ",
    "V/v họp so kết quả năm 2026",
    "BÁO CÁO công tác cải cách hành chính",
    "Bao cao tinh hinh",
    "Giấy mời dự họp (hoả tốc) = cmd|' /C calc'!A0",
    "Đề án chuyển đổi số – đợt 2",
    normalize("NFD", "Đề nghị góp ý dự thảo"),
    "a" * 500,
)
QUERIES = (
    "sở",
    "so",
    "SỞ nội",
    "bao cao",
    "báo cáo",
    "7",
    "qđ bnv",
    "đề án",
    "de an",
    "họp",
    "hop 2026",
    "xyz",
    "dự thảo",
)


def texts(number: int) -> tuple[str, str]:
    return f"{number}/QĐ-BNV", SUBJECTS[number % len(SUBJECTS)]


def by_looking_at_everything(query: str, count: int) -> list[str]:
    found = []
    for number in range(1, count + 1):
        have = set(words_of(*texts(number)))
        if all(word in have for word in wanted(query)):
            found.append(dispatch_id(number))
    return sorted(found, reverse=True)


def fill(store: Store, count: int) -> None:
    async def play() -> None:
        for number in range(1, count + 1):
            code, subject = texts(number)
            await store.write(admit(number, "G22", "G23", code=code, subject=subject))
        rows = await store.read(indexable, [dispatch_id(number) for number in range(1, count + 1)])
        found_by = tuple(
            (row.id, (sender_word(row.sender), addressee_word("G22"), *words_of(row.code, row.subject))) for row in rows
        )
        for _ in range(2):  # doing it again changes nothing
            await store.write(IndexWords(found_by, (), count))

    asyncio.run(play())


def find(store: Store, query: str, **more: object) -> list[str]:
    sought = replace(Sought((sender_word("G01"), *wanted(query)), "", END), **more)  # type: ignore[arg-type]
    return [one.id for one in asyncio.run(store.read(search, (sought,), 100))]


def test_what_is_found_is_what_looking_at_everything_finds(store: Store) -> None:
    fill(store, 40)
    for query in QUERIES:
        assert find(store, query) == by_looking_at_everything(query, 40), query
    assert asyncio.run(store.read(next_to_index)) == 40


def test_parties_states_days_and_pages_narrow_what_is_found(store: Store) -> None:
    fill(store, 10)
    assert find(store, "bnv", others=("G23",)) == by_looking_at_everything("bnv", 10)
    assert find(store, "bnv", others=("G99",)) == []
    assert find(store, "bnv", state="queued", of="G22") == by_looking_at_everything("bnv", 10)
    assert find(store, "bnv", state="refused") == []
    assert find(store, "bnv", state="status_02") == []
    assert find(store, "bnv", business_type=1) == []
    fourth = by_looking_at_everything("bnv", 10)[3]
    assert find(store, "bnv", before=fourth) == by_looking_at_everything("bnv", 10)[4:]
    assert find(store, "bnv", first=fourth) == by_looking_at_everything("bnv", 10)[:4]


def test_words_of_what_was_erased_find_nothing(store: Store) -> None:
    fill(store, 3)
    write(store, IndexWords((), (dispatch_id(2),), 4))
    assert dispatch_id(2) not in find(store, "bnv")
    assert dispatch_id(2) in find(store, "")
    assert find(store, "bnv") == [dispatch_id(3), dispatch_id(1)]


@given(st.text(max_size=60))
def test_a_text_is_found_by_each_of_its_words_with_and_without_diacritics(text: str) -> None:
    have = set(words_of(text))
    for word in wanted(text):
        assert word in have
        assert not undressed(word) or undressed(word) in have


@given(st.text(alphabet="aăâđeêoôơuưàạảãáắ \u200b\u202e-/", max_size=30))
def test_how_it_was_composed_and_what_nobody_sees_does_not_count(text: str) -> None:
    assert set(wanted(normalize("NFD", text))) == set(wanted(text))
    assert set(wanted(text.replace("\u200b", "").replace("\u202e", ""))) == set(wanted(text))
    assert set(wanted(text.upper())) == set(wanted(text))

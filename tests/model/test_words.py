"""Sentences by key: placeholders filled, and the form of a count."""

from __future__ import annotations

import pytest

from gateway.model.words import text


def test_a_sentence_is_filled_in_the_language_asked_for() -> None:
    assert text("en", "console.directory.number", number="7") == "Proposal 7"
    assert text("vi", "console.directory.number", number="7") == "Đề nghị số 7"


@pytest.mark.parametrize(
    ("count", "english"), [("0", "0 addressees"), ("1", "1 addressee"), ("2", "2 addressees"), ("21", "21 addressees")]
)
def test_english_has_a_form_for_one_and_one_for_all_else(count: str, english: str) -> None:
    assert text("en", "console.clerk.today.addressees", count=count) == english
    assert text("vi", "console.clerk.today.addressees", count=count) == f"{count} nơi nhận"


def test_a_form_may_leave_the_count_out() -> None:
    assert text("en", "console.webhooks.failing", count="1") == "failed once"


def test_a_detail_without_words_of_its_own_is_the_title() -> None:
    assert text("en", "reason.unavailable.store.detail") == text("en", "reason.unavailable.store.title")


def test_plural_forms_without_a_count_are_a_bug_and_say_so() -> None:
    with pytest.raises(KeyError, match="count"):
        text("en", "console.clerk.today.addressees")


def test_an_unknown_key_is_a_bug_and_says_so() -> None:
    with pytest.raises(KeyError, match="no text for"):
        text("vi", "no.such.key")

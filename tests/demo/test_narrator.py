"""The narrator: sentences that wrap under themselves, causes before effects, promises told once and never forgotten."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from gateway.demo.narrator import Narrator

NOON = datetime(2026, 11, 23, 5, 0, 0, 123_456, tzinfo=UTC)


class _Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def narrator(clock: _Clock) -> Narrator:
    return Narrator(Console(file=io.StringIO(), width=100, soft_wrap=True, markup=False, highlight=False), "en", clock)


def _lines(narrator: Narrator) -> list[str]:
    assert isinstance(narrator.console.file, io.StringIO)
    return narrator.console.file.getvalue().splitlines()


def _marks(narrator: Narrator) -> list[str]:
    return [line.strip()[0] for line in _lines(narrator) if line.strip()[0] in "✓✗"]


def test_times_are_those_of_viet_nam(narrator: Narrator) -> None:
    narrator.tell("Bộ Mẫu", "late", code="01/BM-VP")
    assert _lines(narrator) == ["12:00:00.123  Bộ Mẫu              acknowledges 01/BM-VP only now."]


def test_a_long_sentence_goes_on_under_its_beginning(narrator: Narrator) -> None:
    narrator.tell("Bộ Mẫu", "sends", code="01/BM-VP", subject="một trích yếu " * 6, count=7)
    first, *more = _lines(narrator)
    assert first.startswith("12:00:00.123  Bộ Mẫu              seals")
    assert more
    assert all(line.startswith(" " * 34) and line[34] != " " and len(line) <= 100 for line in more)


def test_an_effect_is_told_after_its_cause(narrator: Narrator, clock: _Clock) -> None:
    with narrator.holding_back():
        narrator.tell("before", "late", code="1")
        clock.now += timedelta(seconds=2)
        narrator.tell("after", "late", code="2")
        clock.now += timedelta(seconds=1)
        narrator.tell_cause(NOON + timedelta(seconds=1), "cause", "late", code="3")
    assert [line.split()[1] for line in _lines(narrator)] == ["before", "cause", "after"]


def test_a_promise_kept_again_is_told_once(narrator: Narrator) -> None:
    narrator.expect("verdict", True)
    narrator.expect("verdict", True)
    assert _marks(narrator) == ["✓"]
    assert narrator.kept == {"verdict": True}


def test_a_promise_broken_once_stays_broken(narrator: Narrator) -> None:
    narrator.expect("verdict", True)
    narrator.expect("verdict", False)
    narrator.expect("verdict", True)
    assert narrator.kept == {"verdict": False}
    assert _marks(narrator) == ["✓", "✗"]

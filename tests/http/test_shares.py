"""The law by which somebody is let in though there is no place: max-min fairness over the last second."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http.crowd import RETRY_S_MAX, Crowd
from gateway.http.shares import RECENT_S, Shares
from gateway.model.refusal import Unavailable

TICKS = 64
"""Of a second. A power of two, so that instants are exact."""


def test_nobody_is_owed_anything_while_nothing_was_answered() -> None:
    assert not Shares().owe("a", 0.0)


def test_of_n_who_want_more_than_they_get_each_is_owed_its_part_and_one_part_stays_free() -> None:
    shares = Shares()
    for _ in range(12):
        shares.answered(0.0)
    owed = Counter[str]()
    for _ in range(12):
        for who in "abc":
            if shares.owe(who, 0.0):
                shares.let_in(who, 0.0)
                owed[who] += 1
    assert owed == dict.fromkeys("abc", 3)


def test_a_hundred_who_ask_for_little_do_not_make_the_share_of_another_small() -> None:
    shares = Shares()
    for number in range(100):
        shares.let_in(f"{number}", 0.0)
        shares.answered(0.0)
    for _ in range(20):
        shares.answered(0.0)
    for _ in range(10):
        assert shares.owe("another", 0.0)
        shares.let_in("another", 0.0)
    assert not shares.owe("another", 0.0)


def test_what_is_longer_ago_is_forgotten_with_whoever_it_was() -> None:
    shares = Shares()
    for number in range(1_000):
        shares.let_in(f"{number}", 0.0)
        shares.answered(0.0)
    shares.answered(RECENT_S)
    shares.let_in("late", RECENT_S)
    remembered = [len(one) for one in vars(shares).values()]
    assert remembered == [1] * len(remembered)


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from(("let in", "answered", "asks")), st.sampled_from("abcd")),
        max_size=200,
    )
)
def test_whoever_is_owed_would_have_no_more_than_everybody_can_have(steps: list[tuple[int, str, str]]) -> None:
    """The law as it is written, beside the counting by which it is kept."""
    shares, now = Shares(), 0
    let_in, answered = list[tuple[int, str]](), list[int]()
    for waited, what, who in steps:
        now += waited
        now_s, since = now / TICKS, now - TICKS * RECENT_S
        had = Counter(one for at, one in let_in if at > since)
        had[who] += 1
        cut = sum(min(often, had[who]) for often in had.values())
        owed = cut + had[who] <= sum(at > since for at in answered)
        assert shares.owe(who, now_s) == owed
        if what == "let in":
            shares.let_in(who, now_s)
            let_in.append((now, who))
        elif what == "answered":
            shares.answered(now_s)
            answered.append(now)


class Door:
    """A door with one hand, that answers in the order of arrival so many a second; and its clock."""

    def __init__(self, per_s: int, places_max: int) -> None:
        self.now_s, self._answer_s = 0.0, 1 / per_s
        self._free_s = 0.0
        self.crowd = Crowd(places_max, lambda: self.now_s)
        self._inside: list[tuple[float, ExitStack]] = []
        self.longest_s = 0.0
        """That somebody who was let in had to wait."""
        self.let_in, self.sent_away = Counter[str](), Counter[str]()

    def pass_to(self, now_s: float) -> None:
        """Answer what is due until this instant."""
        while self._inside and self._inside[0][0] <= now_s:
            self.now_s, stay = self._inside.pop(0)
            stay.close()
        self.now_s = now_s

    def ask(self, who: str) -> None:
        """Somebody comes, its body with it, and is let in or sent away."""
        stay = ExitStack()
        try:
            stay.enter_context(self.crowd.place(who)).arrived(1)
        except Unavailable as no:
            assert 1 <= no.retry_after_s <= RETRY_S_MAX
            self.sent_away[who] += 1
            return
        self.let_in[who] += 1
        self._free_s = max(self._free_s, self.now_s) + self._answer_s
        self.longest_s = max(self.longest_s, self._free_s - self.now_s)
        self._inside.append((self._free_s, stay))


@settings(max_examples=40, deadline=None)
@given(
    per_s=st.integers(16, 200),
    floods=st.integers(1, 4),
    modest=st.integers(1, 4),
    places_max=st.sampled_from((64, 256)),
    seconds=st.integers(2, 6),
    times=st.integers(2, 5),
)
def test_who_asks_for_less_than_its_share_is_always_let_in_however_much_others_ask(
    per_s: int, floods: int, modest: int, places_max: int, seconds: int, times: int
) -> None:
    """Bounds: less than its share is by one document a second, for the second is not cut where the documents are; and
    the share is of the last second, so it holds once the door has worked for one. How many are inside at all is bounded
    whatever is owed, and so is the wait."""
    door = Door(per_s, places_max)
    share = per_s // (floods + modest + 1) - 1
    asks = [(tick / (times * per_s), f"flood {tick % floods}") for tick in range(times * per_s * seconds)]
    asks += [((k + 0.5) / share, f"modest {one}") for one in range(modest) for k in range(share * seconds)]
    for at_s, who in sorted(asks):
        door.pass_to(at_s)
        if at_s <= RECENT_S:
            door.sent_away.clear()
        door.ask(who)
        assert door.crowd.coming.taken <= places_max
    assert [door.sent_away[f"modest {one}"] for one in range(modest)] == [0] * modest
    assert all(door.let_in[f"flood {one}"] for one in range(floods)), "nobody starves"
    assert door.longest_s <= places_max / per_s


@pytest.mark.parametrize("count", [2, 30, 300])
def test_nobody_starves_where_there_are_many_who_all_ask_always(count: int) -> None:
    door = Door(50, 256)
    for tick in range(50 * 40):
        door.pass_to(tick / 50)
        for number in range(count):
            door.ask(f"{(tick * 7 + number) % count}")
    assert len(door.let_in) == count

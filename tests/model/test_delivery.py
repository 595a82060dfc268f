"""The one table of statuses: final ones stay, every event has its meaning, retries spread out."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.delivery import Backoff, DeliveryEvent, DeliveryStatus, Outcome, advance

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
STATUSES, EVENTS = st.sampled_from(DeliveryStatus), st.sampled_from(DeliveryEvent)


@given(STATUSES, st.lists(EVENTS, max_size=20))
def test_no_sequence_of_events_ever_leaves_a_final_status(status: DeliveryStatus, events: list[DeliveryEvent]) -> None:
    for event in events:
        after = advance(status, event)
        if status.final:
            assert after in {None, status}
        status = after or status


@given(STATUSES)
def test_an_acknowledgement_counts_until_something_final_came_first(status: DeliveryStatus) -> None:
    expected = DeliveryStatus.ACKNOWLEDGED
    ended_otherwise = status.final and status is not expected
    assert advance(status, DeliveryEvent.ACKNOWLEDGED) is (None if ended_otherwise else expected)


def test_only_what_was_not_handed_over_can_be_withdrawn_or_expire() -> None:
    for event in (DeliveryEvent.WITHDRAWN, DeliveryEvent.DEADLINE_PASSED):
        can = {status for status in DeliveryStatus if advance(status, event) not in {None, status}}
        assert can == {DeliveryStatus.QUEUED, DeliveryStatus.HELD}


def test_every_status_can_be_reached_from_the_queue() -> None:
    reached, todo = set(), [DeliveryStatus.QUEUED]
    while todo:
        status = todo.pop()
        reached.add(status)
        todo += [after for event in DeliveryEvent if (after := advance(status, event)) and after not in reached]
    assert reached == set(DeliveryStatus)


def test_an_interrupted_attempt_is_a_late_retry() -> None:
    assert Outcome.INTERRUPTED.event is Outcome.DEFERRED.event is DeliveryEvent.DEFERRED
    assert advance(DeliveryStatus.QUEUED, Outcome.INTERRUPTED.event) is DeliveryStatus.QUEUED


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_their_bound_and_jitter_only_shortens_them(attempts: int, chance: float) -> None:
    backoff = Backoff(first_s=1, most_s=900, jitter=0.2)
    wait_s = (backoff.next_at(NOW, attempts, chance) - NOW).total_seconds()
    longest = min(2.0 ** (attempts - 1) if attempts < 60 else 900, 900)
    assert longest * 0.8 - 1e-5 <= wait_s <= longest + 1e-5

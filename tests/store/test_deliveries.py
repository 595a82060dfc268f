"""Deliveries: every change by the one `advance`, with its event and entry; attempts recorded before they are made."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from gateway.model.delivery import (
    Attempt,
    Backoff,
    Delivery,
    DeliveryEvent,
    DeliveryStatus,
    Outcome,
    TimelineEvent,
    advance,
)
from gateway.store import (
    Advance,
    ClaimDue,
    CloseAttempt,
    DueAttempt,
    InterruptAttempts,
    NewDelivery,
    Store,
    queries,
)
from tests.store.samples import DEADLINE, NOW, admit, delivery_id, dispatch_id, run, write, write_all

BACKOFF = Backoff(first_s=10, most_s=100, jitter=0.0)
LATER = NOW + timedelta(seconds=1)
ONE = delivery_id(dispatch_id(1), 1)


def delivery(store: Store, number: int = 1) -> Delivery:
    dispatch = run(store.read(queries.dispatch, dispatch_id(number)))
    assert dispatch is not None
    return dispatch.deliveries[0]


def claim(store: Store, after_s: float = 0, limit: int = 10, per_addressee: int = 10) -> tuple[DueAttempt, ...]:
    at = NOW + timedelta(seconds=after_s)
    return write(store, ClaimDue(at, limit, per_addressee, BACKOFF, chance=0.5, claim_s=60))


def test_a_change_has_its_status_its_event_and_its_entry(store: Store) -> None:
    write(store, admit(1))
    handed = Advance(ONE, DeliveryEvent.HANDED_OVER, LATER, b"deliver", detail="pull")
    assert write(store, handed) is DeliveryStatus.DELIVERED
    seen = delivery(store)
    assert seen.status is DeliveryStatus.DELIVERED
    assert seen.timeline == (
        TimelineEvent("queued", NOW, "", 0),
        TimelineEvent("delivered", LATER, "pull", 1),
    )
    assert run(store.read(queries.entries, 1, 9)) == (b"deliver",)


def test_what_changes_nothing_records_nothing(store: Store) -> None:
    write(store, admit(1))
    for _ in range(3):
        assert write(store, Advance(ONE, DeliveryEvent.HANDED_OVER, LATER, b"deliver")) is DeliveryStatus.DELIVERED
    again = [Advance(ONE, DeliveryEvent.ACKNOWLEDGED, LATER, b"ack") for _ in range(5)]
    assert write_all(store, *again) == [DeliveryStatus.ACKNOWLEDGED] * 5
    assert [step.event for step in delivery(store).timeline] == ["queued", "delivered", "acknowledged"]
    assert run(store.read(queries.ledger_head)).size == 3


def test_what_cannot_happen_is_none_and_records_nothing(store: Store) -> None:
    write(store, admit(1))
    write(store, Advance(ONE, DeliveryEvent.WITHDRAWN, NOW, b"withdrawn"))
    assert write(store, Advance(ONE, DeliveryEvent.ACKNOWLEDGED, NOW, b"ack")) is None
    assert write(store, Advance("nobody", DeliveryEvent.ACKNOWLEDGED, NOW, b"ack")) is None
    assert run(store.read(queries.ledger_head)).size == 2


def test_several_changes_of_one_delivery_in_one_group_follow_each_other(store: Store) -> None:
    write(store, admit(1))
    steps = (
        DeliveryEvent.HELD,
        DeliveryEvent.HANDED_OVER,
        DeliveryEvent.RELEASED,
        DeliveryEvent.REFUSED,
        DeliveryEvent.ACKNOWLEDGED,
    )
    assert write_all(store, *(Advance(ONE, step, NOW, step.encode()) for step in steps)) == [
        DeliveryStatus.HELD,
        DeliveryStatus.DELIVERED,
        None,
        DeliveryStatus.REFUSED,
        None,
    ]
    assert run(store.read(queries.entries, 1, 9)) == (b"held", b"handed_over", b"refused")


def test_the_store_follows_the_one_table(store: Store) -> None:
    """Every sequence of three events."""
    paths = list(itertools.product(DeliveryEvent, repeat=3))
    write_all(store, *(admit(number, attachments=()) for number in range(len(paths))))
    expected = [DeliveryStatus.QUEUED] * len(paths)
    for step in range(3):
        results = write_all(
            store, *(Advance(delivery_id(dispatch_id(number), 1), path[step], NOW) for number, path in enumerate(paths))
        )
        assert results == [advance(before, path[step]) for before, path in zip(expected, paths, strict=True)]
        expected = [after or before for after, before in zip(results, expected, strict=True)]
    rows = [
        run(store.read(queries.delivery, delivery_id(dispatch_id(number), 1))) for number in range(0, len(paths), 7)
    ]
    assert [row.status for row in rows if row] == expected[::7]


def test_an_attempt_is_on_record_with_its_next_try_before_it_is_made(store: Store) -> None:
    write(store, admit(1, push=True))
    next_at = NOW + timedelta(seconds=10)
    assert claim(store) == (DueAttempt(ONE, 1, dispatch_id(1), "G22", "peer-G22", next_at),)
    assert delivery(store).attempts == (Attempt(1, NOW),)
    assert claim(store, after_s=10) == ()  # under way


def test_a_deferred_attempt_is_due_again_after_the_backoff(store: Store) -> None:
    write(store, admit(1, push=True))
    claim(store)
    close = CloseAttempt(ONE, 1, LATER, Outcome.DEFERRED, "503")
    assert write(store, close) is DeliveryStatus.QUEUED
    assert delivery(store).attempts == (Attempt(1, NOW, LATER, Outcome.DEFERRED, "503", ledger_index=1),)
    assert claim(store, after_s=9.9) == ()
    (again,) = claim(store, after_s=10)
    assert (again.number, again.next_attempt_at) == (2, NOW + timedelta(seconds=30))
    assert [step.event for step in delivery(store).timeline] == ["queued"]


@pytest.mark.parametrize(
    ("outcome", "acknowledged", "status"),
    [
        (Outcome.DELIVERED, False, DeliveryStatus.DELIVERED),
        (Outcome.DELIVERED, True, DeliveryStatus.ACKNOWLEDGED),
        (Outcome.REFUSED, False, DeliveryStatus.REFUSED),
    ],
)
def test_an_attempt_that_ends_ends_the_pushing(
    store: Store, outcome: Outcome, acknowledged: bool, status: DeliveryStatus
) -> None:
    write(store, admit(1, push=True))
    claim(store)
    assert write(store, CloseAttempt(ONE, 1, LATER, outcome, "", b"entry", acknowledged)) is status
    assert claim(store, after_s=10_000) == ()
    assert delivery(store).timeline[-1] == TimelineEvent(status.value, LATER, "", 1)


def test_an_attempt_a_dead_process_left_open_is_closed_as_interrupted_when_it_is_claimed_again(store: Store) -> None:
    write(store, admit(1, push=True))
    claim(store)
    (again,) = claim(store, after_s=60)
    assert again.number == 2
    first, second = delivery(store).attempts
    assert (first.outcome, first.ended_at) == (Outcome.INTERRUPTED, NOW + timedelta(seconds=60))
    assert second.outcome is None


def test_a_restarted_process_closes_what_it_left_open_and_nobody_elses(store: Store) -> None:
    write_all(store, admit(1, "G22", push=True), admit(2, "G23", push=True))
    write(store, ClaimDue(NOW, 1, 1, BACKOFF, 0.0, claimant="one"))
    write(store, ClaimDue(NOW, 1, 1, BACKOFF, 0.0, claimant="two"))
    assert write(store, InterruptAttempts(LATER, claimant="one")) == 1
    assert write(store, InterruptAttempts(LATER, claimant="one")) == 0
    outcomes = {delivery(store, number).attempts[0].outcome for number in (1, 2)}
    assert outcomes == {Outcome.INTERRUPTED, None}
    assert len(claim(store, after_s=10)) == 1


def test_a_result_that_comes_after_the_interruption_counts_but_does_not_rewrite_it(store: Store) -> None:
    write(store, admit(1, push=True))
    claim(store)
    claim(store, after_s=60)
    assert write(store, CloseAttempt(ONE, 1, LATER, Outcome.DELIVERED, "", b"deliver")) is DeliveryStatus.DELIVERED
    first, second = delivery(store).attempts
    assert first.outcome is Outcome.INTERRUPTED
    assert second.outcome is None  # its own result is still to come
    assert write(store, CloseAttempt(ONE, 2, LATER, Outcome.DEFERRED)) is DeliveryStatus.DELIVERED


def test_an_acknowledgement_may_overtake_the_record_of_the_attempt(store: Store) -> None:
    write(store, admit(1, push=True))
    claim(store)
    write(store, Advance(ONE, DeliveryEvent.ACKNOWLEDGED, LATER, b"ack"))
    assert write(store, CloseAttempt(ONE, 1, LATER, Outcome.DELIVERED, "", b"no")) is DeliveryStatus.ACKNOWLEDGED
    assert run(store.read(queries.ledger_head)).size == 2


def test_claims_are_oldest_first_and_within_the_share_of_each_addressee(store: Store) -> None:
    admits = [
        admit(number, "dead" if number < 40 else f"alive-{number}", push=True, admitted_at=NOW + timedelta(number))
        for number in range(45)
    ]
    write_all(store, *admits)
    later_s = timedelta(50).total_seconds()
    first = claim(store, after_s=later_s, limit=4, per_addressee=2)
    assert [one.addressee for one in first] == ["dead", "dead", "alive-40", "alive-41"]
    second = claim(store, after_s=later_s, limit=4, per_addressee=2)
    assert [one.addressee for one in second] == ["alive-42", "alive-43", "alive-44"]


def test_only_what_is_pushed_queued_and_due_is_claimed(store: Store) -> None:
    key = dispatch_id(1)
    held = NewDelivery(delivery_id(key, 1), "held", "held", "peer", True, DEADLINE)
    pulled = NewDelivery(delivery_id(key, 2), "pulled", "pulled", "peer", False, DEADLINE)
    due = NewDelivery(delivery_id(key, 3), "due", "due", "peer", True, DEADLINE)
    write(store, admit(1, deliveries=(held, pulled, due)))
    write(store, Advance(held.id, DeliveryEvent.HELD, NOW))
    assert claim(store, after_s=-1) == ()
    assert [one.addressee for one in claim(store)] == ["due"]


def test_overdue_is_what_nobody_fetched_by_its_deadline(store: Store) -> None:
    write_all(store, *(admit(number) for number in range(4)))
    write(store, Advance(delivery_id(dispatch_id(2), 1), DeliveryEvent.HANDED_OVER, NOW))
    assert run(store.read(queries.overdue, DEADLINE - timedelta(microseconds=1), 10)) == ()
    late = run(store.read(queries.overdue, DEADLINE, 10))
    assert {row.dispatch_id for row in late} == {dispatch_id(number) for number in (0, 1, 3)}
    for row in late:
        write(store, Advance(row.id, DeliveryEvent.DEADLINE_PASSED, DEADLINE, b"expire"))
    assert run(store.read(queries.overdue, DEADLINE, 10)) == ()


def test_changes_are_resumed_without_loss_by_those_who_may_see_them(store: Store) -> None:
    write(store, admit(1, "G22", "G23"))
    write(store, admit(2, "G22", peer="peer-other"))
    for number in (1, 2):
        write(store, Advance(delivery_id(dispatch_id(1), number), DeliveryEvent.ACKNOWLEDGED, LATER))
    sender = run(store.read(queries.changes, "peer-sender", 0, 10)).found
    assert [(one.addressee, one.event) for one in sender] == [
        ("G22", "queued"),
        ("G23", "queued"),
        ("G22", "acknowledged"),
        ("G23", "acknowledged"),
    ]
    assert run(store.read(queries.changes, "peer-sender", sender[1].id, 10)).found == sender[2:]
    addressee = run(store.read(queries.changes, "peer-G22", 0, 10)).found
    assert [one.dispatch_id for one in addressee] == [dispatch_id(1), dispatch_id(2), dispatch_id(1)]
    assert run(store.read(queries.changes, "peer-stranger", 0, 10)).found == ()


def test_a_long_history_is_looked_through_in_bounded_steps_and_nothing_is_missed(store: Store) -> None:
    for number in range(1, 8):
        write(store, admit(number, "G22", peer="peer-other"))
    write(store, admit(8, "G23"))
    write(store, Advance(delivery_id(dispatch_id(8), 1), DeliveryEvent.ACKNOWLEDGED, LATER))
    for limit in (1, 10):
        after, steps, seen = 0, 0, []
        while True:
            step = run(store.read(queries.changes, "peer-sender", after, limit, 3))
            seen += [one.event for one in step.found]
            assert after < step.seen <= after + 3
            after, steps = step.seen, steps + 1
            if step.complete:
                break
        assert seen == ["queued", "acknowledged"]
        assert steps == 3 if limit == 10 else steps >= 3
    ahead = run(store.read(queries.changes, "peer-sender", after + 5, 10))
    assert (ahead.found, ahead.seen, ahead.complete) == ((), after + 5, True)

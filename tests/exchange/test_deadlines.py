"""What is owed until when, and what is overdue: pure functions of facts, a calendar and an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange.deadlines import (
    Deadline,
    DeadlineRules,
    What,
    due_deadline,
    overdue,
    owed,
    recall_deadline,
    receipt_deadline,
    received_same_day,
)
from gateway.model.calendar import VIET_NAM, shipped_calendar
from gateway.model.delivery import DeliveryStatus
from gateway.store.queries import DeliveryFacts

CALENDAR, RULES = shipped_calendar(), DeadlineRules()


def local(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=VIET_NAM).astimezone(UTC)


MORNING = local("2026-11-23 08:00")
FACTS = DeliveryFacts("D", "P", "G22.00.00", "H29.00.00", DeliveryStatus.DELIVERED, MORNING)


@pytest.mark.parametrize(
    ("admitted", "priority", "until"),
    [
        ("2026-11-23 08:00", 0, "2026-11-23 17:00"),
        ("2026-11-23 16:30", 0, "2026-11-25 08:00"),  # an hour of work at the least: 24/11 is a day off
        ("2026-11-21 10:00", 0, "2026-11-23 17:00"),  # a Saturday
        ("2026-11-23 08:00", 1, "2026-11-23 13:30"),
        ("2026-11-23 08:00", 2, "2026-11-23 10:00"),
        ("2026-11-23 08:00", 3, "2026-11-23 09:00"),
        ("2026-11-21 23:00", 3, "2026-11-22 00:00"),  # hỏa tốc does not wait for the office
        ("2026-11-21 23:00", 4, "2026-11-22 00:00"),
        ("2026-11-23 08:00", 9, "2026-11-23 09:00"),
        ("2026-11-23 08:00", -1, "2026-11-23 17:00"),
        ("2026-02-13 16:55", 0, "2026-02-23 08:25"),  # the last minutes before Tết
    ],
)
def test_receipt_is_told_the_same_working_day_and_sooner_the_more_urgent(
    admitted: str, priority: int, until: str
) -> None:
    assert receipt_deadline(CALENDAR, RULES, local(admitted), priority) == local(until)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)), st.integers(0, 4))
def test_a_higher_urgency_is_never_owed_later(at: datetime, priority: int) -> None:
    admitted = at.replace(tzinfo=UTC)
    earlier = receipt_deadline(CALENDAR, RULES, admitted, priority + 1)
    assert admitted < earlier <= receipt_deadline(CALENDAR, RULES, admitted, priority)


def test_a_day_off_moves_the_day_of_a_document_to_the_next_working_day() -> None:
    assert due_deadline(CALENDAR, date(2026, 11, 23)) == local("2026-11-23 17:00")
    assert due_deadline(CALENDAR, date(2026, 11, 24)) == local("2026-11-25 17:00")


@pytest.mark.parametrize("due_on", [date.min, date.max])
def test_the_strangest_day_a_packet_can_write_is_a_day_like_any_other(due_on: date) -> None:
    assert due_deadline(CALENDAR, due_on) == local(f"{due_on.isoformat()} 17:00")
    facts = replace(FACTS, due_on=due_on, received_at=MORNING)
    assert [one.what for one in owed(facts, CALENDAR, RULES)] == [What.DUE]


def test_a_recall_is_answered_in_working_days() -> None:
    assert recall_deadline(CALENDAR, RULES, MORNING) == local("2026-11-26 17:00")


RECEIPT = Deadline(What.RECEIPT, local("2026-11-23 17:00"))
DUE = Deadline(What.DUE, local("2026-11-27 17:00"))
RECALL = Deadline(What.RECALL, local("2026-11-26 17:00"))


@pytest.mark.parametrize(
    ("facts", "owes"),
    [
        (FACTS, [RECEIPT]),
        (replace(FACTS, received_at=MORNING), []),
        (replace(FACTS, due_on=date(2026, 11, 27)), [RECEIPT, DUE]),
        (replace(FACTS, due_on=date(2026, 11, 27), received_at=MORNING), [DUE]),
        (replace(FACTS, due_on=date(2026, 11, 27), received_at=MORNING, finished_at=MORNING), []),
        (replace(FACTS, due_on=date(2020, 1, 2), received_at=MORNING), [Deadline(What.DUE, RECEIPT.at)]),
        (replace(FACTS, recall_asked_at=MORNING, received_at=MORNING), [RECALL]),
        (replace(FACTS, recall_asked_at=MORNING, recall_deadline_at=DUE.at), [Deadline(What.RECALL, DUE.at), RECEIPT]),
        (replace(FACTS, closed=True, due_on=date(2026, 11, 27)), []),
        *((replace(FACTS, status=one), []) for one in (DeliveryStatus.REFUSED, DeliveryStatus.WITHDRAWN)),
        *((replace(FACTS, status=one), []) for one in (DeliveryStatus.EXPIRED, DeliveryStatus.HELD)),
    ],
)
def test_what_is_owed_follows_from_what_happened(facts: DeliveryFacts, owes: list[Deadline]) -> None:
    assert list(owed(facts, CALENDAR, RULES)) == owes
    assert overdue(facts, CALENDAR, RULES, MORNING) == ()
    assert set(overdue(facts, CALENDAR, RULES, MORNING + timedelta(days=30))) == set(owes)


def test_the_last_instant_is_in_time() -> None:
    assert not overdue(FACTS, CALENDAR, RULES, RECEIPT.at)
    assert overdue(FACTS, CALENDAR, RULES, RECEIPT.at + timedelta(microseconds=1)) == (RECEIPT,)


def test_every_deadline_names_its_clause() -> None:
    assert all("30/2020/NĐ-CP" in what.clause for what in What)


def test_what_comes_in_the_evening_is_received_in_time_the_next_working_day() -> None:
    assert received_same_day(local("2026-11-25 16:00"), local("2026-11-23 18:00"), CALENDAR)
    assert not received_same_day(local("2026-11-25 08:00"), MORNING, CALENDAR)
    assert received_same_day(local("2026-11-23 23:59"), MORNING, CALENDAR), "the law says the day, not the hour"

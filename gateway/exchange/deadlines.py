"""Deadlines of the field: which there are, by which clause, and what is overdue. Computed when asked, never stored.

* `receipt`: the addressee tells the sender the same day that the document came (Decree 30/2020, Article 21.2.c);
  urgent ones at once (Articles 4.2.c, 23.1), which an hour or a few of them stand for, by degree of urgency
* `due`: it is dealt with by the day its sender wrote (DueDate; Article 24); a day off moves it to the next working day
  (Civil Code 2015, Article 148.5)
* `recall`: the addressee cancels a recalled document and says so (Article 18.4.b), or says why not

A day ends when the offices close. What was refused or taken back is owed nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.model.calendar import Calendar, local_day
from gateway.model.delivery import NEVER_TAKEN, DeliveryStatus
from gateway.store.queries.deadlines import DeliveryFacts


class What(StrEnum):
    """What an addressee owes."""

    RECEIPT = "receipt"
    DUE = "due"
    RECALL = "recall"

    @property
    def clause(self) -> str:
        """Where the law says so."""
        return _CLAUSES[self]


_CLAUSES = {
    What.RECEIPT: "30/2020/NĐ-CP, 21.2.c",
    What.DUE: "30/2020/NĐ-CP, 24",
    What.RECALL: "30/2020/NĐ-CP, 18.4.b",
}


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """Numbers the law leaves open."""

    receipt_h_min: float = 1.0
    """What comes shortly before the offices close may still be received for so many working hours."""
    urgent_h: float = 4.0
    """Khẩn (Priority 1): working hours to receive it."""
    very_urgent_h: float = 2.0
    """Thượng khẩn (2): working hours."""
    express_h: float = 1.0
    """Hỏa tốc, hỏa tốc hẹn giờ (3, 4): hours of the clock."""
    recall_days: int = 2
    """Working days to answer a recall."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something owed, and until when."""

    what: What
    at: datetime

    def passed(self, now: datetime) -> bool:
        return now > self.at


def receipt_deadline(calendar: Calendar, rules: DeadlineRules, admitted_at: datetime, priority: int) -> datetime:
    """When the addressee has told of the receipt at the latest. A higher urgency is never owed later."""
    least = calendar.add_working_time(admitted_at, timedelta(hours=rules.receipt_h_min))
    until = max(calendar.end_of_working_day(admitted_at), least)
    if priority >= 1:
        until = min(until, calendar.add_working_time(admitted_at, timedelta(hours=rules.urgent_h)))
    if priority >= 2:
        until = min(until, calendar.add_working_time(admitted_at, timedelta(hours=rules.very_urgent_h)))
    if priority >= 3:
        until = min(until, admitted_at + timedelta(hours=rules.express_h))
    return until


def due_deadline(calendar: Calendar, due_on: date) -> datetime:
    """The end of the day its sender wrote, or of the next working day. Days are counted, not instants: the first day
    there is begins, in Viet Nam, before any instant that can be written."""
    return calendar.closing(due_on if calendar.is_working_day(due_on) else calendar.next_working_day(due_on))


def recall_deadline(calendar: Calendar, rules: DeadlineRules, asked_at: datetime) -> datetime:
    """When a recall, an update or a replacement is answered at the latest."""
    return calendar.add_working_days(asked_at, rules.recall_days)


def owed(facts: DeliveryFacts, calendar: Calendar, rules: DeadlineRules) -> Iterator[Deadline]:
    """What the addressee still owes for a delivery, each with its deadline."""
    if facts.recall_asked_at is not None and facts.status not in NEVER_TAKEN:
        asked = recall_deadline(calendar, rules, facts.recall_asked_at)
        yield Deadline(What.RECALL, facts.recall_deadline_at or asked)
    gone = {*NEVER_TAKEN, DeliveryStatus.WITHDRAWN, DeliveryStatus.HELD}
    if facts.closed or facts.status in gone or facts.finished_at is not None:
        return
    if facts.received_at is None:
        yield Deadline(What.RECEIPT, receipt_deadline(calendar, rules, facts.admitted_at, facts.priority))
    if facts.due_on is not None:
        yield Deadline(
            What.DUE, max(due_deadline(calendar, facts.due_on), calendar.end_of_working_day(facts.admitted_at))
        )


def overdue(facts: DeliveryFacts, calendar: Calendar, rules: DeadlineRules, now: datetime) -> tuple[Deadline, ...]:
    """What is overdue at an instant."""
    return tuple(one for one in owed(facts, calendar, rules) if one.passed(now))


def received_same_day(received_at: datetime, admitted_at: datetime, calendar: Calendar) -> bool:
    """Whether the receipt was told on the working day the document came on (Article 21.2.c)."""
    return local_day(received_at) <= calendar.working_day_of(admitted_at)

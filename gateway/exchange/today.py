"""What lies on a clerk's desk today: first what cannot wait, then what came and went, newest first.

What cannot wait is computed when it is asked for: what an addressee would not take, a recall to answer, what is past
its deadline, what nobody has received yet. Something somebody has seen to is left out until it happens again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from gateway.exchange.deadlines import What, owed
from gateway.exchange.desk import SETTLED
from gateway.exchange.line import Line
from gateway.model.calendar import VIET_NAM, local_day
from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import new_id
from gateway.store.queries import DeliveryFacts
from gateway.store.queries.desk import Sore
from gateway.store.queries.desktop import Desktop, Period, desktop

LOOK_BACK = timedelta(days=30)
"""How long something may lie before it is history."""
LISTED_MAX = 50


class Need(StrEnum):
    """Why something cannot wait, the worst first."""

    REFUSED = "refused"
    """The addressee's people, or its system, would not take it."""
    EXPIRED = "expired"
    """It did not reach the addressee's system in time."""
    RECALL = "recall"
    """The sender asks it back, and waits for our answer."""
    DUE = "due"
    """It was to be dealt with by now."""
    RECEIPT = "receipt"
    """It came to us and nobody has said so; or it went out, and the time to say so is over."""
    NOT_GIVEN_BACK = "not_given_back"
    """We asked it back, and the addressee has not answered in time."""


_ORDER = tuple(Need)


@dataclass(frozen=True, slots=True)
class Pressing:
    """A delivery somebody has to see to."""

    need: Need
    facts: DeliveryFacts
    ours: bool
    """We sent it; otherwise it came to us."""
    since: datetime
    """When it happened; of what is owed, until when."""
    late: bool = False
    words: str = ""
    """Why, in the other side's words."""
    reminded: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What a clerk sees first."""

    pressing: tuple[Pressing, ...]
    rows: Desktop

    def count(self, need: Need) -> int:
        return sum(one.need is need for one in self.pressing)


def first_id(at: datetime) -> str:
    """The lowest identifier given at an instant or later."""
    return new_id(int(at.timestamp() * 1000), bytes(10))


async def lay_out(line: Line, agencies: Sequence[str]) -> Desk:
    """The desk of somebody who works for these agencies (keys)."""
    now = line.clock()
    today = local_day(now)
    day, since = datetime.combine(today, time(0), VIET_NAM).astimezone(UTC), now - LOOK_BACK
    period = Period(since, first_id(since), today, first_id(day))
    found = await line.store.read(desktop, tuple(agencies), period, LISTED_MAX, SETTLED)
    pressing = (one for facts in found.facts for one in _needs(line, found, facts, now))
    return Desk(tuple(sorted(pressing, key=lambda one: (_ORDER.index(one.need), one.since))), found)


def _needs(line: Line, found: Desktop, facts: DeliveryFacts, now: datetime) -> Iterator[Pressing]:
    """Why a delivery cannot wait, as far as nobody has seen to it since."""
    ours = facts.delivery_id in found.ours
    went_wrong = found.sores.get(facts.delivery_id, {})
    settled = found.settled.get(facts.delivery_id)
    needs = (*_failed(facts, went_wrong), *_owed(line, facts, now)) if ours else _asked(line, facts, now)
    for need, since, late, words in needs:
        if settled is None or settled < since:
            reminded = bool(facts.reminded) or "reminder" in went_wrong
            yield Pressing(need, facts, ours, since, late, words, reminded)


Told = tuple[Need, datetime, bool, str]


def _failed(facts: DeliveryFacts, went_wrong: Mapping[str, Sore]) -> Iterator[Told]:
    """What happened to something we sent."""
    if facts.recall_asked_at is None and facts.status is DeliveryStatus.EXPIRED and "expired" in went_wrong:
        yield Need.EXPIRED, went_wrong["expired"].at, True, ""
    sore = went_wrong.get("refused") or went_wrong.get("status_02")
    if sore is not None:
        yield Need.REFUSED, sore.at, True, sore.detail


def _owed(line: Line, facts: DeliveryFacts, now: datetime) -> Iterator[Told]:
    """What its addressee has not done in time with something we sent."""
    for one in owed(facts, line.calendar, line.deadlines):
        if one.passed(now):
            yield _AS_SENDER[one.what], one.at, True, ""


def _asked(line: Line, facts: DeliveryFacts, now: datetime) -> Iterator[Told]:
    """What we owe for something that came to us."""
    for one in owed(facts, line.calendar, line.deadlines):
        soon = local_day(one.at) <= local_day(now)
        if one.what is not What.DUE or soon:
            yield _AS_ADDRESSEE[one.what], one.at, one.passed(now), ""


_AS_SENDER = {What.RECALL: Need.NOT_GIVEN_BACK, What.DUE: Need.DUE, What.RECEIPT: Need.RECEIPT}
_AS_ADDRESSEE = {What.RECALL: Need.RECALL, What.DUE: Need.DUE, What.RECEIPT: Need.RECEIPT}

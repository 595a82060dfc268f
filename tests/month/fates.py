"""What happens to each document, drawn before anything is sent: whoever reads the register later knows what to expect.

Each document has chances of its own, by its number, so that one fate does not move the others. The shares are ours: no
figures of the field were found for them. Delays of people are in working hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from random import Random

from gateway.model.calendar import VIET_NAM, Calendar
from gateway.model.packet import StatusCode

TICK = timedelta(minutes=5)
_DAY = (
    (time(7, 30), time(9, 0), 10),
    (time(9, 0), time(11, 0), 38),
    (time(11, 0), time(11, 30), 4),
    (time(13, 0), time(14, 0), 8),
    (time(14, 0), time(16, 0), 32),
    (time(16, 0), time(17, 0), 8),
)
"""When documents are sent on a working day: from, until, share."""


class Flaw(StrEnum):
    """What is wrong with a packet that the door refuses."""

    NAMESPACE = "namespace"
    STRANGER = "stranger"
    SECRET = "secret"
    TORN = "torn"
    EMPTY_FILE = "empty_file"


class Again(StrEnum):
    """How a document is sent a second time."""

    SAME_BYTES = "same_bytes"
    OTHER_BYTES = "other_bytes"
    OTHER_ID = "other_id"


class Turn(StrEnum):
    """What its sender does to a document afterwards."""

    RECALL_DOCUMENT = "recall_document"
    RECALL_STATUS = "recall_status"
    UPDATE = "update"
    REPLACE = "replace"


class System(StrEnum):
    """What an addressee's system does with a packet that it fetched."""

    STORES = "stores"
    REFUSES = "refuses"
    NEVER_CONFIRMS = "never_confirms"


@dataclass(frozen=True)
class Report:
    """A status an addressee's people tell, so many working hours after the one before."""

    code: StatusCode
    after_h: float
    behind: timedelta = timedelta(0)
    """By how much its clock is behind."""


@dataclass(frozen=True)
class Reception:
    """What one addressee does with the document."""

    system: System
    reports: tuple[Report, ...]
    answer: StatusCode | None
    """To a recall, an update or a replacement; None: nobody ever answers."""
    answer_h: float
    by_packet: bool
    """Whether its system writes status packets itself; otherwise it uses the native door."""


@dataclass(frozen=True)
class Fate:
    """Everything that will happen to one document."""

    number: int
    at: datetime
    sender: str
    addressees: tuple[str, ...]
    priority: int
    due_on: date | None
    flaw: Flaw | None
    mended: bool
    again: Again | None
    turn: Turn | None
    turn_h: float
    receptions: dict[str, Reception]


def fates(
    agencies: Sequence[str], days: Sequence[date], per_day: int, calendar: Calendar, seed: int, often: int = 1
) -> Iterator[Fate]:
    """Of every document of those days, in the order of their numbers. What is rare comes `often` times as often."""
    for place, day in enumerate(days):
        for number in range(place * per_day + 1, (place + 1) * per_day + 1):
            yield _fate(number, day, agencies, calendar, Random(f"{seed}/{number}"), often)


def _fate(number: int, day: date, agencies: Sequence[str], calendar: Calendar, chance: Random, often: int) -> Fate:
    count = chance.choices((1, 2, 3, 8), (85, 9, 4, 2))[0]
    sender, *addressees = chance.sample(agencies, count + 1)
    due_on = None
    if chance.random() < 0.25:
        due_on = day
        for _ in range(chance.randint(2, 10)):
            due_on = calendar.next_working_day(due_on)
    turns = (None, *Turn)
    return Fate(
        number=number,
        at=_moment(day, chance),
        sender=sender,
        addressees=tuple(addressees),
        priority=chance.choices((0, 1, 2, 3), (93, 4, 2, 1))[0],
        due_on=due_on,
        flaw=chance.choice(tuple(Flaw)) if chance.random() < 0.03 * often else None,
        mended=chance.random() < 0.8,
        again=chance.choice(tuple(Again)) if chance.random() < 0.012 * often else None,
        turn=chance.choices(turns, (1_000 - 28 * often, 7 * often, 7 * often, 8 * often, 6 * often))[0],
        turn_h=chance.choice((0.1, 0.5, 2.0, 8.0, 20.0)),
        receptions={one: _reception(chance, often) for one in addressees},
    )


def _moment(day: date, chance: Random) -> datetime:
    begins, ends, _ = chance.choices(_DAY, [share for _, _, share in _DAY])[0]
    first, last = (datetime.combine(day, clock, VIET_NAM).astimezone(UTC) for clock in (begins, ends))
    return first + TICK * chance.randrange((last - first) // TICK)


def _reception(chance: Random, often: int) -> Reception:
    system = chance.choices(tuple(System), (1_000 - 7 * often, 3 * often, 4 * often))[0]
    return Reception(
        system=system,
        reports=tuple(_reports(chance, often)) if system is System.STORES else (),
        answer=chance.choices((StatusCode.CHANGE_AGREED, StatusCode.CHANGE_REFUSED, None), (70, 20, 10))[0],
        answer_h=chance.choice((0.2, 1.0, 4.0, 10.0)),
        by_packet=chance.random() < 0.5,
    )


def _reports(chance: Random, often: int) -> Iterator[Report]:
    """As the field does it: steps skipped, repeated, some with a clock that is behind."""
    late = chance.random() < 0.06
    if chance.random() < 0.03:
        return  # nobody there reports anything
    if chance.random() < 0.15:
        yield Report(StatusCode.ARRIVED, 0.1)
    first_h = chance.uniform(10, 40) if late else chance.expovariate(1 / 0.8)
    if chance.random() < 0.02 * often:
        yield Report(StatusCode.REFUSED, first_h)
        return
    yield Report(StatusCode.ACCEPTED, first_h, timedelta(minutes=chance.choice((0,) * 19 + (45,))))
    if chance.random() < 0.03:
        yield Report(StatusCode.ACCEPTED, 0.1)
    for code, share in ((StatusCode.ASSIGNED, 0.1), (StatusCode.PROCESSING, 0.15), (StatusCode.FINISHED, 0.55)):
        if chance.random() < share:
            yield Report(code, chance.expovariate(1 / 12))

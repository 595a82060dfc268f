"""The working calendar of Viet Nam: which days are worked, when a working day ends, and time counted in working hours.

A table says it, `config/calendar.toml`: public holidays (Labour Code 2019, Articles 111 and 112), and the days that
were swapped. Aware UTC instants go in and come out; the days are those of Viet Nam, UTC+7 all the year. Beyond the
years of the table only Saturdays and Sundays are off, and `Coverage` says long before that the table ends.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

VIET_NAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Without summer time since 1975, so no database of time zones is needed; packets write local time without a zone."""

DAY = timedelta(days=1)
SATURDAY = 5
COVERED_DAYS_MIN = 365
"""The table is to reach at least this far ahead."""
ANNOUNCED_DAYS_MIN = 31
"""A year is to be the announced one, not the computed one, this long before it begins."""

Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the table."""

    source: str
    """The notices that announced it; empty: computed from the law and the moon, swaps and the choice of days not yet
    known."""
    days_off: Mapping[date, str]
    """What makes each a day off, in Vietnamese."""
    days_worked: Mapping[date, str]
    """Saturdays and Sundays that are worked."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a calendar reaches, seen from a day."""

    until: date
    """The last day that the table knows."""
    announced_until: date
    """The last day that the State announced; behind it the table is computed."""
    table_short: bool
    """The table ends too soon: a newer one is needed."""
    announcement_due: bool
    """The next year begins soon and is still the computed one: look for its notice."""


@dataclass(frozen=True)
class Calendar:
    """Working days and working hours."""

    hours: tuple[Span, ...]
    """Of a working day, in order, local time."""
    years: Mapping[int, Year]

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on this day."""
        year = self.years.get(day.year)
        if day.weekday() >= SATURDAY:
            return year is not None and day in year.days_worked
        return year is None or day not in year.days_off

    def next_working_day(self, day: date) -> date:
        """The first working day after this one."""
        day += DAY
        while not self.is_working_day(day):
            day += DAY
        return day

    def previous_working_day(self, day: date) -> date:
        """The last working day before this one."""
        day -= DAY
        while not self.is_working_day(day):
            day -= DAY
        return day

    def working_day_of(self, at: datetime) -> date:
        """The day whose work an instant belongs to: its own until the office closes, otherwise the next one."""
        day = local_day(at)
        if self.is_working_day(day) and at <= self.closing(day):
            return day
        return self.next_working_day(day)

    def closing(self, day: date) -> datetime:
        """When the offices close on a day."""
        return _instant(day, self.hours[-1][1])

    def end_of_working_day(self, at: datetime) -> datetime:
        """When the working day that an instant belongs to ends."""
        return self.closing(self.working_day_of(at))

    def add_working_days(self, at: datetime, days: int) -> datetime:
        """The end of the working day so many after the one that an instant belongs to."""
        day = self.working_day_of(at)
        for _ in range(days):
            day = self.next_working_day(day)
        return self.closing(day)

    def add_working_time(self, at: datetime, span: timedelta) -> datetime:
        """The instant at which so much working time has passed; `at` itself where `span` is zero."""
        if span <= timedelta(0):
            return at
        for opens, closes in self._spans_from(local_day(at)):
            begins = max(opens, at)
            if begins + span <= closes:
                return begins + span
            span -= max(closes - begins, timedelta(0))
        raise AssertionError("working time does not end")

    def subtract_working_time(self, at: datetime, span: timedelta) -> datetime:
        """The latest instant from which so much working time passes until `at`."""
        if span <= timedelta(0):
            return at
        for opens, closes in self._spans_before(local_day(at)):
            ends = min(closes, at)
            if ends - span >= opens:
                return ends - span
            span -= max(ends - opens, timedelta(0))
        raise AssertionError("working time does not end")

    def coverage(self, day: date) -> Coverage:
        """How far the table reaches, seen from this day."""
        until, announced = day.year - 1, day.year - 1
        while (year := self.years.get(until + 1)) is not None:
            until += 1
            announced = until if year.source and announced == until - 1 else announced
        ends, announced_ends = date(until, 12, 31), date(announced, 12, 31)
        return Coverage(
            until=ends,
            announced_until=announced_ends,
            table_short=(ends - day).days < COVERED_DAYS_MIN,
            announcement_due=(announced_ends - day).days < ANNOUNCED_DAYS_MIN,
        )

    def _spans_from(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if not self.is_working_day(day):
            day = self.next_working_day(day)
        while True:
            for opens, closes in self.hours:
                yield _instant(day, opens), _instant(day, closes)
            day = self.next_working_day(day)

    def _spans_before(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        while True:
            if self.is_working_day(day):
                for opens, closes in reversed(self.hours):
                    yield _instant(day, opens), _instant(day, closes)
            day -= DAY


def local_day(at: datetime) -> date:
    """The day it is in Viet Nam."""
    return at.astimezone(VIET_NAM).date()


def _instant(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, VIET_NAM).astimezone(UTC)


class CalendarError(Exception):
    """A table that is none: `where` in it, and what is wrong there."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where, self.what = where, what


@cache
def shipped_calendar() -> Calendar:
    """The table of this release."""
    return read_calendar(shipped_path().read_bytes())


def shipped_path() -> Path:
    """Where the shipped table lies: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_config"
    return (inside if inside.is_dir() else package.parent / "config") / "calendar.toml"


def read_calendar(toml: bytes) -> Calendar:
    """The table in a file's bytes. CalendarError for what is no table, a day twice, a day in another year's place."""
    try:
        written = tomllib.loads(toml.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise CalendarError("calendar", str(wrong)) from wrong
    hours = _hours(written.pop("hours", None))
    years = {_number(name): _year(name, table) for name, table in written.items()}
    return Calendar(hours, MappingProxyType(years))


def _number(name: str) -> int:
    if not (len(name) == 4 and name.isascii() and name.isdigit()):
        raise CalendarError(name, 'a year of four digits, or "hours"')
    return int(name)


def _hours(written: object) -> tuple[Span, ...]:
    """`["07:30-11:30", "13:00-17:00"]`: at least one span, each after the one before it."""
    if not isinstance(written, list) or not written:
        raise CalendarError("hours", 'a list like ["07:30-11:30", "13:00-17:00"]')
    try:
        spans = [tuple(time.fromisoformat(clock) for clock in str(one).split("-")) for one in written]
        clocks = [clock for opens, closes in spans for clock in (opens, closes)]
    except ValueError as wrong:
        raise CalendarError("hours", str(wrong)) from wrong
    if not all(earlier < later for earlier, later in pairwise(clocks)):
        raise CalendarError("hours", "each clock is later than the one before it")
    return tuple((opens, closes) for opens, closes in spans)


def _year(name: str, table: object) -> Year:
    if not isinstance(table, dict) or table.keys() != {"source", "days_off", "days_worked"}:
        raise CalendarError(name, "a table with source, days_off and days_worked")
    source = table["source"]
    if not isinstance(source, str):
        raise CalendarError(f"{name}.source", "text")
    days_off = _days(name, "days_off", table["days_off"])
    days_worked = _days(name, "days_worked", table["days_worked"])
    for day in days_worked:
        if day.weekday() < SATURDAY or day in days_off:
            raise CalendarError(f"{name}.days_worked.{day}", "a Saturday or Sunday that is no day off")
    return Year(source, days_off, days_worked)


def _days(year: str, name: str, written: object) -> Mapping[date, str]:
    if not isinstance(written, dict):
        raise CalendarError(f"{year}.{name}", "a table from days to what they are")
    days: dict[date, str] = {}
    for spelt, what in written.items():
        try:
            day = date.fromisoformat(spelt)
        except ValueError as wrong:
            raise CalendarError(f"{year}.{name}.{spelt}", str(wrong)) from wrong
        if str(day.year) != year or day.isoformat() != spelt or not isinstance(what, str) or not what:
            raise CalendarError(f"{year}.{name}.{spelt}", f"a day of {year} like {year}-12-31, and what it is")
        days[day] = what
    return MappingProxyType(days)

"""The working calendar: the table against the law and the moon, and the laws of counting working time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.calendar import (
    VIET_NAM,
    Calendar,
    CalendarError,
    local_day,
    read_calendar,
    shipped_calendar,
    shipped_path,
)
from tests.model.lunar import hung_kings, tet

CALENDAR = shipped_calendar()
COMPUTED = [year for year, table in CALENDAR.years.items() if not table.source]
ONE = timedelta(days=1)

instants = st.datetimes(datetime(2023, 6, 1), datetime(2031, 6, 1)).map(lambda at: at.replace(tzinfo=UTC))
spans = st.timedeltas(timedelta(0), timedelta(days=20))


def local(written: str) -> datetime:
    """A Vietnamese date and time, as the aware UTC instant it is."""
    return datetime.fromisoformat(written).replace(tzinfo=VIET_NAM).astimezone(UTC)


def by_the_law(year: int) -> dict[date, bool]:
    """Labour Code, Articles 111.3 and 112.1, with the choices the table states: each day off, True where in lieu."""
    second = date(year, 9, 3) if date(year, 9, 3).weekday() != 6 else date(year, 9, 1)
    feast = [tet(year) + step * ONE for step in range(-1, 4)]
    holidays = [
        date(year, 1, 1),
        *feast,
        hung_kings(year),
        date(year, 4, 30),
        date(year, 5, 1),
        date(year, 9, 2),
        second,
    ]
    off = dict.fromkeys(holidays, False)
    for day in sorted(day for day in holidays if day.weekday() >= 5):
        in_lieu = day + ONE
        while in_lieu.weekday() >= 5 or in_lieu in off:
            in_lieu += ONE
        off[in_lieu] = True
    return off | {date(year, 11, 24): False}


@pytest.mark.parametrize("year", COMPUTED)
def test_a_computed_year_is_what_the_law_and_the_moon_give(year: int) -> None:
    written = {day: "bù" in what for day, what in CALENDAR.years[year].days_off.items()}
    assert written == by_the_law(year)
    assert not CALENDAR.years[year].days_worked


@pytest.mark.parametrize("year", sorted(CALENDAR.years))
def test_the_lunar_days_of_every_year_are_where_the_moon_says(year: int) -> None:
    off = CALENDAR.years[year].days_off
    assert off[tet(year)] == "Tết Âm lịch, mùng 1"
    assert off[hung_kings(year)] == "Giỗ Tổ Hùng Vương"


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_an_announced_year_has_every_holiday_of_the_law_and_pays_back_each_swap(year: int) -> None:
    table = CALENDAR.years[year]
    named = [what for what in table.days_off.values() if "bù" not in what and "Hoán đổi" not in what]
    assert len(named) == 11 + (year >= 2026), "Labour Code, Article 112.1: eleven days; from 2026 the day of culture"
    swapped = [what for what in table.days_off.values() if "Hoán đổi" in what]
    assert len(swapped) == len(table.days_worked)
    in_lieu = sum("bù" in what for what in table.days_off.values())
    named_on_weekends = sum(
        day.weekday() >= 5 for day, what in table.days_off.items() if "bù" not in what and "Hoán đổi" not in what
    )
    assert in_lieu == named_on_weekends, "Labour Code, Article 111.3"


def test_tet_of_2030_differs_from_the_chinese_one() -> None:
    """The moon is new at 23:07 in Ha Noi and 00:07 in Beijing."""
    assert tet(2030) == date(2030, 2, 2)
    assert tet(1985) == date(1985, 1, 21), "the year in which Viet Nam kept Tết a month before China"


def test_working_days_around_tet_a_swap_and_a_weekend() -> None:
    assert CALENDAR.next_working_day(date(2026, 2, 13)) == date(2026, 2, 23)
    assert CALENDAR.is_working_day(date(2026, 8, 22)), "the Saturday worked for 31/8"
    assert not CALENDAR.is_working_day(date(2026, 8, 31))
    assert CALENDAR.next_working_day(date(2026, 11, 23)) == date(2026, 11, 25)


def test_a_working_day_ends_when_the_office_closes() -> None:
    assert CALENDAR.end_of_working_day(local("2026-11-23 09:00")) == local("2026-11-23 17:00")
    assert CALENDAR.end_of_working_day(local("2026-11-23 17:00")) == local("2026-11-23 17:00")
    assert CALENDAR.end_of_working_day(local("2026-11-23 17:00:01")) == local("2026-11-25 17:00")
    assert CALENDAR.end_of_working_day(local("2026-11-24 00:30")) == local("2026-11-25 17:00"), "the day of Viet Nam"
    assert CALENDAR.add_working_days(local("2026-11-23 09:00"), 2) == local("2026-11-26 17:00")


def test_working_hours_pass_over_lunch_the_night_and_days_off() -> None:
    two = timedelta(hours=2)
    assert CALENDAR.add_working_time(local("2026-11-23 10:30"), two) == local("2026-11-23 14:00")
    assert CALENDAR.add_working_time(local("2026-11-23 16:00"), two) == local("2026-11-25 08:30")
    assert CALENDAR.add_working_time(local("2026-11-24 03:00"), two) == local("2026-11-25 09:30")
    assert CALENDAR.subtract_working_time(local("2026-11-23 17:00"), two) == local("2026-11-23 15:00")
    assert CALENDAR.subtract_working_time(local("2026-11-25 08:30"), two) == local("2026-11-23 16:00")


def test_beyond_the_table_only_weekends_are_off() -> None:
    assert CALENDAR.is_working_day(date(2041, 1, 1))
    assert not CALENDAR.is_working_day(date(2041, 1, 5))


@given(instants, spans, spans)
def test_adding_twice_is_adding_the_sum(at: datetime, first: timedelta, second: timedelta) -> None:
    assert CALENDAR.add_working_time(CALENDAR.add_working_time(at, first), second) == CALENDAR.add_working_time(
        at, first + second
    )


@given(instants, spans)
def test_what_was_added_can_be_taken_away_again(at: datetime, span: timedelta) -> None:
    """Up to time that is not worked: the instant come back to has no working time between it and the first one."""
    back = CALENDAR.subtract_working_time(CALENDAR.add_working_time(at, span), span)
    tick = timedelta(microseconds=1)
    assert back >= at
    assert back == at or CALENDAR.add_working_time(at, tick) >= back


@given(instants, instants, spans)
def test_later_stays_later(one: datetime, other: datetime, span: timedelta) -> None:
    earlier, later = sorted((one, other))
    assert CALENDAR.add_working_time(earlier, span) <= CALENDAR.add_working_time(later, span)
    assert CALENDAR.end_of_working_day(earlier) <= CALENDAR.end_of_working_day(later)


@given(instants, st.integers(0, 30))
def test_a_day_counted_is_a_working_day_and_none_is_left_out(at: datetime, days: int) -> None:
    end = CALENDAR.add_working_days(at, days)
    assert end >= at
    assert end.utcoffset() == timedelta(0)
    assert CALENDAR.is_working_day(local_day(end))
    between = [local_day(at) + step * ONE for step in range((local_day(end) - local_day(at)).days + 1)]
    worked = [day for day in between if CALENDAR.is_working_day(day) and CALENDAR.closing(day) >= at]
    assert len(worked) == days + 1


@pytest.mark.parametrize(
    ("day", "until", "announced", "short", "due"),
    [
        (date(2026, 11, 23), 2030, 2026, False, False),
        (date(2026, 12, 2), 2030, 2026, False, True),
        (date(2030, 1, 1), 2030, 2029, True, True),
        (date(2041, 6, 1), 2040, 2040, True, True),
    ],
)
def test_the_table_says_long_before_that_it_ends(day: date, until: int, announced: int, short: bool, due: bool) -> None:
    coverage = CALENDAR.coverage(day)
    assert coverage.until.year == until
    assert coverage.table_short is short
    assert coverage.announcement_due is due
    assert coverage.announced_until.year == announced


LEAST = 'hours = ["08:00-12:00"]\n[2026]\nsource = ""\n[2026.days_off]\n"2026-01-01" = "Tết"\n[2026.days_worked]\n'


def test_a_table_of_the_operators_own_is_read() -> None:
    read = read_calendar(LEAST.encode())
    assert isinstance(read, Calendar)
    assert not read.is_working_day(date(2026, 1, 1))
    assert read_calendar(shipped_path().read_bytes()) == CALENDAR


@pytest.mark.parametrize(
    ("now", "then", "where"),
    [
        ("[2026]", "[26]", "26"),
        ("[2026]", "[2026", "calendar"),
        ('source = ""', "", "2026"),
        ('source = ""', "source = 1", "2026.source"),
        ("hours", "hour", "hours"),
        ('["08:00-12:00"]', "[]", "hours"),
        ("08:00-12:00", "13:00-12:00", "hours"),
        ("08:00-12:00", "08:00", "hours"),
        ("08:00-12:00", "8-12", "hours"),
        ('"2026-01-01"', '"2025-01-01"', "2026.days_off.2025-01-01"),
        ('"2026-01-01"', '"20260101"', "2026.days_off.20260101"),
        ('"2026-01-01"', '"2026-02-30"', "2026.days_off.2026-02-30"),
        ('= "Tết"', '= ""', "2026.days_off.2026-01-01"),
        ("days_worked]\n", 'days_worked]\n"2026-01-02" = "bù"', "2026.days_worked.2026-01-02"),
        ("[2026.days_worked]\n", "", "2026"),
    ],
)
def test_a_table_that_is_none_is_refused_and_says_where(now: str, then: str, where: str) -> None:
    assert now in LEAST
    with pytest.raises(CalendarError) as wrong:
        read_calendar(LEAST.replace(now, then).encode())
    assert wrong.value.where == where


def test_bytes_that_are_no_text_are_no_table() -> None:
    with pytest.raises(CalendarError):
        read_calendar(b"\xff")

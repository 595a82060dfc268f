"""Periods and levels of the overview, as laws."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.activity import Length, Level, Measure, Span, level_of, refused_as, rows_of
from gateway.model.agency import Agency, AgencyKind
from gateway.model.reasons import Reason

DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))
LENGTHS = st.sampled_from(Length)


@given(LENGTHS, DAYS)
def test_a_day_is_in_its_period_and_the_period_is_read_as_it_is_written(length: Length, day: date) -> None:
    span = Span.around(length, day)
    assert span.first_day <= day <= span.last_day
    assert Span.read(span.written) == span
    assert {rows_of(day)[1]} <= set(span.months)


@given(LENGTHS, DAYS, st.integers(-12, 12))
def test_periods_follow_one_another_without_a_gap(length: Length, day: date, steps: int) -> None:
    span = Span.around(length, day)
    assert span.beside(steps).beside(-steps) == span
    assert (span.beside(1).first_day - span.last_day).days == 1
    assert span.beside(0) == span


@given(LENGTHS, DAYS)
def test_a_trend_ends_where_its_period_ends(length: Length, day: date) -> None:
    span = Span.around(length, day)
    trend = span.trend
    assert list(trend) == sorted(trend)
    assert trend[-1] == rows_of(span.last_day)[0 if length is Length.MONTH else 1]
    assert len(trend) == (span.last_day.day if length is Length.MONTH else 12)


@pytest.mark.parametrize(
    "written", ["", "26", "2026-", "2026-00", "2026-13", "2026-q5", "2026-1", "1999", "２０２６", "x"]
)
def test_what_is_no_period_is_none(written: str) -> None:
    assert Span.read(written) is None


def test_every_refusal_counts_once() -> None:
    assert refused_as(Reason.FORM_RULE) is refused_as(Reason.XML_DOCTYPE) is Measure.REFUSED_FORM
    assert refused_as(Reason.AUTHORITY_CAPACITY) is Measure.REFUSED_AUTHORITY
    assert refused_as(Reason.SEAL_MISSING) is refused_as(Reason.DUPLICATE) is Measure.REFUSED_OTHER


def test_every_kind_of_agency_has_a_level_and_the_first_decides() -> None:
    levels = {level_of(Agency("a", "A", ("a",), kinds=(kind,))) for kind in AgencyKind}
    assert levels | {Level.UNDECLARED} == set(Level)
    both = Agency("a", "A", ("a",), kinds=(AgencyKind.COMMUNE_COMMITTEE, AgencyKind.MINISTRY))
    assert level_of(both) is Level.COMMUNE
    assert level_of(None) is level_of(Agency("a", "A", ("a",))) is Level.UNDECLARED

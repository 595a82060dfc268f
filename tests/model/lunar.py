"""The Vietnamese lunar calendar by astronomy alone (J. Meeus, Astronomical Algorithms, 2nd ed.), for UTC+7.

New moons after chapter 49 (error below a minute in these centuries), the sun's apparent longitude after chapter 25
(0.01 degrees). Month 11 holds the winter solstice; a month without a principal term after a long year is a leap month.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

ZONE_H = 7
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
DELTA_T_S = 70.0
"""Dynamical minus universal time; between 69 and 75 seconds in the years asked about."""


def new_moon(k: int) -> datetime:
    """The instant (UTC) of the new moon number `k`, counted from January 2000."""
    t = k / 1236.85
    julian = 2451550.09766 + 29.530588861 * k + 0.00015437 * t**2 - 0.00000015 * t**3
    e = 1 - 0.002516 * t - 0.0000074 * t**2
    sun = math.radians(2.5534 + 29.10535670 * k - 0.0000014 * t**2)
    moon = math.radians(201.5643 + 385.81693528 * k + 0.0107582 * t**2)
    f = math.radians(160.7108 + 390.67050284 * k - 0.0016118 * t**2)
    node = math.radians(124.7746 - 1.56375588 * k + 0.0020672 * t**2)
    s = math.sin
    julian += (
        -0.40720 * s(moon)
        + 0.17241 * e * s(sun)
        + 0.01608 * s(2 * moon)
        + 0.01039 * s(2 * f)
        + 0.00739 * e * s(moon - sun)
        - 0.00514 * e * s(moon + sun)
        + 0.00208 * e * e * s(2 * sun)
        - 0.00111 * s(moon - 2 * f)
        - 0.00057 * s(moon + 2 * f)
        + 0.00056 * e * s(2 * moon + sun)
        - 0.00042 * s(3 * moon)
        + 0.00042 * e * s(sun + 2 * f)
        + 0.00038 * e * s(sun - 2 * f)
        - 0.00024 * e * s(2 * moon - sun)
        - 0.00017 * s(node)
        + 0.000325 * s(math.radians(299.77 + 0.107408 * k - 0.009173 * t**2))
    )
    return _J2000 + timedelta(days=julian - 2451545.0, seconds=-DELTA_T_S)


def sun_longitude(at: datetime) -> float:
    """The sun's apparent longitude in degrees."""
    t = (at - _J2000).total_seconds() / 86_400 / 36_525
    anomaly = math.radians(357.52911 + 35_999.05029 * t)
    centre = (1.914602 - 0.004817 * t) * math.sin(anomaly) + 0.019993 * math.sin(2 * anomaly)
    centre += 0.000289 * math.sin(3 * anomaly)
    node = math.radians(125.04 - 1934.136 * t)
    return (280.46646 + 36_000.76983 * t + centre - 0.00569 - 0.00478 * math.sin(node)) % 360


def _day(at: datetime) -> date:
    return (at + timedelta(hours=ZONE_H)).date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=ZONE_H)


def _holds_term(first: date, following: date) -> int | None:
    """The principal term (0: spring equinox … 9: winter solstice … 11) that begins in a month; None: a leap month."""
    before, after = (int(sun_longitude(_midnight(day)) // 30) for day in (first, following))
    return after if before != after else None


def months_of(year: int) -> dict[tuple[int, bool], date]:
    """First day of each month from month 11 of the year before to month 10 of this one, by (number, leap)."""
    k = round((year - 1 - 2000) * 12.3685) + 9
    firsts = [_day(new_moon(k + step)) for step in range(18)]
    solstice = next(i for i in range(17) if _holds_term(firsts[i], firsts[i + 1]) == 9)
    next_solstice = next(i for i in range(solstice + 1, 17) if _holds_term(firsts[i], firsts[i + 1]) == 9)
    long = next_solstice - solstice == 13
    months: dict[tuple[int, bool], date] = {}
    number, leap_seen = 11, not long
    for i in range(solstice, next_solstice):
        leap = i > solstice and not leap_seen and _holds_term(firsts[i], firsts[i + 1]) is None
        leap_seen = leap_seen or leap
        if i > solstice and not leap:
            number = number % 12 + 1
        months[number, leap] = firsts[i]
    return months


def tet(year: int) -> date:
    """Mùng 1 Tết."""
    return months_of(year)[1, False]


def hung_kings(year: int) -> date:
    """Mùng 10 tháng 3."""
    return months_of(year)[3, False] + timedelta(days=9)

"""What a steering committee counts: the figures of agencies, by day, and how agencies and days are put together.

A document counts on the day (in Viet Nam) the gateway admitted it, whatever happens to it later; a refusal on the day
it was made. So a share of a figure in another is of the same documents, and a period that is over changes only where
its documents do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.model.agency import Agency, AgencyKind, Directory
from gateway.model.calendar import local_day


class Measure(StrEnum):
    """A figure. All of them follow from the ledger's entries, and the urgency the register has of each document."""

    SENT = "sent"
    """New documents of the sender that were admitted: `accept`, without a `status` or `change` of its own."""
    SIGNED = "signed"
    """Of those, the ones its seal came with: `accept` with a `seal_certificate`."""
    RECEIVED = "received"
    """Such documents the addressee's system has: the first of `deliver`, `acknowledge`, `status` 01 to 06."""
    SAME_DAY = "same_day"
    """Of those, the ones whose receipt was told on the working day they came: `acknowledge` or `status` 01 to 06."""
    REFUSED_FORM = "refused_form"
    """Packets refused for their form: `refuse` with a reason `xml.` or `form.`."""
    REFUSED_AUTHORITY = "refused_authority"
    """Packets refused for authority: `refuse` with a reason `authority.`."""
    REFUSED_OTHER = "refused_other"
    """Every other `refuse`: seals, signatures, limits, the record."""
    RECALLED = "recalled"
    """Documents of the sender it asked back, each once: the first `change` that recalls it."""
    OVERDUE = "overdue"
    """Documents whose receipt the addressee owed and did not tell in time."""


MEASURES = tuple(Measure)
_REFUSED = {
    "xml": Measure.REFUSED_FORM,
    "form": Measure.REFUSED_FORM,
    "authority": Measure.REFUSED_AUTHORITY,
}


def refused_as(reason: str) -> Measure:
    """What a refusal counts as, by the code of its reason."""
    return _REFUSED.get(reason.partition(".")[0], Measure.REFUSED_OTHER)


class Level(StrEnum):
    """Where in the State an agency is, by what it is declared to be."""

    CENTRAL = "central"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    JUSTICE = "justice"
    UNIT = "unit"
    PARTY = "party"
    UNDECLARED = "undeclared"


_K = AgencyKind
_LEVELS = {
    _K.PROVINCE_COUNCIL: Level.PROVINCE,
    _K.PROVINCE_COMMITTEE: Level.PROVINCE,
    _K.DISTRICT_COUNCIL: Level.DISTRICT,
    _K.DISTRICT_COMMITTEE: Level.DISTRICT,
    _K.COMMUNE_COUNCIL: Level.COMMUNE,
    _K.COMMUNE_COMMITTEE: Level.COMMUNE,
    _K.COURT: Level.JUSTICE,
    _K.PROCURACY: Level.JUSTICE,
    _K.DEPARTMENT: Level.UNIT,
    _K.PUBLIC_UNIT: Level.UNIT,
    _K.STATE_ENTERPRISE: Level.UNIT,
    _K.PARTY: Level.PARTY,
    _K.FRONT: Level.PARTY,
}


def level_of(agency: Agency | None) -> Level:
    """An agency's level: of several kinds the first decides."""
    if agency is None or not agency.kinds:
        return Level.UNDECLARED
    return _LEVELS.get(agency.kinds[0], Level.CENTRAL)


class Length(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS = {Length.MONTH: 1, Length.QUARTER: 3, Length.YEAR: 12}
TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Span:
    """A month, a quarter or a year."""

    length: Length
    year: int
    first_month: int

    @classmethod
    def around(cls, length: Length, day: date) -> Span:
        """The one a day is in."""
        months = _MONTHS[length]
        return cls(length, day.year, (day.month - 1) // months * months + 1)

    @classmethod
    def read(cls, written: str) -> Span | None:
        """Of `2026-11`, `2026-q4` or `2026`; None where it is none of these."""
        year, _, part = written.partition("-")
        if not (len(year) == 4 and year.isascii() and year.isdigit() and year > "1999"):
            return None
        if not part:
            return None if "-" in written else cls(Length.YEAR, int(year), 1)
        if part in {"q1", "q2", "q3", "q4"}:
            return cls(Length.QUARTER, int(year), int(part[1]) * 3 - 2)
        if len(part) == 2 and part.isascii() and part.isdigit() and 1 <= int(part) <= 12:
            return cls(Length.MONTH, int(year), int(part))
        return None

    @property
    def written(self) -> str:
        """As `read` takes it."""
        match self.length:
            case Length.MONTH:
                return f"{self.year}-{self.first_month:02d}"
            case Length.QUARTER:
                return f"{self.year}-q{self.number}"
            case Length.YEAR:
                return str(self.year)

    @property
    def number(self) -> int:
        """Which of its year."""
        return (self.first_month - 1) // _MONTHS[self.length] + 1

    @property
    def first_day(self) -> date:
        return date(self.year, self.first_month, 1)

    @property
    def last_day(self) -> date:
        return self.beside(1).first_day - timedelta(days=1)

    def beside(self, steps: int) -> Span:
        """The one so many later; earlier where `steps` is below zero."""
        months = self.year * 12 + self.first_month - 1 + steps * _MONTHS[self.length]
        return Span(self.length, months // 12, months % 12 + 1)

    @property
    def months(self) -> tuple[str, ...]:
        """As rows of months are called."""
        return tuple(f"{self.year}-{self.first_month + one:02d}" for one in range(_MONTHS[self.length]))

    @property
    def trend(self) -> tuple[str, ...]:
        """What its trend is drawn of, as rows are called: the days of a month, otherwise the twelve months up to its
        end."""
        if self.length is Length.MONTH:
            return tuple(day.isoformat() for day in _days(self.first_day, self.last_day))
        last = Span(Length.MONTH, self.year, self.first_month + _MONTHS[self.length] - 1)
        return tuple(last.beside(step).written for step in range(1 - TREND_MONTHS, 1))


def _days(first: date, last: date) -> Iterator[date]:
    for step in range((last - first).days + 1):
        yield first + timedelta(days=step)


def rows_of(day: date) -> tuple[str, str]:
    """The rows something on a day is added to: of its day and of its month."""
    return day.isoformat(), day.isoformat()[:7]


@dataclass(frozen=True, slots=True)
class Connected:
    """Agencies a system receives for, and when that was worked out."""

    directory: Directory
    at: datetime
    keys: frozenset[str]

    def holds(self, directory: Directory, now: datetime) -> bool:
        """Whether nothing has changed since: neither the directory, nor a grant, nor the day."""
        same = directory is self.directory and local_day(now) == local_day(self.at)
        return same and not directory.routes_changed_between(self.at, now)

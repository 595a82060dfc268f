"""How long content is kept: a dated table of periods by type of document. What no period speaks of is kept for good.

The law leaves the years to each agency's list of files (Decree 30/2020/NĐ-CP, annex V, part I.4: "for good, or a number
of years, by the rules in force"), so there is none here until an operator writes it down, with its basis. A period
counts in whole calendar years after the year of the document.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

ANY_TYPE = "*"


@dataclass(frozen=True, slots=True)
class Period:
    """Documents of a type, dated from a day on, are kept for so many years. `years` None: for good."""

    type: str
    """As the packet names it (`Công văn`), whatever its case; `*`: every type that no other period names."""
    since: date
    years: int | None
    basis: str
    """The rule that says so."""


class RetentionTableError(Exception):
    """A table that is none: what is wrong, and in which entry, counted from 1."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"period {number}: {what}")
        self.number, self.what = number, what


def read_periods(toml: bytes) -> tuple[Period, ...]:
    """The periods of a file's bytes: `[[period]]` with type, since, basis, and years where they end."""
    try:
        written = tomllib.loads(toml.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise RetentionTableError(0, str(wrong)) from wrong
    rows = written.get("period")
    if written.keys() != {"period"} or not isinstance(rows, list):
        raise RetentionTableError(0, "[[period]]")
    return tuple(_period(number, row) for number, row in enumerate(rows, start=1))


def _period(number: int, row: object) -> Period:
    if not isinstance(row, dict) or not {"type", "since", "basis"} <= row.keys() <= {"type", "since", "basis", "years"}:
        raise RetentionTableError(number, "type, since, basis, years")
    kind, since, basis, years = row["type"], row["since"], row["basis"], row.get("years")
    if not isinstance(kind, str) or not kind or not isinstance(basis, str) or not basis:
        raise RetentionTableError(number, "type, basis")
    if type(since) is not date:
        raise RetentionTableError(number, "since: 2026-01-01")
    if years is not None and (type(years) is not int or not 1 <= years <= 200):
        raise RetentionTableError(number, "years: 1-200")
    return Period(kind, since, years, basis)


def period_of(periods: Sequence[Period], document_type: str, day: date) -> Period | None:
    """The period of a document of this type and day: the latest of its own type, else the latest of any. None: there is
    none, so it is kept."""
    for kind in (_folded(document_type), ANY_TYPE):
        own = [one for one in periods if _folded(one.type) == kind and one.since <= day]
        if own:
            return max(own, key=lambda one: one.since)
    return None


def ends_on(period: Period, day: date) -> date | None:
    """The last day on which a document of this day is kept; None: for good."""
    return None if period.years is None else date(day.year + period.years, 12, 31)


def _folded(written: str) -> str:
    return unicodedata.normalize("NFC", " ".join(written.split())).casefold()

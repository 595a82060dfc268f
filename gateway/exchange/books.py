"""The registers of Decree 30/2020/NĐ-CP, annex IV: the outgoing book (I) and the incoming book (VI), ten columns each.

What the law asks for and a packet does not say (who was handed a paper, and when) stays empty, to be filled by hand:
nothing is invented. Numbers of arrival are counted within the year from what came through the axis.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from gateway.exchange import lifecycle
from gateway.exchange.line import Line
from gateway.exchange.today import first_id
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Document
from gateway.store.queries.books import BookPage, BookRow, book

ROWS_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Period:
    """A year, or a month of it (None: the whole)."""

    year: int
    month: int | None

    @property
    def edges(self) -> tuple[str, str]:
        """The lowest identifier of the period, and of what comes after it."""
        begin = date(self.year, self.month or 1, 1)
        last = self.month in {None, 12}
        end = date(self.year + 1, 1, 1) if last else date(self.year, (self.month or 0) + 1, 1)
        return _first_of(begin), _first_of(end)

    @property
    def year_first(self) -> str:
        return _first_of(date(self.year, 1, 1))


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a register: what its columns hold, before they are put into words."""

    number: int
    """Within the year; the number of arrival in the incoming book."""
    dispatch_id: str
    mark: str
    sender: str
    addressees: tuple[str, ...]
    code: str
    written_on: str
    """As the packet writes it."""
    type_name: str
    subject: str
    signer: str
    copies: str
    admitted_at: datetime
    events: frozenset[str]
    business_type: int
    priority: int
    erased: bool


async def entries(
    line: Line, agency: str, outgoing: bool, period: Period, after: str = "", limit: int = ROWS_PER_PAGE
) -> tuple[Entry, ...]:
    """Some lines of a register, oldest first, from behind the mark `after`."""
    first, before = period.edges
    page = await line.store.read(book, agency, outgoing, period.year_first, max(after, first), before, limit)
    return _numbered(line, page)


async def every_entry(line: Line, agency: str, outgoing: bool, period: Period) -> AsyncIterator[Entry]:
    """All lines of a register."""
    after = ""
    while page := await entries(line, agency, outgoing, period, after):
        for one in page:
            yield one
        after = page[-1].mark


def _numbered(line: Line, page: BookPage) -> tuple[Entry, ...]:
    return tuple(_entry(line, row, page.numbered_after + place) for place, row in enumerate(page.rows, start=1))


def _entry(line: Line, row: BookRow, number: int) -> Entry:
    content = lifecycle.read(line, row.envelope) if row.envelope else None
    said = content if isinstance(content, Document) else None
    return Entry(
        number=number,
        dispatch_id=row.id,
        mark=row.mark,
        sender=row.sender,
        addressees=row.addressees,
        code=row.code,
        written_on=(said.promulgated_on or "") if said else "",
        type_name=(said.document_type.name or "") if said else "",
        subject=row.subject,
        signer=(said.signer.full_name or "") if said else "",
        copies=(said.other.copies or "") if said else "",
        admitted_at=row.admitted_at,
        events=row.events,
        business_type=row.business_type,
        priority=row.priority,
        erased=said is None,
    )


def _first_of(day: date) -> str:
    return first_id(datetime.combine(day, time(0), VIET_NAM).astimezone(UTC))

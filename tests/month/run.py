"""The province's gateway: a fresh store, the real line, and a clock that goes only when told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from gateway.exchange.line import State
from gateway.ledger.directory_text import directory_entry
from gateway.model.calendar import VIET_NAM, shipped_calendar
from gateway.store import PutDirectory, Store
from tests.http.town import Clock, open_line
from tests.month.fates import fates
from tests.month.play import Month
from tests.month.province import directory

BEGINS_ON = date(2026, 11, 1)
"""A Sunday; the 24th of the month is a public holiday."""


@asynccontextmanager
async def month_in(folder: Path, url: str, per_day: int, days: int, seed: int, often: int = 1) -> AsyncIterator[Month]:
    """The month in a fresh database, its blobs in a folder, not yet played. What is rare comes `often` times as
    often."""
    store = Store.open(url, folder / "blobs")
    try:
        begins_at = datetime.combine(BEGINS_ON, time(0), VIET_NAM).astimezone(UTC)
        clock, province = Clock(begins_at), directory()
        await store.write(PutDirectory(province, begins_at, directory_entry(province, begins_at)))
        line = replace(open_line(store, folder, clock), state=State(province))
        calendar = [BEGINS_ON + timedelta(days=one) for one in range(days)]
        worked = [day for day in calendar if shipped_calendar().is_working_day(day)]
        planned = fates([one.key for one in province.agencies], worked, per_day, line.calendar, seed, often)
        yield Month(line, clock, planned, begins_at + timedelta(days=days), seed, often)
    finally:
        store.close()

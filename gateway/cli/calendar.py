"""`gateway calendar`: the working calendar in force, a year at a time, and how far it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import click

from gateway import config
from gateway.app import calendar_of
from gateway.cli.register import configured
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.model.calendar import Calendar, local_day, shipped_calendar


@click.command("calendar", cls=Verb)
@click.argument("year", type=int, required=False)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def calendar(session: Session, year: int | None, as_json: bool, config_file: Path) -> None:
    """The days of a year that are not as other weekdays and weekends are."""
    table = calendar_of(config.load(config_file)) if config_file.exists() else shipped_calendar()
    today = local_day(datetime.now(UTC))
    shown = today.year if year is None else year
    if shown not in table.years:
        years = f"{min(table.years)}–{max(table.years)}" if table.years else ""
        raise Failed(session.say("say.calendar.no_year", year=shown, years=years), session.say("say.calendar.hint"))
    days = list(_days(table, shown))
    if as_json:
        session.show_json(_facts(table, shown, today, days))
        return
    columns = [f"say.column.{name}" for name in ("day", "weekday", "work", "meaning")]
    rows = [
        (day, session.say(f"say.weekday.{day.weekday()}"), session.say(f"say.calendar.{_kind(works)}"), what)
        for day, works, what in days
    ]
    session.table(columns, rows)
    source = table.years[shown].source
    session.note("say.calendar.announced" if source else "say.calendar.computed", year=shown, source=source)
    coverage = table.coverage(today)
    session.note("say.calendar.covered", until=coverage.until, announced=coverage.announced_until)
    if coverage.table_short or coverage.announcement_due:
        session.note("say.calendar.short")


def _kind(works: bool) -> str:
    return "worked" if works else "off"


def _days(table: Calendar, year: int) -> Iterator[tuple[date, bool, str]]:
    """Day, whether it is worked, and why; in order."""
    one = table.years[year]
    named = [(day, False, what) for day, what in one.days_off.items()]
    yield from sorted(named + [(day, True, what) for day, what in one.days_worked.items()])


def _facts(table: Calendar, year: int, today: date, days: list[tuple[date, bool, str]]) -> dict[str, object]:
    coverage = table.coverage(today)
    return {
        "year": year,
        "source": table.years[year].source,
        "covered_until": coverage.until,
        "announced_until": coverage.announced_until,
        "days": [{"day": day, "worked": works, "what": what} for day, works, what in days],
    }

"""`gateway overview`: a sealed report on a period, and its figures counted again from the ledger."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from gateway import config
from gateway.app import open_line, utc_now
from gateway.cli.people import at_the_machine
from gateway.cli.register import configured
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.exchange.acts import export_act, note
from gateway.exchange.directory_fields import WrongField, instant
from gateway.exchange.line import Line
from gateway.exchange.overview import Figures, Scope
from gateway.exchange.overview_report import OverviewReport, report
from gateway.exchange.recount import recount
from gateway.model.activity import MEASURES, Level, Span
from gateway.store import queries

LEVELS = click.Choice([one.value for one in Level])


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose figures, for which period."""

    span: Span
    agency_id: str | None
    level: Level | None

    def scope(self, session: Session, line: Line) -> Scope:
        """Of the directory in force. Failed for an agency that is not in it."""
        agency = line.directory.agency(self.agency_id) if self.agency_id else None
        if self.agency_id and agency is None:
            raise Failed(session.say("say.overview.agency", agency=self.agency_id))
        return Scope(agency, self.level)


@click.group("overview", cls=Verbs)
def overview() -> None:
    """The exchange by period."""


@overview.command("report")
@click.option("--period", required=True)
@click.option("--agency", "agency_id")
@click.option("--level", type=LEVELS)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@configured
@click.pass_obj
def make_report(
    session: Session, period: str, agency_id: str | None, level: str | None, output: Path, config_file: Path
) -> None:
    """A sealed report on a period."""
    asked = _asked(session, period, agency_id, level)
    one = asyncio.run(_report(session, config.load(config_file), asked, output))
    seal = output.with_name(one.seal_name)
    session.tell("say.overview.written", path=output, seal=seal, sha256=one.sha256)


async def _report(session: Session, settings: Config, asked: Asked, output: Path) -> OverviewReport:
    """Write page and seal, then record what was taken out."""
    async with open_line(settings) as line:
        actor, scope = at_the_machine(line.secrets), asked.scope(session, line)
        one = await report(line, asked.span, scope, output.name, actor.key, session.lang)
        await asyncio.to_thread(output.write_bytes, one.page)
        await asyncio.to_thread(output.with_name(one.seal_name).write_bytes, one.seal)
        await note(line, export_act(actor, "overview_report", one.page, line.clock()))
        return one


@overview.command("recount")
@click.option("--period", required=True)
@click.option("--agency", "agency_id")
@click.option("--level", type=LEVELS)
@click.option("--entries", type=click.IntRange(min=0))
@click.option("--at")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def count_again(
    session: Session,
    period: str,
    agency_id: str | None,
    level: str | None,
    entries: int | None,
    at: str | None,
    as_json: bool,
    config_file: Path,
) -> None:
    """The figures of a period, from the ledger's first entry on."""
    asked, until = _asked(session, period, agency_id, level), _until(session, at)
    found, size = asyncio.run(_recount(session, config.load(config_file), asked, entries, until))
    total = sum(found.values(), Figures())
    if as_json:
        agencies = {key: dict(zip(MEASURES, figures.counts, strict=True)) for key, figures in found.items()}
        session.show_json({"total": dict(zip(MEASURES, total.counts, strict=True)), "agencies": agencies})
        return
    session.tell("say.overview.counted", period=period, size=size, at=until)
    rows = [(session.say(f"console.overview.measure.{one}"), total[one]) for one in MEASURES]
    session.table(["say.column.figure", "say.column.count"], rows)


async def _recount(
    session: Session, settings: Config, asked: Asked, entries: int | None, until: datetime
) -> tuple[dict[str, Figures], int]:
    async with open_line(settings) as line:
        head = (await line.store.read(queries.ledger_head)).size
        if entries is not None and entries > head:
            raise Failed(session.say("say.overview.entries", size=head))
        size = head if entries is None else entries
        return dict(await recount(line, size, until, asked.span, asked.scope(session, line))), size


def _asked(session: Session, period: str, agency_id: str | None, level: str | None) -> Asked:
    span = Span.read(period)
    if span is None:
        raise Failed(session.say("say.overview.period", written=period), session.say("say.overview.period_hint"))
    return Asked(span, agency_id, Level(level) if level else None)


def _until(session: Session, written: str | None) -> datetime:
    try:
        return instant({"--at": written}, "--at") or utc_now()
    except WrongField as wrong:
        raise Failed(session.say(wrong.key, **wrong.values)) from wrong

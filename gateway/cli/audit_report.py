"""`gateway audit report`: a sealed report on a period."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.app import open_line
from gateway.cli.audit_search import DAY, span_of
from gateway.cli.people import at_the_machine
from gateway.cli.register import configured
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.config import Config
from gateway.exchange.acts import export_act, note
from gateway.exchange.audit_report import PeriodFacts, Signed, period_facts, write_page, write_seal
from gateway.exchange.key_record import ledger_keys
from gateway.ledger import open_checkpoint
from gateway.store import queries
from gateway.store.queries.auditing import Span
from gateway.trust import countersign


@click.command("report", cls=Verb)
@click.option("--from", "since", type=DAY, required=True)
@click.option("--until", type=DAY, required=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@configured
@click.pass_obj
def audit_report(session: Session, since: datetime, until: datetime, output: Path, config_file: Path) -> None:
    """A sealed report on a period."""
    span = span_of(since, until, datetime.now(UTC))
    sha256 = asyncio.run(_report(session, config.load(config_file), span, (since, until), output))
    session.tell("say.audit.report.written", path=output, seal=f"{output}.seal.xml", sha256=sha256)


async def _report(session: Session, settings: Config, span: Span, days: tuple[datetime, datetime], output: Path) -> str:
    """Write page and seal, then record what was taken out."""
    async with open_line(settings) as line:
        keys = await ledger_keys(line.store)

        def read(connection: queries.Connection) -> PeriodFacts | None:
            latest = queries.checkpoint(connection)
            if latest is None:
                return None
            opened = open_checkpoint(bytes(latest.note), *keys)
            signed = Signed(opened.origin, opened.size, opened.root.hex())
            first_last = (days[0].date(), days[1].date())
            return period_facts(connection, line.calendar, line.directory, span, first_last, signed, output.name)

        facts = await line.store.read(read)
        if facts is None:
            raise Failed(session.say("say.audit.report.unsigned"))
        page, at = write_page(facts), line.clock()
        sha256 = hashlib.sha256(page).hexdigest()
        seal = countersign(write_seal(facts, sha256, at), line.signer, at)
        await asyncio.to_thread(output.write_bytes, page)
        await asyncio.to_thread(output.with_name(facts.seal_name).write_bytes, seal)
        await note(line, export_act(at_the_machine(line.secrets), "audit_report", page, at))
        return sha256

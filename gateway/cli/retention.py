"""`gateway retention`: what is due, what is held, what was destroyed, and the certificates of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from gateway import config
from gateway.app import open_line
from gateway.cli.faults import DONE, FAILED
from gateway.cli.people import at_the_machine
from gateway.cli.register import configured, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.exchange import retention as keeping
from gateway.exchange.retention import Due
from gateway.model.calendar import local_day
from gateway.model.retention import Period, RetentionTableError, read_periods
from gateway.store.queries import retention as reading
from gateway.store.retention import HoldVerdict


@click.group("retention", cls=Verbs)
def retention() -> None:
    """How long content is kept."""


def _reasoned(verb: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--reason", "retention_reason", required=True)(verb)


@retention.command()
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def plan(session: Session, until: datetime | None, as_json: bool, config_file: Path) -> None:
    """Documents whose period has ended."""
    settings = config.load(config_file)
    found = asyncio.run(_due(session, settings, until.date() if until else _today()))
    if as_json:
        session.show_json([_facts(one) for one in found])
        return
    columns = ("dispatch", "sender", "code", "document_type", "kept_until", "basis", "is_held")
    session.table([f"say.column.{name}" for name in columns], [list(_facts(one).values()) for one in found])
    session.note("say.retention.due", count=len(found), held=sum(one.content.held for one in found))


def _facts(one: Due) -> dict[str, object]:
    return {
        "dispatch": one.content.dispatch_id,
        "sender": one.content.sender,
        "code": one.content.code,
        "type": one.type,
        "kept_until": one.kept_until.isoformat(),
        "basis": one.period.basis,
        "held": one.content.held,
    }


async def _due(session: Session, settings: Config, today: date) -> list[Due]:
    periods = _periods(session, settings)
    async with open_line(settings) as line:
        return [one async for one in keeping.due(line, periods, today)]


@retention.command()
@click.argument("dispatch_id")
@_reasoned
@configured
@click.pass_obj
def hold(session: Session, dispatch_id: str, retention_reason: str, config_file: Path) -> None:
    """Keep a dispatch."""
    verdict = asyncio.run(_moved(config.load(config_file), keeping.hold, dispatch_id, retention_reason))
    _tell(session, verdict, "held", dispatch_id)


@retention.command()
@click.argument("dispatch_id")
@_reasoned
@configured
@click.pass_obj
def release(session: Session, dispatch_id: str, retention_reason: str, config_file: Path) -> None:
    """Let its period decide again."""
    verdict = asyncio.run(_moved(config.load(config_file), keeping.release, dispatch_id, retention_reason))
    _tell(session, verdict, "released", dispatch_id)


async def _moved(settings: Config, move: Callable[..., Any], dispatch_id: str, reason: str) -> HoldVerdict:
    async with open_line(settings) as line:
        verdict: HoldVerdict = await move(line, at_the_machine(line.secrets), dispatch_id, reason)
        return verdict


def _tell(session: Session, verdict: HoldVerdict, done: str, dispatch_id: str) -> None:
    if verdict is HoldVerdict.UNKNOWN:
        raise Failed(session.say("say.retention.unknown", dispatch=dispatch_id))
    if verdict is HoldVerdict.ALREADY:
        session.note("say.retention.already", dispatch=dispatch_id)
    else:
        session.tell(f"say.retention.done.{done}", dispatch=dispatch_id)


@retention.command()
@click.argument("dispatch_ids", nargs=-1)
@click.option("--all", "every", is_flag=True)
@_reasoned
@configured
@click.pass_obj
def erase(
    session: Session, dispatch_ids: tuple[str, ...], every: bool, retention_reason: str, config_file: Path
) -> int:
    """Destroy what is due."""
    if every == bool(dispatch_ids):
        raise click.UsageError(session.say("say.retention.which"))
    return asyncio.run(_erased(session, config.load(config_file), dispatch_ids, retention_reason))


async def _erased(session: Session, settings: Config, dispatch_ids: tuple[str, ...], reason: str) -> int:
    """One after the other, so that a long run that is broken off has destroyed what it said, and no more."""
    periods, left, refused = _periods(session, settings), set(dispatch_ids), 0
    async with open_line(settings) as line:
        await keeping.sweep(line)
        async for one in keeping.due(line, periods, _today()):
            dispatch_id = one.content.dispatch_id
            if dispatch_ids and dispatch_id not in left:
                continue
            left.discard(dispatch_id)
            verdict = await keeping.erase(line, at_the_machine(line.secrets), one, reason)
            if verdict is HoldVerdict.DONE:
                session.tell("say.retention.erased", dispatch=dispatch_id)
            else:
                refused += bool(dispatch_ids)
                session.note("say.retention.held", dispatch=dispatch_id)
    for dispatch_id in sorted(left):
        session.report(session.say("say.retention.not_due", dispatch=dispatch_id))
    return FAILED if left or refused else DONE


@retention.command()
@click.argument("dispatch_id")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path))
@configured
@click.pass_obj
def certificate(session: Session, dispatch_id: str, output: Path | None, config_file: Path) -> None:
    """The certificate of a destruction."""
    document = asyncio.run(_read(config.load(config_file), reading.certificate_of, dispatch_id))
    if document is None:
        raise Failed(session.say("say.retention.kept", dispatch=dispatch_id))
    if output is None:
        sys.stdout.buffer.write(document)
    else:
        output.write_bytes(document)


@retention.command("list")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_retention(session: Session, as_json: bool, config_file: Path) -> None:
    """What is held, what was destroyed."""
    settings = config.load(config_file)
    held = asyncio.run(_read(settings, reading.holds_in_force))
    gone = asyncio.run(_read(settings, reading.erasures_recorded))
    if as_json:
        session.show_json({"held": [asdict(one) for one in held], "erased": [asdict(one) for one in gone]})
        return
    columns = ("dispatch", "is_held", "erased_at", "certificate_sha256")
    rows = [(one.dispatch_id, one.ledger_index, None, None) for one in held]
    rows += [(one.dispatch_id, None, one.erased_at, one.certificate_sha256) for one in gone]
    session.table([f"say.column.{name}" for name in columns], rows)


async def _read(settings: Config, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    async with opened(settings) as store:
        return await store.read(query, *arguments)


def _periods(session: Session, settings: Config) -> tuple[Period, ...]:
    path = settings.retention.file
    if path is None:
        raise Failed(session.say("say.retention.unset"))
    try:
        return read_periods(path.read_bytes())
    except RetentionTableError as wrong:
        raise Failed(session.say("say.retention.table", path=path, what=wrong)) from wrong


def _today() -> date:
    return local_day(datetime.now(UTC))

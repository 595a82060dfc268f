"""The verbs of a directory that two people change: propose, read what it comes to, approve or turn down.

As with the authority table, names here are the ones operators give (`gateway.cli.tables`). The act carries the account
of the machine and the reason; in the console both have entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from gateway import config
from gateway.cli.directory import reading
from gateway.cli.people import machine_act
from gateway.cli.register import configured, directory_in_force, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.cli.tables import check_operator
from gateway.config import Config
from gateway.exchange import directory_proposals as proposing
from gateway.exchange.directory_proposals import ActOf, read_onto
from gateway.exchange.operating import reason_given
from gateway.model.directory_difference import AgencyChange, Difference
from gateway.model.refusal import Refused
from gateway.store import Store, queries
from gateway.store.queries.directory_proposals import Proposal

R = TypeVar("R")

PROPOSALS_SHOWN = 20


@click.command("propose", cls=Verb)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", "replacing", is_flag=True)
@click.option("--by", required=True)
@click.option("--reason", required=True)
@configured
@click.pass_obj
def propose(session: Session, file: Path, replacing: bool, by: str, reason: str, config_file: Path) -> None:
    """Propose that the agencies of a file be put in force."""
    check_operator(session, by)
    settings = config.load(config_file)

    async def work(store: Store) -> int:
        before = await directory_in_force(store)
        with reading(session, file) as told:
            agencies = read_onto(before, file, replacing=replacing, told=told)
        return await proposing.propose(store, before, agencies, by, datetime.now(UTC), _act_of(settings, reason))

    number = _done(session, settings, work)
    session.tell("say.directory.proposed", number=number)
    session.note("say.directory.proposed_next", number=number)


@click.command("approve", cls=Verb)
@click.argument("number", type=int)
@click.option("--by", required=True)
@click.option("--reason", required=True)
@configured
@click.pass_obj
def approve(session: Session, number: int, by: str, reason: str, config_file: Path) -> None:
    """Approve what somebody else proposed."""
    check_operator(session, by)
    settings = config.load(config_file)

    async def work(store: Store) -> int:
        before, at = await directory_in_force(store), datetime.now(UTC)
        return await proposing.approve(store, before, number, by, at, _act_of(settings, reason))

    session.tell("say.directory.approved", number=number, version=_done(session, settings, work))


@click.command("reject", cls=Verb)
@click.argument("number", type=int)
@click.option("--by", required=True)
@click.option("--reason", required=True)
@configured
@click.pass_obj
def reject(session: Session, number: int, by: str, reason: str, config_file: Path) -> None:
    """Turn a proposal down."""
    check_operator(session, by)
    settings = config.load(config_file)

    async def work(store: Store) -> None:
        await proposing.reject(store, number, by, datetime.now(UTC), _act_of(settings, reason))

    _done(session, settings, work)
    session.tell("say.directory.rejected", number=number)


@click.command("proposals", cls=Verb)
@click.option("--limit", type=click.IntRange(min=1), default=PROPOSALS_SHOWN, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_proposals(session: Session, limit: int, as_json: bool, config_file: Path) -> None:
    """What was proposed, the newest first."""

    async def work(store: Store) -> tuple[Proposal, ...]:
        return await store.read(queries.proposals, limit)

    found = _done(session, config.load(config_file), work)
    if as_json:
        session.show_json([asdict(one) for one in found])
        return
    columns = ("number", "proposed_by", "at", "added", "amended", "gone", "cut_off", "decision", "decided_by")
    rows = [
        (
            one.number, one.proposed_by, one.proposed_at, one.added, one.changed, one.gone, one.cut_off,
            session.say(f"say.directory.outcome.{one.outcome or 'waits'}"), one.decided_by,
        )
        for one in found
    ]  # fmt: skip
    session.table([f"say.column.{name}" for name in columns], rows)


@click.command("difference", cls=Verb)
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def show_difference(session: Session, number: int, as_json: bool, config_file: Path) -> None:
    """What a proposal comes to, agency by agency."""

    async def work(store: Store) -> Difference | None:
        one = await store.read(queries.proposal, number)
        return None if one is None else await store.read(queries.proposed_difference, number)

    seen = _done(session, config.load(config_file), work)
    if seen is None:
        raise Failed(session.say("say.directory.no_proposal", number=number))
    if as_json:
        session.show_json(asdict(seen))
        return
    for change in AgencyChange:
        for one in seen.of(change):
            session.tell(f"say.directory.change.{change}", agency=one.key, name=one.name)
            for field in one.fields:
                session.tell("say.directory.field", field=field.field, before=field.before, after=field.after)
    for lost in seen.cut_off:
        session.tell("say.directory.cut_off", agency=lost.key, name=lost.name)


def _act_of(settings: Config, reason: str) -> ActOf:
    given = reason_given(reason)
    return lambda action, subject: machine_act(settings, action, subject, given)


def _done(session: Session, settings: Config, work: Callable[[Store], Awaitable[R]]) -> R:
    """What `work` gives on the store; Failed, in words, for what the rules of two people do not let happen."""

    async def run() -> R:
        async with opened(settings) as store:
            return await work(store)

    try:
        return asyncio.run(run())
    except Refused as no:
        raise Failed(no.finding.detail(session.lang), no.finding.hint(session.lang)) from no

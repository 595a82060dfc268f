"""The verbs of what happens to a document after its delivery: report, recall, versions."""

from __future__ import annotations

import asyncio

import click
import msgspec

from gateway.cli.connection import Connect, Connection, connecting
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.client import Recall, Related, Reported

CODES = ("01", "02", "03", "04", "05", "06", "15", "16")


@click.command(cls=Verb)
@click.argument("delivery")
@click.argument("code", type=click.Choice(CODES))
@click.option("--text", "description")
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def report(
    session: Session, delivery: str, code: str, description: str | None, as_json: bool, connect: Connect
) -> None:
    """Tell the sender what was done with its document."""
    told = asyncio.run(_report(session, connect(), delivery, code, description))
    if as_json:
        session.show_json(msgspec.to_builtins(told))
    else:
        session.tell(
            "say.report.done", code=code, status=session.say(f"say.processing.{code}"), index=told.ledger_index
        )


async def _report(session: Session, to: Connection, delivery: str, code: str, description: str | None) -> Reported:
    async with to.client(session) as gateway:
        return await gateway.report_status(delivery, code, description)


@click.command(cls=Verb)
@click.argument("dispatch")
@click.option("--reason", required=True)
@click.option("--from", "addressees", multiple=True)
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def recall(
    session: Session, dispatch: str, reason: str, addressees: tuple[str, ...], as_json: bool, connect: Connect
) -> None:
    """Ask a document back."""
    came = asyncio.run(_recall(session, connect(), dispatch, reason, addressees))
    if as_json:
        session.show_json(msgspec.to_builtins(came))
        return
    rows = []
    for one in came.addressees:
        change = one.delivery.change
        said = session.say(f"say.outcome.{change.outcome}") if change else session.say("say.recall.nothing")
        rows.append((one.delivery.addressed_as, said, change.deadline_at if change else None))
    session.table([f"say.column.{name}" for name in ("addressee", "outcome", "answer_by")], rows)
    session.note("say.recall.next", dispatch=dispatch)


async def _recall(session: Session, to: Connection, dispatch: str, reason: str, addressees: tuple[str, ...]) -> Recall:
    async with to.client(session) as gateway:
        return await gateway.recall(dispatch, reason, addressees or None)


@click.command(cls=Verb)
@click.argument("dispatch")
@click.option("--thread", "whole_thread", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def versions(session: Session, dispatch: str, whole_thread: bool, as_json: bool, connect: Connect) -> None:
    """The recalls, updates and replacements of a document."""
    rows = asyncio.run(_versions(session, connect(), dispatch, whole_thread))
    if as_json:
        session.show_json(msgspec.to_builtins(rows))
        return
    columns = ["dispatch", "sender", "code", "admitted_at", "relation"]
    session.table(
        [f"say.column.{name}" for name in columns],
        [(one.id, one.sender, one.code, one.admitted_at, _relations(session, one)) for one in rows],
    )


def _relations(session: Session, one: Related) -> str:
    return ", ".join(f"{session.say(f'say.relation.{link.relation}')} {link.target}" for link in one.links)


async def _versions(session: Session, to: Connection, dispatch: str, whole_thread: bool) -> tuple[Related, ...]:
    async with to.client(session) as gateway:
        return await (gateway.thread(dispatch) if whole_thread else gateway.versions(dispatch))

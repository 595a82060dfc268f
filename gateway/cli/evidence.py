"""The verbs that follow a document and prove what happened to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from gateway.cli.connection import Connect, Connection, connecting
from gateway.cli.keys import write_new
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.client import Dispatch, Unmatched


@click.command(cls=Verb)
@click.argument("dispatch", required=False)
@click.option("--document-id")
@click.option("--unmatched", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def status(
    session: Session, dispatch: str | None, document_id: str | None, unmatched: bool, as_json: bool, connect: Connect
) -> None:
    """Every addressee of a document, and what happened there; or the statuses of unknown documents."""
    if [dispatch is not None, document_id is not None, unmatched].count(True) != 1:
        raise click.UsageError(session.say("say.status.which"))
    if unmatched:
        _tell_unmatched(session, asyncio.run(_unmatched(session, connect())), as_json)
        return
    found = asyncio.run(_dispatches(session, connect(), dispatch, document_id))
    if as_json:
        session.show_json(msgspec.to_builtins(found))
        return
    if not found:
        raise Failed(session.say("say.status.none", document=document_id))
    for one in found:
        _tell_dispatch(session, one)


def _tell_dispatch(session: Session, one: Dispatch) -> None:
    session.tell("say.status.dispatch", dispatch=one.id, code=one.code, subject=one.subject)
    session.tell("say.status.facts", sender=one.sender, at=one.admitted_at, index=one.ledger_index)
    rows = []
    for delivery in one.deliveries:
        said = session.say(f"say.delivery.{delivery.status}")
        done = session.say(f"say.processing.{delivery.processing.code}") if delivery.processing else ""
        asked = session.say(f"say.outcome.{delivery.change.outcome}") if delivery.change else ""
        words = [delivery.reached.detail, delivery.processing.description if delivery.processing else ""]
        detail = "; ".join(filter(None, words))
        rows.append((delivery.addressed_as, said, done, asked, delivery.reached.at, detail, delivery.id))
    columns = ["addressee", "delivery_status", "processing", "outcome", "since", "detail", "delivery"]
    session.table([f"say.column.{name}" for name in columns], rows)


def _tell_unmatched(session: Session, rows: tuple[Unmatched, ...], as_json: bool) -> None:
    if as_json:
        session.show_json(msgspec.to_builtins(rows))
        return
    session.table(
        [f"say.column.{name}" for name in ("dispatch", "sender", "code", "document", "processing", "since", "detail")],
        [
            (
                one.dispatch_id,
                one.agency,
                one.code,
                one.document_id,
                session.say(f"say.processing.{one.status_code}"),
                one.recorded_at,
                one.description,
            )
            for one in rows
        ],
    )


async def _unmatched(session: Session, to: Connection) -> tuple[Unmatched, ...]:
    """All of them, page by page."""
    rows: tuple[Unmatched, ...] = ()
    async with to.client(session) as gateway:
        page = await gateway.unmatched()
        while page.next is not None:
            rows += page.statuses
            page = await gateway.unmatched(page.next)
    return rows


async def _dispatches(
    session: Session, to: Connection, dispatch: str | None, document_id: str | None
) -> tuple[Dispatch, ...]:
    async with to.client(session) as gateway:
        if dispatch is not None:
            return (await gateway.status(dispatch),)
        return await gateway.find(document_id or "")


@click.command(cls=Verb)
@click.argument("dispatch")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--event", type=click.IntRange(min=0))
@click.option("--for-third-party", "third_party", is_flag=True)
@connecting
@click.pass_obj
def prove(
    session: Session, dispatch: str, out: Path | None, event: int | None, third_party: bool, connect: Connect
) -> None:
    """Get the case file of a dispatch, or of one event of it for a third party."""
    if (event is not None) != third_party:
        raise click.UsageError(session.say("say.prove.third_party"))
    path = out or Path(f"{dispatch}.case.asice")
    if path.exists():
        raise Failed(session.say("say.prove.exists", path=path), session.say("say.prove.exists_hint"))
    case = asyncio.run(_case(session, connect(), dispatch, event))
    write_new(path, case, 0o644)
    session.tell("say.prove.done", path=path, size=len(case))
    session.note("say.prove.next", path=path)


async def _case(session: Session, to: Connection, dispatch: str, event: int | None) -> bytes:
    async with to.client(session) as gateway:
        return await gateway.proof(dispatch, event)

"""`gateway evidence`: what there is evidence of, and the sealed documents."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from gateway.cli.connection import Connect, Connection, connecting
from gateway.cli.keys import write_new
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.client import Evidence


@click.command(cls=Verb)
@click.argument("dispatch")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def evidence(session: Session, dispatch: str, out: Path | None, as_json: bool, connect: Connect) -> None:
    """The events of a dispatch; with `--out`, each one's sealed document too."""
    listed, documents = asyncio.run(_documents(session, connect(), dispatch, fetch=out is not None))
    for one, xml in zip(listed, documents, strict=False):
        path = (out or Path()) / f"{one.index}-{one.event}.xml"
        if path.exists():
            raise Failed(session.say("say.prove.exists", path=path), session.say("say.prove.exists_hint"))
        write_new(path, xml, 0o644)
    if as_json:
        session.show_json(msgspec.to_builtins(listed))
        return
    rows = [(one.at, session.say(f"evidence.event.{one.event}"), one.event, " ".join(one.recipients), one.index)
            for one in listed]  # fmt: skip
    session.table([f"say.column.{name}" for name in ("since", "meaning", "event", "addressee", "index")], rows)


async def _documents(
    session: Session, to: Connection, dispatch: str, fetch: bool
) -> tuple[tuple[Evidence, ...], list[bytes]]:
    async with to.client(session) as gateway:
        listed = await gateway.evidence(dispatch)
        wanted = listed if fetch else ()
        return listed, [await gateway.evidence_document(dispatch, one.index, one.event) for one in wanted]

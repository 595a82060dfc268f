"""`gateway migrate`: a register goes on in another database."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.audit_register import tell_difference
from gateway.cli.faults import DONE, FAILED
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb, Verbs
from gateway.store.moving import Step, move


@click.group("migrate", cls=Verbs)
def migrate() -> None:
    """Move a register to another database."""


@migrate.command("sqlite-to-postgres", cls=Verb)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("url")
@click.option("--differing", is_flag=True)
@click.pass_obj
def sqlite_to_postgres(session: Session, file: Path, url: str, differing: bool) -> int:
    """Everything or nothing, and verified."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=session.err, disable=not session.err.is_terminal, transient=True) as bar:
        tasks = {step: bar.add_task(session.say(f"say.move.step.{step}"), total=None, visible=False) for step in Step}

        def tell(step: Step, done: int, total: int) -> None:
            bar.update(tasks[step], completed=done, total=total, visible=True)

        moved = move(file, url, tell, differing=differing)
    for one in moved.differences:
        tell_difference(session, one)
    if moved.differences and not differing:
        raise Failed(
            session.say("say.move.differ", count=len(moved.differences)), session.say("say.move.differ_hint", file=file)
        )
    session.tell("say.move.done", rows=moved.rows, tables=moved.tables)
    session.tell("say.move.replayed", entries=moved.entries, count=len(moved.differences))
    session.note("say.move.next", url=moved.url, file=file)
    return FAILED if moved.differences else DONE

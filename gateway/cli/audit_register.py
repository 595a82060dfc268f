"""`gateway audit replay`: the register rebuilt from the ledger alone, and compared with the database."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TimeRemainingColumn

from gateway import config
from gateway.cli.faults import DONE, FAILED
from gateway.cli.register import configured, opened
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.exchange.key_record import ledger_keys
from gateway.ledger import NoteKey
from gateway.store import queries
from gateway.store.reconciling import Difference, replay

DIFFERENCES_TOLD_MAX = 1_000


@click.command("replay", cls=Verb)
@click.option("--vkey", "vkeys", multiple=True, envvar="GATEWAY_VKEY")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def audit_replay(session: Session, vkeys: tuple[str, ...], as_json: bool, config_file: Path) -> int:
    """Rebuild the register from the ledger and compare."""
    given = tuple(map(NoteKey.parse, vkeys))
    size, differences = asyncio.run(_replayed(session, config_file, given))
    if as_json:
        session.show_json({"entries": size, "differences": [asdict(one) for one in differences]})
    else:
        for one in differences:
            tell_difference(session, one)
        session.tell(
            "say.replay.register.differ" if differences else "say.replay.register.same",
            count=len(differences),
            size=size,
        )
    return FAILED if differences else DONE


def tell_difference(session: Session, one: Difference) -> None:
    """One line for one difference."""
    session.tell(
        f"say.replay.register.{one.how}", what=one.what, key=one.key, field=one.field, said=one.said, held=one.held
    )


async def _replayed(
    session: Session, config_file: Path, given: tuple[NoteKey, ...]
) -> tuple[int, tuple[Difference, ...]]:
    async with opened(config.load(config_file)) as store:
        keys = given or await ledger_keys(store)
        columns = (BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=session.err, disable=not session.err.is_terminal, transient=True) as bar:
            task = bar.add_task("", total=None)

            def tell(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            def compare(connection: queries.Connection) -> tuple[int, tuple[Difference, ...]]:
                differences = []
                for one in replay(connection, keys, tell):
                    differences.append(one)
                    if len(differences) == DIFFERENCES_TOLD_MAX:
                        break
                return queries.ledger_head(connection).size, tuple(differences)

            return await store.read(compare)

"""`gateway fsck`: whether every attachment the register names is where it should be."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from gateway import config
from gateway.cli.faults import DONE, FAILED
from gateway.cli.register import configured, opened
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.config import Config
from gateway.exchange.inventory import HARMLESS, HOLDERS_TOLD, Count, Discrepancy, Wrong, inspect

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


@click.command("fsck", cls=Verb)
@click.option("--deep", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def fsck(session: Session, deep: bool, as_json: bool, config_file: Path) -> int:
    """Look for attachments that are lost."""
    return asyncio.run(_inspected(session, config.load(config_file), deep, as_json))


async def _inspected(session: Session, settings: Config, deep: bool, as_json: bool) -> int:
    count = Count()
    async with opened(settings) as store:
        async for found in inspect(store, count, deep=deep):
            if as_json:
                click.echo(json.dumps(_facts(found), ensure_ascii=False))
            else:
                _tell(session, found)
    if as_json:
        click.echo(json.dumps(_sums(count, deep), ensure_ascii=False))
    else:
        _sum_up(session, count, deep)
    return DONE if count.sound else FAILED


def _tell(session: Session, found: Discrepancy) -> None:
    """One discrepancy, as soon as it is found."""
    said = session.say(f"say.fsck.{found.wrong}")
    session.tell("say.fsck.found", wrong=said, sha256=found.sha256, size=_size(session, found.size_bytes))
    if found.dispatches:
        more = session.say("say.fsck.more") if len(found.dispatches) == HOLDERS_TOLD else ""
        session.tell("say.fsck.dispatches", dispatches=", ".join(found.dispatches), more=more)


def _sum_up(session: Session, count: Count, deep: bool) -> None:
    looked = session.say("say.fsck.read" if deep else "say.fsck.listed")
    size = _size(session, count.size_bytes)
    session.tell("say.fsck.looked", count=count.contents, size=size, inside=count.in_database, looked=looked)
    for wrong, number in count.wrong.items():
        if number:
            session.tell(f"say.fsck.sum.{wrong}", count=number)
    session.tell("say.fsck.sound" if count.sound else "say.fsck.unsound")
    for wrong, number in count.wrong.items():
        if number and wrong not in HARMLESS:
            session.note(f"say.fsck.do.{wrong}")


def _size(session: Session, size_bytes: int) -> str:
    size, unit = float(size_bytes), 0
    while size >= 1_000 and unit + 1 < len(_UNITS):
        size, unit = size / 1_000, unit + 1
    written = f"{size:.1f}" if unit else str(size_bytes)
    return f"{written.replace('.', ',') if session.lang == 'vi' else written} {_UNITS[unit]}"


def _facts(found: Discrepancy) -> dict[str, object]:
    return {
        "wrong": found.wrong.value,
        "sha256": found.sha256,
        "size_bytes": found.size_bytes,
        "dispatches": list(found.dispatches),
    }


def _sums(count: Count, deep: bool) -> dict[str, object]:
    return {
        "sound": count.sound,
        "deep": deep,
        "contents": count.contents,
        "size_bytes": count.size_bytes,
        "in_database": count.in_database,
        **{wrong.value: count.wrong[wrong] for wrong in Wrong},
    }

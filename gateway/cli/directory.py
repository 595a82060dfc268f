"""The verbs of the directory: take a file in, show what is in force."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import click

from gateway import config
from gateway.cli.agencies import DirectoryFileError, read_agencies
from gateway.cli.register import configured, directory_in_force, export, opened, put_in_force
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.model.agency import Agency, Directory

FAULTS_SHOWN_MAX = 20


@click.group("directory", cls=Verbs)
def directory() -> None:
    """The agencies the gateway knows."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", "replacing", is_flag=True)
@configured
@click.pass_obj
def import_file(session: Session, file: Path, replacing: bool, config_file: Path) -> None:
    """Put the agencies of a file in force."""
    try:
        before, after = asyncio.run(_import(config.load(config_file), file, replacing))
    except DirectoryFileError as wrong:
        for fault in wrong.faults[:FAULTS_SHOWN_MAX]:
            session.report(
                session.say("say.directory.line", line=fault.line, what=session.say(fault.key, **fault.values))
            )
        raise Failed(
            session.say("say.directory.refused", file=file, count=len(wrong.faults)),
            session.say("say.directory.refused_hint"),
        ) from wrong
    old = {one.key: one for one in before.agencies}
    added = sum(one.key not in old for one in after.agencies)
    changed = sum(one.key in old and old[one.key] != one for one in after.agencies)
    gone = len(old.keys() - {one.key for one in after.agencies})
    if before.version == after.version:
        session.tell("say.directory.unchanged", version=after.version)
    else:
        session.tell("say.directory.done", version=after.version, added=added, changed=changed, gone=gone)


async def _import(settings: Config, file: Path, replacing: bool) -> tuple[Directory, Directory]:
    """The directory before and after; the same where the file says nothing new."""
    async with opened(settings) as store:
        before = await directory_in_force(store)
        known = () if replacing else before.agencies
        agencies = _merged(known, read_agencies(file, known))
        if agencies == before.agencies:
            return before, before
        after = replace(before, version=before.version + 1, agencies=agencies)
        await put_in_force(store, after)
        return before, after


def _merged(known: tuple[Agency, ...], read: tuple[Agency, ...]) -> tuple[Agency, ...]:
    """Those of the file in the place of those they replace, new ones behind."""
    by_key = {one.key: one for one in known} | {one.key: one for one in read}
    return tuple(by_key.values())


@directory.command("list")
@click.argument("query", default="")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_agencies(session: Session, query: str, as_json: bool, config_file: Path) -> None:
    """What is in force."""
    current = asyncio.run(_current(config.load(config_file)))
    if as_json:
        click.echo(export(current).decode(), nl=False)
        return
    wanted = query.casefold()
    rows = [
        (one.key, one.name, " ".join(other for other in one.ids if other != one.key), one.parent, len(one.certificates))
        for one in current.agencies
        if wanted in one.name.casefold() or any(wanted in other.casefold() for other in one.ids)
    ]
    session.table([f"say.column.{name}" for name in ("key", "name", "ids", "parent", "certificates")], rows)
    session.note("say.directory.version", version=current.version, count=len(rows))


async def _current(settings: Config) -> Directory:
    async with opened(settings) as store:
        return await directory_in_force(store)

"""The verbs of the directory: take a file in, show what is in force and how it came to be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.cli.connection import progress
from gateway.cli.register import configured, directory_in_force, opened, put_in_force
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.client import Progress
from gateway.config import Config
from gateway.exchange.directory_file import DirectoryFileError
from gateway.exchange.directory_proposals import read_onto
from gateway.ledger.directory_text import directory_text
from gateway.model.agency import Directory, DirectoryAct
from gateway.store import queries

FAULTS_SHOWN_MAX = 20
VERSIONS_SHOWN = 20


class _Directory(Verbs):
    elsewhere: Mapping[str, str] = {
        "propose": "directory_proposals",
        "approve": "directory_proposals",
        "reject": "directory_proposals",
        "proposals": "directory_proposals",
        "difference": "directory_proposals",
    }


@click.group("directory", cls=_Directory)
def directory() -> None:
    """The agencies the gateway knows."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", "replacing", is_flag=True)
@configured
@click.pass_obj
def import_file(session: Session, file: Path, replacing: bool, config_file: Path) -> None:
    """Put the agencies of a file in force."""
    settings = config.load(config_file)
    if not settings.directory.import_alone:
        raise Failed(session.say("say.directory.two_people"), session.say("say.directory.two_people_hint", file=file))
    with reading(session, file) as told:
        before, after = asyncio.run(_import(settings, file, replacing, told))
    old = {one.key: one for one in before.agencies}
    added = sum(one.key not in old for one in after.agencies)
    changed = sum(one.key in old and old[one.key] != one for one in after.agencies)
    gone = len(old.keys() - {one.key for one in after.agencies})
    if before.version == after.version:
        session.tell("say.directory.unchanged", version=after.version)
    else:
        session.tell("say.directory.done", version=after.version, added=added, changed=changed, gone=gone)


@contextmanager
def reading(session: Session, file: Path) -> Iterator[Progress | None]:
    """Tells how far a directory file is read; Failed, with every fault told, where it cannot be taken."""
    try:
        with progress(session, session.say("say.directory.reading", file=file.name)) as told:
            yield told
    except DirectoryFileError as wrong:
        for fault in wrong.faults[:FAULTS_SHOWN_MAX]:
            session.report(
                session.say("say.directory.line", line=fault.line, what=session.say(fault.key, **fault.values))
            )
        raise Failed(
            session.say("say.directory.refused", file=file, count=len(wrong.faults)),
            session.say("say.directory.refused_hint"),
        ) from wrong


async def _import(settings: Config, file: Path, replacing: bool, told: Progress | None) -> tuple[Directory, Directory]:
    """The directory before and after; the same where the file says nothing new."""
    async with opened(settings) as store:
        before = await directory_in_force(store)
        agencies = read_onto(before, file, replacing=replacing, told=told)
        after = replace(before, version=before.version + 1, agencies=agencies)
        if after.agencies == before.agencies:
            return before, before
        await put_in_force(store, before, after, DirectoryAct.IMPORT)
        return before, after


@directory.command("list")
@click.argument("query", default="")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_agencies(session: Session, query: str, as_json: bool, config_file: Path) -> None:
    """What is in force."""
    current = asyncio.run(_current(config.load(config_file)))
    if as_json:
        click.echo(directory_text(current).decode(), nl=False)
        return
    rows = [
        (one.key, one.name, " ".join(other for other in one.ids if other != one.key), one.parent, len(one.certificates))
        for one in current.find(query)
    ]
    session.table([f"say.column.{name}" for name in ("key", "name", "ids", "parent", "certificates")], rows)
    session.note("say.directory.version", version=current.version, count=len(rows))


@directory.command()
@click.argument("agency_id")
@configured
@click.pass_obj
def show(session: Session, agency_id: str, config_file: Path) -> None:
    """An agency: what it is, who collects for it, everything it was."""
    current, versions = asyncio.run(_agency(config.load(config_file), agency_id))
    if not versions:
        raise Failed(session.say("say.directory.nobody", agency=agency_id), session.say("say.directory.nobody_hint"))
    latest, now = versions[0], datetime.now(UTC)
    one, route = latest.agency, current.route(latest.agency, now)
    facts = {
        "key": one.key, "name": one.name, "ids": " ".join(one.ids), "parent": _named(current, one.parent),
        "starts_at": one.period.starts_at, "ends_at": one.period.ends_at,
        "successor": _named(current, one.successor), "kinds": " ".join(one.kinds), "regime": one.regime,
        "policy": one.policy, "certificates": len(one.certificates), "signers": len(one.signers),
        "delegations": len(one.delegations), "route": route and not latest.deleted and f"{route.key} ({route.name})",
    }  # fmt: skip
    for field, value in facts.items():
        if value:
            session.tell("say.directory.fact", field=session.say(f"say.column.{field}"), value=value)
    if latest.deleted:
        session.tell("say.directory.deleted", version=latest.version)
    rows = [
        (each.version, each.changed_at, each.changed_by, _done(session, each.act), each.agency.name)
        for each in versions
    ]
    session.table([f"say.column.{name}" for name in ("version", "at", "changed_by", "act", "name")], rows)


@directory.command()
@click.option("--limit", type=click.IntRange(min=1), default=VERSIONS_SHOWN, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def history(session: Session, limit: int, as_json: bool, config_file: Path) -> None:
    """Who changed what, the newest first."""
    versions = asyncio.run(_history(config.load(config_file), limit))
    if as_json:
        session.show_json([asdict(one) for one in versions])
        return
    columns = ("version", "at", "changed_by", "act", "changed", "gone", "peers", "ledger_index")
    rows = [
        (
            one.version, one.recorded_at, one.changed_by, _done(session, one.act),
            one.agencies, one.gone, one.peers, one.ledger_index,
        )
        for one in versions
    ]  # fmt: skip
    session.table([f"say.column.{name}" for name in columns], rows)


def _done(session: Session, act: DirectoryAct | None) -> str:
    return "" if act is None else session.say(f"say.directory.act.{act}")


def _named(current: Directory, key: str | None) -> str | None:
    one = current.agency(key) if key else None
    return key if one is None else f"{key} ({one.name})"


async def _agency(settings: Config, agency_id: str) -> tuple[Directory, tuple[queries.AgencyVersion, ...]]:
    """The directory, and everything an agency was; a deleted one is found by its key alone."""
    async with opened(settings) as store:
        current = await directory_in_force(store)
        agency = current.agency(agency_id)
        return current, await store.read(queries.agency_history, agency.key if agency else agency_id)


async def _history(settings: Config, limit: int) -> tuple[queries.DirectoryVersion, ...]:
    async with opened(settings) as store:
        return await store.read(queries.directory_history, limit)


async def _current(settings: Config) -> Directory:
    async with opened(settings) as store:
        return await directory_in_force(store)

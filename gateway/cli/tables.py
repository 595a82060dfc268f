"""The verbs of the authority table: one person proposes a version, another approves it, and at its instant it decides.

Who proposes and who approves are here the names operators give; the register keeps both, the ledger their digests. That
two people stand behind two names is for the house that runs the gateway to see to, the register sees to it that the
names differ. Whoever proposes or approves in the console has entered there, and their act is recorded beside it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.cli.people import under_the_name
from gateway.cli.register import configured, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.exchange.acts import Actor
from gateway.exchange.directory_fields import WrongField, instant
from gateway.exchange.tables import proposal, table_entry
from gateway.ledger import EntryKind
from gateway.model.refusal import Refused
from gateway.rules.authority_table import AUTHORITY, TableError, shipped_table
from gateway.store import ApproveTable, ProposeTable, queries
from gateway.store.queries import RuleTable
from gateway.trust import Signer, load_signer
from gateway.trust.derived import load_deriving_key

OPERATOR = re.compile(r"[a-z][a-z0-9_.]{0,63}")
"""An operator's account, as the ledger writes words: `lan.nguyen`."""


@click.group("table", cls=Verbs)
def table() -> None:
    """The authority table."""


@table.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", required=True)
@click.option("--effective-from", "effective_from", required=True)
@configured
@click.pass_obj
def propose(session: Session, file: Path, by: str, effective_from: str, config_file: Path) -> None:
    """Propose a new version."""
    check_operator(session, by)
    settings, at = config.load(config_file), datetime.now(UTC)
    signer = load_signer(settings.keys.seal_key, settings.keys.seal_certificate)
    actor = under_the_name(load_deriving_key(settings.keys.derive_key), by)
    one = _proposal(session, file, signer, actor, _instant(session, effective_from), at)
    asyncio.run(_propose(session, settings, one))
    session.tell("say.table.proposed", version=one.version, effective_from=effective_from)
    session.note("say.table.next", version=one.version)


def _proposal(
    session: Session, file: Path, signer: Signer, actor: Actor, effective_from: datetime, at: datetime
) -> ProposeTable:
    """The table of a file, sealed. Failed where it is none."""
    try:
        return proposal(signer, file.read_bytes(), actor, effective_from, at)
    except TableError as wrong:
        what = session.say("say.table.no_table", file=file, line=wrong.line, what=wrong.what)
        raise Failed(what, session.say("say.table.no_table_hint")) from wrong
    except Refused as wrong:
        what = session.say("say.table.no_table", file=file, line=1, what=wrong.finding.detail(session.lang))
        raise Failed(what, session.say("say.table.no_table_hint")) from wrong


async def _propose(session: Session, settings: Config, one: ProposeTable) -> None:
    async with opened(settings) as store:
        known = (shipped_table().version, *(row.version for row in await store.read(queries.tables)))
        if one.version <= max(known):
            raise Failed(
                session.say("say.table.old_version", version=one.version, latest=max(known)),
                session.say("say.table.old_version_hint", next=max(known) + 1),
            )
        await store.write(one)


@table.command()
@click.argument("version", type=int)
@click.option("--by", required=True)
@configured
@click.pass_obj
def approve(session: Session, version: int, by: str, config_file: Path) -> None:
    """Approve what somebody else proposed."""
    check_operator(session, by)
    approved = asyncio.run(_approve(session, config.load(config_file), version, by))
    session.tell("say.table.approved", version=version, effective_from=approved.effective_from.isoformat())


async def _approve(session: Session, settings: Config, version: int, by: str) -> RuleTable:
    async with opened(settings) as store:
        proposals = {one.version: one for one in await store.read(queries.tables)}
        one = proposals.get(version)
        if one is None:
            raise Failed(session.say("say.table.nobody_proposed", version=version))
        if one.approved_by is not None:
            raise Failed(session.say("say.table.approved_before", version=version, by=one.approved_by))
        if one.proposed_by == by:
            raise Failed(session.say("say.table.own", version=version, by=by), session.say("say.table.own_hint"))
        at = datetime.now(UTC)
        who = under_the_name(load_deriving_key(settings.keys.derive_key), by)
        entry = table_entry(EntryKind.TABLE_APPROVED, at, version, one.document, one.effective_from, who.by)
        await store.write(ApproveTable(AUTHORITY, version, by, at, entry))
        return one


@table.command("list")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_tables(session: Session, as_json: bool, config_file: Path) -> None:
    """Every version, and which is in force."""
    rows, in_force = asyncio.run(_tables(config.load(config_file)))
    if as_json:
        session.show_json({"in_force": in_force, "versions": [_facts(one) for one in rows]})
        return
    columns = ("version", "effective_from", "proposed_by", "approved_by", "sha256")
    cells = [list(_facts(one).values()) for one in rows]
    session.table([f"say.column.{name}" for name in columns], cells)
    session.note("say.table.in_force", version=in_force)


async def _tables(settings: Config) -> tuple[tuple[RuleTable, ...], int]:
    async with opened(settings) as store:
        in_force = await store.read(queries.table_version_in_force, AUTHORITY, datetime.now(UTC))
        return await store.read(queries.tables), in_force or shipped_table().version


def _facts(one: RuleTable) -> dict[str, object]:
    return {
        "version": one.version,
        "effective_from": one.effective_from.isoformat(),
        "proposed_by": one.proposed_by,
        "approved_by": one.approved_by,
        "sha256": hashlib.sha256(one.document).hexdigest(),
    }


def check_operator(session: Session, by: str) -> None:
    """Failed where this is no operator's name."""
    if not OPERATOR.fullmatch(by):
        raise Failed(session.say("say.table.operator", by=by), session.say("say.table.operator_hint"))


def _instant(session: Session, written: str) -> datetime:
    try:
        at = instant({"--effective-from": written}, "--effective-from")
    except WrongField as wrong:
        raise Failed(session.say(wrong.key, **wrong.values)) from wrong
    if at is None:
        raise Failed(session.say("directory_file.instant", field="--effective-from", written=written))
    return at

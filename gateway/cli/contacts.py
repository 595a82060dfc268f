"""The verbs of contacts: who at an agency gets reminders and the morning digest."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.cli.people import machine_act
from gateway.cli.register import configured, directory_in_force, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.exchange.reminders import LEVELS
from gateway.model.dispatch import new_id
from gateway.store import queries
from gateway.store.acts import Acted
from gateway.store.mails import AddContact, RemoveContact

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""The addresses of HTML forms: what every mail server takes."""


@click.group("contact", cls=Verbs)
def contact() -> None:
    """Who is written to."""


@contact.command()
@click.argument("agency")
@click.argument("address")
@click.option("--level", type=click.Choice(LEVELS), required=True)
@click.option("--name", required=True)
@click.option("--reason", default="")
@configured
@click.pass_obj
def add(session: Session, agency: str, address: str, level: str, name: str, reason: str, config_file: Path) -> None:
    """Write to somebody."""
    if not ADDRESS.fullmatch(address):
        raise Failed(session.say("say.contact.address", address=address))
    if not name.isprintable() or not name.strip():
        raise Failed(session.say("say.contact.name"))
    whom = (level, name.strip(), address)
    key = asyncio.run(_add(session, config.load(config_file), agency, whom, reason))
    session.tell("say.contact.added", address=address, agency=key)


async def _add(session: Session, settings: Config, agency: str, whom: tuple[str, str, str], reason: str) -> str:
    """Record a contact (`whom`: level, name, address), and who did it; the ledger names the agency alone."""
    async with opened(settings) as store:
        known = (await directory_in_force(store)).agency(agency)
        if known is None:
            raise Failed(session.say("say.contact.no_agency", agency=agency))
        act = machine_act(settings, "contact.added", known.key, reason)
        if not await store.write(Acted(AddContact(new_id(), known.key, *whom, datetime.now(UTC)), act)):
            raise Failed(session.say("say.contact.known", address=whom[-1], agency=known.key))
        return known.key


@contact.command("list")
@click.argument("agency", required=False)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_contacts(session: Session, agency: str | None, as_json: bool, config_file: Path) -> None:
    """Who is written to, at an agency or everywhere."""
    rows = asyncio.run(_contacts(config.load(config_file), agency))
    names = ("agency", "level", "name", "address", "added_at")
    if as_json:
        session.show_json([{name: getattr(one, name) for name in names} for one in rows])
        return
    session.table([f"say.column.{name}" for name in names], [[getattr(one, name) for name in names] for one in rows])


async def _contacts(settings: Config, agency: str | None) -> tuple[queries.Contact, ...]:
    async with opened(settings) as store:
        known = (await directory_in_force(store)).agency(agency) if agency else None
        return await store.read(queries.contacts, known.key if known else agency)


@contact.command()
@click.argument("agency")
@click.argument("address")
@click.option("--reason", default="")
@configured
@click.pass_obj
def remove(session: Session, agency: str, address: str, reason: str, config_file: Path) -> None:
    """Write no more to an address."""
    if not asyncio.run(_remove(config.load(config_file), agency, address, reason)):
        raise Failed(session.say("say.contact.nobody", address=address, agency=agency))
    session.tell("say.contact.removed", address=address, agency=agency)


async def _remove(settings: Config, agency: str, address: str, reason: str) -> int:
    async with opened(settings) as store:
        known = (await directory_in_force(store)).agency(agency)
        key = known.key if known else agency
        if address not in {one.address for one in await store.read(queries.contacts, key)}:
            return 0
        act = machine_act(settings, "contact.removed", key, reason)
        return await store.write(Acted(RemoveContact(key, address, datetime.now(UTC)), act))


@contact.command()
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def mails(session: Session, limit: int, as_json: bool, config_file: Path) -> None:
    """The last mails, and what became of them."""
    rows = asyncio.run(_mails(config.load(config_file), limit))
    names = ("recorded_at", "agency", "what", "level", "day", "attempts", "sent_at", "given_up_at", "detail")
    if as_json:
        session.show_json([{name: getattr(one, name) for name in ("id", "delivery_id", *names)} for one in rows])
        return
    session.table([f"say.column.{name}" for name in names], [[getattr(one, name) for name in names] for one in rows])


async def _mails(settings: Config, limit: int) -> tuple[queries.MailRow, ...]:
    async with opened(settings) as store:
        return await store.read(queries.latest_mails, limit)

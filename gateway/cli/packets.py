"""The verbs of an agency's system: submit, collect, answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from gateway.cli.connection import Connect, Connection, connecting, progress
from gateway.cli.faults import told_words
from gateway.cli.keys import write_new
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.client import Accepted, DeliveryAnswered, Fetched, Inbox

PACKET = click.Path(exists=True, dir_okay=False, path_type=Path)

PAGE_MAX = 500
"""The most deliveries a gateway lists at once."""


@click.command(cls=Verb)
@click.argument("packet", type=PACKET)
@click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def submit(session: Session, packet: Path, receipt: Path | None, as_json: bool, connect: Connect) -> None:
    """Send a packet; what comes back is the receipt."""
    accepted, xml = asyncio.run(_submit(session, connect(), packet, receipt is not None))
    if receipt is not None and not (receipt.exists() and receipt.read_bytes() == xml):  # the same again is the same
        write_new(receipt, xml, 0o644)
    if as_json:
        session.show_json(msgspec.to_builtins(accepted))
        return
    session.tell("say.submit.again" if accepted.repeated else "say.submit.accepted", dispatch=accepted.dispatch_id)
    session.tell(
        "say.submit.facts", index=accepted.ledger_index, at=accepted.admitted_at, digest=accepted.packet_digest
    )
    for warning in accepted.warnings:
        session.report(told_words(warning, session.lang), warning.hint, "say.warning")
    session.note("say.submit.next", dispatch=accepted.dispatch_id)


async def _submit(session: Session, to: Connection, packet: Path, with_receipt: bool) -> tuple[Accepted, bytes]:
    async with to.client(session) as gateway:
        with progress(session, packet.name) as advanced:
            accepted = await gateway.submit(packet, advanced)
        return accepted, await gateway.receipt(accepted.dispatch_id) if with_receipt else b""


@click.command(cls=Verb)
@click.option("--wait", "wait_s", type=click.FloatRange(0), default=0.0, show_default=True)
@click.option("--after")
@click.option("--limit", type=click.IntRange(1, PAGE_MAX), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def inbox(session: Session, wait_s: float, after: str | None, limit: int, as_json: bool, connect: Connect) -> None:
    """What waits for this system."""
    page = asyncio.run(_inbox(session, connect(), wait_s, after, limit))
    if as_json:
        session.show_json(msgspec.to_builtins(page))
    elif not page.deliveries:
        session.note("say.inbox.empty")
    else:
        columns = ["delivery", "sender", "addressee", "code", "subject", "admitted_at", "size"]
        rows = [
            (one.delivery_id, one.sender, one.addressed_as, one.code, one.subject, one.admitted_at, one.size_bytes)
            for one in page.deliveries
        ]
        session.table([f"say.column.{one}" for one in columns], rows)
        session.note("say.inbox.next", delivery=page.deliveries[0].delivery_id)


async def _inbox(session: Session, to: Connection, wait_s: float, after: str | None, limit: int) -> Inbox:
    async with to.client(session) as gateway:
        return await gateway.inbox(wait_s, after, limit)


@click.command(cls=Verb)
@click.argument("delivery")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), show_default=True)
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def fetch(session: Session, delivery: str, out: Path, as_json: bool, connect: Connect) -> None:
    """Fetch the packet of a delivery."""
    fetched = asyncio.run(_fetch(session, connect(), delivery, out))
    if as_json:
        session.show_json(msgspec.to_builtins(fetched, enc_hook=str))
        return
    session.tell("say.fetch.packet", path=fetched.packet, digest=fetched.packet_digest)
    for one in fetched.attachments:
        session.tell("say.fetch.attachment", path=one.path, size=one.size_bytes)
    session.note("say.fetch.next", delivery=delivery)


async def _fetch(session: Session, to: Connection, delivery: str, out: Path) -> Fetched:
    async with to.client(session) as gateway:
        with progress(session, delivery) as advanced:
            if out.suffix == ".edxml":
                return await gateway.fetch_file(delivery, out, advanced)
            return await gateway.fetch(delivery, out, advanced)


@click.command(cls=Verb)
@click.argument("delivery")
@click.option("--refuse", "reason")
@click.option("--json", "as_json", is_flag=True)
@connecting
@click.pass_obj
def acknowledge(session: Session, delivery: str, reason: str | None, as_json: bool, connect: Connect) -> None:
    """Say that a packet is stored here, or refuse it."""
    answered = asyncio.run(_answer(session, connect(), delivery, reason))
    if as_json:
        session.show_json(msgspec.to_builtins(answered))
    else:
        session.tell("say.acknowledge.done", delivery=delivery, status=session.say(f"say.delivery.{answered.status}"))


async def _answer(session: Session, to: Connection, delivery: str, reason: str | None) -> DeliveryAnswered:
    async with to.client(session) as gateway:
        return await (gateway.acknowledge(delivery) if reason is None else gateway.decline(delivery, reason))

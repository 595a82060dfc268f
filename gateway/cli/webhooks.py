"""The verbs of webhooks: where peers are told, what they were told, and telling them again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click

from gateway import config
from gateway.cli.people import machine_act
from gateway.cli.register import configured, directory_in_force, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.exchange.webhooks import PURPOSE
from gateway.model.dispatch import new_id
from gateway.model.webhook import unfit_target, written_secret
from gateway.store import Store, queries
from gateway.store.acts import Acted
from gateway.store.webhooks import AddWebhook, RemoveWebhook, ReplayNotices, RotateWebhook
from gateway.trust.derived import load_deriving_key

R = TypeVar("R")
ROWS_MAX = 1_000


@click.group("webhook", cls=Verbs)
def webhook() -> None:
    """Where peers are told what happens."""


@webhook.command()
@click.argument("peer")
@click.argument("url")
@click.option("--reason", default="")
@configured
@click.pass_obj
def add(session: Session, peer: str, url: str, reason: str, config_file: Path) -> None:
    """Tell an endpoint of a peer."""
    settings = config.load(config_file)
    if unfit_target(url, settings.webhooks.private_targets):
        raise Failed(session.say("say.webhook.unfit", url=url), session.say("say.webhook.unfit_hint"))
    webhook_id = new_id()

    async def added(store: Store) -> None:
        if (await directory_in_force(store)).peer(peer) is None:
            raise Failed(session.say("say.peer.nobody", peer=peer))
        act = machine_act(settings, "webhook.added", webhook_id, reason)
        await store.write(Acted(AddWebhook(webhook_id, peer, url, datetime.now(UTC)), act))

    _with_store(settings, added)
    session.note("say.webhook.added", webhook=webhook_id, peer=peer)
    session.tell("say.webhook.secret", secret=_secret(settings, webhook_id, 1))


@webhook.command("list")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_webhooks(session: Session, as_json: bool, config_file: Path) -> None:
    """Every webhook, and how far it is."""
    rows = _with_store(config.load(config_file), lambda store: store.read(queries.webhooks))
    names = ("id", "peer", "url", "waiting", "dead", "failures", "paused_until", "stopped_at", "removed_at")
    if as_json:
        session.show_json([{name: getattr(one, name) for name in (*names, "serial", "added_at")} for one in rows])
        return
    session.table([f"say.column.{name}" for name in names], [[getattr(one, name) for name in names] for one in rows])


@webhook.command()
@click.argument("webhook_id", metavar="WEBHOOK")
@click.option("--after", type=click.IntRange(min=0), default=0)
@click.option("--secret", "with_secret", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def show(session: Session, webhook_id: str, after: int, with_secret: bool, as_json: bool, config_file: Path) -> None:
    """The notices of a webhook."""
    settings = config.load(config_file)
    if with_secret:
        session.tell(
            "say.webhook.secret", secret=_secret(settings, webhook_id, _known(session, settings, webhook_id).serial)
        )
        return
    _known(session, settings, webhook_id)
    rows = _with_store(settings, lambda store: store.read(queries.notices_of_webhook, webhook_id, after, ROWS_MAX))
    facts = [
        {
            "event_id": one.change.id,
            "event": one.change.event,
            "delivery": one.change.delivery_id,
            "state": one.state,
            "attempts": one.attempts,
            "next_attempt_at": one.next_attempt_at,
            "detail": one.detail,
        }
        for one in rows
    ]
    if as_json:
        session.show_json(facts)
        return
    names = ("event_id", "event", "delivery", "state", "attempts", "next_attempt_at", "detail")
    session.table([f"say.column.{name}" for name in names], [[fact[name] for name in names] for fact in facts])


@webhook.command()
@click.argument("webhook_id", metavar="WEBHOOK")
@click.option("--event", "event_id", type=click.IntRange(min=1))
@click.option("--reason", default="")
@configured
@click.pass_obj
def replay(session: Session, webhook_id: str, event_id: int | None, reason: str, config_file: Path) -> None:
    """Post notices again."""
    settings = config.load(config_file)
    _known(session, settings, webhook_id)
    again = ReplayNotices(webhook_id, event_id, datetime.now(UTC))
    act = machine_act(settings, "webhook.replayed", webhook_id, reason)
    count = _with_store(settings, lambda store: store.write(Acted(again, act)))
    session.tell("say.webhook.replayed", count=count)


@webhook.command()
@click.argument("webhook_id", metavar="WEBHOOK")
@click.option("--reason", default="")
@configured
@click.pass_obj
def rotate(session: Session, webhook_id: str, reason: str, config_file: Path) -> None:
    """Change the secret."""
    settings = config.load(config_file)
    until = datetime.now(UTC) + timedelta(hours=settings.webhooks.rotation_h)
    _known(session, settings, webhook_id)
    act = machine_act(settings, "webhook.rotated", webhook_id, reason)
    serial = _with_store(settings, lambda store: store.write(Acted(RotateWebhook(webhook_id, until), act)))
    if serial is None:
        raise Failed(session.say("say.webhook.nobody", webhook=webhook_id))
    session.note("say.webhook.rotated", until=until)
    session.tell("say.webhook.secret", secret=_secret(settings, webhook_id, serial))


@webhook.command()
@click.argument("webhook_id", metavar="WEBHOOK")
@click.option("--reason", default="")
@configured
@click.pass_obj
def remove(session: Session, webhook_id: str, reason: str, config_file: Path) -> None:
    """Tell an endpoint nothing more."""
    settings = config.load(config_file)
    _known(session, settings, webhook_id)
    gone = Acted(
        RemoveWebhook(webhook_id, datetime.now(UTC)), machine_act(settings, "webhook.removed", webhook_id, reason)
    )
    if not _with_store(settings, lambda store: store.write(gone)):
        raise Failed(session.say("say.webhook.nobody", webhook=webhook_id))
    session.tell("say.webhook.removed", webhook=webhook_id)


def _known(session: Session, settings: Config, webhook_id: str) -> queries.WebhookRow:
    rows = _with_store(settings, lambda store: store.read(queries.webhooks))
    for one in rows:
        if one.id == webhook_id:
            return one
    raise Failed(session.say("say.webhook.nobody", webhook=webhook_id))


def _secret(settings: Config, webhook_id: str, serial: int) -> str:
    return written_secret(load_deriving_key(settings.keys.derive_key).secret(PURPOSE, webhook_id, serial))


def _with_store(settings: Config, work: Callable[[Store], Awaitable[R]]) -> R:
    async def run() -> R:
        async with opened(settings) as store:
            return await work(store)

    return asyncio.run(run())

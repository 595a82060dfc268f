"""`gateway ledger`: the keys that sign the ledger, and how one follows the other."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.cli import keys
from gateway.cli.register import configured, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb, Verbs
from gateway.config import Config
from gateway.exchange.key_record import LEDGER, previous_key_path, record_ledger_key
from gateway.ledger import NoteKey
from gateway.store.durable import flush_folder
from gateway.store.queries.witness import GatewayKey, gateway_keys_of
from gateway.trust import load_ed25519


@click.group("ledger", cls=Verbs)
def ledger() -> None:
    """The ledger's keys."""


@ledger.command(cls=Verb)
@configured
@click.pass_obj
def vkey(session: Session, config_file: Path) -> None:
    """Every public key."""
    settings = config.load(config_file)
    present, recorded = _vkey(settings, settings.keys.ledger_key), asyncio.run(_recorded(settings))
    for one in recorded:
        session.note("say.ledger.since", at=one.recorded_at, index=one.ledger_index)
        click.echo(one.public.decode())
    if not recorded or recorded[-1].public.decode() != present:
        session.note("say.ledger.not_yet")
        click.echo(present)


@ledger.command("rotate-key", cls=Verb)
@configured
@click.pass_obj
def rotate_key(session: Session, config_file: Path) -> None:
    """Begin to sign with a new key too."""
    settings = config.load(config_file)
    key = settings.keys.ledger_key
    previous, coming = previous_key_path(key), key.with_name(f"{key.stem}.next{key.suffix}")
    old = _vkey(settings, key)
    if previous.exists() and _vkey(settings, previous) != old:
        raise Failed(session.say("say.ledger.under_way", path=previous), session.say("say.ledger.under_way_hint"))
    if not coming.exists():  # else the last try was cut short: the same key goes on
        keys.write_new(coming, keys.key_pem(keys.new_ledger_key()))
    if not previous.exists():
        os.link(key, previous)
        flush_folder(key.parent)
    coming.replace(key)
    flush_folder(key.parent)
    session.tell("say.ledger.rotated", old=old, new=_vkey(settings, key))
    session.note("say.ledger.rotated_next")


@ledger.command("retire-key", cls=Verb)
@configured
@click.pass_obj
def retire_key(session: Session, config_file: Path) -> None:
    """Sign with the new key alone."""
    settings = config.load(config_file)
    previous = previous_key_path(settings.keys.ledger_key)
    if not previous.exists():
        raise Failed(session.say("say.ledger.no_previous"))
    recorded = asyncio.run(_recorded(settings))
    if not recorded or recorded[-1].public.decode() != _vkey(settings, settings.keys.ledger_key):
        raise Failed(session.say("say.ledger.not_introduced"), session.say("say.ledger.not_introduced_hint"))
    retired = _vkey(settings, previous)
    previous.unlink()
    flush_folder(previous.parent)
    session.tell("say.ledger.retired", vkey=retired)


@ledger.command("begin-anew", cls=Verb)
@click.argument("origin")
@configured
@click.pass_obj
def begin_anew(session: Session, origin: str, config_file: Path) -> None:
    """Give up a ledger that cannot be continued."""
    settings = config.load(config_file)
    key = settings.keys.ledger_key
    old, coming = _vkey(settings, key), keys.new_ledger_key()
    new = NoteKey(origin, coming.public_key().public_bytes_raw()).vkey
    if origin == settings.keys.origin:
        raise Failed(session.say("say.ledger.same_origin", origin=origin))
    aside = NoteKey.parse(old).key_id.hex()
    for path in (key, key.with_suffix(".signed"), previous_key_path(key)):
        if path.exists():
            path.rename(path.with_name(f"{path.stem}.{aside}{path.suffix}"))
    keys.write_new(key, keys.key_pem(coming))
    flush_folder(key.parent)
    asyncio.run(_replace(settings, new))
    session.tell("say.ledger.begun", old=old, new=new)
    session.note("say.ledger.begun_next", origin=origin)


async def _replace(settings: Config, vkey: str) -> None:
    async with opened(settings) as store:
        await record_ledger_key(store, vkey, datetime.now(UTC))


def _vkey(settings: Config, path: Path) -> str:
    return NoteKey(settings.keys.origin, load_ed25519(path).public_bytes).vkey


async def _recorded(settings: Config) -> tuple[GatewayKey, ...]:
    async with opened(settings) as store:
        return await store.read(gateway_keys_of, LEDGER)

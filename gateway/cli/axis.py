"""The verb of systems that connect with the SDK of the axis: a system id and a secret, shown once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.cli.peers import own_address
from gateway.cli.register import configured, directory_in_force, opened
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.config import Config
from gateway.exchange.axis_credential import PEER_KEY
from gateway.exchange.peers import AxisCredential, give_axis
from gateway.trust.derived import DerivingKey, load_deriving_key


@click.command(cls=Verb)
@click.argument("key")
@click.option("--alone", is_flag=True)
@click.option("--url", default="")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def axis(session: Session, key: str, alone: bool, url: str, as_json: bool, config_file: Path) -> None:
    """Give a system an id and a secret of the axis dialect."""
    settings = config.load(config_file)
    if not settings.axis.base_paths:
        raise Failed(session.say("say.axis.off"), session.say("say.axis.off_hint"))
    if not PEER_KEY.fullmatch(key):
        raise Failed(session.say("say.axis.key_form", peer=key), session.say("say.axis.key_form_hint"))
    given = asyncio.run(_give(settings, load_deriving_key(settings.keys.derive_key), key, alone))
    if given is None:
        raise Failed(session.say("say.peer.nobody", peer=key))
    address = f"{url.rstrip('/') or own_address(settings)}{settings.axis.base_paths[0]}"
    if as_json:
        session.show_json({"url": address, "system_id": given.system_id, "secret": given.secret})
    else:
        session.tell("say.axis.url", url=address)
        session.tell("say.axis.system_id", system_id=given.system_id)
        session.tell("say.axis.secret", secret=given.secret)
    session.note("say.axis.once", peer=key)
    if alone:
        session.note("say.axis.alone", peer=key)


async def _give(settings: Config, secrets: DerivingKey, key: str, alone: bool) -> AxisCredential | None:
    """The next credential of a peer, let in; None where no such peer is connected."""
    at = datetime.now(UTC)
    async with opened(settings) as store:
        peer = (await directory_in_force(store)).peer(key)
        if peer is None or peer.revoked_at is not None:
            return None
        return await give_axis(store, secrets, key, at, alone=alone)

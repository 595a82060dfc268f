"""`gateway serve`: the doors open until somebody says stop. `gateway demo`: the whole line, told as it happens."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import click

from gateway import config
from gateway.app import Running
from gateway.app import serve as run
from gateway.cli import diagnostics
from gateway.cli.faults import alone
from gateway.cli.register import configured
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.demo import run as play
from gateway.exchange.key_record import OtherLedgerError

NO_ADDRESS = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}
"""Why an address cannot be listened on: taken, not this machine's, or a port below 1024 without the right."""


@click.command(cls=Verb)
@configured
@click.pass_obj
def serve(session: Session, config_file: Path) -> None:
    """Open the doors."""
    settings = config.load(config_file)
    if not settings.trust.anchors:  # without an authority nobody's seal could ever hold
        raise Failed(session.say("say.serve.no_anchors"), session.say("say.serve.no_anchors_hint", path=config_file))
    diagnostics.configure(settings.log)

    def ready(gateway: Running) -> None:
        session.note("say.serve.ready", url=gateway.url)

    try:
        asyncio.run(run(settings, ready))
    except OtherLedgerError as fault:
        raise Failed(
            session.say("say.serve.other_ledger", bound=fault.bound, configured=fault.configured),
            session.say("say.serve.other_ledger_hint"),
        ) from fault
    except (OSError, ExceptionGroup) as group:
        one = alone(group)
        if not isinstance(one, OSError) or one.errno not in NO_ADDRESS or one.filename is not None:
            raise
        address = f"{settings.server.host}:{settings.server.port}"
        raise Failed(session.say("say.serve.address", address=address), session.say("say.serve.address_hint")) from one
    session.note("say.serve.stopped")


@click.command(cls=Verb)
@click.option("--once", is_flag=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def demo(session: Session, once: bool, out: Path | None) -> int:
    """Watch the whole line."""
    return play(session.out, session.lang, once, out)

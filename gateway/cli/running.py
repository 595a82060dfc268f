"""`gateway serve`: the doors open until somebody says stop."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import click

from gateway import config
from gateway.app import Running
from gateway.app import serve as run
from gateway.cli import diagnostics
from gateway.cli import workers as many
from gateway.cli.faults import alone
from gateway.cli.register import configured
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.exchange.key_record import OtherLedgerError

NO_ADDRESS = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}
"""Why an address cannot be listened on: taken, not this machine's, or a port below 1024 without the right."""


@click.command(cls=Verb)
@configured
@click.option("--workers", type=click.IntRange(1, 64))
@click.option("--worker", hidden=True)
@click.pass_obj
def serve(session: Session, config_file: Path, workers: int | None, worker: str | None) -> None:
    """Open the doors."""
    settings = config.load(config_file)
    if not settings.trust.anchors:  # without an authority nobody's seal could ever hold
        raise Failed(session.say("say.serve.no_anchors"), session.say("say.serve.no_anchors_hint", path=config_file))
    diagnostics.configure(settings.log)
    count = workers or settings.server.workers

    def ready(gateway: Running) -> None:
        if worker is None:
            session.note("say.serve.ready", url=gateway.url)

    try:
        if worker is None and count > 1:
            _serve_with_workers(session, settings, config_file, count)
        else:
            asyncio.run(run(settings, ready, many.seat(worker) if worker else None))
    except many.NeverReadyError as fault:
        raise Failed(session.say("say.serve.never_ready")) from fault
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
    if worker is None:
        session.note("say.serve.stopped")


def _serve_with_workers(session: Session, settings: config.Config, config_file: Path, count: int) -> None:
    doors = many.listener(settings.server.host, settings.server.port)
    host, port = doors.getsockname()[:2]
    scheme = "http" if settings.server.tls_certificate is None else "https"

    def ready() -> None:
        session.note("say.serve.ready_many", url=f"{scheme}://{host}:{port}", count=count, pid=os.getpid())

    arguments = ["--lang", session.lang, "serve", "--config", str(config_file)]
    asyncio.run(many.run(doors, count, arguments, ready))

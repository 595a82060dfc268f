"""`gateway connector`: folders instead of calls, for a system that can only read and write files."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli.connection import Connection
from gateway.cli.session import Failed, Session, plain, written
from gateway.cli.spoken import Verbs
from gateway.client import GatewayClient, JournalTaken, Patience
from gateway.client.connector import Connector, Settings, SettingsFault, example, load
from gateway.client.connector.settings import FILE_NAME, FOLDERS

ONE_TRY = Patience(attempts_max=1)
"""The connector has a patience of its own, and says so; a client that waits in silence would hide an outage."""

CONFIG = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Verbs, invoke_without_command=True)
@click.option("--config", "connector_file", type=CONFIG, default=Path(FILE_NAME), show_default=True)
@click.pass_context
def connector(ctx: click.Context, connector_file: Path) -> None:
    """Send what lies in the outbox, put what comes into the inbox, until stopped."""
    ctx.meta[FILE_NAME] = connector_file
    if ctx.invoked_subcommand is None:
        session = ctx.find_object(Session)
        assert session is not None, "every run has a session"
        asyncio.run(_work(session, _settings(session, connector_file)))


@connector.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Try the configuration, the folders and the connection; change nothing."""
    session = ctx.find_object(Session)
    assert session is not None, "every run has a session"
    settings = _settings(session, ctx.meta[FILE_NAME])
    for name in FOLDERS:
        _try_folder(session, settings.root / name)
    waiting = asyncio.run(_waiting(settings))
    session.tell("connector.gateway_answers", count=waiting)


@connector.command()
@click.pass_obj
def describe(session: Session) -> None:
    """The annotated example of the configuration file."""
    click.echo(example(session.lang), nl=False)


def _settings(session: Session, path: Path) -> Settings:
    try:
        return load(path)
    except SettingsFault as fault:
        raise Failed(
            session.say("connector.bad_settings", cause=fault), session.say("connector.bad_settings_hint")
        ) from fault


def _client(settings: Settings) -> GatewayClient:
    certificate, ca = (Path(one) if one else None for one in (settings.certificate, settings.ca))
    return Connection(settings.url, settings.token or None, certificate, ca).client(Session(settings.language), ONE_TRY)


async def _work(session: Session, settings: Settings) -> None:
    def tell(key: str, /, **values: object) -> None:
        """One line of the log: when, and what, in the language of the configuration."""
        session.err.print(plain(f"{written(datetime.now(UTC))}  {Session(settings.language).say(key, **values)}"))

    async with _client(settings) as gateway:
        try:
            with Connector(gateway, settings, tell) as one:
                running = asyncio.ensure_future(one.run())
                for number in (signal.SIGINT, signal.SIGTERM):
                    asyncio.get_running_loop().add_signal_handler(number, running.cancel)
                tell("connector.working", url=settings.url, folder=settings.folder)
                with suppress(asyncio.CancelledError):
                    await running
                tell("connector.stopped")
        except JournalTaken as fault:
            raise Failed(session.say("connector.taken"), session.say("connector.taken_hint")) from fault


async def _waiting(settings: Settings) -> int:
    async with _client(settings) as gateway:
        return len((await gateway.inbox()).deliveries)


def _try_folder(session: Session, folder: Path) -> None:
    """Everything the connector does in a folder, with a file that is gone again."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".check-", dir=folder, delete=False) as file:
            file.write(b"?")
        Path(file.name).rename(f"{file.name}.2").unlink()
    except OSError as fault:
        raise Failed(
            session.say("connector.no_folder", folder=folder, cause=fault.strerror),
            session.say("connector.no_folder_hint"),
        ) from fault
    session.tell("connector.folder_holds", folder=folder)

"""`gateway witness`: an agency watches other people's ledgers, and says that they only grow."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli import keys
from gateway.cli.session import Session
from gateway.cli.spoken import Verb, Verbs
from gateway.http.server import Server, server_tls
from gateway.http.witness_server import witness_at
from gateway.ledger import NoteKey
from gateway.ledger.cosignature import Cosigner, WitnessKey
from gateway.store.witness_book import WitnessBook
from gateway.trust import load_ed25519

KEY, NAME, BOOK = "witness.key", "witness.name", "witness.db"


def _folder(verb: click.decorators.FC) -> click.decorators.FC:
    return click.argument("folder", type=click.Path(file_okay=False, path_type=Path))(verb)


@click.group("witness", cls=Verbs)
def witness() -> None:
    """Watch ledgers."""


@witness.command(cls=Verb)
@_folder
@click.option("--name", required=True)
@click.pass_obj
def init(session: Session, folder: Path, name: str) -> None:
    """Found a witness."""
    key = keys.new_ledger_key()
    public = WitnessKey(name, key.public_key().public_bytes_raw())  # a name no key can have is told before any file
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / KEY).exists():  # the key comes last: without it nothing was cosigned, and this may be done again
        (folder / NAME).unlink(missing_ok=True)
        keys.write_new(folder / NAME, f"{name}\n".encode(), 0o644)
        with suppress(FileExistsError):
            WitnessBook.create(folder / BOOK)
    keys.write_new(folder / KEY, keys.key_pem(key))
    session.tell("say.witness.vkey", vkey=public.vkey)
    session.note("say.witness.next", folder=folder)


@witness.command("add-log", cls=Verb)
@_folder
@click.argument("vkey")
@click.pass_obj
def add_log(session: Session, folder: Path, vkey: str) -> None:
    """Know a ledger."""
    key, book = NoteKey.parse(vkey), _book(folder)
    try:
        book.add_log(key)
        for origin, size in book.logs():
            session.tell("say.witness.log", origin=origin, size=size)
    finally:
        book.close()


@witness.command(cls=Verb)
@_folder
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=8_444, show_default=True)
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def serve(
    session: Session, folder: Path, host: str, port: int, tls_certificate: Path | None, tls_key: Path | None
) -> None:
    """Open its doors."""
    logging.basicConfig(level=logging.WARNING)
    book = _book(folder)
    session.tell("say.witness.vkey", vkey=book.cosigner.key.vkey)
    try:
        asyncio.run(_serve(session, book, Server(host, port, tls_certificate, tls_key)))
    finally:
        book.close()


async def _serve(session: Session, book: WitnessBook, at: Server) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with witness_at(book, lambda: datetime.now(UTC), at.host, at.port, server_tls(at)) as url:
        session.note("say.witness.ready", url=url)
        await stop.wait()


def _book(folder: Path) -> WitnessBook:
    """The witness of a folder. KeyFileError, StoreNotice, OSError."""
    key = load_ed25519(folder / KEY)
    name = (folder / NAME).read_text(encoding="utf-8").strip()
    return WitnessBook(folder / BOOK, Cosigner(WitnessKey(name, key.public_bytes), key.sign))

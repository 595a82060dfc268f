"""`gateway init`: a folder with all a gateway needs to begin, not one file overwritten. `gateway upgrade`: later on."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.cli import keys
from gateway.cli.register import configured
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.ledger import NoteKey
from gateway.store import Store, StoreNotice
from gateway.store.storage import Storage

ORIGIN = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*")
"""C2SP tlog-tiles: an address without scheme and without a slash at its end."""


@click.command(cls=Verb)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--origin", required=True)
@click.option("--name", default="")
@click.option("--store", "url", default=Storage().url)
@click.option("--csr", is_flag=True)
@click.pass_obj
def init(session: Session, folder: Path, origin: str, name: str, url: str, csr: bool) -> None:
    """Found a gateway in a folder."""
    if not ORIGIN.fullmatch(origin):
        raise Failed(session.say("say.init.origin", origin=origin), session.say("say.init.origin_hint"))
    file = folder / config.FILE_NAME
    settings = config.describe(session.lang, {"keys.origin": origin, "store.url": url})
    wired = config.decode(settings.encode(), folder.absolute())
    certificate = wired.keys.seal_certificate.with_suffix(".csr") if csr else wired.keys.seal_certificate
    for path in (file, wired.keys.seal_key, certificate, wired.keys.ledger_key, wired.keys.derive_key):
        if path.exists():
            raise Failed(session.say("say.init.exists", path=path), session.say("say.init.exists_hint"))

    wired.keys.seal_key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    wired.store.blob_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    Store.create(wired.store.url)  # first: a server that does not answer leaves no keys that the next try stumbles over
    seal_key, ledger_key = keys.new_seal_key(), keys.new_ledger_key()
    keys.write_new(wired.keys.seal_key, keys.key_pem(seal_key))
    keys.write_new(wired.keys.ledger_key, keys.key_pem(ledger_key))
    keys.write_new(wired.keys.derive_key, keys.new_deriving_key())
    title, now = name or origin, datetime.now(UTC)
    pem = keys.request_pem(seal_key, title) if csr else keys.self_signed_pem(seal_key, title, now)
    keys.write_new(certificate, pem, 0o644)
    keys.write_new(file, settings.encode(), 0o644)  # last: where it is, everything it names is there too

    session.tell("say.init.done", folder=folder)
    session.tell("say.init.vkey", vkey=NoteKey(origin, ledger_key.public_key().public_bytes_raw()).vkey)
    session.note("say.init.csr" if csr else "say.init.self_signed", path=certificate)
    session.note("say.init.next", config=file)


@click.command(cls=Verb)
@configured
@click.pass_obj
def upgrade(session: Session, config_file: Path) -> None:
    """Bring the database to the newest schema; one that is not there is not made."""
    store = config.load(config_file).store
    try:
        Store.open(store.url, store.blob_dir).close()
    except StoreNotice as notice:
        if notice.key != "store.schema_older":
            raise
        Store.create(store.url)
        session.tell("say.upgrade.done")
    else:
        session.tell("say.upgrade.newest")

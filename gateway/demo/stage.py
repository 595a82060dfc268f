"""A throwaway installation in a folder: what `gateway init`, `directory import` and `peer add` make, all at once.

The demo plays on it; benchmarks and crash tests begin from it. Its keys are made here and worth nothing elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway import config
from gateway.config import Config
from gateway.demo.cast import Cast, Issuer, certificate_pem, key_pem
from gateway.ledger import Entry, EntryKind, NoteKey
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import DirectoryAct
from gateway.store import CredentialKind, PutCredential, PutDirectory, Store
from gateway.trust.derived import KEY_BYTES

ORIGIN = "DEMO.invalid/ledger"
"""The ledger's name says what it is, in every checkpoint and receipt; `.invalid` leads nowhere (RFC 2606)."""

ANCHOR = "trust/demo-ca.pem"
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation that `gateway serve --config` could run."""

    folder: Path
    config: Path
    tokens: Mapping[str, str]
    """Bearer tokens by peer."""
    vkey: str
    """The ledger's public key."""
    cast: Cast


async def prepare(
    folder: Path,
    issuer: Issuer,
    cast: Cast,
    at: datetime,
    *,
    url: str | None = None,
    overrides: Mapping[str, object] | None = None,
    lang: str = "vi",
) -> Stage:
    """Found an installation in a folder, with the cast in its directory and a token for each of its peers.

    `url`: an empty database; where None, SQLite in the folder. `overrides`: configuration by dotted key.
    FileExistsError where the folder holds an installation already.
    """
    store_url = {} if url is None else {"store.url": url}
    values = {"keys.origin": ORIGIN, "trust.anchors": (ANCHOR,), "server.port": 0, **store_url, **(overrides or {})}
    file, vkey = _found(folder, issuer, config.describe(lang, values).encode())
    return Stage(folder, file, await _settle(config.load(file), cast, at), vkey, cast)


def _found(folder: Path, issuer: Issuer, written: bytes) -> tuple[Path, str]:
    """The keys, the database and the configuration in a folder: where that is, and the ledger's public key."""
    file = folder / config.FILE_NAME
    write_new(file, written)
    settings = config.load(file)
    seal = issuer.issue("DEMO – Trục", ec.generate_private_key(ec.SECP256R1()))
    ledger = ed25519.Ed25519PrivateKey.generate()
    write_new(settings.keys.seal_key, key_pem(seal), 0o600)
    write_new(settings.keys.seal_certificate, certificate_pem(seal))
    write_new(settings.keys.ledger_key, ledger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    write_new(settings.keys.derive_key, f"{secrets.token_hex(KEY_BYTES)}\n".encode(), 0o600)
    write_new(folder / ANCHOR, issuer.anchor_pem)
    settings.store.blob_dir.mkdir(mode=0o700)
    Store.create(settings.store.url)
    return file, NoteKey(settings.keys.origin, ledger.public_key().public_bytes_raw()).vkey


async def _settle(settings: Config, cast: Cast, at: datetime) -> dict[str, str]:
    """Put the cast into the directory, and give each peer a token."""
    store = Store.open(settings.store.url, settings.store.blob_dir, settings.store.inline_bytes_max)
    try:
        entry = directory_entry(cast.directory, at)
        await store.write(PutDirectory(cast.directory, at, entry, act=DirectoryAct.FOUND))
        tokens = {peer.key: f"demo_{secrets.token_urlsafe(TOKEN_BYTES)}" for peer in cast.directory.peers}
        for peer, token in tokens.items():
            entry = Entry.of(EntryKind.PEER, at, peer=peer, change="added").encode()
            digest = hashlib.sha256(token.encode()).hexdigest()
            await store.write(PutCredential(digest, CredentialKind.TOKEN, peer, at, entry))
    finally:
        store.close()
    return tokens


def write_new(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that must not exist yet, and the folders above it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)

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
from gateway.exchange.axis_credential import digest_of, secret_of, system_id_of
from gateway.ledger import Entry, EntryKind, NoteKey
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import DirectoryAct
from gateway.store import CredentialKind, PutCredential, PutDirectory, Store
from gateway.trust.derived import KEY_BYTES, load_deriving_key

ORIGIN = "DEMO.invalid/ledger"
"""The ledger's name says what it is, in every checkpoint and receipt; `.invalid` leads nowhere (RFC 2606)."""

ANCHOR = "trust/demo-ca.pem"
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class AxisAccess:
    """What a system that speaks the axis dialect is told."""

    system_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation that `gateway serve --config` could run."""

    folder: Path
    config: Path
    tokens: Mapping[str, str]
    """Bearer tokens by peer."""
    axis: Mapping[str, AxisAccess]
    """The other credential of each peer."""
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
    tokens, axis = await _settle(config.load(file), cast, at)
    return Stage(folder, file, tokens, axis, vkey, cast)


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


async def _settle(settings: Config, cast: Cast, at: datetime) -> tuple[dict[str, str], dict[str, AxisAccess]]:
    """Put the cast into the directory, and give each peer a token and an access to the axis dialect."""
    store = Store.open(settings.store.url, settings.store.blob_dir, settings.store.inline_bytes_max)
    try:
        entry = directory_entry(cast.directory, at)
        await store.write(PutDirectory(cast.directory, at, entry, act=DirectoryAct.FOUND))
        tokens = {peer.key: f"demo_{secrets.token_urlsafe(TOKEN_BYTES)}" for peer in cast.directory.peers}
        accesses = {peer: _access(settings, peer) for peer in tokens}
        for peer, token in tokens.items():
            access, entry = accesses[peer], Entry.of(EntryKind.PEER, at, peer=peer, change="added").encode()
            digest = hashlib.sha256(token.encode()).hexdigest()
            await store.write(PutCredential(digest, CredentialKind.TOKEN, peer, at, entry))
            entry = Entry.of(EntryKind.PEER, at, peer=peer, change="credential").encode()
            digest = digest_of(access.system_id, access.secret)
            await store.write(PutCredential(digest, CredentialKind.AXIS, peer, at, entry))
    finally:
        store.close()
    return tokens, accesses


def _access(settings: Config, peer: str) -> AxisAccess:
    system_id = system_id_of(peer, 1)
    secret = secret_of(load_deriving_key(settings.keys.derive_key), system_id)
    assert secret is not None, "keys of the cast fit into a header"
    return AxisAccess(system_id, secret)


def write_new(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that must not exist yet, and the folders above it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)

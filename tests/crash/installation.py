"""A gateway founded in a folder: keys, directory, credentials and configuration, every path relative to the folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway import config
from gateway.demo.cast import Cast, Issuer, assemble, certificate_pem, key_pem
from gateway.ledger import NoteKey
from gateway.store import CredentialKind, PutCredential, PutDirectory, Store

ORIGIN = "truc.crash.test/ledger"
INLINE_BYTES_MAX = 8_192
"""Attachments beyond this are files: low, so that the usual one of 20 KB goes the way of the large ones."""

SETTINGS: Mapping[str, object] = {
    "store.inline_bytes_max": INLINE_BYTES_MAX,
    "store.disk_free_bytes_min": 0,
    "trust.anchors": (Path("anchor.pem"),),
    "http.peer_requests_per_s": 100_000.0,
    "http.peer_burst": 100_000,
    "log.level": "warning",
}


@dataclass(frozen=True)
class Installation:
    """What was founded, and what its peers know of it."""

    folder: Path
    url: str
    """Of the database, as this process reaches it."""
    port: int
    vkey: str
    cast: Cast

    @property
    def config(self) -> Path:
        return self.folder / config.FILE_NAME

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def token(peer: str) -> str:
    """The bearer token of a peer of the cast."""
    return f"token-of-{peer}"


def found(
    folder: Path,
    *,
    hub_url: str = "http://127.0.0.1:9/",
    database: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Installation:
    """Found a gateway. `database` is the URL of an empty one; without it, an SQLite file in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    issuer = Issuer(now)
    cast = assemble(issuer, hub_url)
    seal, note = (
        issuer.issue("DEMO – Trục", ec.generate_private_key(ec.SECP256R1())),
        ed25519.Ed25519PrivateKey.generate(),
    )
    (folder / "keys").mkdir()
    _private(folder / "keys/seal.key", key_pem(seal))
    _private(folder / "keys/ledger.key", note.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "keys/seal.pem").write_bytes(certificate_pem(seal))
    (folder / "anchor.pem").write_bytes(issuer.anchor_pem)
    port = free_port()
    own = {"keys.origin": ORIGIN, "server.port": port, **({"store.url": database} if database else {})}
    (folder / config.FILE_NAME).write_text(_toml({**SETTINGS, **own, **(settings or {})}), "utf-8")
    url = database or f"sqlite:///{folder / 'register.db'}"
    Store.create(url)
    asyncio.run(_let_in(url, folder / "blobs", cast, now))
    return Installation(folder, url, port, NoteKey(ORIGIN, note.public_key().public_bytes_raw()).vkey, cast)


async def _let_in(url: str, blobs: Path, cast: Cast, now: datetime) -> None:
    store = Store.open(url, blobs)
    try:
        await store.write(PutDirectory(cast.directory, now))
        for peer in cast.directory.peers:
            digest = hashlib.sha256(token(peer.key).encode()).hexdigest()
            await store.write(PutCredential(digest, CredentialKind.TOKEN, peer.key, now))
    finally:
        store.close()


def free_port() -> int:
    """A port nobody listens on: the same one after every restart, as peers are used to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _toml(settings: Mapping[str, object]) -> str:
    """The file: dotted names as TOML's dotted keys."""
    return "".join(f"{name} = {config.written_value(value)}\n" for name, value in settings.items())


def _private(path: Path, pem: bytes) -> None:
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
